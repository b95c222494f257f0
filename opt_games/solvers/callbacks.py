"""CasADi's functions under the names that callback solvers call: cyipopt, POUNCE, SciPy, Uno."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.solvers.casadi_model import CasadiModel

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Callbacks:
    """The functions under the names that cyipopt gave them.

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
        self.compiled = compiled
        self.parameters = parameters
        self._deadline = math.inf if time_limit is None else time.monotonic() + time_limit
        self.iterations = 0
        self.out_of_time = False
        self.interrupted: list[BaseException] = []

    def objective(self, x: NDArray[np.float64]) -> float:
        """Return f."""
        return float(self.compiled.objective(x, self.parameters))

    def gradient(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gradient of f."""
        return _flat(self.compiled.gradient(x, self.parameters))

    def constraints(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return g."""
        return _flat(self.compiled.constraints(x, self.parameters))

    def jacobian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the nonzeros of the Jacobian of g."""
        return np.array(self.compiled.jacobian(x, self.parameters).nonzeros())

    def jacobianstructure(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows and columns of those nonzeros."""
        return _structure(self.compiled.jacobian)

    def hessian(
        self, x: NDArray[np.float64], lagrange: NDArray[np.float64], obj_factor: float
    ) -> NDArray[np.float64]:
        """Return the nonzeros of the lower triangle of the Hessian of the Lagrangian."""
        found = self.compiled.hessian(x, self.parameters, lagrange, obj_factor)
        return np.array(found.nonzeros())

    def hessianstructure(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows and columns of those nonzeros."""
        return _structure(self.compiled.hessian)

    def intermediate(self, _mode: int, iteration: int, *_rest: float) -> bool:
        """Count, and stop when the time is up or Ctrl-C came."""
        self.iterations = iteration
        return not self.stop()

    def stop(self) -> bool:
        """Return whether the time is up or Ctrl-C came."""
        self.out_of_time = time.monotonic() > self._deadline
        return self.out_of_time or bool(self.interrupted)


def _flat(matrix: Any) -> NDArray[np.float64]:
    """Return a CasADi column as a NumPy vector."""
    return np.asarray(matrix.full(), dtype=np.float64).ravel()


def _structure(function: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of the nonzeros of a CasADi function's only output."""
    rows, columns = function.sparsity_out(0).get_triplet()
    return np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)
