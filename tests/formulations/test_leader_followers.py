"""A leader with followers, in a game that has nothing to do with technology."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from opt_games.branch import Branch, Closure
from opt_games.formulations.leader_followers import (
    Follower,
    add_leader_conditions,
    add_responses,
    close_leader,
)
from opt_games.solvers import get_solver

STATIONARY = (Closure.STATIONARY,)


def stackelberg() -> tuple[pyo.ConcreteModel, Follower, pyo.Expression]:
    """Price 12 - x - y; marginal costs 0 and 2; a follower's output counts from x / 10 up."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0.0, 20.0), initialize=3.0)
    model.y = pyo.Var(bounds=(0.0, 20.0), initialize=3.0)
    model.lower = pyo.Var(initialize=0.0)
    model.lower.fix()
    payoff = (12 - model.x - model.y) * model.y - 2 * model.y
    leader = (12 - model.x - model.y) * model.x
    return model, Follower((model.y,), (model.lower,), payoff, -100.0), leader


def test_the_equilibrium_as_an_optimisation():
    model, follower, leader = stackelberg()
    add_responses(model, [follower])
    close_leader([model.x], Branch(STATIONARY, (STATIONARY,)))
    model.goal = pyo.Objective(expr=leader, sense=pyo.maximize)
    assert get_solver("ipopt").compile(model).solve().ok
    # y = (10 - x) / 2, leader (12 - x - (10 - x) / 2) x = (7 - x / 2) x
    assert model.x.value == pytest.approx(7.0, rel=1e-6)
    assert model.y.value == pytest.approx(1.5, rel=1e-6)
    assert (len(model.response), len(model.above), len(model.willing)) == (1, 1, 1)


def test_the_equilibrium_as_equations():
    model, follower, leader = stackelberg()
    add_responses(model, [follower])
    add_leader_conditions(model, [model.x], leader, [follower], Branch(STATIONARY, (STATIONARY,)))
    model.goal = pyo.Objective(expr=0.0 * model.x)
    assert get_solver("ipopt").compile(model).solve().ok
    assert (model.x.value, model.y.value) == pytest.approx((7.0, 1.5), rel=1e-6)
    # dF/dy + multiplier * dE/dy = 0: -x - 2 multiplier
    assert model.multiplier[1].value == pytest.approx(-3.5, rel=1e-6)
    assert len(model.stationary) == 2


def test_a_follower_kept_willing_has_a_pressure():
    model, _, leader = stackelberg()
    payoff = (12 - model.x - model.y) * model.y - 2 * model.y
    follower = Follower((model.y,), (model.lower,), payoff, 4.0, binding=True)
    add_responses(model, [follower])
    branch = Branch((Closure.FOLLOWER,), (STATIONARY,), binding=(0,))
    add_leader_conditions(model, [model.x], leader, [follower], branch)
    model.goal = pyo.Objective(expr=0.0 * model.x)
    assert get_solver("ipopt").compile(model).solve().ok
    # y**2 = 4: x = 6, where the leader would rather go up to 7: F_x - F_y E_x / E_y = 1, f_x = -2
    assert (model.x.value, model.y.value) == pytest.approx((6.0, 2.0), rel=1e-6)
    assert model.pressure[1].value == pytest.approx(0.5, rel=1e-5)


def test_levels_at_a_bound_are_fixed():
    model, follower, leader = stackelberg()
    add_leader_conditions(
        model, [model.x], leader, [follower], Branch((Closure.UPPER,), (STATIONARY,))
    )
    assert model.x.fixed
    assert model.x.value == 20.0
    assert len(model.stationary) == 1


def test_a_turning_follower_has_two_equations():
    model, follower, _ = stackelberg()
    turning = Follower(follower.levels, follower.lowers, follower.payoff, -100.0, turning=True)
    assert (len(follower.equations), len(turning.equations)) == (1, 2)
    add_responses(model, [turning])
    assert (len(model.response), len(model.above)) == (2, 0)
