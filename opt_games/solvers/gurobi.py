"""Gurobi: global optima with proof, in process; its wheel solves small models without a licence.

The model goes to Gurobi straight from the expressions, as to the other global solvers: Pyomo's own
interface has no abs, min or max, and makes a model of its own for every Param.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.global_problem import GlobalProblem, Instance
from opt_games.solvers.model_view import ModelView
from opt_games.solvers.operator_rules import Language, from_basic, operator_rules
from opt_games.solvers.result import FEASIBILITY_TOLERANCE, Outcome, SolverInfo, Termination

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData

HOW_TO_GET = "pip install 'opt_games[gurobi]', and a licence for models that are not small"

FEASIBILITY = 1e-9
"""Gurobi's tolerance on constraints: the least that it takes. The objective is one of them.

Of 640 random problems of thin feasible sets Gurobi 13 found 7 infeasible that are not, most of them
at any tolerance; without its presolve, none. So what is infeasible is tried again without it.
"""

STATUSES: Mapping[int, tuple[str, Termination]] = {
    1: ("LOADED", Termination.ERROR),
    2: ("OPTIMAL", Termination.CONVERGED),
    3: ("INFEASIBLE", Termination.INFEASIBLE),
    4: ("INF_OR_UNBD", Termination.ERROR),
    5: ("UNBOUNDED", Termination.UNBOUNDED),
    6: ("CUTOFF", Termination.ERROR),
    7: ("ITERATION_LIMIT", Termination.ITERATION_LIMIT),
    8: ("NODE_LIMIT", Termination.ITERATION_LIMIT),
    9: ("TIME_LIMIT", Termination.TIME_LIMIT),
    10: ("SOLUTION_LIMIT", Termination.ITERATION_LIMIT),
    11: ("INTERRUPTED", Termination.INTERRUPTED),
    12: ("NUMERIC", Termination.NUMERICAL_FAILURE),
    13: ("SUBOPTIMAL", Termination.NUMERICAL_FAILURE),
    15: ("USER_OBJ_LIMIT", Termination.ITERATION_LIMIT),
    16: ("WORK_LIMIT", Termination.ITERATION_LIMIT),
    17: ("MEM_LIMIT", Termination.ERROR),
}
"""Gurobi's status codes: code -> (its name, what it means to us)."""

TOO_LARGE = 10010
"""The error code of a model beyond the size-limited licence."""

OWNED = {
    "TimeLimit": "give it as time_limit",
    "NodeLimit": "give it as iteration_limit",
    "MIPGap": "give it as gap",
    "MIPGapAbs": "give it as gap",
    "OutputFlag": "this package never prints",
    "LogToConsole": "this package never prints",
}
"""Vendor options that are not passed through, and what to do instead."""


class Gurobi(Solver):
    """Gurobi's spatial branch and bound for nonlinear models."""

    name = "gurobi"
    capabilities = Capabilities(
        global_=True,
        needs_derivatives=False,
        integers=True,
        refuses=frozenset({"Expr_if", "ExternalFunction", "ceil", "floor", "asin", "acos", "atan"}),
        licence="commercial; small models are free",
    )

    def availability(self) -> Availability:
        """Look for gurobipy without importing it; the licence shows when a model is compiled."""
        version = _version()
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> GurobiProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        version = _version()
        if version is None:
            raise SolverError(f"the solver {self.name} is not installed: {HOW_TO_GET}")
        info = SolverInfo(self.name, version)
        return GurobiProblem(ModelView(model, integers=True), options or SolverOptions(), info)


class GurobiProblem(GlobalProblem):
    """A model that is handed to Gurobi at each solve."""

    def __init__(self, view: ModelView, options: SolverOptions, solver: SolverInfo) -> None:
        tolerances = () if "FeasibilityTol" in options.options else (FEASIBILITY,)
        super().__init__(view, options, solver, _language(None), tolerances=tolerances)
        self._environment = _environment(_settings(options))

    def run(self, instance: Instance) -> Outcome:
        """Run Gurobi once: see `GlobalProblem.run`."""
        import gurobipy

        try:
            with gurobipy.Model(env=self._environment) as model:
                if "FeasibilityTol" not in self.options.options:
                    model.Params.FeasibilityTol = instance.feasibility
                    if instance.feasibility >= FEASIBILITY_TOLERANCE:
                        model.Params.Presolve = 0
                if instance.time_limit is not None:
                    model.Params.TimeLimit = instance.time_limit
                if instance.iteration_limit is not None:
                    model.Params.NodeLimit = instance.iteration_limit
                return self._solved(model, instance)
        except gurobipy.GurobiError as error:
            if error.errno == TOO_LARGE:
                raise SolverError(
                    "the model is too large for Gurobi's size-limited licence: "
                    "get a licence, or use scip or maingo"
                ) from None
            return Outcome(Termination.ERROR, None, None, f"{error} [{error.errno}]")

    def _solved(self, model: Any, instance: Instance) -> Outcome:
        """Fill an empty model, solve it and read the answer."""
        infinity = 1e100
        found_vars = [
            model.addVar(
                lb=max(instance.lower[i], -infinity),
                ub=min(instance.upper[i], infinity),
                vtype="I" if instance.view.whole[i] else "C",
            )
            for i in instance.free
        ]
        expressions = instance.expressions(found_vars, operator_rules(_language(model)))
        if expressions.broken is not None:
            return Outcome(Termination.INFEASIBLE, None, 0, expressions.broken)
        for row in expressions.rows:
            body = model.addVar(lb=max(row.lower, -infinity), ub=min(row.upper, infinity))
            model.addConstr(body == row.body)
        constant = isinstance(expressions.objective, float)
        if not constant:
            least = model.addVar(lb=-infinity)
            model.addConstr(least == expressions.objective)
            model.setObjective(least)
        for index, var in zip(instance.free, found_vars, strict=True):
            var.Start = instance.start[index]
        model.optimize()
        if model.Status == 4:  # which of the two it is shows without its dual reductions
            model.Params.DualReductions = 0
            model.optimize()
        name, termination = STATUSES.get(model.Status, ("unknown status", Termination.ERROR))
        if termination is Termination.INTERRUPTED:
            raise KeyboardInterrupt
        point = None
        if model.SolCount > 0:
            point = list(instance.start)
            for index, var in zip(instance.free, found_vars, strict=True):
                point[index] = min(max(var.X, instance.lower[index]), instance.upper[index])
        bound = expressions.objective if constant else _bound(model)
        message = f"{name} [{model.Status}]"
        return Outcome(termination, point, int(model.NodeCount), message, bound=bound)


def _bound(model: Any) -> float | None:
    """Return the proven bound, None where there is none."""
    try:
        bound = float(model.ObjBound)
    except AttributeError:
        return None
    return bound if abs(bound) < 1e99 else None


def _settings(options: SolverOptions) -> dict[str, object]:
    """Return Gurobi's parameters for our options, the vendor's own last."""
    for name in options.options:
        if name in OWNED:
            raise SolverError(f"the Gurobi option {name} is not passed through: {OWNED[name]}")
    found: dict[str, object] = {
        "OptimalityTol": FEASIBILITY,
        "IntFeasTol": FEASIBILITY,
        "MIPGap": options.gap,
        "MIPGapAbs": options.gap,
    }
    return {**found, **options.options}


def _environment(settings: Mapping[str, Any]) -> Any:
    """Return a silent environment with the parameters, or raise SolverError with the reason."""
    import gurobipy

    try:
        environment = gurobipy.Env(params={"OutputFlag": 0})
    except gurobipy.GurobiError as error:
        raise SolverError(f"Gurobi does not start: {error}; see its licence") from None
    for name, setting in settings.items():
        try:
            environment.setParam(name, setting)
        except (gurobipy.GurobiError, TypeError, ValueError) as error:
            raise SolverError(f"Gurobi does not take {setting!r} for {name} ({error})") from None
    return environment


def _language(model: Any) -> Language:
    """Return what gurobipy's expressions are made of; abs, min and max add variables to a model."""
    from gurobipy import nlfunc

    def variable(expression: Any) -> Any:
        found = model.addVar(lb=-math.inf)
        model.addConstr(found == expression)
        return found

    def absolute(expression: Any) -> Any:
        found = model.addVar(lb=0.0)
        model.addGenConstrAbs(found, variable(expression))
        return found

    def least(one: Any, other: Any) -> Any:
        found = model.addVar(lb=-math.inf)
        model.addGenConstrMin(found, [variable(one), variable(other)])
        return found

    def most(one: Any, other: Any) -> Any:
        found = model.addVar(lb=-math.inf)
        model.addGenConstrMax(found, [variable(one), variable(other)])
        return found

    functions = from_basic(nlfunc.exp, nlfunc.log, nlfunc.sqrt) | {
        "log10": nlfunc.log10,
        "sin": nlfunc.sin,
        "cos": nlfunc.cos,
        "tan": nlfunc.tan,
        "tanh": nlfunc.tanh,
        "abs": absolute,
    }
    return Language(
        "gurobi", functions, lambda base, power: base**power, minimum=least, maximum=most
    )


def _version() -> str | None:
    """Return the version of gurobipy, None without it."""
    try:
        return metadata.version("gurobipy")
    except metadata.PackageNotFoundError:
        return None
