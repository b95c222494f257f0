"""SCIP: global optima with proof, in process, from the PySCIPOpt wheel.

The model goes to SCIP straight from the expressions rather than through Pyomo's own interface,
which has no abs, tanh or log10, makes a variable of every mutable Param and starts without a point.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.global_problem import GlobalProblem, Instance
from opt_games.solvers.model_view import ModelView
from opt_games.solvers.operator_rules import Language, from_basic
from opt_games.solvers.result import Outcome, SolverInfo, Termination

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData

HOW_TO_GET = "pip install 'opt_games[scip]'"

FEASIBILITY, SECOND = 1e-8, 1e-7
"""SCIP's tolerance on constraints, first and where the search stalls on rounding. The objective is
a constraint: at SCIP's own tolerance of 1e-6, bounds are that loose."""

STALL = 3000
"""Nodes without a better point after which the first search is taken to have stalled."""

BROKE_DOWN = "error in LP solver"
"""SCIP's words where a linear program defeats it."""

INFINITE = 1e19
"""A bound beyond this is SCIP's way to say that there is none; its own infinity is 1e20."""

DEFAULTS: Mapping[str, object] = {
    "expr/pow/expandmaxexponent": 1,
    "constraints/nonlinear/tightenlpfeastol": False,
}
"""What we set, and users may set otherwise: squares stay whole, for expanded they have no bound
where a variable has none; and the linear solver is not asked for more digits than it can give, of
which it complains on the terminal."""

STATUSES: Mapping[str, Termination] = {
    "optimal": Termination.CONVERGED,
    "gaplimit": Termination.CONVERGED,
    "infeasible": Termination.INFEASIBLE,
    "unbounded": Termination.UNBOUNDED,
    "inforunbd": Termination.ERROR,
    "timelimit": Termination.TIME_LIMIT,
    "nodelimit": Termination.ITERATION_LIMIT,
    "totalnodelimit": Termination.ITERATION_LIMIT,
    "stallnodelimit": Termination.ITERATION_LIMIT,
    "restartlimit": Termination.ITERATION_LIMIT,
    "sollimit": Termination.ITERATION_LIMIT,
    "bestsollimit": Termination.ITERATION_LIMIT,
    "primallimit": Termination.ITERATION_LIMIT,
    "duallimit": Termination.ITERATION_LIMIT,
    "memlimit": Termination.ERROR,
    "userinterrupt": Termination.INTERRUPTED,
    "terminate": Termination.INTERRUPTED,
}
"""SCIP's status, and what it means to us; any other is an error."""

OWNED = {
    "limits/time": "give it as time_limit",
    "limits/nodes": "give it as iteration_limit",
    "limits/gap": "give it as gap",
    "limits/absgap": "give it as gap",
    "display/verblevel": "this package never prints",
}
"""Vendor options that are not passed through, and what to do instead."""


class Scip(Solver):
    """SCIP by spatial branch and bound: any expression without trigonometric inverses."""

    name = "scip"
    capabilities = Capabilities(
        global_=True,
        needs_derivatives=False,
        integers=True,
        refuses=frozenset({"Expr_if", "ExternalFunction", "ceil", "floor", "asin", "acos", "atan"}),
        licence="Apache-2.0",
    )

    def availability(self) -> Availability:
        """Look for PySCIPOpt without importing it."""
        version = _version()
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> ScipProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        version = _version()
        if version is None:
            raise SolverError(f"the solver {self.name} is not installed: {HOW_TO_GET}")
        info = SolverInfo(self.name, version)
        return ScipProblem(ModelView(model, integers=True), options or SolverOptions(), info)


class ScipProblem(GlobalProblem):
    """A model that is handed to SCIP at each solve."""

    def __init__(self, view: ModelView, options: SolverOptions, solver: SolverInfo) -> None:
        tolerances = () if "numerics/feastol" in options.options else (FEASIBILITY,)
        super().__init__(view, options, solver, _language(), tolerances=tolerances)
        self._settings = _settings(options)
        _set(_model(), self._settings)  # only to hear of an unknown option now

    def run(self, instance: Instance) -> Outcome:
        """Run SCIP, and once more if it stalls: see `GlobalProblem.run`."""
        settings = {**_limits(instance), **self._settings}
        if self.options.options.keys() & {"numerics/feastol", "limits/stallnodes"}:
            return self._once(instance, settings)
        began = time.perf_counter()
        first = self._once(instance, {**settings, "limits/stallnodes": STALL})
        if first.message not in ("stallnodelimit", BROKE_DOWN):
            return first
        settings["numerics/feastol"] = max(SECOND, instance.feasibility)
        nodes = first.iterations or 0
        if instance.time_limit is not None:
            remaining = instance.time_limit - (time.perf_counter() - began)
            settings["limits/time"] = max(0.0, remaining)
        if instance.iteration_limit is not None:
            settings["limits/nodes"] = max(0, instance.iteration_limit - nodes)
        second = self._once(instance, settings)
        bounds = [each.bound for each in (first, second) if each.bound is not None]
        return replace(
            second,
            point=first.point if second.point is None else second.point,
            iterations=nodes + (second.iterations or 0),
            message=f"{second.message}, after a first search: {first.message}",
            bound=max(bounds, default=None),
        )

    def _once(self, instance: Instance, settings: Mapping[str, object]) -> Outcome:
        """Run SCIP once."""
        from pyscipopt import scip

        model = _model()
        _set(model, settings)
        found_vars = [
            model.addVar(
                vtype="I" if instance.view.whole[i] else "C",
                lb=_or_none(instance.lower[i]),
                ub=_or_none(instance.upper[i]),
            )
            for i in instance.free
        ]
        symbols = [scip.buildGenExprObj(var) for var in found_vars]
        expressions = instance.expressions(symbols, self.rules)
        if expressions.broken is not None:
            return Outcome(Termination.INFEASIBLE, None, 0, expressions.broken)
        for row in expressions.rows:
            if row.lower == row.upper:
                model.addCons(row.body == row.lower)
                continue
            if row.lower > -math.inf:
                model.addCons(row.body >= row.lower)
            if row.upper < math.inf:
                model.addCons(row.body <= row.upper)
        constant = isinstance(expressions.objective, float)
        if not constant:
            least = model.addVar(lb=None, ub=None)
            model.addCons(scip.buildGenExprObj(least) >= expressions.objective)
            model.setObjective(least)
        start = model.createPartialSol()
        for index, var in zip(instance.free, found_vars, strict=True):
            model.setSolVal(start, var, instance.start[index])
        model.addSol(start)
        try:
            model.optimizeNogil()
        except Exception as error:  # PySCIPOpt has no other class for a failure of the LP solver
            if BROKE_DOWN not in str(error):
                raise
            return Outcome(Termination.NUMERICAL_FAILURE, None, None, BROKE_DOWN)
        return self._outcome(model, instance, found_vars, expressions.objective)

    def _outcome(
        self, model: Any, instance: Instance, found_vars: Sequence[Any], objective: Any
    ) -> Outcome:
        """Translate what SCIP says."""
        status = model.getStatus()
        termination = STATUSES.get(status, Termination.ERROR)
        if status == "userinterrupt":
            raise KeyboardInterrupt
        point = None
        if model.getNSols() > 0:
            best = model.getBestSol()
            point = list(instance.start)
            for index, var in zip(instance.free, found_vars, strict=True):
                at = model.getSolVal(best, var)
                point[index] = min(max(at, instance.lower[index]), instance.upper[index])
        bound = None
        if isinstance(objective, float):
            bound = objective
        elif abs(model.getDualbound()) < INFINITE:
            bound = model.getDualbound()
        return Outcome(termination, point, model.getNTotalNodes(), f"{status}", bound=bound)


def _model() -> Any:
    """Return an empty, silent model."""
    from pyscipopt import Model

    model = Model()
    model.hideOutput()
    return model


def _settings(options: SolverOptions) -> dict[str, object]:
    """Return SCIP's parameters for our options, the vendor's own last."""
    for name in options.options:
        if name in OWNED:
            raise SolverError(f"the SCIP option {name} is not passed through: {OWNED[name]}")
    found: dict[str, object] = {
        "limits/gap": options.gap,
        "limits/absgap": options.gap,
    }
    return {**DEFAULTS, **found, **options.options}


def _limits(instance: Instance) -> dict[str, object]:
    """Return SCIP's parameters for one run."""
    found: dict[str, object] = {"numerics/feastol": instance.feasibility}
    if instance.time_limit is not None:
        found["limits/time"] = instance.time_limit
    if instance.iteration_limit is not None:
        found["limits/nodes"] = instance.iteration_limit
    return found


def _set(model: Any, settings: Mapping[str, object]) -> None:
    """Set SCIP's parameters, or raise SolverError naming the one that it refuses."""
    for name, setting in settings.items():
        try:
            model.setParam(name, setting)
        except KeyError:
            raise SolverError(f"SCIP has no option {name}: see its list of parameters") from None
        except Exception as error:  # what PySCIPOpt raises depends on SCIP's return code
            raise SolverError(f"SCIP does not take {setting!r} for {name} ({error})") from None


def _language() -> Language:
    """Return what PySCIPOpt's expressions are made of."""
    from pyscipopt import scip

    functions = from_basic(scip.exp, scip.log, scip.sqrt) | {
        "sin": scip.sin,
        "cos": scip.cos,
        "tan": lambda x: scip.sin(x) / scip.cos(x),
        "abs": abs,
    }
    return Language(
        "scip",
        functions,
        lambda base, exponent: base**exponent,
        minimum=lambda one, other: 0.5 * (one + other - abs(one - other)),
        maximum=lambda one, other: 0.5 * (one + other + abs(one - other)),
    )


def _or_none(bound: float) -> float | None:
    """Return a bound as PySCIPOpt takes it."""
    return None if math.isinf(bound) else bound


def _version() -> str | None:
    """Return the version of PySCIPOpt, None without it."""
    try:
        return metadata.version("pyscipopt")
    except metadata.PackageNotFoundError:
        return None
