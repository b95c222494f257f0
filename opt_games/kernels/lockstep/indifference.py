"""The share at which a leader is indifferent between two humps, followed along their branches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.along import Ends, Score, State, follow, predict
from opt_games.kernels.lockstep.market import Market

_STEPS = 40
_DAMPED = 1e-4
_ENDS = 3  # branches that may follow each other before two meet

LeaderOptima = Callable[[NDArray[np.int64], Array], tuple[State, NDArray[np.bool_]]]
"""From games and shares to the leader's optima, and where they are known."""


def lead(one: State, other: State) -> tuple[Array, Array]:
    """Return how much more the leader earns in the one than in the other, and its derivative."""
    a, b = one.measure, other.measure
    return a.profits[0] - b.profits[0], a.profits_by_share[0] - b.profits_by_share[0]


def meeting(
    market: Market,
    score: Score,
    optima: LeaderOptima,
    game: NDArray[np.int64],
    one: State,
    other: State,
) -> tuple[State, State, NDArray[np.bool_]]:
    """Follow two humps to the share at which the leader is indifferent between them.

    Where the other branch ends before, the one that follows it takes its place.

    Parameters
    ----------
    market : Market
    score : function
    optima : function
    game : ndarray of int, shape (lanes,)
    one, other : State
        The humps, at one share.

    Returns
    -------
    one, other : State
        Both at the share found.
    met : ndarray of bool, shape (lanes,)
        Whether there is one.
    """
    one, other, met = _meet(market, score, game, one, other)
    for _ in range(_ENDS):
        lanes = np.flatnonzero(~met)
        if lanes.size == 0:
            break
        a, b = one.take(lanes), other.take(lanes)
        with np.errstate(all="ignore"):
            gap, rate = lead(a, b)
            way = np.sign(-gap / rate)
        share = np.clip(a.share + 1e-4 * way, market.low, market.high)
        share = np.where(np.isfinite(share), share, a.share)
        new_a, holds = _move(market, score, game[lanes], a, share)
        leader, found = optima(game[lanes], share)
        ahead = leader.measure.profits[0] > new_a.measure.profits[0]
        go = np.flatnonzero(holds & found & ahead)
        if go.size == 0:
            break
        started, following, together = _meet(
            market, score, game[lanes[go]], new_a.take(go), leader.take(go)
        )
        one, other = one.put(lanes[go], started), other.put(lanes[go], following)
        met = met.copy()
        met[lanes[go]] = together
    return one, other, met


def _move(
    market: Market, score: Score, game: NDArray[np.int64], state: State, share: Array
) -> tuple[State, NDArray[np.bool_]]:
    """Follow branches to other shares."""
    start = predict(state.points, Ends.of(state, np.ones(share.shape, dtype=bool)), share)
    return follow(market, game, score, start)


def _meet(
    market: Market, score: Score, game: NDArray[np.int64], one: State, other: State
) -> tuple[State, State, NDArray[np.bool_]]:
    """Newton's method on the difference of the leader's payoffs along two branches."""
    met = np.zeros(game.size, dtype=bool)
    damp = np.ones(game.size)
    for _ in range(_STEPS):
        lanes = np.flatnonzero(~met & (damp > _DAMPED))
        if lanes.size == 0:
            break
        a, b = one.take(lanes), other.take(lanes)
        with np.errstate(all="ignore"):
            gap, rate = lead(a, b)
            step = np.clip(-gap / rate, -0.1, 0.1)
        share = np.clip(a.share + damp[lanes] * step, market.low, market.high)
        close = np.abs(gap) <= 4e-16 * a.measure.turnover
        close |= np.abs(step) <= 2e-16 * share
        new_a, holds_a = _move(market, score, game[lanes], a, share)
        new_b, holds_b = _move(market, score, game[lanes], b, share)
        fine = np.isfinite(share) & holds_a & holds_b
        met[lanes[close]] = True
        # a branch that ends before the next share: a shorter step
        damp[lanes] = np.where(fine, 1.0, 0.5 * damp[lanes])
        go = np.flatnonzero(fine & ~close)
        one = one.put(lanes[go], new_a.take(go))
        other = other.put(lanes[go], new_b.take(go))
    return one, other, met
