"""What the two solvers of SciPy have in common: all but the call of ``scipy.optimize.minimize``."""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.errors import SolverError
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.callbacks import Callbacks
from opt_games.solvers.casadi_model import CasadiModel, Numbers
from opt_games.solvers.casadi_problem import CasadiProblem
from opt_games.solvers.interruption import interruptible
from opt_games.solvers.ipopt_terms import pushed_start
from opt_games.solvers.result import FEASIBILITY_TOLERANCE, Outcome, SolverInfo, Termination
from opt_games.solvers.stationarity import STATIONARY, stationarity, violation_is_stationary

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIVERGED = 1e20
"""A variable beyond this has left for infinity, as in IPOPT's ``diverging_iterates_tol``."""

FAR = 1e10
"""A variable beyond this has left for infinity if the solver fails there."""

ITERATIONS = 3000
"""Iteration limit where none is asked for, as IPOPT has it; SciPy's own are 100 and 1000."""


class StopSolve(Exception):  # noqa: N818, it is no error
    """Raised in a callback to end a solve."""


class FreeFunctions:
    """The functions of the free variables, as dense arrays.

    Parameters
    ----------
    compiled : CasadiModel
        The functions.
    numbers : Numbers
        The data.
    time_limit : float or None
        Wall-clock seconds from now.
    """

    def __init__(self, compiled: CasadiModel, numbers: Numbers, time_limit: float | None) -> None:
        self._callbacks = Callbacks(compiled, numbers.parameters, time_limit)
        self._numbers = numbers
        lower, upper = np.asarray(numbers.lower), np.asarray(numbers.upper)
        self.free = np.flatnonzero(lower < upper)
        self.lower, self.upper = lower[self.free], upper[self.free]
        self.row_lower = np.asarray(numbers.constraint_lower)
        self.row_upper = np.asarray(numbers.constraint_upper)
        self.rows = np.flatnonzero(np.isfinite(self.row_lower) | np.isfinite(self.row_upper))
        self.unequal = bool((self.row_lower[self.rows] < self.row_upper[self.rows]).any())
        self.iterations = 0
        self.ended: Termination | None = None
        self.last = np.asarray(numbers.start, dtype=float)[self.free]

    def full(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values of all variables."""
        point = np.array(self._numbers.start, dtype=float)
        point[self.free] = np.clip(x, self.lower, self.upper)
        return point

    def objective(self, x: NDArray[np.float64]) -> float:
        """Return f, or end the solve when the time is up."""
        if self._callbacks.stop():
            self.ended = Termination.TIME_LIMIT
            raise StopSolve
        return self._callbacks.objective(self.full(x))

    def guarded(self, x: NDArray[np.float64]) -> float:
        """Return f, infinite where it or a derivative is undefined, so that a search turns back."""
        value = self.objective(x)
        fine = math.isfinite(value) and np.isfinite(self.gradient(x)).all()
        return value if fine else math.inf

    def gradient(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gradient of f."""
        return self._callbacks.gradient(self.full(x))[self.free]

    def constraints(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the bodies of the constraints that have a bound."""
        return self._callbacks.constraints(self.full(x))[self.rows]

    def jacobian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the Jacobian of those."""
        compiled = self._callbacks.compiled
        found = compiled.jacobian(self.full(x), self._numbers.parameters).full()
        jacobian: NDArray[np.float64] = found[np.ix_(self.rows, self.free)]
        return jacobian

    def hessian(
        self, x: NDArray[np.float64], multipliers: NDArray[np.float64], factor: float
    ) -> NDArray[np.float64]:
        """Return the Hessian of the Lagrangian."""
        compiled = self._callbacks.compiled
        all_rows = np.zeros(len(self.row_lower))
        all_rows[self.rows] = multipliers
        found = compiled.hessian(self.full(x), self._numbers.parameters, all_rows, factor).full()
        hessian: NDArray[np.float64] = (found + np.tril(found, -1).T)[np.ix_(self.free, self.free)]
        return hessian

    def defined(self, derivatives: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return derivatives, or end the solve where one is not finite: SciPy would raise later."""
        if not np.isfinite(derivatives).all():
            self.ended = Termination.NUMERICAL_FAILURE
            raise StopSolve("a derivative is not finite")
        return derivatives

    def iterated(self, x: NDArray[np.float64]) -> None:
        """Note an iterate, or end the solve if it has left for infinity."""
        self.iterations += 1
        self.last = np.array(x, dtype=float)
        if np.abs(self.last).max(initial=0.0) > DIVERGED:
            self.ended = Termination.UNBOUNDED
            raise StopSolve


class ScipyProblem(CasadiProblem):
    """A model compiled for a solver of SciPy's; subclasses supply `minimize` and its words."""

    owned: Mapping[str, str]
    """Options that are not passed through, and what to do instead."""

    known: frozenset[str]
    """Options that SciPy takes."""

    def __init__(self, compiled: CasadiModel, options: SolverOptions, solver: SolverInfo) -> None:
        super().__init__(compiled, options, solver)
        for name in options.options:
            if name in self.owned:
                advice = self.owned[name]
                raise SolverError(f"the option {name} is not passed through: {advice}")
            if name not in self.known:
                choices = ", ".join(sorted(self.known))
                raise SolverError(f"{solver.name} has no option {name}: choose from {choices}")

    @abstractmethod
    def minimize(
        self, functions: FreeFunctions, start: NDArray[np.float64], iterations: int
    ) -> tuple[NDArray[np.float64], Termination, str]:
        """Run SciPy once.

        Parameters
        ----------
        functions : FreeFunctions
            What to minimise.
        start : array
            Values of the free variables, inside their bounds.
        iterations : int
            Most iterations.

        Returns
        -------
        array
            Where it stopped.
        Termination
            What its status means.
        str
            Its words, with its status.
        """

    def run(self, numbers: Numbers, multipliers: Any, time_limit: float | None) -> Outcome:
        """Run SciPy once, and see for ourselves what the point is: see `CasadiProblem.run`."""
        functions = FreeFunctions(self.compiled, numbers, time_limit)
        push = {"bound_push": 1e-10, "bound_frac": 1e-10} if self.options.close_start else {}
        begin = np.array(pushed_start(numbers.start, numbers.lower, numbers.upper, push))
        values = self._evaluate(list(begin), numbers)
        if not all(map(math.isfinite, values)):
            message = "the model is undefined at the start"
            return Outcome(Termination.NUMERICAL_FAILURE, list(begin), 0, message)
        limit = self.options.iteration_limit
        try:
            with interruptible(), np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of singular Jacobians and the like
                found, termination, message = self.minimize(
                    functions, begin[functions.free], ITERATIONS if limit is None else limit
                )
        except StopSolve as stop:
            found = functions.last
            termination = functions.ended or Termination.ERROR
            message = f"stopped by this package: {str(stop) or termination.value}"
        point = functions.full(found)
        if termination not in (Termination.TIME_LIMIT, Termination.UNBOUNDED):
            termination, message = self._checked(termination, message, numbers, point)
        return Outcome(termination, [float(at) for at in point], functions.iterations, message)

    def _checked(
        self,
        termination: Termination,
        message: str,
        numbers: Numbers,
        point: NDArray[np.float64],
    ) -> tuple[Termination, str]:
        """Return what the point is by its derivatives, whatever SciPy says of it."""
        violation = self.compiled.view.judge(list(point)).violation
        if not math.isfinite(violation):
            return Termination.NUMERICAL_FAILURE, message
        if violation > FEASIBILITY_TOLERANCE:
            if violation_is_stationary(self.compiled, numbers, point):
                return Termination.INFEASIBLE, f"no step reduces the violation; {message}"
            if termination is Termination.CONVERGED:
                return Termination.NUMERICAL_FAILURE, message
            return termination, message
        residual = stationarity(self.compiled, numbers, point)
        if residual <= STATIONARY:
            return Termination.CONVERGED, message
        if termination is Termination.NUMERICAL_FAILURE and np.abs(point).max() > FAR:
            return Termination.UNBOUNDED, message
        if termination is Termination.CONVERGED:
            return (
                Termination.NUMERICAL_FAILURE,
                f"{message}; but stationary to {residual:.1e} only",
            )
        return termination, message


def scipy_version() -> str | None:
    """Return the version of SciPy, None without it."""
    try:
        return metadata.version("scipy")
    except metadata.PackageNotFoundError:
        return None
