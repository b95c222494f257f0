"""Expressions in the few functions that Pyomo's interfaces to the global solvers know."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr import numeric_expr
from pyomo.core.expr.visitor import ExpressionReplacementVisitor

from opt_games.leader_follower.intervals import interval

_KNOWN = frozenset({"exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan"})


def make_plain(model: Any, *, lift_powers: bool = False) -> None:
    """Rewrite ``abs``, ``min``, ``max``, ``log10`` and hyperbolic functions in a model of our own.

    Parameters
    ----------
    model : ConcreteModel
        Its active objective and constraints are changed to equal ones.
    lift_powers : bool
        Give the base of a power of 3 or more a variable of its own, for a solver's interface that
        would multiply it out.
    """
    if lift_powers and not hasattr(model, "base"):
        model.base = pyo.VarList()
        model.is_base = pyo.ConstraintList()
    rewrite = _Plain(model if lift_powers else None)
    parts = list(model.component_data_objects((pyo.Objective, pyo.Constraint), active=True))
    for each in parts:
        expression = each.expr
        plain = rewrite.walk_expression(expression)
        if plain is not expression:
            each.set_value(plain)


class _Plain(ExpressionReplacementVisitor):  # type: ignore[misc]
    def __init__(self, lifting: Any) -> None:
        super().__init__()
        self._lifting = lifting

    def exitNode(self, node: Any, data: Any) -> Any:  # noqa: N802 (Pyomo's name)
        _, arguments, _ = data
        if isinstance(node, numeric_expr.AbsExpression):
            return _size(arguments[0])
        if isinstance(node, numeric_expr.MaxExpression):
            return reduce(lambda a, b: (a + b + _size(a - b)) / 2, arguments)
        if isinstance(node, numeric_expr.MinExpression):
            return reduce(lambda a, b: (a + b - _size(a - b)) / 2, arguments)
        if isinstance(node, numeric_expr.UnaryFunctionExpression):
            (inside,) = arguments
            name = node.getname()
            if name not in _KNOWN:
                return _in_basic_functions(name, inside, node)
        if isinstance(node, numeric_expr.PowExpression) and self._lifting is not None:
            base, exponent = arguments
            composed = hasattr(base, "is_expression_type") and base.is_expression_type()
            if composed and base.is_potentially_variable() and _whole_and_high(exponent):
                return self._lifted(base) ** exponent
        return super().exitNode(node, data)

    def _lifted(self, base: Any) -> Any:
        own = self._lifting.base.add()
        low, high = interval(base)
        own.setlb(low if math.isfinite(low) else None)
        own.setub(high if math.isfinite(high) else None)
        own.set_value(pyo.value(base, exception=False), skip_validation=True)
        self._lifting.is_base.add(own == base)
        return own


def _whole_and_high(exponent: Any) -> bool:
    if hasattr(exponent, "is_expression_type") and exponent.is_potentially_variable():
        return False
    number = float(pyo.value(exponent))
    return number.is_integer() and number >= 3


def _size(inside: Any) -> Any:
    return pyo.sqrt(inside**2)


def _in_basic_functions(name: str, inside: Any, node: Any) -> Any:
    up, down = pyo.exp(inside), pyo.exp(-1 * inside)
    forms = {
        "sinh": lambda: (up - down) / 2,
        "cosh": lambda: (up + down) / 2,
        "tanh": lambda: 1 - 2 / (pyo.exp(2 * inside) + 1),
        "log10": lambda: pyo.log(inside) / math.log(10),
        "asinh": lambda: pyo.log(inside + pyo.sqrt(inside**2 + 1)),
        "acosh": lambda: pyo.log(inside + pyo.sqrt(inside**2 - 1)),
        "atanh": lambda: (pyo.log(1 + inside) - pyo.log(1 - inside)) / 2,
    }
    return forms[name]() if name in forms else node
