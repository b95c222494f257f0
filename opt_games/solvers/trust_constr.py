"""The trust-region interior-point method of SciPy, with exact second derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.casadi_model import CasadiModel
from opt_games.solvers.result import SolverInfo, Termination
from opt_games.solvers.scipy_problem import FreeFunctions, ScipyProblem, scipy_version

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyomo.core.base.block import BlockData

HOW_TO_GET = "pip install scipy"

STATUSES: Mapping[int, Termination] = {
    0: Termination.ITERATION_LIMIT,
    1: Termination.CONVERGED,
    2: Termination.CONVERGED,
    3: Termination.INTERRUPTED,
    4: Termination.NUMERICAL_FAILURE,
}
"""Its statuses, and what they mean to us until the point has been looked at."""


class TrustConstr(Solver):
    """SciPy's trust-constr with CasADi's derivatives: careful, and slow."""

    name = "trust-constr"
    capabilities = Capabilities(
        refuses=frozenset({"ExternalFunction", "ceil", "floor"}), licence="BSD-3-Clause"
    )

    def availability(self) -> Availability:
        """Look for SciPy without importing it."""
        version = scipy_version()
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> TrustConstrProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        version = scipy_version()
        if version is None:
            raise SolverError(f"the solver {self.name} is not installed: {HOW_TO_GET}")
        return TrustConstrProblem(
            CasadiModel.from_pyomo(model),
            options or SolverOptions(),
            SolverInfo(self.name, version),
        )


class TrustConstrProblem(ScipyProblem):
    """A model compiled for trust-constr."""

    owned: Mapping[str, str] = {
        "gtol": "give it as tolerance",
        "xtol": "give it as tolerance",
        "barrier_tol": "give it as tolerance",
        "maxiter": "give it as iteration_limit",
        "disp": "this package never prints",
        "verbose": "this package never prints",
    }
    known: frozenset[str] = frozenset(
        {
            "sparse_jacobian",
            "initial_tr_radius",
            "initial_constr_penalty",
            "initial_barrier_parameter",
            "initial_barrier_tolerance",
            "factorization_method",
        }
    )

    def minimize(
        self, functions: FreeFunctions, start: NDArray[np.float64], iterations: int
    ) -> tuple[NDArray[np.float64], Termination, str]:
        """Run trust-constr once: see `ScipyProblem.minimize`."""
        from scipy.optimize import Bounds, NonlinearConstraint, minimize

        rows = functions.rows
        none = np.zeros(len(rows))
        constraints = []
        if len(rows):
            constraints.append(
                NonlinearConstraint(
                    functions.constraints,
                    functions.row_lower[rows],
                    functions.row_upper[rows],
                    jac=lambda x: functions.defined(functions.jacobian(x)),
                    hess=lambda x, v: functions.defined(functions.hessian(x, v, 0.0)),
                )
            )

        def iterated(x: NDArray[np.float64], _state: Any = None) -> bool:
            functions.iterated(x)
            return False

        bounded = np.isfinite(functions.lower).any() or np.isfinite(functions.upper).any()
        tolerance = self.options.tolerance
        found = minimize(
            functions.objective,
            start,
            method="trust-constr",
            jac=lambda x: functions.defined(functions.gradient(x)),
            hess=lambda x: functions.defined(functions.hessian(x, none, 1.0)),
            bounds=Bounds(functions.lower, functions.upper) if bounded else None,
            constraints=constraints,
            callback=iterated,
            options={
                # its residual has multipliers of any sign: with a barrier it would stop too early
                "gtol": 0.0 if bounded or functions.unequal else tolerance,
                "xtol": tolerance,
                "barrier_tol": tolerance,
                "maxiter": iterations,
                **self.options.options,
            },
        )
        status = int(found.status)
        return found.x, STATUSES.get(status, Termination.ERROR), f"{found.message} [{status}]"
