"""The bilevel problems are stated rightly: their best values, against a grid; and the solver's."""

from __future__ import annotations

import math

import leader_follower
import numpy as np
import pytest
from bilevel import PROBLEMS
from leader_follower import GAP, contained, solved

from opt_games import LeaderFollower

LEADERS = 601
RESPONSES = 2001
ZOOMS = 8

ONE_BY_ONE = [
    each
    for each in PROBLEMS
    if each.best is not None
    and len(each.leader.box) <= 1
    and len(each.followers) == 1
    and len(each.followers[0].box) == 1
    and each.name != "mb_2007_08"  # feasible only where x + exp(x) = 0: no grid has that
]


def feasible(player, x, y):
    bodies = player.inequalities(x, y)
    held = np.ones(np.shape(y[0]), dtype=bool)
    for body in bodies:
        held &= np.asarray(body) <= 1e-7
    return held


def best_responses(follower, x):
    """Return all responses on ever finer grids that are best within 1e-8."""
    ((low, high),) = follower.box
    width = (high - low) / (RESPONSES - 1)
    grid = np.linspace(low, high, RESPONSES)
    with np.errstate(all="ignore"):
        cost = np.where(
            feasible(follower, x, [grid]), follower.objective(x, [grid]) + 0 * grid, np.inf
        )
    if not np.isfinite(cost).any():
        return np.array([])
    around = np.minimum(np.r_[np.inf, cost[:-1]], np.r_[cost[1:], np.inf])
    centres = grid[(cost <= around) & np.isfinite(cost)]
    if len(centres) > RESPONSES // 2:
        return centres  # indifferent
    found = []
    for centre in centres:
        span = width
        for _ in range(ZOOMS):
            near = np.clip(np.linspace(centre - span, centre + span, 21), low, high)
            values = np.where(
                feasible(follower, x, [near]), follower.objective(x, [near]) + 0 * near, np.inf
            )
            centre, span = near[values.argmin()], span / 8
        found.append((values.min(), centre))
    least = min(value for value, _ in found)
    return np.array([at for value, at in found if value <= least + 1e-8])


def brute_force(problem):
    box = problem.leader.box
    best = math.inf
    for number in np.linspace(*box[0], LEADERS) if box else [None]:
        x = [] if number is None else [float(number)]
        responses = best_responses(problem.followers[0], x)
        if not len(responses):
            continue
        allowed = feasible(problem.leader, x, [responses])
        cost = problem.leader.objective(x, [responses]) + 0 * responses
        best = min(best, np.where(allowed, cost, np.inf).min())
    return best


@pytest.mark.slow
@pytest.mark.parametrize("problem", ONE_BY_ONE, ids=lambda each: each.name)
def test_best_values_against_a_grid_of_the_leader(problem):
    brute = brute_force(problem)
    scale = max(1.0, abs(problem.best))
    assert brute >= problem.best - 2e-3 * scale
    assert brute <= problem.best + 2e-2 * scale


def test_there_are_enough_problems_under_names_of_their_own():
    assert len(PROBLEMS) >= 40
    assert len({each.name for each in PROBLEMS}) == len(PROBLEMS)
    assert sum(len(each.followers) > 1 for each in PROBLEMS) >= 3
    assert all(each.source for each in PROBLEMS)


SOME = ["bf_1982_02", "b_1984_02", "mb_2007_05", "mb_2007_14", "mb_2007_22v", "two_wells"]


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["scip", "maingo"])
@pytest.mark.parametrize("name", SOME)
def test_solved_with_a_proof(name, solver):
    problem = next(each for each in PROBLEMS if each.name == name)
    model = problem.model()
    result = LeaderFollower(model, followers=model.follower).solve(solver, time_limit=60, gap=GAP)
    assert solved(problem, str(result.status), result.leader_objective, local=False)
    assert result.leader_bound <= problem.best + 1e-3 * max(1.0, abs(problem.best))


def test_right_and_wrong_are_told_apart():
    problem = next(each for each in PROBLEMS if each.best == -26.0)
    assert solved(problem, "globally-optimal", -26.01, local=False)
    assert not solved(problem, "globally-optimal", -26.1, local=False)
    assert not solved(problem, "feasible", -26.0, local=False)
    assert solved(problem, "locally-optimal", -26.0, local=True)
    impossible = next(each for each in PROBLEMS if each.best is None)
    assert solved(impossible, "infeasible", math.nan, local=False)
    assert not solved(impossible, "globally-optimal", 0.0, local=False)


@pytest.mark.slow
def test_what_does_not_stop_is_ended(monkeypatch):
    monkeypatch.setattr(leader_follower, "GRACE", -0.5)
    problem = next(each for each in PROBLEMS if each.name == "mb_2007_12")
    row = contained(problem, "scip", 1.0)
    assert (row.status, row.solved) == ("killed", False)
