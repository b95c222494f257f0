"""`LeaderFollower`: any Pyomo model with a leader and independent followers."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from opt_games.errors import SolverError, SpecError
from opt_games.leader_follower.global_mode import Search, search_globally
from opt_games.leader_follower.global_solver import GlobalSolver, global_solver, proves
from opt_games.leader_follower.local_mode import LocalPoint, LocalSearch, search_locally
from opt_games.leader_follower.program import Program, value_at, violation
from opt_games.leader_follower.reading import read_program
from opt_games.leader_follower.result import ByFollower, LeaderFollowerResult, Proof, Status
from opt_games.solvers.registry import get_solver
from opt_games.solvers.result import SolverInfo, Termination

_NO_LIMIT = 1e9
_SEEN = 1e-6
"""A gain that a local solver tells from its own tolerance, relative to ``max(1, |objective|)``."""


class LeaderFollower:
    """A leader-follower program (bilevel program) stated as a Pyomo model.

    The leader decides first; each follower sees that and decides for itself. Where a follower is
    indifferent it does what suits the leader (the *optimistic* solution).

    Parameters
    ----------
    model : ConcreteModel
        Everything outside the followers' Blocks belongs to the leader.
    followers : Block or sequence of Block
        Each holds a follower's variables, objective and constraints. They may use the leader's
        variables, not each other's. Objectives keep their sense.

    Raises
    ------
    SpecError
        If the model is no such program, naming the component and the fix.

    Examples
    --------
    A supplier sets a price; a retailer buys, and sells at a price of 10 less its quantity.

    >>> import pyomo.environ as pyo
    >>> from opt_games import LeaderFollower
    >>> model = pyo.ConcreteModel()
    >>> model.price = pyo.Var(bounds=(0, 10))
    >>> model.retailer = pyo.Block()
    >>> model.retailer.quantity = pyo.Var(bounds=(0, 10))
    >>> model.profit = pyo.Objective(
    ...     expr=model.price * model.retailer.quantity, sense=pyo.maximize)
    >>> model.retailer.profit = pyo.Objective(
    ...     expr=(10 - model.retailer.quantity - model.price) * model.retailer.quantity,
    ...     sense=pyo.maximize)
    >>> result = LeaderFollower(model, followers=[model.retailer]).solve()
    >>> str(result.status), round(result.leader_objective, 6), round(model.price(), 4)
    ('locally-optimal', 12.5, 5.0)
    >>> round(result.follower_objectives["retailer"], 5)
    6.25
    """

    def __init__(self, model: Any, followers: Any = ()) -> None:
        self.model = model
        self.followers = followers
        read_program(model, followers)

    def solve(
        self,
        solver: str = "ipopt",
        certify: bool = False,
        *,
        time_limit: float | None = None,
        gap: float = 1e-4,
        follower_tolerance: float = 1e-8,
        starts: int = 8,
        seed: int = 0,
    ) -> LeaderFollowerResult:
        """Solve the program, and load the point into the model's Vars.

        With a local solver the first-order conditions of the followers are solved from several
        starts, and each follower is then given the chance to do better: the result is never called
        optimal but locally. With a global solver, or ``certify=True``, it is bounded from both
        sides until the gap is closed.

        Parameters
        ----------
        solver : str
            ``ipopt`` or another local solver; ``scip``, ``maingo``, ``gurobi`` or another global
            solver that takes integer variables.
        certify : bool
            Prove bounds, with the global solver that is installed if `solver` is a local one.
        time_limit : float, optional
            Seconds of the global search. What is known then is returned.
        gap : float
            Between the leader's objective and its bound, relative to ``max(1, |objective|)``.
        follower_tolerance : float
            By how much a follower's response may miss its best, relative to ``max(1, |best|)``.
            A leader gains from such misses: where followers are nearly indifferent the objective
            can lie beyond the bound, which is for exact responses. At least 1e-9, and no less than
            twice the solver's tolerance on constraints.
        starts : int
            Starts of the local search.
        seed : int
            Of the random starts.

        Returns
        -------
        LeaderFollowerResult

        Raises
        ------
        SolverError
            If a solver is missing or refuses the model, or no start of a local search leads to a
            point where followers respond best.
        """
        _check(time_limit, gap, follower_tolerance, starts)
        began = time.perf_counter()
        program = read_program(self.model, self.followers)
        proving = proves(solver)
        prover = _prover(program, solver if proving else None) if proving or certify else None
        local: LocalSearch | None = None
        if prover is None or not proving:
            local = search_locally(
                program, solver, starts=starts, seed=seed, tolerance=max(_SEEN, follower_tolerance)
            )
        if prover is None:
            assert local is not None
            result = _local_result(program, solver, local, began)
        else:
            start = None if local is None or local.best is None else local.best.point
            search = search_globally(
                program,
                prover,
                time_limit=_NO_LIMIT if time_limit is None else time_limit,
                gap=gap,
                follower_tolerance=follower_tolerance,
                start=start,
            )
            result = _global_result(program, prover, search, gap, follower_tolerance, began)
        if result.ok:
            for each in program.variables:
                each.source.set_value(result.values[each.name], skip_validation=True)
        return result


def _prover(program: Program, name: str | None) -> GlobalSolver:
    unbounded = [
        each for each in program.variables if math.isinf(each.lower) or math.isinf(each.upper)
    ]
    prover = global_solver(name, bounded=not unbounded)
    if prover.needs_bounds and unbounded:
        each = unbounded[0]
        side = "lower" if math.isinf(each.lower) else "upper"
        raise SolverError(
            f"{prover.info.name} needs finite bounds on every variable, and {each.name} has no "
            f"{side} bound: give it one, or use solver='scip'"
        )
    return prover


def _check(time_limit: float | None, gap: float, tolerance: float, starts: int) -> None:
    if time_limit is not None and not time_limit > 0:
        raise SpecError("must be more than 0 seconds", key="time_limit")
    if not (math.isfinite(gap) and gap > 0):
        raise SpecError("must be a positive number", key="gap")
    if not (math.isfinite(tolerance) and tolerance >= 1e-9):
        raise SpecError("must be a number of at least 1e-9", key="follower_tolerance")
    if starts < 1:
        raise SpecError("must be at least 1", key="starts")


def _local_result(
    program: Program, solver: str, local: LocalSearch, began: float
) -> LeaderFollowerResult:
    name = get_solver(solver)
    info = SolverInfo(solver, name.availability().version or "")
    best: LocalPoint | None = local.best
    if best is None:
        raise SolverError(
            f"{solver} found no solution of the leader-follower program: of {local.starts} starts "
            f"{local.converged} led to the followers' first-order conditions, and none to a point "
            "where they respond best and all constraints hold. Give the Vars other values or more "
            "starts, or use solver='scip', which needs none"
        )
    status = Status.LOCALLY_OPTIMAL if best.stationary else Status.FEASIBLE
    message = (
        f"first-order conditions solved from {local.starts} starts, of which {local.converged} "
        "converged; each follower's problem solved again there"
    )
    return LeaderFollowerResult(
        status=status,
        termination=Termination.CONVERGED,
        **_held(program, best.point, best.regrets),
        proof=None,
        seconds=time.perf_counter() - began,
        solver=info,
        message=message,
    )


def _global_result(
    program: Program,
    prover: GlobalSolver,
    search: Search,
    gap: float,
    tolerance: float,
    began: float,
) -> LeaderFollowerResult:
    sign, best = program.leader.sign, search.best
    infeasible = best is None and search.lower == math.inf
    if infeasible:
        status = Status.INFEASIBLE
    elif best is None:
        status = Status.UNKNOWN
    else:
        done = search.termination is Termination.CONVERGED
        status = Status.GLOBALLY_OPTIMAL if done else Status.FEASIBLE
    lower = min(search.lower, search.upper)
    names = [each.name for each in program.followers]
    proof = Proof(
        leader_bound=sign * lower if math.isfinite(lower) else None,
        follower_gaps=None if best is None else ByFollower(best.shortfalls, names),
        gap=gap,
        follower_tolerance=max(tolerance, 2 * prover.feasibility),
        solver=prover.info,
        feasibility_tolerance=prover.feasibility,
        rounds=search.rounds,
        cuts=search.cuts,
        first_order=search.first_order,
    )
    held = (
        _held(program, best.point, best.shortfalls)
        if best is not None
        else {
            "leader_objective": None,
            "follower_objectives": None,
            "values": {},
            "follower_regrets": None,
            "constraint_violation": math.inf,
        }
    )
    message = (
        f"{search.rounds} bounding problems with {search.cuts} optimal-value cuts; the last ended "
        f"with {search.message}"
    )
    return LeaderFollowerResult(
        status=status,
        termination=search.termination,
        **held,
        proof=proof,
        seconds=time.perf_counter() - began,
        solver=prover.info,
        message=message,
    )


def _held(program: Program, point: Mapping[int, float], regrets: Sequence[float]) -> dict[str, Any]:
    names = [each.name for each in program.followers]
    objectives = [value_at(each.objective, point) for each in program.followers]
    levels = (program.leader, *program.followers)
    return {
        "leader_objective": value_at(program.leader.objective, point),
        "follower_objectives": ByFollower(objectives, names),
        "values": {each.name: point[id(each.source)] for each in program.variables},
        "follower_regrets": ByFollower(regrets, names),
        "constraint_violation": max(violation(each, point) for each in levels),
    }
