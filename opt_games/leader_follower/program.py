"""A leader-follower program as data: levels, each with its variables, objective and conditions.

Everything is read from the user's Pyomo model once, and refers to it only through expressions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyomo.core.expr.visitor import identify_variables, replace_expressions

from opt_games.solvers.model_view import number_of

Expression = Any
"""A Pyomo expression or a number."""


@dataclass(frozen=True)
class Variable:
    """A variable of the user's model.

    Attributes
    ----------
    source : VarData
        The user's own.
    lower, upper : float
        Its bounds, infinite where there are none; whole numbers for an integer variable.
    integer : bool
        Whether only whole numbers are allowed.
    """

    source: Any
    lower: float
    upper: float
    integer: bool

    @property
    def name(self) -> str:
        """The user's name of it."""
        return str(self.source.name)

    @property
    def start(self) -> float:
        """The user's value, put within the bounds; the middle of them where there is none."""
        value = self.source.value
        if value is None or not math.isfinite(value):
            both = math.isfinite(self.lower) and math.isfinite(self.upper)
            value = (self.lower + self.upper) / 2 if both else 0.0
        return float(min(max(value, self.lower), self.upper))


@dataclass(frozen=True)
class Condition:
    """A constraint ``body <= 0`` or ``body == 0``, under the user's name of it."""

    name: str
    body: Expression


@dataclass(frozen=True)
class Level:
    """What one player controls, wants, and must heed.

    Attributes
    ----------
    name : str
        The name of the model or of the follower's block.
    variables : tuple of Variable
    objective : Pyomo expression
        As the user wrote it.
    sign : float
        1 where the user minimises the objective, -1 where it is maximised.
    inequalities, equalities : tuple of Condition
    """

    name: str
    variables: tuple[Variable, ...]
    objective: Expression
    sign: float
    inequalities: tuple[Condition, ...]
    equalities: tuple[Condition, ...]

    @property
    def cost(self) -> Expression:
        """The objective in the sense of a minimum."""
        return self.objective if self.sign > 0 else -1 * self.objective

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Inequalities, then equalities."""
        return self.inequalities + self.equalities


@dataclass(frozen=True)
class Program:
    """A leader and its followers.

    Attributes
    ----------
    leader : Level
    followers : tuple of Level
        In the order in which the user named them.
    """

    leader: Level
    followers: tuple[Level, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The leader's variables, then those of each follower."""
        own = [each for follower in self.followers for each in follower.variables]
        return (*self.leader.variables, *own)

    @property
    def continuous(self) -> bool:
        """Whether no variable is an integer one."""
        return not any(each.integer for each in self.variables)


Point = Mapping[int, float]
"""Values by the ``id`` of the user's VarData."""


def value_at(expression: Expression, point: Point) -> float:
    """Return an expression's value at a point, NaN where it has none in the real numbers."""
    return number_of(placed(expression, point))


def violation(level: Level, point: Point) -> float:
    """Return by how much a player's constraints and bounds are broken at a point, at most."""
    worst = 0.0
    for each in level.variables:
        value = point[id(each.source)]
        worst = max(worst, each.lower - value, value - each.upper)
    for condition in level.inequalities:
        worst = max(worst, _size(value_at(condition.body, point)))
    for condition in level.equalities:
        worst = max(worst, abs(_size(value_at(condition.body, point))))
    return worst


def _size(number: float) -> float:
    return math.inf if math.isnan(number) else number


def placed(expression: Expression, places: Mapping[int, Any]) -> Expression:
    """Return an expression with Vars replaced by other Vars, Params or numbers.

    Parameters
    ----------
    expression : Pyomo expression
    places : mapping of int to Var, Param or float
        By ``id`` of the VarData to be replaced.
    """
    if not hasattr(expression, "is_expression_type"):
        return expression
    if id(expression) in places:
        return places[id(expression)]
    return replace_expressions(expression, dict(places))


def used(expression: Expression) -> set[int]:
    """Return the ids of the Vars in an expression."""
    if not hasattr(expression, "is_expression_type"):
        return set()
    return {id(each) for each in identify_variables(expression, include_fixed=False)}
