"""Two benchmarks compared: what got better, what got worse, which answers changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from opt_games.benchmark.result import BenchResult, Run
from opt_games.benchmark.verdicts import Verdict


@dataclass(frozen=True)
class Change:
    """A run that ended in another way.

    Attributes
    ----------
    problem : str
    start : int
    before, after : str
        Verdicts.
    reason : str
        Of the later verdict.
    """

    problem: str
    start: int
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class SolverChange:
    """What became of a solver.

    Attributes
    ----------
    solver : str
    before, after : str
        Its versions.
    runs : int
        Those that both benchmarks have.
    right_before, right_after : int
    wrong_before, wrong_after : int
    time_ratio : float or None
        Geometric mean of the time to translate and solve, over that before, where it was right both
        times; None if it never was.
    changes : tuple of Change
        Runs with another verdict.
    """

    solver: str
    before: str
    after: str
    runs: int
    right_before: int
    right_after: int
    wrong_before: int
    wrong_after: int
    time_ratio: float | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Comparison:
    """Two benchmarks.

    Attributes
    ----------
    solvers : tuple of SolverChange
        Those that both have.
    added, removed : tuple of str
        Solvers that only the later, only the earlier has.
    answers : mapping of str to (float, float)
        Problems whose certified optimum changed: before and after. Their runs are not compared.
    only_before, only_after : int
        Problems that only one of them has.
    """

    solvers: tuple[SolverChange, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    answers: Mapping[str, tuple[float, float]]
    only_before: int
    only_after: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {
            "solvers": [asdict(each) for each in self.solvers],
            "added": list(self.added),
            "removed": list(self.removed),
            "answers": {name: list(pair) for name, pair in self.answers.items()},
            "only_before": self.only_before,
            "only_after": self.only_after,
        }


def compare(before: BenchResult, after: BenchResult) -> Comparison:
    """Compare two benchmarks on the problems and starts that both have.

    Times are only worth comparing if both ran on the same machine.

    Parameters
    ----------
    before, after : BenchResult

    Examples
    --------
    >>> import opt_games
    >>> found = opt_games.bench(["quadratic"], solvers=["ipopt"], starts=1)
    >>> again = compare(found, found).solvers[0]
    >>> again.runs, again.right_after - again.right_before, again.time_ratio, again.changes
    (3, 0, 1.0, ())
    """
    old = {each.name: each for each in before.problems}
    new = {each.name: each for each in after.problems}
    tolerance = float(after.settings.get("tolerance", 0.0))
    answers = {
        name: (old[name].objective, each.objective)
        for name, each in new.items()
        if name in old and abs(each.objective - old[name].objective) > tolerance * each.scale
    }
    same = (set(old) & set(new)) - set(answers)
    return Comparison(
        tuple(_of(name, before, after, same) for name in after.solvers if name in before.solvers),
        tuple(name for name in after.solvers if name not in before.solvers),
        tuple(name for name in before.solvers if name not in after.solvers),
        answers,
        len(set(old) - set(new)),
        len(set(new) - set(old)),
    )


def _of(name: str, before: BenchResult, after: BenchResult, problems: set[str]) -> SolverChange:
    # where a problem starts from is drawn with the seed
    seeds = [each.settings.get("seed") for each in (before, after)]
    old, new = (
        {
            (run.problem, run.start): run
            for run in each.runs
            if run.solver == name
            and run.problem in problems
            and (run.start == 0 or seeds[0] == seeds[1])
        }
        for each in (before, after)
    )
    pairs = [(old[key], new[key]) for key in old if key in new]
    ratios = [
        math.log(now.seconds / then.seconds)
        for then, now in pairs
        if math.isfinite(now.seconds) and math.isfinite(then.seconds)
    ]
    first, last = [then for then, _ in pairs], [now for _, now in pairs]
    return SolverChange(
        name,
        before.solvers[name],
        after.solvers[name],
        len(pairs),
        _count(first, Verdict.RIGHT),
        _count(last, Verdict.RIGHT),
        _count(first, Verdict.WRONG),
        _count(last, Verdict.WRONG),
        float(np.exp(np.mean(ratios))) if ratios else None,
        tuple(
            Change(now.problem, now.start, then.verdict.value, now.verdict.value, now.reason)
            for then, now in pairs
            if then.verdict is not now.verdict
        ),
    )


def _count(runs: Sequence[Run], verdict: Verdict) -> int:
    return sum(run.verdict is verdict for run in runs)
