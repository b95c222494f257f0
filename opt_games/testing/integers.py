"""Small problems with integer and binary variables, for solvers that take them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pyomo.environ as pyo

from opt_games.testing.problems import Problem


def knapsack() -> pyo.ConcreteModel:
    """Which of five projects to fund."""
    worth, cost = (10, 13, 7, 11, 2), (5, 6, 4, 5, 1)
    m = pyo.ConcreteModel()
    m.fund = pyo.Var(range(5), domain=pyo.Binary, initialize=0)
    m.gain = pyo.Objective(expr=sum(w * m.fund[i] for i, w in enumerate(worth)), sense=pyo.maximize)
    m.budget = pyo.Constraint(expr=sum(c * m.fund[i] for i, c in enumerate(cost)) <= 10)
    return m


def whole_and_real() -> pyo.ConcreteModel:
    """A whole number of sites and their size; its relaxation would build one and a half."""
    m = pyo.ConcreteModel()
    m.sites = pyo.Var(domain=pyo.Integers, bounds=(0.5, 5.5), initialize=5)
    m.size = pyo.Var(bounds=(0.1, 10), initialize=1)
    m.cost = pyo.Objective(expr=2 * m.sites + m.size + m.size**2 / 4)
    m.demand = pyo.Constraint(expr=m.sites * m.size >= 4)
    return m


def fixed_charge() -> pyo.ConcreteModel:
    """Investment with a fixed cost, which is just worth it."""
    m = pyo.ConcreteModel()
    m.enter = pyo.Var(domain=pyo.Binary, initialize=0)
    m.level = pyo.Var(bounds=(0, 4), initialize=0)
    m.profit = pyo.Objective(
        expr=2 * pyo.log(1 + m.level) - m.level / 2 - 1.1 * m.enter, sense=pyo.maximize
    )
    m.only_inside = pyo.Constraint(expr=m.level <= 4 * m.enter)
    return m


def switched() -> pyo.ConcreteModel:
    """A binary variable that chooses between two troughs: one narrow and deep."""
    m = pyo.ConcreteModel()
    m.deep = pyo.Var(domain=pyo.Binary, initialize=0)
    m.x = pyo.Var(bounds=(-3, 3), initialize=2)
    m.cost = pyo.Objective(
        expr=(1 - m.deep) * (m.x - 2) ** 2 + m.deep * (8 * (m.x + 1.5) ** 2 - 0.5)
    )
    return m


def follower() -> pyo.ConcreteModel:
    """A cubic with its Fritz John conditions, which leave a few points only.

    At a tolerance of 1e-8 on constraints MAiNGO 0.10 loses the best of them, at -1, and claims a
    proof of 0.173.
    """
    m = pyo.ConcreteModel()
    m.y = pyo.Var(bounds=(-1, 1), initialize=0)
    m.weight = pyo.Var(bounds=(0, 1), initialize=0)
    m.switch = pyo.Var(range(3), domain=pyo.Binary, initialize=0)
    m.cost = pyo.Objective(expr=0.75 * m.y**3 - 2.16 * m.y * m.y + 1.34 * m.y)
    limit = 1.86 * m.y * m.y + 1.78 * m.y - 1.872
    slope = 2.25 * m.y**2 - 4.32 * m.y + 1.34
    total = (1 - m.weight) * slope + m.weight * (3.72 * m.y + 1.78)
    m.limit = pyo.Constraint(expr=limit <= 0)
    m.up = pyo.Constraint(expr=total <= 7.910000007909999 * m.switch[0])
    m.low = pyo.Constraint(expr=m.y + 1 <= 2.000000002 * (1 - m.switch[0]))
    m.down = pyo.Constraint(expr=-total <= 2.98000000298 * m.switch[1])
    m.high = pyo.Constraint(expr=1 - m.y <= 2.000000002 * (1 - m.switch[1]))
    m.binds = pyo.Constraint(expr=m.weight <= m.switch[2])
    m.bound = pyo.Constraint(expr=-limit <= 5.512000005512 * (1 - m.switch[2]))
    return m


INTEGERS: Mapping[str, Problem] = {
    "knapsack": Problem(knapsack, 21.0),
    "whole and real": Problem(whole_and_real, 7.0, {"sites": 2.0, "size": 2.0}),
    "fixed charge": Problem(fixed_charge, 2 * math.log(4) - 2.6, {"level": 3.0}),
    "switched": Problem(switched, -0.5, {"deep": 1.0, "x": -1.5}),
    "follower": Problem(follower, -4.25, {"y": -1.0}),
}
"""Problems with integer variables, and their optima."""
