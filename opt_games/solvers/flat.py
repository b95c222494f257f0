"""A copy of what a solver sees of a model: no Params, no rules, no blocks; it can be pickled."""

from __future__ import annotations

import math

import pyomo.environ as pyo
from pyomo.common.modeling import unique_component_name
from pyomo.core.expr.visitor import ExpressionReplacementVisitor, identify_mutable_parameters

from opt_games.errors import SolverError
from opt_games.solvers.model_view import ModelView, bounded, number_of


def flat_copy(view: ModelView) -> pyo.ConcreteModel:
    """Return a model of the present data, with the names, order and values of the original.

    Parameters
    ----------
    view : ModelView
        The original, which is left alone.

    Returns
    -------
    ConcreteModel
        Its Vars and Constraints have the full names of the original's. It solves to the same.

    Raises
    ------
    SolverError
        If a Param or a fixed Var has no value.

    Examples
    --------
    >>> m = pyo.ConcreteModel(); m.p = pyo.Param(initialize=2.0, mutable=True)
    >>> m.x = pyo.Var([1], bounds=(0, m.p)); m.cost = pyo.Objective(expr=m.p * m.x[1])
    >>> print(flat_copy(ModelView(m)).component("cost").expr)
    2.0*'x[1]'
    """
    view.check()
    lower, upper = view.bounds()
    model = pyo.ConcreteModel()
    stands_for: dict[int, object] = {}
    for var, low, high, whole in zip(view.variables, lower, upper, view.whole, strict=True):
        copy = pyo.Var(
            domain=pyo.Integers if whole else pyo.Reals,
            bounds=(
                None if math.isinf(low) or var.fixed else low,
                None if math.isinf(high) or var.fixed else high,
            ),
        )
        model.add_component(unique_component_name(model, var.name), copy)
        copy.set_value(var.value, skip_validation=True)
        copy.fixed = var.fixed
        stands_for[id(var)] = copy
    objective = () if view.objective is None else (view.objective,)
    for part in (*objective, *view.constraints):
        for leaf in identify_mutable_parameters(part.expr):
            number = pyo.value(leaf, exception=False)
            if number is None:
                raise SolverError(f"the Param {leaf.name} has no value: give it one")
            stands_for[id(leaf)] = float(number)
    copier = ExpressionReplacementVisitor(substitute=stands_for, remove_named_expressions=True)
    if view.objective is not None:
        expression = copier.walk_expression(view.objective.expr)
        name = unique_component_name(model, view.objective.name)
        model.add_component(name, pyo.Objective(expr=expression, sense=view.objective.sense))
    for each in view.constraints:
        low, body, high = bounded(each)
        least = None if low is None else number_of(low)
        most = None if high is None else number_of(high)
        if least is None and most is None:
            continue
        expression = copier.walk_expression(body)
        model.add_component(
            unique_component_name(model, each.name), pyo.Constraint(expr=(least, expression, most))
        )
    return model
