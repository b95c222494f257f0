from __future__ import annotations

import math

import casadi
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.core.expr import Expr_if, inequality
from pyomo.core.expr.numeric_expr import MaxExpression, MinExpression

from opt_games.errors import SolverError
from opt_games.solvers.casadi_model import CasadiModel
from opt_games.solvers.casadi_walker import to_casadi, translator

UNARY = [
    lambda a: -a,
    abs,
    lambda a: pyo.exp(-abs(a)),
    lambda a: pyo.log(1 + a**2),
    lambda a: pyo.log10(0.1 + abs(a)),
    lambda a: pyo.sqrt(a**2 + 0.5),
    pyo.sin,
    pyo.cos,
    lambda a: pyo.tan(pyo.sin(a)),
    lambda a: pyo.sinh(pyo.cos(a)),
    lambda a: pyo.cosh(pyo.tanh(a)),
    pyo.tanh,
    lambda a: pyo.asin(pyo.sin(a) * 0.9),
    lambda a: pyo.acos(pyo.tanh(a) * 0.9),
    pyo.atan,
    pyo.asinh,
    lambda a: pyo.acosh(1.5 + abs(a)),
    lambda a: pyo.atanh(pyo.sin(a) * 0.5),
    lambda a: pyo.sin(a) ** 3,
    lambda a: (1 + abs(a)) ** -1.5,
]
BINARY = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: pyo.sin(a) * b,
    lambda a, b: a / (1 + b**2),
    lambda a, b: (1 + abs(pyo.sin(a))) ** pyo.tanh(b),
    lambda a, b: MinExpression((a, b)),
    lambda a, b: MaxExpression((a, b, 0.25)),
    # Continuous where they switch, so that rounding cannot decide a test.
    lambda a, b: Expr_if(a >= b, a, 2 * b - a),
    lambda a, b: Expr_if(inequality(-1, a, 1), (a**2 - 1) * pyo.sin(b), 0),
    lambda a, b: Expr_if(a < 0.5, (a - 0.5) * pyo.exp(-abs(b)), a - 0.5),
]
LEAVES = ["x", "y", "z", "p", "q", "shared", 0.0, 1.0, -2.5, 0.75, 3]


@st.composite
def trees(draw, depth=4):
    """A function from a model to an expression: a tree that the model's leaves fill."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        leaf = draw(st.sampled_from(LEAVES))
        return lambda m: getattr(m, leaf) if isinstance(leaf, str) else leaf
    below = trees(depth=depth - 1)
    if draw(st.booleans()):
        f, a = draw(st.sampled_from(UNARY)), draw(below)
        return lambda m: f(a(m))
    f, a, b = draw(st.sampled_from(BINARY)), draw(below), draw(below)
    return lambda m: f(a(m), b(m))


def small():
    m = pyo.ConcreteModel()
    m.x, m.y, m.z = pyo.Var(), pyo.Var(), pyo.Var()
    m.z.fix(0.5)
    m.p = pyo.Param(initialize=1.0, mutable=True)
    m.q = pyo.Param(initialize=0.5, mutable=True)
    m.shared = pyo.Expression(expr=m.x * m.p + pyo.sin(m.y))
    return m


numbers = st.floats(-3, 3).filter(lambda a: a == 0 or abs(a) > 1e-3)


@given(tree=trees(), points=st.lists(st.tuples(*[numbers] * 5), min_size=1, max_size=4))
@settings(max_examples=300)
def test_random_trees_have_pyomos_value_wherever_data_move(tree, points):
    model = small()
    model.cost = pyo.Objective(expr=tree(model) + 0 * model.x)
    compiled = CasadiModel.from_pyomo(model)
    for point in points:
        leaves = (model.x, model.y, model.z, model.p, model.q)
        for leaf, number in zip(leaves, point, strict=True):
            leaf.set_value(number)
        expected = pyo.value(model.cost)
        read = compiled.read()
        found = float(compiled.values(read.start, read.parameters))
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def evaluate(expression, **values):
    symbols = {name: casadi.SX.sym(name) for name in values}
    body = to_casadi(expression, lambda leaf: symbols[leaf.name])
    function = casadi.Function("f", list(symbols.values()), [body])
    return float(function(*values.values()))


def test_constant_expressions_are_floats():
    assert to_casadi(3, None) == 3.0
    assert to_casadi(pyo.log(2.0), None) == math.log(2.0)
    model = small()
    body = to_casadi(Expr_if(model.p >= 0, model.p / 4, 1), lambda leaf: 2.0)
    assert body == 0.5


def test_immutable_parameters_are_numbers():
    m = pyo.ConcreteModel()
    m.a = pyo.Param(initialize=4.0)
    m.x = pyo.Var()
    assert evaluate(m.a * m.x + m.a, x=2.0) == 12.0


def test_symbol_is_asked_for_vars_fixed_or_not_and_mutable_params():
    m = small()
    seen = []

    def symbol(leaf):
        seen.append(leaf.name)
        return casadi.SX.sym(leaf.name)

    to_casadi(m.x * m.z + m.q, symbol)
    assert sorted(seen) == ["q", "x", "z"]


def test_mx_symbols_work_too():
    m = small()
    x = casadi.MX.sym("x")
    body = to_casadi(sum((m.x - i) ** 2 for i in range(50)), lambda leaf: x)
    assert float(casadi.Function("f", [x], [body])(2.0)) == sum((2 - i) ** 2 for i in range(50))


def test_deep_expressions():
    m = small()
    body = m.x
    for _ in range(20_000):
        body = 0.5 * body + m.y * m.y
    assert evaluate(body, x=1.0, y=1.0) == pytest.approx(2.0)


def test_wide_sums():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(20_000))
    m.c = pyo.Param(range(20_000), initialize=lambda _m, i: i, mutable=True)
    x = casadi.SX.sym("x")
    body = to_casadi(
        pyo.quicksum(m.c[i] * m.x[i] for i in m.x) + 1,
        lambda leaf: x if leaf.ctype is pyo.Var else leaf.value,
    )
    assert float(casadi.Function("f", [x], [body])(1.0)) == sum(range(20_000)) + 1


def test_nested_named_expressions_are_walked_once():
    m = small()
    m.e = pyo.Expression(range(60))
    m.e[0] = m.x
    for i in range(1, 60):
        m.e[i] = m.e[i - 1] + m.e[i - 1] * 1e-9
    calls = []

    def symbol(leaf):
        calls.append(leaf)
        return casadi.SX.sym("x")

    translate = translator(symbol)
    translate(m.e[59])
    translate(m.e[59] * 2)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("build", "holds"),
    [
        (lambda x: x < 1, [True, False, False]),
        (lambda x: x <= 1, [True, True, False]),
        (lambda x: x > 1, [False, False, True]),
        (lambda x: x >= 1, [False, True, True]),
        (lambda x: x == 1, [False, True, False]),
        (lambda x: inequality(1, x, 2), [False, True, True]),
        (lambda x: inequality(1, x, 2, strict=True), [False, False, False]),
        (lambda x: inequality(1, x, 3, strict=True), [False, False, True]),
    ],
)
def test_conditions_at_their_edge(build, holds):
    m = small()
    body = Expr_if(build(m.x), 10, 20)
    for x, expected in zip([0.0, 1.0, 2.0], holds, strict=True):
        assert evaluate(body, x=x) == (10.0 if expected else 20.0)
        assert to_casadi(body, lambda leaf, x=x: x) == (10.0 if expected else 20.0)


def test_derivatives_of_a_conditional_do_not_leak_from_the_other_branch():
    m = small()
    x = casadi.SX.sym("x")
    body = to_casadi(Expr_if(m.x > 0, pyo.sqrt(m.x), -m.x), lambda leaf: x)
    slope = casadi.Function("g", [x], [casadi.gradient(body, x)])
    assert float(slope(-1.0)) == -1.0
    assert float(slope(4.0)) == 0.25


def test_power_with_a_parameter_as_exponent_at_a_negative_base():
    m = small()
    x, p = casadi.SX.sym("x"), casadi.SX.sym("p")
    body = to_casadi(m.x**m.p, lambda leaf: x if leaf is m.x else p)
    slope = casadi.Function("g", [x, p], [casadi.gradient(body, x)])
    assert float(slope(-2.0, 3.0)) == pytest.approx(12.0)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda m: pyo.ceil(m.x), "ceil.*no derivative"),
        (lambda m: pyo.floor(m.x), "floor.*no derivative"),
        (lambda m: pyo.land(m.b, m.b), "And"),
    ],
)
def test_what_has_no_translation_is_named(build, words):
    m = small()
    m.b = pyo.BooleanVar()
    with pytest.raises(SolverError, match=words):
        to_casadi(build(m), lambda leaf: casadi.SX.sym("s"))


def test_external_functions_are_refused_by_kind():
    m = small()
    m.f = pyo.ExternalFunction(function=lambda a: a)
    with pytest.raises(SolverError, match="ExternalFunctionExpression"):
        to_casadi(m.f(m.x), lambda leaf: casadi.SX.sym("s"))


def test_things_that_are_no_expression_are_refused():
    with pytest.raises(SolverError, match="str"):
        to_casadi("x + 1", None)
