"""First-order conditions never exclude a best response, and exclude what is none."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opt_games.leader_follower.cuts import OptimalValueCuts
from opt_games.leader_follower.first_order import add_first_order_conditions
from opt_games.leader_follower.global_solver import global_solver
from opt_games.leader_follower.reading import read_program
from opt_games.leader_follower.statement import Statement

pytest.importorskip("pyscipopt")

coefficients = st.floats(-2, 2).map(lambda number: round(number, 1))


def follower_of(cost, limit=None, bounds=(-1, 1)):
    model = pyo.ConcreteModel()
    model.f = pyo.Block()
    model.f.y = pyo.Var(bounds=bounds)
    model.cost = pyo.Objective(expr=model.f.y)
    model.f.cost = pyo.Objective(expr=cost(model.f.y))
    if limit is not None:
        model.f.limit = pyo.Constraint(expr=limit(model.f.y) <= 0)
    return model, read_program(model, model.f).followers[0]


def allowed(follower, at, margin=1e-6):
    """Tell whether the conditions allow a response (nearly) here."""
    statement = Statement(follower.variables)
    statement.require("own", follower.inequalities, follower.equalities)
    assert add_first_order_conditions(statement, "first_order", follower)
    own = statement.model.variable[0]
    own.setlb(max(at - margin, own.lb))
    own.setub(min(at + margin, own.ub))
    statement.model.cost = pyo.Objective(expr=own)
    return global_solver("scip").minimise(statement.model, 20.0, 1e-6).found


@settings(max_examples=15)
@given(st.tuples(*[coefficients] * 5))
def test_the_best_response_stays(numbers):
    a, b, c, d, e = numbers
    cost = lambda y: a * y**3 + b * y**2 + c * y  # noqa: E731
    limit = lambda y: d * y + e * y**2 - 0.5  # noqa: E731
    _, follower = follower_of(cost, limit)
    grid = np.linspace(-1, 1, 200_001)
    values = np.where(limit(grid) <= 0, cost(grid), np.inf)
    assert allowed(follower, float(grid[values.argmin()]), margin=1e-4)


def test_a_point_that_is_not_stationary_goes():
    _, follower = follower_of(lambda y: (y - 0.5) ** 2)
    assert allowed(follower, 0.5)
    assert not allowed(follower, 0.25)
    assert not allowed(follower, 1.0)


def test_no_constraint_qualification_is_needed():
    """Only y = 0 is feasible, and no multiplier of y**2 <= 0 balances the slope of 1 there."""
    _, follower = follower_of(lambda y: y, lambda y: y**2)
    assert allowed(follower, 0.0)


@pytest.mark.parametrize("cost", [abs, lambda y: (y + 1) ** 0.5])
def test_none_where_a_derivative_is_missing(cost):
    _, follower = follower_of(cost)
    statement = Statement(follower.variables)
    assert not add_first_order_conditions(statement, "first_order", follower)


def test_a_cut_holds_only_where_its_response_is_feasible():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 1))
    model.f = pyo.Block()
    model.f.y = pyo.Var(bounds=(0, 1))
    model.cost = pyo.Objective(expr=model.f.y)
    model.f.cost = pyo.Objective(expr=-model.f.y)
    model.f.limit = pyo.Constraint(expr=model.f.y <= model.x)
    program = read_program(model, model.f)
    (follower,) = program.followers
    statement = Statement(program.variables)
    statement.minimise(program.leader.cost)
    statement.require("own", follower.inequalities, ())
    cuts = OptimalValueCuts(statement, 1e-8)
    assert cuts.add(follower, {id(model.f.y): 0.5}, 1e-8)
    x, y = statement.model.variable.values()
    for at, least in [(0.75, 0.5), (0.25, 0.0)]:
        x.setlb(at)
        x.setub(at)
        assert global_solver("scip").minimise(statement.model, 10.0, 1e-9).found
        assert y() == pytest.approx(least, abs=1e-6)
