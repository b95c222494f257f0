"""Uno: SQP and barrier methods in C++, in process and called back with CasADi's derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.callbacks import Callbacks
from opt_games.solvers.casadi_model import CasadiModel, Numbers
from opt_games.solvers.casadi_problem import CasadiProblem
from opt_games.solvers.interruption import interruptible
from opt_games.solvers.ipopt_terms import pushed_start
from opt_games.solvers.result import Outcome, SolverInfo, Termination

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyomo.core.base.block import BlockData

HOW_TO_GET = "pip install 'opt_games[uno]'"

STATUSES: Mapping[str, Termination] = {
    "ITERATION_LIMIT": Termination.ITERATION_LIMIT,
    "TIME_LIMIT": Termination.TIME_LIMIT,
    "EVALUATION_ERROR": Termination.NUMERICAL_FAILURE,
    "ALGORITHMIC_ERROR": Termination.NUMERICAL_FAILURE,
    "USER_TERMINATION": Termination.INTERRUPTED,
}
"""Why Uno stopped where it was no success, and what it means to us."""

SOLUTIONS: Mapping[str, Termination] = {
    "FEASIBLE_KKT_POINT": Termination.CONVERGED,
    "FEASIBLE_FJ_POINT": Termination.CONVERGED,
    "FEASIBLE_SMALL_STEP": Termination.ACCEPTABLE,
    "INFEASIBLE_STATIONARY_POINT": Termination.INFEASIBLE,
    "INFEASIBLE_SMALL_STEP": Termination.INFEASIBLE,
    "DIVERGING_ITERATE": Termination.UNBOUNDED,
    "UNBOUNDED_OBJECTIVE": Termination.UNBOUNDED,
    "NOT_OPTIMAL": Termination.NUMERICAL_FAILURE,
}
"""What Uno says of its solution where it stopped with success, and what it means to us."""

OWNED = {
    "logger": "this package never prints",
    "print_solution": "this package never prints",
    "primal_tolerance": "give it as tolerance",
    "dual_tolerance": "give it as tolerance",
    "max_iterations": "give it as iteration_limit",
    "time_limit": "give it as time_limit",
}
"""Vendor options that are not passed through, and what to do instead."""

PRESET = "filtersqp"
"""Its SQP method; the vendor option ``preset`` takes another, such as ``ipopt``."""


class Uno(Solver):
    """Uno: by default its filter SQP method, whose work per iteration is small."""

    name = "uno"
    capabilities = Capabilities(
        warm_start=True, refuses=frozenset({"ExternalFunction", "ceil", "floor"}), licence="MIT"
    )

    def availability(self) -> Availability:
        """Look for unopy without importing it."""
        version = _version()
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> UnoProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        version = _version()
        if version is None:
            raise SolverError(f"the solver {self.name} is not installed: {HOW_TO_GET}")
        return UnoProblem(
            CasadiModel.from_pyomo(model),
            options or SolverOptions(),
            SolverInfo(self.name, version),
        )


@dataclass(frozen=True)
class Multipliers:
    """Multipliers of the constraints."""

    constraints: tuple[float, ...]


class UnoProblem(CasadiProblem):
    """A model compiled for Uno."""

    def __init__(self, compiled: CasadiModel, options: SolverOptions, solver: SolverInfo) -> None:
        super().__init__(compiled, options, solver)
        _solver(options, None)  # only to hear of an unknown option now

    def run(self, numbers: Numbers, multipliers: Any, time_limit: float | None) -> Outcome:
        """Run Uno once: see `CasadiProblem.run`."""
        callbacks = Callbacks(self.compiled, numbers.parameters, time_limit)
        start = numbers.start
        if multipliers is None:
            push = {"bound_push": 1e-10, "bound_frac": 1e-10} if self.options.close_start else {}
            start = pushed_start(start, numbers.lower, numbers.upper, push)
        model = _model(callbacks, numbers, start)
        if multipliers is not None and multipliers.constraints:
            model.set_initial_dual_iterate(list(multipliers.constraints))
        solver = _solver(self.options, time_limit)
        solver.set_termination_callback(lambda *_state: callbacks.stop())
        with interruptible(defer=True) as callbacks.interrupted:
            found = solver.optimize(model)
        stopped, holds = found.optimization_status.name, found.solution_status.name
        if stopped == "USER_INTERRUPTION":  # it has a handler of its own for Ctrl-C
            raise KeyboardInterrupt
        if stopped == "SUCCESS":
            termination = SOLUTIONS.get(holds, Termination.ERROR)
        else:
            termination = STATUSES.get(stopped, Termination.ERROR)
        if callbacks.out_of_time and termination is Termination.INTERRUPTED:
            termination = Termination.TIME_LIMIT
        lower, upper = np.asarray(numbers.lower), np.asarray(numbers.upper)
        point = np.clip(np.array(found.primal_solution, dtype=float), lower, upper)
        return Outcome(
            termination,
            [float(at) for at in point],
            int(found.number_iterations),
            f"{stopped}, {holds}",
            Multipliers(tuple(found.constraint_dual_solution)),
        )


def _model(callbacks: Callbacks, numbers: Numbers, start: list[float]) -> Any:
    """Return the model as Uno takes it."""
    import unopy

    model = unopy.Model(
        unopy.PROBLEM_NONLINEAR,
        len(start),
        numbers.lower,
        numbers.upper,
        unopy.ZERO_BASED_INDEXING,
    )

    def gradient(x: NDArray[np.float64], into: NDArray[np.float64]) -> None:
        into[:] = _defined(callbacks.gradient(x))

    def constraints(x: NDArray[np.float64], into: NDArray[np.float64]) -> None:
        into[:] = callbacks.constraints(x)

    def jacobian(x: NDArray[np.float64], into: NDArray[np.float64]) -> None:
        into[:] = _defined(callbacks.jacobian(x))

    def hessian(
        x: NDArray[np.float64],
        factor: float,
        multipliers: NDArray[np.float64],
        into: NDArray[np.float64],
    ) -> None:
        into[:] = _defined(callbacks.hessian(x, multipliers, factor))

    model.set_objective(unopy.MINIMIZE, callbacks.objective, gradient)
    if numbers.constraint_lower:
        rows, columns = callbacks.jacobianstructure()
        model.set_constraints(
            len(numbers.constraint_lower),
            constraints,
            numbers.constraint_lower,
            numbers.constraint_upper,
            len(rows),
            rows.tolist(),
            columns.tolist(),
            jacobian,
        )
    rows, columns = callbacks.hessianstructure()
    model.set_lagrangian_hessian(
        len(rows), unopy.LOWER_TRIANGLE, rows.tolist(), columns.tolist(), hessian
    )
    model.set_lagrangian_sign_convention(unopy.MULTIPLIER_POSITIVE)
    model.set_initial_primal_iterate(start)
    return model


def _defined(derivatives: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return derivatives, or tell Uno that there are none: with infinite ones it may not stop."""
    if not np.isfinite(derivatives).all():
        raise ArithmeticError("a derivative is not finite")
    return derivatives


def _solver(options: SolverOptions, time_limit: float | None) -> Any:
    """Return a solver with its options set, or raise SolverError naming the one refused."""
    import unopy

    solver = unopy.UnoSolver()
    given = dict(options.options)
    preset = given.pop("preset", PRESET)
    try:
        solver.set_preset(preset)
    except (RuntimeError, TypeError):
        raise SolverError(f"Uno has no preset {preset!r}: it has filtersqp and ipopt") from None
    settings: dict[str, object] = {
        "logger": "SILENT",
        "primal_tolerance": options.tolerance,
        "dual_tolerance": options.tolerance,
    }
    if options.iteration_limit is not None:
        settings["max_iterations"] = options.iteration_limit
    if time_limit is not None:
        settings["time_limit"] = float(time_limit)
    for name, setting in given.items():
        if name in OWNED:
            raise SolverError(f"the Uno option {name} is not passed through: {OWNED[name]}")
        settings[name] = setting
    for name, setting in settings.items():
        try:
            solver.set_option(name, setting)
        except KeyError:
            raise SolverError(f"Uno has no option {name}: see its list of options") from None
        except (TypeError, RuntimeError, ValueError) as error:
            raise SolverError(f"Uno does not take {setting!r} for {name} ({error})") from None
    return solver


def _version() -> str | None:
    """Return the version of unopy, None without it."""
    try:
        return metadata.version("unopy")
    except metadata.PackageNotFoundError:
        return None
