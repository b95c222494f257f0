from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest

from opt_games.errors import SolverError
from opt_games.solvers.operator_rules import PLACEHOLDER, Language, from_basic, operator_rules
from opt_games.solvers.walker import translator
from opt_games.testing.expressions import FUNCTIONS


class Number:
    """Like a vendor's expression: it is no float, and knows only arithmetic."""

    def __init__(self, value):
        self.value = value

    def _both(self, other, work):
        return Number(work(self.value, other.value if isinstance(other, Number) else other))

    def __add__(self, other):
        return self._both(other, lambda a, b: a + b)

    def __mul__(self, other):
        return self._both(other, lambda a, b: a * b)

    def __truediv__(self, other):
        return self._both(other, lambda a, b: a / b)

    def __rtruediv__(self, other):
        return self._both(other, lambda a, b: b / a)

    def __sub__(self, other):
        return self._both(other, lambda a, b: a - b)

    def __rsub__(self, other):
        return self._both(other, lambda a, b: b - a)

    def __neg__(self):
        return Number(-self.value)

    def __pow__(self, power):
        return Number(self.value**power)

    __radd__, __rmul__ = __add__, __mul__


def lifted(function):
    return lambda number: Number(function(number.value))


def choice(pick):
    def of_two(one, other):
        return Number(
            pick(each.value if isinstance(each, Number) else each for each in (one, other))
        )

    return of_two


LANGUAGE = Language(
    "mine",
    from_basic(lifted(math.exp), lifted(math.log), lifted(math.sqrt))
    | {name: lifted(getattr(math, name)) for name in ("sin", "cos", "tan", "asin", "acos", "atan")}
    | {"abs": lifted(abs)},
    lambda base, power: base**power,
    minimum=choice(min),
    maximum=choice(max),
)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"Expr_if", "ceil", "floor"}))
def test_each_kind_of_expression_has_the_value_that_pyomo_gives(name):
    model = FUNCTIONS[name].build()
    translate = translator(lambda _: Number(model.x.value), operator_rules(LANGUAGE))
    assert translate(model.cost.expr).value == pytest.approx(pyo.value(model.cost), rel=1e-13)


def test_what_is_constant_stays_a_number():
    m = pyo.ConcreteModel()
    m.p = pyo.Param(initialize=2.0, mutable=True)
    translate = translator(lambda leaf: float(leaf.value), operator_rules(LANGUAGE))
    found = translate(pyo.exp(m.p) + abs(-m.p) ** 0.5 / 3)
    assert isinstance(found, float)
    assert found == pytest.approx(math.exp(2) + math.sqrt(2) / 3)


@pytest.mark.parametrize(
    "build",
    [
        lambda p, x: pyo.log(p) * x,
        lambda p, x: x / (p + 1),
        lambda p, x: p**0.5 + x,
        lambda p, x: (p + 1) ** -1 + x,
    ],
)
def test_undefined_constants_are_arithmetic_errors(build):
    m = pyo.ConcreteModel()
    m.p = pyo.Param(initialize=-1.0, mutable=True)
    m.x = pyo.Var()
    translate = translator(
        lambda leaf: -1.0 if leaf is m.p else Number(1.0), operator_rules(LANGUAGE)
    )
    with pytest.raises(ArithmeticError):
        translate(build(m.p, m.x))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda x: pyo.ceil(x), "mine cannot take the function ceil"),
        (lambda x: (x - 5) ** x, "bound x - 5 from below"),
        (lambda x: (-2.0) ** x, "positive base only"),
    ],
)
def test_what_is_refused_is_refused_with_placeholders_too(build, words):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, 2))
    for language, symbol in ((LANGUAGE, Number(1.5)), (LANGUAGE.without_vendor(), PLACEHOLDER)):
        translate = translator(lambda _, symbol=symbol: symbol, operator_rules(language))
        with pytest.raises(SolverError, match=words):
            translate(build(m.x))


def test_placeholders_refuse_nothing_else():
    rules = operator_rules(LANGUAGE.without_vendor())
    for name in set(FUNCTIONS) - {"Expr_if", "ceil", "floor"}:
        model = FUNCTIONS[name].build()
        assert translator(lambda _: PLACEHOLDER, rules)(model.cost.expr) is PLACEHOLDER
