"""Small problems with known optima, for solvers to be tried on.

Their starts are such that a local solver that walks downhill finds the optimum. All variables have
finite bounds, but for those of `WITHOUT_BOUNDS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyomo.environ as pyo


@dataclass(frozen=True)
class Problem:
    """A model and what solving it must give.

    Attributes
    ----------
    build : callable
        Makes the model afresh.
    objective : float
        The optimum, in the model's own sense.
    point : mapping of str to float
        Values of Vars there, by name, as far as they are unique.
    open_domain : bool
        Whether an expression is undefined at a bound of its variables.
    """

    build: Callable[[], pyo.ConcreteModel]
    objective: float
    point: Mapping[str, float] = field(default_factory=dict)
    open_domain: bool = False


def variables(
    count: int, low: float, high: float, start: float | tuple[float, ...]
) -> pyo.ConcreteModel:
    """Return a model with Vars x[1], x[2] and so on.

    Parameters
    ----------
    count : int
        How many.
    low, high : float
        Bounds of each.
    start : float or tuple of float
        For all, or for each.
    """
    m = pyo.ConcreteModel()
    starts = start if isinstance(start, tuple) else (start,) * count
    m.x = pyo.Var(range(1, count + 1), bounds=(low, high), initialize=dict(enumerate(starts, 1)))
    return m


def hs071() -> pyo.ConcreteModel:
    """Hock and Schittkowski (1981), problem 71."""
    m = variables(4, 1, 5, (1, 5, 5, 1))
    x = m.x
    m.cost = pyo.Objective(expr=x[1] * x[4] * (x[1] + x[2] + x[3]) + x[3])
    m.product = pyo.Constraint(expr=x[1] * x[2] * x[3] * x[4] >= 25)
    m.sphere = pyo.Constraint(expr=sum(x[i] ** 2 for i in x) == 40)
    return m


def hs024() -> pyo.ConcreteModel:
    """Hock and Schittkowski (1981), problem 24: not convex."""
    m = variables(2, 0, 6, (1, 0.5))
    x = m.x
    m.cost = pyo.Objective(expr=((x[1] - 3) ** 2 - 9) * x[2] ** 3 / (27 * math.sqrt(3)))
    m.first = pyo.Constraint(expr=x[1] / math.sqrt(3) - x[2] >= 0)
    m.second = pyo.Constraint(expr=x[1] + math.sqrt(3) * x[2] >= 0)
    m.third = pyo.Constraint(expr=x[1] + math.sqrt(3) * x[2] <= 6)
    return m


def hs028() -> pyo.ConcreteModel:
    """Hock and Schittkowski (1981), problem 28: a singular Hessian, one equation."""
    m = variables(3, -10, 10, (-4, 1, 1))
    x = m.x
    m.cost = pyo.Objective(expr=(x[1] + x[2]) ** 2 + (x[2] + x[3]) ** 2)
    m.line = pyo.Constraint(expr=x[1] + 2 * x[2] + 3 * x[3] == 1)
    return m


def hs035() -> pyo.ConcreteModel:
    """Hock and Schittkowski (1981), problem 35: Beale's quadratic program."""
    m = variables(3, 0, 3, 0.5)
    x = m.x
    m.cost = pyo.Objective(
        expr=9
        - 8 * x[1]
        - 6 * x[2]
        - 4 * x[3]
        + 2 * x[1] ** 2
        + 2 * x[2] ** 2
        + x[3] ** 2
        + 2 * x[1] * x[2]
        + 2 * x[1] * x[3]
    )
    m.plane = pyo.Constraint(expr=x[1] + x[2] + 2 * x[3] <= 3)
    return m


def hs064() -> pyo.ConcreteModel:
    """Hock and Schittkowski (1981), problem 64: badly scaled."""
    m = variables(3, 1, 1000, (25, 25, 250))
    x = m.x
    m.cost = pyo.Objective(
        expr=5 * x[1] + 50000 / x[1] + 20 * x[2] + 72000 / x[2] + 10 * x[3] + 144000 / x[3]
    )
    m.rate = pyo.Constraint(expr=4 / x[1] + 32 / x[2] + 120 / x[3] <= 1)
    return m


def rosenbrock(bound: float | None = 2.0) -> pyo.ConcreteModel:
    """Rosenbrock (1960), a curved valley."""
    m = pyo.ConcreteModel()
    bounds = (None, None) if bound is None else (-bound, bound)
    m.x = pyo.Var(bounds=bounds, initialize=-1.2)
    m.y = pyo.Var(bounds=bounds, initialize=1.0)
    m.cost = pyo.Objective(expr=100 * (m.y - m.x**2) ** 2 + (1 - m.x) ** 2)
    return m


def fixed_variable() -> pyo.ConcreteModel:
    """One of two variables is fixed."""
    m = rosenbrock(5.0)
    m.x.fix(2.0)
    return m


def equal_bounds() -> pyo.ConcreteModel:
    """One of two variables has no room between its bounds."""
    m = rosenbrock(5.0)
    m.x.setlb(2.0)
    m.x.setub(2.0)
    return m


def row_of_fixed() -> pyo.ConcreteModel:
    """Fixing x leaves an equality without a free variable, which holds."""
    m = rosenbrock(5.0)
    m.is_two = pyo.Constraint(expr=m.x**2 == 4)
    m.line = pyo.Constraint(expr=m.y == 2 * m.x)
    m.x.fix(2.0)
    return m


def all_fixed() -> pyo.ConcreteModel:
    """Nothing is left to solve for."""
    m = rosenbrock(5.0)
    m.total = pyo.Constraint(expr=m.x + m.y <= 4)
    m.x.fix(1.0)
    m.y.fix(2.0)
    return m


def active_bounds() -> pyo.ConcreteModel:
    """The optimum is in a corner."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 9))
    m.cost = pyo.Objective(expr=(m.x - 2) ** 2 + (m.y + 1) ** 2)
    return m


def equality(bound: float | None = 3.0) -> pyo.ConcreteModel:
    """The point of a line that is nearest to 0."""
    m = pyo.ConcreteModel()
    bounds = (None, None) if bound is None else (-bound, bound)
    m.x, m.y = pyo.Var(bounds=bounds), pyo.Var(bounds=bounds)
    m.cost = pyo.Objective(expr=m.x**2 + m.y**2)
    m.total = pyo.Constraint(expr=m.x + m.y == 1)
    return m


def linear_corner() -> pyo.ConcreteModel:
    """A linear program whose optimum is degenerate: five limits meet in a corner of the plane."""
    m = pyo.ConcreteModel()
    m.x, m.y = (pyo.Var(bounds=(0, 1), initialize=0.2) for _ in range(2))
    m.gain = pyo.Objective(expr=2 * m.x + m.y, sense=pyo.maximize)
    m.sum = pyo.Constraint(expr=m.x + m.y <= 2)
    m.double = pyo.Constraint(expr=2 * m.x + m.y <= 3)
    m.other = pyo.Constraint(expr=m.x + 2 * m.y <= 3)
    return m


def twice_the_same() -> pyo.ConcreteModel:
    """The active constraint is stated twice, so that its multipliers are not unique."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(-3, 3), initialize=2), pyo.Var(bounds=(-3, 3), initialize=2)
    m.cost = pyo.Objective(expr=m.x**2 + 2 * m.y**2)
    m.first = pyo.Constraint(expr=m.x + m.y >= 3)
    m.second = pyo.Constraint(expr=2 * m.x + 2 * m.y >= 6)
    return m


def ranged() -> pyo.ConcreteModel:
    """A constraint with two sides that depend on a mutable Param."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.1, 10), initialize=3)
    m.y = pyo.Var(bounds=(0.1, 10), initialize=2)
    m.low = pyo.Param(initialize=1.0, mutable=True)
    m.cost = pyo.Objective(expr=m.x + m.y)
    m.area = pyo.Constraint(expr=pyo.inequality(m.low, m.x * m.y, 4 * m.low))
    return m


def utilities() -> pyo.ConcreteModel:
    """Logarithms, maximised under a budget."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, 4), initialize=1), pyo.Var(bounds=(0, 4), initialize=1)
    m.gain = pyo.Objective(expr=pyo.log(m.x) + pyo.log(m.y), sense=pyo.maximize)
    m.budget = pyo.Constraint(expr=m.x + 2 * m.y <= 4)
    return m


def entropy() -> pyo.ConcreteModel:
    """The most even distribution: x log x, whose slope is infinite at the bound 0."""
    m = variables(4, 0, 1, (0.7, 0.1, 0.1, 0.1))
    m.cost = pyo.Objective(expr=sum(m.x[i] * pyo.log(m.x[i]) for i in m.x))
    m.total = pyo.Constraint(expr=sum(m.x[i] for i in m.x) == 1)
    return m


def exponentials() -> pyo.ConcreteModel:
    """A sum of exponentials: the optimum is where both slopes agree, at log(2) / 3."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-5, 5), initialize=-2)
    m.cost = pyo.Objective(expr=pyo.exp(m.x) + pyo.exp(-2 * m.x))
    return m


def parameters() -> pyo.ConcreteModel:
    """Mutable Params in the objective, in a named Expression and in a bound."""
    m = pyo.ConcreteModel()
    m.p = pyo.Param(initialize=3.0, mutable=True)
    m.top = pyo.Param(initialize=2.0, mutable=True)
    m.x = pyo.Var(bounds=(0, m.top), initialize=1)
    m.y = pyo.Var(bounds=(0, 10), initialize=1)
    m.half = pyo.Expression(expr=m.p / 2)
    m.cost = pyo.Objective(expr=(m.x - m.p) ** 2 + (m.y - m.half) ** 2)
    return m


def root_at_zero() -> pyo.ConcreteModel:
    """Marginal gain is infinite at 0, where the solver starts."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, 4), initialize=0), pyo.Var(bounds=(0, 1), initialize=0)
    m.gain = pyo.Objective(expr=2 * m.x**0.5 - m.x - m.y * pyo.log(m.y), sense=pyo.maximize)
    return m


def steep_power() -> pyo.ConcreteModel:
    """A small power, which is a mutable Param."""
    m = pyo.ConcreteModel()
    m.e = pyo.Param(initialize=0.1, mutable=True)
    m.x = pyo.Var(bounds=(0, 10), initialize=5)
    m.gain = pyo.Objective(expr=m.x**m.e - m.x, sense=pyo.maximize)
    return m


def decimal_logarithm() -> pyo.ConcreteModel:
    """A gain in decibels and a linear price."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.1, 10), initialize=1)
    m.gain = pyo.Objective(expr=pyo.log10(m.x) - 0.1 * m.x, sense=pyo.maximize)
    return m


def quotient() -> pyo.ConcreteModel:
    """Neither convex nor concave, with one maximum."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10), initialize=0.5)
    m.gain = pyo.Objective(expr=m.x / (1 + m.x**2), sense=pyo.maximize)
    return m


def trigonometry() -> pyo.ConcreteModel:
    """One trough of the sine."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(3, 6), initialize=4)
    m.cost = pyo.Objective(expr=pyo.sin(m.x) + 0 * pyo.cos(m.x))
    return m


def saturation() -> pyo.ConcreteModel:
    """A hyperbolic tangent and a quadratic cost."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5), initialize=2)
    m.gain = pyo.Objective(expr=2 * pyo.tanh(m.x) - m.x, sense=pyo.maximize)
    return m


def equations() -> pyo.ConcreteModel:
    """No objective: two equations in two unknowns."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(-4, 4), initialize=1.5), pyo.Var(bounds=(-9, 9))
    m.sum = pyo.Constraint(expr=m.x + m.y == 1)
    m.cube = pyo.Constraint(expr=m.x**3 + m.y == 7)
    return m


def eliminable() -> pyo.ConcreteModel:
    """A linear equation that a presolve would use to remove a variable."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, 5)), pyo.Var(bounds=(0, 5))
    m.twice = pyo.Constraint(expr=m.x == 2 * m.y + 1)
    m.cost = pyo.Objective(expr=(m.y - 1) ** 2 + (m.x - 3) ** 2)
    return m


def unused_bound() -> pyo.ConcreteModel:
    """A minimax problem, its maximum a variable."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-2, 2), initialize=1.5)
    m.worst = pyo.Var(bounds=(-50, 50), initialize=9)
    m.cost = pyo.Objective(expr=m.worst)
    m.first = pyo.Constraint(expr=m.worst >= (m.x - 1) ** 2)
    m.second = pyo.Constraint(expr=m.worst >= (m.x + 1) ** 2 - 1)
    return m


def investment() -> pyo.ConcreteModel:
    """What a specialist invests in a fine-tuning game: half the revenue, a quadratic cost."""
    m = pyo.ConcreteModel()
    m.base = pyo.Param(initialize=0.25, mutable=True)
    m.level = pyo.Var(bounds=(0.25, 10), initialize=0.25)
    m.profit = pyo.Objective(expr=0.5 * m.level - 0.5 * (m.level - m.base) ** 2, sense=pyo.maximize)
    return m


def spread(count: int) -> pyo.ConcreteModel:
    """A separable quadratic program: the optimum is the nearest point of a plane."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(count), bounds=(0, 3), initialize=0)
    m.cost = pyo.Objective(expr=sum((m.x[i] - i / count) ** 2 for i in range(count)))
    total = sum(i / count for i in range(count)) + count
    m.total = pyo.Constraint(expr=sum(m.x[i] for i in range(count)) == total)
    return m


_TOP = 0.1 ** (1 / 0.9)
_DECIBEL = 10 / math.log(10)
_FLAT = math.acosh(math.sqrt(2))

PROBLEMS: Mapping[str, Problem] = {
    "hs071": Problem(
        hs071,
        17.0140172891563,
        {"x[1]": 1.0, "x[2]": 4.7429996, "x[3]": 3.8211500, "x[4]": 1.3794083},
    ),
    "hs024": Problem(hs024, -1.0, {"x[1]": 3.0, "x[2]": math.sqrt(3)}),
    "hs028": Problem(hs028, 0.0, {"x[1]": 0.5, "x[2]": -0.5, "x[3]": 0.5}),
    "hs035": Problem(hs035, 1 / 9, {"x[1]": 4 / 3, "x[2]": 7 / 9, "x[3]": 4 / 9}),
    "hs064": Problem(hs064, 6299.842427922),
    "rosenbrock": Problem(rosenbrock, 0.0, {"x": 1.0, "y": 1.0}),
    "fixed variable": Problem(fixed_variable, 1.0, {"x": 2.0, "y": 4.0}),
    "equal bounds": Problem(equal_bounds, 1.0, {"x": 2.0, "y": 4.0}),
    "row of fixed": Problem(row_of_fixed, 1.0, {"x": 2.0, "y": 4.0}),
    "all fixed": Problem(all_fixed, 100.0, {"x": 1.0, "y": 2.0}),
    "active bounds": Problem(active_bounds, 2.0, {"x": 1.0, "y": 0.0}),
    "equality": Problem(equality, 0.5, {"x": 0.5, "y": 0.5}),
    "linear corner": Problem(linear_corner, 3.0, {"x": 1.0, "y": 1.0}),
    "twice the same": Problem(twice_the_same, 6.0, {"x": 2.0, "y": 1.0}),
    "ranged": Problem(ranged, 2.0, {"x": 1.0, "y": 1.0}),
    "utilities": Problem(utilities, math.log(2), {"x": 2.0, "y": 1.0}, open_domain=True),
    "entropy": Problem(entropy, -math.log(4), {"x[1]": 0.25, "x[4]": 0.25}, open_domain=True),
    "exponentials": Problem(exponentials, 2 ** (1 / 3) + 2 ** (-2 / 3), {"x": math.log(2) / 3}),
    "parameters": Problem(parameters, 1.0, {"x": 2.0, "y": 1.5}),
    "root at zero": Problem(
        root_at_zero, 1.0 + math.exp(-1), {"x": 1.0, "y": math.exp(-1)}, open_domain=True
    ),
    "steep power": Problem(steep_power, _TOP**0.1 - _TOP, {"x": _TOP}),
    "decimal logarithm": Problem(
        decimal_logarithm, math.log10(_DECIBEL) - 0.1 * _DECIBEL, {"x": _DECIBEL}
    ),
    "quotient": Problem(quotient, 0.5, {"x": 1.0}),
    "trigonometry": Problem(trigonometry, -1.0, {"x": 1.5 * math.pi}),
    "saturation": Problem(saturation, 2 * math.tanh(_FLAT) - _FLAT, {"x": _FLAT}),
    "equations": Problem(equations, 0.0, {"x": 2.0, "y": -1.0}),
    "eliminable": Problem(eliminable, 0.0, {"x": 3.0, "y": 1.0}),
    "minimax": Problem(unused_bound, 0.5625, {"x": 0.25, "worst": 0.5625}),
    "investment": Problem(investment, 0.25, {"level": 0.75}),
    "spread": Problem(lambda: spread(5), 5.0, {"x[0]": 1.0, "x[4]": 1.8}),
}
"""Problems with one local optimum, or a start next to the best."""

WITHOUT_BOUNDS: Mapping[str, Problem] = {
    "rosenbrock": Problem(lambda: rosenbrock(None), 0.0, {"x": 1.0, "y": 1.0}),
    "equality": Problem(lambda: equality(None), 0.5, {"x": 0.5, "y": 0.5}),
}
"""Problems some of whose variables have no bounds."""
