"""Programs that come with their sparse derivatives, solved by the IPOPT of the CasADi wheel."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.solvers.base import SolverOptions
from opt_games.solvers.interruption import interruptible
from opt_games.solvers.ipopt import make_nlpsol
from opt_games.solvers.ipopt_terms import CODES, ipopt_outcome, pushed_start, vendor_options
from opt_games.solvers.result import Termination

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """Start and bounds of a program.

    Attributes
    ----------
    start, lower, upper : ndarray, shape (variables,)
    row_lower, row_upper : ndarray, shape (rows,)
    """

    start: Array
    lower: Array
    upper: Array
    row_lower: Array
    row_upper: Array


@dataclass(frozen=True)
class Solution:
    """Where IPOPT stopped.

    Attributes
    ----------
    point : ndarray, shape (variables,)
    prices : ndarray, shape (rows,)
        Multipliers of the rows, of the objective to be minimised.
    termination : Termination
    message : str
    iterations : int
    build_seconds, seconds : float
        To set IPOPT up, and to solve.
    """

    point: Array
    prices: Array
    termination: Termination
    message: str
    iterations: int
    build_seconds: float
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it says that this is a local optimum."""
        return self.termination in (Termination.CONVERGED, Termination.ACCEPTABLE)


def solve_columns(functions: Mapping[str, Any], bounds: Bounds, options: SolverOptions) -> Solution:
    """Solve a program.

    Parameters
    ----------
    functions : mapping
        ``problem`` for ``casadi.nlpsol``, and ``grad_f``, ``jac_g`` and ``hess_lag``.
    bounds : Bounds
    options : SolverOptions

    Raises
    ------
    SolverError
        If IPOPT refuses an option.
    """
    began = time.perf_counter()
    known = {name: functions[name] for name in ("grad_f", "jac_g", "hess_lag")}
    solver = make_nlpsol(functions["problem"], options, options.time_limit, derivatives=known)
    built = time.perf_counter()
    start = pushed_start(
        bounds.start.tolist(), bounds.lower.tolist(), bounds.upper.tolist(), vendor_options(options)
    )
    with interruptible():
        found = solver(
            x0=start,
            lbx=bounds.lower,
            ubx=bounds.upper,
            lbg=bounds.row_lower,
            ubg=bounds.row_upper,
        )
    stats = solver.stats()
    outcome = ipopt_outcome(
        code=CODES.get(stats["return_status"], -199),
        point=(),
        iterations=int(stats["iter_count"]),
        options=options,
        multipliers=None,
    )
    return Solution(
        found["x"].full().ravel(),
        found["lam_g"].full().ravel(),
        outcome.termination,
        outcome.message,
        int(stats["iter_count"]),
        built - began,
        time.perf_counter() - built,
    )
