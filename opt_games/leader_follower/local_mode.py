r"""Local solution by IPOPT: first-order conditions, and what the followers would rather do.

Each follower is replaced by its conditions of Karush, Kuhn and Tucker, with complementarity
relaxed to :math:`\lambda_j (-g_j) \le t` for a sequence of t that falls to 0 (Scholtes 2001). The
leader's point found is then checked: each follower's problem is solved again there, from several
starts. Where a follower has something better to do, it does that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo

from opt_games.errors import SolverError
from opt_games.leader_follower.first_order import gradients
from opt_games.leader_follower.program import Level, Program, Variable, value_at, violation
from opt_games.leader_follower.statement import Statement, add_row
from opt_games.solvers.base import CompiledProblem, SolverOptions
from opt_games.solvers.registry import get_solver
from opt_games.solvers.result import FEASIBILITY_TOLERANCE

RELAXATIONS = (1e-1, 1e-3, 1e-5, 1e-7, 1e-9)
"""The values of t in turn."""

_WIDE = 10.0
"""How far from the user's value starts are drawn where there is no bound."""

_RANDOM = 4
"""Random starts of a follower's problem."""

_SETTLING = 20
"""How often a point that is no local optimum is followed up."""

_GAIN = 1e-3
"""What counts as better for the leader next to a point, relative to ``max(1, |objective|)``: less
may be owed to the tolerances of constraints and responses."""

_STEPS = (1e-2, 1e-3)
"""How far the leader is moved to see whether a point is a local optimum, relative to the width of
each variable's bounds."""

_SIDES = 10
"""Variables of a follower at most that are tried at both their bounds."""


@dataclass(frozen=True)
class LocalPoint:
    """Where a local search ended.

    Attributes
    ----------
    cost : float
        The leader's, in the sense of a minimum.
    point : mapping of int to float
        By ``id`` of the user's VarData.
    regrets : tuple of float
        What each follower can gain, as far as local searches tell.
    stationary : bool
        Whether it is a point of the first-order conditions, not one where a follower was moved to
        something better, and the leader finds nothing better next to it.
    """

    cost: float
    point: Mapping[int, float]
    regrets: tuple[float, ...]
    stationary: bool


@dataclass(frozen=True)
class LocalSearch:
    """All that a local mode found: the best point, and how many starts led to any."""

    best: LocalPoint | None
    starts: int
    converged: int


def search_locally(
    program: Program, solver: str, *, starts: int, seed: int, tolerance: float
) -> LocalSearch:
    """Search for a solution from several starts.

    Parameters
    ----------
    program : Program
        Without integer variables.
    solver : str
        A solver of `opt_games.solvers`.
    starts : int
        The first is at the user's values, the others are random within bounds.
    seed : int
        Of the random starts.
    tolerance : float
        What a follower may lack to its best, relative to ``max(1, |best|)``.
    """
    if not program.continuous:
        name = next(each.name for each in program.variables if each.integer)
        raise SolverError(
            f"{name} is an integer variable, which {solver} cannot take: use solver='scip'"
        )
    stated = ConditionsStated(program, solver)
    random = np.random.default_rng(seed)
    best: LocalPoint | None = None
    converged = 0
    for number in range(starts):
        point = _start(program.variables, random if number else None)
        for follower in program.followers:
            point |= _respond(follower, point, solver, [point]) or {}
        found = stated.solve(point)
        if found is None:
            continue
        converged += 1
        local = _checked(program, found, solver, random, tolerance)
        if local is not None and (best is None or _better(local, best)):
            best = local
    if best is not None and best.stationary:
        best = _settled(program, stated, best, solver, random, tolerance)
    return LocalSearch(best, starts, converged)


def _settled(
    program: Program,
    stated: ConditionsStated,
    best: LocalPoint,
    solver: str,
    random: np.random.Generator,
    tolerance: float,
) -> LocalPoint:
    """Return a point next to which the leader finds nothing better, or one not called optimal.

    First-order conditions also hold at points that are no local optima: where a follower changes
    from one active constraint to another, the leader may gain on one side.
    """
    for _ in range(_SETTLING):
        beside = _beside(program, best, solver, random, tolerance)
        if beside is None:
            return best
        found = stated.solve(beside.point)
        local = None if found is None else _checked(program, found, solver, random, tolerance)
        best = local if local is not None and _better(local, beside) else beside
    return replace(best, stationary=False)


def _beside(
    program: Program,
    best: LocalPoint,
    solver: str,
    random: np.random.Generator,
    tolerance: float,
) -> LocalPoint | None:
    """Return a point near another at which the leader is better off, if there is one."""
    moves = [(each, side) for each in program.leader.variables[:_SIDES] for side in (-1.0, 1.0)]
    for step in _STEPS:
        for each, side in moves:
            key, width = id(each.source), each.upper - each.lower
            by = side * step * (width if math.isfinite(width) else _WIDE)
            at = min(max(best.point[key] + by, each.lower), each.upper)
            if at == best.point[key]:
                continue
            near = _checked(program, {**best.point, key: at}, solver, random, tolerance)
            if near is not None and near.cost < best.cost - _GAIN * max(1.0, abs(best.cost)):
                return replace(near, stationary=False)
    return None


def _better(one: LocalPoint, other: LocalPoint) -> bool:
    return one.cost < other.cost - 1e-9 * max(1.0, abs(other.cost))


class ConditionsStated:
    """The program with every follower replaced by its relaxed first-order conditions.

    Parameters
    ----------
    program : Program
    solver : str
        A solver of `opt_games.solvers`.
    """

    def __init__(self, program: Program, solver: str) -> None:
        self.statement = statement = Statement(program.variables)
        model = statement.model
        model.relaxation = pyo.Param(mutable=True, initialize=RELAXATIONS[0])
        model.multiplier = pyo.VarList(domain=pyo.NonNegativeReals)
        model.free_multiplier = pyo.VarList()
        model.stationary = pyo.ConstraintList()
        model.complementary = pyo.ConstraintList()
        statement.minimise(program.leader.cost)
        statement.require("leader", program.leader.inequalities, program.leader.equalities)
        for number, follower in enumerate(program.followers):
            statement.require(f"follower{number}", follower.inequalities, follower.equalities)
            self._replace(follower)
        self._problem = _compiled(model, solver)

    def _replace(self, follower: Level) -> None:
        model = self.statement.model
        found = gradients(self.statement, follower)
        totals = list(found.cost)
        for body, slopes in found.inequalities:
            multiplier = model.multiplier.add()
            totals = [a + multiplier * b for a, b in zip(totals, slopes, strict=True)]
            model.complementary.add(-multiplier * body <= model.relaxation)
        for _, slopes in found.equalities:
            multiplier = model.free_multiplier.add()
            totals = [a + multiplier * b for a, b in zip(totals, slopes, strict=True)]
        for variable, total in zip(found.variables, totals, strict=True):
            if variable.has_lb():
                multiplier = model.multiplier.add()
                total = total - multiplier
                model.complementary.add(multiplier * (variable - variable.lb) <= model.relaxation)
            if variable.has_ub():
                multiplier = model.multiplier.add()
                total = total + multiplier
                model.complementary.add(multiplier * (variable.ub - variable) <= model.relaxation)
            add_row(model.stationary, total, "==")

    def solve(
        self, start: Mapping[int, float], relaxations: Sequence[float] = RELAXATIONS
    ) -> dict[int, float] | None:
        """Solve for one relaxation after the other; None where the last did not converge."""
        model = self.statement.model
        self.statement.start_at(start)
        for each in model.multiplier.values():
            each.set_value(0.1)
        for each in model.free_multiplier.values():
            each.set_value(0.0)
        found = None
        for relaxation in relaxations:
            model.relaxation = relaxation
            result = self._problem.solve()
            found = self.statement.point if result.ok else None
        return found


def _compiled(model: Any, solver: str) -> CompiledProblem:
    return get_solver(solver).compile(model, SolverOptions(tolerance=1e-9, iteration_limit=500))


def _start(variables: tuple[Variable, ...], random: np.random.Generator | None) -> dict[int, float]:
    point = {}
    for each in variables:
        at = each.start
        if random is not None:
            low = each.lower if math.isfinite(each.lower) else min(at, each.upper) - _WIDE
            high = each.upper if math.isfinite(each.upper) else max(at, each.lower) + _WIDE
            at = float(random.uniform(low, high))
        point[id(each.source)] = at
    return point


def _respond(
    follower: Level,
    leader: Mapping[int, float],
    solver: str,
    starts: list[dict[int, float]],
) -> dict[int, float] | None:
    """Return the best local response that the starts lead to, in the follower's variables."""
    own = {id(each.source) for each in follower.variables}
    statement = Statement(
        follower.variables, {key: at for key, at in leader.items() if key not in own}
    )
    statement.minimise(follower.cost)
    statement.require("own", follower.inequalities, follower.equalities)
    problem = _compiled(statement.model, solver)
    best, lowest = None, math.inf
    for start in starts:
        statement.start_at(start)
        if not problem.solve().ok:
            continue
        point = statement.point
        cost = value_at(follower.cost, {**leader, **point})
        if cost < lowest:
            best, lowest = point, cost
    return best


def _starts(
    follower: Level, point: Mapping[int, float], random: np.random.Generator
) -> Iterator[dict[int, float]]:
    """Yield the point itself, corners and sides of the follower's box, and random points in it."""
    yield dict(point)
    low, high = ({id(v.source): _end(v, side) for v in follower.variables} for side in (-1, 1))
    yield low
    yield high
    if len(follower.variables) > 1:
        for each in follower.variables[:_SIDES]:
            key = id(each.source)
            for end in (low, high):
                yield {**_start(follower.variables, random), key: end[key]}
    for _ in range(_RANDOM):
        yield _start(follower.variables, random)


def _end(variable: Variable, side: int) -> float:
    end = variable.lower if side < 0 else variable.upper
    return end if math.isfinite(end) else variable.start + side * _WIDE


def _checked(
    program: Program,
    point: dict[int, float],
    solver: str,
    random: np.random.Generator,
    tolerance: float,
) -> LocalPoint | None:
    """Let every follower do what suits it best; None where the leader then breaks constraints."""
    moved, regrets = False, []
    for follower in program.followers:
        starts = list(_starts(follower, point, random))
        better = _respond(follower, point, solver, starts)
        present = value_at(follower.cost, point)
        best = math.inf if better is None else value_at(follower.cost, {**point, **better})
        if better is not None and present - best > tolerance * max(1.0, abs(best)):
            point, moved, present = {**point, **better}, True, best
        regrets.append(max(0.0, present - best))
    levels = (program.leader, *program.followers)
    if max(violation(each, point) for each in levels) > FEASIBILITY_TOLERANCE:
        return None
    return LocalPoint(value_at(program.leader.cost, point), point, tuple(regrets), not moved)
