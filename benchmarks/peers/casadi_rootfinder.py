"""CasADi's Newton rootfinder on all first-order conditions, mapped over the games.

The unknowns and the regimes are those of `first_order`; the bargain's own condition holds the
implicit derivative of the levels. Games that did not converge are mapped again from other shares.
"""

from __future__ import annotations

import casadi as ca
import numpy as np
from random_games import Array, Games

from peers.answers import Answers, Solve
from peers.first_order import Conditions, chosen, may_ride

OPTIONS = {
    "abstol": 1e-11,
    "max_iter": 12,
    "line_search": False,
    "error_on_fail": False,
    "show_eval_warnings": False,
}
STARTS = (0.5, 0.35, 0.65, 0.8)  # shares
RESIDUAL = 1e-9
CHUNKS = (1000, 50)  # games per map, first and when few are left


def prepare(family: str) -> Solve:
    """Return a solver of games of this family."""
    regimes = [Conditions.of(family, rides=rides) for rides in (False, True)]
    roots = [[_mapped(each, chunk) for chunk in CHUNKS] for each in regimes]

    def solve(games: Games) -> Answers:
        contributing = _outcomes(games, regimes[0], roots[0])
        riding = np.full((5, games.size), np.nan)
        where = may_ride(games)
        riding[:, where] = _outcomes(games.select(where), regimes[1], roots[1])
        return chosen(games, contributing, riding)

    return solve


def _mapped(conditions: Conditions, chunk: int) -> ca.Function:
    """Outcomes and the largest residual, of starts and parameters of so many games."""
    residuals = ca.vertcat(conditions.players, conditions.bargain)
    z, p = conditions.unknowns, conditions.parameters
    newton = ca.rootfinder("newton", "newton", {"x": z, "p": p, "g": residuals}, OPTIONS)
    check = ca.Function("check", [z, p], [ca.norm_inf(residuals)])
    start, values = ca.MX.sym("start", z.numel()), ca.MX.sym("values", p.numel())
    root = newton(start, values)
    if isinstance(root, dict):
        root = root["x"]
    return ca.Function(
        "one", [start, values], [conditions.outcome(root, values), check(root, values)]
    ).map(chunk)


def _outcomes(games: Games, conditions: Conditions, mapped: list[ca.Function]) -> Array:
    """Outcomes of the games as columns, ``nan`` where Newton's method failed."""
    table = games.table()
    found = np.full((5, games.size), np.nan)
    for share in STARTS:
        left = np.flatnonzero(np.isnan(found[0]))
        chunk, many = next(
            (pair for pair in zip(CHUNKS, mapped, strict=True) if left.size >= pair[0]),
            (CHUNKS[-1], mapped[-1]),
        )
        starts = conditions.start(games, share)
        for begin in range(0, left.size, chunk):
            where = left[begin : begin + chunk]
            padded = np.resize(where, chunk)  # a map has a fixed length
            outcome, residual = many(starts[:, padded], table[:, padded])
            here = slice(0, where.size)
            good = np.asarray(residual)[0, here] < RESIDUAL
            found[:, where[good]] = np.asarray(outcome)[:, here][:, good]
    return found
