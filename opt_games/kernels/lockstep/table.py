"""The leader's payoff over base levels and shares, with the followers' best responses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.forms import STAY
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.point import branch_key

_FIRST_STEPS = 12
_STEPS = 2
_EXACT_STEPS = 30
ROUGHLY = (_FIRST_STEPS, _STEPS, 1e-6)
"""Newton steps of responses at the lowest level and at the next ones, and when they are enough."""


@dataclass(frozen=True)
class Table:
    """Payoffs over base levels and shares; arrays of shape (nodes, shares, games).

    Attributes
    ----------
    base : ndarray, shape (nodes, games)
    share : ndarray, shape (shares, games)
    payoff, slope : the leader's, in the base level
    branch : numbers that tell apart who contributes, stays and abstains
    extra : ndarray, shape (nodes, followers, shares, games)
        Contributions, also of those who stay or abstain.
    contributes, takes : ndarray of bool, the same shape
    """

    base: Array
    share: Array
    payoff: Array
    slope: Array
    branch: NDArray[np.int64]
    extra: Array
    contributes: NDArray[np.bool_]
    takes: NDArray[np.bool_]


def table(market: Market, base: Array, share: Array, *, exact: bool = False) -> Table:
    """Evaluate the game at every node.

    Parameters
    ----------
    market : Market
    base : ndarray, shape (nodes, games)
        Ascending base levels above 0.
    share : ndarray, shape (shares, games)
    exact : bool
        Whether responses are to be exact to rounding; else a few Newton steps do.
    """
    fused = market.forms.fused
    if fused is not None and market.games:
        limits = (_EXACT_STEPS, _EXACT_STEPS, 1e-12) if exact else ROUGHLY
        payoff, slope, extras, contributes, takes = fused.table(
            base,
            share,
            market.outside[1:],
            *limits,
            *fused.arguments(market),
        )
        branch = branch_key(np.moveaxis(contributes, 1, 0), np.moveaxis(takes, 1, 0))
        return Table(base, share, payoff, slope, branch, extras, contributes, takes)
    nodes = base.shape[0]
    shape = (market.size, *share.shape)
    outside = market.outside[1:, None, :]
    payoff = np.empty((nodes, *share.shape))
    slope, branch = np.empty(payoff.shape), np.empty(payoff.shape, dtype=np.int64)
    extras = np.empty((nodes, *shape))
    contributes, takes = np.empty(extras.shape, dtype=bool), np.empty(extras.shape, dtype=bool)
    extra = np.broadcast_to(base[nodes // 2], shape).copy()
    change = np.zeros(shape)
    kept = 1.0 - share
    parameters = [tuple(each[:, None, :] for each in columns) for columns in market.followers]
    cost, marginal_cost, _ = market.forms.leader_cost(base, *market.leader)
    cost, marginal_cost = (
        np.broadcast_to(cost, base.shape),
        np.broadcast_to(marginal_cost, base.shape),
    )
    for k in range(nodes):
        here = base[k]
        received, gain = np.zeros(share.shape), np.zeros(share.shape)
        for form, given in zip(market.forms.followers, parameters, strict=True):
            rows = form.members if len(parameters) > 1 else slice(None)
            y = extra[rows]
            if k:
                with np.errstate(all="ignore"):
                    drift = np.clip(change[rows] * (here - base[k - 1]) / y, -1.0, 1.0)
                    y = y * np.exp(drift)
            at = dict(zip(STAY, form.stay(here, *given), strict=True))
            with np.errstate(all="ignore"):
                adds = kept * at["marginal_revenue"] > at["marginal_cost"]
            adds = np.broadcast_to(adds & (kept > 0), y.shape)
            steps = _EXACT_STEPS if exact else _STEPS if k else _FIRST_STEPS
            for _ in range(steps):
                step, revenue, spent, marginal = form.respond(here, y, share, *given)
                step = np.broadcast_to(np.where(np.isnan(step), 0.0, step), y.shape)
                y = np.where(adds, y * np.exp(step), y)
                if np.abs(step[adds]).max(initial=0.0) < (1e-12 if exact else 1e-6):
                    break
            with np.errstate(all="ignore"):
                revenue = np.where(adds, revenue, at["revenue"])
                spent = np.where(adds, spent, at["cost"])
                marginal = np.where(adds, marginal, at["marginal_revenue"])
                change[rows] = np.where(adds, marginal / at["marginal_revenue"] - 1.0, 0.0)
                profit = kept * revenue - spent
            enters = profit >= outside[rows]
            extra[rows] = y
            extras[k, rows], contributes[k, rows], takes[k, rows] = y, adds, enters
            received += np.where(enters, revenue, 0.0).sum(axis=0)
            gain += np.where(enters, marginal, 0.0).sum(axis=0)
        with np.errstate(all="ignore"):
            payoff[k] = share * received - cost[k]
            slope[k] = share * gain - marginal_cost[k]
        branch[k] = branch_key(contributes[k], takes[k])
    return Table(base, share, payoff, slope, branch, extras, contributes, takes)
