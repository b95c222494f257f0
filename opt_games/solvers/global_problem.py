"""What solvers that prove a global optimum have in common: all but the solver itself."""

from __future__ import annotations

import contextlib
import math
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyomo.environ as pyo

from opt_games.errors import SolverError
from opt_games.solvers.base import CompiledProblem, SolverOptions
from opt_games.solvers.ipopt import Ipopt
from opt_games.solvers.model_view import (
    ModelView,
    bounded,
    conclude,
    contradiction,
    number_of,
    shortfall,
)
from opt_games.solvers.operator_rules import PLACEHOLDER, Language, operator_rules
from opt_games.solvers.result import (
    FEASIBILITY_TOLERANCE,
    Outcome,
    Quality,
    SolverInfo,
    SolverResult,
    Termination,
    allowed_gap,
)
from opt_games.solvers.walker import Rules, Symbol, translator

POLISH_ITERATIONS = 100
"""Most iterations of the local search that refines a global solver's point."""

POLISH_TOLERANCE = 1e-9
"""Violation that a refined point may have, even if the solver's own had less."""

EXACT = 1e-8
"""Violation at which a point is good enough for a proof to end the search at once."""


@dataclass(frozen=True)
class Row:
    """One constraint: ``lower <= body <= upper``."""

    lower: float
    body: Symbol
    upper: float


@dataclass(frozen=True)
class Expressions:
    """A problem in a solver's language, to be minimised.

    Attributes
    ----------
    objective : Symbol
        A float where it is constant.
    rows : tuple of Row
        The constraints on free variables.
    broken : str or None
        Names a constraint that its fixed variables break.
    """

    objective: Symbol
    rows: tuple[Row, ...]
    broken: str | None


@dataclass(frozen=True)
class Instance:
    """The present data of a model: numbers for its Params and fixed Vars.

    Attributes
    ----------
    view : ModelView
        The model.
    lower, upper, start : tuple of float
        Of all its variables; the start is inside the bounds.
    free : tuple of int
        Which of them are left to the solver; ``view.whole`` tells which of those take whole
        numbers only, whose bounds and starts are whole too.
    feasibility : float
        The tolerance on constraints to be asked of it.
    time_limit, iteration_limit
        What is left of those of `SolverOptions`.
    """

    view: ModelView
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    start: tuple[float, ...]
    free: tuple[int, ...]
    feasibility: float = FEASIBILITY_TOLERANCE
    time_limit: float | None = None
    iteration_limit: int | None = None

    def expressions(self, symbols: Sequence[Symbol], rules: Rules) -> Expressions:
        """Translate the objective and the constraints.

        Parameters
        ----------
        symbols : sequence
            The solver's symbol for each of the `free` variables.
        rules : mapping of type to callable
            See `opt_games.solvers.operator_rules`.

        Raises
        ------
        SolverError
            For an expression that the solver cannot take, or that has other Vars than when it was
            compiled, or a Param without a value.
        ArithmeticError
            If a constant part is undefined.
        """
        view = self.view
        known: dict[int, Symbol] = dict(zip(map(id, view.variables), self.lower, strict=True))
        for index, each in zip(self.free, symbols, strict=True):
            known[id(view.variables[index])] = each

        def symbol(leaf: Any) -> Symbol:
            if id(leaf) in known:
                return known[id(leaf)]
            if leaf.is_variable_type():
                raise SolverError(f"{leaf.name} was added after compiling: compile the model again")
            number = pyo.value(leaf, exception=False)
            if number is None:
                raise SolverError(f"the Param {leaf.name} has no value: give it one")
            return float(number)

        translate = translator(symbol, rules)
        objective = 0.0
        if view.objective is not None:
            objective = translate(view.objective.expr)
            objective = -objective if view.sign < 0 else objective
        rows, broken = [], None
        for each in view.constraints:
            low, body, high = bounded(each)
            lower = -math.inf if low is None else number_of(low)
            upper = math.inf if high is None else number_of(high)
            translated = translate(body)
            if not isinstance(translated, float):
                rows.append(Row(lower, translated, upper))
            elif not shortfall(translated, lower, upper) <= FEASIBILITY_TOLERANCE:
                message = f"{each.name} is {translated:g} with all its variables fixed"
                broken = broken or message
        return Expressions(objective, tuple(rows), broken)


class GlobalProblem(CompiledProblem):
    """A problem whose solver takes the expressions themselves, anew at each solve.

    Subclasses supply `run`. The point that it finds is refined by a local search of
    IPOPT's, for global solvers hold constraints and places loosely; the proof stays the solver's.

    A solver that holds constraints tightly may lose a point to rounding, and with it the optimum.
    So it is asked again at other tolerances: where it finds a model infeasible, at
    `FEASIBILITY_TOLERANCE`, at which that must hold too; and where its bound does not prove its
    point, at the next of its tolerances. A bound that a point refutes counts for nothing.

    Parameters
    ----------
    view : ModelView
        The model.
    options : SolverOptions
        Options of every solve.
    solver : SolverInfo
        Who solves.
    language : Language
        What the solver's expressions are made of.
    needs_bounds : bool
        Whether a free variable without finite bounds is an error.
    tolerances : tuple of float
        On constraints, in the order in which they are tried; empty where the user has set one.

    Raises
    ------
    SolverError
        For an expression that the solver cannot take.
    """

    def __init__(
        self,
        view: ModelView,
        options: SolverOptions,
        solver: SolverInfo,
        language: Language,
        *,
        needs_bounds: bool = False,
        tolerances: tuple[float, ...] = (FEASIBILITY_TOLERANCE,),
    ) -> None:
        self.view = view
        self.variables = view.variables
        self.options = options
        self.solver = solver
        self._needs_bounds = needs_bounds
        self._tolerances = tolerances
        self.rules = operator_rules(language)
        self._local: CompiledProblem | None = None
        self._check_expressions(operator_rules(language.without_vendor()))

    def _check_expressions(self, rules: Rules) -> None:
        """Raise SolverError for what the solver cannot take, whatever the data."""

        def symbol(leaf: Any) -> Symbol:
            if leaf.is_variable_type():
                return PLACEHOLDER
            number = pyo.value(leaf, exception=False)
            return 1.0 if number is None else float(number)

        translate = translator(symbol, rules)
        objective = () if self.view.objective is None else (self.view.objective.expr,)
        for expression in (*objective, *(bounded(each)[1] for each in self.view.constraints)):
            with contextlib.suppress(ArithmeticError):  # the data may be others when it is solved
                translate(expression)

    @abstractmethod
    def run(self, instance: Instance) -> Outcome:
        """Run the solver once.

        Parameters
        ----------
        instance : Instance
            The data; at least one variable is free, and no bounds contradict each other.

        Returns
        -------
        Outcome
            With values for all variables, and the bound in terms of the minimised objective.
        """

    def solve(self, *, load: bool = True, warm: bool = False) -> SolverResult:
        """Solve for the present data of the model: see `CompiledProblem.solve`."""
        began = time.perf_counter()
        self.view.check()
        outcome = self._settle(began)
        result, _ = conclude(self.view, outcome, self.solver, began, gap=self.options.gap)
        if load and result.holds is not Quality.NOTHING:
            self.view.load(result.values)
        return result

    def _settle(self, began: float) -> Outcome:
        """Run the solver, or say what there is to say without it."""
        view = self.view
        lower, upper = view.bounds()
        for index, (var, whole) in enumerate(zip(view.variables, view.whole, strict=True)):
            if whole and not var.fixed:
                lower[index], upper[index] = _inwards(lower[index], upper[index])
        broken = contradiction(view.variables, lower, upper)
        broken = broken or contradiction(view.constraints, *view.constraint_bounds())
        if broken is not None:
            return Outcome(Termination.INFEASIBLE, None, 0, broken)
        free = [index for index, low in enumerate(lower) if low < upper[index]]
        if self._needs_bounds:
            self._require_bounds(free, lower, upper)
        start = [
            min(max(0.0 if math.isnan(at) else at, low), high)
            for at, low, high in zip(view.start(lower, upper), lower, upper, strict=True)
        ]
        start = self._rounded(start)
        instance = Instance(view, tuple(lower), tuple(upper), tuple(start), tuple(free))
        if not free:
            return self._of_fixed(start)
        try:
            return self._searched(instance, began)
        except ArithmeticError as error:
            return Outcome(Termination.NUMERICAL_FAILURE, None, 0, str(error))

    def _searched(self, instance: Instance, began: float) -> Outcome:
        """Run the solver, and again at other tolerances where its claims need it."""
        first, *others = self._tolerances or (FEASIBILITY_TOLERANCE,)
        found, known = self._run(instance, first, 0, began)
        if found.termination is Termination.INFEASIBLE:
            if not self._tolerances or first >= FEASIBILITY_TOLERANCE:
                return found
            spent = found.iterations or 0
            return self._run(instance, FEASIBILITY_TOLERANCE, spent, began)[0]
        for feasibility in others:
            if found.termination is not Termination.CONVERGED or self._proven(found, EXACT):
                break
            closer, cost = self._run(instance, feasibility, found.iterations or 0, began)
            known = min(known, cost)
            refuted = closer.bound is not None and closer.bound > known + allowed_gap(known, 0.0)
            if closer.point is None or closer.bound is None or refuted:
                break
            found = closer
        return found

    def _run(
        self, instance: Instance, feasibility: float, spent: int, began: float
    ) -> tuple[Outcome, float]:
        """Run the solver once at a tolerance, within what the limits leave.

        Returns
        -------
        Outcome
            With its point refined, and all iterations so far.
        float
            The least cost of a point met that holds the constraints; infinite without one.
        """
        seconds, iterations = self.options.time_limit, self.options.iteration_limit
        if seconds is not None:
            seconds = max(seconds - (time.perf_counter() - began), 1e-3)
        if iterations is not None:
            iterations = max(iterations - spent, 0)
        found = self.run(
            replace(
                instance, feasibility=feasibility, time_limit=seconds, iteration_limit=iterations
            )
        )
        if found.iterations is not None:
            found = replace(found, iterations=found.iterations + spent)
        if found.point is not None:
            found = replace(found, point=self._rounded(found.point))
        if found.point is None or found.termination is not Termination.CONVERGED:
            return found, math.inf
        return self._polished(found)

    def _rounded(self, point: Sequence[float]) -> list[float]:
        """Return a point with the values of free integer variables made whole."""
        return [
            float(round(at)) if whole and not var.fixed and math.isfinite(at) else at
            for var, whole, at in zip(self.variables, self.view.whole, point, strict=True)
        ]

    def _proven(self, outcome: Outcome, violation: float) -> bool:
        """Tell whether an outcome's bound proves its point, and that holds the constraints."""
        if outcome.point is None or outcome.bound is None:
            return False
        judgement = self.view.judge(outcome.point)
        ahead = self.view.sign * judgement.objective - outcome.bound
        near = ahead <= allowed_gap(judgement.objective, self.options.gap)
        return near and judgement.violation <= violation

    def _require_bounds(self, free: list[int], lower: list[float], upper: list[float]) -> None:
        """Raise SolverError for a free variable without finite bounds."""
        for index in free:
            name = self.variables[index].name
            for side, bound, method in (
                ("lower", lower[index], "setlb"),
                ("upper", upper[index], "setub"),
            ):
                if math.isinf(bound):
                    raise SolverError(
                        f"{self.solver.name} needs finite bounds on every variable, and {name} has "
                        f"no {side} bound: give it one, as with {name}.{method}(...)"
                    )

    def _of_fixed(self, point: list[float]) -> Outcome:
        """Return the outcome where no variable is free."""
        judgement = self.view.judge(point)
        if judgement.violation > FEASIBILITY_TOLERANCE and math.isfinite(judgement.violation):
            message = f"{judgement.worst} cannot hold with all its variables fixed"
            return Outcome(Termination.INFEASIBLE, None, 0, message)
        bound = self.view.sign * judgement.objective
        return Outcome(Termination.CONVERGED, point, 0, "no variable is free", bound=bound)

    def _polished(self, outcome: Outcome) -> tuple[Outcome, float]:
        """Return the outcome with its point refined, where a local search makes it no worse.

        Returns
        -------
        Outcome
        float
            The least cost of a point met that holds the constraints; infinite without one.
        """
        assert outcome.point is not None
        before = self.view.judge(outcome.point)
        cost = self.view.sign * before.objective
        known = cost if before.violation <= POLISH_TOLERANCE else math.inf
        try:
            with self.view.fixed_at(outcome.point):
                if self._local is None:
                    options = SolverOptions(close_start=True, iteration_limit=POLISH_ITERATIONS)
                    self._local = Ipopt().compile(self.view.model, options)
                found = self._local.solve(load=False)
        except SolverError:
            return outcome, known  # an expression without derivatives, or one that changed
        if not (found.ok and found.objective is not None):
            return outcome, known
        refined = self.view.sign * found.objective
        if found.constraint_violation <= POLISH_TOLERANCE:
            known = min(known, refined)
        slack = allowed_gap(found.objective, self.options.gap)
        least = cost if outcome.bound is None else max(cost, outcome.bound)
        if refined > least + slack:
            return outcome, known
        if found.constraint_violation > max(before.violation, POLISH_TOLERANCE):
            return outcome, known
        return replace(outcome, point=found.values), known


def _inwards(lower: float, upper: float) -> tuple[float, float]:
    """Return the bounds of the whole numbers within bounds, which may miss one by rounding."""
    low = lower if math.isinf(lower) else float(math.ceil(lower - EXACT))
    high = upper if math.isinf(upper) else float(math.floor(upper + EXACT))
    return low, high
