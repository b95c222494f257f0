r"""Contracts that hold the generalist at an edge, where specialists would leave if it went lower.

Where taking part costs something, a contract can keep many specialists just willing to take part.
The generalist then holds its base level :math:`x_0`, though a lower one would cost it less, since it
would lose them. What such a contract must do is make every lower level :math:`x_r` worse,

.. math:: \sum_i P_i(x_0) - \phi_0(x_0) \ge \sum_i P_i(x_r) - \phi_0(x_r),

and with prices :math:`\rho_r` on these conditions everybody's share is chosen alone again, as in
`opt_games.bargaining.market_prices`; the share at which a specialist is just willing is among the
choices, and pays nothing at any lower level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.market_prices import Choices, highest_shares, leader_worth
from opt_games.bargaining.market_terms import Mask, Rival, Terms
from opt_games.formulations.specialist_block import Goal
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd, Reply

_TIMES = 5  # that the worst rival gets a price
_STEPS = 18
_MOST = 1e3  # of a price
_LEAST = 1e-3
_TOLERANCE = 1e-3
_STEP = 1e-4  # of differences in the share
_NEVER = -1e30
_ENTERS = 1e-9  # of turnover


@dataclass(frozen=True)
class Edges:
    """Contracts at an edge, one per base level; arrays of shape (bases, ...).

    Attributes
    ----------
    value : ndarray, shape (bases,)
        What they are worth; ``-inf`` where there is none.
    profit_price : ndarray, shape (bases,)
    rivals : ndarray, shape (bases, bases)
        Prices of the lower base levels.
    chosen : ndarray of int, shape (bases, specialists)
    """

    value: Array
    profit_price: Array
    rivals: Array
    chosen: NDArray[np.int64]


def edge_choices(crowd: Crowd, terms: Terms, base: Array, grid: Array) -> tuple[Choices, Mask]:
    """Answer to shares of a grid, and last to the one at which everybody is just willing.

    The second value says whom that share binds, shape (bases, specialists).
    """
    low, high = terms.game.contract.bounds
    most = highest_shares(crowd, base, low, high)
    binding = np.isfinite(most) & (most < high)
    plain = np.broadcast_to(grid[:, None], (base.size, grid.size, most.shape[1]))
    last = np.where(np.isfinite(most), most, high)
    shares = np.concatenate([plain, last[:, None, :]], axis=1)
    return Choices.of(crowd, terms, base, shares), binding


def find_edges(choices: Choices, binding: Mask, terms: Terms, crowd: Crowd) -> Edges:
    """Find prices of lower base levels that hold the generalist, for every base level at once."""
    count = choices.base.size
    each = np.arange(count)
    outside = float(crowd.market.outside[0, 0])
    weight = float(terms.weights[0]) if terms.goal(0) is Goal.UTILITY else 0.0
    # what is paid at lower levels by who chose at a higher; staying out is the last rival
    paid = np.concatenate([choices.paid, np.zeros((1, *choices.paid.shape[1:]))])
    cost = np.append(choices.cost, -outside)
    lower = np.append(choices.base[None, :] < choices.base[:, None], np.ones((count, 1), bool), 1)
    prices = np.zeros((count, count + 1))
    burden = np.zeros(choices.paid.shape)
    profit_price = np.full(count, weight)

    def at_rival(which: NDArray[np.int64]) -> Array:
        """What every choice pays at one rival of each base level."""
        there = paid[which].copy()
        there[:, -1, :] = np.where(binding, 0.0, paid[which, -2, :])
        return there

    def choose(more: Array, rival: Array) -> NDArray[np.int64]:
        total = (profit_price + prices.sum(axis=1) + more)[:, None, None]
        value = choices.goal + total * choices.paid - burden - more[:, None, None] * rival
        return np.asarray(value.argmax(axis=1))

    def shortfall(chosen: NDArray[np.int64]) -> Array:
        """By how much rivals are better, shape (bases, rivals)."""
        profit, _ = choices.sums(chosen)
        found = np.full((count, count + 1), -np.inf)
        for k in range(count):
            picked = paid[:, chosen[k], np.arange(chosen.shape[1])]
            at_edge = (chosen[k] == choices.paid.shape[1] - 1) & binding[k]
            picked = np.where(at_edge, 0.0, picked)
            found[k] = picked @ choices.weight - cost - profit[k]
        return np.where(lower, found, -np.inf)

    none = np.zeros(choices.paid.shape)
    size = np.abs(choices.paid).max(axis=1) @ choices.weight + np.abs(choices.cost)
    chosen = choose(np.zeros(count), none)
    for _ in range(_TIMES):
        profit, _ = choices.sums(chosen)
        _, by_profit = leader_worth(crowd, profit)
        profit_price = weight * by_profit
        better = shortfall(chosen)
        worst = better.argmax(axis=1)
        open_ = better[each, worst] > _TOLERANCE * size
        if not open_.any():
            break
        rival = at_rival(worst)
        low, high = np.full(count, np.log(_LEAST)), np.full(count, np.log(_MOST))
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            tried = choose(np.where(open_, np.exp(middle), 0.0), rival)
            still = shortfall(tried)[each, worst] > 0.0
            low, high = np.where(still, middle, low), np.where(still, high, middle)
        more = np.where(open_, np.exp(high), 0.0)
        prices[each, worst] += more
        burden += more[:, None, None] * rival
        chosen = choose(np.zeros(count), none)
    better = shortfall(chosen)
    profit, slope = choices.sums(chosen)
    worth, _ = leader_worth(crowd, profit)
    goal = choices.pick(choices.goal, chosen)
    value = goal @ choices.weight + weight * worth
    at_edge = (chosen == choices.paid.shape[1] - 1) & binding
    good = (better.max(axis=1) <= _TOLERANCE * size) & at_edge.any(axis=1)
    good &= (goal > _NEVER).all(axis=1) & (worth >= terms.least[0]) & np.isfinite(value)
    good &= slope <= 1e-6 * choices.marginal_cost
    value = np.where(good, value, -np.inf)
    return Edges(value, profit_price, prices[:, :-1], chosen)


def rival_at(crowd: Crowd, base: float, shares: Array, low: float, high: float) -> Rival:
    """Describe what specialists would pay at a rival base level, around their present shares."""
    here = crowd.reply(base, shares)
    step = _STEP * (high - low)
    centre = np.clip(shares, low + step, high - step)
    paid = []
    for each in (centre - step, centre, centre + step):
        reply = crowd.reply(base, each)
        paid.append(np.where(here.takes & reply.takes, each * reply.revenue, np.nan))
    first = (paid[2] - paid[0]) / (2.0 * step)
    half_bend = (paid[2] - 2.0 * paid[1] + paid[0]) / (2.0 * step**2)
    half_bend = np.where(np.isfinite(half_bend), half_bend, 0.0)
    # right where it would leave only one side is known
    one_side = np.where(np.isfinite(paid[0]), (paid[1] - paid[0]) / step, here.revenue)
    first = np.where(np.isfinite(first), first, np.where(np.isfinite(one_side), one_side, 0.0))
    first = first + 2.0 * half_bend * (shares - centre)
    first = _with_moving_edge(crowd, here, first, shares)
    most = highest_shares(crowd, np.array([base]), low, high)[0]
    out = ~here.takes
    most = np.where(np.isfinite(most), most, low)
    return Rival(
        base,
        crowd.cost(base)[0],
        np.where(out, 0.0, shares * here.revenue),
        np.where(out, 0.0, first),
        np.where(out, 0.0, half_bend),
        np.where(out, np.minimum(most * (1.0 + 1e-12), shares), low),
    )


def _with_moving_edge(crowd: Crowd, here: Reply, by_share: Array, shares: Array) -> Array:
    """Add how the rival level itself moves where it is that at which somebody enters.

    Where the generalist would stop because it gains a specialist, that level rises with the share.
    """
    outside = crowd.market.outside[1:, 0]
    slack = _ENTERS * (np.abs(here.revenue) + np.abs(outside))
    at_edge = np.flatnonzero(here.takes & (np.abs(here.profit - outside) <= slack))
    if not at_edge.size or here.slope >= 0.0 or here.base <= 0.0:
        return by_share
    step = 1e-6 * here.base
    above = crowd.reply(here.base + step, shares)
    found = by_share.copy()
    for k in at_edge:
        by_base = (above.profit[k] - here.profit[k]) / step
        if by_base > 0.0:
            found[k] += here.slope * here.revenue[k] / by_base
    return found
