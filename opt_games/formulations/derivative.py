"""Symbolic derivatives of Pyomo expressions, on the smooth piece that holds at a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr import numeric_expr
from pyomo.core.expr.calculus.derivatives import Modes, differentiate
from pyomo.core.expr.visitor import ExpressionReplacementVisitor


def derivatives(expression: Any, variables: Sequence[Any]) -> list[Any]:
    """Return d expression / d variable for each variable, as Pyomo expressions.

    ``abs``, ``min``, ``max`` and conditions are replaced by the piece that holds at the present
    values of the variables; the hyperbolic functions by exponentials, which Pyomo can
    differentiate.

    Examples
    --------
    >>> model = pyo.ConcreteModel()
    >>> model.x = pyo.Var(initialize=-2.0)
    >>> print(derivatives(abs(model.x), [model.x])[0])
    -1
    """
    smooth = smooth_piece(expression)
    if not hasattr(smooth, "is_expression_type"):
        return [0.0 for _ in variables]
    return list(differentiate(smooth, wrt_list=list(variables), mode=Modes.reverse_symbolic))


def smooth_piece(expression: Any) -> Any:
    """Return the smooth expression that equals this one around the present values."""
    if not hasattr(expression, "is_expression_type"):
        return expression
    return _SmoothPiece().walk_expression(expression)


class _SmoothPiece(ExpressionReplacementVisitor):  # type: ignore[misc]
    def exitNode(self, node: Any, data: Any) -> Any:  # noqa: N802 (Pyomo's name)
        _, arguments, _ = data
        if isinstance(node, numeric_expr.AbsExpression):
            (inside,) = arguments
            return inside if pyo.value(inside) >= 0 else -inside
        if isinstance(node, numeric_expr.MinExpression):
            return min(arguments, key=pyo.value)
        if isinstance(node, numeric_expr.MaxExpression):
            return max(arguments, key=pyo.value)
        if isinstance(node, numeric_expr.Expr_ifExpression):
            condition, yes, no = arguments
            return yes if pyo.value(condition) else no
        if isinstance(node, numeric_expr.UnaryFunctionExpression):
            (inside,) = arguments
            name = node.getname()
            if name == "sinh":
                return (pyo.exp(inside) - pyo.exp(-inside)) / 2
            if name == "cosh":
                return (pyo.exp(inside) + pyo.exp(-inside)) / 2
            if name == "tanh":
                return 1 - 2 / (pyo.exp(2 * inside) + 1)
        return super().exitNode(node, data)
