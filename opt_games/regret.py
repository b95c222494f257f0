"""Regret: the most a player could gain by deviating, whatever method found the equilibrium.

Only the levels are taken from the answer. Profits are evaluated from the game's own formulas, and
deviations are searched on grids and by bisection of this module's own, so that a wrong branch
shows.
The search is global up to the resolution of its grids; it is evidence, not a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opt_games.kernels.array_function import Array
from opt_games.kernels.payoffs import FollowerGroup, Payoffs

_PEAKS = 3
_CELLS = 2_000_000
_WILLING = 1e-12  # of turnover: rounding when a follower decides whether to take part


@dataclass(frozen=True)
class Regret:
    """Gains from deviating, leader first; arrays of shape (1 + followers,).

    Attributes
    ----------
    profit : profit at the levels given
    gain : the most the player could add to it, at least 0
    turnover : the revenue, whoever gets it, and the cost that its profit is made of
    """

    profit: Array
    gain: Array
    turnover: Array


def regret(payoffs: Payoffs, shares: Array, base: float, finals: Sequence[float | None]) -> Regret:
    """Search for profitable deviations from an equilibrium.

    Parameters
    ----------
    payoffs : Payoffs
    shares : ndarray, shape (followers,)
    base : float
        The leader's level.
    finals : sequence of float or None
        The followers' levels; None for one that abstains.

    Notes
    -----
    A follower may pick any level from `base` up, or leave. The leader may pick any base level, to
    which every follower then answers at its best, or leave.
    """
    taking = np.array([final is not None for final in finals])
    levels = np.array([base if final is None else final for final in finals])
    scale = max(base, float(levels.max()))
    scale = scale if scale > 0.0 else 1.0
    fine = payoffs.size <= 64
    contributions = _grid(scale, 90 if fine else 40, 120 if fine else 50)
    bases = np.unique(np.append(_grid(scale, 120 if fine else 60, 160 if fine else 70), base))
    bases = bases[bases <= payoffs.cap]

    own = np.zeros(payoffs.size)
    turnover = np.zeros(payoffs.size)
    revenue = np.zeros(payoffs.size)
    for group in payoffs.followers:
        rows = group.members
        r, c = group.values(levels[rows, None, None], np.full((1, 1, 1), base), *group.parameters)
        r, c = (np.broadcast_to(x, (rows.size, 1, 1)).ravel() for x in (r, c))
        kept = 1.0 - shares[rows]
        outside = group.outside.ravel()
        own[rows] = np.where(taking[rows], kept * r - c, outside)
        turnover[rows] = np.abs(r) + np.abs(c) + np.abs(outside)
        revenue[rows] = r
    earned = np.where(taking, shares * revenue, 0.0)
    cost, _ = payoffs.leader_cost(np.array([base]), *payoffs.leader_parameters)
    leader = earned.sum() - float(cost[0])

    _, best = _leader_payoff(payoffs, shares, np.array([base]), contributions)
    gains = np.maximum(best[:, 0] - own, 0.0)
    top = _highest_leader_payoff(payoffs, shares, bases, contributions)
    leader_gain = max(top - leader, payoffs.outside - leader, 0.0)
    gross = np.where(taking, revenue, 0.0)
    leader_turnover = np.abs(gross).sum() + abs(float(cost[0])) + abs(payoffs.outside)
    return Regret(
        np.append(leader, own),
        np.append(leader_gain, gains),
        np.append(leader_turnover, turnover),
    )


def regret_of_staying_out(payoffs: Payoffs, shares: Array, scale: float) -> float:
    """Return what the leader would gain by taking part after all."""
    top = _highest_leader_payoff(payoffs, shares, _grid(scale, 160, 160), _grid(scale, 120, 120))
    return max(top - payoffs.outside, 0.0)


def _grid(scale: float, decades: int, even: int) -> Array:
    log = scale * 10.0 ** np.linspace(-9.0, 4.0, decades)
    return np.unique(np.concatenate([[0.0], log, np.linspace(0.0, 4.0 * scale, even)]))


def _highest_leader_payoff(
    payoffs: Payoffs, shares: Array, bases: Array, contributions: Array
) -> float:
    """Scan base levels, then magnify the highest peaks."""
    payoff, _ = _leader_payoff(payoffs, shares, bases, contributions)
    top = float(payoff.max())
    peaks = [
        (bases[max(k - 1, 0)], bases[k], bases[min(k + 1, bases.size - 1)]) for k in _peaks(payoff)
    ]
    for _ in range(9):
        if not peaks:
            break
        nodes = np.vstack(
            [
                np.concatenate([np.linspace(a, b, 13), np.linspace(b, c, 13)[1:]])
                for a, b, c in peaks
            ]
        )
        values, _ = _leader_payoff(payoffs, shares, nodes.ravel(), contributions)
        values = values.reshape(nodes.shape)
        top = max(top, float(values.max()))
        at = values.argmax(axis=1)
        last = nodes.shape[1] - 1
        peaks = [
            (row[max(k - 1, 0)], row[k], row[min(k + 1, last)])
            for row, k in zip(nodes, at, strict=True)
        ]
    return top


def _peaks(values: Array) -> list[int]:
    """Positions of the highest local peaks."""
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    local = np.flatnonzero((values >= padded[:-2]) & (values >= padded[2:]) & np.isfinite(values))
    return [int(k) for k in local[np.argsort(-values[local], kind="stable")[:_PEAKS]]]


def _leader_payoff(
    payoffs: Payoffs, shares: Array, bases: Array, contributions: Array
) -> tuple[Array, Array]:
    """Return the leader's profit at base levels and the followers' best profits."""
    total = np.zeros(bases.size)
    best = np.zeros((payoffs.size, bases.size))
    for group in payoffs.followers:
        size = max(1, _CELLS // (bases.size * contributions.size))
        for start in range(0, group.members.size, size):
            part = group.take(slice(start, start + size))
            share = shares[part.members][:, None]
            profit, revenue = _best(part, share, bases, contributions, payoffs.cap)
            best[part.members] = profit
            total += np.where(share == 0.0, 0.0, share * revenue).sum(axis=0)
    cost, _ = payoffs.leader_cost(bases, *payoffs.leader_parameters)
    payoff = total - cost
    return np.where(np.isnan(payoff), -np.inf, payoff), best


def _best(
    group: FollowerGroup, share: Array, bases: Array, contributions: Array, cap: float
) -> tuple[Array, Array]:
    """Best profit and the revenue it comes with; shape (members, bases)."""
    base = bases[None, :, None]
    room = np.maximum(cap - base, 0.0)
    steps = np.minimum(contributions[None, None, :], room)
    kept = (1.0 - share)[:, :, None]

    def profits(step: Array) -> tuple[Array, Array]:
        revenue, cost = group.values(base + step, base, *group.parameters)
        with np.errstate(all="ignore"):
            profit = np.where(kept == 0.0, 0.0, kept * revenue) - cost
        shape = np.broadcast_shapes(profit.shape, (group.members.size, bases.size, 1))
        profit = np.broadcast_to(np.where(np.isnan(profit), -np.inf, profit), shape)
        return profit, np.broadcast_to(revenue, shape)

    profit, _ = profits(steps)
    steps = np.broadcast_to(steps, profit.shape)
    count = steps.shape[2]
    rank = profit.copy()
    rank[:, :, 1:-1] = np.where(
        (profit[:, :, 1:-1] >= profit[:, :, :-2]) & (profit[:, :, 1:-1] >= profit[:, :, 2:]),
        profit[:, :, 1:-1],
        -np.inf,
    )
    peaks = np.argsort(-rank, axis=2)[:, :, :_PEAKS]
    low = np.take_along_axis(steps, np.maximum(peaks - 1, 0), axis=2)
    high = np.take_along_axis(steps, np.minimum(peaks + 1, count - 1), axis=2)
    for _ in range(60):
        middle = 0.5 * (low + high)
        first, second = group.first(base + middle, base, *group.parameters)
        with np.errstate(all="ignore"):
            rising = np.where(kept == 0.0, 0.0, kept * first) - second > 0.0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    # within a peak the bisection's point stands, unless it only found the end of a plain rise
    node = np.take_along_axis(steps, peaks, axis=2)
    profit, revenue = profits(low)
    profit_node, revenue_node = profits(node)
    at_node = ~(profit >= profit_node - 1e-14 * np.abs(revenue_node))
    profit = np.where(at_node, profit_node, profit)
    revenue = np.where(at_node, revenue_node, revenue)
    profit = np.where(np.take_along_axis(rank, peaks, axis=2) > -np.inf, profit, -np.inf)
    # between peaks, an indifferent follower does what the leader prefers
    highest = profit.max(axis=2, keepdims=True)
    turnover = np.abs(highest) + np.abs(kept * revenue)
    paying = np.where(profit >= highest - _WILLING * turnover, share[:, :, None] * revenue, -np.inf)
    chosen = paying.argmax(axis=2)[:, :, None]
    profit, revenue, turnover = (
        np.take_along_axis(values, chosen, axis=2)[:, :, 0]
        for values in (profit, revenue, turnover)
    )
    outside = group.outside[:, :, 0]
    stays = profit >= outside - _WILLING * (turnover + np.abs(outside))
    return np.where(stays, profit, outside), np.where(stays, revenue, 0.0)
