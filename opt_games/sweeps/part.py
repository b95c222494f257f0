"""One part of a sweep: a run of points, and what they lead to."""

from __future__ import annotations

import functools
import pickle
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from opt_games.engines import STATUSES, Cases, Engine, Outcomes
from opt_games.engines.cases import GIVEN
from opt_games.errors import OptGamesError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.sweeps.choice import Engines
from opt_games.sweeps.values import SHARE

LONGEST_REASON = 500


@dataclass(frozen=True)
class Part:
    """What a run of points leads to; the first axes of every array are point and solution.

    Attributes
    ----------
    share, utility, profit : ndarray, shape (points, solutions, players)
        The share of the generalist itself is ``nan``.
    level : ndarray, shape (points, solutions, players, attributes)
    regime : ndarray of int8, shape (points, solutions, players)
    status : ndarray of int8, shape (points, solutions)
    regret, slow : ndarray, shape (points, solutions)
    reason : ndarray of int32, shape (points, solutions)
        Positions in `texts`.
    texts : ndarray of str
        The reasons of this part, each once; the first is empty, for points that did not fail.
    engines : ndarray of str, shape (solutions,)
        Who solved them.
    notes : ndarray of str
        Why it was not the engine asked for, where it was not.
    """

    share: Array
    utility: Array
    profit: Array
    level: Array
    regime: NDArray[np.int8]
    status: NDArray[np.int8]
    regret: Array
    slow: NDArray[np.bool_]
    reason: NDArray[np.int32]
    texts: NDArray[np.str_] = field(default_factory=lambda: np.array([""]))
    engines: NDArray[np.str_] = field(default_factory=lambda: np.array([""]))
    notes: NDArray[np.str_] = field(default_factory=lambda: np.array([], dtype=np.str_))

    @classmethod
    def of(cls, solved: list[Outcomes], engines: list[str], notes: list[str]) -> Part:
        """Put the outcomes of several solutions side by side."""
        texts: dict[str, int] = {"": 0}
        reason = np.zeros((solved[0].size, len(solved)), dtype=np.int32)
        for position, outcomes in enumerate(solved):
            for case, why in sorted(outcomes.reasons.items()):
                text = " ".join(why.split())[:LONGEST_REASON]
                reason[case, position] = texts.setdefault(text, len(texts))

        def stacked(name: str) -> NDArray[np.generic]:
            arrays = [np.moveaxis(getattr(outcomes, name), -1, 0) for outcomes in solved]
            return np.ascontiguousarray(np.stack(arrays, axis=1))

        shares = stacked("shares")
        generalist = np.full((*shares.shape[:2], 1), np.nan)
        arrays = {new: stacked(name) for new, name in _NAMES.items()}
        arrays["share"] = np.concatenate([generalist, shares], axis=-1)
        return cls(
            **arrays,  # type: ignore[arg-type]
            reason=reason,
            texts=np.array(list(texts)),
            engines=np.array(engines),
            notes=np.array(sorted(set(notes)), dtype=np.str_),
        )

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self.status.shape[0])

    def counts(self) -> dict[str, int]:
        """Return how many outcomes there are, by status."""
        found = np.bincount(self.status.ravel(), minlength=len(STATUSES))
        return {status: int(count) for status, count in zip(STATUSES, found, strict=True)}

    def reasons(self) -> dict[str, int]:
        """Return how many outcomes failed, by reason."""
        found = np.bincount(self.reason.ravel(), minlength=self.texts.size)
        return {
            str(text): int(count) for text, count in zip(self.texts[1:], found[1:], strict=True)
        }


_NAMES = {
    "utility": "utilities",
    "profit": "profits",
    "level": "levels",
    "regime": "regimes",
    "status": "status",
    "regret": "regret",
    "slow": "slow",
}
ARRAYS = ("share", *_NAMES, "reason")
"""The arrays of a part that have a value for every point."""
assert {*ARRAYS, "texts", "engines", "notes"} == {each.name for each in fields(Part)}


@dataclass(frozen=True)
class Job:
    """What to do with every part; pickled, it is all that a worker needs.

    Attributes
    ----------
    game : Game
    solutions : tuple of str
        Canonical names, or ``("given",)``.
    share : float or None
        A share given for all points.
    engine : str or Engine
    version : str
        Of the package.
    """

    game: Game
    solutions: tuple[str, ...]
    share: float | None
    engine: str | Engine
    version: str

    def cases(self, columns: Mapping[str, Array], solution: str) -> Cases:
        """Return some points as cases of an engine."""
        parameters = {name: column for name, column in columns.items() if name != SHARE}
        shares = columns.get(SHARE)
        if solution == GIVEN and self.share is not None:
            shares = np.full(next(iter(columns.values())).size, self.share)
        return Cases(self.game, parameters, solution, shares)

    def solve(self, columns: Mapping[str, Array], engines: Engines) -> Part:
        """Solve a run of points, by every solution."""
        solved, names, notes = [], [], []
        for solution in self.solutions:
            cases = self.cases(columns, solution)
            engine, note = engines.choose(cases)
            solved.append(self.outcomes(cases, engine))
            names.append(engine.name)
            notes += [note] if note else []
        return Part.of(solved, names, notes)

    def outcomes(self, cases: Cases, engine: Engine) -> Outcomes:
        """Solve cases by an engine; if it cannot solve games of their form, all have failed."""
        try:
            return engine.solve(cases)
        except OptGamesError as error:
            return self.failed(cases.size, str(error))

    def failed_part(self, size: int, reason: str) -> Part:
        """Return a part all of whose points failed."""
        outcomes = [self.failed(size, reason) for _ in self.solutions]
        return Part.of(outcomes, [""] * len(outcomes), [])

    def failed(self, size: int, reason: str) -> Outcomes:
        """Return outcomes all of which failed."""
        empty = Outcomes.empty(len(self.game.specialists), len(self.game.attributes), size)
        return Outcomes(**{**vars(empty), "reasons": dict.fromkeys(range(size), reason)})


_one_at_a_time = threading.Lock()


def solve_part(pickled: bytes, columns: Mapping[str, Array]) -> Part:
    """Solve a run of points in a worker, which keeps job and engines for the next run.

    Solvers are not safe in several threads: those of one process take turns.
    """
    with _one_at_a_time:
        job, engines = _unpickled(pickled)
        return job.solve(columns, engines)


@functools.lru_cache(maxsize=1)
def _unpickled(pickled: bytes) -> tuple[Job, Engines]:
    from opt_games import __version__

    job: Job = pickle.loads(pickled)
    if job.version != __version__:
        raise OptGamesError(
            f"a worker runs opt_games {__version__}, and this is {job.version}: install the same "
            "version everywhere"
        )
    return job, Engines(job.engine)
