"""Symbolic derivatives on the smooth piece that holds at a point."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from opt_games.expression import FUNCTIONS, Expression
from opt_games.formulations.derivative import derivatives, smooth_piece


def model_at(x: float, y: float) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(initialize=x), pyo.Var(initialize=y)
    return model


TEXTS = [
    *(f"{name}(0.3 * x + 0.2 * y)" for name in FUNCTIONS if name not in ("min", "max")),
    "min(x, y)",
    "max(x, y)",
    "min(x, 2 * y, 1)",
    "abs(x - y) * x",
    "max(0, x - 1)**2",
    "tanh(x * y) + sinh(x)**2 - cosh(y)",
    "x**y / (1 + exp(-x))",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("point", [(0.4, 0.9), (1.7, 0.6)])
def test_against_differences(text, point):
    model = model_at(*point)
    expression = Expression.parse(text).build({"x": model.x, "y": model.y})
    found = derivatives(expression, [model.x, model.y])
    for variable, slope in zip((model.x, model.y), found, strict=True):
        at, step = variable.value, 1e-6
        values = []
        for sign in (1, -1):
            variable.value = at + sign * step
            values.append(pyo.value(expression))
        variable.value = at
        exact = (values[0] - values[1]) / (2 * step)
        assert pyo.value(slope) == pytest.approx(exact, rel=1e-7, abs=1e-8)


def test_a_piece_equals_its_expression_around_the_point():
    model = model_at(-0.7, 2.0)
    expression = abs(model.x) * model.y
    piece = smooth_piece(expression)
    model.x.value = -0.2
    assert pyo.value(piece) == pytest.approx(pyo.value(expression))
    model.x.value = 0.2  # beyond the corner the piece goes on
    assert pyo.value(piece) == pytest.approx(-0.4)


def test_what_does_not_vary_has_no_slope():
    model = model_at(1.0, 2.0)
    assert derivatives(3.0, [model.x, model.y]) == [0.0, 0.0]
    only_x, none = derivatives(model.x**2, [model.x, model.y])
    assert pyo.value(only_x) == 2.0
    assert pyo.value(none) == 0.0


def test_mutable_parameters_stay_in_the_derivative():
    model = model_at(2.0, 0.0)
    model.c = pyo.Param(initialize=3.0, mutable=True)
    (slope,) = derivatives(model.c * model.x**2, [model.x])
    assert pyo.value(slope) == 12.0
    model.c.value = 5.0
    assert pyo.value(slope) == 20.0
