"""The most that the generalist can earn, given the specialists' responses: branch and bound.

Boxes of base levels are bounded from above by what the specialists' enclosed responses leave the
generalist, as a range and, where responses are unique and smooth, from the middle of the box by the
slopes of the responses (second order in the size of the box). Boxes that cannot beat the best base
level found are set aside, the others are halved.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from opt_games.certificates.intervals import (
    Array,
    Domain,
    Interval,
    Mask,
    add,
    divide,
    multiply,
    negative,
    point,
    square,
    subtract,
)
from opt_games.certificates.limits import base_limit, contribution_limits, total
from opt_games.certificates.payoffs import Payoffs, Region
from opt_games.certificates.replies import Boxes, Contest, Rows, Slopes, concave, hull

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

    def take(self, which: Array) -> Queue:
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


def some_rows(rows: Rows, which: Array, count: int) -> Rows:
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
        high, added = found
        queue = first_boxes(region.low, high, added)
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

    def _bound(self, contests: Sequence[Contest], batch: Queue) -> Array:
        """Narrow the rows and bound a batch; return the side across which to halve each box."""
        boxes, count = batch.boxes, batch.boxes.size
        middle = Boxes(*(2 * [0.5 * (boxes.low + boxes.high)]))
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
            tilt = tilts(contest, boxes, rows, gains)
            smooth_ranges = add(smooth_ranges, _mixed(gains, at, tilt, count))
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
        side: Array = np.argmax(np.where(known, spread, width), axis=0)
        flat = width[side, np.arange(count)] == 0.0
        return np.where(flat, np.argmax(width, axis=0), side)


def search_window(
    payoffs: Payoffs,
    region: Region,
    contests: tuple[Contest, ...],
    worth: float,
    share: Interval | None = None,
) -> tuple[Array, tuple[Array, ...]] | str:
    """Prove limits on base levels and contributions, or say for whom that fails."""
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
    if base is None:
        return "no limit on the base levels worth considering could be proven"
    final = []
    for contest, limit in zip(contests, added, strict=True):
        if limit is None:
            limit = contribution_limits(contest, region, base, share)
        if limit is None:
            return "no limit on the final levels worth considering could be proven"
        final.append(limit)
    return base, tuple(final)


def first_boxes(
    low: Array, high: Array, added: Sequence[Array], cells: int | None = None
) -> Queue:
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


def _halves(batch: Queue, side: Array) -> tuple[Queue, Mask]:
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


@dataclass(frozen=True)
class Paid:
    """What specialists pay the generalist in boxes of base levels.

    Attributes
    ----------
    total : interval per box, over all specialists
    hulls : Rows
        The pairs of box and specialist, with the hull of their rows.
    low, high : ndarray
        By pair.
    if_taking : ndarray
        By pair, what it pays at most if it takes part.
    takes, may_take : ndarray of bool
        Whether the specialist takes part everywhere, or possibly somewhere, in the box.
    own : interval per pair
        What the specialist earns at best, if it takes part.
    performance : interval per pair
    """

    total: Interval
    hulls: Rows
    low: Array
    high: Array
    if_taking: Array
    takes: Mask
    may_take: Mask
    own: Interval
    performance: Interval


def paid(contest: Contest, boxes: Boxes, rows: Rows) -> Paid:
    """Bound what specialists pay the generalist when all respond at their best."""
    pairs, number = hull(rows, contest._key(rows))
    _, lead, performance = contest.values(boxes, rows)
    best = _greatest(number, own_bounds(contest, boxes, rows), pairs.size)
    references, order = contest.reference(boxes, rows)
    surely = np.empty(pairs.size)
    surely[number] = contest.guaranteed(boxes, references)[order]
    # free riding costs nothing, to the last digit: who is indifferent takes part
    (least, _), *_ = contest.values(boxes, replace(pairs, high=pairs.low))
    surely = np.maximum(surely, least)
    outside = contest.form.outside[pairs.member]
    takes, may_take = surely >= outside, best >= outside
    high = _greatest(number, lead[1], pairs.size)
    low = -_greatest(number, -lead[0], pairs.size)
    most = _greatest(number, performance[1], pairs.size)
    least = -_greatest(number, -performance[0], pairs.size)
    taking = high
    high = np.where(takes, high, np.maximum(np.where(may_take, high, 0.0), 0.0))
    low = np.where(takes, low, np.minimum(np.where(may_take, low, 0.0), 0.0))
    whole = total(pairs.box, (low, high), boxes.size)
    return Paid(whole, pairs, low, high, taking, takes, may_take, (surely, best), (least, most))


def own_bounds(contest: Contest, boxes: Boxes, rows: Rows) -> Array:
    """Bound from above what specialists earn by the contributions of a row, if they take part."""
    (_, plain), *_ = contest.values(boxes, rows)
    middle = 0.5 * (rows.low + rows.high)
    center, *_ = contest.values(boxes, Rows(rows.box, rows.member, middle, middle))
    for k, slope in enumerate(contest.slopes(boxes, rows).own):
        span = subtract((rows.low[k], rows.high[k]), point(middle[k]))
        center = add(center, multiply(slope, span))
    return np.minimum(plain, center[1])


def _greatest(number: Array, values: Array, count: int) -> Array:
    result = np.full(count, -np.inf)
    np.maximum.at(result, number, values)
    return result


@dataclass(frozen=True)
class Tilt:
    """How what a pair pays changes with the base level, where that is known; else it is not used.

    `slopes` are by attribute an interval per pair, zero for pairs that are not `known`.
    """

    box: Array
    known: Mask
    slopes: list[Interval]


def tilts(contest: Contest, boxes: Boxes, rows: Rows, gains: Paid) -> Tilt:
    pairs = gains.hulls
    at = contest.slopes(boxes, pairs)
    known = concave(at.second) & gains.may_take
    d = pairs.low.shape[0]
    moves = _response_slopes(at, pairs)
    slopes = []
    for k in range(d):
        slope = at.lead_base[k]
        for s in range(d):
            slope = add(slope, multiply(at.lead[s], moves[s][k]))
        # one that may abstain pays at most the greater of 0 and what it pays if it takes part
        unsure = ~gains.takes
        slope = (
            np.where(unsure, np.minimum(slope[0], 0.0), slope[0]),
            np.where(unsure, np.maximum(slope[1], 0.0), slope[1]),
        )
        slopes.append(slope)
    for low, high in slopes:
        known &= np.isfinite(low) & np.isfinite(high)
    zero = [(np.where(known, low, 0.0), np.where(known, high, 0.0)) for low, high in slopes]
    return Tilt(pairs.box, known, zero)


def _mixed(gains: Paid, at: Paid, tilt: Tilt, count: int) -> Interval:
    """Sum what pairs with known slopes pay at the middle, and the most that others pay."""
    size = int(max(gains.hulls.member.max(initial=0), at.hulls.member.max(initial=0))) + 1
    here = np.full(count * size, np.inf)
    here[at.hulls.box * size + at.hulls.member] = at.if_taking
    middle = here[gains.hulls.box * size + gains.hulls.member]
    # who abstains at the middle may take part elsewhere in the box, and jumps in between
    middle = np.where(gains.takes, middle, np.maximum(middle, 0.0))
    high = np.where(tilt.known, middle, gains.high)
    return total(gains.hulls.box, (np.zeros(high.size), high), count)


def _response_slopes(at: Slopes, pairs: Rows) -> list[list[Interval]]:
    """Enclose the slopes of contributions in base levels, for payoffs that are concave.

    By implicit differentiation of the first-order condition, for every set of contributions that
    may be above their bound. For more than two attributes nothing is known.
    """
    d = pairs.low.shape[0]
    zero = point(np.zeros(pairs.size))
    free = [pairs.low[k] > 0.0 for k in range(d)]
    fixed = [pairs.high[k] == 0.0 for k in range(d)]
    domain = Domain()
    if d == 1:
        slope = negative(divide(at.cross[0][0], at.second[0][0], domain))
        return [[_either(zero, slope, ~free[0], ~fixed[0])]]
    if d > 2:
        nothing = (np.full(pairs.size, -np.inf), np.full(pairs.size, np.inf))
        return [[nothing] * d for _ in range(d)]
    (a, b), (_, c) = at.second
    determinant = subtract(multiply(a, c), square(b))
    result = []
    for k in range(d):
        row = []
        for base in range(d):
            own, other = at.cross[k][base], at.cross[1 - k][base]
            mine, its = (a, c) if k == 0 else (c, a)
            alone = negative(divide(own, mine, domain))
            both = divide(
                subtract(multiply(b, other), multiply(its, own)), determinant, domain
            )
            slope = _either(zero, _either(alone, both, ~free[1 - k], ~fixed[1 - k]), ~free[k],
                            ~fixed[k])  # fmt: skip
            row.append(slope)
        result.append(row)
    return result


def _either(one: Interval, other: Interval, may_one: Mask, may_other: Mask) -> Interval:
    """Return the hull of those of two intervals that are possible."""
    low = np.minimum(np.where(may_one, one[0], np.inf), np.where(may_other, other[0], np.inf))
    high = np.maximum(np.where(may_one, one[1], -np.inf), np.where(may_other, other[1], -np.inf))
    return low, high
