"""Pyomo models of our own, stated over copies of the user's variables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyomo.environ as pyo

from opt_games.leader_follower.program import Condition, Expression, Variable, placed
from opt_games.solvers.result import FEASIBILITY_TOLERANCE


class Statement:
    """A Pyomo model that refers to none of the user's Vars.

    Parameters
    ----------
    variables : sequence of Variable
        Which of them it decides on; they become the Vars ``model.variable``.
    given : mapping of int to float, optional
        Values of the others, by ``id`` of the user's VarData.

    Attributes
    ----------
    model : ConcreteModel
    places : dict of int to VarData or float
        What stands for each of the user's variables, by ``id``.
    """

    def __init__(
        self, variables: Sequence[Variable], given: Mapping[int, float] | None = None
    ) -> None:
        self.variables = tuple(variables)
        self.model = pyo.ConcreteModel()
        self.model.variable = pyo.Var(range(len(self.variables)))
        self.places: dict[int, Any] = dict(given or {})
        for own, each in zip(self.model.variable.values(), self.variables, strict=True):
            if each.integer:
                own.domain = pyo.Integers
            own.setlb(each.lower if math.isfinite(each.lower) else None)
            own.setub(each.upper if math.isfinite(each.upper) else None)
            own.set_value(each.start)
            self.places[id(each.source)] = own

    def place(self, expression: Expression) -> Expression:
        """Return a user's expression in this model's own variables."""
        return placed(expression, self.places)

    def minimise(self, cost: Expression) -> None:
        """State the objective, in the user's variables."""
        self.model.cost = pyo.Objective(expr=self.place(cost))

    def require(
        self, name: str, inequalities: Iterable[Condition], equalities: Iterable[Condition]
    ) -> None:
        """State conditions, in the user's variables, as the ConstraintList ``name``."""
        rows = pyo.ConstraintList()
        self.model.add_component(name, rows)
        for each in inequalities:
            add_row(rows, self.place(each.body), "<=")
        for each in equalities:
            add_row(rows, self.place(each.body), "==")

    def start_at(self, point: Mapping[int, float]) -> None:
        """Set the start values of the variables that the point holds."""
        for own, each in zip(self.model.variable.values(), self.variables, strict=True):
            if id(each.source) in point:
                own.set_value(point[id(each.source)], skip_validation=True)

    @property
    def point(self) -> dict[int, float]:
        """The present values by ``id`` of the user's VarData, within bounds and whole."""
        found = {}
        for own, each in zip(self.model.variable.values(), self.variables, strict=True):
            value = float(own.value)
            value = float(round(value)) if each.integer else value
            found[id(each.source)] = min(max(value, each.lower), each.upper)
        return found


def add_row(rows: Any, body: Expression, relation: str) -> None:
    """Add ``body <= 0`` or ``body == 0``, also where the body is a number.

    Parameters
    ----------
    rows : ConstraintList
    body : Pyomo expression or float
    relation : {"<=", "=="}
    """
    if hasattr(body, "is_potentially_variable") and body.is_potentially_variable():
        rows.add(body <= 0 if relation == "<=" else body == 0)
        return
    value = float(pyo.value(body))
    miss = value if relation == "<=" else abs(value)
    if miss > FEASIBILITY_TOLERANCE:
        model = rows.model()
        if not hasattr(model, "impossible"):
            model.impossible = pyo.Var(bounds=(0, 0), initialize=0)
        rows.add(model.impossible >= 1)
