"""One compiled problem for many data."""

import numpy as np
import pyomo.environ as pyo
import pytest

from opt_games.solvers import SolverOptions
from opt_games.solvers.ipopt import Ipopt
from opt_games.solvers.many import ManyProblems

CLOSE = SolverOptions(close_start=True, iteration_limit=50)


def many(model: pyo.ConcreteModel) -> ManyProblems:
    return ManyProblems(Ipopt().compile(model, CLOSE))


def circle() -> pyo.ConcreteModel:
    """Closest point to (p, q) in the unit disc, above the axis."""
    model = pyo.ConcreteModel()
    model.p, model.q = (pyo.Param(mutable=True, initialize=0.5) for _ in range(2))
    model.x, model.y = pyo.Var(initialize=0.1), pyo.Var(bounds=(0, None), initialize=0.1)
    model.goal = pyo.Objective(expr=(model.x - model.p) ** 2 + (model.y - model.q) ** 2)
    model.disc = pyo.Constraint(expr=model.x**2 + model.y**2 <= 1)
    return model


def test_inner_points_edges_and_bounds():
    points = np.array([[0.3, 3.0, 0.5, 2.0], [0.4, 4.0, -2.0, -1.0]])
    found = many(circle()).solve(np.full((2, 4), 0.3), points)
    expected = np.array([[0.3, 0.6, 0.5, 1.0], [0.4, 0.8, 0.0, 0.0]])
    assert np.allclose(found.points, expected, atol=1e-12)
    assert found.error.max() <= 1e-9


def test_fixed_variables_and_limits_that_are_parameters():
    model = pyo.ConcreteModel()
    model.p = pyo.Param(mutable=True, initialize=1.0)
    model.x, model.z = pyo.Var(initialize=1.0), pyo.Var(initialize=2.0)
    model.z.fix(2.0)
    model.least = pyo.Constraint(expr=model.x >= 3 * model.p)
    model.fact = pyo.Constraint(expr=model.z == 2)
    model.goal = pyo.Objective(expr=model.x**2 + model.z)
    found = many(model).solve(np.full((2, 2), 5.0), np.array([[1.0, -1.0]]))
    assert np.allclose(found.points, [[3.0, 0.0], [2.0, 2.0]], atol=1e-9)


def test_what_has_no_solution_has_an_infinite_error():
    model = pyo.ConcreteModel()
    model.p = pyo.Param(mutable=True, initialize=1.0)
    model.x = pyo.Var(initialize=0.5, bounds=(0, 1))
    model.goal = pyo.Objective(expr=model.x)
    model.equation = pyo.Constraint(expr=model.x**2 == model.p)
    found = many(model).solve(np.full((1, 3), 0.6), np.array([[0.25, -1.0, 4.0]]))
    assert found.points[0, 0] == pytest.approx(0.5)
    assert found.error[0] <= 1e-9
    assert np.isinf(found.error[1:]).all()


def test_nothing_to_solve_for():
    model = pyo.ConcreteModel()
    model.p = pyo.Param(mutable=True, initialize=1.0)
    model.x = pyo.Var(initialize=2.0)
    model.x.fix()
    model.goal = pyo.Objective(expr=model.x * model.p)
    problem = many(model)
    assert not problem.free
    found = problem.solve(np.zeros((1, 2)), np.array([[1.0, 3.0]]))
    assert found.points.tolist() == [[2.0, 2.0]]
    assert found.error.tolist() == [0.0, 0.0]


def test_multipliers_are_fitted_to_their_equations():
    model = pyo.ConcreteModel()
    model.p = pyo.Param(mutable=True, initialize=1.0)
    model.x, model.m = pyo.Var(initialize=1.0), pyo.Var(initialize=0.0)
    model.one = pyo.Constraint(expr=model.x * model.m == model.p)
    model.other = pyo.Constraint(expr=model.x <= 10)
    model.goal = pyo.Objective(expr=model.x)
    problem = many(model)
    starts = np.array([[2.0, 4.0], [9.0, 9.0]])
    fitted = problem.fitted(starts, np.array([[1.0, 3.0]]), [1])
    assert np.allclose(fitted, [[2.0, 4.0], [0.5, 0.75]])
    assert np.array_equal(problem.fitted(starts, np.array([[1.0, 3.0]]), []), starts)
