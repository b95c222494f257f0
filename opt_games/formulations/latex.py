"""Formulations in LaTeX, through Pyomo's printer."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap
from pyomo.contrib.latex_printer import latex_printer
from pyomo.core.expr import numeric_expr
from pyomo.core.expr.visitor import ExpressionReplacementVisitor


def to_latex(model: pyo.ConcreteModel) -> str:
    r"""Return a model as LaTeX source.

    Pyomo's printer takes neither products of mutable Params nor constraints within blocks, and
    writes negative factors as if they were subtracted. It is given a flat copy, in which every
    Param and Var is a Var of its own and every product has one number, in front.

    Parameters
    ----------
    model : ConcreteModel
        Such as `opt_games.equilibrium_problem` makes.

    Examples
    --------
    >>> from opt_games import equilibrium_problem, load
    >>> text = to_latex(equilibrium_problem(load("quadratic"), {"law": 0.4}))
    >>> r"\max" in text
    True
    """
    flat = pyo.ConcreteModel(name="game")
    flat.symbol = pyo.VarList()
    names = ComponentMap()
    substitutes: dict[int, Any] = {}
    for kind in (pyo.Param, pyo.Var):
        for data in model.component_data_objects(kind, descend_into=True):
            if hasattr(data, "is_expression_type"):
                symbol = flat.symbol.add()
                substitutes[id(data)] = symbol
                names[symbol] = _written(data.name)
                if kind is pyo.Var:
                    symbol.setlb(data.lb)
                    symbol.setub(data.ub)
    rewrite = _Rewrite(substitute=substitutes, remove_named_expressions=True)
    for data in model.component_data_objects(pyo.Objective, active=True, descend_into=True):
        flat.objective = pyo.Objective(expr=rewrite.walk_expression(data.expr), sense=data.sense)
    constraints = model.component_data_objects(pyo.Constraint, active=True, descend_into=True)
    for number, data in enumerate(constraints, start=1):
        row = pyo.Constraint(expr=rewrite.walk_expression(data.expr))
        flat.add_component(f"constraint{number}", row)
    text: str = latex_printer(flat, latex_component_map=names)
    return text


class _Rewrite(ExpressionReplacementVisitor):  # type: ignore[misc]
    def exitNode(self, node: Any, data: Any) -> Any:  # noqa: N802 (Pyomo's name)
        written = super().exitNode(node, data)
        if isinstance(written, numeric_expr.ProductExpression):
            first, second = (_split(argument) for argument in written.args)
            return _product(first[0] * second[0], _times(first[1], second[1]))
        if isinstance(written, numeric_expr.NegationExpression):
            number, rest = _split(written.args[0])
            return _product(-number, rest)
        return written


def _split(term: Any) -> tuple[float, Any]:
    """Return the number in front of a term, and the rest; 1 for no rest."""
    if isinstance(term, int | float):
        return term, 1
    if isinstance(term, numeric_expr.NegationExpression):
        number, rest = _split(term.args[0])
        return -number, rest
    if isinstance(term, numeric_expr.ProductExpression) and isinstance(term.args[0], int | float):
        return term.args[0], term.args[1]
    return 1, term


def _times(first: Any, second: Any) -> Any:
    return (
        second if isinstance(first, int) else first if isinstance(second, int) else first * second
    )


def _product(number: float, rest: Any) -> Any:
    if isinstance(rest, int):
        return number
    return rest if number == 1 else -rest if number == -1 else number * rest


def _written(name: str) -> str:
    r"""Return a component's name as a symbol with subscripts.

    >>> print(_written("domain[law].free_level[alpha]"))
    \mathrm{level}_{\text{alpha, law}}
    """
    *outer, (head, _, index) = (part.rstrip("]").partition("[") for part in name.split("."))
    if head == "parameter":
        head, index = index, ""
    symbol = rf"\mathrm{{{head.removeprefix('free_')}}}".replace("_", r"\_")
    subscripts = [each for each in (index, *(part[2] for part in outer)) if each]
    return rf"{symbol}_{{\text{{{', '.join(subscripts)}}}}}" if subscripts else symbol
