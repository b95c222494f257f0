"""The most that specialists can earn at a given base level: branch and bound over contributions."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from opt_games.certificates.far_levels import FARTHEST, far_contributions
from opt_games.certificates.intervals import Array
from opt_games.certificates.limits import contribution_limits
from opt_games.certificates.payments import own_bounds
from opt_games.certificates.payoffs import Region
from opt_games.certificates.replies import Boxes, Contest, Rows

_ROUNDS = 80
_FINEST = 1e-15


@dataclass(frozen=True)
class Replies:
    """What specialists of one form can earn at most, and a contribution that pays well.

    Attributes
    ----------
    upper, lower : ndarray, shape (members,)
        Nothing earns more; something earns at least that. `upper` is infinite where nothing is
        proven.
    at : ndarray, shape (attributes, members)
        Contributions that earn `lower`.
    boxes : int
    reason : str
    farthest : float
        Nothing is known of levels higher than that.
    """

    upper: Array
    lower: Array
    at: Array
    boxes: int
    reason: str = ""
    farthest: float = np.inf


def best_replies(
    contest: Contest, region: Region, base: Array, worth: Array, target: float, deadline: float
) -> Replies:
    """Bound what every specialist of a form can earn by any final level.

    Parameters
    ----------
    contest : Contest
    region : Region
        The one that the base level is in.
    base : ndarray, shape (attributes,)
    worth : ndarray, shape (members,)
        What they earn already, at least.
    target : float
        How close the bounds shall come.
    deadline : float
        Of `time.monotonic`.
    """
    members = contest.form.members.size
    lower = np.full(members, -np.inf)
    at = np.zeros((base.size, members))
    limit = contribution_limits(contest, replace(region, low=base), base)
    farthest = np.inf
    if limit is None and base.size == 1:
        limit = far_contributions(contest, Boxes(base[:, None], base[:, None]))
        farthest = FARTHEST
    if limit is None or not np.isfinite(limit).all():
        reason = "no limit on the final levels worth considering could be proven"
        return Replies(np.full(members, np.inf), lower, at, 0, reason)
    boxes = Boxes(base[:, None], base[:, None])
    none = np.zeros(members, dtype=int)
    rows = Rows(none, np.arange(members), np.zeros(limit.shape), limit)
    upper = np.full(members, -np.inf)
    count = 0
    for turn in range(_ROUNDS):
        rows = contest.refine(boxes, rows, 1, finest=_FINEST * float(np.max(limit)))
        count += rows.size
        if not rows.size:
            break
        references, _ = contest.reference(boxes, rows)
        found = contest.guaranteed(boxes, references)
        better = found > lower[references.member]
        lower[references.member[better]] = found[better]
        at[:, references.member[better]] = references.low[:, better]
        most = own_bounds(contest, boxes, rows)
        stops = most <= np.maximum(worth, lower)[rows.member] + target
        last = turn == _ROUNDS - 1 or time.monotonic() > deadline
        gone = np.ones_like(stops) if last else stops
        np.maximum.at(upper, rows.member[gone], most[gone])
        rows = rows.take(~gone)
    return Replies(upper, lower, at, count, "", farthest)
