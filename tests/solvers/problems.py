"""Small problems with known answers, which every local solver must get right."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pyomo.environ as pyo

from opt_games.solvers import Quality, Termination
from opt_games.testing.problems import eliminable, hs071, ranged, steep_power


@dataclass(frozen=True)
class Problem:
    """A model and what solving it must give.

    ``point`` maps names of Vars to their values at the only optimum near the start.
    """

    build: Callable[[], pyo.ConcreteModel]
    objective: float | None
    point: dict[str, float]
    termination: Termination = Termination.CONVERGED
    holds: Quality = Quality.LOCALLY_OPTIMAL


def rosenbrock():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=-1.2)
    m.y = pyo.Var(initialize=1.0)
    m.cost = pyo.Objective(expr=100 * (m.y - m.x**2) ** 2 + (1 - m.x) ** 2)
    return m


def fixed_variable():
    m = rosenbrock()
    m.x.fix(2.0)
    return m


def active_bounds():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.y = pyo.Var(domain=pyo.NonNegativeReals)
    m.cost = pyo.Objective(expr=(m.x - 2) ** 2 + (m.y + 1) ** 2)
    return m


def equality():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(), pyo.Var()
    m.cost = pyo.Objective(expr=m.x**2 + m.y**2)
    m.total = pyo.Constraint(expr=m.x + m.y == 1)
    return m


def maximum():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None), initialize=1)
    m.y = pyo.Var(bounds=(0, None), initialize=1)
    m.gain = pyo.Objective(expr=pyo.log(m.x) + pyo.log(m.y), sense=pyo.maximize)
    m.budget = pyo.Constraint(expr=m.x + 2 * m.y <= 4)
    return m


def parameters():
    m = pyo.ConcreteModel()
    m.p = pyo.Param(initialize=3.0, mutable=True)
    m.top = pyo.Param(initialize=2.0, mutable=True)
    m.x = pyo.Var(bounds=(0, m.top), initialize=1)
    m.y = pyo.Var(bounds=(0, None), initialize=1)
    m.half = pyo.Expression(expr=m.p / 2)
    m.cost = pyo.Objective(expr=(m.x - m.p) ** 2 + (m.y - m.half) ** 2)
    return m


def root_at_zero():
    """Marginal gain is infinite at 0, where the solver starts."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.y = pyo.Var(bounds=(0, 1))
    m.gain = pyo.Objective(expr=2 * m.x**0.5 - m.x - m.y * pyo.log(m.y), sense=pyo.maximize)
    return m


def trigonometry():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(3, 6), initialize=4)
    m.cost = pyo.Objective(expr=pyo.sin(m.x) + pyo.cos(m.x - 1.5 * math.pi) * 0)
    return m


def no_objective():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(), pyo.Var()
    m.sum = pyo.Constraint(expr=m.x + m.y == 1)
    m.square = pyo.Constraint(expr=m.x**3 + m.y == 7)
    m.x.value = 1.5
    return m


def constants():
    m = rosenbrock()
    m.total = pyo.Constraint(expr=m.x + m.y <= 4)
    m.x.fix(1.0)
    m.y.fix(2.0)
    return m


def row_of_fixed():
    """Fixing x leaves an equality without a free variable, which holds."""
    m = rosenbrock()
    m.is_two = pyo.Constraint(expr=m.x**2 == 4)
    m.line = pyo.Constraint(expr=m.y == 2 * m.x)
    m.x.fix(2.0)
    return m


def wide():
    m = pyo.ConcreteModel()
    n = 400
    m.x = pyo.Var(range(n), bounds=(0, None))
    m.cost = pyo.Objective(expr=sum((m.x[i] - i / n) ** 2 for i in range(n)))
    m.total = pyo.Constraint(expr=sum(m.x[i] for i in range(n)) == sum(i / n for i in range(n)) + n)
    return m


def infeasible():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(initialize=1), pyo.Var(initialize=2)
    m.cost = pyo.Objective(expr=m.x + m.y)
    m.disc = pyo.Constraint(expr=m.x**2 + m.y**2 <= -1)
    return m


def contradictory_bounds():
    m = equality()
    m.x.setlb(2)
    m.x.setub(1)
    return m


def fixed_infeasible():
    m = constants()
    m.y.fix(5.0)
    return m


def unbounded():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(initialize=1), pyo.Var(initialize=1)
    m.cost = pyo.Objective(expr=m.x + m.y**2)
    return m


def undefined_start():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=-1)
    m.cost = pyo.Objective(expr=m.x - pyo.log(m.x))
    return m


HALF_E = math.exp(-1)
TOP = 0.1 ** (1 / 0.9)

PROBLEMS = {
    "hs071": Problem(
        hs071,
        17.0140172891563,
        {"x[1]": 1.0, "x[2]": 4.7429996, "x[3]": 3.8211500, "x[4]": 1.3794083},
    ),
    "rosenbrock": Problem(rosenbrock, 0.0, {"x": 1.0, "y": 1.0}),
    "fixed variable": Problem(fixed_variable, 1.0, {"x": 2.0, "y": 4.0}),
    "active bounds": Problem(active_bounds, 2.0, {"x": 1.0, "y": 0.0}),
    "equality": Problem(equality, 0.5, {"x": 0.5, "y": 0.5}),
    "ranged": Problem(ranged, 2.0, {"x": 1.0, "y": 1.0}),
    "maximum": Problem(maximum, math.log(2), {"x": 2.0, "y": 1.0}),
    "parameters": Problem(parameters, 1.0, {"x": 2.0, "y": 1.5}),
    "root at zero": Problem(root_at_zero, 1.0 + HALF_E, {"x": 1.0, "y": HALF_E}),
    "steep power": Problem(steep_power, TOP**0.1 - TOP, {"x": TOP}),
    "trigonometry": Problem(trigonometry, -1.0, {"x": 1.5 * math.pi}),
    "no objective": Problem(no_objective, 0.0, {"x": 2.0, "y": -1.0}),
    "eliminable": Problem(eliminable, 0.0, {"x": 3.0, "y": 1.0}),
    "constants": Problem(constants, 100.0, {"x": 1.0, "y": 2.0}),
    "row of fixed": Problem(row_of_fixed, 1.0, {"x": 2.0, "y": 4.0}),
    "wide": Problem(wide, 400.0, {"x[0]": 1.0, "x[399]": 1.0 + 399 / 400}),
    "infeasible": Problem(infeasible, None, {}, Termination.INFEASIBLE, Quality.POINT),
    "contradictory bounds": Problem(
        contradictory_bounds, None, {}, Termination.INFEASIBLE, Quality.NOTHING
    ),
    "fixed infeasible": Problem(
        fixed_infeasible, None, {}, Termination.INFEASIBLE, Quality.NOTHING
    ),
    "unbounded": Problem(unbounded, None, {}, Termination.UNBOUNDED, Quality.FEASIBLE),
    "undefined start": Problem(
        undefined_start, None, {}, Termination.NUMERICAL_FAILURE, Quality.NOTHING
    ),
}


def chained_rosenbrock(n: int) -> pyo.ConcreteModel:
    """Take about as many iterations as there are variables: for limits and interruptions."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(n), initialize=-1.2)
    m.cost = pyo.Objective(
        expr=sum(100 * (m.x[i + 1] - m.x[i] ** 2) ** 2 + (1 - m.x[i]) ** 2 for i in range(n - 1))
    )
    return m
