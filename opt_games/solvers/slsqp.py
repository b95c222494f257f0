"""SLSQP, as SciPy has it: sequential quadratic programming for small problems."""

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
    0: Termination.CONVERGED,
    2: Termination.INVALID_MODEL,
    3: Termination.NUMERICAL_FAILURE,
    4: Termination.NUMERICAL_FAILURE,
    5: Termination.NUMERICAL_FAILURE,
    6: Termination.NUMERICAL_FAILURE,
    7: Termination.NUMERICAL_FAILURE,
    8: Termination.NUMERICAL_FAILURE,
    9: Termination.ITERATION_LIMIT,
}
"""SLSQP's exit modes, and what they mean to us until the point has been looked at."""


class Slsqp(Solver):
    """SciPy's SLSQP with CasADi's derivatives; dense, without a memory from solve to solve."""

    name = "slsqp"
    capabilities = Capabilities(
        refuses=frozenset({"ExternalFunction", "ceil", "floor"}), licence="BSD-3-Clause"
    )

    def availability(self) -> Availability:
        """Look for SciPy without importing it."""
        version = scipy_version()
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> SlsqpProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        version = scipy_version()
        if version is None:
            raise SolverError(f"the solver {self.name} is not installed: {HOW_TO_GET}")
        return SlsqpProblem(
            CasadiModel.from_pyomo(model),
            options or SolverOptions(),
            SolverInfo(self.name, version),
        )


class SlsqpProblem(ScipyProblem):
    """A model compiled for SLSQP."""

    owned: Mapping[str, str] = {
        "ftol": "give it as tolerance",
        "maxiter": "give it as iteration_limit",
        "disp": "this package never prints",
        "iprint": "this package never prints",
    }
    known: frozenset[str] = frozenset({"eps", "finite_diff_rel_step"})

    def minimize(
        self, functions: FreeFunctions, start: NDArray[np.float64], iterations: int
    ) -> tuple[NDArray[np.float64], Termination, str]:
        """Run SLSQP once: see `ScipyProblem.minimize`."""
        from scipy.optimize import minimize

        # its tolerance is on the objective: the square, for the point to be as good as asked
        accuracy = max(self.options.tolerance**2, ACCURACY)
        found = minimize(
            functions.guarded,
            start,
            method="SLSQP",
            jac=functions.gradient,
            bounds=list(zip(functions.lower, functions.upper, strict=True)),
            constraints=_rows(functions),
            callback=functions.iterated,
            options={"ftol": accuracy, "maxiter": iterations, **self.options.options},
        )
        status = int(found.status)
        return found.x, STATUSES.get(status, Termination.ERROR), f"{found.message} [{status}]"


ACCURACY = 1e-18
"""The smallest tolerance on the objective that is asked of SLSQP."""


def _rows(functions: FreeFunctions) -> list[dict[str, Any]]:
    """Return the constraints as SLSQP takes them: bodies that are zero, or not negative."""
    lower, upper = functions.row_lower[functions.rows], functions.row_upper[functions.rows]
    found = []
    for kind, which, sign, bound in (
        ("eq", lower == upper, 1.0, lower),
        ("ineq", np.isfinite(lower) & (lower < upper), 1.0, lower),
        ("ineq", np.isfinite(upper) & (lower < upper), -1.0, upper),
    ):
        if not which.any():
            continue
        rows = np.flatnonzero(which)

        def body(
            x: NDArray[np.float64],
            rows: NDArray[np.intp] = rows,
            sign: float = sign,
            bound: NDArray[np.float64] = bound,
        ) -> NDArray[np.float64]:
            distance: NDArray[np.float64] = sign * (functions.constraints(x)[rows] - bound[rows])
            return distance

        def slope(
            x: NDArray[np.float64], rows: NDArray[np.intp] = rows, sign: float = sign
        ) -> NDArray[np.float64]:
            return sign * functions.jacobian(x)[rows]

        found.append({"type": kind, "fun": body, "jac": slope})
    return found
