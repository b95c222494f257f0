"""What every back end needs of a Pyomo model, read and judged without any vendor."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo
from pyomo.core.base.block import BlockData
from pyomo.core.expr.visitor import identify_variables
from pyomo.core.staleflag import StaleFlagManager

from opt_games.errors import SolverError
from opt_games.solvers.result import (
    FEASIBILITY_TOLERANCE,
    Outcome,
    Quality,
    SolverInfo,
    SolverResult,
    Termination,
    allowed_gap,
    quality,
)

if TYPE_CHECKING:
    from pyomo.core.base.constraint import ConstraintData
    from pyomo.core.base.var import VarData


@dataclass(frozen=True)
class Judgement:
    """The original model, evaluated at a point.

    Attributes
    ----------
    objective : float
        In the model's own sense; NaN where it is undefined.
    bodies : tuple of float
        The bodies of the constraints, NaN where undefined.
    violation : float
        The largest violation of a constraint or bound, each divided by ``max(1, |bound|)``;
        infinite where anything is undefined.
    worst : str
        The name of the constraint or Var that it belongs to; empty where there is no violation.
    """

    objective: float
    bodies: tuple[float, ...]
    violation: float
    worst: str = ""


class ModelView:
    """The active objective, constraints and the Vars they use, in a fixed order.

    Parameters
    ----------
    model : ConcreteModel or Block
        The model; only `load` writes to it.
    integers : bool
        Whether the solver takes integer Vars.

    Attributes
    ----------
    objective : ObjectiveData or None
        The one active objective, if any.
    sign : float
        1 where it is minimised, -1 where it is maximised.
    constraints : tuple of ConstraintData
        The active constraints, in the order of their declaration.
    variables : tuple of VarData
        The Vars that those use, fixed or not.
    whole : tuple of bool
        Which of the variables take whole numbers only.

    Raises
    ------
    SolverError
        If there are several active objectives, no Vars, or unfixed Vars of a kind that the solver
        does not take.
    """

    def __init__(self, model: BlockData, *, integers: bool = False) -> None:
        self.model = model
        objectives = list(model.component_data_objects(pyo.Objective, active=True))
        if len(objectives) > 1:
            names = ", ".join(each.name for each in objectives)
            raise SolverError(f"one active objective at most, not {names}: deactivate the others")
        self.objective = objectives[0] if objectives else None
        self._sense = objectives[0].sense if objectives else pyo.minimize
        self.sign = -1.0 if self._sense == pyo.maximize else 1.0
        self.constraints = tuple(model.component_data_objects(pyo.Constraint, active=True))
        for each in (*objectives, *self.constraints):
            if each.expr is None:
                raise SolverError(f"{each.name} is active but has no expression")
        self.variables = self._used_variables()
        self._switches = tuple(self._switchable())
        self._active = self._switch_state()
        self.whole = tuple([var.is_integer() for var in self.variables])
        self._discrete = tuple(
            var
            for var in self.variables
            if not (var.is_continuous() or (integers and var.is_integer()))
        )
        self.check()

    def _used_variables(self) -> tuple[VarData, ...]:
        used: dict[int, VarData] = {}
        seen: dict[Any, Any] = {}
        objective = () if self.objective is None else (self.objective,)
        for part in (*objective, *self.constraints):
            for var in identify_variables(part.expr, named_expression_cache=seen):
                used.setdefault(id(var), var)
        declared = {id(v): k for k, v in enumerate(self.model.component_data_objects(pyo.Var))}
        last = len(declared)
        return tuple(sorted(used.values(), key=lambda var: declared.get(id(var), last)))

    def _switchable(self) -> Iterator[Any]:
        yield from self.model.block_data_objects()
        yield from self.model.component_data_objects((pyo.Objective, pyo.Constraint))

    def _switch_state(self) -> tuple[bool, ...]:
        return tuple([each.active for each in self._switches])

    def check(self) -> None:
        """Raise SolverError if the model is no longer what was compiled, or is discrete."""
        if self._switch_state() != self._active:
            changed = next(
                each
                for each, was in zip(self._switches, self._active, strict=True)
                if each.active != was
            )
            raise SolverError(
                f"{changed.name} was (de)activated after the model was compiled: compile it again"
            )
        if self.objective is not None and self.objective.sense != self._sense:
            raise SolverError(f"the sense of {self.objective.name} changed: compile it again")
        for var in self._discrete:
            if not var.fixed:
                raise SolverError(
                    f"{var.name} is {var.domain.name}, and this solver takes continuous Vars only: "
                    "fix it, relax its domain, or use scip, maingo or gurobi"
                )

    def bounds(self) -> tuple[list[float], list[float]]:
        """Return lower and upper bounds of the variables now; a fixed Var's are its value.

        Raises
        ------
        SolverError
            If a fixed Var has no value.
        """
        lower, upper = [], []
        for var in self.variables:
            if var.fixed:
                if var.value is None:
                    raise SolverError(f"{var.name} is fixed but has no value: give it one")
                low = high = var.value
            else:
                low, high = var.bounds
            lower.append(-math.inf if low is None else float(low))
            upper.append(math.inf if high is None else float(high))
        return lower, upper

    def start(self, lower: Sequence[float], upper: Sequence[float]) -> list[float]:
        """Return the values of the variables now.

        Where one has none: the middle of its bounds, or the number nearest to 0 if they are not
        both finite.

        Parameters
        ----------
        lower, upper : sequence of float
            The bounds, as `bounds` gives them.
        """
        point = []
        for var, low, high in zip(self.variables, lower, upper, strict=True):
            guess = var.value
            if guess is None:
                both = math.isfinite(low) and math.isfinite(high)
                guess = 0.5 * (low + high) if both else min(max(0.0, low), high)
            point.append(float(guess))
        return point

    def constraint_bounds(self) -> tuple[list[float], list[float]]:
        """Return lower and upper bounds of the constraints now."""
        lower, upper = [], []
        for each in self.constraints:
            low, _, high = bounded(each)
            lower.append(-math.inf if low is None else number_of(low))
            upper.append(math.inf if high is None else number_of(high))
        return lower, upper

    @contextmanager
    def at(self, point: Sequence[float]) -> Iterator[None]:
        """Let the variables have other values for a while.

        Parameters
        ----------
        point : sequence of float
            Values in the order of `variables`.
        """
        before = [(var, var.value, var.stale) for var in self.variables]
        try:
            for var, number in zip(self.variables, point, strict=True):
                var.set_value(number, skip_validation=True)
            yield
        finally:
            for var, number, stale in before:
                var.set_value(number, skip_validation=True)
                var.stale = stale

    @contextmanager
    def fixed_at(self, point: Sequence[float]) -> Iterator[None]:
        """Let the variables have other values for a while, and those of whole numbers be fixed.

        Parameters
        ----------
        point : sequence of float
            Values in the order of `variables`.
        """
        held = [
            var
            for var, whole in zip(self.variables, self.whole, strict=True)
            if whole and not var.fixed
        ]
        with self.at(point):
            try:
                for var in held:
                    var.fixed = True
                yield
            finally:
                for var in held:
                    var.fixed = False

    def judge(self, point: Sequence[float]) -> Judgement:
        """Evaluate the user's own expressions at a point, and leave the model as it was.

        Parameters
        ----------
        point : sequence of float
            Values in the order of `variables`.

        Returns
        -------
        Judgement
            Independent of what any solver says.
        """
        lower, upper = self.bounds()
        violation, worst = 0.0, ""
        for var, number, low, high, whole in zip(
            self.variables, point, lower, upper, self.whole, strict=True
        ):
            short = shortfall(number, low, high)
            if whole and math.isfinite(number) and not var.fixed:
                short = max(short, abs(number - round(number)))
            if short > violation:
                violation, worst = short, var.name
        if not all(map(math.isfinite, point)):
            return Judgement(math.nan, (), math.inf, worst)
        with self.at(point):
            objective = 0.0 if self.objective is None else number_of(self.objective.expr)
            bodies = []
            for each in self.constraints:
                low, body, high = bounded(each)
                bodies.append(number_of(body))
                least = -math.inf if low is None else number_of(low)
                most = math.inf if high is None else number_of(high)
                short = shortfall(bodies[-1], least, most)
                if short > violation:
                    violation, worst = short, each.name
        if not math.isfinite(objective):
            return Judgement(objective, tuple(bodies), math.inf, "the objective")
        return Judgement(objective, tuple(bodies), violation, worst)

    def load(self, point: Sequence[float]) -> None:
        """Write a point into the unfixed Vars.

        Parameters
        ----------
        point : sequence of float
            Values in the order of `variables`.
        """
        StaleFlagManager.mark_all_as_stale()
        for var, number in zip(self.variables, point, strict=True):
            if not var.fixed:
                var.set_value(number, skip_validation=True)


def contradiction(
    components: Sequence[Any], lower: Sequence[float], upper: Sequence[float]
) -> str | None:
    """Name a variable or constraint whose bounds contradict each other, if there is one.

    Parameters
    ----------
    components : sequence of VarData or ConstraintData
        Whose bounds they are.
    lower, upper : sequence of float
        Their bounds.
    """
    for each, low, high in zip(components, lower, upper, strict=True):
        if low > high:
            return f"{each.name}: lower bound {low:g} above upper bound {high:g}"
    return None


def bounded(constraint: ConstraintData) -> tuple[Any, Any, Any]:
    """Return a constraint as (lower bound, body, upper bound), None for a bound that is absent.

    Parameters
    ----------
    constraint : ConstraintData
        With bounds that may depend on mutable Params.

    Raises
    ------
    SolverError
        If a bound of a ranged constraint depends on a Var.
    """
    try:
        lower, body, upper = constraint.to_bounded_expression()
    except ValueError as error:
        raise SolverError(f"{constraint.name}: {error}") from None
    return lower, body, upper


def number_of(expression: Any) -> float:
    """Return the value of an expression, NaN where it has none in the real numbers.

    Parameters
    ----------
    expression : NumericValue or float
    """
    try:
        # without exception, for with one Pyomo logs to the terminal first
        number = pyo.value(expression, exception=False)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        return math.nan
    return math.nan if number is None or isinstance(number, complex) else float(number)


def shortfall(number: float, low: float, high: float) -> float:
    """Return how far a number is outside its bounds, relative to ``max(1, |bound|)``.

    Parameters
    ----------
    number, low, high : float
        A NaN number is infinitely far outside.
    """
    if math.isnan(number):
        return math.inf
    below = (low - number) / max(1.0, abs(low)) if low > -math.inf else 0.0
    above = (number - high) / max(1.0, abs(high)) if high < math.inf else 0.0
    return max(0.0, below, above)


def conclude(
    view: ModelView,
    outcome: Outcome,
    solver: SolverInfo,
    began: float,
    *,
    gap: float | None = None,
) -> tuple[SolverResult, Judgement]:
    """Judge what a vendor says by the original model, and make it a result.

    Parameters
    ----------
    view : ModelView
        The original model.
    outcome : Outcome
        What the vendor says.
    solver : SolverInfo
        Who says it.
    began : float
        ``time.perf_counter()`` when the solve began.
    gap : float, optional
        How far a global solver's bound may be from the objective, as `SolverOptions.gap`; without
        it the solver is a local one, which proves nothing.

    Returns
    -------
    SolverResult
        With an objective and a violation of our own.
    Judgement
        What they rest on.
    """
    point = outcome.point
    judgement = Judgement(math.nan, (), math.inf) if point is None else view.judge(point)
    bound, message = None, outcome.message
    if point is not None and FEASIBILITY_TOLERANCE < judgement.violation < math.inf:
        message += f"; {judgement.worst} is violated most, by {judgement.violation:.2g}"
    if gap is not None and outcome.bound is not None and math.isfinite(outcome.bound):
        bound = view.sign * outcome.bound
    holds = quality(outcome.termination, judgement.violation)
    if bound is not None and holds in (Quality.FEASIBLE, Quality.LOCALLY_OPTIMAL):
        ahead = view.sign * (bound - judgement.objective)
        if ahead > allowed_gap(judgement.objective, gap or 0.0):
            message += f"; its bound {bound:g} is refuted by its own point: {judgement.objective:g}"
            bound = None
        elif ahead > 0:
            bound = judgement.objective
    if gap is not None and holds is Quality.LOCALLY_OPTIMAL:
        near = bound is not None and abs(judgement.objective - bound) <= allowed_gap(
            judgement.objective, gap
        )
        holds = Quality.GLOBALLY_OPTIMAL if near else Quality.FEASIBLE
    termination = outcome.termination
    if point is None or holds is Quality.NOTHING:
        if termination in (Termination.CONVERGED, Termination.ACCEPTABLE):
            termination = Termination.NUMERICAL_FAILURE
        point = None
    result = SolverResult(
        termination=termination,
        holds=holds,
        objective=None if point is None else judgement.objective,
        values=() if point is None else tuple(point),
        constraint_violation=judgement.violation,
        iterations=outcome.iterations,
        seconds=time.perf_counter() - began,
        message=message,
        solver=solver,
        bound=bound,
    )
    return result, judgement
