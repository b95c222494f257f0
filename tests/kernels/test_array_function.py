"""Formulas on arrays: the values that Pyomo gives, exact derivatives, quiet outside the domain."""

from __future__ import annotations

import warnings

import casadi
import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opt_games.expression import FUNCTIONS, Expression
from opt_games.kernels.array_function import ArrayFunction, Symbols

POINTS = np.array([0.15, 0.4, 0.85, 1.3, 2.6])
OTHER = np.array([0.3, 1.1, 0.7])[:, None]


def compiled(text: str, *, derivative: bool = False) -> ArrayFunction:
    symbols = Symbols.named(["x", "y"])
    inputs = list(symbols.casadi.values())
    value = symbols.of(Expression.parse(text))
    outputs = [value, casadi.gradient(value, inputs[0])] if derivative else [value]
    return ArrayFunction.compile(inputs, outputs)


def by_pyomo(text: str, x: float, y: float) -> float:
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(initialize=x), pyo.Var(initialize=y)
    return pyo.value(Expression.parse(text).build({"x": model.x, "y": model.y}))


def agrees(text: str) -> None:
    values, slopes = compiled(text, derivative=True)(POINTS, OTHER)
    values, slopes = (np.broadcast_to(each, (3, 5)) for each in (values, slopes))
    step = 1e-6
    up, down = (compiled(text)(POINTS + sign * step, OTHER)[0] for sign in (1, -1))
    differences = np.broadcast_to((up - down) / (2 * step), (3, 5))
    for i, y in enumerate(OTHER.ravel()):
        for j, x in enumerate(POINTS):
            exact = by_pyomo(text, x, y)
            assert values[i, j] == pytest.approx(exact, rel=1e-12, abs=1e-14), (text, x, y)
    size = np.abs(values).max() + np.abs(slopes).max()
    assert slopes == pytest.approx(differences, rel=1e-5, abs=1e-7 * size), text


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_that_a_formula_may_call(name):
    text = f"{name}(x, 0.5 * y, 0.9)" if name in ("min", "max") else f"{name}(0.3 * x + 0.1 * y)"
    agrees(text)


@pytest.mark.parametrize(
    "text", ["x + y", "x - y", "-x", "x * y", "x / y", "x**y", "x**2", "x**-1.5", "2**x", "+x"]
)
def test_every_operator(text):
    agrees(text)


numbers = st.floats(0.2, 2.0).map(lambda x: f"{x:.3f}")
smooth = [name for name in FUNCTIONS if name not in ("abs", "min", "max", "tan")]


def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from("+*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda t: f"(1 / (1 + ({t})**2))"),
        st.tuples(st.sampled_from(smooth), inner).map(
            lambda t: f"{t[0]}(0.1 + 1 / (2 + ({t[1]})**2))"
        ),
    )


@settings(max_examples=40)
@given(st.recursive(st.sampled_from(["x", "y"]) | numbers, deeper, max_leaves=6))
def test_random_formulas(text):
    agrees(text)


def test_arrays_broadcast_against_each_other():
    (value,) = compiled("x * y")(np.ones((2, 1, 4)), np.full((3, 1), 2.0))
    assert value.shape == (2, 3, 4)
    assert (value == 2.0).all()
    (constant,) = compiled("3")(np.ones(4), np.ones(4))
    assert constant == 3.0


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [
        ("log(x)", -np.inf, np.inf),
        ("1 / x", np.inf, -np.inf),
        ("sqrt(x)", 0.0, np.inf),
        ("x**0.5", 0.0, np.inf),
        ("x**1.5", 0.0, 0.0),
        ("sqrt(x - 1)", np.nan, np.nan),
        ("log(x - 1)", np.nan, -1.0),
        ("(x - 1)**0.5", np.nan, np.nan),
        ("exp(1e4 * (x + 1))", np.inf, np.inf),
        ("0 * (1 / x)", np.nan, np.nan),
    ],
)
def test_outside_the_domain_it_is_nan_or_inf_without_a_warning(text, value, slope):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compiled(text, derivative=True)(np.array([0.0]), np.array([1.0]))
    if text.startswith("0 *"):  # it may fold to 0
        assert np.isnan(found[0]).all() or (np.asarray(found[0]) == 0.0).all()
        return
    assert found[0] == pytest.approx(value, nan_ok=True)
    assert found[1] == pytest.approx(slope, nan_ok=True)


def test_two_calls_do_not_disturb_each_other():
    function = compiled("exp(x) + y", derivative=True)
    first, _ = function(POINTS, np.array(0.0))
    kept = first.copy()
    function(POINTS + 1.0, np.array(5.0))
    assert (first == kept).all()
    given_points = POINTS.copy()
    compiled("x")(given_points, np.array(0.0))
    assert (given_points == POINTS).all()
