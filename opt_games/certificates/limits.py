"""Levels beyond which nobody goes: proofs that boxes of finite size hold every best choice.

Unbounded levels are looked at along rays. A specialist's earnings fall beyond a contribution if
their slope along every ray is negative in the unbounded box behind it, or if they are concave there
and the slope is negative where it begins. The generalist's earnings fall if the specialists'
revenues grow by less, along every ray, than its own cost.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from opt_games.certificates.intervals import (
    Array,
    Interval,
    Mask,
    Places,
    add,
    multiply,
    point,
    subtract,
)
from opt_games.certificates.payoffs import Payoffs, Region
from opt_games.certificates.replies import Boxes, Contest, Rows

_SIZES = 2.0 ** np.arange(-12, 41)
_PIECES = {1: 1, 2: 48, 3: 6, 4: 3}  # of every side of the unit box, by number of attributes
_CASES = 60_000


def _rays(capped: Mask) -> tuple[Array, Array]:
    """Return pieces of the far sides of the unit box of uncapped levels, as boxes."""
    free = np.flatnonzero(~capped)
    cells = np.linspace(0.0, 1.0, _PIECES[free.size] + 1)
    low, high = [], []
    for side in range(free.size):
        others = [k for k in range(free.size) if k != side]
        for cell in product(range(cells.size - 1), repeat=len(others)):
            first, last = np.zeros(capped.size), np.zeros(capped.size)
            first[free[side]] = last[free[side]] = 1.0
            for k, number in zip(others, cell, strict=True):
                first[free[k]], last[free[k]] = cells[number], cells[number + 1]
            low.append(first)
            high.append(last)
    return np.array(low).T, np.array(high).T


def _along(rays: Interval, slopes: list[Interval]) -> Interval:
    """Enclose the slope along rays, whose directions are boxes of shape (attributes, rows)."""
    total = point(np.zeros(slopes[0][0].shape))
    for k, slope in enumerate(slopes):
        total = add(total, multiply((rays[0][k], rays[1][k]), slope))
    return total


def _bend(rays: Interval, second: list[list[Interval]]) -> Interval:
    """Enclose the second derivative along rays."""
    return _along(rays, [_along(rays, row) for row in second])


def contribution_limits(
    contest: Contest, region: Region, highest_base: Array, share: Interval | None = None
) -> Array | None:
    """Prove limits on contributions, shape (attributes, members); None if that fails."""
    capped = np.isfinite(region.room)
    members = contest.form.members.size
    limits = np.repeat(region.room[:, None], members, axis=1)
    if capped.all():
        return limits
    directions = _rays(capped)
    count = directions[0].shape[1]
    left = np.arange(members)
    for size in _SIZES:
        if not left.size:
            break
        done = np.ones(left.size, dtype=bool)
        step = max(1, _CASES // count)
        for start in range(0, left.size, step):
            some = left[start : start + step]
            done[start : start + step] = _falls(
                contest, region, highest_base, share, directions, some, float(size)
            )
        limits[np.ix_(~capped, left[done])] = size
        left = left[~done]
    return None if left.size else limits


def _falls(
    contest: Contest,
    region: Region,
    highest_base: Array,
    share: Interval | None,
    directions: tuple[Array, Array],
    members: Places,
    size: float,
) -> Mask:
    """Whether earnings fall along every ray beyond a size, by member."""
    count = directions[0].shape[1]
    rays = (np.tile(directions[0], members.size), np.tile(directions[1], members.size))
    capped = np.isfinite(region.room)[:, None]
    room = np.where(capped, region.room[:, None], 0.0)
    none = np.zeros(count * members.size, dtype=int)
    boxes = Boxes(region.low[:, None], highest_base[:, None], share)

    def rows(last: Array) -> Rows:
        return Rows(
            none,
            np.repeat(members, count),
            np.where(capped, 0.0, size * rays[0]),
            np.where(capped, room, last),
        )

    beyond = contest.slopes(boxes, rows(np.where(rays[1] > 0.0, np.inf, 0.0)))
    begin = contest.slopes(boxes, rows(size * rays[1]))
    falling = _along(rays, beyond.own)[1] < 0.0
    falling |= (_along(rays, begin.own)[1] < 0.0) & (_bend(rays, beyond.second)[1] <= 0.0)
    return np.asarray(falling.reshape(members.size, count).all(axis=1))


def base_limit(
    payoffs: Payoffs,
    region: Region,
    contests: tuple[Contest, ...],
    added: tuple[Array, ...],
    worth: float,
    share: Interval | None = None,
) -> Array | None:
    """Prove a limit on base levels, beyond which the generalist earns less than `worth`.

    Parameters
    ----------
    added : tuple of ndarray
        Limits on contributions, possibly infinite.
    """
    capped = np.isfinite(region.high)
    if capped.all():
        return region.high
    directions = _rays(capped)
    count = directions[0].shape[1]
    for size in _SIZES:
        corner = region.low[:, None]  # rays begin there, and so never leave the region
        low = corner + size * directions[0]
        ends = []
        for last in (size * directions[1], np.where(directions[1] > 0.0, np.inf, 0.0)):
            high = np.where(capped[:, None], region.high[:, None], corner + last)
            ends.append(Boxes(low, high, _same(share, count)))
        earned = point(np.zeros(count))
        growth = point(np.zeros(count))
        for contest, limit in zip(contests, added, strict=True):
            some, more = _most(contest, limit, ends[0], ends[1], directions)
            earned, growth = add(earned, some), add(growth, more)
        cost = payoffs.leader_cost(ends[0].low, ends[0].high)
        slopes = payoffs.leader_slopes(ends[1].low, ends[1].high)
        begin = payoffs.leader_slopes(ends[0].low, ends[0].high)
        d = payoffs.dimension
        second = [slopes[d * (k + 1) : d * (k + 2)] for k in range(d)]
        grows = _along(directions, slopes[:d])[0]
        convex = _bend(directions, second)[0] >= 0.0
        grows = np.where(convex, np.maximum(grows, _along(directions, begin[:d])[0]), grows)
        falling = growth[1] < grows
        if np.all(falling & (subtract(earned, cost)[1] < worth)):
            return np.where(capped, region.high, region.low + size)
    return None


def _same(share: Interval | None, count: int) -> Interval | None:
    if share is None:
        return None
    return np.broadcast_to(share[0], count), np.broadcast_to(share[1], count)


def _most(
    contest: Contest, limit: Array, begin: Boxes, beyond: Boxes, rays: tuple[Array, Array]
) -> tuple[Interval, Interval]:
    """Bound what specialists pay the generalist at most, and its growth along rays."""
    members, count = contest.form.members.size, begin.size
    box = np.repeat(np.arange(count), members)
    member = np.tile(np.arange(members), count)
    rows = Rows(box, member, np.zeros((limit.shape[0], box.size)), limit[:, member])
    _, lead, _ = contest.values(begin, rows)
    slopes = contest.slopes(beyond, rows).lead_base
    growth = _along((rays[0][:, box], rays[1][:, box]), slopes)
    most = total(box, (np.zeros(box.size), np.maximum(lead[1], 0.0)), count)
    more = total(box, (np.zeros(box.size), np.maximum(growth[1], 0.0)), count)
    return most, more


def total(box: Places, values: Interval, count: int) -> Interval:
    """Enclose sums of intervals by box."""
    terms = np.bincount(box, minlength=count)
    ends = []
    for sign, end in zip((-1.0, 1.0), values, strict=True):
        with np.errstate(invalid="ignore"):
            plain = np.bincount(box, weights=end, minlength=count)
            size = np.bincount(box, weights=np.abs(end), minlength=count)
            rounded = plain + sign * size * (terms + 2.0) * 2.0**-52
        ends.append(np.where(np.isnan(rounded), sign * np.inf, rounded))
    return ends[0], ends[1]
