"""Local solutions, against closed forms; and what is said of them."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opt_games import LeaderFollower, SolverError

numbers = st.floats(-2, 2).map(lambda number: round(number, 3))


def test_closed_form(supplier):
    result = LeaderFollower(supplier, followers=[supplier.retailer]).solve()
    assert str(result.status) == "locally-optimal"
    assert result.leader_objective == pytest.approx(12.5, abs=1e-6)
    assert result.follower_objectives["retailer"] == pytest.approx(6.25, abs=1e-5)
    assert supplier.price() == pytest.approx(5.0, abs=1e-4)
    assert supplier.retailer.quantity() == pytest.approx(2.5, abs=1e-4)
    assert result.values["retailer.quantity"] == supplier.retailer.quantity()
    assert result.proof is None
    assert result.leader_bound is None
    assert max(result.follower_regrets) < 1e-6
    assert result.constraint_violation < 1e-6


@settings(max_examples=15)
@given(numbers, numbers, numbers, numbers, st.floats(0.1, 2.0))
def test_quadratic_games(ideal, wish, slope, offset, weight):
    """The follower takes y = slope * x + offset, so that the leader minimises a parabola."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var()
    model.f = pyo.Block()
    model.f.y = pyo.Var()
    model.cost = pyo.Objective(expr=(model.x - ideal) ** 2 + weight * (model.f.y - wish) ** 2)
    model.f.gain = pyo.Objective(
        expr=-((model.f.y - slope * model.x - offset) ** 2), sense=pyo.maximize
    )
    LeaderFollower(model, followers=[model.f]).solve(starts=1)
    best = (ideal + weight * slope * (wish - offset)) / (1 + weight * slope**2)
    assert model.x() == pytest.approx(best, abs=1e-5)
    assert model.f.y() == pytest.approx(slope * best + offset, abs=1e-5)


def test_a_follower_is_not_left_in_its_worse_minimum(wells):
    result = LeaderFollower(wells, followers=[wells.follower]).solve()
    assert result.leader_objective == pytest.approx(0.5, abs=1e-4)
    assert "optimal" not in str(result.status) or str(result.status) == "locally-optimal"


def test_constraints_at_both_levels():
    """Bard and Falk (1982), example 2: linear, optimum -3.25 at x = (2, 0), y = (1.5, 0)."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var([1, 2], bounds=(0, 10))
    model.f = pyo.Block()
    model.f.y = y = pyo.Var([1, 2], bounds=(0, 10))
    x = model.x
    model.cost = pyo.Objective(expr=-2 * x[1] + x[2] + 0.5 * y[1])
    model.limit = pyo.Constraint(expr=x[1] + x[2] <= 2)
    model.f.cost = pyo.Objective(expr=-4 * y[1] + y[2])
    model.f.first = pyo.Constraint(expr=y[1] - y[2] <= 2 * x[1] - 2.5)
    model.f.second = pyo.Constraint(expr=x[1] - 3 * x[2] + y[2] <= 2)
    result = LeaderFollower(model, followers=[model.f]).solve()
    assert result.leader_objective == pytest.approx(-3.25, abs=1e-5)


def test_nothing_found_is_an_error_that_says_so():
    model = pyo.ConcreteModel()
    model.f = pyo.Block()
    model.f.y = pyo.Var(bounds=(-1, 1))
    model.cost = pyo.Objective(expr=model.f.y)
    model.limit = pyo.Constraint(expr=model.f.y <= 0)
    model.f.cost = pyo.Objective(expr=-model.f.y)
    with pytest.raises(SolverError, match="of 3 starts"):
        LeaderFollower(model, followers=[model.f]).solve(starts=3)
    assert model.f.y.value is None


def test_integers_are_refused(supplier):
    supplier.price.domain = pyo.Integers
    with pytest.raises(SolverError, match=r"price is an integer.*scip"):
        LeaderFollower(supplier, followers=[supplier.retailer]).solve()


def test_the_same_seed_gives_the_same_answer(wells):
    program = LeaderFollower(wells, followers=[wells.follower])
    wells.follower.y = -0.6
    first = program.solve(seed=3, starts=3)
    wells.follower.y = -0.6
    assert program.solve(seed=3, starts=3).values == first.values


def test_a_kink_of_the_response_is_no_local_optimum():
    """The follower takes 50 x - 500 from x = 10 on; the leader's own choice is x = 1 (Bard 1998).

    At x = 10 both of the follower's conditions bind, and first-order conditions hold.
    """
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(-100, 100), initialize=10)
    model.follower = pyo.Block()
    model.follower.y = pyo.Var(bounds=(0, 100), initialize=0)
    y = model.follower.y
    model.cost = pyo.Objective(expr=(model.x - 1) ** 2 + (y - 1) ** 2)
    model.follower.cost = pyo.Objective(expr=0.5 * y**2 + 500 * y - 50 * model.x * y)
    result = LeaderFollower(model, followers=[model.follower]).solve(starts=2)
    assert result.leader_objective < 81 or str(result.status) != "locally-optimal"
