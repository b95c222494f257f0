r"""What a follower's best response must satisfy at first order, in a form that never excludes it.

The conditions are those of Fritz John (1948): at a minimum :math:`y` of :math:`f(x, \cdot)` over
:math:`g(x, y) \le 0`, :math:`h(x, y) = 0` and bounds, there are multipliers, not all zero, with

.. math::

   \lambda_0 \nabla_y f + \sum_j \lambda_j \nabla_y g_j + \sum_k \mu_k \nabla_y h_k = \nu^l - \nu^u,
   \qquad \lambda_j g_j = 0, \quad \lambda_0, \lambda, \nu \ge 0 .

They need no constraint qualification, and are scaled to
:math:`\lambda_0 + \sum_j \lambda_j + \sum_k |\mu_k| = 1`, which bounds every multiplier. The
multipliers :math:`\nu` of the bounds are eliminated: without other constraints
:math:`\lambda_0 = 1`. Complementarity is stated with binary variables and bounds by interval
arithmetic, or as a product where there is no finite bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr import numeric_expr
from pyomo.core.expr.visitor import StreamBasedExpressionVisitor

from opt_games.formulations.derivative import derivatives
from opt_games.leader_follower.intervals import interval
from opt_games.leader_follower.program import Condition, Level, used
from opt_games.leader_follower.statement import Statement, add_row

_KINKED = (
    numeric_expr.AbsExpression,
    numeric_expr.MinExpression,
    numeric_expr.MaxExpression,
    numeric_expr.Expr_ifExpression,
)


@dataclass(frozen=True)
class Gradients:
    """Derivatives in a follower's own continuous variables, in the variables of a statement."""

    variables: tuple[Any, ...]
    cost: list[Any]
    inequalities: tuple[tuple[Any, list[Any]], ...]
    equalities: tuple[tuple[Any, list[Any]], ...]


def gradients(statement: Statement, follower: Level) -> Gradients:
    """Differentiate a follower's problem, on the piece that holds at the present values.

    Parameters
    ----------
    statement : Statement
        Holds the follower's and the leader's variables.
    follower : Level
    """
    own = [each for each in follower.variables if not each.integer and each.lower < each.upper]
    keys = {id(each.source) for each in own}
    inequalities = [each for each in follower.inequalities if used(each.body) & keys]
    equalities = [each for each in follower.equalities if used(each.body) & keys]
    variables = tuple(statement.places[id(each.source)] for each in own)

    def slopes(condition: Condition) -> tuple[Any, list[Any]]:
        body = statement.place(condition.body)
        return body, derivatives(body, variables)

    return Gradients(
        variables,
        derivatives(statement.place(follower.cost), variables),
        tuple(slopes(each) for each in inequalities),
        tuple(slopes(each) for each in equalities),
    )


def add_first_order_conditions(statement: Statement, name: str, follower: Level) -> bool:
    """Add the Fritz John conditions of a follower as the Block ``name``.

    Parameters
    ----------
    statement : Statement
        Holds the follower's and the leader's variables, with the follower's own conditions.
    name : str
    follower : Level

    Returns
    -------
    bool
        Whether there are such conditions: not where the follower's problem is not differentiable,
        for there they might exclude a best response.
    """
    bodies = [follower.cost, *(each.body for each in follower.conditions)]
    if not all(is_smooth(statement.place(body)) for body in bodies):
        return False
    found = gradients(statement, follower)
    if not found.variables:
        return False
    hulls = [_hull(found, number) for number in range(len(found.variables))]
    block = pyo.Block()
    statement.model.add_component(name, block)
    block.weight = pyo.VarList(bounds=(0, 1))
    block.multiplier = pyo.VarList(bounds=(-1, 1))
    block.binary = pyo.VarList(domain=pyo.Binary)
    block.row = pyo.ConstraintList()
    weights, multipliers = _normalised(block, found)
    for number, (variable, (low, high)) in enumerate(zip(found.variables, hulls, strict=True)):
        total = weights[0] * found.cost[number]
        for weight, (_, slopes) in zip(weights[1:], found.inequalities, strict=True):
            total += weight * slopes[number]
        for multiplier, (_, slopes) in zip(multipliers, found.equalities, strict=True):
            total += multiplier * slopes[number]
        _add_stationarity(block, variable, total, low, high)
    for weight, (body, _) in zip(weights[1:], found.inequalities, strict=True):
        _add_complementarity(block, weight, body)
    return True


def _hull(found: Gradients, number: int) -> tuple[float, float]:
    """Return bounds on any sum of slopes in one variable whose weights sum to 1 in size."""
    slopes = [found.cost[number], *(each[number] for _, each in found.inequalities)]
    spans = [interval(each) for each in slopes]
    for _, each in found.equalities:
        low, high = interval(each[number])
        spans += [(low, high), (-high, -low)]
    return min(low for low, _ in spans), max(high for _, high in spans)


def _normalised(block: Any, found: Gradients) -> tuple[list[Any], list[Any]]:
    if not found.inequalities and not found.equalities:
        return [1.0], []
    weights = [block.weight.add() for _ in found.inequalities]
    for each in weights:
        each.set_value(0)
    multipliers, sizes = [], []
    for _ in found.equalities:
        multiplier, size, positive = block.multiplier.add(), block.weight.add(), block.binary.add()
        for each in (multiplier, size, positive):
            each.set_value(0)
        block.row.add(multiplier <= size)
        block.row.add(-multiplier <= size)
        block.row.add(size <= multiplier + 2 * (1 - positive))
        block.row.add(size <= -multiplier + 2 * positive)
        multipliers.append(multiplier)
        sizes.append(size)
    rest = 1 - sum(weights) - sum(sizes)  # of the objective; one variable and equation less
    block.row.add(rest >= 0)
    return [rest, *weights], multipliers


def _add_stationarity(block: Any, variable: Any, total: Any, low: float, high: float) -> None:
    """Let the total slope be positive at the lower bound only, negative at the upper one only."""
    _add_side(block, total, high, variable - variable.lb if variable.has_lb() else None)
    _add_side(block, -1 * total, -low, variable.ub - variable if variable.has_ub() else None)


def _add_side(block: Any, slope: Any, most: float, room: Any) -> None:
    """Let a slope of at most ``most`` be positive only where there is no room to go against it."""
    if room is None or most <= 0:
        add_row(block.row, slope, "<=")
        return
    at_bound = _switch(block)
    if math.isfinite(most):
        add_row(block.row, slope - most * at_bound, "<=")
    else:
        add_row(block.row, slope * (1 - at_bound), "<=")
    _, span = interval(room)
    if math.isfinite(span):
        block.row.add(room <= span * (1 - at_bound))
    else:
        block.row.add(at_bound * room <= 0)


def _add_complementarity(block: Any, weight: Any, body: Any) -> None:
    """Let a constraint ``body <= 0`` have weight only where it binds."""
    low, _ = interval(body)
    if low >= 0:
        return
    if not math.isfinite(low):
        block.row.add(weight * body == 0)
        return
    binds = _switch(block)
    block.row.add(weight <= binds)
    block.row.add(-body <= -low * (1 - binds))


def _switch(block: Any) -> Any:
    binary = block.binary.add()
    binary.set_value(0)
    return binary


def is_smooth(expression: Any) -> bool:
    """Tell whether an expression has derivatives wherever it has a value within its bounds.

    Examples
    --------
    >>> model = pyo.ConcreteModel()
    >>> model.x = pyo.Var(bounds=(0, 2))
    >>> is_smooth(pyo.exp(model.x) / model.x), is_smooth(abs(model.x)), is_smooth(model.x**0.5)
    (True, False, False)
    """
    if not hasattr(expression, "is_expression_type"):
        return True
    return all(_node_is_smooth(node) for node in _nodes(expression))


def _nodes(expression: Any) -> list[Any]:
    met: list[Any] = []
    StreamBasedExpressionVisitor(exitNode=lambda node, _data: met.append(node)).walk_expression(
        expression
    )
    return met


def _node_is_smooth(node: Any) -> bool:
    if isinstance(node, _KINKED):
        return False
    if isinstance(node, numeric_expr.PowExpression):
        base, exponent = node.args
        whole = not hasattr(exponent, "is_expression_type") and float(exponent).is_integer()
        return whole or interval(base)[0] > 0
    if isinstance(node, numeric_expr.UnaryFunctionExpression):
        (inside,) = node.args
        low, high = interval(inside)
        name = node.getname()
        if name in ("sqrt", "acosh"):
            return low > (1 if name == "acosh" else 0)
        if name in ("asin", "acos"):
            return low > -1 and high < 1
        return name not in ("ceil", "floor")
    return True
