"""What contracts and base levels lead to: profits in boxes of shares and base levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opt_games.certificates.intervals import Interval, add, negative, point, subtract
from opt_games.certificates.leader import Queue
from opt_games.certificates.limits import total
from opt_games.certificates.payments import paid, tilts
from opt_games.certificates.payoffs import Payoffs
from opt_games.certificates.replies import Contest


@dataclass(frozen=True)
class Outcomes:
    """What is known of boxes: profits by player, performance, and slopes of the leader's profit."""

    profits: list[Interval]
    performance: Interval
    slope: Interval


def enclose(payoffs: Payoffs, contests: Sequence[Contest], part: Queue) -> Outcomes:
    """Narrow the rows of some boxes and enclose everybody's profit."""
    boxes, count = part.boxes, part.boxes.size
    earned = point(np.zeros(count))
    slopes = [negative(payoffs.leader_slopes(boxes.low, boxes.high)[0])]
    profits: list[Interval] = [point(np.zeros(count))] * (payoffs.size + 1)
    levels = point(np.zeros(count))
    known = np.ones(count, dtype=bool)
    for k, contest in enumerate(contests):
        part.rows[k] = rows = contest.refine(boxes, part.rows[k], 2)
        gains = paid(contest, boxes, rows)
        earned = add(earned, gains.total)
        tilt = tilts(contest, boxes, gains)
        slopes = [add(slopes[0], total(tilt.box, tilt.slopes[0], count))]
        pairs = gains.hulls
        # the slope of the whole is known where nobody may join or leave within the box
        vague = gains.may_take & ~(gains.takes & tilt.known)
        known[pairs.box[vague]] = False
        performance = (
            np.where(gains.takes, gains.performance[0], 0.0),
            np.where(gains.may_take, gains.performance[1], 0.0),
        )
        levels = add(levels, total(pairs.box, performance, count))
        for member, position in enumerate(contest.form.members):
            outside = contest.form.outside[member]
            own = (np.full(count, outside), np.full(count, outside))
            mine = pairs.member == member
            own[0][pairs.box[mine]] = np.maximum(gains.own[0][mine], outside)
            own[1][pairs.box[mine]] = np.maximum(gains.own[1][mine], outside)
            profits[position + 1] = own
    cost = payoffs.leader_cost(boxes.low, boxes.high)
    profits[0] = subtract(earned, cost)
    slope = slopes[0]
    return Outcomes(
        profits,
        levels,
        (np.where(known, slope[0], -np.inf), np.where(known, slope[1], np.inf)),
    )


def concatenated(pieces: list[Outcomes]) -> Outcomes:
    """Return what is known of several lots of boxes, in order."""

    def joined(intervals: list[Interval]) -> Interval:
        return (
            np.concatenate([low for low, _ in intervals]),
            np.concatenate([high for _, high in intervals]),
        )

    players = range(len(pieces[0].profits))
    return Outcomes(
        [joined([piece.profits[k] for piece in pieces]) for k in players],
        joined([piece.performance for piece in pieces]),
        joined([piece.slope for piece in pieces]),
    )
