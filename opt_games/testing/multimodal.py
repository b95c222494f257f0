"""Problems with several local optima, for global solvers to be tried on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pyomo.environ as pyo

from opt_games.testing.problems import Problem, variables


def double_well() -> pyo.ConcreteModel:
    """Two troughs; the start is in the shallow one."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-3, 3), initialize=1)
    m.cost = pyo.Objective(expr=(m.x**2 - 1) ** 2 + 0.25 * m.x)
    return m


def camel() -> pyo.ConcreteModel:
    """The six-hump camel (Dixon and Szegő 1978): two of six minima are global."""
    m = variables(2, -2, 2, (1.6, -0.6))
    x, y = m.x[1], m.x[2]
    m.cost = pyo.Objective(expr=(4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2)
    return m


def branin() -> pyo.ConcreteModel:
    """Branin's function (Dixon and Szegő 1978): three minima, all global, and a cosine."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(-5, 10), initialize=2), pyo.Var(bounds=(0, 15), initialize=8)
    bowl = m.y - 5.1 / (4 * math.pi**2) * m.x**2 + 5 / math.pi * m.x - 6
    m.cost = pyo.Objective(expr=bowl**2 + 10 * (1 - 1 / (8 * math.pi)) * pyo.cos(m.x) + 10)
    return m


def waves() -> pyo.ConcreteModel:
    """Two sines (Hansen, Jaumard and Lu 1992, problem 2)."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(2.7, 7.5), initialize=3.3)
    m.cost = pyo.Objective(expr=pyo.sin(m.x) + pyo.sin(10 * m.x / 3))
    return m


def concave() -> pyo.ConcreteModel:
    """A concave function, whose minimum is one of the corners."""
    m = variables(2, 0, 4, (0.5, 0.4))
    m.cost = pyo.Objective(expr=-((m.x[1] - 1) ** 2) - (m.x[2] - 1) ** 2)
    m.first = pyo.Constraint(expr=m.x[1] + 2 * m.x[2] <= 6)
    m.second = pyo.Constraint(expr=3 * m.x[1] + m.x[2] <= 8)
    return m


def pooling() -> pyo.ConcreteModel:
    """Haverly's first pooling problem (1978): products of qualities and flows."""
    m = pyo.ConcreteModel()
    m.a, m.b = pyo.Var(bounds=(0, 300), initialize=1), pyo.Var(bounds=(0, 300), initialize=1)
    m.px, m.py = pyo.Var(bounds=(0, 100), initialize=1), pyo.Var(bounds=(0, 200), initialize=1)
    m.cx, m.cy = pyo.Var(bounds=(0, 100), initialize=1), pyo.Var(bounds=(0, 200), initialize=1)
    m.p = pyo.Var(bounds=(1, 3), initialize=2)
    m.gain = pyo.Objective(
        expr=9 * (m.px + m.cx) + 15 * (m.py + m.cy) - 6 * m.a - 16 * m.b - 10 * (m.cx + m.cy),
        sense=pyo.maximize,
    )
    m.pool = pyo.Constraint(expr=m.a + m.b == m.px + m.py)
    m.sulphur = pyo.Constraint(expr=3 * m.a + m.b == m.p * (m.px + m.py))
    m.x_limit = pyo.Constraint(expr=m.p * m.px + 2 * m.cx <= 2.5 * (m.px + m.cx))
    m.y_limit = pyo.Constraint(expr=m.p * m.py + 2 * m.cy <= 1.5 * (m.py + m.cy))
    m.x_demand = pyo.Constraint(expr=m.px + m.cx <= 100)
    m.y_demand = pyo.Constraint(expr=m.py + m.cy <= 200)
    return m


def free_ride() -> pyo.ConcreteModel:
    """What a generalist may earn: a little by investing, more by leaving it to the others."""
    m = pyo.ConcreteModel()
    m.level = pyo.Var(bounds=(0, 4), initialize=3)
    m.profit = pyo.Objective(
        expr=pyo.exp(-2 * m.level) + 0.6 * pyo.exp(-((m.level - 3) ** 2)), sense=pyo.maximize
    )
    return m


def pinned() -> pyo.ConcreteModel:
    """An inequality that the equality only just allows: rounding must not make it infeasible."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, 10), initialize=1), pyo.Var(bounds=(-10, 0), initialize=-8)
    m.cost = pyo.Objective(expr=3 * m.x * m.y**2 + 5 * m.x / (1 + m.y**2))
    m.share = pyo.Constraint(expr=-1.62 * m.x == -7.5)
    m.cap = pyo.Constraint(expr=2.66 * m.x <= 2.66 * 7.5 / 1.62)
    return m


_PINCH = -math.log(0.15) / 0.3


def pinched() -> pyo.ConcreteModel:
    """Two inequalities that leave a single point."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10), initialize=1)
    m.cost = pyo.Objective(expr=2 * m.x + m.x / (1 + m.x**2))
    m.decay = pyo.Constraint(expr=pyo.exp(-0.3 * m.x) >= 0.15)
    m.growth = pyo.Constraint(expr=0.3 * pyo.log(m.x + 0.001) >= 0.3 * math.log(_PINCH + 0.001))
    return m


MULTIMODAL: Mapping[str, Problem] = {
    "double well": Problem(double_well, -0.25379123722046887),
    "camel": Problem(camel, -1.0316284534898774),
    "branin": Problem(branin, 0.39788735772973816),
    "waves": Problem(waves, -1.8995993491521254, {"x": 5.14573529}),
    "concave": Problem(concave, -5.0, {"x[1]": 0.0, "x[2]": 3.0}),
    "pooling": Problem(pooling, 400.0),
    "free ride": Problem(free_ride, 1.0 + 0.6 * math.exp(-9), {"level": 0.0}),
    "pinned": Problem(pinned, 7.5 / 1.62 * (2 * math.sqrt(15) - 3)),
    "pinched": Problem(pinched, 2 * _PINCH + _PINCH / (1 + _PINCH**2), {"x": _PINCH}),
}
"""Problems with several local optima, and the start near a worse one; or with a feasible set so
thin that a solver may lose it to rounding."""
