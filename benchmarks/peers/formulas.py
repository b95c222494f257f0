"""The formulas of the two families, for any kind of number: floats, CasADi or Pyomo expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from random_games import EXPONENTIAL

Expression = Any


def revenue(
    family: str, level: Expression, R: Expression, k: Expression, exp: Callable[..., Expression]
) -> Expression:
    return R * (1 - exp(-k * level)) if family == EXPONENTIAL else R * level**k


def marginal_revenue(
    family: str, level: Expression, R: Expression, k: Expression, exp: Callable[..., Expression]
) -> Expression:
    return R * k * exp(-k * level) if family == EXPONENTIAL else R * k * level ** (k - 1)


def curvature(family: str, level: Expression, k: Expression) -> Expression:
    """``-r''/r'``."""
    return k if family == EXPONENTIAL else (1 - k) / level
