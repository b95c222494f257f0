"""Best responses of very many followers to a base level and a share, in columns."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.forms import STAY, FollowerForm

_PASSES = 6  # of the whole chunk; then of those only that have not settled
_SLOW_PASSES = 120
_WILLING = 1e-12  # of turnover: rounding when a follower decides whether to take part
_NUDGE = 1.001
_SMALLEST = 1e-300
SETTLED = 1e-7
"""A Newton step at which to stop: what is left after it is its square."""


@dataclass(frozen=True)
class Chunk:
    """Followers of one form, few enough for a cache.

    Attributes
    ----------
    form : FollowerForm
    members : ndarray of int
        Their positions among all followers.
    parameters : tuple of ndarray, shape (members,)
    outside : ndarray, shape (members,)
        What each earns when it abstains.
    weight : ndarray, shape (members,)
        How many followers each stands for.
    """

    form: FollowerForm
    members: NDArray[np.int64]
    parameters: tuple[Array, ...]
    outside: Array
    weight: Array

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Chunk:
        """Return some of the members, also repeatedly."""
        return Chunk(
            self.form,
            self.members[rows],
            tuple(each[rows] for each in self.parameters),
            self.outside[rows],
            self.weight[rows],
        )


@dataclass(frozen=True)
class Found:
    """Best responses of a chunk; arrays of shape (members,), see `Reply`.

    `marginal` is what revenue changes with the base level, `gain` what taking part is better than
    abstaining.
    """

    extra: Array
    revenue: Array
    marginal: Array
    profit: Array
    contributes: NDArray[np.bool_]
    takes: NDArray[np.bool_]
    gain: Array
    settled: bool

    def paid(self, share: Array | float) -> tuple[Array, Array]:
        """Return the leader's part of revenue and of marginal revenue, at the same shares."""
        # a leader without a share gets nothing of marginal revenue that may be infinite
        paying = np.asarray(share) > 0.0
        with np.errstate(invalid="ignore"):
            return (
                np.where(paying, share * self.revenue, 0.0),
                np.where(paying, share * self.marginal, 0.0),
            )


def respond(
    chunk: Chunk,
    base: Array | float,
    share: Array | float,
    start: Array,
    settled_at: float = SETTLED,
) -> Found:
    """Find the best responses of a chunk, by Newton's method from `start`.

    Payoffs must be concave in the contribution. The shape of `start` is (..., members), and `base`
    and `share` broadcast to it.
    """
    form, kept = chunk.form, 1.0 - np.asarray(share)
    shape = start.shape
    at = dict(zip(STAY, form.stay(base, *chunk.parameters), strict=True))
    with np.errstate(all="ignore"):
        adds = kept * at["marginal_revenue"] > at["marginal_cost"]
    adds = np.broadcast_to(adds & (kept > 0), shape)
    extra = np.where((start > 0) & np.isfinite(start), start, 1.0)
    open_ = adds
    marginal = np.zeros(shape)
    for _ in range(_PASSES):
        step, _, _, slope = form.respond(base, extra, share, *chunk.parameters)
        good = np.isfinite(step)
        marginal = slope
        moved = np.where(adds & good, step, 0.0)
        extra = extra * np.exp(moved)
        open_ = adds & ~(np.abs(step) < settled_at)
        if not open_.any():
            break
    settled = True
    if open_.any():
        part = chunk.take(np.nonzero(open_)[-1])
        there, share_there = (np.broadcast_to(each, shape)[open_] for each in (base, share))
        marginal = np.array(np.broadcast_to(marginal, shape))
        extra[open_], marginal[open_], settled = _safely(part, there, share_there, extra[open_])
    earned, spent = form.values(base, extra, *chunk.parameters)
    with np.errstate(all="ignore"):
        earned = np.where(adds, earned, at["revenue"])
        spent = np.where(adds, spent, at["cost"])
        marginal = np.where(adds, marginal, at["marginal_revenue"])
        mine = np.where(kept > 0, kept * earned, 0.0)
        profit = mine - spent
        slack = _WILLING * (np.abs(mine) + np.abs(spent) + np.abs(chunk.outside))
        takes = profit >= chunk.outside - slack
    return Found(
        extra,
        np.where(takes, earned, 0.0),
        np.where(takes, marginal, 0.0),
        np.where(takes, profit, chunk.outside),
        adds,
        takes,
        profit - chunk.outside,
        settled,
    )


def _safely(chunk: Chunk, base: Array, share: Array, extra: Array) -> tuple[Array, Array, bool]:
    """Bracketed Newton steps for those whose plain ones do not settle."""
    form, kept = chunk.form, 1.0 - share
    low, high = np.zeros(extra.shape), np.full(extra.shape, np.inf)
    marginal = np.zeros(extra.shape)
    done = np.zeros(extra.shape, dtype=bool)
    with np.errstate(all="ignore"):
        for _ in range(_SLOW_PASSES):
            step, _, _, slope = form.respond(base, extra, share, *chunk.parameters)
            marginal = np.where(done, marginal, slope)
            bad = ~np.isfinite(step) | (step == 0.0)
            if bad.any():
                # outside the domain of the logarithms: by the profit itself
                here = form.values(base, extra, *chunk.parameters)
                there = form.values(base, extra * _NUDGE, *chunk.parameters)
                rises = kept * (there[0] - here[0]) > there[1] - here[1]
                step = np.where(~np.isfinite(step), np.where(rises, 2.0, -2.0), step)
            low = np.where(step > 0, np.maximum(low, extra), low)
            high = np.where(step < 0, np.minimum(high, extra), high)
            after = extra * np.exp(step)
            middle = np.where(
                np.isinf(high),
                extra * math.e**2,
                np.where(low == 0.0, extra * math.e**-2, np.sqrt(low * high)),
            )
            after = np.where((after > low) & (after < high), after, middle)
            after = np.where(step == 0.0, extra, after)
            now = np.abs(after - extra) <= SETTLED * extra
            now &= np.abs(step) < 1e-6
            now |= np.isfinite(high) & (high - low <= 1e-15 * high)
            extra = np.where(done, extra, np.maximum(after, _SMALLEST))
            done |= now
            if done.all():
                break
    return extra, marginal, bool(done.all())
