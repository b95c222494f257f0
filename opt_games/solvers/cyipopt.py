"""IPOPT through cyipopt: any IPOPT that is installed on the machine, with its linear solvers."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.casadi_model import CasadiModel, Numbers
from opt_games.solvers.casadi_problem import CasadiProblem
from opt_games.solvers.interruption import interruptible
from opt_games.solvers.ipopt_terms import (
    ipopt_options,
    ipopt_outcome,
    pushed_start,
    vendor_options,
)
from opt_games.solvers.result import Outcome, SolverInfo, Termination

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyomo.core.base.block import BlockData

HOW_TO_GET = (
    "pip install 'opt_games[cyipopt]', which compiles against the Ipopt headers "
    "(Debian and Ubuntu: apt install coinor-libipopt-dev pkg-config; "
    "conda: conda install -c conda-forge cyipopt brings both)"
)


class Cyipopt(Solver):
    """IPOPT as a shared library, called back with CasADi's derivatives."""

    name = "cyipopt"
    capabilities = Capabilities(refuses=frozenset({"ExternalFunction", "ceil", "floor"}))

    def availability(self) -> Availability:
        """Try to import cyipopt: that its library loads is all there is to know."""
        version = _version()
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> CyipoptProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        version = _version()
        if version is None:
            raise SolverError(f"the solver {self.name} is not installed: {HOW_TO_GET}")
        return CyipoptProblem(
            CasadiModel.from_pyomo(model),
            options or SolverOptions(),
            SolverInfo(self.name, version),
        )


@dataclass(frozen=True)
class Multipliers:
    """Multipliers of the constraints and of the lower and upper bounds."""

    constraints: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


class CyipoptProblem(CasadiProblem):
    """A model compiled for cyipopt."""

    def __init__(self, compiled: CasadiModel, options: SolverOptions, solver: SolverInfo) -> None:
        super().__init__(compiled, options, solver)
        count = len(self.variables)
        if count:
            everywhere = [-math.inf] * count, [math.inf] * count
            rows = [-math.inf] * len(compiled.view.constraints)
            upper = [math.inf] * len(rows)
            numbers = Numbers([0.0] * count, *everywhere, [], rows, upper, None)
            self._problem(numbers, None)  # only to hear of an unknown option now

    def _problem(
        self, numbers: Numbers, time_limit: float | None, *, warm: bool = False
    ) -> tuple[Any, Callbacks]:
        """Return a ``cyipopt.Problem`` with its options set, and its callbacks."""
        import cyipopt

        callbacks = Callbacks(self.compiled, numbers.parameters, time_limit)
        problem = cyipopt.Problem(
            n=len(numbers.start),
            m=len(numbers.constraint_lower),
            problem_obj=callbacks,
            lb=numbers.lower,
            ub=numbers.upper,
            cl=numbers.constraint_lower,
            cu=numbers.constraint_upper,
        )
        for name, setting in ipopt_options(self.options, warm=warm).items():
            try:
                problem.add_option(name, setting)
            except TypeError:
                raise SolverError(
                    f"this IPOPT {self.solver.version} has no option {name}, "
                    f"or does not take {setting!r} for it"
                ) from None
        return problem, callbacks

    def run(self, numbers: Numbers, multipliers: Any, time_limit: float | None) -> Outcome:
        """Run IPOPT once: see `CasadiProblem.run`."""
        problem, callbacks = self._problem(numbers, time_limit, warm=multipliers is not None)
        duals, start = {}, numbers.start
        if multipliers is None:
            start = pushed_start(start, numbers.lower, numbers.upper, vendor_options(self.options))
        else:
            duals = {
                "lagrange": multipliers.constraints,
                "zl": multipliers.lower,
                "zu": multipliers.upper,
            }
        with interruptible(defer=True) as callbacks.interrupted:
            point, info = problem.solve(np.array(start), **duals)
        outcome = ipopt_outcome(
            code=int(info["status"]),
            point=[float(number) for number in point],
            iterations=callbacks.iterations,
            options=self.options,
            multipliers=Multipliers(info["mult_g"], info["mult_x_L"], info["mult_x_U"]),
        )
        if callbacks.out_of_time and outcome.termination is Termination.INTERRUPTED:
            return replace(outcome, termination=Termination.TIME_LIMIT)
        return outcome


class Callbacks:
    """The functions under the names that cyipopt calls.

    Parameters
    ----------
    compiled : CasadiModel
        The functions.
    parameters : list of float
        Values of the mutable Params.
    time_limit : float or None
        Wall-clock seconds from now. IPOPT before 3.14 knows CPU time only, so it is kept here.
    """

    def __init__(
        self, compiled: CasadiModel, parameters: list[float], time_limit: float | None
    ) -> None:
        self._compiled = compiled
        self._parameters = parameters
        self._deadline = math.inf if time_limit is None else time.monotonic() + time_limit
        self.iterations = 0
        self.out_of_time = False
        self.interrupted: list[BaseException] = []

    def objective(self, x: NDArray[np.float64]) -> float:
        """Return f."""
        return float(self._compiled.objective(x, self._parameters))

    def gradient(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gradient of f."""
        return _flat(self._compiled.gradient(x, self._parameters))

    def constraints(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return g."""
        return _flat(self._compiled.constraints(x, self._parameters))

    def jacobian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the nonzeros of the Jacobian of g."""
        return np.array(self._compiled.jacobian(x, self._parameters).nonzeros())

    def jacobianstructure(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows and columns of those nonzeros."""
        return _structure(self._compiled.jacobian)

    def hessian(
        self, x: NDArray[np.float64], lagrange: NDArray[np.float64], obj_factor: float
    ) -> NDArray[np.float64]:
        """Return the nonzeros of the lower triangle of the Hessian of the Lagrangian."""
        found = self._compiled.hessian(x, self._parameters, lagrange, obj_factor)
        return np.array(found.nonzeros())

    def hessianstructure(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows and columns of those nonzeros."""
        return _structure(self._compiled.hessian)

    def intermediate(self, _mode: int, iteration: int, *_rest: float) -> bool:
        """Count, and stop when the time is up or Ctrl-C came."""
        self.iterations = iteration
        self.out_of_time = time.monotonic() > self._deadline
        return not (self.out_of_time or self.interrupted)


def _flat(matrix: Any) -> NDArray[np.float64]:
    """Return a CasADi column as a NumPy vector."""
    return np.asarray(matrix.full(), dtype=np.float64).ravel()


def _structure(function: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of the nonzeros of a CasADi function's only output."""
    rows, columns = function.sparsity_out(0).get_triplet()
    return np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)


def _version() -> str | None:
    """Return the version of the IPOPT that cyipopt has loaded, None where it cannot."""
    try:
        import cyipopt
    except Exception:  # a missing module, or a shared library that does not load
        return None
    return ".".join(map(str, cyipopt.IPOPT_VERSION))
