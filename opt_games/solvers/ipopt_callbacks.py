"""Routes to IPOPT by callbacks, with cyipopt's interface: all but the vendor."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from opt_games.solvers.callbacks import Callbacks
from opt_games.solvers.casadi_model import Numbers
from opt_games.solvers.casadi_problem import CasadiProblem
from opt_games.solvers.interruption import interruptible
from opt_games.solvers.ipopt_terms import (
    ipopt_options,
    ipopt_outcome,
    pushed_start,
    vendor_options,
)
from opt_games.solvers.result import Outcome, Termination

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Multipliers:
    """Multipliers of the constraints and of the lower and upper bounds."""

    constraints: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


class CallbackProblem(CasadiProblem):
    """A model compiled for an IPOPT that calls back; subclasses supply `vendor_problem`."""

    @abstractmethod
    def vendor_problem(self, callbacks: Callbacks, bounds: Mapping[str, Any]) -> Any:
        """Return the vendor's problem, without options.

        Parameters
        ----------
        callbacks : Callbacks
            What it calls back.
        bounds : mapping of str to list of float
            ``lb``, ``ub``, ``cl``, ``cu``: of the variables and of the constraints.
        """

    @abstractmethod
    def set_option(self, problem: Any, name: str, setting: object) -> None:
        """Set an option of the vendor's, or raise SolverError if it is refused."""

    def settings(self, *, warm: bool) -> dict[str, object]:
        """Return the vendor's options for ours."""
        return ipopt_options(self.options, warm=warm)

    def _problem(
        self, numbers: Numbers, time_limit: float | None, *, warm: bool = False
    ) -> tuple[Any, Callbacks]:
        """Return the vendor's problem with its options set, and its callbacks."""
        callbacks = Callbacks(self.compiled, numbers.parameters, time_limit)
        bounds = {
            "lb": numbers.lower,
            "ub": numbers.upper,
            "cl": numbers.constraint_lower,
            "cu": numbers.constraint_upper,
        }
        problem = self.vendor_problem(callbacks, bounds)
        for name, setting in self.settings(warm=warm).items():
            self.set_option(problem, name, setting)
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
