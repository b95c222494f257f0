from __future__ import annotations

import pickle

import pyomo.environ as pyo
import pytest

from opt_games.errors import SolverError
from opt_games.solvers import get_solver
from opt_games.solvers.flat import flat_copy
from opt_games.solvers.model_view import ModelView
from opt_games.testing.problems import PROBLEMS


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_copy_solves_to_the_same_also_after_a_journey(name):
    problem = PROBLEMS[name]
    model = problem.build()
    copy = pickle.loads(pickle.dumps(flat_copy(ModelView(model))))
    solver = get_solver("ipopt")
    found = solver.compile(copy).solve().require()
    assert found.objective == pytest.approx(problem.objective, abs=1e-6)
    assert found.values == solver.compile(model).solve().values


def test_params_are_numbers_and_blocks_are_gone():
    m = pyo.ConcreteModel()
    m.b = pyo.Block()
    m.b.p = pyo.Param(initialize=2.0, mutable=True)
    m.b.x = pyo.Var([1], bounds=(0, m.b.p))
    m.b.cost = pyo.Objective(rule=lambda b: (b.x[1] - b.p) ** 2)
    m.b.off = pyo.Constraint(rule=lambda b: b.x[1] >= 9)
    m.b.off.deactivate()
    copy = flat_copy(ModelView(m))
    assert [each.ctype for each in copy.component_objects()] == [pyo.Var, pyo.Objective]
    m.b.p = 1.0
    assert pyo.value(next(copy.component_data_objects(pyo.Var)).ub) == 2.0


def test_strangers_of_the_same_name():
    other = pyo.ConcreteModel()
    other.x = pyo.Var(initialize=2.0)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=1.0)
    m.cost = pyo.Objective(expr=m.x**2 + (other.x - 3) ** 2)
    values = get_solver("ipopt").compile(flat_copy(ModelView(m))).solve().require().values
    assert values == pytest.approx((0.0, 3.0))


def test_a_param_without_a_value_is_named():
    m = pyo.ConcreteModel()
    m.p = pyo.Param(mutable=True, within=pyo.Any)
    m.x = pyo.Var()
    m.cost = pyo.Objective(expr=m.p * m.x)
    with pytest.raises(SolverError, match="the Param p has no value"):
        flat_copy(ModelView(m))
