"""One problem for each kind of expression: its least value over an interval, where it is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import MaxExpression, MinExpression


@dataclass(frozen=True)
class Expression:
    """A function of x between two bounds.

    Attributes
    ----------
    of : callable
        From the Var to the expression.
    least : float
        Its least value between the bounds.
    low, high : float
        The bounds.
    """

    of: Callable[[Any], Any]
    least: float
    low: float = 0.25
    high: float = 0.75

    def build(self) -> pyo.ConcreteModel:
        """Return the model, which starts in the middle."""
        m = pyo.ConcreteModel()
        m.x = pyo.Var(bounds=(self.low, self.high), initialize=0.4 * self.low + 0.6 * self.high)
        m.cost = pyo.Objective(expr=self.of(m.x))
        return m


FUNCTIONS: Mapping[str, Expression] = {
    "exp": Expression(pyo.exp, math.exp(0.25)),
    "log": Expression(pyo.log, math.log(0.25)),
    "log10": Expression(pyo.log10, math.log10(0.25)),
    "sqrt": Expression(pyo.sqrt, 0.5),
    "sin": Expression(pyo.sin, math.sin(0.25)),
    "cos": Expression(pyo.cos, math.cos(0.75)),
    "tan": Expression(pyo.tan, math.tan(0.25)),
    "asin": Expression(pyo.asin, math.asin(0.25)),
    "acos": Expression(pyo.acos, math.acos(0.75)),
    "atan": Expression(pyo.atan, math.atan(0.25)),
    "sinh": Expression(pyo.sinh, math.sinh(0.25)),
    "cosh": Expression(pyo.cosh, math.cosh(0.25)),
    "tanh": Expression(pyo.tanh, math.tanh(0.25)),
    "asinh": Expression(pyo.asinh, math.asinh(0.25)),
    "acosh": Expression(pyo.acosh, math.acosh(1.25), 1.25, 1.75),
    "atanh": Expression(pyo.atanh, math.atanh(0.25)),
    "abs": Expression(lambda x: abs(x - 1), 0.25),
    "min": Expression(lambda x: MinExpression([x, 1 - 2 * x]), -0.5),
    "max": Expression(lambda x: MaxExpression([x + 1, 2 * x - 3]), 1.25),
    "Expr_if": Expression(lambda x: pyo.Expr_if(x <= 2, x**2 + x, 7 * x), 0.3125),
    "division": Expression(lambda x: 1 / (x + 1), 1 / 1.75),
    "negative power": Expression(lambda x: x**-3, 0.75**-3),
    "broken power": Expression(lambda x: -(x**1.5), -(0.75**1.5)),
    "power of two variables": Expression(lambda x: x**x, math.exp(-math.exp(-1))),
    "power of a number": Expression(lambda x: 0.5**x, 0.5**0.75),
    "ceil": Expression(lambda x: pyo.ceil(x) + x, 1.25),
    "floor": Expression(lambda x: pyo.floor(x) + x, 0.25),
}
"""By the names under which `Capabilities.refuses` would have them."""
