"""The result of a benchmark, as a value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.benchmark.profile import Profile
from opt_games.benchmark.verdicts import Verdict

if TYPE_CHECKING:
    import pandas as pd

CLAIMS_PROOF = "globally-optimal"


@dataclass(frozen=True)
class Run:
    """One solver on one problem from one start.

    Attributes
    ----------
    solver, problem : str
    start : int
        0 is the model's own start.
    verdict : Verdict
    claim : str
        What the solver says it holds, a value of `Quality`; empty without a result.
    objective, violation : float or None
        By the model itself; None without a point.
    build, translate, solve : float or None
        Seconds; None where it did not come to an end.
    iterations : int or None
    reason : str
        Why it is not right.
    """

    solver: str
    problem: str
    start: int
    verdict: Verdict
    claim: str = ""
    objective: float | None = None
    violation: float | None = None
    build: float | None = None
    translate: float | None = None
    solve: float | None = None
    iterations: int | None = None
    reason: str = ""

    @property
    def seconds(self) -> float:
        """What the solver took, to translate and to solve; infinite if it is not right."""
        if self.verdict is not Verdict.RIGHT or self.translate is None or self.solve is None:
            return math.inf
        return max(self.translate + self.solve, 1e-9)


@dataclass(frozen=True)
class Posed:
    """A problem of a benchmark, for the record.

    Attributes
    ----------
    name : str
    objective : float
        The certified optimum.
    scale : float
        Against which an error of the objective counts.
    gap : float or None
        As `BenchProblem.gap`.
    variables, constraints : int
    """

    name: str
    objective: float
    scale: float
    gap: float | None
    variables: int
    constraints: int


@dataclass(frozen=True)
class Summary:
    """A solver in numbers.

    Attributes
    ----------
    solver : str
    runs : int
        Those that count: not of problems that are set aside.
    right, wrong, failed, crashed, hung, refused : int
    wrong_proofs : int
        Of the wrong, those that claimed a global optimum.
    fastest : float
        Part of the runs on which it is right and the fastest.
    build, translate, solve : float or None
        Median seconds of its right runs; None if there is none.
    """

    solver: str
    runs: int
    right: int
    wrong: int
    wrong_proofs: int
    failed: int
    crashed: int
    hung: int
    refused: int
    fastest: float
    build: float | None
    translate: float | None
    solve: float | None


@dataclass(frozen=True)
class BenchResult:
    """What `opt_games.bench` returns.

    Attributes
    ----------
    settings : mapping of str to object
        What was asked for.
    machine : mapping of str to object
        Versions and the kind of machine.
    solvers : mapping of str to str
        Versions by name.
    problems : tuple of Posed
    left_out : mapping of str to str
        Games and formulations that no solver was tried on, and why.
    runs : tuple of Run
    complete : bool
        False after an interruption.
    """

    settings: Mapping[str, Any]
    machine: Mapping[str, Any]
    solvers: Mapping[str, str]
    problems: tuple[Posed, ...]
    left_out: Mapping[str, str]
    runs: tuple[Run, ...]
    complete: bool = field(default=True)

    @cached_property
    def set_aside(self) -> tuple[str, ...]:
        """Problems on which a point was found that is better than the certified answer.

        It obeys every constraint, so the formulation has points that are no equilibria. Such a
        problem ranks nobody.
        """
        beyond = {run.problem for run in self.runs if run.verdict is Verdict.BEYOND}
        return tuple(each.name for each in self.problems if each.name in beyond)

    @cached_property
    def counted(self) -> tuple[Run, ...]:
        """The runs of problems that are not set aside."""
        aside = set(self.set_aside)
        return tuple(run for run in self.runs if run.problem not in aside)

    def profile(self) -> Profile:
        """Return the performance profile of the solvers over problems and starts.

        Of those that every solver was tried on, which after an interruption may not be all. The
        time is that to translate and to solve.
        """
        times: dict[str, dict[tuple[str, int], float]] = {name: {} for name in self.solvers}
        for run in self.counted:
            times[run.solver][run.problem, run.start] = run.seconds
        tried = [set(each) for each in times.values()]
        common = sorted(set.intersection(*tried)) if tried else []
        return Profile.of({name: [each[key] for key in common] for name, each in times.items()})

    def summary(self) -> tuple[Summary, ...]:
        """Return the solvers in numbers, the one with the most right answers first."""
        profile = self.profile()
        found = [self._of(name, profile) for name in self.solvers]
        return tuple(sorted(found, key=lambda each: (-each.right, each.wrong, each.solver)))

    def _of(self, name: str, profile: Profile) -> Summary:
        runs = [run for run in self.counted if run.solver == name]
        count = Counter(run.verdict for run in runs)
        right = [run for run in runs if run.verdict is Verdict.RIGHT]
        wrong = [run for run in runs if run.verdict is Verdict.WRONG]
        middle = {
            part: float(np.median([getattr(run, part) for run in right])) if right else None
            for part in ("build", "translate", "solve")
        }
        return Summary(
            name,
            len(runs),
            len(right),
            len(wrong),
            sum(run.claim == CLAIMS_PROOF for run in wrong),
            count[Verdict.FAILED],
            count[Verdict.CRASHED],
            count[Verdict.HUNG],
            count[Verdict.REFUSED],
            float(profile.part(name, 1.0)),
            **middle,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {
            "settings": dict(self.settings),
            "machine": dict(self.machine),
            "solvers": dict(self.solvers),
            "problems": [asdict(each) for each in self.problems],
            "left_out": dict(self.left_out),
            "set_aside": list(self.set_aside),
            "summary": [asdict(each) for each in self.summary()],
            "runs": [{**asdict(run), "verdict": run.verdict.value} for run in self.runs],
            "complete": self.complete,
        }

    def to_pandas(self) -> pd.DataFrame:
        """Return the runs, one a row."""
        import pandas as pd

        rows = [{**asdict(run), "verdict": run.verdict.value} for run in self.runs]
        return pd.DataFrame(rows, columns=list(Run.__dataclass_fields__))
