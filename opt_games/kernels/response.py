"""Best responses of followers: global in each follower's own level, exact to rounding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.payoffs import FollowerGroup

# A follower stays in when it loses no more than this fraction of its turnover: rounding only.
PARTICIPATION_TOLERANCE = 1e-12
_NEWTON_STEPS = 120


class State(IntEnum):
    """How a follower's level is determined."""

    ABSTAIN = 0
    BASE = 1  # stays at the leader's level
    STATIONARY = 2  # own marginal payoff is zero
    CAP = 3  # at the largest level allowed
    KINK = 4  # at a corner of its own payoff (abs, min, max)


@dataclass(frozen=True)
class Responses:
    """Best responses of one group, every array of shape (members, cases, nodes).

    Attributes
    ----------
    contribution : final level minus base level
    state : `State` codes
    payoff : own profit, the outside option where it abstains
    revenue : of its domain, 0 where it abstains
    marginal_revenue, slope : d revenue / d final level, d final level / d base level
    """

    contribution: Array
    state: NDArray[np.int8]
    payoff: Array
    revenue: Array
    marginal_revenue: Array
    slope: Array


def best_responses(
    group: FollowerGroup, share: Array, base: Array, grid: Array, cap: float
) -> Responses:
    """Every member's best response at every base level.

    Parameters
    ----------
    group : FollowerGroup
    share : ndarray, shape (members, cases, 1)
        The leader's share of each member's revenue.
    base : ndarray, shape (1 or cases, nodes)
    grid : ndarray, shape (points,)
        Contributions at which the payoff is scanned, ascending from 0.
    cap : float
        Largest final level allowed.
    """
    shape = np.broadcast_shapes(share.shape, (1, *base.shape))
    start = _scan(group, share, base, grid, cap, shape)
    first = _refine(group, share, base, cap, shape, start.best)
    if start.second is None:
        return first
    second = _refine(group, share, base, cap, shape, start.second)
    return _better(first, second, share)


@dataclass(frozen=True)
class _Bracket:
    """Where a peak of the payoff lies: contributions left of, at and right of it."""

    left: Array
    peak: Array
    right: Array


@dataclass(frozen=True)
class _Scan:
    best: _Bracket
    second: _Bracket | None


def _scan(
    group: FollowerGroup,
    share: Array,
    base: Array,
    grid: Array,
    cap: float,
    shape: tuple[int, ...],
) -> _Scan:
    """Bracket the highest peak of the payoff, and the next where there are several."""
    contributions = np.minimum(grid, np.maximum(cap - base, 0.0)[..., None])
    # what rounding of the level would swallow is no contribution
    contributions = np.where(contributions < 1e-12 * base[..., None], 0.0, contributions)
    level = base[..., None] + contributions
    parameters = tuple(values[..., None] for values in group.parameters)
    earned, spent = group.values(level, base[..., None], *parameters)
    with np.errstate(all="ignore"):
        payoff = (1.0 - share)[..., None] * earned - spent
    payoff = np.broadcast_to(np.where(np.isnan(payoff), -np.inf, payoff), (*shape, grid.size))
    contributions = np.broadcast_to(contributions, payoff.shape)
    # the last of equal values: an indifferent follower does what the leader prefers
    best = grid.size - 1 - np.argmax(payoff[..., ::-1], axis=-1)
    rising = payoff[..., 1:] > payoff[..., :-1]
    falling = payoff[..., 1:] < payoff[..., :-1]
    peaks = np.zeros(payoff.shape, dtype=bool)
    peaks[..., 0] = falling[..., 0]
    peaks[..., -1] = rising[..., -1]
    peaks[..., 1:-1] = rising[..., :-1] & ~rising[..., 1:]
    second = None
    if np.any(peaks.sum(axis=-1) > 1):
        np.put_along_axis(peaks, best[..., None], False, axis=-1)
        rest = np.where(peaks, payoff, -np.inf)
        second = _bracket(contributions, np.argmax(rest, axis=-1))
    return _Scan(_bracket(contributions, best), second)


def _bracket(contributions: Array, index: NDArray[np.int64]) -> _Bracket:
    def pick(k: NDArray[np.int64]) -> Array:
        clipped = np.clip(k, 0, contributions.shape[-1] - 1)
        return np.take_along_axis(contributions, clipped[..., None], axis=-1)[..., 0]

    return _Bracket(pick(index - 1), pick(index), pick(index + 1))


def _refine(
    group: FollowerGroup,
    share: Array,
    base: Array,
    cap: float,
    shape: tuple[int, ...],
    bracket: _Bracket,
) -> Responses:
    """Place the peak to rounding, and decide whether the follower takes part."""
    cells = _Cells.spread(group, share, base, shape)
    left, peak, right = (side.ravel() for side in (bracket.left, bracket.peak, bracket.right))
    room = np.maximum(cap - cells.base, 0.0)
    marginal, _ = cells.marginal(peak)
    with np.errstate(invalid="ignore"):
        low = np.where(marginal >= 0, peak, left)
        high = np.where(marginal >= 0, right, peak)
    at_base = peak == 0.0
    if at_base.any():
        # the marginal payoff at the base can be 0, infinite or undefined: ask just above it, too,
        # but not so close that rounding of the level swallows the step
        probe = np.maximum(1e-6 * right, 1e-12 * cells.base)
        above, _ = cells.marginal(np.where(at_base, probe, peak))
        with np.errstate(invalid="ignore"):
            contributes = (marginal > 0) | (~(marginal < 0) & (above >= 0))
        at_base &= ~contributes
        low = np.where(peak == 0.0, 0.0, low)
        high = np.where(peak == 0.0, right, high)
    with np.errstate(invalid="ignore"):
        at_cap = (peak >= room) & (marginal >= 0) & ~at_base
    inside = ~(at_base | at_cap)
    contribution = np.where(at_base, 0.0, peak)
    kink = np.zeros(contribution.shape, dtype=bool)
    if inside.any():
        found, kink[inside] = _stationary(cells.select(inside), low[inside], high[inside])
        contribution[inside] = found
    state = np.where(at_base, State.BASE, np.where(at_cap, State.CAP, State.STATIONARY))
    state = np.where(kink, State.KINK, state)
    earned, spent = cells.values(contribution)
    payoff = cells.kept * earned - spent
    turnover = np.abs(cells.kept * earned) + np.abs(spent) + np.abs(cells.outside)
    margin = PARTICIPATION_TOLERANCE * turnover
    out = ~(payoff >= cells.outside - margin)
    indifferent = np.abs(payoff - cells.outside) <= margin
    earned1, _, earned2, spent2, cross = cells.second(contribution)
    with np.errstate(all="ignore"):
        slope = cross / (cells.kept * earned2 - spent2)
    slope = np.where(state == State.BASE, 1.0, np.where(state == State.CAP, 0.0, slope))
    slope = np.where(state == State.KINK, np.nan, slope)
    return Responses(
        contribution.reshape(shape),
        np.where(out, State.ABSTAIN, state).astype(np.int8).reshape(shape),
        np.where(out | indifferent, cells.outside, payoff).reshape(shape),
        np.where(out, 0.0, earned).reshape(shape),
        np.where(out, 0.0, earned1).reshape(shape),
        np.where(out, 0.0, slope).reshape(shape),
    )


def _better(first: Responses, second: Responses, share: Array) -> Responses:
    """Choose the peak with the higher payoff; on a tie the one that pays the leader more."""
    scale = np.abs(first.payoff) + np.abs(first.revenue)
    margin = PARTICIPATION_TOLERANCE * scale
    with np.errstate(invalid="ignore"):
        higher = second.payoff > first.payoff + margin
        tied = np.abs(second.payoff - first.payoff) <= margin
        use = higher | (tied & (share * second.revenue > share * first.revenue))
    return Responses(
        *(
            np.where(use, b, a)
            for a, b in (
                (first.contribution, second.contribution),
                (first.state, second.state),
                (first.payoff, second.payoff),
                (first.revenue, second.revenue),
                (first.marginal_revenue, second.marginal_revenue),
                (first.slope, second.slope),
            )
        )
    )


@dataclass(frozen=True)
class _Cells:
    """A flat list of (member, case, node) cells with everything a formula needs."""

    group: FollowerGroup
    kept: Array
    base: Array
    outside: Array
    parameters: tuple[Array, ...]

    @classmethod
    def spread(
        cls, group: FollowerGroup, share: Array, base: Array, shape: tuple[int, ...]
    ) -> _Cells:
        def flat(values: Array) -> Array:
            return np.broadcast_to(values, shape).ravel()

        return cls(
            group,
            flat(1.0 - share),
            flat(base),
            flat(group.outside),
            tuple(flat(values) for values in group.parameters),
        )

    def select(self, mask: NDArray[np.bool_]) -> _Cells:
        return _Cells(
            self.group,
            self.kept[mask],
            self.base[mask],
            self.outside[mask],
            tuple(values[mask] for values in self.parameters),
        )

    def _apply(self, function: str, contribution: Array) -> tuple[Array, ...]:
        formula = getattr(self.group, function)
        results = formula(self.base + contribution, self.base, *self.parameters)
        return tuple(np.broadcast_to(result, contribution.shape) for result in results)

    def values(self, contribution: Array) -> tuple[Array, ...]:
        return self._apply("values", contribution)

    def second(self, contribution: Array) -> tuple[Array, ...]:
        return self._apply("second", contribution)

    def marginal(self, contribution: Array) -> tuple[Array, Array]:
        """Marginal payoff, and the size of the terms it is the difference of."""
        earned, spent = self._apply("first", contribution)
        with np.errstate(all="ignore"):
            # a share of nothing is nothing, also where marginal revenue is infinite
            gain = np.where(self.kept == 0.0, 0.0, self.kept * earned)
            return gain - spent, np.abs(gain) + np.abs(spent)


def _stationary(cells: _Cells, low: Array, high: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Zeros of the marginal payoff in log contribution: Newton, kept inside a bracket.

    Returns the zeros and which of them are jumps of sign (kinks) instead.
    """
    result = np.where(low > 0, np.sqrt(low * high), 0.1 * high)
    todo = np.arange(result.size)
    here = cells
    y = result.copy()
    before = last = np.full(y.shape, np.inf)
    for _ in range(_NEWTON_STEPS):
        earned1, spent1, earned2, spent2, _ = here.second(y)
        with np.errstate(all="ignore"):
            marginal = np.where(here.kept == 0.0, 0.0, here.kept * earned1) - spent1
            curvature = np.where(here.kept == 0.0, 0.0, here.kept * earned2) - spent2
            up = marginal >= 0
            low = np.where(up, y, low)
            high = np.where(up, high, y)
            new = y * np.exp(-marginal / (curvature * y))
            middle = np.where(low > 0, np.sqrt(low * high), 1e-3 * high)
            # a step must be half of the one before the last, or the bracket is halved instead
            stride = np.abs(new - y)
            usable = np.isfinite(new) & (new > low) & (new < high) & (stride <= 0.5 * before)
        rounding = 4e-16 * (here.base + y)
        settled = (marginal == 0.0) & (curvature < 0)
        new = np.where(settled, y, np.where(usable, new, middle))
        done = settled | (usable & (np.abs(new - y) <= rounding)) | (high - low <= rounding)
        result[todo] = new
        if done.all():
            break
        keep = ~done
        before, last = last[keep], np.where(usable, stride, high - low)[keep]
        todo, y, low, high = todo[keep], new[keep], low[keep], high[keep]
        here = here.select(keep)
    marginal, terms = cells.marginal(result)
    _, _, earned2, spent2, _ = cells.second(result)
    with np.errstate(all="ignore"):
        rounding = np.abs(cells.kept * earned2 - spent2) * 1e-14 * (cells.base + result)
        kink = np.abs(marginal) > 1e-7 * terms + rounding
    return result, kink
