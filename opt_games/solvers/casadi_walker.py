"""Pyomo expressions as CasADi expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

from pyomo.core.expr import numeric_expr as ne
from pyomo.core.expr import relational_expr as re

from opt_games.errors import SolverError
from opt_games.solvers import walker
from opt_games.solvers.walker import Rules, Symbol

FUNCTIONS = {
    "exp": "exp",
    "log": "log",
    "log10": "log10",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asin": "asin",
    "acos": "acos",
    "atan": "atan",
    "asinh": "asinh",
    "acosh": "acosh",
    "atanh": "atanh",
    "abs": "fabs",
}
"""Pyomo's name of a unary function -> CasADi's."""

WIDE = 16
"""Sums of more terms than this are added in CasADi rather than in Python."""


def to_casadi(expression: Any, symbol: Callable[[Any], Symbol]) -> Symbol:
    """Translate one Pyomo expression.

    Parameters
    ----------
    expression : NumericValue or float
        Any numeric Pyomo expression: deep, wide, or a plain number.
    symbol : callable
        Called with each Var or mutable Param (its data object) that is met; returns the CasADi
        symbol, or number, that stands for it.

    Returns
    -------
    casadi.SX, casadi.MX or float
        The same function of the symbols.

    Raises
    ------
    SolverError
        If the expression contains a node that has no translation; the message names its kind.

    Examples
    --------
    >>> import casadi, pyomo.environ as pyo
    >>> m = pyo.ConcreteModel(); m.x = pyo.Var()
    >>> to_casadi(m.x**2 + 1, lambda v: casadi.SX.sym("x"))
    SX((sq(x)+1))
    """
    return translator(symbol)(expression)


def translator(symbol: Callable[[Any], Symbol]) -> Callable[[Any], Symbol]:
    """Return `to_casadi` for many expressions that share named Expressions: each is walked once.

    Parameters
    ----------
    symbol : callable
        As for `to_casadi`.

    Returns
    -------
    callable
        From a Pyomo expression to a CasADi one.
    """
    import casadi

    return walker.translator(symbol, _rules(casadi))


def _rules(ca: Any) -> Rules:
    """Return the translation of each kind of node, given its translated arguments."""

    def add(_node: Any, data: list[Symbol]) -> Symbol:
        if len(data) <= WIDE:
            return reduce(ca.plus, data, 0.0)
        constant = sum(term for term in data if isinstance(term, float))
        terms = [term for term in data if not isinstance(term, float)]
        return ca.plus(ca.sum1(ca.vertcat(*terms)), constant) if terms else constant

    def unary(node: Any, data: list[Symbol]) -> Symbol:
        name = node.getname()
        if name in ("ceil", "floor"):
            raise SolverError(f"cannot translate {name}: it has no derivative: {node}")
        if name not in FUNCTIONS:
            raise SolverError(f"cannot translate the function {name}: {node}")
        return getattr(ca, FUNCTIONS[name])(data[0])

    def choose(_node: Any, data: list[Symbol]) -> Symbol:
        condition, then, otherwise = data
        if isinstance(condition, (bool, float)):
            return then if condition else otherwise
        return ca.if_else(condition, then, otherwise)

    def compare(strict: bool, left: Symbol, right: Symbol) -> Symbol:
        if isinstance(left, float) and isinstance(right, float):
            return left < right if strict else left <= right
        return ca.lt(left, right) if strict else ca.le(left, right)

    def between(node: Any, data: list[Symbol]) -> Symbol:
        strict = node.strict if isinstance(node.strict, tuple) else (node.strict, node.strict)
        lower = compare(strict[0], data[0], data[1])
        upper = compare(strict[1], data[1], data[2])
        if isinstance(lower, bool) and isinstance(upper, bool):
            return lower and upper
        return ca.logic_and(lower, upper)

    def equal(_node: Any, data: list[Symbol]) -> Symbol:
        if isinstance(data[0], float) and isinstance(data[1], float):
            return data[0] == data[1]
        return ca.eq(data[0], data[1])

    return {
        ne.SumExpression: add,
        ne.ProductExpression: lambda _node, data: ca.times(*data),
        ne.DivisionExpression: lambda _node, data: ca.rdivide(*data),
        ne.PowExpression: lambda _node, data: ca.power(*data),
        ne.NegationExpression: lambda _node, data: operator.neg(data[0]),
        ne.AbsExpression: lambda _node, data: ca.fabs(data[0]),
        ne.UnaryFunctionExpression: unary,
        ne.MinExpression: lambda _node, data: reduce(ca.fmin, data),
        ne.MaxExpression: lambda _node, data: reduce(ca.fmax, data),
        ne.Expr_ifExpression: choose,
        re.InequalityExpression: lambda node, data: compare(node.strict, *data),
        re.RangedExpression: between,
        re.EqualityExpression: equal,
    }
