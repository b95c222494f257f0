"""A follower's problem at a point of the leader's: its best value, and responses for cuts."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import pyomo.environ as pyo

from opt_games.leader_follower.first_order import add_first_order_conditions
from opt_games.leader_follower.global_solver import GlobalSolver
from opt_games.leader_follower.intervals import interval
from opt_games.leader_follower.program import Condition, Level, value_at
from opt_games.leader_follower.statement import Statement
from opt_games.solvers.result import Termination

_LENIENT = 1e-7
"""By how much constraints are relaxed where the leader's point leaves a follower nothing exact."""

_PATIENCE = 1.0
"""Seconds at least for a follower's problem with its first-order conditions in it."""


@dataclass(frozen=True)
class Response:
    """A follower's best response, in the sense of a minimum.

    Attributes
    ----------
    bound : float
        What no response can be below.
    cost : float
        That of the response held; infinite without one.
    point : mapping of int to float or None
        By ``id`` of the user's VarData.
    lenience : float
        By how much the constraints had to be relaxed to leave it anything to choose from.
    """

    bound: float
    cost: float
    point: dict[int, float] | None
    lenience: float = 0.0


def best_response(
    follower: Level,
    leader: Mapping[int, float],
    solver: GlobalSolver,
    time_limit: float,
    gap: float,
) -> Response:
    """Solve a follower's problem globally.

    Parameters
    ----------
    follower : Level
    leader : mapping of int to float
        The leader's variables, by ``id`` of the user's VarData.
    solver : GlobalSolver
    time_limit : float
        Seconds.
    gap : float
        Between the response and its bound, absolute and relative.
    """
    ends = time.perf_counter() + time_limit
    for lenience in (0.0, _LENIENT):
        response, infeasible = _answered(follower, leader, lenience, solver, ends, gap)
        if not infeasible:
            break
    return response


def _answered(
    follower: Level,
    leader: Mapping[int, float],
    lenience: float,
    solver: GlobalSolver,
    ends: float,
    gap: float,
) -> tuple[Response, bool]:
    """Solve with the first-order conditions, which help most often, and else without them.

    Returns
    -------
    Response
    bool
        Whether the follower has nothing to choose from.
    """
    bound, cost, point = -math.inf, math.inf, None
    for with_conditions in (True, False):
        statement = _stated(follower, leader, lenience=lenience)
        statement.minimise(follower.cost)
        bound = max(bound, interval(statement.model.cost.expr)[0])
        left = ends - time.perf_counter()
        if with_conditions:
            if not add_first_order_conditions(statement, "first_order", follower):
                continue
            left = min(left, max(_PATIENCE, left / 16))
        answer = solver.minimise(statement.model, left, gap)
        if answer.termination is Termination.INFEASIBLE and with_conditions:
            continue
        bound = max(bound, answer.bound)
        if answer.found:
            found = statement.point
            reached = value_at(follower.cost, {**leader, **found})
            if reached < cost:
                cost, point = reached, found
        if cost - bound <= gap * max(1.0, abs(cost)):
            break
    infeasible = answer.termination is Termination.INFEASIBLE and point is None
    return Response(min(bound, cost), cost, point, lenience), infeasible


def roomy_response(
    follower: Level,
    leader: Mapping[int, float],
    level: float,
    solver: GlobalSolver,
    time_limit: float,
) -> dict[int, float] | None:
    """Return a good response that keeps clear of the constraints.

    It then stays feasible while the leader moves a little, so that its cut holds around this point.

    Parameters
    ----------
    follower : Level
    leader : mapping of int to float
    level : float
        The cost that is good enough.
    solver : GlobalSolver
    time_limit : float
    """
    statement = _stated(follower, leader, bare=True)
    model = statement.model
    model.room = pyo.Var(bounds=(0, 1), initialize=0.0)
    model.margin = pyo.ConstraintList()
    for each in follower.inequalities:
        body = statement.place(each.body)
        if not hasattr(body, "is_potentially_variable") or not body.is_potentially_variable():
            continue
        low, _ = interval(body)
        scale = min(1.0, -low) if math.isfinite(low) and low < 0 else 1.0
        model.margin.add(body + scale * model.room <= 0)
    statement.require("good", [Condition("good", follower.cost - level)], [])
    model.most = pyo.Objective(expr=-model.room)
    answer = solver.minimise(model, time_limit, 1e-2)
    return statement.point if answer.found and pyo.value(model.room) > 0 else None


def _stated(
    follower: Level, leader: Mapping[int, float], *, bare: bool = False, lenience: float = 0.0
) -> Statement:
    statement = Statement(follower.variables, leader)
    inequalities, equalities = lenient(follower, lenience)
    statement.require("own", () if bare else inequalities, equalities)
    return statement


def lenient(level: Level, lenience: float) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """Return a player's inequalities and equalities, relaxed by so much."""
    if lenience == 0:
        return level.inequalities, level.equalities
    relaxed = [Condition(each.name, each.body - lenience) for each in level.conditions]
    relaxed += [Condition(each.name, -1 * each.body - lenience) for each in level.equalities]
    return tuple(relaxed), ()
