"""Pyomo expressions in another language, given the rules of that language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pyomo.core.expr.numvalue import native_numeric_types
from pyomo.core.expr.visitor import StreamBasedExpressionVisitor

from opt_games.errors import SolverError

Symbol = Any
"""An expression of the other language, or a float where it is constant."""

Rule = Callable[[Any, list[Symbol]], Symbol]
"""From a node and its translated arguments to its translation."""

Rules = Mapping[type, Rule]
"""The rule of each kind of node; a kind without one takes that of its nearest base class."""


def translator(symbol: Callable[[Any], Symbol], rules: Rules) -> Callable[[Any], Symbol]:
    """Return a translator of many expressions, which walks a shared named Expression once.

    Parameters
    ----------
    symbol : callable
        Called with each Var or mutable Param (its data object) that is met; returns the symbol, or
        number, that stands for it.
    rules : mapping of type to callable
        The translation of each kind of node, given the node and its translated arguments.

    Returns
    -------
    callable
        From a Pyomo expression to one of the other language. It raises SolverError for a node
        without a rule, and names its kind.

    Examples
    --------
    >>> import pyomo.environ as pyo
    >>> from pyomo.core.expr.numeric_expr import SumExpression
    >>> m = pyo.ConcreteModel(); m.x = pyo.Var()
    >>> translator(lambda var: var.name, {SumExpression: lambda _, data: data})(m.x + 1)
    ['x', 1.0]
    """
    shared: dict[int, Symbol] = {}

    def leaf(node: Any) -> tuple[bool, Symbol]:
        """Return (whether to descend, the translation where not)."""
        if node.__class__ in native_numeric_types:
            return False, float(node)
        if isinstance(node, bool):
            return False, node
        if not hasattr(node, "is_expression_type"):
            raise SolverError(f"cannot translate {type(node).__name__} in an expression")
        if node.is_expression_type():
            if id(node) in shared:
                return False, shared[id(node)]
            if not node.is_named_expression_type() and _rule(rules, node) is None:
                raise SolverError(f"cannot translate a {type(node).__name__} node: {node}")
            return True, None
        if node.is_variable_type() or node.is_parameter_type():
            return False, symbol(node)
        if node.is_constant():
            return False, float(node.value)
        raise SolverError(f"cannot translate {type(node).__name__} {node}")

    def exit_node(node: Any, data: list[Symbol]) -> Symbol:
        if node.is_named_expression_type():
            shared[id(node)] = data[0]
            return data[0]
        rule = _rule(rules, node)
        assert rule is not None, node
        return rule(node, data)

    walk = StreamBasedExpressionVisitor(
        initializeWalker=leaf,
        beforeChild=lambda _node, child, _index: leaf(child),
        exitNode=exit_node,
    ).walk_expression
    return lambda expression: walk(expression)


def _rule(rules: Rules, node: Any) -> Rule | None:
    """Return the rule of a node's class or of the nearest class that it derives from."""
    return next((rules[kind] for kind in type(node).__mro__ if kind in rules), None)
