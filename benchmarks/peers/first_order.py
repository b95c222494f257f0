"""What CasADi's peers solve: first-order conditions of both players and of the bargain.

One set of conditions per family and regime of the specialist. The unknowns are log alpha0,
log x with x = alpha1 - alpha0 (not when it free-rides), and last the logit of the share.
"""

from __future__ import annotations

from dataclasses import dataclass

import casadi as ca
import numpy as np
from numpy.typing import NDArray
from random_games import EXPONENTIAL, PARAMETERS, Array, Games

from peers.answers import Answers
from peers.formulas import curvature, marginal_revenue, revenue


@dataclass(frozen=True)
class Conditions:
    """Expressions of one family and regime.

    Attributes
    ----------
    unknowns, parameters : casadi.SX
    log_product : casadi.SX
        Log of the Nash product.
    players : casadi.SX
        Zero where nobody wants another level.
    bargain : casadi.SX
        Slope of `log_product` in the share if the levels follow; by implicit differentiation.
    outcome : casadi.Function
        Share, both utilities, base and final level, of unknowns and parameters.
    """

    family: str
    rides: bool
    unknowns: ca.SX
    parameters: ca.SX
    log_product: ca.SX
    players: ca.SX
    bargain: ca.SX
    outcome: ca.Function

    @classmethod
    def of(cls, family: str, *, rides: bool) -> Conditions:
        """Set the expressions up."""
        z = ca.SX.sym("z", 2 if rides else 3)
        parameters = ca.SX.sym("p", len(PARAMETERS))
        p = dict(zip(PARAMETERS, ca.vertsplit(parameters), strict=True))
        R, k, c0, q0, c1, q1, m1 = (p[name] for name in PARAMETERS[:-1])
        share, kept = 1 / (1 + ca.exp(-z[-1])), 1 / (1 + ca.exp(z[-1]))
        base = ca.exp(z[0])
        extra = ca.SX(0) if rides else ca.exp(z[1])
        final = base + extra
        earned = revenue(family, final, R, k, ca.exp)
        slope = marginal_revenue(family, final, R, k, ca.exp)
        generalist = share * earned - c0 * base**q0
        base_slope = ca.log(c0 * q0) + (q0 - 1) * z[0]
        if rides:
            specialist = kept * earned - p["f1"]
            players = ca.log(share * slope) - base_slope
        else:
            rising = c1 * q1 * extra ** (q1 - 1)
            specialist = kept * earned - c1 * extra**q1 - m1 * extra - p["f1"]
            followed = (q1 - 1) * rising
            pulled = extra * curvature(family, final, k) * (rising + m1)
            players = ca.vertcat(
                ca.log(kept * slope) - ca.log(rising + m1),
                ca.log(share * slope) + ca.log(followed / (followed + pulled)) - base_slope,
            )
        product = ca.log(generalist) + ca.log(specialist)
        levels, contract = z[:-1], z[-1]
        follow = -ca.solve(ca.jacobian(players, levels), ca.jacobian(players, contract))
        bargain = ca.jacobian(product, contract) + ca.jacobian(product, levels) @ follow
        outcome = ca.Function(
            "outcome",
            [z, parameters],
            [ca.vertcat(share, generalist, specialist, base, final)],
        )
        return cls(family, rides, z, parameters, product, players, bargain, outcome)

    def start(self, games: Games, share: float = 0.5) -> Array:
        """Return unknowns to start from, as rows: the levels of `alone`."""
        levels = np.log(alone(games, share))
        logit = np.full((1, games.size), np.log(share / (1.0 - share)))
        return np.concatenate([levels[:1] if self.rides else levels, logit])


def alone(games: Games, share: float) -> Array:
    """Return base level and contribution if each player were alone, roughly."""
    g = games
    costs = ((share, g.c0, g.q0), (1.0 - share, g.c1 + g.m1, g.q1))
    if games.family == EXPONENTIAL:
        first = [(part * g.R * g.k / (cost * q)) ** (1.0 / (q - 1.0)) for part, cost, q in costs]
        return np.minimum(np.stack(first), 1.0 / g.k)
    return np.stack(
        [(part * g.R * g.k / (cost * q)) ** (1.0 / (q - g.k)) for part, cost, q in costs]
    )


def may_ride(games: Games) -> NDArray[np.int64]:
    """Games in which a specialist might free-ride."""
    return np.flatnonzero(games.m1 > 0)


def chosen(games: Games, contributing: Array, riding: Array) -> Answers:
    """Answers, of the outcomes of both regimes: the valid one with the larger product."""
    share, _, _, _, final = riding
    slope = (1.0 - share) * marginal_revenue(games.family, final, games.R, games.k, np.exp)
    with np.errstate(invalid="ignore"):
        valid = slope <= games.m1
        worse = ~(contributing[1] * contributing[2] >= riding[1] * riding[2])
    rides = valid & worse
    return Answers(*np.where(rides, riding, contributing)[:3])
