"""IPOPT in process, from the CasADi wheel: the default."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.casadi_model import CasadiModel, Numbers
from opt_games.solvers.casadi_problem import CasadiProblem
from opt_games.solvers.interruption import interruptible
from opt_games.solvers.ipopt_terms import (
    CODES,
    ipopt_options,
    ipopt_outcome,
    pushed_start,
    vendor_options,
)
from opt_games.solvers.result import Outcome, SolverInfo

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData

HOW_TO_GET = "pip install casadi"

CASADI_OPTIONS: dict[str, Any] = {
    "print_time": False,
    "show_eval_warnings": False,
    "calc_lam_p": False,
    "error_on_fail": False,
}
"""Options of CasADi's own layer: silence, and no work that nobody reads."""


class Ipopt(Solver):
    """IPOPT with MUMPS as CasADi bundles it: no files, no executable, exact derivatives."""

    name = "ipopt"
    capabilities = Capabilities(
        warm_start=True, refuses=frozenset({"ExternalFunction", "ceil", "floor"}), licence="EPL-2.0"
    )

    def availability(self) -> Availability:
        """Look for CasADi without importing it."""
        version = bundled_version()
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> IpoptProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        version = bundled_version()
        if version is None:
            raise SolverError(f"the solver {self.name} needs CasADi: {HOW_TO_GET}")
        return IpoptProblem(
            CasadiModel.from_pyomo(model),
            options or SolverOptions(),
            SolverInfo(self.name, version),
        )


@dataclass(frozen=True)
class Multipliers:
    """Multipliers of the bounds and of the constraints, as CasADi holds them."""

    bounds: Any
    constraints: Any


class IpoptProblem(CasadiProblem):
    """A model compiled for CasADi's IPOPT."""

    def __init__(self, compiled: CasadiModel, options: SolverOptions, solver: SolverInfo) -> None:
        super().__init__(compiled, options, solver)
        self._cold = self._make(options.time_limit)
        self._warm: Any = None

    @property
    def solver_function(self) -> Any:
        """The CasADi ``nlpsol`` of a start without multipliers, for `ManyProblems`."""
        return self._cold

    def _make(self, time_limit: float | None, *, warm: bool = False) -> Any:
        """Return a CasADi ``nlpsol`` of this model."""
        compiled = self.compiled
        problem = {"x": compiled.x, "p": compiled.p, "f": compiled.f, "g": compiled.g}
        return make_nlpsol(problem, self.options, time_limit, warm=warm)

    def run(self, numbers: Numbers, multipliers: Any, time_limit: float | None) -> Outcome:
        """Run IPOPT once: see `CasadiProblem.run`."""
        solver, duals, start = self._cold, {}, numbers.start
        if multipliers is not None:
            if self._warm is None:
                self._warm = self._make(self.options.time_limit, warm=True)
            solver = self._warm
            duals = {"lam_x0": multipliers.bounds, "lam_g0": multipliers.constraints}
        else:
            start = pushed_start(start, numbers.lower, numbers.upper, vendor_options(self.options))
            if time_limit != self.options.time_limit:
                solver = self._make(time_limit)
        with interruptible():
            found = solver(
                x0=start,
                p=numbers.parameters,
                lbx=numbers.lower,
                ubx=numbers.upper,
                lbg=numbers.constraint_lower,
                ubg=numbers.constraint_upper,
                **duals,
            )
        stats = solver.stats()
        return ipopt_outcome(
            code=CODES.get(stats["return_status"], -199),
            point=found["x"].full().ravel().tolist(),
            iterations=int(stats["iter_count"]),
            options=self.options,
            multipliers=Multipliers(found["lam_x"], found["lam_g"]),
        )


def make_nlpsol(
    problem: Mapping[str, Any],
    options: SolverOptions,
    time_limit: float | None,
    *,
    warm: bool = False,
    derivatives: Mapping[str, Any] | None = None,
) -> Any:
    """Return a CasADi ``nlpsol``; IPOPT prints its complaints, so they are caught.

    Parameters
    ----------
    problem : mapping of str to CasADi expression
        ``x``, ``p``, ``f`` and ``g``.
    options : SolverOptions
    time_limit : float or None
        In place of that of `options`.
    warm : bool
        Whether starts come with multipliers.
    derivatives : mapping of str to casadi.Function, optional
        ``grad_f``, ``jac_g`` and ``hess_lag`` where they are known; CasADi derives them else.

    Raises
    ------
    SolverError
        If IPOPT refuses an option.
    """
    import casadi

    vendor = ipopt_options(options, warm=warm)
    if time_limit is not None:
        vendor["max_wall_time"] = time_limit
    settings = CASADI_OPTIONS | {f"ipopt.{name}": vendor[name] for name in vendor}
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            return casadi.nlpsol(
                "solver", "ipopt", dict(problem), settings | dict(derivatives or {})
            )
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise SolverError(_complaint(said.getvalue(), str(error), options)) from None


def bundled_version() -> str | None:
    """Return the version of the IPOPT in the CasADi wheel, None without CasADi.

    CasADi does not tell it, so it is read from the header that the wheel carries; without that, the
    version of CasADi stands in.
    """
    spec = util.find_spec("casadi")
    if spec is None or spec.origin is None:
        return None
    header = Path(spec.origin).parent / "include" / "coin-or" / "IpoptConfig.h"
    with contextlib.suppress(OSError):
        found = re.search(r'IPOPT_VERSION\s+"([^"]+)"', header.read_text(encoding="utf-8"))
        if found:
            return found.group(1)
    with contextlib.suppress(metadata.PackageNotFoundError):
        return f"bundled with CasADi {metadata.version('casadi')}"
    return "bundled with CasADi"


def _complaint(said: str, error: str, options: SolverOptions) -> str:
    """Return one line on why IPOPT could not be set up, naming the option if one is to blame."""
    unknown = re.search(r"No such IPOPT option: (\S+)", error)
    if unknown:
        return f"IPOPT has no option {unknown.group(1)}: see its list of options"
    if said.strip():
        return f"IPOPT refuses an option: {said.strip().splitlines()[0]}"
    given = ", ".join(f"{name}={value!r}" for name, value in options.options.items())
    return f"IPOPT cannot be set up with {given or 'these options'}: {error.splitlines()[-1]}"
