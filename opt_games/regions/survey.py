"""Surveys: which condition holds at any values of some parameters of a game."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opt_games.api import given_shares, solve
from opt_games.engines import REGIMES, Cases, Engine, Outcomes
from opt_games.engines.cases import GIVEN
from opt_games.engines.one_by_one import record
from opt_games.engines.outcomes import FAILED, OK
from opt_games.errors import OptGamesError, SolverError, SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.parts import canonical_solution
from opt_games.regions.condition import NO_ANSWER, Condition
from opt_games.regions.strictness import revenue_shared
from opt_games.sweeps.choice import choose_engine
from opt_games.sweeps.values import SHARE

Codes = NDArray[np.int64]


class Survey:
    """Solves a game at points of a parameter space, and numbers the conditions it meets.

    Parameters
    ----------
    game : Game
    names : tuple of str
        What varies: parameters of the game, or ``"share"``.
    bargain : str, optional
        A bargaining solution.
    share : float or mapping of str to float, optional
        The generalist's share, for all domains or by specialist. With neither, what `solve` takes.
    engine : str
        Name of an engine, or ``"auto"``.

    Attributes
    ----------
    conditions : list of Condition
        Those met so far; their positions are the codes.
    solved : int
        How many games have been solved.

    Raises
    ------
    SpecError
        If a name, the share or the solution makes no sense for the game.
    """

    def __init__(
        self,
        game: Game,
        names: tuple[str, ...],
        *,
        bargain: str | None = None,
        share: float | Mapping[str, float] | None = None,
        engine: str = "auto",
    ) -> None:
        for name in names:
            if name != SHARE and name not in game.parameters:
                game.with_parameters(**{name: 0.0})  # says what is wrong with the name
        if (bargain is not None) + (share is not None) + (SHARE in names) > 1:
            raise SpecError("give one of a share, a bargaining solution and a range of shares")
        if bargain is None and share is None and SHARE not in names:
            bargain = game.bargaining.solution
            if bargain is None and game.contract.share is None:
                bargain = "nash"
        self.game = game
        self.names = names
        self.solution = GIVEN if bargain is None else canonical_solution(bargain)
        if self.solution == "weighted" and game.bargaining.weights is None:
            raise SpecError("the weighted solution needs weights", key="bargaining.weights")
        self.share = share
        if share is not None:
            given_shares(game, share)  # raises where it is none
        self.engine = engine
        self._solver: Engine | None = None
        self.conditions: list[Condition] = []
        self.solved = 0
        self._codes: dict[bytes, int] = {}
        self._reasons: dict[tuple[float, ...], str] = {}

    def __call__(self, points: Array) -> Codes:
        """Return the codes of the conditions at points, shape (points, names)."""
        if len(points) == 0:
            return np.zeros(0, dtype=np.int64)
        cases, outcomes = self._solve(points)
        self.solved += len(points)
        shared = revenue_shared(cases, outcomes)
        for case, reason in outcomes.reasons.items():
            self._reasons[tuple(points[case].tolist())] = reason
        kinds = np.vstack([outcomes.status, shared, outcomes.regimes]).astype(np.int8)
        kinds[1:, outcomes.status == FAILED] = -1
        return np.array([self._code(kind) for kind in kinds.T], dtype=np.int64)

    def why_failed(self, low: Array, high: Array) -> str:
        """Return a reason for failures between two corners of the parameter space."""
        for point, reason in sorted(self._reasons.items()):
            if np.all(low <= np.array(point)) and np.all(np.array(point) <= high):
                where = ", ".join(
                    f"{name} = {value:.6g}" for name, value in zip(self.names, point, strict=True)
                )
                return f"at {where}: {reason}"
        return ""

    @property
    def failures(self) -> int:
        """How many games had no answer."""
        return len(self._reasons)

    def require_an_answer(self) -> None:
        """Raise `SolverError` if every point failed."""
        if self.failures == self.solved:
            everywhere = np.full(len(self.names), np.inf)
            raise SolverError(
                f"no answer at any of {self.solved} points; "
                f"{self.why_failed(-everywhere, everywhere)}"
            )

    def _code(self, kind: NDArray[np.int8]) -> int:
        key = kind.tobytes()
        if key not in self._codes:
            self._codes[key] = len(self.conditions)
            self.conditions.append(self._condition(kind))
        return self._codes[key]

    def _condition(self, kind: NDArray[np.int8]) -> Condition:
        if kind[0] == FAILED:
            return NO_ANSWER
        regimes = (REGIMES[code] for code in kind[2:])
        return Condition(
            bool(kind[0] == OK), bool(kind[1]), dict(zip(self.game.players, regimes, strict=True))
        )

    def _solve(self, points: Array) -> tuple[Cases, Outcomes]:
        columns = dict(zip(self.names, np.ascontiguousarray(points.T), strict=True))
        shares = columns.pop(SHARE, None)
        if isinstance(self.share, Mapping):
            cases = Cases(self.game, columns, GIVEN, np.full(len(points), np.nan))
            return cases, _by_domain(cases, self.share)
        if self.share is not None:
            shares = np.full(len(points), float(self.share))
        cases = Cases(self.game, columns, self.solution, shares)
        if self._solver is None:
            self._solver, _ = choose_engine(self.engine, cases)
        return cases, self._solver.solve(cases)


def _by_domain(cases: Cases, share: Mapping[str, float]) -> Outcomes:
    """Solve games whose domains have given shares of their own: one by one, like no engine yet."""
    game = cases.game
    result = Outcomes.empty(len(game.specialists), len(game.attributes), cases.size)
    reasons: dict[int, str] = {}
    for case in range(cases.size):
        try:
            here = cases.game_of(case)
            found = solve(here, share=share)
        except OptGamesError as error:
            reasons[case] = str(error)
            continue
        record(result, case, here, found)
    return replace(result, reasons=reasons)
