"""Along the share: the top of an objective on one branch, by its derivative.

All lanes go in lockstep. A lane is a stretch of shares with a known point on its branch at one end
or both; points at other shares follow by a tangent and Newton steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.objective import Value
from opt_games.kernels.lockstep.optimum import SETTLED, TIE, consistent, put, stack
from opt_games.kernels.lockstep.point import EDGE, Measure, Points, settle

_STEPS = 3
_TRIALS = 60
_LOSSES = 10  # trials beyond the end of a branch
_CLOSE = 1e-11
_WIDTH = 1e-14
Score = Callable[[NDArray[np.int64], Points, Measure], Value]
"""From the games of lanes, points and measures to the objective."""


@dataclass(frozen=True)
class State:
    """A settled point with all that belongs to it, one per lane."""

    points: Points
    measure: Measure
    value: Value

    def take(self, lanes: NDArray[np.int64]) -> State:
        """Return some of the lanes."""
        return State(self.points.take(lanes), self.measure.take(lanes), self.value.take(lanes))

    @property
    def share(self) -> Array:
        """Shares, shape (lanes,)."""
        return self.points.share


def put_state(whole: State, lanes: NDArray[np.int64], part: State) -> State:
    """Return states of which some lanes are replaced."""
    return State(
        put(whole.points, lanes, part.points),
        put(whole.measure, lanes, part.measure),
        put(whole.value, lanes, part.value),
    )


def join_states(parts: list[State]) -> State:
    """Put states behind each other."""
    joined: State = stack(parts)
    return joined


def predict(state: State, share: Array) -> Points:
    """Follow the tangent to other shares."""
    points, measure = state.points, state.measure
    with np.errstate(all="ignore"):
        change = share - points.share
        base = np.clip(measure.base_by_share * change / points.base, -1.0, 1.0)
        extra = np.clip(measure.extra_by_share * change / points.extra, -1.0, 1.0)
    return replace(
        points,
        share=share,
        base=points.base * np.exp(np.where(np.isnan(base), 0.0, base)),
        extra=points.extra * np.exp(np.where(np.isnan(extra), 0.0, extra)),
    )


def move(
    market: Market, games: NDArray[np.int64], score: Score, state: State, share: Array
) -> tuple[State, NDArray[np.bool_]]:
    """Go to other shares on the same branch; tells where the branch holds there."""
    here = market.take(games)
    points, measure = settle(here, predict(state, share), _STEPS)
    late = np.flatnonzero(~(measure.residual < SETTLED))
    if late.size:
        more, after = settle(here.take(late), points.take(late), 2 * _STEPS)
        points, measure = put(points, late, more), put(measure, late, after)
    holds = consistent(here, points, measure)
    worth = score(games, points, measure)
    scale = measure.turnover + np.abs(here.outside[0])
    with np.errstate(invalid="ignore"):
        # a leader at an edge would go lower if the follower let it
        holds &= (points.closure != EDGE) | (measure.slope <= 0)
        holds &= measure.profits[0] >= here.outside[0] - TIE * scale
        holds &= worth.score > -np.inf
    return State(points, measure, worth), holds


def climb(
    market: Market, games: NDArray[np.int64], score: Score, low: State, high: State, known: Array
) -> tuple[State, NDArray[np.bool_]]:
    """Find the top of the objective in stretches of shares.

    Parameters
    ----------
    market : Market
    games : ndarray of int, shape (lanes,)
    score : function
    low, high : State
        The ends of the stretches.
    known : ndarray of bool, shape (2, lanes)
        Whether the low and the high end are on the branch; of one that is not only the share
        counts. The objective rises from a known low end, falls towards a known high end.

    Returns
    -------
    state : State
        The top, or the last point at which the branch holds.
    inside : ndarray of bool, shape (lanes,)
        Whether it is a zero of the derivative; else the branch ends there.
    """
    lanes = np.arange(games.size)
    only_high = np.flatnonzero(~known[0])
    best = put_state(low, only_high, high.take(only_high))
    inside = np.zeros(games.size, dtype=bool)
    weight = np.ones((2, games.size))
    moved = np.zeros(games.size, dtype=np.int8)
    losses = np.zeros(games.size, dtype=np.int64)
    before = np.full(games.size, np.inf)
    for trial in range(_TRIALS):
        if lanes.size == 0:
            break
        share, both = _next(low, high, known, weight, first=trial == 0)
        width = high.share - low.share
        near_low = np.where(both, 2.0 * share <= low.share + high.share, known[0])
        start = _mix(high, low, near_low)
        state, holds = move(market, games[lanes], score, start, share)
        rising, falling = holds & (state.value.slope > 0), holds & ~(state.value.slope > 0)
        # an unknown end at which the branch still climbs: the top is there, or beyond
        at_end = (rising & (share == high.share)) | (falling & (share == low.share))
        losses = losses + ~holds
        done = holds & ((np.abs(share - before) <= _CLOSE) | (state.value.slope == 0.0))
        done |= at_end | (width <= _WIDTH) | (losses > _LOSSES)
        kept = np.flatnonzero(holds)
        best = put_state(best, lanes[kept], state.take(kept))
        inside[lanes[done]] = (holds & ~at_end)[done]
        # Illinois: an end that stays twice counts half
        weight = np.array(
            [
                np.where(falling & (moved == -1), 0.5 * weight[0], 1.0),
                np.where(rising & (moved == 1), 0.5 * weight[1], 1.0),
            ]
        )
        moved = np.where(rising, 1, np.where(falling, -1, 0)).astype(np.int8)
        lost_low = ~holds & ~known[0]
        low = _mix(low, state, rising)
        high = _mix(high, state, falling)
        low = _shorten(low, lost_low, share)
        high = _shorten(high, ~holds & ~lost_low, share)
        known = np.array([known[0] | rising, (known[1] | falling) & (holds | lost_low)])
        before = np.where(holds, share, before)
        keep = np.flatnonzero(~done)
        lanes, low, high, known = lanes[keep], low.take(keep), high.take(keep), known[:, keep]
        weight, moved = weight[:, keep], moved[keep]
        losses, before = losses[keep], before[keep]
    return best, inside


def _mix(one: State, other: State, use_other: NDArray[np.bool_]) -> State:
    """Choose between two states lane by lane."""
    return State(
        *(
            type(a)(
                *(
                    np.where(use_other, getattr(b, each.name), getattr(a, each.name))
                    for each in fields(a)
                )
            )
            for a, b in (
                (one.points, other.points),
                (one.measure, other.measure),
                (one.value, other.value),
            )
        )
    )


def _shorten(state: State, which: NDArray[np.bool_], share: Array) -> State:
    points = replace(state.points, share=np.where(which, share, state.points.share))
    return replace(state, points=points)


def _next(
    low: State, high: State, known: NDArray[np.bool_], weight: Array, *, first: bool
) -> tuple[Array, NDArray[np.bool_]]:
    """Pick the next shares: where the line through both slopes, or both tangents, says."""
    a, b = low.share, high.share
    both = known[0] & known[1]
    with np.errstate(all="ignore"):
        # times share (1 - share) a slope that is infinite at the ends is near a line
        up = low.value.slope * a * (1.0 - a) * weight[0]
        down = -high.value.slope * b * (1.0 - b) * weight[1]
        secant = a + (b - a) * up / (up + down)
        # where two functions are the smallest by turns, the top is where their tangents meet
        corner = low.value.piece != high.value.piece
        rise, fall = low.value.slope, high.value.slope
        meet = (high.value.score - low.value.score + rise * a - fall * b) / (rise - fall)
        guess = np.where(corner, meet, secant)
        usable = both & (guess > a) & (guess < b)
    middle = 0.5 * (a + b)
    if first:
        middle = np.where(both, middle, np.where(known[0], b, a))
    return np.where(usable, guess, middle), both
