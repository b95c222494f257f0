"""Proven solutions, against closed forms, brute force and enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opt_games import LeaderFollower, SolverError
from opt_games.leader_follower import global_solver as solvers
from opt_games.leader_follower.global_mode import _candidate
from opt_games.leader_follower.reading import read_program
from opt_games.leader_follower.responses import best_response

pytest.importorskip("pyscipopt")

coefficients = st.floats(-2, 2).map(lambda number: round(number, 2))


def test_closed_form_with_a_proof(supplier):
    result = LeaderFollower(supplier, followers=[supplier.retailer]).solve("scip")
    assert str(result.status) == "globally-optimal"
    assert result.leader_objective == pytest.approx(12.5, abs=1e-3)
    assert 12.5 - 1e-6 <= result.leader_bound <= 12.5 + 2e-3
    assert result.gap <= 1e-4 * 12.5
    assert result.proof.follower_gaps["retailer"] <= 1e-6
    assert result.proof.solver.name == "scip"
    assert supplier.price() == pytest.approx(5.0, abs=0.05)


def test_certifying_moves_a_local_answer_off_the_wrong_minimum(wells):
    result = LeaderFollower(wells, followers=[wells.follower]).solve(certify=True)
    assert str(result.status) == "globally-optimal"
    assert result.leader_objective == pytest.approx(0.5, abs=1e-3)
    assert result.leader_bound <= 0.5 + 1e-6


def test_a_wrong_branch_is_refused(wells):
    """The minimum at -0.57 solves the first-order conditions; it is no best response."""
    program = read_program(wells, [wells.follower])
    solver = solvers.global_solver("scip")
    best = best_response(program.followers[0], {}, solver, 10.0, 1e-8)
    key = id(wells.follower.y)
    wrong = float(np.roots([64, 6, -16, -1.5]).min())
    assert _candidate(program, {key: wrong}, [best], 1e-3) is None
    assert _candidate(program, {key: 0.5}, [best], 1e-3) is not None


@settings(max_examples=8)
@given(st.tuples(*[coefficients] * 6))
def test_random_cubic_followers_against_a_grid(numbers):
    a, b, c, d, e, g = numbers

    def cost(x, y):
        return a * x + b * y + c * x * y

    def own(x, y):
        return y**3 + d * y**2 + e * x * y + g * y

    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(-1, 1))
    model.f = pyo.Block()
    model.f.y = pyo.Var(bounds=(-1, 1))
    model.cost = pyo.Objective(expr=cost(model.x, model.f.y))
    model.f.cost = pyo.Objective(expr=own(model.x, model.f.y))
    result = LeaderFollower(model, followers=model.f).solve("scip", time_limit=20)
    x, y = np.linspace(-1, 1, 401)[:, None], np.linspace(-1, 1, 2001)[None, :]
    inner = own(x, y)
    near = inner <= inner.min(axis=1, keepdims=True) + 1e-9
    brute = np.where(near, cost(x, y), np.inf).min()
    assert result.leader_bound <= brute + 2e-3  # what is on the grid is feasible
    response = own(model.x(), np.linspace(-1, 1, 20001)).min()
    assert own(model.x(), model.f.y()) <= response + 1e-6
    assert result.leader_objective == pytest.approx(cost(model.x(), model.f.y()), abs=1e-9)


def sense_reversed(model):
    for objective in model.component_data_objects(pyo.Objective):
        objective.set_value(-objective.expr)
        objective.sense = -objective.sense


def test_senses_may_be_mixed(supplier):
    sense_reversed(supplier.retailer)
    result = LeaderFollower(supplier, followers=[supplier.retailer]).solve("scip")
    assert result.leader_objective == pytest.approx(12.5, abs=1e-3)
    assert result.follower_objectives[0] == pytest.approx(-6.25, abs=0.1)
    sense_reversed(supplier)
    again = LeaderFollower(supplier, followers=[supplier.retailer]).solve("scip")
    assert again.leader_objective == pytest.approx(-12.5, abs=1e-3)
    assert again.leader_bound <= -12.5 + 1e-6


def test_ties_go_to_the_leader():
    """The follower likes -1 and 1 equally: the leader gets the one that it likes."""
    for sign in (1, -1):
        model = pyo.ConcreteModel()
        model.f = pyo.Block()
        model.f.y = pyo.Var(bounds=(-1, 1))
        model.cost = pyo.Objective(expr=sign * model.f.y)
        model.f.cost = pyo.Objective(expr=-(model.f.y**2))
        assert LeaderFollower(model, followers=model.f).solve("scip").leader_objective == (
            pytest.approx(-1.0, abs=1e-6)
        )


def test_no_point_is_proven():
    model = pyo.ConcreteModel()
    model.f = pyo.Block()
    model.f.y = pyo.Var(bounds=(-1, 1), initialize=0.25)
    model.cost = pyo.Objective(expr=model.f.y)
    model.limit = pyo.Constraint(expr=model.f.y <= 0)
    model.f.cost = pyo.Objective(expr=-model.f.y)
    result = LeaderFollower(model, followers=[model.f]).solve("scip")
    assert str(result.status) == "infeasible"
    assert not result.ok
    assert result.leader_objective is None
    assert model.f.y.value == 0.25
    with pytest.raises(SolverError, match="no solution"):
        result.require()


def test_integers_at_both_levels_against_enumeration():
    """Moore and Bard (1990): the relaxation's optimum is no bound on the integer one."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 8), domain=pyo.Integers)
    model.f = pyo.Block()
    model.f.y = pyo.Var(bounds=(0, 8), domain=pyo.Integers)
    x, y = model.x, model.f.y
    model.cost = pyo.Objective(expr=-x - 10 * y)
    model.f.cost = pyo.Objective(expr=y)
    rows = [(-25, 20, 30), (1, 2, 10), (2, -1, 15), (-2, -10, -15)]
    model.f.row = pyo.ConstraintList()
    for a, b, most in rows:
        model.f.row.add(a * x + b * y <= most)
    found = {}
    for i, j in itertools.product(range(9), repeat=2):
        if all(a * i + b * j <= most for a, b, most in rows):
            found[i] = min(j, found.get(i, j))
    best = min(-i - 10 * j for i, j in found.items())
    result = LeaderFollower(model, followers=[model.f]).solve("scip", time_limit=30)
    assert str(result.status) == "globally-optimal"
    assert result.leader_objective == pytest.approx(best) == pytest.approx(-22)
    assert (x(), y()) == (2, 2)


def test_unbounded_variables_of_a_convex_game():
    """The follower takes y = x + 1, so that the leader minimises x**2 + (x - 1)**2."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var()
    model.f = pyo.Block()
    model.f.y = pyo.Var()
    model.cost = pyo.Objective(expr=model.x**2 + (model.f.y - 2) ** 2)
    model.f.cost = pyo.Objective(expr=(model.f.y - model.x - 1) ** 2)
    result = LeaderFollower(model, followers=[model.f]).solve("scip")
    assert str(result.status) == "globally-optimal"
    assert result.leader_objective == pytest.approx(0.5, abs=1e-4)


def test_a_follower_that_is_not_differentiable():
    """The follower takes y = x; only optimal-value cuts can tell."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(-1, 1))
    model.f = pyo.Block()
    model.f.y = pyo.Var(bounds=(-1, 1))
    model.cost = pyo.Objective(expr=(model.x - 0.5) ** 2 + model.f.y)
    model.f.cost = pyo.Objective(expr=abs(model.f.y - 0.25))
    result = LeaderFollower(model, followers=[model.f]).solve("scip")
    assert result.proof.first_order == (False,)
    assert str(result.status) == "globally-optimal"
    assert result.leader_objective == pytest.approx(0.25, abs=1e-3)


def test_bounds_hold_when_time_is_up():
    """Mitsos and Barton's example 3.12, optimum 0, with hardly any time."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(-1, 1))
    model.f = pyo.Block()
    model.f.y = pyo.Var(bounds=(-1, 1))
    x, y = model.x, model.f.y
    model.cost = pyo.Objective(expr=-x + x * y + 10 * y**2)
    model.f.cost = pyo.Objective(expr=-x * y**2 + y**4 / 2)
    result = LeaderFollower(model, followers=[model.f]).solve("scip", time_limit=0.3, gap=1e-9)
    assert str(result.status) in ("feasible", "unknown")
    assert str(result.termination.value) == "time-limit"
    assert result.leader_bound is None or result.leader_bound <= 1e-6


def test_maingo_agrees(supplier):
    pytest.importorskip("maingopy")
    result = LeaderFollower(supplier, followers=[supplier.retailer]).solve("maingo")
    assert result.leader_objective == pytest.approx(12.5, abs=1e-3)
    assert result.proof.solver.name == "maingo"


def test_gurobi_by_its_back_end(supplier):
    pytest.importorskip("gurobipy")
    result = LeaderFollower(supplier, followers=[supplier.retailer]).solve("gurobi")
    assert str(result.status) == "globally-optimal"
    assert result.leader_objective == pytest.approx(12.5, abs=1e-3)
    assert result.leader_bound >= 12.5 - 1e-6


def test_maingo_names_the_variable_that_has_no_bound(supplier):
    pytest.importorskip("maingopy")
    supplier.price.setub(None)
    with pytest.raises(SolverError, match=r"price.*upper bound"):
        LeaderFollower(supplier, followers=[supplier.retailer]).solve("maingo")


def test_without_a_global_solver(supplier, monkeypatch):
    monkeypatch.setattr(solvers, "PACKAGES", {"scip": "no-such-package"})
    with pytest.raises(SolverError, match="pip install"):
        LeaderFollower(supplier, followers=[supplier.retailer]).solve(certify=True)


@pytest.mark.parametrize(
    "option", [{"gap": 0}, {"time_limit": -1}, {"follower_tolerance": 0}, {"starts": 0}]
)
def test_options_are_checked(supplier, option):
    with pytest.raises(solvers.SolverError.__mro__[1], match=next(iter(option))):
        LeaderFollower(supplier, followers=[supplier.retailer]).solve("scip", **option)
