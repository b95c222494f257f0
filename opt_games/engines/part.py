"""Some cases at once: scan, solve on the branches found, check, choose."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.cases import GIVEN, Cases
from opt_games.engines.confirm import THOROUGH
from opt_games.engines.found import Found, Tasks, choose
from opt_games.engines.grids import grids, reach
from opt_games.engines.lines import QUICK, Hopes, Line, hopes, sample
from opt_games.engines.many_games import ManyGames, Rows
from opt_games.engines.outcomes import NO_AGREEMENT, OK, REGIMES, Outcomes
from opt_games.engines.peaks import Effort, Peaks
from opt_games.engines.solving import Compiled, Solving
from opt_games.engines.stakes import NO_PRODUCT, ManyStakes
from opt_games.kernels.array_function import Array
from opt_games.result import ABSTAIN, CONTRIBUTE, FREE_RIDE

NODES = 32
"""Base levels, and contributions, of the quick scan."""

_FINE = 56
_SHARES = 11
_DENSER = 41
_CLOSER = 129
_LOOKS = 2  # closer ones, at stretches between two branches
_CLOSE_LOOKS = 7  # where that left doubt
_PARTS = (0.25, 0.5, 0.75)  # of a stretch between two branches: where to look closer
_NEAR_MISS = 0.03  # of the scale: no contract sampled came closer to agreement
_SEEN = 1e-4  # error of a score of the quick scan
_REACH = 2.0  # samples whose distance from an edge matters, in steps of that distance
_TOUCH = 1e-4
_PROBES = (1e-10, 1e-8, 1e-6, 1e-4, 3e-3)  # distances at which a bound of the share is challenged
_ROUNDING = 4e-15


class Part:
    """As many cases as are worked on at once.

    Parameters
    ----------
    compiled : Compiled
    cases : Cases
    """

    def __init__(self, compiled: Compiled, cases: Cases) -> None:
        self.cases = cases
        self.games = games = ManyGames.of(compiled.payoffs, cases)
        top, most, known = reach(games)
        for column in cases.parameters.values():
            known &= np.isfinite(column)
        for values in (games.disagreement, games.weights):
            known &= np.isfinite(values).all(axis=0)
        self.known = known & (games.weights > 0.0).any(axis=0)
        self.rough = grids(games, top, most, known, bases=NODES, points=NODES)
        self.fine = grids(games, top, most, known, bases=_FINE, points=_FINE)
        self.solving = Solving(compiled, games, cases.parameters, self.fine)

    def outcomes(self) -> Outcomes:
        """Solve, and mark as slow what is to be solved elsewhere."""
        result = Outcomes.empty(self.games.specialists, 1, self.games.size)
        result.slow[:] = True
        if self.cases.solution == GIVEN:
            self._given(result)
        else:
            self._bargain(self.cases.solution, result)
        return result

    def _given(self, result: Outcomes) -> None:
        shares = self.cases.shares
        if shares is None:
            option = self.cases.game.contract.share
            assert option is not None
            seen: dict[str, float | Array] = {**self.cases.game.parameters, **self.cases.parameters}
            shares = np.broadcast_to(option.evaluate_columns(seen), (self.games.size,))
        usable = self.known & (shares >= self.games.low) & (shares <= self.games.high)
        case = np.flatnonzero(usable)
        games, share = self.games.take(case), np.asarray(shares)[case]
        sampled = sample(games, self.rough.take(case), share)
        self._nobody(case[~sampled.active], share[~sampled.active], result)
        rows = np.flatnonzero(sampled.active)
        tasks = Tasks(
            case[rows],
            share[rows],
            sampled.peaks.take(rows),
            None,
            np.ones(rows.size, dtype=bool),
            np.zeros(rows.size),
            np.zeros(rows.size),
        )
        found = self.solving.solve(GIVEN, tasks)
        self._write(found, np.flatnonzero(found.good), result)
        again = np.flatnonzero(found.strays)
        if again.size:
            better = replace(tasks.take(again), peaks=found.deviation.take(again))
            found = self.solving.solve(GIVEN, better)
            self._write(found, np.flatnonzero(found.good), result)

    def _nobody(self, case: Rows, share: Array, result: Outcomes) -> None:
        """Write the cases in which the generalist surely abstains under a given share."""
        if case.size == 0:
            return
        games = self.games.take(case)
        sampled = sample(games, self.fine.take(case), share)
        sure = ~sampled.active
        at = case[sure]
        result.shares[:, at] = share[sure]
        result.profits[:, at] = games.outside[:, sure]
        result.utilities[:, at] = games.utilities(games.outside)[:, sure]
        result.regimes[:, at] = REGIMES.index(ABSTAIN)
        result.status[at] = OK
        result.regret[at] = 0.0
        result.slow[at] = False

    def _bargain(self, solution: str, result: Outcomes) -> None:
        case = np.flatnonzero(self.known)
        if case.size == 0:
            return
        line = self._line(case, _SHARES, QUICK)
        even = line.stakes.agreement & line.stakes.ample & ~line.uneven
        self._agree(solution, line.take(even), result)
        if even.all():
            return
        # where specialists come and go, branches are short
        line = self._line(case[~even], _DENSER, QUICK)
        ample = line.stakes.agreement & line.stakes.ample
        self._agree(solution, line.take(ample), result)
        if not ample.all():
            # the contracts that somebody gains by may be few: look closer
            line = self._line(line.cases[~ample], _CLOSER, THOROUGH)
            self._disagree(line, result)
            certain = line.stakes.agreement & line.stakes.clear & ~_sliver(line)
            self._agree(solution, line.take(certain), result)

    def _agree(self, solution: str, line: Line, result: Outcomes) -> None:
        """Find and write the bargains of cases in which there is something to gain."""
        if solution == "kalai-smorodinsky" and line.cases.size:
            line = self._with_ideal(line)
        if line.cases.size:
            best = self._best(solution, line)
            self._write(best, np.flatnonzero(best.good), result)

    def _line(self, case: Rows, count: int, effort: Effort) -> Line:
        return Line.of(self.games.take(case), self.rough.take(case), case, count, effort)

    def _disagree(self, line: Line, result: Outcomes) -> None:
        """Write the cases in which nobody can sign anything, by a wide margin."""
        stakes = line.stakes.take(line.place)
        with np.errstate(all="ignore"):
            gains = line.sampled.utilities - stakes.disagreement
            gains = gains / np.where(stakes.scale > 0.0, stakes.scale, 1.0)
        # nobody adapts anything, or somebody loses a good deal, by far
        sampled = line.sampled
        idle = sampled.idle[1:].all(axis=0) & (~sampled.active | (sampled.lead[0] > _NEAR_MISS))
        lost = idle | (gains.min(axis=0) < -_NEAR_MISS)
        sure = ~line.stakes.agreement
        np.logical_and.at(sure, line.place, lost)
        at = line.cases[sure]
        games = self.games
        result.profits[:, at] = games.outside[:, at]
        result.utilities[:, at] = games.disagreement[:, at]
        result.regimes[:, at] = REGIMES.index(ABSTAIN)
        result.status[at] = NO_AGREEMENT
        result.slow[at] = False

    def _with_ideal(self, line: Line) -> Line:
        """Find every bargainer's best; drop the cases in which that fails."""
        ideal = line.stakes.ideal.copy()
        sure = np.ones(line.cases.size, dtype=bool)
        for k in range(ideal.shape[0]):
            bargains = line.stakes.bargainers[k]
            if not bargains.any():
                continue
            best = self._best(f"player {k}", line.take(bargains))
            place = np.searchsorted(line.cases, best.case)
            ideal[k, place] = np.where(best.good, best.utilities[k], ideal[k, place])
            known = np.zeros(sure.size, dtype=bool)
            known[place[best.good]] = True
            sure &= known | ~bargains
        return line.with_ideal(ideal).take(sure)

    def _best(self, solution: str, line: Line) -> Found:
        """Find the best contract of every case; `good` says whether it is beyond doubt."""
        # where no contract sampled gives all who bargain something, there is nothing to start from
        none = ~(line.highest(line.values(solution)) > 0.5 * NO_PRODUCT)
        found = [self._attempt(solution, line.take(~none), QUICK, _LOOKS)]
        doubt = ~none & ~np.isin(line.cases, found[0].case[found[0].good])
        if none.any():
            closer = self._line(line.cases[none], _CLOSER, THOROUGH)
            closer = replace(closer, stakes=line.stakes.take(np.flatnonzero(none)))
            found.append(self._attempt(solution, closer, THOROUGH, _CLOSE_LOOKS))
        if doubt.any():
            again = line.take(doubt).afresh(self.games, self.rough, THOROUGH)
            found.append(self._attempt(solution, again, THOROUGH, _CLOSE_LOOKS))
        return Found.join([found[0].pick(np.flatnonzero(found[0].good)), *found[1:]])

    def _attempt(self, solution: str, line: Line, effort: Effort, looks: int) -> Found:
        """Look that many times, solve, and choose."""
        line, values, slack, hope = self._hopes(solution, line, effort, looks)
        tasks = self._tasks(solution, line, values, hope, effort)
        found = self.solving.solve(solution, tasks, line)
        # where the generalist would go elsewhere, that branch becomes a rival
        again = np.flatnonzero(found.strays)
        more = replace(tasks.take(again), rivals=found.deviation.take(again))
        if again.size:
            found = Found.join([found, self.solving.solve(solution, more, line)])
        return choose(solution, line, found, [tasks, more], again, values, slack)

    def _hopes(
        self, solution: str, line: Line, effort: Effort, looks: int
    ) -> tuple[Line, Array, Array, Hopes]:
        """Look closer, again and again, where a branch ends that may hold the best contract."""
        while True:
            values = line.values(solution)
            slack = _SEEN * _size(line, values)
            hope = hopes(line, values, slack)
            looks -= 1
            if looks < 0:
                return line, values, slack, hope
            share = line.sampled.share
            width = share[hope.gap + 1] - share[hope.gap]
            new = [(share[hope.gap] + np.multiply.outer(_PARTS, width)).ravel()]
            owner = [np.tile(line.place[hope.gap], len(_PARTS))]
            if effort is THOROUGH:
                # the starts may not have been close enough: place smooth peaks better, too
                smooth = np.flatnonzero(hope.share != share[hope.row])
                new.append(hope.share[smooth])
                owner.append(line.place[hope.row[smooth]])
            points = np.unique(np.stack([np.concatenate(owner), np.concatenate(new)]), axis=1)
            if points.size == 0:
                return line, values, slack, hope
            owners = points[0].astype(np.int64)
            line = line.closer(self.games, self.rough, owners, points[1], effort)

    def _tasks(
        self, solution: str, line: Line, values: Array, hope: Hopes, effort: Effort
    ) -> Tasks:
        """Contracts to start from, one for every hope."""
        place = line.place[hope.row]
        case = line.cases[place]
        games, rough = self.games.take(case), self.rough.take(case)
        node = line.sampled.take(hope.row)
        near = sample(games, rough, hope.share, effort)
        same = (near.key == node.key) & near.active
        peaks = _where(same, near.peaks, node.peaks)
        share = np.where(same, near.share, node.share)
        fixed = np.zeros(share.size, dtype=bool)
        for bound in (self.games.low, self.games.high):
            at = np.flatnonzero(node.share == bound)
            if at.size:
                fixed[at] = self._best_at_bound(
                    solution, line.stakes.take(place[at]), case[at], bound
                )
        share = np.where(fixed, node.share, share)
        peaks = _where(fixed, node.peaks, peaks)
        rows = np.flatnonzero(node.active)
        start = values[hope.row]
        return Tasks(case, share, peaks, None, fixed, hope.value, start).take(rows)

    def _best_at_bound(
        self, solution: str, stakes: ManyStakes, case: Rows, bound: float
    ) -> NDArray[np.bool_]:
        """Whether no share close to a bound of the shares is better than the bound."""
        games, rough = self.games.take(case), self.rough.take(case)
        width = self.games.high - self.games.low
        inward = width if bound == self.games.low else -width
        scores = []
        for distance in (0.0, *_PROBES):
            share = np.full(case.size, bound + inward * distance)
            found = sample(games, rough, share, THOROUGH)
            scores.append(stakes.score(solution, found.utilities, found.performance))
        here, beside = scores[0], np.max(scores[1:], axis=0)
        return np.asarray(beside <= here + _ROUNDING * np.abs(here))

    def _write(self, found: Found, rows: Rows, result: Outcomes) -> None:
        """Write contracts into the places of their cases."""
        case = found.case[rows]
        taking = found.taking[:, rows]
        final = found.base[rows] + found.contribution[:, rows]
        result.shares[:, case] = found.share[rows]
        result.profits[:, case] = found.profits[:, rows]
        result.utilities[:, case] = found.utilities[:, rows]
        result.levels[0, 0, case] = found.base[rows]
        result.levels[1:, 0, case] = np.where(taking, final, np.nan)
        contributes = np.where(
            final > found.base[rows], REGIMES.index(CONTRIBUTE), REGIMES.index(FREE_RIDE)
        )
        result.regimes[0, case] = REGIMES.index(CONTRIBUTE)
        result.regimes[1:, case] = np.where(taking, contributes, REGIMES.index(ABSTAIN))
        result.status[case] = OK
        result.regret[case] = found.regret[rows]
        result.slow[case] = False


def _sliver(line: Line) -> NDArray[np.bool_]:
    """Whether somebody who gains by no contract sampled came close to it at one of them."""
    sampled = line.sampled
    none = ~line.stakes.bargainers[:, line.place]
    # who abstains may be as good as invited; who is kept just willing may be so without effort
    edge = np.where(sampled.idle, sampled.lead, np.abs(sampled.peaks.pull))
    with np.errstate(invalid="ignore"):
        step = np.abs(np.diff(edge, axis=1))
    known = (line.place[1:] == line.place[:-1]) & (sampled.key[1:] == sampled.key[:-1])
    step = np.where(known & np.isfinite(step), step, 0.0)
    void = np.zeros((edge.shape[0], 1))
    reach = _REACH * np.maximum(np.hstack([void, step]), np.hstack([step, void]))
    near = np.any(none & (edge < _NEAR_MISS) & (edge <= np.maximum(reach, _TOUCH)), axis=0)
    found = np.zeros(line.cases.size, dtype=bool)
    np.logical_or.at(found, line.place, near)
    return found


def _size(line: Line, values: Array) -> Array:
    """Scale of the scores of each case."""
    real = np.isfinite(values) & (values > 0.5 * NO_PRODUCT)
    top = line.highest(np.where(real, np.abs(values), 0.0))
    return np.where(top > 0.0, top, 1.0)


def _where(use: NDArray[np.bool_], yes: Peaks, no: Peaks) -> Peaks:
    return Peaks(
        *(np.where(use, getattr(yes, each.name), getattr(no, each.name)) for each in fields(Peaks))
    )
