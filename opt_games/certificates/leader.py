"""The most that the generalist can earn, given the specialists' responses: branch and bound.

Boxes of base levels are bounded from above by what the specialists' enclosed responses leave the
generalist, as a range and, where responses are unique and smooth, from the middle of the box by the
slopes of the responses (second order in the size of the box). Boxes that cannot beat the best base
level found are set aside, the others are halved.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from opt_games.certificates.far_levels import FARTHEST, far_window
from opt_games.certificates.intervals import (
    Array,
    Interval,
    Mask,
    Places,
    add,
    multiply,
    negative,
    point,
    subtract,
)
from opt_games.certificates.limits import base_limit, contribution_limits, total
from opt_games.certificates.payments import paid, pay_at_middle, tilts
from opt_games.certificates.payoffs import Payoffs, Region
from opt_games.certificates.replies import Boxes, Contest, Rows

_ROWS_AT_A_TIME = 60_000
_FIRST_SPLIT = {1: 16, 2: 6, 3: 3, 4: 2}
_FINEST = 1e-13
_MOST_BOXES = 2_000_000


@dataclass(frozen=True)
class Bound:
    """What is proven of a player's greatest profit.

    Attributes
    ----------
    upper : float
        No choice earns more; infinite if nothing is proven.
    lower : float
        A choice that was found earns at least that.
    at : ndarray or None
        That choice.
    boxes : int
        How many were bounded.
    reason : str
        Why nothing is proven, or why the bounds are apart; empty if all is well.
    """

    upper: float
    lower: float
    at: Array | None
    boxes: int
    reason: str = ""


@dataclass
class Queue:
    """Boxes of one region that still may beat the best, with the rows of each contest."""

    boxes: Boxes
    upper: Array
    rows: list[Rows]

    def split_off(self, which: Mask) -> Queue:
        """Remove some boxes and return them."""
        chosen = self.take(np.flatnonzero(which))
        rest = self.take(np.flatnonzero(~which))
        self.boxes, self.upper, self.rows = rest.boxes, rest.upper, rest.rows
        return chosen

    def take(self, which: Places) -> Queue:
        """Return some boxes, in the order given."""
        rows = [some_rows(each, which, self.boxes.size) for each in self.rows]
        return Queue(self.boxes.take(which), self.upper[which], rows)

    def join(self, other: Queue) -> None:
        """Add boxes."""
        moved = [
            Rows(each.box + self.boxes.size, each.member, each.low, each.high)
            for each in other.rows
        ]
        self.rows = [
            Rows(*(np.concatenate([getattr(a, n), getattr(b, n)], axis=-1) for n in _FIELDS))
            for a, b in zip(self.rows, moved, strict=True)
        ]
        share: Interval | None = None
        if self.boxes.share is not None and other.boxes.share is not None:
            one, two = self.boxes.share, other.boxes.share
            share = (np.concatenate([one[0], two[0]]), np.concatenate([one[1], two[1]]))
        self.boxes = Boxes(
            np.concatenate([self.boxes.low, other.boxes.low], axis=1),
            np.concatenate([self.boxes.high, other.boxes.high], axis=1),
            share,
        )
        self.upper = np.concatenate([self.upper, other.upper])


_FIELDS = ("box", "member", "low", "high")


def some_rows(rows: Rows, which: Places, count: int) -> Rows:
    """Return the rows of some of `count` boxes, renumbered; a box may be asked for repeatedly."""
    order = np.argsort(rows.box, kind="stable")
    size = np.bincount(rows.box, minlength=count)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    length = size[which]
    number = np.repeat(np.arange(which.size), length)
    offset = np.arange(number.size) - np.repeat(np.cumsum(length) - length, length)
    picked = rows.take(order[np.repeat(start[which], length) + offset])
    return Rows(number, picked.member, picked.low, picked.high)


@dataclass
class LeaderSearch:
    """Branch and bound over the base levels of a game under a contract.

    Parameters
    ----------
    payoffs : Payoffs
    shares : ndarray, shape (specialists,)
    worth : float
        What the generalist has already, at least.
    target : float
        How close the bounds shall come.
    deadline : float
        Of `time.monotonic`.
    """

    payoffs: Payoffs
    shares: Array
    worth: float
    target: float
    deadline: float
    lower: float = -np.inf
    upper: float = -np.inf
    at: Array | None = None
    boxes: int = 0
    farthest: float = np.inf
    reasons: list[str] = field(default_factory=list)

    def run(self) -> Bound:
        """Bound the greatest profit over all base levels."""
        with np.errstate(all="ignore"):
            for region in self.payoffs.regions:
                self._search(region)
        return Bound(self.upper, self.lower, self.at, self.boxes, "; ".join(self.reasons))

    def _search(self, region: Region) -> None:
        contests = tuple(Contest(form, self.shares[form.members]) for form in region.forms)
        found = search_window(self.payoffs, region, contests, self.worth)
        if isinstance(found, str):
            self.reasons.append(found)
            self.upper = np.inf
            return
        self.farthest = min(self.farthest, found.farthest)
        queue = first_boxes(region.low, found.base, found.added)
        while queue.boxes.size:
            best = max(self.lower, self.worth)
            self._set_aside(queue, queue.upper <= best + self.target)
            if not queue.boxes.size:
                return
            if time.monotonic() > self.deadline or self.boxes > _MOST_BOXES:
                self.upper = max(self.upper, float(queue.upper.max()))
                self.reasons.append("the time limit, or the limit of boxes, was reached")
                return
            share = sum(each.size for each in queue.rows) / queue.boxes.size
            count = max(1, int(_ROWS_AT_A_TIME / max(share, 1.0)))
            if count < queue.boxes.size:
                chosen = np.zeros(queue.boxes.size, dtype=bool)
                chosen[np.argpartition(-queue.upper, count)[:count]] = True
                batch = queue.split_off(chosen)
            else:
                batch = queue.split_off(np.ones(queue.boxes.size, dtype=bool))
            side = self._bound(contests, batch)
            self.boxes += batch.boxes.size
            best = max(self.lower, self.worth)
            done = batch.upper <= best + self.target
            side = side[~done]
            self._set_aside(batch, done)
            halves, stuck = _halves(batch, side)
            if stuck.any():
                self.upper = max(self.upper, float(batch.upper[stuck].max()))
                self.reasons.append("a box too small to halve could not be bounded")
            queue.join(halves)

    def _set_aside(self, queue: Queue, which: Mask) -> None:
        if which.any():
            gone = queue.split_off(which)
            self.upper = max(self.upper, float(gone.upper.max()))

    def _bound(self, contests: Sequence[Contest], batch: Queue) -> Places:
        """Narrow the rows and bound a batch; return the side across which to halve each box."""
        boxes, count = batch.boxes, batch.boxes.size
        center = 0.5 * (boxes.low + boxes.high)
        middle = Boxes(center, center)
        ranges, smooth_ranges = point(np.zeros(count)), point(np.zeros(count))
        here = point(np.zeros(count))
        slopes = [negative(each) for each in self.payoffs.leader_slopes(boxes.low, boxes.high)]
        slopes = slopes[: self.payoffs.dimension]
        for k, contest in enumerate(contests):
            batch.rows[k] = rows = contest.refine(boxes, batch.rows[k], 2)
            gains = paid(contest, boxes, rows)
            ranges = add(ranges, gains.total)
            scale = float(np.max(np.abs(middle.high), initial=1.0))
            narrow = contest.refine(middle, rows, 4, finest=_FINEST * scale)
            at = paid(contest, middle, narrow)
            here = add(here, at.total)
            tilt = tilts(contest, boxes, gains)
            smooth_ranges = add(smooth_ranges, pay_at_middle(gains, at, tilt, count))
            slopes = [
                add(old, total(tilt.box, new, count))
                for old, new in zip(slopes, tilt.slopes, strict=True)
            ]
        cost = self.payoffs.leader_cost(boxes.low, boxes.high)
        upper = subtract(ranges, cost)[1]
        there = self.payoffs.leader_cost(middle.low, middle.high)
        value = subtract(here, there)
        rise = subtract(smooth_ranges, there)
        spread = np.zeros((self.payoffs.dimension, count))
        for k, slope in enumerate(slopes):
            aside = subtract((boxes.low[k], boxes.high[k]), point(middle.low[k]))
            step = multiply(slope, aside)
            rise = add(rise, step)
            spread[k] = step[1]
        batch.upper = np.minimum(batch.upper, np.minimum(upper, rise[1]))
        top = int(np.argmax(value[0]))
        if value[0][top] > self.lower:
            self.lower, self.at = float(value[0][top]), middle.low[:, top].copy()
        width = boxes.high - boxes.low
        known = np.all(np.isfinite(spread), axis=0)
        side = np.argmax(np.where(known, spread, width), axis=0)
        flat = width[side, np.arange(count)] == 0.0
        return np.asarray(np.where(flat, np.argmax(width, axis=0), side))


@dataclass(frozen=True)
class Window:
    """How far levels are worth looking at in one region.

    Attributes
    ----------
    base : ndarray, shape (attributes,)
        Base levels beyond are worse for the generalist than what it has.
    added : tuple of ndarray, shape (attributes, members)
        By form: contributions beyond are worse for the specialist than smaller ones.
    farthest : float
        Nothing is known of levels higher than that.
    """

    base: Array
    added: tuple[Array, ...]
    farthest: float = np.inf


def search_window(
    payoffs: Payoffs,
    region: Region,
    contests: tuple[Contest, ...],
    worth: float,
    share: Interval | None = None,
) -> Window | str:
    """Prove limits on base levels and contributions, or say that it fails."""
    infinite = np.full(payoffs.dimension, np.inf)
    endless = tuple(
        np.repeat(infinite[:, None], each.form.members.size, axis=1) for each in contests
    )
    anywhere = np.where(np.isfinite(region.high), region.high, np.inf)
    added = tuple(contribution_limits(each, region, anywhere, share) for each in contests)
    known = tuple(
        some if limit is None else limit for limit, some in zip(added, endless, strict=True)
    )
    base = base_limit(payoffs, region, contests, known, worth, share)
    if base is not None:
        again = tuple(
            contribution_limits(each, region, base, share) if limit is None else limit
            for each, limit in zip(contests, added, strict=True)
        )
        final = tuple(limit for limit in again if limit is not None)
        if len(final) == len(again):
            return Window(base, final)
    far = far_window(payoffs, region, contests, worth, share)
    if far is not None:
        return Window(*far, FARTHEST)
    return "no limit on the levels worth considering could be proven"


def first_boxes(low: Array, high: Array, added: Sequence[Array], cells: int | None = None) -> Queue:
    """Cover base levels with a first grid of boxes, with one row for every specialist."""
    cells = cells or _FIRST_SPLIT[low.size]
    sides = [
        np.linspace(a, b, cells + 1) if b > a else np.array([a, b])
        for a, b in zip(low, high, strict=True)
    ]
    for side, end in zip(sides, high, strict=True):
        side[-1] = end
    lower = np.meshgrid(*(side[:-1] for side in sides), indexing="ij")
    upper = np.meshgrid(*(side[1:] for side in sides), indexing="ij")
    boxes = Boxes(np.array([x.ravel() for x in lower]), np.array([x.ravel() for x in upper]))
    return Queue(boxes, np.full(boxes.size, np.inf), first_rows(boxes.size, added))


def first_rows(count: int, added: Sequence[Array]) -> list[Rows]:
    """Return one row for every specialist and each of `count` boxes, for each form."""
    rows = []
    for limit in added:
        box = np.repeat(np.arange(count), limit.shape[1])
        member = np.tile(np.arange(limit.shape[1]), count)
        rows.append(Rows(box, member, np.zeros((limit.shape[0], box.size)), limit[:, member]))
    return rows


def _halves(batch: Queue, side: Places) -> tuple[Queue, Mask]:
    """Halve every box; those that are too small to halve are left out, and told."""
    at = np.arange(batch.boxes.size)
    low, high = batch.boxes.low[side, at], batch.boxes.high[side, at]
    middle = 0.5 * (low + high)
    stuck = (middle <= low) | (middle >= high)
    kept = np.flatnonzero(~stuck)
    both = batch.take(np.concatenate([kept, kept]))
    count = kept.size
    first, second = np.arange(count), np.arange(count, 2 * count)
    both.boxes.high[side[kept], first] = middle[kept]
    both.boxes.low[side[kept], second] = middle[kept]
    return both, stuck
