"""Best responses of the specialists of many games, and what they are worth to the generalist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.many_games import Domains, ManyGames, Rows
from opt_games.kernels.array_function import Array
from opt_games.kernels.response import State

States = NDArray[np.int8]

WILLING = 1e-12
"""A specialist stays in if it loses no more than this fraction of its turnover: rounding only."""

NO_CONTRIBUTION = 1e-12
"""A contribution is none if it is less than this fraction of the base level."""


@dataclass(frozen=True)
class Money:
    """Revenue and cost of a group of specialists, and profit; the last axis is the contribution."""

    steps: Array
    revenue: Array
    cost: Array

    @classmethod
    def at(cls, domains: Domains, base: Array, steps: Array, cap: float) -> Money:
        """Evaluate; `base` is (cases, nodes), `steps` (members, cases, points)."""
        room = np.maximum(cap - base, 0.0)
        contributions = np.minimum(steps[:, :, None, :], room[None, :, :, None])
        level = base[None, :, :, None] + contributions
        revenue, cost = domains.values(level, np.broadcast_to(base[None, ..., None], level.shape))
        return cls(contributions, revenue, cost)

    def profit(self, kept: Array) -> Array:
        """Profit of specialists that keep this part of revenue; ``-inf`` where undefined."""
        with np.errstate(all="ignore"):
            profit = np.where(kept == 0.0, 0.0, kept * self.revenue) - self.cost
        return np.where(np.isnan(profit), -np.inf, profit)


@dataclass(frozen=True)
class Answers:
    """What base levels lead to: shape (cases, nodes), followers' (specialists, cases, nodes).

    Attributes
    ----------
    payoff, slope, turnover : ndarray
        The generalist's profit, its derivative in the base level, the size of its terms.
    contribution, state, profit : ndarray
        Of the specialists.
    key : ndarray of int
        Tells the specialists' states apart.
    """

    payoff: Array
    slope: Array
    turnover: Array
    contribution: Array
    state: States
    profit: Array
    key: NDArray[np.int64]


def respond(
    games: ManyGames,
    share: Array,
    base: Array,
    steps: tuple[Array, ...],
    *,
    rounds: int,
    money: tuple[Money, ...] | None = None,
) -> Answers:
    """Let every specialist respond to base levels, globally on a grid and then by Newton's method.

    Parameters
    ----------
    games : ManyGames
    share : ndarray, shape (cases,)
    base : ndarray, shape (cases, nodes)
    steps : tuple of ndarray, shape (members, cases, points)
        For each group of specialists, contributions ascending from 0.
    rounds : int
        Newton steps.
    money : tuple of Money, optional
        Revenue and cost at these levels, where they are known already.
    """
    kept = (1.0 - share)[None, :, None]
    contribution = np.zeros((games.specialists, *base.shape))
    state = np.zeros(contribution.shape, dtype=np.int8)
    for k, domains in enumerate(games.domains):
        here = Money.at(domains, base, steps[k], games.cap) if money is None else money[k]
        profit = here.profit(kept[..., None])
        # the last of equal values: an indifferent specialist does what the generalist prefers
        best = profit.shape[-1] - 1 - np.argmax(profit[..., ::-1], axis=-1)
        y, found = _refined(domains, kept, base, here.steps, best, games.cap, rounds)
        contribution[domains.members], state[domains.members] = y, found
    return answers(games, share, base, contribution, state)


def _refined(
    domains: Domains,
    kept: Array,
    base: Array,
    steps: Array,
    best: NDArray[np.int64],
    cap: float,
    rounds: int,
) -> tuple[Array, States]:
    """Place contributions within the grid cells beside the best nodes."""
    last = steps.shape[-1] - 1

    def pick(index: NDArray[np.int64]) -> Array:
        return np.take_along_axis(steps, index[..., None], axis=-1)[..., 0]

    y = pick(best)
    low, high = pick(np.maximum(best - 1, 0)), pick(np.minimum(best + 1, last))
    level = np.broadcast_to(base, y.shape)
    state = np.full(y.shape, State.STATIONARY, dtype=np.int8)
    marginal, bend = _marginal(domains, kept, level, y)
    with np.errstate(invalid="ignore"):
        state[(y == 0.0) & ~(marginal > 0.0)] = State.BASE
        room = np.maximum(cap - level, 0.0)
        state[(y >= room) & (marginal >= 0.0)] = State.CAP
    free = state == State.STATIONARY
    for step in range(rounds):
        if step:
            marginal, bend = _marginal(domains, kept, level, y)
        with np.errstate(all="ignore"):
            up = marginal >= 0.0
            low, high = np.where(up, y, low), np.where(up, high, y)
            new = y * np.exp(-marginal / (bend * y))
            usable = (new >= low) & (new <= high)  # False for nan
            middle = np.where(low > 0.0, np.sqrt(low * high), 1e-3 * high)
            y = np.where(free, np.where(usable, new, middle), y)
    # what rounding of the level would swallow is no contribution
    none = free & (y < NO_CONTRIBUTION * level)
    state[none] = State.BASE
    return np.where(none, 0.0, y), state


def _marginal(domains: Domains, kept: Array, base: Array, y: Array) -> tuple[Array, Array]:
    earned1, spent1, earned2, spent2, _ = domains.second(base + y, base)
    with np.errstate(all="ignore"):
        none = kept == 0.0
        marginal = np.where(none, 0.0, kept * earned1) - spent1
        return marginal, np.where(none, 0.0, kept * earned2) - spent2


def answers(
    games: ManyGames, share: Array, base: Array, contribution: Array, state: States
) -> Answers:
    """Evaluate everybody's profit, and let those abstain whom taking part does not pay."""
    shape = base.shape
    payoff, slope, turnover = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    key = np.zeros(shape, dtype=np.int64)
    state = state.copy()
    profit = np.zeros(contribution.shape)
    part = share[None, :, None]
    kept = 1.0 - part
    for domains in games.domains:
        rows = domains.members
        y, here = contribution[rows], state[rows]
        level = np.broadcast_to(base, y.shape)
        final = level + y
        revenue, cost = domains.values(final, level)
        earned1, _, earned2, spent2, cross = domains.second(final, level)
        outside = domains.outside[:, :, None]
        with np.errstate(all="ignore"):
            own = np.where(kept == 0.0, 0.0, kept * revenue)
            gain = own - cost
            margin = WILLING * (np.abs(own) + np.abs(cost) + np.abs(outside))
            stays = gain >= outside - margin
            follow = cross / (np.where(kept == 0.0, 0.0, kept * earned2) - spent2)
            follow = np.where(here == State.BASE, 1.0, np.where(here == State.CAP, 0.0, follow))
            nothing = ~stays | (part == 0.0)
            received = np.where(nothing, 0.0, part * revenue)
            rise = np.where(nothing | (follow == 0.0), 0.0, part * earned1 * follow)
        here = np.where(stays, here, State.ABSTAIN).astype(np.int8)
        state[rows] = here
        profit[rows] = np.where(stays, gain, outside)
        payoff += received.sum(axis=0)
        turnover += np.abs(received).sum(axis=0)
        slope += rise.sum(axis=0)
        key += (_keys(rows)[:, None, None] * here).sum(axis=0)
    cost, marginal = games.leader_cost(base)
    with np.errstate(invalid="ignore"):
        payoff = payoff - cost
        slope = slope - marginal
    payoff = np.where(np.isnan(payoff), -np.inf, payoff)
    return Answers(payoff, slope, turnover + np.abs(cost), contribution, state, profit, key)


def _keys(members: Rows) -> NDArray[np.int64]:
    """Odd multipliers that make a sum of states tell who is in which."""
    with np.errstate(over="ignore"):
        return (members.astype(np.int64) + 1) * np.int64(-7046029254386353131) | np.int64(1)


def hold(
    games: ManyGames,
    share: Array,
    base: Array,
    contribution: Array,
    state: States,
    *,
    rounds: int,
) -> tuple[Array, Any]:
    """Respond with given states to one base level a case, from contributions nearby.

    Returns
    -------
    contribution : ndarray, shape (specialists, cases)
    answers : Answers
        With one node.
    """
    y = contribution.copy()
    kept = (1.0 - share)[None, :]
    for domains in games.domains:
        rows = domains.members
        own = y[rows]
        level = np.broadcast_to(base, own.shape)
        here = state[rows]
        free = here == State.STATIONARY
        own = np.where(here == State.CAP, np.maximum(games.cap - level, 0.0), own)
        own = np.where(here == State.BASE, 0.0, own)
        for _ in range(rounds):
            marginal, bend = _marginal(domains, kept, level, own)
            with np.errstate(all="ignore"):
                step = np.exp(np.clip(-marginal / (bend * own), -3.0, 3.0))
            own = np.where(free & np.isfinite(step), own * step, own)
        y[rows] = own
    found = answers(games, share, base[:, None], y[:, :, None], state[:, :, None])
    return y, found
