"""What local solvers fed by CasADi's functions have in common: all but the solver itself."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from opt_games.errors import SolverError
from opt_games.solvers.base import CompiledProblem, SolverOptions
from opt_games.solvers.casadi_model import CasadiModel, Numbers
from opt_games.solvers.model_view import Judgement, conclude, shortfall
from opt_games.solvers.result import (
    FEASIBILITY_TOLERANCE,
    Outcome,
    Quality,
    SolverInfo,
    SolverResult,
    Termination,
)

AGREEMENT = 1e-6
"""Relative difference allowed between the compiled functions and the model's own expressions."""


class CasadiProblem(CompiledProblem):
    """A compiled problem whose solver asks CasADi for values and derivatives.

    Subclasses supply `run`; reading, judging, loading and the way back from a failed warm start are
    here.

    Parameters
    ----------
    compiled : CasadiModel
        The functions.
    options : SolverOptions
        Options of every solve.
    solver : SolverInfo
        Who solves.
    """

    def __init__(self, compiled: CasadiModel, options: SolverOptions, solver: SolverInfo) -> None:
        self.compiled = compiled
        self.options = options
        self.solver = solver
        self.variables = compiled.view.variables
        self._multipliers: Any = None

    @abstractmethod
    def run(self, numbers: Numbers, multipliers: Any, time_limit: float | None) -> Outcome:
        """Run the solver once.

        Parameters
        ----------
        numbers : Numbers
            The data; at least one variable is free, and no bounds contradict each other.
        multipliers : object
            `Outcome.multipliers` of an earlier run to start warm from, or None.
        time_limit : float or None
            Wall-clock seconds.
        """

    def solve(self, *, load: bool = True, warm: bool = False) -> SolverResult:
        """Solve for the present data of the model: see `CompiledProblem.solve`."""
        began = time.perf_counter()
        view = self.compiled.view
        numbers = self.compiled.read()
        reduced = self._reduce(numbers)
        if isinstance(reduced, Outcome):
            outcome = reduced
        else:
            outcome = self._attempt(reduced, self._multipliers if warm else None)
        result, judgement = conclude(view, outcome, self.solver, began)
        if result.ok:
            self._compare(result.values, numbers, judgement)
            self._multipliers = outcome.multipliers
        if load and result.holds is not Quality.NOTHING:
            view.load(result.values)
        return result

    def _reduce(self, numbers: Numbers) -> Numbers | Outcome:
        """Take out the constraints without a free variable, or settle what leaves nothing to solve.

        IPOPT and its kin count such constraints against the free variables, and refuse.
        """
        if numbers.contradiction is not None:
            return Outcome(Termination.INFEASIBLE, None, 0, numbers.contradiction)
        free = [low < high for low, high in zip(numbers.lower, numbers.upper, strict=True)]
        if not all(free):
            numbers = replace(
                numbers,
                start=[
                    at if is_free else low
                    for at, low, is_free in zip(numbers.start, numbers.lower, free, strict=True)
                ],
                constraint_lower=list(numbers.constraint_lower),
                constraint_upper=list(numbers.constraint_upper),
            )
            bodies = self._evaluate(numbers.start, numbers)[1:]
            for row, columns in enumerate(self.compiled.columns):
                if any(free[column] for column in columns):
                    continue
                limits = numbers.constraint_lower[row], numbers.constraint_upper[row]
                if not shortfall(bodies[row], *limits) <= FEASIBILITY_TOLERANCE:
                    name = self.compiled.view.constraints[row].name
                    message = f"{name} is {bodies[row]:g} with all its variables fixed"
                    return Outcome(Termination.INFEASIBLE, None, 0, message)
                numbers.constraint_lower[row] = -math.inf
                numbers.constraint_upper[row] = math.inf
        if not any(free):
            return Outcome(Termination.CONVERGED, numbers.start, 0, "no variable is free")
        limits_ = zip(numbers.constraint_lower, numbers.constraint_upper, strict=True)
        equations = sum(low == high for low, high in limits_)
        if equations > sum(free):
            message = f"{equations} equality constraints but {sum(free)} free variables: drop some"
            return Outcome(Termination.INVALID_MODEL, None, 0, message)
        return numbers

    def _attempt(self, numbers: Numbers, multipliers: Any) -> Outcome:
        """Run the solver, and once more without multipliers if it fails with them."""
        began = time.perf_counter()
        limit = self.options.time_limit
        first = self.run(numbers, multipliers, limit)
        good = (Termination.CONVERGED, Termination.ACCEPTABLE, Termination.INTERRUPTED)
        if multipliers is None or first.termination in good:
            return first
        remaining = None if limit is None else limit - (time.perf_counter() - began)
        if remaining is not None and remaining <= 0:
            return first
        second = self.run(numbers, None, remaining)
        return replace(
            second,
            iterations=(first.iterations or 0) + (second.iterations or 0),
            message=f"{second.message}, after a warm start ended in {first.message}",
        )

    def _evaluate(self, point: Sequence[float], numbers: Numbers) -> list[float]:
        """Return the compiled objective and constraint bodies at a point."""
        found = self.compiled.values(point, numbers.parameters).full().ravel()
        return [float(number) for number in found]

    def _compare(self, point: Sequence[float], numbers: Numbers, judgement: Judgement) -> None:
        """Raise SolverError if the model's expressions are no longer those that were compiled."""
        view = self.compiled.view
        names = ["the objective", *(each.name for each in view.constraints)]
        present = [view.sign * judgement.objective, *judgement.bodies]
        size = max([1.0, *map(abs, point)])
        for name, old, new in zip(names, self._evaluate(point, numbers), present, strict=True):
            if abs(old - new) > AGREEMENT * max(size, abs(old), abs(new)):
                raise SolverError(
                    f"{name} is {new:g} at the point found, but {old:g} as compiled: an expression "
                    "was changed after compiling; compile the model again"
                )
