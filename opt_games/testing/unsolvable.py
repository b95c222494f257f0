"""Problems without an optimum, and some that take too long to find it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyomo.environ as pyo

from opt_games.testing.problems import equality, variables


def no_disc() -> pyo.ConcreteModel:
    """A disc of negative size."""
    m = variables(2, -5, 5, (1, 2))
    m.cost = pyo.Objective(expr=m.x[1] + m.x[2])
    m.disc = pyo.Constraint(expr=m.x[1] ** 2 + m.x[2] ** 2 <= -1)
    return m


def two_lines() -> pyo.ConcreteModel:
    """Two parallel lines."""
    m = equality()
    m.other = pyo.Constraint(expr=m.x + m.y >= 1.5)
    return m


def out_of_reach() -> pyo.ConcreteModel:
    """A product that the bounds do not allow."""
    m = variables(2, 0, 2, 1)
    m.cost = pyo.Objective(expr=m.x[1])
    m.area = pyo.Constraint(expr=m.x[1] * m.x[2] >= 5)
    return m


INFEASIBLE: Mapping[str, Callable[[], pyo.ConcreteModel]] = {
    "no disc": no_disc,
    "two lines": two_lines,
    "out of reach": out_of_reach,
}
"""Problems without a feasible point."""


def slope() -> pyo.ConcreteModel:
    """A linear function of a variable without a lower bound."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(initialize=1), pyo.Var(bounds=(-2, 2), initialize=1)
    m.cost = pyo.Objective(expr=m.x + m.y**2)
    return m


def chained_rosenbrock(count: int) -> pyo.ConcreteModel:
    """A valley with many bends: about as many iterations as variables, for limits."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(count), bounds=(-5, 5), initialize=-1.2)
    m.cost = pyo.Objective(
        expr=sum(
            100 * (m.x[i + 1] - m.x[i] ** 2) ** 2 + (1 - m.x[i]) ** 2 for i in range(count - 1)
        )
    )
    return m


def hills(count: int) -> pyo.ConcreteModel:
    """A landscape of hills whose lowest point is hard to prove: for limits."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(count), bounds=(-5.12, 4.12), initialize=2.2)
    x = m.x
    m.cost = pyo.Objective(
        expr=sum(0.1 * x[i] ** 2 for i in x)
        + sum(
            pyo.sin(3 * x[i] * x[i - 1] + i) + pyo.cos(2 * x[i] + x[i - 2] ** 2) for i in x if i > 1
        )
    )
    return m
