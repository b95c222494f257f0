"""How large an expression can get within the bounds of its variables."""

from __future__ import annotations

import math
from typing import Any

import pyomo.environ as pyo
from pyomo.common.errors import InfeasibleConstraintException, PyomoException

_ROUNDING = 1e-9


def interval(expression: Any) -> tuple[float, float]:
    """Return bounds on an expression, by interval arithmetic; infinite where there are none.

    Examples
    --------
    >>> model = pyo.ConcreteModel()
    >>> model.x = pyo.Var(bounds=(-1, 2))
    >>> low, high = interval(model.x**2 + model.x)
    >>> round(low, 6), round(high, 6)
    (-1.0, 6.0)
    """
    if not hasattr(expression, "is_expression_type") or not expression.is_potentially_variable():
        value = float(pyo.value(expression))
        return value, value
    from pyomo.contrib.fbbt.fbbt import compute_bounds_on_expr

    try:
        low, high = compute_bounds_on_expr(expression)
    except (InfeasibleConstraintException, PyomoException, ArithmeticError, ValueError):
        return -math.inf, math.inf
    return (
        -math.inf if low is None or math.isnan(low) else low - _ROUNDING * max(1.0, abs(low)),
        math.inf if high is None or math.isnan(high) else high + _ROUNDING * max(1.0, abs(high)),
    )
