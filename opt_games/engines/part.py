"""Some cases at once: scan, solve on the branches found, check, choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.branch import Branch
from opt_games.engines.cases import GIVEN, Cases
from opt_games.engines.confirm import THOROUGH, check
from opt_games.engines.grids import grids, reach
from opt_games.engines.lines import QUICK, Hopes, Line, hopes, sample
from opt_games.engines.many_games import ManyGames, Rows
from opt_games.engines.outcomes import NO_AGREEMENT, OK, REGIMES, Outcomes
from opt_games.engines.peaks import Effort, Peaks, join
from opt_games.engines.programs import Contracts, Kind, Program
from opt_games.engines.stakes import NO_PRODUCT
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.payoffs import Payoffs
from opt_games.result import ABSTAIN, CONTRIBUTE, FREE_RIDE

NODES = 32
"""Base levels, and contributions, of the quick scan."""

_FINE = 56
_SHARES = 11
_CLOSER = 129
_LOOKS = 2  # closer ones, at stretches between two branches
_CLOSE_LOOKS = 7  # where that left doubt
_PARTS = (0.25, 0.5, 0.75)  # of a stretch between two branches: where to look closer
_NEAR_MISS = 0.03  # of the scale: no contract sampled came closer to agreement
_REGRET = 1e-9
_ERROR = 1e-8
_SEEN = 1e-5  # error of a score of the quick scan
_PROBES = (1e-4, 3e-3)  # distances from a bound of the share at which it is challenged


@dataclass
class Compiled:
    """A game with its formulas and programs, kept from one call to the next."""

    game: Game
    payoffs: Payoffs
    programs: dict[Kind, Program] = field(default_factory=dict)

    def program(self, kind: Kind) -> Program:
        """Return a program, built at its first use."""
        if kind not in self.programs:
            self.programs[kind] = Program(self.game, kind)
        return self.programs[kind]


@dataclass(frozen=True)
class Tasks:
    """Contracts to start from; several may be of one case.

    Attributes
    ----------
    case : ndarray of int
    share : ndarray
    peaks : Peaks
        The generalist's level and the responses there: they say which branch to solve on.
    rivals : Peaks or None
        Levels on branches that must not be better for the generalist.
    fixed : ndarray of bool
        Whether the share is to stay as it is.
    hope : ndarray
        The score that could at most come of it.
    """

    case: Rows
    share: Array
    peaks: Peaks
    rivals: Peaks | None
    fixed: NDArray[np.bool_]
    hope: Array

    def take(self, rows: Rows) -> Tasks:
        """Return some of them."""
        rivals = None if self.rivals is None else self.rivals.take(rows)
        return Tasks(
            self.case[rows],
            self.share[rows],
            self.peaks.take(rows),
            rivals,
            self.fixed[rows],
            self.hope[rows],
        )


@dataclass(frozen=True)
class Found:
    """Contracts solved and checked, one row each; specialists' and players' arrays are (n, rows).

    Attributes
    ----------
    good : ndarray of bool
        Whether it is an equilibrium.
    score : ndarray
        ``-inf`` where it is none, or not acceptable.
    strays : ndarray of bool
        Whether it solves its problem, but the generalist would rather go elsewhere.
    deviation : Peaks
        Where to.
    """

    case: Rows
    share: Array
    base: Array
    contribution: Array
    taking: NDArray[np.bool_]
    profits: Array
    utilities: Array
    regret: Array
    good: NDArray[np.bool_]
    strays: NDArray[np.bool_]
    deviation: Peaks
    score: Array


class Part:
    """As many cases as are worked on at once.

    Parameters
    ----------
    compiled : Compiled
    cases : Cases
    """

    def __init__(self, compiled: Compiled, cases: Cases) -> None:
        self.compiled = compiled
        self.cases = cases
        self.columns: Mapping[str, Array] = cases.parameters
        self.games = games = ManyGames.of(compiled.payoffs, cases)
        top, most, known = reach(games)
        for column in self.columns.values():
            known &= np.isfinite(column)
        for values in (games.disagreement, games.weights):
            known &= np.isfinite(values).all(axis=0)
        self.known = known & (games.weights > 0.0).any(axis=0)
        self.rough = grids(games, top, most, known, bases=NODES, points=NODES)
        self.fine = grids(games, top, most, known, bases=_FINE, points=_FINE)

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
            seen = {**self.cases.game.parameters, **self.columns}
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
        )
        found = self._solve(GIVEN, tasks, None)
        self._write(found, np.flatnonzero(found.good), result)
        again = np.flatnonzero(found.strays)
        if again.size:
            again_tasks = tasks.take(self._rows_of(tasks, found.case[again]))
            better = Tasks(
                again_tasks.case,
                again_tasks.share,
                found.deviation.take(again),
                None,
                again_tasks.fixed,
                again_tasks.hope,
            )
            found = self._solve(GIVEN, better, None)
            self._write(found, np.flatnonzero(found.good), result)

    def _rows_of(self, tasks: Tasks, case: Rows) -> Rows:
        order = np.argsort(tasks.case)
        return np.asarray(order[np.searchsorted(tasks.case, case, sorter=order)])

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
        line = self._line(case, _SHARES)
        silent = ~line.stakes.agreement
        if silent.any():
            # the contracts that all would sign may be few: look closer before there is none
            self._disagree(self._line(case[silent], _CLOSER), result)
        talking = line.stakes.agreement & line.stakes.clear
        if not talking.any():
            return
        line = line.take(talking)
        if solution == "kalai-smorodinsky":
            line = self._with_ideal(line)
        best = self._best(solution, line)
        self._write(best, np.flatnonzero(best.good), result)

    def _line(self, case: Rows, count: int) -> Line:
        return Line.of(self.games.take(case), self.rough.take(case), case, count)

    def _disagree(self, line: Line, result: Outcomes) -> None:
        """Write the cases in which nobody can sign anything, by a wide margin."""
        stakes = line.stakes.take(line.place)
        with np.errstate(all="ignore"):
            gains = line.sampled.utilities - stakes.disagreement
            gains = gains / np.where(stakes.scale > 0.0, stakes.scale, 1.0)
        # everybody stays out, or somebody loses a good deal
        lost = line.sampled.idle.all(axis=0) | (gains.min(axis=0) < -_NEAR_MISS)
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
        first = self._attempt(solution, line, _LOOKS)
        doubt = ~np.isin(line.cases, first.case[first.good])
        if not doubt.any():
            return first
        second = self._attempt(solution, line.take(doubt), _CLOSE_LOOKS)
        return _together([_pick(first, np.flatnonzero(first.good)), second])

    def _attempt(self, solution: str, line: Line, looks: int) -> Found:
        """Look that many times, solve, and choose."""
        line, values, slack, hope = self._hopes(solution, line, looks)
        effort = QUICK if looks == _LOOKS else THOROUGH
        tasks = self._tasks(solution, line, values, hope, effort)
        found = self._solve(solution, tasks, line)
        expected = tasks.hope
        # where the generalist would go elsewhere, that branch becomes a rival
        again = np.flatnonzero(found.strays)
        if again.size:
            more = replace(tasks.take(again), rivals=found.deviation.take(again))
            found = _together([found, self._solve(solution, more, line)])
            expected = np.append(expected, more.hope)
        return _chosen(solution, line, found, expected, again, values, slack)

    def _hopes(self, solution: str, line: Line, looks: int) -> tuple[Line, Array, Array, Hopes]:
        """Look closer, again and again, where a branch ends that may hold the best contract."""
        while True:
            values = line.values(solution)
            slack = _SEEN * _size(line, values)
            hope = hopes(line, values, slack)
            looks -= 1
            if looks < 0:
                return line, values, slack, hope
            share, place = line.sampled.share[hope.row], line.place[hope.row]
            left, right = np.flatnonzero(hope.left), np.flatnonzero(hope.right)
            parts = np.array(_PARTS)
            new = [
                (share[left, None] - hope.left[left, None] * parts).ravel(),
                (share[right, None] + hope.right[right, None] * parts).ravel(),
            ]
            owner = [np.repeat(place[left], parts.size), np.repeat(place[right], parts.size)]
            if looks >= _LOOKS:
                # the starts were not close enough: place smooth peaks better, too
                smooth = np.flatnonzero(hope.share != share)
                new.append(hope.share[smooth])
                owner.append(place[smooth])
            points = np.unique(np.stack([np.concatenate(owner), np.concatenate(new)]), axis=1)
            if points.size == 0:
                return line, values, slack, hope
            line = line.closer(self.games, self.rough, points[0].astype(np.int64), points[1])

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
        low, high = self.games.low, self.games.high
        for bound, inward in ((low, 1.0), (high, -1.0)):
            at = np.flatnonzero(node.share == bound)
            best = np.ones(at.size, dtype=bool)
            stakes = line.stakes.take(place[at])
            for distance in _PROBES if at.size else ():
                probe = np.full(at.size, bound + inward * distance * (high - low))
                beside = sample(games.take(at), rough.take(at), probe)
                score = stakes.score(solution, beside.utilities, beside.performance)
                best &= score < values[hope.row[at]]
            fixed[at[best]] = True
        share = np.where(fixed, node.share, share)
        peaks = _where(fixed, node.peaks, peaks)
        rows = np.flatnonzero(node.active)
        return Tasks(case, share, peaks, None, fixed, hope.value).take(rows)

    def _solve(self, solution: str, tasks: Tasks, line: Line | None) -> Found:
        """Solve every task on its branch, and check what comes out."""
        size = tasks.case.size
        specialists = self.games.specialists
        share, base = tasks.share.copy(), tasks.peaks.base.copy()
        contribution = tasks.peaks.contribution.copy()
        error = np.full(size, np.inf)
        taking = np.zeros((specialists, size), dtype=bool)
        place = None if line is None else np.searchsorted(line.cases, tasks.case)
        for kind, rows in self._kinds(solution, tasks, line).items():
            some = tasks.take(rows)
            if line is None or place is None:
                ideal, worst = np.zeros((1 + specialists, rows.size)), np.zeros(rows.size)
            else:
                stakes = line.stakes.take(place[rows])
                ideal = stakes.ideal
                worst = stakes.worst_gain(solution, self._utilities(some))
            found = self.compiled.program(kind).solve(
                some.case,
                {name: column[some.case] for name, column in self.columns.items()},
                some.share,
                some.peaks,
                some.rivals,
                ideal,
                worst,
            )
            share[rows], base[rows] = found.share, found.base
            contribution[:, rows] = found.contribution
            error[rows] = found.error
            taking[np.ix_(kind.branch.participants, rows)] = True
        contracts = Contracts(tasks.case, share, base, contribution, error)
        return self._checked(solution, contracts, taking, tasks, line, place)

    def _utilities(self, tasks: Tasks) -> Array:
        games = self.games.take(tasks.case)
        return games.utilities(np.vstack([tasks.peaks.payoff, tasks.peaks.profit]))

    def _kinds(self, solution: str, tasks: Tasks, line: Line | None) -> dict[Kind, Rows]:
        kinds: dict[Kind, list[int]] = {}
        known: dict[bytes, Branch] = {}

        def branch(peaks: Peaks, row: int) -> Branch:
            columns = (peaks.state, peaks.changed, peaks.contribution == 0.0)
            key = b"".join(c[:, row].tobytes() for c in columns) + bytes([int(peaks.leader[row])])
            if key not in known:
                known[key] = peaks.branch(row)
            return known[key]

        for row in range(tasks.case.size):
            here = branch(tasks.peaks, row)
            rival = None if tasks.rivals is None else branch(tasks.rivals, row)
            if tasks.fixed[row] or line is None:
                kind = Kind(GIVEN, here)
            else:
                k = int(np.searchsorted(line.cases, tasks.case[row]))
                bargainers = tuple(np.flatnonzero(line.stakes.bargainers[:, k]).tolist())
                powerful = tuple(np.flatnonzero(line.stakes.weights[:, k] > 0.0).tolist())
                kind = Kind(solution, here, rival, bargainers, powerful)
            kinds.setdefault(kind, []).append(row)
        return {kind: np.array(rows) for kind, rows in kinds.items() if self._possible(kind)}

    def _possible(self, kind: Kind) -> bool:
        """Whether the formulation can state it: who bargains, or is favoured, must take part."""
        if not kind.branch.smooth or (kind.rival is not None and not kind.rival.smooth):
            return False
        taking = {0, *(k + 1 for k in kind.branch.participants)}
        if kind.solution.startswith("player "):
            return int(kind.solution.removeprefix("player ")) in taking
        if kind.solution in ("nash", "egalitarian", "kalai-smorodinsky"):
            return taking.issuperset(kind.bargainers)
        return True

    def _checked(
        self,
        solution: str,
        contracts: Contracts,
        taking: NDArray[np.bool_],
        tasks: Tasks,
        line: Line | None,
        place: Rows | None,
    ) -> Found:
        games = self.games.take(tasks.case)
        fine = self.fine.take(tasks.case)
        solved = contracts.error <= _ERROR
        share = np.where(solved, contracts.share, tasks.share)
        base = np.where(solved, contracts.base, tasks.peaks.base)
        checked = check(games, fine, share, base, contracts.contribution, taking)
        utilities = games.utilities(checked.profits)
        good = solved & (checked.regret <= _REGRET)
        final = np.where(taking, base + contracts.contribution, 0.0).sum(axis=0)
        score = np.zeros(share.size)
        if line is not None and place is not None:
            stakes = line.stakes.take(place)
            score = stakes.score(solution, utilities, final)
        return Found(
            tasks.case,
            share,
            base,
            contracts.contribution,
            taking,
            checked.profits,
            utilities,
            checked.regret,
            good,
            solved & ~good & (checked.leader_gain > 0.0),
            checked.deviation,
            np.where(good, score, -np.inf),
        )

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


def _size(line: Line, values: Array) -> Array:
    """Scale of the scores of each case."""
    real = np.isfinite(values) & (values > 0.5 * NO_PRODUCT)
    top = line.highest(np.where(real, np.abs(values), 0.0))
    return np.where(top > 0.0, top, 1.0)


def _where(use: NDArray[np.bool_], yes: Peaks, no: Peaks) -> Peaks:
    return Peaks(
        *(np.where(use, getattr(yes, each.name), getattr(no, each.name)) for each in fields(Peaks))
    )


def _together(parts: list[Found]) -> Found:
    arrays = {}
    for each in fields(Found):
        values = [getattr(part, each.name) for part in parts]
        is_peaks = each.name == "deviation"
        arrays[each.name] = join(values) if is_peaks else np.concatenate(values, axis=-1)
    return Found(**arrays)


def _chosen(
    solution: str,
    line: Line,
    found: Found,
    hope: Array,
    again: Rows,
    values: Array,
    slack: Array,
) -> Found:
    """Pick the best contract of every case, good only if no hope and no sample is better."""
    place = np.searchsorted(line.cases, found.case)
    order = np.lexsort((found.score, place))
    last = order[np.append(place[order][1:] != place[order][:-1], True)]
    best = np.full(line.cases.size, -np.inf)
    best[place[last]] = found.score[last]
    # a hope that came to nothing leaves doubt, unless its second attempt succeeded
    open_ = ~found.good
    open_[again] = False
    rounding = line.stakes.rounding(solution)
    doubt = line.highest(values) > best + slack
    np.logical_or.at(doubt, place[open_], (hope > best[place] + rounding[place])[open_])
    chosen = _pick(found, last)
    return replace(chosen, good=chosen.good & ~doubt[place[last]])


def _pick(found: Found, rows: Rows) -> Found:
    every = {each.name: getattr(found, each.name) for each in fields(Found)}
    return Found(
        **{
            name: each.take(rows) if isinstance(each, Peaks) else each[..., rows]
            for name, each in every.items()
        }
    )
