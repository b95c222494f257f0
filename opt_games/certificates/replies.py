"""Where a specialist's best responses can lie, for whole boxes of base levels.

For every box of base levels and every specialist there are *rows*: boxes of contributions that
together hold all of its best responses, anywhere in the box. Rows are cut where the marginal payoff
has no zero and no bound is active, narrowed by an interval Newton step on the first-order
condition, and dropped where another contribution pays more throughout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from opt_games.certificates.intervals import (
    Array,
    Domain,
    Interval,
    Mask,
    Places,
    add,
    divide,
    multiply,
    point,
    subtract,
)
from opt_games.certificates.payoffs import Form, spread, unbounded

_MOST_ROWS = 48  # per box and specialist
_HALVINGS = 2


@dataclass(frozen=True)
class Boxes:
    """Boxes of base levels, of shape (attributes, boxes), and of the common share.

    `share` is an interval per box, or None where every specialist has a given one.
    """

    low: Array
    high: Array
    share: Interval | None = None

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.low.shape[1])

    def take(self, which: Places) -> Boxes:
        """Return some of them."""
        share = None if self.share is None else (self.share[0][which], self.share[1][which])
        return Boxes(self.low[:, which], self.high[:, which], share)


@dataclass(frozen=True)
class Rows:
    """Boxes of contributions, of shape (attributes, rows): whose, and to which box."""

    box: Places
    member: Places
    low: Array
    high: Array

    @property
    def size(self) -> int:
        """How many there are."""
        return int(self.box.size)

    def take(self, which: Places | Mask) -> Rows:
        """Return some of them."""
        return Rows(self.box[which], self.member[which], self.low[:, which], self.high[:, which])


@dataclass(frozen=True)
class Slopes:
    """Enclosed derivatives, one entry per row: see `Form.rates` for what they are of."""

    own: list[Interval]
    base: list[Interval]
    second: list[list[Interval]]
    cross: list[list[Interval]]
    lead: list[Interval]
    lead_base: list[Interval]


@dataclass(frozen=True)
class Contest:
    """Specialists of one form under a contract; `shares` are theirs where boxes have none."""

    form: Form
    shares: Array

    def _arguments(self, boxes: Boxes, rows: Rows, middle: bool) -> list[Interval]:
        low, high = boxes.low[:, rows.box], boxes.high[:, rows.box]
        if middle:
            low = high = 0.5 * (low + high)
        share: Interval
        if boxes.share is None:
            share = point(self.shares[rows.member])
        else:
            share = (boxes.share[0][rows.box], boxes.share[1][rows.box])
        numbers = [point(values[rows.member]) for values in self.form.parameters]
        return [
            *zip(rows.low, rows.high, strict=True),
            *zip(low, high, strict=True),
            share,
            *numbers,
        ]

    def values(self, boxes: Boxes, rows: Rows, middle: bool = False) -> list[Interval]:
        """Enclose own earnings, the generalist's, and performance.

        With `middle`, at the middle of the boxes of base levels.
        """
        found = self.form.values(*self._arguments(boxes, rows, middle))
        own, lead, performance = (spread(each, rows.size) for each in found.values)
        partial, nowhere = found.domain.partial, found.domain.nowhere
        own = (np.where(partial, -np.inf, own[0]), np.where(nowhere, -np.inf, own[1]))
        return [own, unbounded(lead, np.logical_and(partial, ~np.asarray(nowhere)), rows.size),
                performance]  # fmt: skip

    def slopes(self, boxes: Boxes, rows: Rows, middle: bool = False) -> Slopes:
        """Enclose all derivatives; without bounds where there are none."""
        found = self.form.rates(*self._arguments(boxes, rows, middle))
        domain, d = found.domain, rows.low.shape[0]
        kinked = np.logical_or(domain.partial, domain.kinked)
        values = list(found.values)

        def some(count: int, where: Mask) -> list[Interval]:
            part = [unbounded(each, where, rows.size) for each in values[:count]]
            del values[:count]
            return part

        own, base = some(d, domain.partial), some(d, domain.partial)
        second = [some(d, kinked) for _ in range(d)]
        cross = [some(d, kinked) for _ in range(d)]
        return Slopes(own, base, second, cross, some(d, domain.partial), some(d, domain.partial))

    def refine(
        self, boxes: Boxes, rows: Rows, rounds: int, *, split: bool = True, finest: float = 0.0
    ) -> Rows:
        """Narrow the rows without losing any best response.

        Parameters
        ----------
        rounds : int
        split : bool
            Whether rows may be halved that nothing else narrows.
        finest : float
            Rows narrower than that are left as they are.
        """
        for _ in range(rounds):
            if not rows.size:
                break
            before = np.max(rows.high - rows.low, axis=0)
            rows, kept = self._cut(boxes, rows)
            width = np.max(rows.high - rows.low, axis=0)
            base = np.max(boxes.high - boxes.low, axis=0)[rows.box]
            crowd = np.bincount(self.key(rows))[self.key(rows)] if rows.size else width
            stuck = (width > 0.5 * before[kept]) & (width > 4.0 * base) & (width > finest)
            stuck &= crowd < _MOST_ROWS
            if split and stuck.any():
                whole, pieces = rows.take(~stuck), rows.take(stuck)
                for _ in range(_HALVINGS):
                    pieces = _halved(pieces)
                pieces, _ = self._cut(boxes, pieces)
                rows = _joined(whole, pieces)
            rows = self._merge(boxes, self._compare(boxes, rows))
        return rows

    def key(self, rows: Rows) -> Places:
        """Return for every row the number of its pair of box and specialist."""
        key: Places = rows.box * self.form.members.size + rows.member
        return key

    def _cut(self, boxes: Boxes, rows: Rows) -> tuple[Rows, Mask]:
        """Apply the first-order condition; return what is left, and of which rows."""
        d = rows.low.shape[0]
        at = self.slopes(boxes, rows)
        kept = np.ones(rows.size, dtype=bool)
        low, high = rows.low.copy(), rows.high.copy()
        for k in range(d):
            falling = at.own[k][1] < 0.0
            kept &= ~(at.own[k][0] > 0.0) & ~(falling & (low[k] > 0.0))
            high[k] = np.where(falling & (low[k] == 0.0), 0.0, high[k])
        # Newton: the slope at the middle, and how it changes from there
        middle = 0.5 * (low + high)
        there = self.slopes(boxes, replace(rows, low=middle, high=middle), middle=True)
        base_low, base_high = boxes.low[:, rows.box], boxes.high[:, rows.box]
        center = point(0.5 * (base_low + base_high))
        aside = subtract((base_low, base_high), center)
        for k in range(d):
            rest = there.own[k]
            for other in range(d):
                away = (aside[0][other], aside[1][other])
                rest = add(rest, multiply(at.cross[k][other], away))
                if other != k:
                    span = subtract((low[other], high[other]), point(middle[other]))
                    rest = add(rest, multiply(at.second[k][other], span))
            bend = at.second[k][k]
            moved = (low[k] < high[k]) & np.isfinite(rest[0]) & np.isfinite(rest[1])
            usable = moved & (bend[1] < 0.0)
            safe = (np.where(usable, bend[0], -1.0), np.where(usable, bend[1], -1.0))
            step = divide(rest, safe, Domain())
            zero = subtract(point(middle[k]), step)
            left, right = np.maximum(zero[0], low[k]), np.minimum(zero[1], high[k])
            none = left > right
            bound = low[k] == 0.0
            # at the bound the slope must not be positive
            edge = add(rest, multiply(bend, subtract(point(0.0), point(middle[k]))))
            may_stay = bound & ~(edge[0] > 0.0)
            kept &= ~(usable & none & ~may_stay)
            left = np.where(may_stay, 0.0, left)
            right = np.where(none, np.where(may_stay, 0.0, high[k]), right)
            left = np.where(none & ~may_stay, low[k], left)
            low[k] = np.where(usable, left, low[k])
            high[k] = np.where(usable, right, high[k])
        return Rows(rows.box[kept], rows.member[kept], low[:, kept], high[:, kept]), kept

    def reference(self, boxes: Boxes, rows: Rows) -> tuple[Rows, Places]:
        """Pick, for every box and specialist with rows, a contribution that pays well.

        Returns
        -------
        rows : Rows
            Points, one for each pair, and the pairs' keys ascending.
        number : ndarray
            The position of its pair there, for every row.
        """
        middle = 0.5 * (rows.low + rows.high)
        (value, _), *_ = self.values(boxes, replace(rows, low=middle, high=middle), middle=True)
        order = np.lexsort((-value, self.key(rows)))
        _, first, number = np.unique(self.key(rows)[order], return_index=True, return_inverse=True)
        back = np.empty_like(order)
        back[order] = number
        best = order[first]
        return Rows(rows.box[best], rows.member[best], middle[:, best], middle[:, best]), back

    def guaranteed(self, boxes: Boxes, points: Rows) -> Array:
        """Return what contributions pay at least, in all of the box."""
        (low, _), *_ = self.values(boxes, points)
        (middle, _), *_ = self.values(boxes, points, middle=True)
        slopes = self.slopes(boxes, points).base
        moved = add(point(middle), self._moved(boxes, points, slopes))[0]
        return np.asarray(np.maximum(low, moved))

    def _moved(self, boxes: Boxes, rows: Rows, slopes: list[Interval]) -> Interval:
        """Enclose what slopes in base levels add up to, away from the middle of a box."""
        low, high = boxes.low[:, rows.box], boxes.high[:, rows.box]
        aside = subtract((low, high), point(0.5 * (low + high)))
        total = point(np.zeros(rows.size))
        for k, slope in enumerate(slopes):
            total = add(total, multiply(slope, (aside[0][k], aside[1][k])))
        return total

    def _compare(self, boxes: Boxes, rows: Rows) -> Rows:
        """Drop rows that pay less than another contribution, whatever the base level in the box."""
        several = np.bincount(self.key(rows))[self.key(rows)] > 1 if rows.size else np.array([])
        if not np.any(several):
            return rows
        some, others = rows.take(several), rows.take(~several)
        points, number = self.reference(boxes, some)
        best = points.take(number)
        (_, high), *_ = self.values(boxes, some)
        low = self.guaranteed(boxes, points)[number]
        # the difference, from the middle of both
        at, there = self.slopes(boxes, some), self.slopes(boxes, best)
        middle = 0.5 * (some.low + some.high)
        mine, *_ = self.values(boxes, replace(some, low=middle, high=middle), middle=True)
        theirs, *_ = self.values(boxes, best, middle=True)
        change = [subtract(a, b) for a, b in zip(at.base, there.base, strict=True)]
        gap = add(subtract(mine, theirs), self._moved(boxes, some, change))
        for k, slope in enumerate(at.own):
            span = subtract((some.low[k], some.high[k]), point(middle[k]))
            gap = add(gap, multiply(slope, span))
        return _joined(some.take((high >= low) & ~(gap[1] < 0.0)), others)

    def _merge(self, boxes: Boxes, rows: Rows) -> Rows:
        """Join rows of one pair into their hull where the payoff is concave in all of it."""
        key = self.key(rows)
        several = np.bincount(key)[key] > 1 if rows.size else np.array([])
        if not np.any(several):
            return rows
        some, others = rows.take(several), rows.take(~several)
        hulls, number = hull(some, self.key(some))
        merged = concave(self.slopes(boxes, hulls).second)
        return _joined(_joined(others, some.take(~merged[number])), hulls.take(merged))


def hull(rows: Rows, key: Places) -> tuple[Rows, Places]:
    """Return the hull of the rows with the same key, and each row's position among the hulls."""
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    low = np.full((rows.low.shape[0], first.size), np.inf)
    high = np.full_like(low, -np.inf)
    for k in range(low.shape[0]):
        np.minimum.at(low[k], number, rows.low[k])
        np.maximum.at(high[k], number, rows.high[k])
    return Rows(rows.box[first], rows.member[first], low, high), number


def concave(second: list[list[Interval]]) -> Mask:
    """Whether enclosed second derivatives make a function strictly concave."""
    d = len(second)
    result = np.ones(second[0][0][0].shape, dtype=bool)
    for k in range(d):
        result &= second[k][k][1] < 0.0
    if d == 1:
        return result
    # dominant diagonal, in units in which the middle of the diagonal is 1
    size = [np.sqrt(np.abs(second[k][k][1])) for k in range(d)]
    for k in range(d):
        beside = sum(
            np.maximum(np.abs(second[k][other][0]), np.abs(second[k][other][1]))
            / (size[other] * size[k])
            for other in range(d)
            if other != k
        )
        result &= beside < 1.0 - 1e-9
    return result


def _halved(rows: Rows) -> Rows:
    """Halve rows across their widest side."""
    side = np.argmax(rows.high - rows.low, axis=0)
    at = np.arange(rows.size)
    middle = 0.5 * (rows.low[side, at] + rows.high[side, at])
    low, high = rows.low.copy(), rows.high.copy()
    low[side, at] = middle
    high[side, at] = middle
    return _joined(replace(rows, high=high), replace(rows, low=low))


def _joined(one: Rows, other: Rows) -> Rows:
    return Rows(
        np.concatenate([one.box, other.box]),
        np.concatenate([one.member, other.member]),
        np.concatenate([one.low, other.low], axis=1),
        np.concatenate([one.high, other.high], axis=1),
    )
