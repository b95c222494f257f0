"""What an answer is worth: held against the certified one, whatever the solver says of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from opt_games.benchmark.problems import BenchProblem, Stated
from opt_games.benchmark.worker import Report
from opt_games.solvers.model_view import ModelView, number_of
from opt_games.solvers.result import FEASIBILITY_TOLERANCE, SolverResult

STRICT = 1e-8
"""Violation that a point may have to count as better than the certified answer."""


class Verdict(Enum):
    """What became of a solve."""

    RIGHT = "right"
    """It claimed an optimum, and it is the certified one, to the tolerance."""
    WRONG = "wrong"
    """It claimed an optimum, and it is not the certified one."""
    BEYOND = "beyond"
    """It found a point that is feasible and better than the certified answer: then the formulation
    has points that are no equilibria, and the problem ranks nobody."""
    FAILED = "failed"
    """It said that it has no optimum: a limit, infeasible, no progress."""
    CRASHED = "crashed"
    """It raised, died, or returned no result."""
    HUNG = "hung"
    """It did not stop."""
    REFUSED = "refused"
    """It said that it cannot take the problem."""


@dataclass(frozen=True)
class Judged:
    """A verdict with its reasons.

    Attributes
    ----------
    verdict : Verdict
    objective : float or None
        At the point, by the model itself; None where there is no point.
    violation : float or None
        As `SolverResult.constraint_violation`, by the model itself.
    reason : str
        Empty for what is right.
    """

    verdict: Verdict
    objective: float | None = None
    violation: float | None = None
    reason: str = ""


def judge(
    problem: BenchProblem, stated: Stated, view: ModelView, report: Report, tolerance: float
) -> Judged:
    """Hold what a solver returned against the certified answer.

    Parameters
    ----------
    problem : BenchProblem
    stated : Stated
        A model of it that the solver has not seen.
    view : ModelView
        Of that model.
    report : Report
    tolerance : float
        How far the objective may be off, relative to `BenchProblem.scale`. An objective is flat at
        its optimum, so utilities may be off by the square root of that.
    """
    if report.hang:
        return Judged(Verdict.HUNG, reason=report.hang)
    if report.crash:
        return Judged(Verdict.CRASHED, reason=report.crash)
    if report.refusal:
        return Judged(Verdict.REFUSED, reason=report.refusal)
    result = report.result
    assert isinstance(result, SolverResult)
    fits = len(result.values) == len(view.variables)
    if not (fits and all(map(math.isfinite, result.values))):
        if result.ok:
            return Judged(Verdict.WRONG, reason=f"claims an optimum at {_few(result.values)}")
        return Judged(Verdict.FAILED, reason=f"{result.termination.value}: {result.message}")
    found = view.judge(result.values)
    objective = found.objective if math.isfinite(found.objective) else None
    violation = found.violation if math.isfinite(found.violation) else None

    def judged(verdict: Verdict, reason: str = "") -> Judged:
        return Judged(verdict, objective, violation, reason)

    if objective is None or violation is None:
        if result.ok:
            return judged(Verdict.WRONG, "claims an optimum where the problem is not defined")
        return judged(Verdict.FAILED, f"{result.termination.value}: {result.message}")
    short = view.sign * (objective - problem.objective) / problem.scale
    if short < -tolerance and violation <= STRICT:
        return judged(Verdict.BEYOND, f"better than the certified answer by {-short:.2g}")
    if not result.ok:
        return judged(Verdict.FAILED, f"{result.termination.value}: {result.message}")
    if violation > FEASIBILITY_TOLERANCE:
        return judged(Verdict.WRONG, f"{found.worst} is violated by {violation:.2g}")
    if short < -tolerance:
        return judged(Verdict.WRONG, f"too good by {-short:.2g}, with {found.worst} violated")
    if short > tolerance:
        return judged(Verdict.WRONG, f"short of the certified answer by {short:.2g}")
    with view.at(result.values):
        for player, (right, scale) in problem.outcomes.items():
            off = abs(number_of(stated.outcomes[player]) - right) / scale
            if not off <= math.sqrt(tolerance):
                reason = f"as good as the certified answer, but the utility of {player} is off"
                return judged(Verdict.WRONG, f"{reason} by {off:.2g}")
    return judged(Verdict.RIGHT)


def _few(values: tuple[float, ...]) -> str:
    return f"{len(values)} numbers, not all finite" if values else "no point"
