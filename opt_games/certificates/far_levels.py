"""Limits on levels from pieces: where nothing can be said of unbounded boxes at once.

Levels up to `FARTHEST` are covered with pieces, each twice as long as the one before. In a piece a
quotient such as ``x**2 / (1 + x**2)`` is bounded, which it is not by interval arithmetic in an
unbounded box. Nothing is proven of higher levels, and certificates say so.
"""

from __future__ import annotations

import numpy as np

from opt_games.certificates.intervals import Array, Interval, add, point, subtract
from opt_games.certificates.limits import total
from opt_games.certificates.payoffs import Payoffs, Region
from opt_games.certificates.replies import Boxes, Contest, Rows

FARTHEST = 2.0**100
_EDGES = np.concatenate([[0.0], 2.0 ** np.arange(-8, 101)])
# a contribution may be worth its while that is some times the base level
_ADDED = np.concatenate([[0.0], 2.0 ** np.arange(-8, 113)])


def far_window(
    payoffs: Payoffs,
    region: Region,
    contests: tuple[Contest, ...],
    worth: float,
    share: Interval | None = None,
) -> tuple[Array, tuple[Array, ...]] | None:
    """Prove limits on levels of one attribute, as `search_window` does, up to `FARTHEST`.

    Returns
    -------
    limit on base levels and, by form, limits on contributions, or None if that fails
    """
    if payoffs.dimension > 1 or np.isfinite(region.high[0]):
        return None
    edges = region.low[0] + _EDGES
    count = edges.size - 1
    ends = None if share is None else (share[0].repeat(count), share[1].repeat(count))
    boxes = Boxes(edges[None, :-1], edges[None, 1:], ends)
    limits = [far_contributions(contest, boxes) for contest in contests]
    earned = point(np.zeros(count))
    for contest, limit in zip(contests, limits, strict=True):
        members = contest.form.members.size
        box, member = np.divmod(np.arange(count * members), members)
        rows = Rows(box, member, np.zeros((1, box.size)), limit[box, member][None])
        _, lead, _ = contest.values(boxes, rows)
        most = np.maximum(np.where(np.isnan(lead[1]), np.inf, lead[1]), 0.0)
        earned = add(earned, total(box, (np.zeros(box.size), most), count))
    profit = subtract(earned, payoffs.leader_cost(boxes.low, boxes.high))[1]
    worse = (profit < worth)[::-1]
    kept = count - int(np.argmin(worse)) if not worse.all() else 1
    if kept == count:
        return None
    added = tuple(np.max(limit[:kept], axis=0)[None] for limit in limits)
    if not all(np.isfinite(each).all() for each in added):
        return None
    return edges[kept : kept + 1], added


def far_contributions(contest: Contest, boxes: Boxes) -> Array:
    """Bound contributions by box of base levels and specialist; infinite where that fails."""
    members, count, pieces = contest.form.members.size, boxes.size, _ADDED.size - 1
    limit = np.full((count, members), np.inf)
    for member in range(members):
        box, piece = np.divmod(np.arange(count * pieces), pieces)
        rows = Rows(box, np.full(box.size, member), _ADDED[piece][None], _ADDED[piece + 1][None])
        (slope,) = contest.slopes(boxes, rows).own
        falling = (slope[1] < 0.0).reshape(count, pieces)
        # the piece behind the last one in which earnings may still grow
        stops = pieces - np.argmin(falling[:, ::-1], axis=1)
        stops = np.where(falling.all(axis=1), 0, stops)
        limit[:, member] = np.where(stops < pieces, _ADDED[np.minimum(stops, pieces)], np.inf)
    return limit
