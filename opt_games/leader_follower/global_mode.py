"""Global solution with proof, by bounding from both sides.

Lower bounds come from `BoundingProblem`, whose optimal-value cuts are refined where a follower
would rather do something else; upper bounds from the followers' globally best responses to the
leader's points met on the way (Mitsos, Lemonidis and Barton 2008).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from opt_games.errors import SolverError
from opt_games.leader_follower.bounding import BoundingProblem, best_outcome
from opt_games.leader_follower.global_solver import GlobalSolver
from opt_games.leader_follower.local_mode import RELAXATIONS, ConditionsStated
from opt_games.leader_follower.program import Level, Program, value_at, violation
from opt_games.leader_follower.responses import (
    Response,
    best_response,
    roomy_response,
)
from opt_games.solvers.result import FEASIBILITY_TOLERANCE, PROOF_TOLERANCE, Termination

_FIRST_SHARE = 10.0
"""Seconds for the first bounding problem at most; one that needs more gets twice that next."""

_LOCAL = "ipopt"

_GIVEN_UP = (0.1, 0.7)
"""Which parts of a follower's gain are given up for responses that keep clear of its constraints:
the less, the sharper the cut, and the smaller the part of the leader's choices where it holds."""

_REFINING = 5.0
"""Seconds for each follower's problem at the refined point."""


@dataclass(frozen=True)
class Candidate:
    """A point at which every follower responds best, as far as proven.

    Attributes
    ----------
    cost : float
        The leader's objective, in the sense of a minimum.
    point : mapping of int to float
        By ``id`` of the user's VarData.
    shortfalls : tuple of float
        What each follower could gain at most, proven.
    """

    cost: float
    point: Mapping[int, float]
    shortfalls: tuple[float, ...]


@dataclass
class Search:
    """The state of a global solve.

    Attributes
    ----------
    lower : float
        A proven bound on the leader's objective, in the sense of a minimum; infinite where there
        is proven to be no solution.
    best : Candidate or None
    rounds, cuts : int
        How many bounding problems were solved, and the cuts in the last.
    termination : Termination
        CONVERGED once the gap is closed.
    message : str
    """

    lower: float = -math.inf
    best: Candidate | None = None
    rounds: int = 0
    cuts: int = 0
    termination: Termination = Termination.ERROR
    message: str = ""
    first_order: tuple[bool, ...] = field(default=())

    @property
    def upper(self) -> float:
        """The leader's objective at the best point held, infinite without one."""
        return math.inf if self.best is None else self.best.cost


def search_globally(
    program: Program,
    solver: GlobalSolver,
    *,
    time_limit: float,
    gap: float,
    follower_tolerance: float,
    start: Mapping[int, float] | None = None,
) -> Search:
    """Bound the leader-follower program from both sides until the gap is closed.

    Parameters
    ----------
    program : Program
    solver : GlobalSolver
    time_limit : float
        Seconds for everything.
    gap : float
        Between the bounds, relative to ``max(1, |objective|)``.
    follower_tolerance : float
        By how much a response may miss a follower's best, relative to ``max(1, |best|)``.
    start : mapping of int to float, optional
        A point to begin with, by ``id`` of the user's VarData.
    """
    ends = time.perf_counter() + time_limit
    follower_tolerance = max(follower_tolerance, 2 * solver.feasibility)
    search = Search()
    bounding = BoundingProblem(program, solver.feasibility)
    search.first_order = bounding.first_order
    if start is not None:
        _visit(program, start, search, bounding, solver, ends, gap, follower_tolerance)
    share = min(time_limit / 16, _FIRST_SHARE)
    while not _closed(search, gap):
        left = ends - time.perf_counter()
        answer = bounding.solve(solver, min(left, share), gap / 2)
        search.rounds += 1
        search.lower = max(search.lower, answer.bound)
        search.termination, search.message = answer.termination, answer.message
        if answer.termination is Termination.INFEASIBLE or _closed(search, gap):
            break
        cut_short = answer.termination is Termination.TIME_LIMIT
        if cut_short:
            share *= 2
        if not answer.found:
            if cut_short and time.perf_counter() < ends:
                continue
            break
        point = bounding.statement.point
        refined = _visit(program, point, search, bounding, solver, ends, gap, follower_tolerance)
        if not refined and not cut_short and not _closed(search, gap):
            if time.perf_counter() >= ends:
                search.termination = Termination.TIME_LIMIT
            else:
                search.termination = Termination.NUMERICAL_FAILURE
                search.message = "no cut excludes the bounding problem's point"
            break
        if time.perf_counter() >= ends:
            search.termination = Termination.TIME_LIMIT
            break
    if _closed(search, gap):
        search.termination = Termination.CONVERGED
        _refine(program, search, solver, gap, follower_tolerance)
    search.cuts = bounding.cuts.count
    return search


def _refine(
    program: Program, search: Search, solver: GlobalSolver, gap: float, tolerance: float
) -> None:
    """Let a local solver place the best point more exactly, where the proof covers that too."""
    if search.best is None or not program.continuous:
        return
    try:
        stated = ConditionsStated(program, _LOCAL)
        point = stated.solve(search.best.point, RELAXATIONS[-2:])
    except SolverError:
        return  # expressions without derivatives: the point stays as it is
    if point is None:
        return
    levels = (program.leader, *program.followers)
    if max(violation(each, point) for each in levels) > FEASIBILITY_TOLERANCE:
        return
    leader = {id(each.source): point[id(each.source)] for each in program.leader.variables}
    responses = [
        best_response(each, leader, solver, _REFINING, tolerance / 8) for each in program.followers
    ]
    candidate = _candidate(program, point, responses, tolerance)
    if candidate is None:
        return
    if candidate.cost - search.lower <= gap * max(1.0, abs(candidate.cost)):
        search.best = candidate


def _closed(search: Search, gap: float) -> bool:
    if search.best is None:
        return False
    return search.upper - search.lower <= gap * max(1.0, abs(search.upper))


def _visit(
    program: Program,
    point: Mapping[int, float],
    search: Search,
    bounding: BoundingProblem,
    solver: GlobalSolver,
    ends: float,
    gap: float,
    tolerance: float,
) -> bool:
    """Let the followers respond to a point's leader; return whether a cut came of it."""
    leader = {id(each.source): point[id(each.source)] for each in program.leader.variables}
    responses = []
    for follower in program.followers:
        left = ends - time.perf_counter()
        responses.append(best_response(follower, leader, solver, left, tolerance / 8))
    if any(each.point is None for each in responses):
        return False
    candidate = _candidate(program, point, responses, tolerance)
    if candidate is None:
        left = ends - time.perf_counter()
        outcome = best_outcome(program, leader, responses, tolerance / 2, solver, left, gap / 4)
        if outcome is not None:
            candidate = _candidate(program, outcome, responses, tolerance)
    # what is hardly better owes that to tolerances: the first found, perhaps a refined one, stays
    worth = 0.0 if search.best is None else gap / 8 * max(1.0, abs(search.upper))
    if candidate is not None and candidate.cost < search.upper - worth:
        search.best = candidate
    if _closed(search, gap):
        return False
    refined = False
    for follower, best in zip(program.followers, responses, strict=True):
        slack = tolerance / 2 * max(1.0, abs(best.cost))
        present = value_at(follower.cost, point)
        if present <= best.cost + slack:
            continue
        refined |= _cuts(follower, leader, best, present, slack, bounding, solver, ends)
    return refined


def _cuts(
    follower: Level,
    leader: Mapping[int, float],
    best: Response,
    present: float,
    slack: float,
    bounding: BoundingProblem,
    solver: GlobalSolver,
    ends: float,
) -> bool:
    assert best.point is not None
    if not follower.inequalities:
        return bounding.cuts.add(follower, best.point, slack)
    added = False
    for given_up in _GIVEN_UP:
        left = ends - time.perf_counter()
        level = best.cost + given_up * (present - best.cost)
        roomy = roomy_response(follower, leader, level, solver, left)
        if roomy is not None:
            added |= bounding.cuts.add(follower, roomy, slack)
    return added or bounding.cuts.add(follower, best.point, slack)


def _candidate(
    program: Program,
    point: Mapping[int, float],
    responses: list[Response],
    tolerance: float,
) -> Candidate | None:
    """Return the point as a candidate if every follower's response is as good as its best."""
    shortfalls = []
    for follower, best in zip(program.followers, responses, strict=True):
        scale = max(1.0, abs(best.cost))
        present = value_at(follower.cost, point)
        if present < best.bound - PROOF_TOLERANCE * scale:
            raise SolverError(
                f"a bound of the global solver is wrong: it says that {follower.name} cannot reach "
                f"{best.bound:g} (as a minimum), and a point has {present:g}. Use another solver"
            )
        if not (
            present - best.cost <= tolerance * scale
            and best.cost - best.bound <= PROOF_TOLERANCE * scale
        ):
            return None
        shortfalls.append(max(0.0, present - best.bound))
    return Candidate(value_at(program.leader.cost, point), dict(point), tuple(shortfalls))
