from __future__ import annotations

import pyomo.environ as pyo
import pytest
from pyomo.core.expr.calculus.derivatives import Modes, differentiate

from opt_games.errors import SolverError
from opt_games.solvers.casadi_model import CasadiModel

from . import problems
from .problems import PROBLEMS


def smooth():
    m = problems.maximum()
    m.p = pyo.Param(initialize=0.7, mutable=True)
    m.z = pyo.Var(initialize=0.4)
    m.curve = pyo.Constraint(expr=pyo.exp(m.p * m.x) * m.z + m.y**m.p <= 9)
    return m


@pytest.mark.parametrize("build", [problems.hs071, smooth])
def test_first_derivatives_are_pyomos(build):
    model = build()
    compiled = CasadiModel.from_pyomo(model)
    read = compiled.read()
    gradient = compiled.gradient(read.start, read.parameters).full().ravel()
    jacobian = compiled.jacobian(read.start, read.parameters).full()
    view = compiled.view
    for column, var in enumerate(view.variables):
        slope = differentiate(view.objective.expr, wrt=var, mode=Modes.reverse_numeric)
        assert gradient[column] == pytest.approx(view.sign * slope)
        for row, constraint in enumerate(view.constraints):
            slope = differentiate(constraint.body, wrt=var, mode=Modes.reverse_numeric)
            assert jacobian[row, column] == pytest.approx(slope)


@pytest.mark.parametrize("build", [problems.hs071, smooth])
def test_second_derivatives_are_pyomos(build):
    model = build()
    compiled = CasadiModel.from_pyomo(model)
    read, view = compiled.read(), compiled.view
    weights = [0.5 + k for k in range(len(view.constraints))]
    hessian = compiled.hessian(read.start, read.parameters, weights, 2.0).full()
    lagrangian = 2.0 * view.sign * view.objective.expr + sum(
        weight * each.body for weight, each in zip(weights, view.constraints, strict=True)
    )
    for row, a in enumerate(view.variables):
        slope = differentiate(lagrangian, wrt=a, mode=Modes.reverse_symbolic)
        for column, b in enumerate(view.variables):
            second = differentiate(slope, wrt=b, mode=Modes.reverse_symbolic)
            expected = pyo.value(second) if column <= row else 0.0
            assert hessian[row, column] == pytest.approx(expected)


@pytest.mark.parametrize("name", PROBLEMS)
def test_compiled_values_are_pyomos(name):
    model = PROBLEMS[name].build()
    compiled = CasadiModel.from_pyomo(model)
    read, view = compiled.read(), compiled.view
    point = [at + 0.3 for at in read.start]
    judgement = view.judge(point)
    found = compiled.values(point, read.parameters).full().ravel()
    if name == "undefined start":
        assert found[0] != found[0]
        return
    assert view.sign * found[0] == pytest.approx(judgement.objective)
    assert list(found[1:]) == pytest.approx(judgement.bodies)


def test_columns_tell_which_variables_a_constraint_has():
    compiled = CasadiModel.from_pyomo(smooth())
    assert compiled.columns == (frozenset({0, 1}), frozenset({0, 1, 2}))


def test_start_of_variables_without_a_value():
    m = pyo.ConcreteModel()
    m.a, m.b = pyo.Var(), pyo.Var(bounds=(2, None))
    m.c, m.d = pyo.Var(bounds=(2, 6)), pyo.Var(bounds=(None, -1), initialize=-9)
    m.cost = pyo.Objective(expr=m.a + m.b + m.c + m.d)
    assert CasadiModel.from_pyomo(m).read().start == [0.0, 2.0, 4.0, -9.0]


def test_inactive_parts_are_left_out():
    m = problems.hs071()
    m.more = pyo.Var()
    m.b = pyo.Block()
    m.b.c = pyo.Constraint(expr=m.more >= 1)
    m.b.deactivate()
    m.sphere.deactivate()
    view = CasadiModel.from_pyomo(m).view
    assert [each.name for each in view.constraints] == ["product"]
    assert [each.name for each in view.variables] == ["x[1]", "x[2]", "x[3]", "x[4]"]


def test_a_bound_that_is_a_variable_is_refused_with_the_name():
    m = problems.equality()
    m.between = pyo.Constraint(expr=pyo.inequality(m.x, m.y, 3))
    with pytest.raises(SolverError, match="between"):
        CasadiModel.from_pyomo(m)
