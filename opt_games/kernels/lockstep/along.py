"""Along the share: the top of an objective on one branch, by its derivative.

All lanes go in lockstep. A lane is a stretch of shares with a known point on its branch at one end
or both; points at other shares follow by a tangent and Newton steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.lanes import Lanes
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.objective import Value
from opt_games.kernels.lockstep.optimum import TIE, consistent
from opt_games.kernels.lockstep.point import Measure, Points, converge

_STEPS = 12
_TRIALS = 60
_CLOSE = 1e-11  # in the share: the top is so near that the next step would be smaller
_HALVINGS = 12  # of a stretch of which one end is not known
_WIDTH = 1e-14
_CROSSED = 1e-10  # difference of two functions, relative to them, where they cross
_CHECKS = 4
_SLOW = 1e-5
_ROUGHNESS = 0.3
Score = Callable[[NDArray[np.int64], Points, Measure], Value]
"""From the games of lanes, points and measures to the objective."""


@dataclass(frozen=True)
class State(Lanes):
    """A settled point with all that belongs to it, one per lane."""

    points: Points
    measure: Measure
    value: Value

    @property
    def share(self) -> Array:
        """Shares, shape (lanes,)."""
        return self.points.share


@dataclass(frozen=True)
class Ends(Lanes):
    """One end of every stretch: what it takes to follow its branch.

    Attributes
    ----------
    known : ndarray of bool, shape (lanes,)
        Whether it is on the branch; else only the share counts.
    share, base, base_rate : ndarray, shape (lanes,)
        The rate is the relative change with the share.
    extra, extra_rate : ndarray, shape (followers, lanes)
    score, slope, piece : ndarray, shape (lanes,)
        The objective.
    parts, rates : ndarray, shape (parts, lanes)
        The functions of which it is the smallest.
    """

    known: NDArray[np.bool_]
    share: Array
    base: Array
    base_rate: Array
    extra: Array
    extra_rate: Array
    score: Array
    slope: Array
    piece: NDArray[np.int64]
    parts: Array
    rates: Array

    @classmethod
    def of(cls, state: State, known: NDArray[np.bool_]) -> Ends:
        """Read the ends off states."""
        points, measure, value = state.points, state.measure, state.value
        with np.errstate(all="ignore"):
            base_rate = measure.base_by_share / points.base
            extra_rate = measure.extra_by_share / points.extra
        return cls(
            known,
            points.share,
            points.base,
            np.where(np.isfinite(base_rate), base_rate, 0.0),
            points.extra,
            np.where(np.isfinite(extra_rate), extra_rate, 0.0),
            value.score,
            value.slope,
            value.piece,
            value.parts,
            value.rates,
        )

    def on(self, piece: NDArray[np.int64]) -> Ends:
        """Return the same ends, as points of other functions that are as small there."""
        lane = np.arange(piece.size)
        return replace(self, piece=piece, slope=self.rates[piece, lane])

    def moved(self, mask: NDArray[np.bool_], share: Array) -> Ends:
        """Return ends that are put to other shares, no longer known, where the mask holds."""
        return replace(self, share=np.where(mask, share, self.share), known=self.known & ~mask)


@dataclass(frozen=True)
class Stretches(Lanes):
    """Stretches of shares in which an objective may peak, one lane each.

    Attributes
    ----------
    game : ndarray of int, shape (lanes,)
    branch : Points
        Who contributes, stays or abstains, and how the leader's level is closed.
    low, high : Ends
        The objective rises from a known low end and falls towards a known high end.
    hope : ndarray, shape (lanes,)
        What the objective may reach.
    least, most : ndarray, shape (lanes,)
        Shares between which other branches may follow on this one.
    """

    game: NDArray[np.int64]
    branch: Points
    low: Ends
    high: Ends
    hope: Array
    least: Array
    most: Array


def follow(
    market: Market, game: NDArray[np.int64], score: Score, start: Points
) -> tuple[State, NDArray[np.bool_]]:
    """Settle points near their branches; tells where the branch holds there."""
    here = market.take(game)
    points, measure = converge(here, start, _STEPS)
    worth = score(game, points, measure)
    scale = measure.turnover + np.abs(here.outside[0])
    holds = consistent(here, points, measure)
    with np.errstate(invalid="ignore"):
        holds &= measure.profits[0] >= here.outside[0] - TIE * scale
    return State(points, measure, worth), holds


def predict(branch: Points, end: Ends, share: Array) -> Points:
    """Follow the tangent at an end to other shares."""
    change = share - end.share
    return replace(
        branch,
        share=share,
        base=end.base * np.exp(np.clip(end.base_rate * change, -1.0, 1.0)),
        extra=end.extra * np.exp(np.clip(end.extra_rate * change, -1.0, 1.0)),
    )


def _between(branch: Points, low: Ends, high: Ends, share: Array) -> Points:
    """Interpolate between two ends by a cubic in the logarithms."""
    width = high.share - low.share
    t = (share - low.share) / width
    with np.errstate(all="ignore"):

        def cubic(a: Array, b: Array, rate_a: Array, rate_b: Array) -> Array:
            change = np.log(b / a)
            first, last = rate_a * width, rate_b * width
            bend = t * (1.0 - t) * ((first - change) * (1.0 - t) - (last - change) * t)
            log = np.clip(t * change + bend, -5.0, 5.0)
            return a * np.exp(np.where(np.isnan(log), 0.0, log))

        base = cubic(low.base, high.base, low.base_rate, high.base_rate)
        extra = cubic(low.extra, high.extra, low.extra_rate, high.extra_rate)
    return replace(branch, share=share, base=base, extra=extra)


def continuous(low: Ends, high: Ends) -> NDArray[np.bool_]:
    """Whether two points on like branches can be ends of one curve without a jump between.

    The base level must change about as its derivatives at the ends say, and the objective must not
    rise where both ends fall.
    """
    with np.errstate(all="ignore"):

        def logit(share: Array) -> Array:
            return np.log(share / (1.0 - share))

        width = logit(high.share) - logit(low.share)
        change = np.log(high.base / low.base)
        first = low.base_rate * low.share * (1.0 - low.share) * width
        last = high.base_rate * high.share * (1.0 - high.share) * width
        off = np.abs(change - 0.5 * (first + last))
        smooth = ~(off > _ROUGHNESS * (np.abs(first) + np.abs(last)) + 1e-3)
        rise = (high.score - low.score) * np.sign(high.share - low.share)
        up = (low.slope > 0) & (high.slope > 0)
        down = (low.slope < 0) & (high.slope < 0)
        noise = 1e-12 * (1.0 + np.abs(low.score))
        return np.asarray(smooth & ~(up & (rise < -noise)) & ~(down & (rise > noise)))


def climb(
    market: Market, score: Score, stretches: Stretches, losses: int
) -> tuple[State, NDArray[np.bool_], Stretches]:
    """Find the top of the objective in stretches of shares.

    Parameters
    ----------
    market : Market
    score : function
    stretches : Stretches
    losses : int
        Trials beyond the end of a branch after which to stop.

    Returns
    -------
    state : State
        The top, or the last point known at which the branch holds.
    inside : ndarray of bool, shape (lanes,)
        Whether it is a zero of the derivative; else the branch ends, or the stretch.
    rest : Stretches
        What is left of each stretch.
    """
    game, branch = stretches.game, stretches.branch
    low, high = stretches.low, stretches.high
    lanes = np.arange(game.size)
    ends = [low, high]
    inside = np.zeros(game.size, dtype=bool)
    at_low = low.known.copy()
    lost = np.zeros(game.size, dtype=np.int64)
    both = low.known & high.known
    # the last two points, for the secant
    last = np.where(both, np.array([low.share, _lifted(low)]), np.nan)
    before = np.where(both, np.array([high.share, _lifted(high)]), np.nan)
    share = np.where(
        both, 0.5 * (low.share + high.share), np.where(low.known, high.share, low.share)
    )
    guess, _ = _guess(low, high, last, before)
    share = np.where(both, guess, share)
    checked = high.share - low.share
    for trial in range(_TRIALS):
        if lanes.size == 0:
            break
        both = low.known & high.known
        near_low = np.where(both, 2.0 * share <= low.share + high.share, low.known)
        near = high.where(near_low, low)
        start = predict(branch, near, share)
        start = start.where(both, _between(branch, low, high, share))
        state, holds = follow(market, game, score, start)
        here = Ends.of(state, holds)
        holds &= np.isfinite(here.score) & ((share == near.share) | continuous(near, here))
        here = replace(here, known=holds)
        rising, falling = holds & (here.slope > 0), holds & ~(here.slope > 0)
        # an unknown end towards which the branch still climbs: the top is there, or beyond
        at_end = (rising & (share == high.share)) | (falling & (share == low.share))
        lost = lost + ~holds
        lost_low = ~holds & ~low.known
        low = low.where(rising, here).moved(lost_low, share)
        high = high.where(falling, here).moved(~holds & ~lost_low, share)
        before = np.where(holds, last, before)
        last = np.where(holds, np.array([share, _lifted(here)]), last)
        at_low[lanes] = np.where(holds, rising, low.known)
        both = low.known & high.known
        guess, usable = _guess(low, high, last, before)
        width = high.share - low.share
        top = holds & (here.slope == 0.0)
        near_top = np.abs(guess - share) <= _CLOSE
        if low.parts.shape[0] > 1:
            # where two functions cross, the guess may be the last one again, from the other end
            crosses, apart, both_rise, both_fall = _apart(low, high, rising)
            crossed = crosses & (apart <= _CROSSED)
            near_top &= ~crosses | (crossed & ~both_rise & ~both_fall)
            guess = np.where(crosses & (guess == share), 0.5 * (low.share + high.share), guess)
            # where both rise, the one takes over from the other, and goes on rising
            low = low.where(crossed & both_rise, low.on(high.piece))
            high = high.where(crossed & both_fall, high.on(low.piece))
            guess = np.where(crossed & ~near_top, 0.5 * (low.share + high.share), guess)
        top |= holds & both & usable & near_top
        top &= ~at_end
        done = top | at_end | (width <= _WIDTH) | (lost > losses)
        done |= ~both & (trial >= _HALVINGS)
        inside[lanes[top]] = True
        share = np.where(both & usable, guess, 0.5 * (low.share + high.share))
        if trial % _CHECKS == _CHECKS - 1:
            # interpolation that does not shorten the stretch gives way to halving
            slow = both & (width > 0.25 * checked) & (width > _SLOW)
            share = np.where(slow, 0.5 * (low.share + high.share), share)
            checked = width
        whole = np.flatnonzero(done)
        if whole.size:
            ends = [
                end.put(lanes[whole], part.take(whole))
                for end, part in zip(ends, (low, high), strict=True)
            ]
            keep = np.flatnonzero(~done)
            lanes, game, branch = lanes[keep], game[keep], branch.take(keep)
            low, high = low.take(keep), high.take(keep)
            last, before = last[:, keep], before[:, keep]
            lost, share, checked = lost[keep], share[keep], checked[keep]
    rest = replace(stretches, low=ends[0], high=ends[1])
    near = ends[1].where(at_low, ends[0])
    state, holds = follow(
        market, stretches.game, score, predict(stretches.branch, near, near.share)
    )
    hope = state.value.score + np.abs(state.value.slope) * (ends[1].share - ends[0].share)
    holds &= np.isfinite(state.value.score)
    return state, inside & holds, replace(rest, hope=np.where(holds, hope, -np.inf))


def _lifted(end: Ends) -> Array:
    """Return the slope times share (1 - share): nearly straight also where it is infinite."""
    with np.errstate(invalid="ignore"):
        return np.asarray(end.slope * end.share * (1.0 - end.share))


def _guess(low: Ends, high: Ends, last: Array, before: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Guess where the slope is zero; tells where the guess is inside the stretch.

    By the secant through the last two points, or through the ends where that leads out; where two
    functions are the smallest by turns, where they cross.
    """
    a, b = low.share, high.share
    with np.errstate(all="ignore"):
        guess = last[0] - last[1] * (last[0] - before[0]) / (last[1] - before[1])
        up, down = _lifted(low), _lifted(high)
        through_ends = a - up * (b - a) / (down - up)
        guess = np.where((guess > a) & (guess < b), guess, through_ends)
        if low.parts.shape[0] > 1:
            guess = np.where(low.piece != high.piece, _crossing(low, high), guess)
        return guess, np.asarray((guess >= a) & (guess <= b))


def _apart(
    low: Ends, high: Ends, at_low: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Compare the functions that are smallest at the ends, at the end that is newer.

    Returns whether they differ, how far they are apart, and whether both rise or both fall.
    """
    lane = np.arange(low.share.size)
    here = high.where(at_low, low)
    gap = here.parts[low.piece, lane] - here.parts[high.piece, lane]
    one, other = here.rates[low.piece, lane], here.rates[high.piece, lane]
    with np.errstate(invalid="ignore"):
        apart = np.abs(gap) / (1.0 + np.abs(here.score))
    return low.piece != high.piece, apart, (one > 0) & (other > 0), (one < 0) & (other < 0)


def _crossing(low: Ends, high: Ends) -> Array:
    """Guess where the function smallest at the low end crosses the one smallest at the high end.

    By Newton's method from the end that is nearer, or the line through both ends.
    """
    lane = np.arange(low.share.size)

    def gap(end: Ends) -> tuple[Array, Array]:
        one, other = (low.piece, lane), (high.piece, lane)
        return end.parts[one] - end.parts[other], end.rates[one] - end.rates[other]

    (gap_low, rate_low), (gap_high, rate_high) = gap(low), gap(high)
    nearer = np.abs(gap_low) < np.abs(gap_high)
    newton = np.where(nearer, low.share - gap_low / rate_low, high.share - gap_high / rate_high)
    line = low.share - gap_low * (high.share - low.share) / (gap_high - gap_low)
    inside = (newton >= low.share) & (newton <= high.share)
    return np.where(inside, newton, line)
