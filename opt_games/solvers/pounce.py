"""POUNCE: IPOPT rewritten in Rust, in process and called back with CasADi's derivatives.

The wheel has an executable for Pyomo too. In process there are no files, Params stay mutable and
multipliers are kept for a warm start.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.callbacks import Callbacks
from opt_games.solvers.casadi_model import CasadiModel, Numbers
from opt_games.solvers.ipopt_callbacks import CallbackProblem
from opt_games.solvers.result import Outcome, SolverInfo

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData

HOW_TO_GET = "pip install 'opt_games[pounce]'"


class Pounce(Solver):
    """POUNCE, with the options and the status codes of IPOPT."""

    name = "pounce"
    capabilities = Capabilities(
        warm_start=True, refuses=frozenset({"ExternalFunction", "ceil", "floor"}), licence="EPL-2.0"
    )

    def availability(self) -> Availability:
        """Look for POUNCE without importing it."""
        version = _version()
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> PounceProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        version = _version()
        if version is None:
            raise SolverError(f"the solver {self.name} is not installed: {HOW_TO_GET}")
        return PounceProblem(
            CasadiModel.from_pyomo(model),
            options or SolverOptions(),
            SolverInfo(self.name, version),
        )


class PounceProblem(CallbackProblem):
    """A model compiled for POUNCE."""

    def __init__(self, compiled: CasadiModel, options: SolverOptions, solver: SolverInfo) -> None:
        super().__init__(compiled, options, solver)
        self.settings(warm=False)  # only to hear of an option that is ours now

    def vendor_problem(self, callbacks: Callbacks, bounds: Mapping[str, Any]) -> Any:
        """Return a ``pounce.Problem``."""
        import pounce

        return pounce.Problem(
            n=len(bounds["lb"]), m=len(bounds["cl"]), problem_obj=callbacks, **bounds
        )

    def set_option(self, problem: Any, name: str, setting: object) -> None:
        """Set an option; POUNCE looks at it only when it solves."""
        try:
            problem.add_option(name, setting)
        except TypeError:
            raise SolverError(f"POUNCE does not take {setting!r} for {name}") from None

    def settings(self, *, warm: bool) -> dict[str, object]:
        """Return POUNCE's options: its barrier stops at 1e-11 by default, too early for us."""
        return {"mu_min": 0.01 * self.options.tolerance} | super().settings(warm=warm)

    def run(self, numbers: Numbers, multipliers: Any, time_limit: float | None) -> Outcome:
        """Run POUNCE once: see `CasadiProblem.run`."""
        try:
            return super().run(numbers, multipliers, time_limit)
        except (RuntimeError, ValueError) as error:
            raise SolverError(f"POUNCE refuses an option: {' '.join(str(error).split())}") from None


def _version() -> str | None:
    """Return the version of POUNCE, None without it."""
    try:
        return metadata.version("pounce-solver")
    except metadata.PackageNotFoundError:
        return None
