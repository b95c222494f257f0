"""Mixed-integer programs solved to global optimality, by any global solver that takes integers.

SCIP and MAiNGO go through Pyomo's interfaces: on the bounding problems here, which want gaps far
below 1e-6, that is about twice as fast as by their back ends of `opt_games.solvers`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from opt_games.errors import SolverError
from opt_games.leader_follower.plain import make_plain
from opt_games.solvers.base import Solver, SolverOptions
from opt_games.solvers.interruption import interruptible
from opt_games.solvers.registry import get_solver, solvers
from opt_games.solvers.result import FEASIBILITY_TOLERANCE, Quality, SolverInfo, Termination

FEASIBILITY = {"scip": 1e-9, "maingo": 1e-7, "gurobi": 1e-9}
"""The tolerance on constraints asked of them. Below that MAiNGO, whose linear programs have one of
their own, drops parts of the box that hold the optimum."""


@dataclass(frozen=True)
class GlobalAnswer:
    """What a global solver says of a minimisation.

    Attributes
    ----------
    termination : Termination
    bound : float
        A proven lower bound; minus infinity where there is none, infinity if infeasible.
    found : bool
        Whether a point was found; it is in the model's Vars then.
    message : str
        The solver's words.
    """

    termination: Termination
    bound: float
    found: bool
    message: str


@dataclass(frozen=True)
class GlobalSolver:
    """A global solver that is installed.

    Attributes
    ----------
    info : SolverInfo
    needs_bounds : bool
        Whether every variable needs finite bounds.
    """

    info: SolverInfo
    needs_bounds: bool
    _run: Callable[[Any, float, float], GlobalAnswer]

    @property
    def feasibility(self) -> float:
        """The tolerance on constraints that is asked of it."""
        return FEASIBILITY.get(self.info.name, FEASIBILITY_TOLERANCE)

    def minimise(self, model: Any, time_limit: float, gap: float) -> GlobalAnswer:
        """Minimise a Pyomo model's active objective, and load the point.

        Parameters
        ----------
        model : ConcreteModel
        time_limit : float
            Seconds.
        gap : float
            Between point and bound, absolute and relative: whichever is larger suffices.

        Raises
        ------
        SolverError
            If the solver refuses the model.
        """
        if time_limit <= 0:
            return GlobalAnswer(Termination.TIME_LIMIT, -math.inf, False, "no time left")
        if self.info.name in PACKAGES:
            make_plain(model, lift_powers=self.info.name == "scip")
        with interruptible():
            return self._run(model, time_limit, gap)


PACKAGES = {"scip": "pyscipopt", "maingo": "maingopy"}
"""Which package these come in; the first is taken where none is asked for."""


def proves(name: str) -> bool:
    """Tell whether the solver of a name is a global one."""
    known = solvers()
    return name in PACKAGES or (name in known and known[name].capabilities.global_)


def global_solver(name: str | None = None, *, bounded: bool = True) -> GlobalSolver:
    """Return a global solver, or the first that is installed and suits.

    Parameters
    ----------
    name : str, optional
        ``scip``, ``maingo``, or another global solver of `opt_games.solvers`.
    bounded : bool
        Whether all variables have finite bounds.

    Raises
    ------
    SolverError
        If it is not installed, with how to get it; or if it takes no integers.
    """
    if name is not None and name not in PACKAGES:
        return _of_back_end(get_solver(name))
    for each in PACKAGES if name is None else [name]:
        try:
            version = metadata.version(PACKAGES[each])
        except metadata.PackageNotFoundError:
            continue
        if name is None and each == "maingo" and not bounded:
            continue
        run = _scip if each == "scip" else _maingo
        return GlobalSolver(SolverInfo(each, version), each == "maingo", run)
    wanted = "a global solver" if name is None else name
    raise SolverError(
        f"{wanted} is needed to prove anything about a leader-follower program, and not "
        f"installed: pip install 'opt_games[{name or 'scip'}]'"
    )


def _of_back_end(solver: Solver) -> GlobalSolver:
    can = solver.capabilities
    if not can.integers:
        raise SolverError(
            f"{solver.name} takes no integer variables, of which proofs of leader-follower "
            "programs have some: use scip, maingo or gurobi"
        )

    def run(model: Any, time_limit: float, gap: float) -> GlobalAnswer:
        options = SolverOptions(time_limit=time_limit, gap=gap)
        result = solver.compile(model, options).solve()
        bound = -math.inf if result.bound is None else result.bound
        if result.termination is Termination.INFEASIBLE:
            bound = math.inf
        found = result.ok or result.holds is Quality.FEASIBLE
        return GlobalAnswer(result.termination, bound, found, result.message)

    version = solver.availability().version or ""
    return GlobalSolver(SolverInfo(solver.name, version), can.needs_bounds, run)


def _scip(model: Any, time_limit: float, gap: float) -> GlobalAnswer:
    for tolerance in (FEASIBILITY["scip"], 1e3 * FEASIBILITY["scip"]):
        try:
            return _scip_once(model, time_limit, gap, tolerance)
        except SolverError:
            raise
        except Exception as error:  # PySCIPOpt has no other class for a failure of the LP solver
            if "SCIP" not in str(error):
                raise
            message = _line(error)
    return GlobalAnswer(Termination.NUMERICAL_FAILURE, -math.inf, False, message)


def _scip_once(model: Any, time_limit: float, gap: float, tolerance: float) -> GlobalAnswer:
    from pyomo.contrib.solver.common.results import TerminationCondition as Condition
    from pyomo.contrib.solver.solvers.scip.scip_direct import ScipDirect

    try:
        results = ScipDirect().solve(
            model,
            load_solutions=False,
            raise_exception_on_nonoptimal_result=False,
            time_limit=time_limit,
            rel_gap=gap,
            abs_gap=gap,
            # silent, or Pyomo's capture of a long log waits for SCIP, and SCIP for it
            solver_options={"numerics/feastol": tolerance, "display/verblevel": 0},
        )
    except (NotImplementedError, ValueError, KeyError, AttributeError) as error:
        raise SolverError(f"SCIP cannot take this program: {_line(error)}") from None
    condition = results.termination_condition
    termination = {
        Condition.convergenceCriteriaSatisfied: Termination.CONVERGED,
        Condition.provenInfeasible: Termination.INFEASIBLE,
        Condition.infeasibleOrUnbounded: Termination.ERROR,
        Condition.unbounded: Termination.UNBOUNDED,
        Condition.maxTimeLimit: Termination.TIME_LIMIT,
        Condition.interrupted: Termination.INTERRUPTED,
    }.get(condition, Termination.ERROR)
    if termination is Termination.INTERRUPTED:
        raise KeyboardInterrupt
    found = results.incumbent_objective is not None
    if found:
        results.solution_loader.load_vars()
    bound = results.objective_bound
    bound = -math.inf if bound is None else float(bound)
    if termination is Termination.INFEASIBLE:
        bound = math.inf
    return GlobalAnswer(termination, bound, found, condition.name)


def _maingo(model: Any, time_limit: float, gap: float) -> GlobalAnswer:
    import maingopy
    from pyomo.contrib.appsi.solvers.maingo import MAiNGO

    solver = MAiNGO()
    solver.config.load_solution = False
    solver.config.time_limit = math.ceil(time_limit)
    solver.config.tolerances.epsilonA = gap
    solver.config.tolerances.epsilonR = gap
    solver.config.tolerances.deltaEq = FEASIBILITY["maingo"]
    solver.config.tolerances.deltaIneq = FEASIBILITY["maingo"]
    solver.config.solver_output_logger = logging.getLogger(f"{__name__}.maingo")
    solver.config.log_level = logging.DEBUG
    solver.maingo_options = {
        "loggingDestination": maingopy.LOGGING_NONE,
        "writeResultFile": False,
        "maxwTime": math.ceil(time_limit),  # maxTime is processor time
    }
    quiet = logging.getLogger("pyomo.contrib.appsi.solvers.maingo")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        results = solver.solve(model)
        status = solver._mymaingo.get_status()
        found = status in (maingopy.GLOBALLY_OPTIMAL, maingopy.FEASIBLE_POINT)
        if found:
            solver.load_vars()
    except (NotImplementedError, ValueError, maingopy.MAiNGOException) as error:
        raise SolverError(f"MAiNGO cannot take this program: {_line(error)}") from None
    finally:
        quiet.setLevel(level)
    termination = {
        maingopy.GLOBALLY_OPTIMAL: Termination.CONVERGED,
        maingopy.INFEASIBLE: Termination.INFEASIBLE,
        maingopy.FEASIBLE_POINT: Termination.TIME_LIMIT,
        maingopy.NO_FEASIBLE_POINT_FOUND: Termination.TIME_LIMIT,
    }.get(status, Termination.ERROR)
    bound = results.best_objective_bound
    bound = -math.inf if bound is None or abs(bound) > 1e300 else float(bound)
    if termination is Termination.INFEASIBLE:
        bound = math.inf
    return GlobalAnswer(termination, bound, found, status.name)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
