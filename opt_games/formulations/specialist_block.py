r"""One specialist of a bargain over separate shares, as CasADi functions to map over columns.

The mathematics is that of `opt_games.formulations.bargaining_problem`. A specialist that
contributes :math:`y = x_1 - x_0` under the share :math:`\delta` adds to the whole problem

.. math::

   P = \delta\, r(x_0 + y), \qquad
   M = \delta\, r'(x_0 + y)\, s, \qquad s = \frac{dx_1}{dx_0} = 1 - \frac{E_{x_0}}{E_y}, \qquad
   E = (1 - \delta)\, r'(x_0 + y) - \phi_y :

its part :math:`P` of the generalist's revenue, and its part :math:`M` of the generalist's marginal
revenue. The slope :math:`s` of its response takes the place of the multiplier that the Pyomo model
has for its first-order condition :math:`E = 0`; with it every row of the problem but two, the sums
over :math:`P` and :math:`M`, is of one specialist alone. The condition itself gives the share,

.. math:: \delta = 1 - \frac{\phi_y(x_0 + y, x_0)}{r'(x_0 + y)},

so that the contribution is all there is to vary. The variable of a specialist is :math:`w` in
:math:`y = Y w^q`, with :math:`Y` the contribution at the lowest share. Near a share of 1 the
contribution goes to zero, as the power :math:`q` of what the specialist keeps: :math:`w` is about
that part, :math:`w = 0` is giving up everything, and nothing is steep or flat on the way there.
Who free-rides has its share as its variable, :math:`y = 0`, :math:`s = 1`, and is content:
:math:`E \le 0`.

At a rival base level :math:`x_r`, which the generalist must not prefer, the specialist would pay
:math:`P_r(\delta)`, with its response to that level inside. It stands in the problem as its Taylor
polynomial of second order around the present share; the problem is solved again until that is
exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import casadi

from opt_games.kernels.array_function import Symbols
from opt_games.specialists import SpecialistGroup


class Goal(Enum):
    """What a specialist's term of the objective is made of."""

    NOTHING = "nothing"
    UTILITY = "utility"
    LOG_GAIN = "log gain"
    LEVEL = "level"


@dataclass(frozen=True)
class BlockKind:
    """The specialists of one functional form that have the same rows in the problem.

    Attributes
    ----------
    group : int
        Position of the functional form among `Specialists.groups`.
    contributes : bool
        Whether it contributes; else it free-rides.
    floor : bool
        Whether it has a row for its least utility.
    epigraph : bool
        Whether it has a row for its part in the smallest gain.
    goal : Goal
    rivals : int
        How many rival base levels there are.
    """

    group: int
    contributes: bool
    floor: bool
    epigraph: bool
    goal: Goal
    rivals: int = 0

    @property
    def sums(self) -> int:
        """To how many sums over all it adds."""
        return 2 + self.rivals

    @property
    def constants(self) -> tuple[str, ...]:
        """What its functions take besides the parameters of its formulas."""
        if not self.rivals:
            return CONSTANTS
        return (*CONSTANTS, "present_share", *RIVAL_TERMS * self.rivals)

    @property
    def rows(self) -> int:
        """How many rows of its own it has."""
        return 1 + int(self.floor) + int(self.epigraph)


CONSTANTS = (
    "base_scale",
    "level_scale",
    "level_power",
    "slope_scale",
    "utility_scale",
    "least",
    "disagreement",
    "span",
    "weight",
)
"""What a block takes besides the parameters of its formulas, one number per specialist."""

RIVAL_TERMS = ("paid", "paid_by_share", "half_bend")
"""Coefficients of what it would pay at a rival base level, one triple per rival."""


@dataclass(frozen=True)
class Block:
    """Functions of one specialist.

    The arguments are ``(base, worst, own, numbers)``: the base level and the smallest gain, its own
    variable, its parameters and constants, all scaled. The variable is the share of who free-rides,
    and of who contributes what stands for its contribution. Rows are those that are sums over all,
    then its own; the first of who contributes is its share.

    Attributes
    ----------
    names : tuple of str
        The parameters of its formulas; `BlockKind.constants` follow.
    values : casadi.Function
        Its term of the objective, the sums and its rows, one column.
    slopes : casadi.Function
        The derivative of the objective's term in the base level; of the sums; of its rows; then of
        the objective's term in its own variable; and of sums and rows in that.
    curvature : casadi.Function
        Of these and multipliers of objective, sums and rows: the Lagrangian's second derivative in
        the base level, in that and its own variable, and in its own.
    """

    names: tuple[str, ...]
    values: Any
    slopes: Any
    curvature: Any


def specialist_block(group: SpecialistGroup, kind: BlockKind, attribute: str) -> Block:
    """Generate the functions of a functional form.

    Parameters
    ----------
    group : SpecialistGroup
    kind : BlockKind
    attribute : str
        What levels measure.
    """
    form = group.form
    base_name, final_name = f"{attribute}0", f"{attribute}1"
    used = form.revenue.names | form.cost.names
    used |= frozenset() if form.utility is None else form.utility.names
    names = tuple(sorted(used - {base_name, final_name, "profit"}))
    symbols = Symbols.named([final_name, base_name, "profit", *names])
    final, base, profit, *parameters = symbols.casadi.values()
    extra, share = casadi.SX.sym("contribution"), casadi.SX.sym("share")
    # CasADi cancels (base + contribution) - base
    revenue, cost = casadi.substitute(
        [symbols.of(form.revenue), symbols.of(form.cost)], [final], [base + extra]
    )
    marginal = casadi.gradient(revenue, extra)
    own = (1 - share) * marginal - casadi.gradient(cost, extra)
    slope = casadi.SX(1.0)
    if kind.contributes:
        slope = 1 - casadi.gradient(own, base) / casadi.gradient(own, extra)
    constants = {name: casadi.SX.sym(name) for name in CONSTANTS}
    worst = casadi.SX.sym("worst")
    money = (1 - share) * revenue - cost
    utility = money
    if form.utility is not None:
        (utility,) = casadi.substitute([symbols.of(form.utility)], [profit], [money])
    unit = constants["utility_scale"]
    gain = (utility - constants["disagreement"]) / unit
    goal = {
        Goal.NOTHING: casadi.SX(0.0),
        Goal.UTILITY: constants["weight"] * utility,
        Goal.LOG_GAIN: constants["weight"] * casadi.log(gain),
        Goal.LEVEL: base + extra,
    }[kind.goal]
    scaled = [casadi.SX.sym("base"), casadi.SX.sym("own")]
    kept = casadi.gradient(cost, extra) / marginal
    agreed = 1 - kept if kind.contributes else scaled[1]
    rows = [share * marginal * slope, share * revenue]
    present = casadi.SX.sym("present_share")
    rivals = [[casadi.SX.sym(each) for each in RIVAL_TERMS] for _ in range(kind.rivals)]
    change = share - present
    rows += [paid + change * (by_share + change * bend) for paid, by_share, bend in rivals]
    rows.append(share if kind.contributes else own / constants["slope_scale"])
    if kind.floor:
        rows.append((utility - constants["least"]) / unit)
    if kind.epigraph:
        rows.append(gain - worst * constants["span"] / unit)
    level = casadi.SX(0.0)
    if kind.contributes:
        level = constants["level_scale"] * scaled[1] ** constants["level_power"]
    shared = casadi.substitute(casadi.vertcat(goal, *rows), share, agreed)
    replaced = casadi.substitute(
        [shared], [base, extra], [scaled[0] * constants["base_scale"], level]
    )
    more = [present, *(each for rival in rivals for each in rival)] if rivals else []
    numbers = casadi.vertcat(*parameters, *constants.values(), *more)
    return _functions(names, scaled[0], worst, scaled[1], numbers, replaced)


def _functions(
    names: tuple[str, ...], base: Any, worst: Any, own: Any, numbers: Any, replaced: list[Any]
) -> Block:
    inputs = [base, worst, own, numbers]
    column = casadi.vertcat(*replaced)
    by_base = casadi.densify(casadi.jacobian(column, base))
    by_own = casadi.densify(casadi.jacobian(column, own))
    slopes = casadi.vertcat(by_base, by_own[0, :].T, casadi.vec(by_own[1:, :]))
    multipliers = casadi.SX.sym("multipliers", column.numel())
    both = casadi.vertcat(base, own)
    hessian, _ = casadi.hessian(casadi.dot(multipliers, column), both)
    upper = [hessian[row, k] for k in range(both.numel()) for row in range(k + 1)]
    curvature = casadi.densify(casadi.vertcat(*upper))
    return Block(
        names,
        casadi.Function("values", inputs, casadi.cse([casadi.densify(column)])),
        casadi.Function("slopes", inputs, casadi.cse([slopes])),
        casadi.Function("curvature", [*inputs, multipliers], casadi.cse([curvature])),
    )
