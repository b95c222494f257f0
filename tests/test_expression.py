from __future__ import annotations

import functools
import math
import operator
import pickle

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opt_games.errors import SpecError
from opt_games.expression import FUNCTIONS, Expression

VALUES = {"alpha1": 1.7, "c0": 0.3, "rho": -2.5}


def _finite(function, *args):
    """Python's own value, or None where there is no finite real one."""
    if any(arg is None for arg in args):
        return None
    try:
        value = function(*args)
    except (ArithmeticError, ValueError):
        return None
    return value if not isinstance(value, complex) and math.isfinite(value) else None


_BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
_UNARY = {name: getattr(math, name) for name in FUNCTIONS if hasattr(math, name)} | {"abs": abs}
_SEVERAL = {"min": min, "max": max}

_leaves = st.one_of(
    st.floats(0, 100, allow_nan=False).map(lambda x: (repr(x), x)),
    st.integers(0, 50).map(lambda n: (str(n), float(n))),
    st.sampled_from(sorted(VALUES.items())),
)


def _grow(children):
    def binary(symbol, left, right):
        return f"({left[0]}) {symbol} ({right[0]})", _finite(_BINARY[symbol], left[1], right[1])

    def negative(child):
        return f"-({child[0]})", _finite(operator.neg, child[1])

    def unary(name, child):
        return f"{name}({child[0]})", _finite(_UNARY[name], child[1])

    def several(name, parts):
        text = ", ".join(part[0] for part in parts)
        return f"{name}({text})", _finite(_SEVERAL[name], *(part[1] for part in parts))

    return st.one_of(
        st.builds(binary, st.sampled_from(sorted(_BINARY)), children, children),
        st.builds(negative, children),
        st.builds(unary, st.sampled_from(sorted(_UNARY)), children),
        st.builds(
            several, st.sampled_from(sorted(_SEVERAL)), st.lists(children, min_size=2, max_size=3)
        ),
    )


trees = st.recursive(_leaves, _grow, max_leaves=12)


@given(trees)
def test_value_is_that_of_python_or_an_error(tree):
    text, expected = tree
    if expected is None:
        with pytest.raises(SpecError):
            Expression.parse(text).evaluate(VALUES)
    else:
        assert Expression.parse(text).evaluate(VALUES) == expected


@given(trees)
def test_built_pyomo_expression_has_the_same_value(tree):
    text, expected = tree
    assume(expected is not None)
    model = pyo.ConcreteModel()
    model.alpha1 = pyo.Var(initialize=VALUES["alpha1"])
    model.c0 = pyo.Param(initialize=VALUES["c0"], mutable=True)
    namespace = {"alpha1": model.alpha1, "c0": model.c0, "rho": VALUES["rho"]}
    built = Expression.parse(text).build(namespace)
    assert pyo.value(built) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("c0 * alpha0**2", {"c0", "alpha0"}),
        ("min(a, b, 3) + max(a, 1)", {"a", "b"}),
        ("exp(x) / sqrt(x)", {"x"}),
        ("1 + 2 * 3", set()),
        ("0 * x", {"x"}),
        ("  spaced  ", {"spaced"}),
        ("first\n+ second", {"first", "second"}),
    ],
)
def test_names(text, names):
    assert Expression.parse(text).names == names


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2**3**2", 512.0),
        ("-2**2", -4.0),
        ("(-2)**2", 4.0),
        ("2 - 3 - 4", -5.0),
        ("12 / 3 / 2", 2.0),
        ("2**-1", 0.5),
        ("- -1", 1.0),
        ("+.5e1", 5.0),
        ("1_000", 1000.0),
        ("log10(100)", 2.0),
        ("min(3, 1, 2)", 1.0),
        ("max(3, 1, 2)", 3.0),
        ("abs(-3)", 3.0),
    ],
)
def test_precedence_and_functions(text, value):
    assert Expression.parse(text).evaluate({}) == value


@pytest.mark.parametrize("value", [2, 2.0, np.float64(2), np.int64(2), np.float32(2)])
def test_numbers(value):
    expression = Expression.of(value)
    assert expression == Expression.parse(value) == Expression.of(2.0)
    assert expression.names == frozenset()
    assert expression.evaluate({}) == 2.0
    assert type(expression.build({})) is float


@pytest.mark.parametrize(
    "value", [True, False, None, [1], {"a": 1}, 1j, math.nan, math.inf, -math.inf, 10**400, b"a"]
)
def test_what_is_neither_formula_nor_number(value):
    with pytest.raises(SpecError, match="expected a"):
        Expression.of(value)


def test_equal_by_text_and_hashable():
    assert Expression.parse("a + b") == Expression.parse(" a + b ")
    assert Expression.parse("a + b") != Expression.parse("b + a")
    assert Expression.parse("a") != "a"
    assert len({Expression.parse("a"), Expression.parse("a"), Expression.parse("b")}) == 2
    assert str(Expression.parse("a + b")) == "a + b"


def test_pickle_keeps_value_and_hash():
    expression = Expression.parse("c0 * exp(x)")
    copy = pickle.loads(pickle.dumps(expression))
    assert copy == expression
    assert hash(copy) == hash(expression)
    assert copy.evaluate({"c0": 2.0, "x": 0.0}) == 2.0


def test_frozen():
    with pytest.raises(AttributeError):
        Expression.parse("a").text = "b"  # type: ignore[misc]


def test_min_and_max_become_pyomo_nodes():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=3.0)
    smallest = Expression.parse("min(x, 5, c)").build({"x": model.x, "c": 4.0})
    assert type(smallest).__name__ == "MinExpression"
    assert pyo.value(smallest) == 3.0
    assert Expression.parse("max(2, c)").build({"c": 4.0}) == 4.0


def test_mutable_parameters_stay_in_the_expression():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=3.0)
    model.c = pyo.Param(initialize=2.0, mutable=True)
    built = Expression.parse("c * x").build({"x": model.x, "c": model.c})
    model.c.set_value(5.0)
    assert pyo.value(built) == 15.0


def test_numpy_numbers_in_the_namespace_become_floats():
    assert type(Expression.parse("a * 2").build({"a": np.float64(1.5)})) is float
    with pytest.raises(SpecError, match="divides by zero"):
        Expression.parse("1 / a").evaluate({"a": np.float64(0.0)})


@pytest.mark.parametrize("method", ["build", "evaluate"])
def test_a_missing_value_is_named(method):
    with pytest.raises(SpecError, match=r'no value for "rho".*did you mean "rhoo"'):
        getattr(Expression.parse("rho * 2"), method)({"rhoo": 1.0})


@pytest.mark.parametrize(
    ("text", "values", "advice"),
    [
        ("1 / c", {"c": 0.0}, "divides by zero"),
        ("log(c)", {"c": -1.0}, r"log\(c\).*not a real number"),
        ("c**0.5", {"c": -1.0}, "not a real number"),
        ("exp(c)", {"c": 1e4}, "too large"),
        ("c + 1", {"c": math.nan}, "not a real number"),
        ("c", {"c": math.inf}, "not a finite number"),
        ("min(c, 1)", {"c": math.nan}, "not a real number"),
    ],
)
def test_values_without_a_finite_result(text, values, advice):
    with pytest.raises(SpecError, match=advice):
        Expression.parse(text).evaluate(values)


def test_build_refuses_what_no_value_of_a_variable_can_mend():
    model = pyo.ConcreteModel()
    model.x = pyo.Var()
    with pytest.raises(SpecError, match=r"x / 0\.0 divides by zero"):
        Expression.parse("x / c").build({"x": model.x, "c": 0.0})


@pytest.mark.parametrize(
    "text",
    [
        *(f"x {symbol} y" for symbol in _BINARY),
        *(f"{name}(x)" for name in _UNARY),
        "-x + y",
        "max(x, y, 1)",
        "min(x, 3 * y)",
        "min(1, exp(x) / y)",  # a step that is not finite counts, though the value would be
        "exp(-1 / x)",
        "y",
        "2",
    ],
)
def test_columns_have_the_value_of_every_row(text):
    grid = [-1e200, -800.0, -2.5, -1.0, -0.5, -0.0, 0.0, 1e-300, 0.5, 1.0, 3.0, 800.0, 1e200]
    x, y = (part.ravel() for part in np.meshgrid(grid, grid))
    expression = Expression.parse(text)
    found = np.broadcast_to(expression.evaluate_columns({"x": x, "y": y}), x.shape)
    for row, value in enumerate(found):
        cells = {"x": float(x[row]), "y": float(y[row])}
        if math.isnan(value):
            with pytest.raises(SpecError):
                expression.evaluate(cells)
        else:
            assert value == pytest.approx(expression.evaluate(cells), rel=1e-13, abs=0.0)


def test_columns_beside_numbers_and_functions_of_columns():
    columns = {"alpha1": np.array([1.0, 2.0]), "rho": 3.0}
    assert Expression.parse("rho * alpha1").evaluate_columns(columns).tolist() == [3.0, 6.0]
    assert Expression.of(_revenue).evaluate_columns(columns).tolist() == [3.0, 3 * math.sqrt(2.0)]
    root = Expression.of(lambda rho, alpha1: math.sqrt(rho * alpha1 - 4))
    assert np.isnan(root.evaluate_columns(columns)).tolist() == [True, False]
    with pytest.raises(SpecError, match='no value for "rho"'):
        Expression.parse("rho").evaluate_columns({"rhu": 1.0})


def _revenue(alpha1, rho):
    return rho * pyo.sqrt(alpha1)


class _Cost:
    def __call__(self, *, alpha0):
        return alpha0**2


def test_function_with_numbers_and_pyomo_objects():
    expression = Expression.of(_revenue)
    assert expression.text == "_revenue"
    assert expression.names == {"alpha1", "rho"}
    assert expression.evaluate({"alpha1": 4.0, "rho": 3.0, "other": 0.0}) == 6.0
    model = pyo.ConcreteModel()
    model.alpha1 = pyo.Var(initialize=4.0)
    built = expression.build({"alpha1": model.alpha1, "rho": 3.0})
    assert pyo.value(built) == 6.0


def test_functions_are_equal_if_they_are_the_same():
    assert Expression.of(_revenue) == Expression.of(_revenue)
    assert hash(Expression.of(_revenue)) == hash(Expression.of(_revenue))
    assert Expression.of(lambda a: a) != Expression.of(lambda a: a)
    assert Expression.of(_revenue) != Expression.parse("_revenue")
    assert pickle.loads(pickle.dumps(Expression.of(_revenue))) == Expression.of(_revenue)


def test_other_callables():
    assert Expression.of(_Cost()).evaluate({"alpha0": 3.0}) == 9.0
    bound = functools.partial(_revenue, rho=2.0)
    assert Expression.of(bound).names == {"alpha1"}
    assert Expression.of(bound).evaluate({"alpha1": 4.0, "rho": 100.0}) == 4.0
    assert Expression.of(Expression.of(_revenue)) == Expression.of(_revenue)


@pytest.mark.parametrize(
    ("function", "advice"),
    [
        (lambda: 1.0, "write a number instead"),
        (lambda *args: 1.0, "by keyword"),
        (lambda **kwargs: 1.0, "by keyword"),
        (lambda a, /: a, "by keyword"),
        (lambda a, b=1: a, r'default for "b".*functools\.partial'),
        (math.exp, "by keyword"),
        (min, "wrap it"),
    ],
)
def test_functions_that_are_no_formulas(function, advice):
    with pytest.raises(SpecError, match=advice):
        Expression.of(function)


@pytest.mark.parametrize(
    ("function", "advice"),
    [
        (lambda a: math.log(a - 5), "in the function .*lambda"),
        (lambda a: 1 / (a - 1), "division by zero"),
        (lambda a: None, "returned NoneType"),
        (lambda a: "text", "returned str"),
        (lambda a: (a - 2) ** 0.5, "returned complex"),
        (lambda a: math.nan * a, "not a finite number"),
    ],
)
def test_functions_without_a_finite_real_value(function, advice):
    with pytest.raises(SpecError, match=advice):
        Expression.of(function).evaluate({"a": 1.0})


def test_programming_errors_in_functions_come_through():
    with pytest.raises(KeyError):
        Expression.of(lambda a: {}["missing"]).evaluate({"a": 1.0})
