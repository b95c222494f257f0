"""IPOPT through cyipopt: any IPOPT that is installed on the machine, with its linear solvers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyomo.common.tee import capture_output

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.callbacks import Callbacks
from opt_games.solvers.casadi_model import CasadiModel, Numbers
from opt_games.solvers.ipopt_callbacks import CallbackProblem
from opt_games.solvers.result import SolverInfo

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData

HOW_TO_GET = (
    "pip install 'opt_games[cyipopt]', which compiles against the Ipopt headers "
    "(Debian and Ubuntu: apt install coinor-libipopt-dev pkg-config; "
    "conda: conda install -c conda-forge cyipopt brings both)"
)


class Cyipopt(Solver):
    """IPOPT as a shared library, called back with CasADi's derivatives."""

    name = "cyipopt"
    capabilities = Capabilities(
        warm_start=True, refuses=frozenset({"ExternalFunction", "ceil", "floor"}), licence="EPL-2.0"
    )

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


class CyipoptProblem(CallbackProblem):
    """A model compiled for cyipopt."""

    def __init__(self, compiled: CasadiModel, options: SolverOptions, solver: SolverInfo) -> None:
        super().__init__(compiled, options, solver)
        count = len(self.variables)
        if count:
            everywhere = [-math.inf] * count, [math.inf] * count
            rows = [-math.inf] * len(compiled.view.constraints)
            upper = [math.inf] * len(rows)
            numbers = Numbers([0.0] * count, *everywhere, [], rows, upper, None)
            with capture_output(capture_fd=True):  # IPOPT says of an unknown option on the terminal
                self._problem(numbers, None)  # only to hear of one now

    def vendor_problem(self, callbacks: Callbacks, bounds: Mapping[str, Any]) -> Any:
        """Return a ``cyipopt.Problem``."""
        import cyipopt

        return cyipopt.Problem(
            n=len(bounds["lb"]), m=len(bounds["cl"]), problem_obj=callbacks, **bounds
        )

    def settings(self, *, warm: bool) -> dict[str, object]:
        """Return the vendor's options for ours; MUMPS of old IPOPTs dies of what is not finite."""
        return {"check_derivatives_for_naninf": "yes", **super().settings(warm=warm)}

    def set_option(self, problem: Any, name: str, setting: object) -> None:
        """Set an option of IPOPT's."""
        try:
            problem.add_option(name, setting)
        except TypeError:
            raise SolverError(
                f"this IPOPT {self.solver.version} has no option {name}, "
                f"or does not take {setting!r} for it"
            ) from None


def _version() -> str | None:
    """Return the version of the IPOPT that cyipopt has loaded, None where it cannot."""
    try:
        import cyipopt
    except Exception:  # a missing module, or a shared library that does not load
        return None
    return ".".join(map(str, cyipopt.IPOPT_VERSION))
