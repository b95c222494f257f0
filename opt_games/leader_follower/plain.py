"""Expressions in the few functions that Pyomo's interfaces to the global solvers know."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr import numeric_expr
from pyomo.core.expr.visitor import ExpressionReplacementVisitor

_KNOWN = frozenset({"exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan"})


def make_plain(model: Any) -> None:
    """Rewrite ``abs``, ``min``, ``max``, ``log10`` and hyperbolic functions in a model of our own.

    Parameters
    ----------
    model : ConcreteModel
        Its active objective and constraints are changed to equal ones.
    """
    for each in model.component_data_objects((pyo.Objective, pyo.Constraint), active=True):
        expression = each.expr
        plain = _Plain().walk_expression(expression)
        if plain is not expression:
            each.set_value(plain)


class _Plain(ExpressionReplacementVisitor):  # type: ignore[misc]
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
        return super().exitNode(node, data)


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
