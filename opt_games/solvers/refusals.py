"""What a solver has declared that it refuses, found in a model."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pyomo.core.expr import numeric_expr as ne
from pyomo.core.expr.visitor import StreamBasedExpressionVisitor

from opt_games.errors import SolverError
from opt_games.solvers.model_view import ModelView

KINDS = {
    ne.MinExpression: "min",
    ne.MaxExpression: "max",
    ne.AbsExpression: "abs",
    ne.Expr_ifExpression: "Expr_if",
    ne.ExternalFunctionExpression: "ExternalFunction",
}
"""Kinds of node, by the names that `Capabilities.refuses` has for them."""


def refuse(view: ModelView, refuses: Collection[str], solver: str) -> None:
    """Raise SolverError if a model holds what a solver refuses.

    Parameters
    ----------
    view : ModelView
        The model.
    refuses : collection of str
        As `Capabilities.refuses`.
    solver : str
        Its name, for the message.

    Examples
    --------
    >>> import pyomo.environ as pyo
    >>> m = pyo.ConcreteModel(); m.x = pyo.Var(); m.cost = pyo.Objective(expr=pyo.ceil(m.x))
    >>> refuse(ModelView(m), {"ceil"}, "mine")
    Traceback (most recent call last):
        ...
    opt_games.errors.SolverError: mine cannot take ceil, which is in cost: choose another solver
    """
    objective = () if view.objective is None else (view.objective,)
    for part in (*objective, *view.constraints):

        def enter(node: Any, name: str = part.name) -> None:
            kind = _kind(node)
            if kind in refuses:
                raise SolverError(
                    f"{solver} cannot take {kind}, which is in {name}: choose another solver"
                )

        StreamBasedExpressionVisitor(enterNode=enter).walk_expression(part.expr)


def _kind(node: Any) -> str | None:
    """Return the name of a kind of node, None for the arithmetic that every solver has."""
    if not hasattr(node, "is_expression_type") or not node.is_expression_type():
        return None
    for base in type(node).__mro__:
        if base in KINDS:
            return KINDS[base]
    if isinstance(node, ne.UnaryFunctionExpression):
        return str(node.getname())
    return None
