"""MAiNGO: global optima with proof, in process, from the maingopy wheel.

The model goes to MAiNGO straight from the expressions rather than through Pyomo's own interface,
which replaces a missing bound by 1e10, and has no min, max, abs or conditional Params.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.global_problem import Expressions, GlobalProblem, Instance
from opt_games.solvers.interruption import interruptible
from opt_games.solvers.model_view import ModelView
from opt_games.solvers.operator_rules import Language, from_basic
from opt_games.solvers.result import Outcome, SolverInfo, Termination
from opt_games.solvers.walker import Rules

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData

HOW_TO_GET = "pip install 'opt_games[maingo]'"

TOLERANCES = (1e-6, 1e-7, 1e-8)
"""On constraints, in turn while a bound does not prove its point. MAiNGO's linear programs have a
tolerance of 1e-9 themselves, and parts of the box that hold the optimum are dropped at that: of
280 random problems with thin feasible sets 6 were found infeasible that are not, and one optimum
was wrong (`opt_games.testing.integers.follower`); beginning at 1e-6 none was."""

STATUSES: Mapping[str, Termination] = {
    "GLOBALLY_OPTIMAL": Termination.CONVERGED,
    "INFEASIBLE": Termination.INFEASIBLE,
    "FEASIBLE_POINT": Termination.ERROR,
    "NO_FEASIBLE_POINT_FOUND": Termination.ERROR,
    "BOUND_TARGETS": Termination.ERROR,
    "NOT_SOLVED_YET": Termination.ERROR,
}
"""MAiNGO's return codes, and what they mean to us unless a limit was reached."""

HELD = frozenset({"GLOBALLY_OPTIMAL", "FEASIBLE_POINT", "BOUND_TARGETS"})
"""Codes that come with a point."""

STOPPED = frozenset({"FEASIBLE_POINT", "NO_FEASIBLE_POINT_FOUND"})
"""Codes of a search that was cut short."""

UNDEFINED = "Error in evaluation of vMcCormick relaxations"
"""Words of MAiNGO where an expression is not defined throughout the bounds."""

INFINITE = 1e300
"""A bound beyond this is MAiNGO's way to say that there is none."""

OWNED = {
    "maxTime": "give it as time_limit",
    "BAB_maxIterations": "give it as iteration_limit",
    "epsilonA": "give it as gap",
    "epsilonR": "give it as gap",
    "loggingDestination": "this package never prints",
    "writeResultFile": "this package writes no files that nobody asked for",
}
"""Vendor options that are not passed through, and what to do instead."""


class Maingo(Solver):
    """MAiNGO by McCormick relaxations and branch and bound: wants finite bounds everywhere.

    Its time limit is in whole seconds of CPU time, to which `SolverOptions.time_limit` is rounded
    up, and Ctrl-C has to wait for it: `Contained` is the way to both, to the moment.
    """

    name = "maingo"
    capabilities = Capabilities(
        global_=True,
        needs_derivatives=False,
        integers=True,
        needs_bounds=True,
        needs_domain=True,
        refuses=frozenset({"Expr_if", "ExternalFunction", "ceil", "floor"}),
        licence="EPL-2.0",
    )

    def availability(self) -> Availability:
        """Look for maingopy without importing it."""
        version = _version()
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> MaingoProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        version = _version()
        if version is None:
            raise SolverError(f"the solver {self.name} is not installed: {HOW_TO_GET}")
        info = SolverInfo(self.name, version)
        return MaingoProblem(ModelView(model, integers=True), options or SolverOptions(), info)


class MaingoProblem(GlobalProblem):
    """A model that is handed to MAiNGO at each solve."""

    def __init__(self, view: ModelView, options: SolverOptions, solver: SolverInfo) -> None:
        tolerances = () if options.options.keys() & {"deltaEq", "deltaIneq"} else TOLERANCES
        super().__init__(
            view, options, solver, _language(), needs_bounds=True, tolerances=tolerances
        )
        self._settings = _settings(options)

    def run(self, instance: Instance) -> Outcome:
        """Run MAiNGO once: see `GlobalProblem.run`."""
        import maingopy

        model = _model(instance, self.rules)
        try:
            solver = maingopy.MAiNGO(model)
            if model.raised is None and model.expressions.broken is None:
                _set(solver, {**_limits(instance), **self._settings})
                with interruptible():
                    solver.solve()
        except maingopy.MAiNGOException as error:
            if model.raised is None:
                message = " ".join(str(error).split())
                if UNDEFINED in message:
                    raise SolverError(
                        "maingo needs every expression to be defined throughout the bounds of its "
                        f"variables: tighten them, or use scip ({message})"
                    ) from None
                return Outcome(Termination.ERROR, None, None, message)
        if model.raised is not None:
            raise model.raised
        if model.expressions.broken is not None:
            return Outcome(Termination.INFEASIBLE, None, 0, model.expressions.broken)
        return self._outcome(solver, instance)

    def _outcome(self, solver: Any, instance: Instance) -> Outcome:
        """Translate what MAiNGO says."""
        code = solver.get_status().name
        termination = STATUSES.get(code, Termination.ERROR)
        iterations = int(solver.get_iterations())
        if code in STOPPED:
            limit = instance.iteration_limit
            if limit is not None and iterations >= limit:
                termination = Termination.ITERATION_LIMIT
            elif instance.time_limit is not None:
                termination = Termination.TIME_LIMIT
        point = None
        if code in HELD:
            point = list(instance.start)
            found = solver.get_solution_point()
            for index, at in zip(instance.free, found, strict=True):
                point[index] = min(max(at, instance.lower[index]), instance.upper[index])
        bound = solver.get_final_LBD()
        known = abs(bound) < INFINITE
        return Outcome(termination, point, iterations, code, bound=bound if known else None)


def _model(instance: Instance, rules: Rules) -> Any:
    """Return the model that MAiNGO calls back, which notes what goes wrong in it."""
    import maingopy

    class Model(maingopy.MAiNGOmodel):  # type: ignore[misc]
        def __init__(self) -> None:
            maingopy.MAiNGOmodel.__init__(self)
            self.raised: Exception | None = None
            self.expressions = Expressions(0.0, (), None)

        def get_variables(self) -> list[Any]:
            return [
                maingopy.OptimizationVariable(
                    maingopy.Bounds(instance.lower[i], instance.upper[i]),
                    maingopy.VT_INTEGER if instance.view.whole[i] else maingopy.VT_CONTINUOUS,
                    f"x{i}",
                )
                for i in instance.free
            ]

        def get_initial_point(self) -> list[float]:
            return [instance.start[i] for i in instance.free]

        def evaluate(self, symbols: list[Any]) -> Any:
            container = maingopy.EvaluationContainer()
            container.objective = 0.0 * symbols[0]
            try:
                self.expressions = instance.expressions(symbols, rules)
            except (SolverError, ArithmeticError) as error:
                self.raised = error
                return container
            container.objective = self.expressions.objective + 0.0 * symbols[0]
            rows = self.expressions.rows
            equalities = [row for row in rows if row.lower == row.upper]
            ranges = [row for row in rows if row.lower < row.upper]
            container.eq = [row.body - row.lower for row in equalities]
            container.ineq = [
                *(row.lower - row.body for row in ranges if row.lower > -math.inf),
                *(row.body - row.upper for row in ranges if row.upper < math.inf),
            ]
            return container

    return Model()


def _settings(options: SolverOptions) -> dict[str, object]:
    """Return MAiNGO's settings for our options, the vendor's own last."""
    import maingopy

    for name in options.options:
        if name in OWNED:
            raise SolverError(f"the MAiNGO option {name} is not passed through: {OWNED[name]}")
    found: dict[str, object] = {
        "loggingDestination": maingopy.LOGGING_NONE,
        "writeResultFile": False,
        "epsilonA": options.gap,
        "epsilonR": options.gap,
        "LBP_linPoints": int(maingopy.LINP_KELLEY_SIMPLEX),
    }
    return {**found, **options.options}


def _limits(instance: Instance) -> dict[str, object]:
    """Return MAiNGO's settings for one run."""
    found: dict[str, object] = {
        "deltaEq": instance.feasibility,
        "deltaIneq": instance.feasibility,
    }
    if instance.time_limit is not None:
        found["maxTime"] = math.ceil(instance.time_limit)
    if instance.iteration_limit is not None:
        found["BAB_maxIterations"] = instance.iteration_limit
    return found


def _set(solver: Any, settings: Mapping[str, object]) -> None:
    """Set MAiNGO's settings, or raise SolverError naming the one that it refuses."""
    for name, setting in settings.items():
        try:
            known = solver.set_option(name, setting)
        except TypeError:
            raise SolverError(f"MAiNGO does not take {setting!r} for {name}") from None
        if not known:
            raise SolverError(f"MAiNGO has no option {name}: see its list of settings")


def _language() -> Language:
    """Return what maingopy's expressions are made of."""
    import maingopy as mp

    functions = from_basic(mp.exp, mp.log, mp.sqrt) | {
        "sin": mp.sin,
        "cos": mp.cos,
        "tan": mp.tan,
        "sinh": mp.sinh,
        "cosh": mp.cosh,
        "tanh": mp.tanh,
        "asin": mp.asin,
        "acos": mp.acos,
        "atan": mp.atan,
        "abs": mp.fabs,
    }
    return Language("maingo", functions, _power, minimum=mp.min, maximum=mp.max)


def _power(base: Any, exponent: float) -> Any:
    """Return a power; MAiNGO has tighter relaxations of one with an integer exponent."""
    import maingopy

    return maingopy.pow(base, int(exponent) if exponent.is_integer() else exponent)


def _version() -> str | None:
    """Return the version of maingopy, None without it."""
    try:
        return metadata.version("maingopy")
    except metadata.PackageNotFoundError:
        return None
