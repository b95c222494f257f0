"""What a solver hands back: why it stopped, apart from what it holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from opt_games.errors import SolverError

FEASIBILITY_TOLERANCE = 1e-6
"""Largest scaled violation at which a point still counts as feasible, for every back end."""

PROOF_TOLERANCE = 1e-6
"""How far a proven bound and the objective may be apart, relative to ``max(1, |objective|)``."""


class Termination(Enum):
    """Why the solver stopped. It says nothing about the point: see `Quality`."""

    CONVERGED = "converged"
    ACCEPTABLE = "acceptable"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    ITERATION_LIMIT = "iteration-limit"
    TIME_LIMIT = "time-limit"
    NUMERICAL_FAILURE = "numerical-failure"
    INVALID_MODEL = "invalid-model"
    INTERRUPTED = "interrupted"
    ERROR = "error"


class Quality(Enum):
    """What the result holds, as far as it is known: ordered from nothing to certified."""

    NOTHING = "nothing"
    POINT = "point"
    FEASIBLE = "feasible"
    LOCALLY_OPTIMAL = "locally-optimal"
    GLOBALLY_OPTIMAL = "globally-optimal"


NEXT_STEP = {
    Termination.CONVERGED: "its point breaks the constraints: scale the model or tighten tolerance",
    Termination.ACCEPTABLE: "its point breaks the constraints: scale the model",
    Termination.INFEASIBLE: "explain_infeasibility(model) names the constraints in the way; or "
    "start from other values: a local solver finds infeasibility only near its start",
    Termination.UNBOUNDED: "bound the variables that the objective rewards without limit",
    Termination.ITERATION_LIMIT: "raise iteration_limit, or start nearer to a solution",
    Termination.TIME_LIMIT: "raise time_limit, or start nearer to a solution",
    Termination.NUMERICAL_FAILURE: "start where every expression is defined, and bound variables "
    "away from where a logarithm, root or quotient is not",
    Termination.INVALID_MODEL: "mend the model as the message says",
    Termination.INTERRUPTED: "solve again",
    Termination.ERROR: "try another solver, or other solver options",
}
"""What to try, for each reason of stopping."""


@dataclass(frozen=True)
class SolverInfo:
    """Which solver answered."""

    name: str
    version: str


@dataclass(frozen=True)
class SolverResult:
    """The outcome of one solve.

    Attributes
    ----------
    termination : Termination
        Why the solver stopped.
    holds : Quality
        What the result holds. It rests on our own evaluation of the original model at the point,
        and on the solver's word only for optimality; a local solver never holds more than
        ``locally-optimal``.
    objective : float or None
        The objective at the point, in the model's own sense; None where nothing is held.
    values : tuple of float
        The point, in the order of `CompiledProblem.variables`; empty where nothing is held.
    constraint_violation : float
        Largest violation of a constraint or variable bound, each divided by ``max(1, |bound|)``;
        infinite where nothing is held.
    iterations : int or None
        Iterations of the solver, None where it does not tell.
    seconds : float
        Wall-clock time of the solve.
    message : str
        The vendor's words, with its code.
    solver : SolverInfo
        Which solver answered.
    bound : float or None
        A proven bound on the optimal objective, from global solvers only.
    """

    termination: Termination
    holds: Quality
    objective: float | None
    values: tuple[float, ...]
    constraint_violation: float
    iterations: int | None
    seconds: float
    message: str
    solver: SolverInfo
    bound: float | None = None

    @property
    def gap(self) -> float:
        """How far the objective is from the proven bound at most; infinite without one."""
        if self.bound is None or self.objective is None:
            return math.inf
        return abs(self.objective - self.bound)

    @property
    def ok(self) -> bool:
        """Whether an optimal point is held, locally at least."""
        return self.holds in (Quality.LOCALLY_OPTIMAL, Quality.GLOBALLY_OPTIMAL)

    def require(self) -> SolverResult:
        """Return the result itself if it is `ok`.

        Raises
        ------
        SolverError
            If it is not, with the reason and what to try next.
        """
        if self.ok:
            return self
        held = f"holds {self.holds.value}"
        if self.holds is Quality.POINT:
            held += f", violation {self.constraint_violation:.1e}"
        next_step = NEXT_STEP[self.termination]
        if self.termination is Termination.CONVERGED and self.holds is Quality.FEASIBLE:
            next_step = "its bound does not prove its point: tighten gap, or try another solver"
        raise SolverError(
            f"{self.solver.name} {self.solver.version}: {self.termination.value} "
            f"({self.message}; {held}). {next_step}"
        )


@dataclass(frozen=True)
class Outcome:
    """One run of a vendor's solver, in its own words: not yet judged.

    Attributes
    ----------
    termination : Termination
        Why it stopped.
    point : sequence of float or None
        Where it stopped, in the order of the variables.
    iterations : int or None
        How many it took, where it tells.
    message : str
        Its words, with its code.
    multipliers : object
        Whatever the same back end needs for a warm start.
    bound : float or None
        The least that the minimised objective can be, as a global solver claims to have proven.
    """

    termination: Termination
    point: Sequence[float] | None
    iterations: int | None
    message: str
    multipliers: object = None
    bound: float | None = None


def allowed_gap(objective: float, gap: float) -> float:
    """Return how far a proven bound may be from an objective for it to count as optimal.

    Parameters
    ----------
    objective : float
        Ours, at the point.
    gap : float
        As `SolverOptions.gap`.
    """
    return max(gap, PROOF_TOLERANCE) * max(1.0, abs(objective))


def quality(termination: Termination, violation: float, *, proven: bool = False) -> Quality:
    """Judge what is held from the reason of stopping and the violation that we measured.

    Parameters
    ----------
    termination : Termination
        Why the solver stopped.
    violation : float
        Scaled violation of the original model; NaN or infinite if it cannot be evaluated there.
    proven : bool
        Whether the solver is global and claims a proof.

    Returns
    -------
    Quality
        Never ``locally-optimal`` for a point that breaks the model, whatever the solver says.
    """
    if not math.isfinite(violation):
        return Quality.NOTHING
    if violation > FEASIBILITY_TOLERANCE:
        return Quality.POINT
    if termination not in (Termination.CONVERGED, Termination.ACCEPTABLE):
        return Quality.FEASIBLE
    return Quality.GLOBALLY_OPTIMAL if proven else Quality.LOCALLY_OPTIMAL
