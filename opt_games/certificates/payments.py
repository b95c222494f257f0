"""What the specialists pay the generalist when all respond at their best, in boxes of base levels.

As a range, and by its slopes in the base level: those of the responses follow from the first-order
condition by implicit differentiation.
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
    negative,
    point,
    square,
    subtract,
)
from opt_games.certificates.limits import total
from opt_games.certificates.replies import Boxes, Contest, Rows, Slopes, concave, hull


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
    pairs, number = hull(rows, contest.key(rows))
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
    return np.asarray(np.minimum(plain, center[1]))


def _greatest(number: Places, values: Array, count: int) -> Array:
    result = np.full(count, -np.inf)
    np.maximum.at(result, number, values)
    return result


@dataclass(frozen=True)
class Tilt:
    """How what a pair pays changes with the base level, where that is known; else it is not used.

    `slopes` are by attribute an interval per pair, zero for pairs that are not `known`.
    """

    box: Places
    known: Mask
    slopes: list[Interval]


def tilts(contest: Contest, boxes: Boxes, gains: Paid) -> Tilt:
    """Enclose the slopes in base levels of what specialists pay.

    Of one that may abstain, the slopes of the greater of 0 and what it pays if it takes part.
    """
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


def pay_at_middle(gains: Paid, at: Paid, tilt: Tilt, count: int) -> Interval:
    """Sum what pairs with known slopes pay at the middle of a box, and the most that others pay."""
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
            both = divide(subtract(multiply(b, other), multiply(its, own)), determinant, domain)
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
