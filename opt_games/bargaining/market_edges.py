r"""Contracts that hold the generalist at an edge, where specialists would leave if it went lower.

Where taking part costs something, a contract can keep specialists just willing to take part at
certain base levels. The generalist then holds its base level :math:`x_0`, though a lower one would
cost it less, since it would lose them one after the other. What such a contract must do is make
every other level :math:`x_r` no better,

.. math:: \sum_i P_i(x_0) - \phi_0(x_0) \ge \sum_i P_i(x_r) - \phi_0(x_r).

On a grid of base levels this is a linear program over mixtures of shares, one share per level among
them: that at which a specialist is just willing there. Its multipliers :math:`\rho_r` are prices at
which everybody's share is chosen alone, as in `opt_games.bargaining.market_prices`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, kron

from opt_games.bargaining.market_prices import Choices, highest_shares, leader_worth, share_grid
from opt_games.bargaining.market_terms import Rival, Terms
from opt_games.formulations.specialist_block import Goal
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd, Reply

_SHARES = 17
_FINER = 33
_BETWEEN = 3  # base levels added on either side of the best
_ACTIVE = 1e-7
_FINE = 2000  # specialists up to which the finer grid of shares is looked at
_CUTS = 40
_WIDTH = 0.5  # how far prices may move in a step, of their size
_SHRINK = 0.7
_EXACT = 1e-7
_STEP = 1e-4  # of differences in the share
_NEVER = -1e30
_ENTERS = 1e-9  # of turnover


@dataclass(frozen=True)
class Plan:
    """What a grid of base levels promises.

    Attributes
    ----------
    base, value : float
        The best base level, and what its contract is worth; for a sample, if that was asked.
    profit_price : float
    rivals, prices : ndarray, shape (rivals,)
        Other base levels that the generalist must be kept off, and their multipliers.
    entries : ndarray
        Base levels at which some specialists should be just willing.
    """

    base: float
    value: float
    profit_price: float
    rivals: Array
    prices: Array
    entries: Array


def plan_edges(crowd: Crowd, terms: Terms, levels: Array) -> Plan | None:
    """Look for the base level at which contracts at an edge are worth most; None without any.

    Parameters
    ----------
    crowd : Crowd
        Or a sample of it.
    terms : Terms
    levels : ndarray, ascending
    """
    best, at = None, 0
    for turn in range(2):
        grid = share_grid(*terms.game.contract.bounds, _SHARES)[:, None]
        choices, there = edge_table(crowd, terms, levels, grid)
        found = _best_level(choices, there, terms, crowd, best if turn else None)
        if found is None:
            return best
        best, at = found
        low, high = levels[max(at - 1, 0)], levels[min(at + 1, levels.size - 1)]
        between = np.concatenate(
            [
                np.linspace(low, levels[at], _BETWEEN + 2)[1:-1],
                np.linspace(levels[at], high, _BETWEEN + 2)[1:-1],
            ]
        )
        levels = np.unique(np.concatenate([levels, between]))
    return best


def edge_table(crowd: Crowd, terms: Terms, levels: Array, grid: Array) -> tuple[Choices, Array]:
    """Answer at all levels to a grid of shares and to those just willing at each level.

    The second value is what they pay at a level that is not chosen, where whoever enters before the
    next level counts as there.

    Parameters
    ----------
    crowd : Crowd
    terms : Terms
    levels : ndarray, ascending
    grid : ndarray, broadcasts to (shares, specialists)
    """
    low, high = terms.game.contract.bounds
    count = grid.shape[0]
    shares = _rows(crowd, levels, grid, low, high)
    choices = Choices.of(crowd, terms, levels, shares[None])
    paid = choices.paid.copy()
    enters = choices.takes[1:, :count] & ~choices.takes[:-1, :count]
    paid[:-1, :count] = np.where(enters, choices.paid[1:, :count], paid[:-1, :count])
    return choices, paid


def _rows(crowd: Crowd, entries: Array, grid: Array, low: float, high: float) -> Array:
    most = highest_shares(crowd, entries, low, high)
    plain = np.broadcast_to(grid, (grid.shape[0], most.shape[1]))
    return np.concatenate([plain, np.where(np.isfinite(most), most, high)])


def _best_level(
    choices: Choices, there: Array, terms: Terms, crowd: Crowd, known: Plan | None
) -> tuple[Plan, int] | None:
    """Solve the linear program of one base level after the other, the most promising first."""
    weight = float(terms.weights[0]) if terms.goal(0) is Goal.UTILITY else 0.0
    count = choices.base.size
    free = choices.best(np.zeros(count), np.full(count, weight), np.full(count, -np.inf))
    profit, _ = choices.sums(free)
    price = weight * leader_worth(crowd, profit)[1]
    goal = choices.pick(choices.goal, free)
    hope = goal @ choices.weight + price * profit
    hope = np.where((goal > _NEVER).all(axis=1), hope, -np.inf)
    best: tuple[Plan, int] | None = None
    for k in np.argsort(-hope):
        least = -np.inf if known is None else known.value
        least = least if best is None else max(least, best[0].value)
        if not hope[k] > least:
            break
        solved = _program(choices, there, terms, crowd, int(k), float(price[k]))
        if solved is not None and solved.value > least:
            best = (solved, int(k))
    return best


def _program(
    choices: Choices, there: Array, terms: Terms, crowd: Crowd, at: int, price: float
) -> Plan | None:
    """Mix shares so that a base level is the generalist's best."""
    rows, size = choices.paid.shape[1:]
    goal, weight = choices.goal[at], choices.weight
    worth = np.where(goal > _NEVER, goal + price * choices.paid[at], 0.0) * weight
    others = np.flatnonzero(np.arange(choices.base.size) != at)
    gap = (there[others] - choices.paid[at]) * weight
    cost = choices.cost
    limits = cost[others] - cost[at]
    outside = float(crowd.market.outside[0, 0])
    # it may stay out, too
    gap = np.concatenate([gap, -(choices.paid[at] * weight)[None]])
    limits = np.append(limits, -cost[at] - outside)
    scale = max(float(np.abs(choices.paid[at]).max(axis=0) @ weight), 1e-300)
    unit = max(float(np.abs(worth).max()), 1e-300)
    columns = gap.transpose(0, 2, 1).reshape(gap.shape[0], -1) / scale
    one = kron(csr_array(np.eye(size)), np.ones((1, rows)), format="csr")
    upper = np.where(goal > _NEVER, 1.0, 0.0).T.ravel()
    found = linprog(
        -worth.T.ravel() / unit,
        A_ub=columns,
        b_ub=limits / scale,
        A_eq=one,
        b_eq=np.ones(size),
        bounds=np.column_stack([np.zeros(upper.size), upper]),
        method="highs",
    )
    if found.status != 0:
        return None
    prices = -found.ineqlin.marginals[:-1] * unit / scale
    stay = -found.ineqlin.marginals[-1] * unit / scale
    active = np.flatnonzero(prices > _ACTIVE * max(price, 1e-12 + float(prices.max())))
    mixed = found.x.reshape(size, rows).max(axis=0)[_SHARES:]
    entries = np.union1d(choices.base[mixed > 1e-6], choices.base[[at]])
    return Plan(
        float(choices.base[at]),
        -found.fun * unit - price * cost[at],
        price + stay,
        choices.base[others[active]],
        prices[active],
        entries,
    )


@dataclass(frozen=True)
class EdgeTable:
    """What all specialists would choose under a plan.

    Attributes
    ----------
    plan : Plan
    choices : Choices
        At the base level of the plan, then at its rivals.
    """

    plan: Plan
    choices: Choices

    @classmethod
    def of(cls, crowd: Crowd, terms: Terms, plan: Plan) -> EdgeTable:
        """Answer to the shares among which a plan lets everybody choose."""
        low, high = terms.game.contract.bounds
        points = _FINER if crowd.market.size <= _FINE else _SHARES
        grid = share_grid(low, high, points)[:, None]
        shares = _rows(crowd, plan.entries, grid, low, high)
        base = np.append(plan.base, plan.rivals)
        return cls(plan, Choices.of(crowd, terms, base, shares[None]))

    def chosen(self, prices: Array) -> NDArray[np.int64]:
        """Return everybody's choice at prices of the rivals."""
        value = self._value(prices)
        return np.asarray(value.argmax(axis=0))

    def shares(self, prices: Array) -> Array:
        """Return everybody's share at prices of the rivals."""
        chosen = self.chosen(prices)
        return np.asarray(self.choices.shares[0][chosen, np.arange(chosen.size)])

    def sharpened(self) -> Array:
        """Return prices at which the choices of all specialists add up, by cutting planes.

        Those of the plan are for a sample. The dual function of the linear program is convex and
        piecewise linear in the prices; each set of choices gives one of its pieces.
        """
        prices = self.plan.prices.copy()
        reach = np.maximum(prices, 0.1 * prices.max(initial=1e-9))
        best, best_value, width = prices, np.inf, _WIDTH
        pieces: list[tuple[float, Array]] = []
        for _ in range(_CUTS):
            value, slopes = self.dual(prices)
            pieces.append((value - float(slopes @ prices), slopes))
            if value < best_value:
                best, best_value = prices, value
            else:
                width *= _SHRINK
            size = max(abs(best_value), 1e-300)
            columns = np.array([np.append(piece[1], -size) for piece in pieces])
            found = linprog(
                np.append(np.zeros(prices.size), 1.0),
                A_ub=columns / size,
                b_ub=np.array([-piece[0] for piece in pieces]) / size,
                bounds=[
                    *zip(np.maximum(best - width * reach, 0.0), best + width * reach, strict=True),
                    (None, None),
                ],
                method="highs",
            )
            if found.status != 0 or best_value / size - found.x[-1] <= _EXACT:
                break
            prices = found.x[:-1]
        return best

    def _value(self, prices: Array) -> Array:
        choices = self.choices
        price = self.plan.profit_price + prices.sum()
        value = choices.goal[0] + price * choices.paid[0]
        return np.asarray(value - np.tensordot(prices, choices.paid[1:], axes=1))

    def dual(self, prices: Array) -> tuple[float, Array]:
        """Return the dual function and a subgradient."""
        choices = self.choices
        value = self._value(prices)
        chosen = value.argmax(axis=0)
        columns = np.arange(chosen.size)
        paid = choices.paid[:, chosen, columns] @ choices.weight - choices.cost
        total = float(value[chosen, columns] @ choices.weight)
        total -= self.plan.profit_price * choices.cost[0]
        total += float(prices @ (choices.cost[1:] - choices.cost[0]))
        return total, paid[0] - paid[1:]


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
