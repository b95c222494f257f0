"""Solve contracts on their branches, by programs that are built once, and check them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opt_games.branch import Branch
from opt_games.engines.cases import GIVEN
from opt_games.engines.confirm import check
from opt_games.engines.found import Found, Tasks
from opt_games.engines.grids import Grids
from opt_games.engines.lines import Line
from opt_games.engines.many_games import ManyGames, Rows
from opt_games.engines.peaks import Peaks
from opt_games.engines.programs import Contracts, Kind, Program
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.payoffs import Payoffs

_REGRET = 1e-9
_ERROR = 1e-8


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
class Solving:
    """What it takes to solve contracts of some cases.

    Attributes
    ----------
    compiled : Compiled
    games : ManyGames
    columns : mapping of str to ndarray
        Values of the parameters that vary.
    fine : Grids
        On which deviations are searched.
    """

    compiled: Compiled
    games: ManyGames
    columns: Mapping[str, Array]
    fine: Grids

    def solve(self, solution: str, tasks: Tasks, line: Line | None = None) -> Found:
        """Solve every task on its branch, and check what comes out.

        Parameters
        ----------
        solution : str
            Canonical name, ``"player k"``, or ``"given"``.
        tasks : Tasks
        line : Line, optional
            Has the stakes; not needed where shares are given.
        """
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
            taking[np.ix_(np.array(kind.branch.participants, dtype=int), rows)] = True
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
        good = solved & (checked.regret <= _REGRET) & ~checked.passed_over
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
