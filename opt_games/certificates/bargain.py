"""How much better another contract could be: branch and bound over share and base level.

For a box of shares and base levels the players' profits are enclosed, the specialists' responding
at their best. A box is dropped if the generalist would not pick its base levels at any of its
shares (its marginal profit has no zero, or another base level pays more), if somebody refuses, or
if its score cannot beat the contract agreed on. What is left bounds the score of every contract.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from opt_games.certificates.certificate import BargainGap, Certificate
from opt_games.certificates.intervals import Array, Interval, Mask, Places, add, point, subtract
from opt_games.certificates.leader import (
    Queue,
    Window,
    first_boxes,
    first_rows,
    search_window,
    some_rows,
)
from opt_games.certificates.outcomes import Outcomes, concatenated, enclose
from opt_games.certificates.payments import paid
from opt_games.certificates.payoffs import Payoffs, compile_payoffs
from opt_games.certificates.replies import Boxes, Contest, Rows
from opt_games.certificates.scores import MEASURES, NO_AGREEMENT, Scores
from opt_games.certificates.worth import Worth
from opt_games.game import Game

_FIRST_STRIPS = 32
_FIRST_CELLS = 32
_ROUNDS = 34
_MOST_BOXES = 60_000
_ROWS_AT_A_TIME = 60_000
_SPECIALISTS = 16


def bargain_gap(game: Game, solution: str, certificate: Certificate, deadline: float) -> BargainGap:
    """Bound how much better a contract can be than the one agreed on.

    Parameters
    ----------
    game : Game
    solution : str
        Canonical name.
    certificate : Certificate
        Of the equilibrium of the contract agreed on; without shares if there is no agreement.
    deadline : float
        Of `time.monotonic`.

    Examples
    --------
    >>> import math, opt_games
    >>> game = opt_games.load("quadratic")
    >>> from opt_games.certificates.certify import certify_levels
    >>> levels = {"generalist": {"alpha": 0.2}, "law": {"alpha": 0.8}}
    >>> of_given = certify_levels(game, {"law": 0.4}, levels)
    >>> found = bargain_gap(game, "utilitarian", of_given, math.inf)
    >>> found.certified, round(found.gap, 3)  # 0.583333 at best, 0.58 here
    (False, 0.003)
    """
    refusal = _why_not(game, solution)
    if refusal:
        return BargainGap(solution, reason=refusal)
    agreed = certificate.shares is not None
    if agreed and not all(np.isfinite(list(certificate.profits.values()))):
        return BargainGap(solution, reason="the profits of the contract are not known")
    payoffs = compile_payoffs(game)
    if len(payoffs.regions) > 1:
        return BargainGap(solution, reason="gaps are not available under floors on final levels")
    with np.errstate(all="ignore"):
        return _Search(payoffs, solution, certificate, deadline, agreed).run()


def _why_not(game: Game, solution: str) -> str:
    if game.contract.shares == "separate" and len(game.specialists) > 1:
        return "gaps are available for a common share only"
    if len(game.attributes) > 1:
        return "gaps are available for one attribute only"
    if solution not in MEASURES:
        return f"gaps are not available for {solution}, whose score depends on other contracts"
    if len(game.specialists) > _SPECIALISTS:
        return f"gaps are available for up to {_SPECIALISTS} specialists"
    return ""


@dataclass(frozen=True)
class _Strips:
    """Ranges of shares, in ascending order.

    Attributes
    ----------
    untouched : ndarray of bool
        Whether no box of it was dropped for its score: what is left of it then holds every
        equilibrium at its shares, and the least score there is a score to be had.
    reference : ndarray
        A base level that serves the generalist well at these shares.
    step : float
        How far from there a better one is looked for.
    """

    untouched: Mask
    reference: Array
    step: float

    def take(self, which: Places) -> _Strips:
        """Return some of them."""
        return _Strips(self.untouched[which], self.reference[which], self.step)


class _Search:
    """Branch and bound over strips of shares, each covered by boxes of base levels."""

    def __init__(
        self,
        payoffs: Payoffs,
        solution: str,
        certificate: Certificate,
        deadline: float,
        agreed: bool,
    ) -> None:
        game = payoffs.game
        self.payoffs, self.deadline = payoffs, deadline
        (self.region,) = payoffs.regions
        self.contests = tuple(
            Contest(form, np.zeros(form.members.size)) for form in self.region.forms
        )
        self.worth = Worth.of(game)
        self.solution = solution
        utilities = None
        if agreed:
            utilities = self._utilities(list(certificate.profits.values()))[0]
        kind = solution if agreed else NO_AGREEMENT
        self.scores = Scores.of(game, kind, utilities)
        self.claimed = 0.0
        self.tolerance = 1e-6
        if utilities is not None:
            performance = sum(
                at[game.attributes[0]]
                for name, at in (certificate.levels or {}).items()
                if at is not None and name != game.players[0]
            )
            self.claimed = self.scores.least(utilities, float(performance))
            self.tolerance = self.scores.tolerance(utilities, self.claimed)
        self.target = 0.5 * self.tolerance
        self.upper = -np.inf
        self.lower = self.claimed
        self.better: tuple[float, float] | None = None
        self.boxes = 0

    def _utilities(self, profits: list[float]) -> tuple[Array, Array]:
        """Return what profits are worth, at least and at most."""
        enclosed = self.worth.enclose([point(np.array([profit])) for profit in profits])
        return (
            np.array([each[0][0] for each in enclosed]),
            np.array([each[1][0] for each in enclosed]),
        )

    def _answer(self, upper: float | None, reason: str = "") -> BargainGap:
        return BargainGap(
            self.solution,
            MEASURES[self.scores.solution],
            self.claimed if np.isfinite(self.claimed) else None,
            upper if upper is None or np.isfinite(upper) else None,
            self.tolerance,
            self.boxes,
            reason,
            self.better if self.lower > self.claimed + self.tolerance else None,
        )

    def run(self) -> BargainGap:
        """Bound the score of every contract."""
        if not np.isfinite(self.claimed):
            return self._answer(None, "nobody gains by the contract")
        low, high = self.payoffs.game.contract.bounds
        whole = (np.array([low]), np.array([high]))
        window = search_window(
            self.payoffs, self.region, self.contests, float(self.payoffs.outside[0]), whole
        )
        if isinstance(window, str):
            return self._answer(None, window)
        self.added = window.added
        queue = self._start(window, low, high)
        count = np.unique(self._strips(queue)).size
        lowest = np.full(count, self.region.low[0])
        step = float(window.base[0] - self.region.low[0]) / 16.0
        strips = _Strips(np.ones(count, dtype=bool), lowest, step)
        for turn in range(_ROUNDS):
            queue, strips, rest = self._prune(queue, strips)
            if not queue.boxes.size:
                self.upper = max(self.upper, self.claimed)
                return self._answer(self.upper)
            if turn == _ROUNDS - 1 or time.monotonic() > self.deadline or self.boxes > _MOST_BOXES:
                reason = "the limit of time or boxes was reached"
                return self._answer(max(self.upper, rest), reason)
            queue = self._halve(queue)
            strips = strips.take(np.repeat(np.arange(strips.untouched.size), 2))
        raise AssertionError("unreachable")

    def _start(self, window: Window, low: float, high: float) -> Queue:
        queue = first_boxes(self.region.low, window.base, window.added, _FIRST_CELLS)
        strips = _FIRST_STRIPS if high > low else 1
        edges = np.linspace(low, high, strips + 1)
        count = queue.boxes.size
        repeated = queue.take(np.tile(np.arange(count), strips))
        share = (np.repeat(edges[:-1], count), np.repeat(edges[1:], count))
        repeated.boxes = replace(repeated.boxes, share=share)
        return repeated

    def _strips(self, queue: Queue) -> Places:
        assert queue.boxes.share is not None
        _, number = np.unique(queue.boxes.share[0], return_inverse=True)
        return np.asarray(number)

    def _prune(self, queue: Queue, known: _Strips) -> tuple[Queue, _Strips, float]:
        """Drop boxes; return what is left, its strips, and the highest score that is left."""
        count = queue.boxes.size
        pieces = []
        rows = sum(each.size for each in queue.rows) / count
        step = max(1, int(_ROWS_AT_A_TIME / max(rows, 1.0)))
        whole: Queue | None = None
        for start in range(0, count, step):
            part = queue.take(np.arange(start, min(start + step, count)))
            pieces.append(enclose(self.payoffs, self.contests, part))
            if whole is None:
                whole = part
            else:
                whole.join(part)
        assert whole is not None
        queue = whole
        self.boxes += count
        found = concatenated(pieces)
        leader = found.profits[0]
        outside = float(self.payoffs.outside[0])
        strips = self._strips(queue)
        guaranteed, reference = self._guaranteed(queue, leader, strips, known)
        kept = leader[1] >= np.maximum(guaranteed, outside)[strips]
        kept &= self._may_be_best(queue, found)
        utilities = self.worth.enclose(found.profits)
        low, high = self.scores.enclose(utilities, found.performance)
        # where the generalist may abstain, all get their outside options
        abstains = guaranteed < outside
        nothing = [point(np.array([money])) for money in self.payoffs.outside]
        idle_low, idle_high = self.scores.enclose(self.worth.enclose(nothing), point(np.zeros(1)))
        if abstains.any() and idle_high[0] > self.claimed:
            self.upper = max(self.upper, float(idle_high[0]))
        least = np.where(abstains, idle_low[0], np.inf)
        np.minimum.at(least, strips[kept], low[kept])
        least = np.where(known.untouched & np.isfinite(least), least, -np.inf)
        assert queue.boxes.share is not None
        top = int(np.argmax(least))
        if least[top] > self.lower:
            at = int(np.flatnonzero(strips == top)[0])
            self.lower = float(least[top])
            share = queue.boxes.share
            self.better = (float(share[0][at]), float(share[1][at]))
        hopeless = kept & (high <= max(self.lower, self.claimed) + self.target)
        if hopeless.any():
            self.upper = max(self.upper, float(high[hopeless].max()))
        untouched = known.untouched.copy()
        untouched[np.unique(strips[hopeless])] = False
        kept &= ~hopeless
        rest = float(high[kept].max(initial=-np.inf))
        left = np.flatnonzero(kept)
        remaining = _Strips(untouched, reference, 0.5 * known.step).take(np.unique(strips[left]))
        return queue.take(left), remaining, rest

    def _guaranteed(
        self, queue: Queue, leader: Interval, strips: Places, known: _Strips
    ) -> tuple[Array, Array]:
        """Return what some base level earns the generalist at least, at all shares of a strip.

        Also return that base level; it may be one of a box that was dropped for its score.
        """
        best = np.lexsort((-(leader[0] + leader[1]), strips))
        _, first = np.unique(strips[best], return_index=True)
        chosen = best[first]
        assert queue.boxes.share is not None
        share = (queue.boxes.share[0][chosen], queue.boxes.share[1][chosen])
        middle = 0.5 * (queue.boxes.low + queue.boxes.high)[:, chosen]
        rows = [some_rows(each, chosen, queue.boxes.size) for each in queue.rows]
        new = self._worth_of(Boxes(middle, middle, share), rows, 3)
        # the best box may have been dropped for its score, and its base level still be the best
        touched = np.flatnonzero(~known.untouched)
        reference = np.where(new > -np.inf, middle[0], known.reference)
        old = np.full(chosen.size, -np.inf)
        if touched.size:
            ways = np.repeat([[-1.0], [0.0], [1.0]], touched.size, axis=1)
            at = known.reference[touched] + known.step * ways
            at = np.clip(at, self.region.low[0], self.region.high[0])
            ends = (np.tile(share[0][touched], 3), np.tile(share[1][touched], 3))
            points = Boxes(at.reshape(1, -1), at.reshape(1, -1), ends)
            rows = first_rows(points.size, self.added)
            values = self._worth_of(points, rows, 4).reshape(3, -1)
            best = np.argmax(values, axis=0)
            pick = np.arange(touched.size)
            reference[touched], old[touched] = at[best, pick], values[best, pick]
        reference = np.where(new > old, middle[0], reference)
        within = np.full(chosen.size, -np.inf)
        np.maximum.at(within, strips, leader[0])
        return np.maximum(within, np.maximum(new, old)), reference

    def _worth_of(self, points: Boxes, rows: list[Rows], rounds: int) -> Array:
        """Return what base levels earn the generalist at least."""
        earned = point(np.zeros(points.size))
        for contest, some in zip(self.contests, rows, strict=True):
            narrow = contest.refine(points, some, rounds, finest=1e-12)
            earned = add(earned, paid(contest, points, narrow).total)
        return np.asarray(subtract(earned, self.payoffs.leader_cost(points.low, points.high))[0])

    def _may_be_best(self, queue: Queue, found: Outcomes) -> Mask:
        """Whether the generalist's first-order condition can hold in a box."""
        low, high = queue.boxes.low[0], queue.boxes.high[0]
        rises, falls = found.slope[0] > 0.0, found.slope[1] < 0.0
        top = np.isfinite(self.region.high[0]) & (high >= self.region.high[0])
        return np.asarray(~(rises & ~top) & ~(falls & (low > self.region.low[0])))

    def _halve(self, queue: Queue) -> Queue:
        """Halve every strip, and every box of base levels."""
        boxes, count = queue.boxes, queue.boxes.size
        assert boxes.share is not None
        both = queue.take(np.tile(np.arange(count), 4))
        share = both.boxes.share
        assert share is not None
        middle = 0.5 * (boxes.low + boxes.high)[0]
        half = 0.5 * (boxes.share[0] + boxes.share[1])
        upper = np.arange(4 * count) % (2 * count) >= count
        later = np.arange(4 * count) >= 2 * count
        four = np.tile(middle, 4)
        both.boxes.low[0] = np.where(upper, four, both.boxes.low[0])
        both.boxes.high[0] = np.where(upper, both.boxes.high[0], four)
        split = np.tile(half, 4)
        both.boxes = replace(
            both.boxes,
            share=(np.where(later, split, share[0]), np.where(later, share[1], split)),
        )
        return both
