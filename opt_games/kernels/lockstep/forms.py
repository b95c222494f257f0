"""A game's formulas and their derivatives, generated once, for lanes that are different games.

Derivatives come from the user's expressions through CasADi. Powers are first written as
``exp(b * log(a))``, so that a formula and all its derivatives share one logarithm and one
exponential; the functions at a contribution of zero keep the powers, which are exact there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import casadi
import numpy as np
from numpy.typing import NDArray

from opt_games.expression import Expression
from opt_games.game import Game
from opt_games.kernels.array_function import ArrayFunction, Symbols
from opt_games.kernels.lockstep.rewriting import as_exponentials, with_fractions_divided

if TYPE_CHECKING:
    from opt_games.kernels.lockstep.fused import Fused

ArrayFormula = Callable[..., tuple[Any, ...]]

_LARGEST_STEP = 3.0  # of a Newton step in log contribution


@dataclass(frozen=True)
class FollowerForm:
    """Followers with the same formulas; arguments end with the form's parameters.

    Attributes
    ----------
    members : ndarray of int
        Their positions among all followers.
    names : tuple of str
        The parameters of the form, in order.
    respond : function of (base, contribution, share, *parameters)
        Newton step in log contribution, and revenue, cost and marginal revenue times the slope of
        the response.
    lead : function of (base, contribution, share, *parameters)
        All that a leader's step takes, see `Lead`.
    stay : function of (base, *parameters)
        At a contribution of zero, see `Stay`.
    values : function of (base, contribution, *parameters)
        Revenue and cost.
    curvature : casadi.Function of (base, contribution, *parameters)
        Second derivatives of revenue and cost in the final level, powers as they are.
    symbolic : tuple of casadi.Function
        `respond`, `lead` and `stay` as they were generated.
    """

    members: NDArray[np.int64]
    names: tuple[str, ...]
    respond: ArrayFormula
    lead: ArrayFormula
    stay: ArrayFormula
    values: ArrayFormula
    curvature: Any
    symbolic: tuple[Any, Any, Any]


RESPOND = ("step", "revenue", "cost", "marginal")
"""Outputs of `FollowerForm.respond`."""

LEAD = (
    "step",  # Newton step in log contribution, at a given base level
    "revenue",
    "cost",
    "marginal_revenue",
    "slope",  # d final / d base, along the response
    "final_by_share",  # d final / d share, along the response
    "cost_by_base",  # at a given final level
    "marginal",  # marginal revenue times slope
    "marginal_by_base",  # along the response
    "marginal_by_final",  # at a given base level
    "marginal_by_share",  # along the response
)
"""Outputs of `FollowerForm.lead`."""

STAY = ("revenue", "cost", "marginal_revenue", "marginal_cost", "cost_by_base", "bend")
"""Outputs of `FollowerForm.stay`: `bend` is the second derivative of revenue."""


@dataclass(frozen=True)
class UtilityForm:
    """Players with the same utility: of (profit, *parameters), its value and derivative."""

    players: NDArray[np.int64]
    names: tuple[str, ...]
    function: ArrayFormula


@dataclass(frozen=True)
class GameForms:
    """All formulas of a game with one attribute.

    Attributes
    ----------
    leader_cost : function of (base, *parameters)
        Cost, its first and its second derivative.
    smooth : bool
        Whether no formula has a corner.
    fused : Fused, optional
        The kernels in machine code.
    """

    followers: tuple[FollowerForm, ...]
    leader_names: tuple[str, ...]
    leader_cost: ArrayFormula
    utilities: tuple[UtilityForm, ...]
    smooth: bool
    fused: Fused | None = None


def compile_forms(game: Game, *, fuse: bool = False) -> GameForms:
    """Generate and compile the formulas of a game.

    Parameters
    ----------
    game : Game
        With one attribute.
    fuse : bool
        Whether to generate the kernels in machine code, too; needs numba.
    """
    (attribute,) = game.attributes
    base_name, final_name = f"{attribute}0", f"{attribute}1"
    forms: dict[tuple[Expression, Expression], list[NDArray[np.int64]]] = {}
    for group in game.specialists.groups:
        forms.setdefault((group.form.revenue, group.form.cost), []).append(group.members)
    corners: list[bool] = []
    followers = []
    for (revenue, cost), rows in forms.items():
        members = np.sort(np.concatenate(rows))
        names = tuple(sorted((revenue.names | cost.names) - {base_name, final_name}))
        symbols = Symbols.named([final_name, base_name, *names])
        earned, spent = symbols.of(revenue), symbols.of(cost)
        corners.append(_has_corners(list(symbols.casadi.values()), [earned, spent]))
        followers.append(_follower_form(members, names, symbols, earned, spent))
    names = tuple(sorted(game.generalist.cost.names - {base_name}))
    symbols = Symbols.named([base_name, *names])
    inputs = list(symbols.casadi.values())
    spent = symbols.of(game.generalist.cost)
    corners.append(_has_corners(inputs, [spent]))
    spent = as_exponentials(inputs, [spent], inputs)[0]
    first = casadi.gradient(spent, inputs[0])
    outputs = _shared([spent, first, casadi.gradient(first, inputs[0])])
    utilities = _utility_forms(game, corners)
    fused = None
    if fuse:
        from opt_games.kernels.lockstep.fused import Fused

        fused = Fused.of(followers, casadi.Function("cost", inputs, outputs), len(names))
    return GameForms(
        tuple(followers),
        names,
        ArrayFunction.compile(inputs, outputs),
        utilities,
        not any(corners),
        fused,
    )


def _follower_form(
    members: NDArray[np.int64],
    names: tuple[str, ...],
    symbols: Symbols,
    earned: Any,
    spent: Any,
) -> FollowerForm:
    final, base, *parameters = symbols.casadi.values()
    share, extra = casadi.SX.sym("share"), casadi.SX.sym("contribution")

    def at_contribution(expressions: list[Any]) -> list[Any]:
        # CasADi cancels (base + contribution) - base: no digits are lost next to the base level
        return list(casadi.substitute(expressions, [final], [base + extra]))

    plain = [earned, spent]
    raw_first = [casadi.gradient(each, final) for each in plain]
    raw_second = [casadi.gradient(each, final) for each in raw_first]
    # written so that bounds of them tell their signs
    curvature = at_contribution(
        [
            casadi.gradient(casadi.gradient(each, final), final)
            for each in with_fractions_divided(list(symbols.casadi.values()), plain, final)
        ]
    )
    at_base = casadi.substitute(
        [*plain, *raw_first, casadi.gradient(spent, base), raw_second[0]], [final], [base]
    )
    inside = [base, extra, *parameters]
    revenue, cost = as_exponentials(inside, at_contribution(plain), inside)
    marginal_revenue = casadi.gradient(revenue, extra)
    marginal_cost = casadi.gradient(cost, extra)
    gain = (1.0 - share) * marginal_revenue
    gain1 = casadi.gradient(gain, extra)
    cost1 = casadi.gradient(marginal_cost, extra)
    step = -casadi.log(gain / marginal_cost) / (extra * (gain1 / gain - cost1 / marginal_cost))
    step = casadi.fmax(-_LARGEST_STEP, casadi.fmin(_LARGEST_STEP, step))
    # own marginal payoff in the coordinates (base, contribution)
    own = gain - marginal_cost
    own_extra = gain1 - cost1
    # contribution along the response: by base, by share
    extra_by_base = -casadi.gradient(own, base) / own_extra
    slope = 1.0 + extra_by_base
    by_share = marginal_revenue / own_extra
    marginal = marginal_revenue * slope
    marginal_by_extra = casadi.gradient(marginal, extra)
    marginal_by_base = casadi.gradient(marginal, base) + marginal_by_extra * extra_by_base
    marginal_by_share = casadi.gradient(marginal, share) + marginal_by_extra * by_share
    lead = [
        step,
        revenue,
        cost,
        marginal_revenue,
        slope,
        by_share,
        casadi.gradient(cost, base) - marginal_cost,
        marginal,
        marginal_by_base,
        marginal_by_extra,
        marginal_by_share,
    ]
    inputs = [base, extra, share, *parameters]
    short = _shared([step, revenue, cost, marginal])
    lead, stay = _shared(lead), _shared(list(at_base))
    return FollowerForm(
        members,
        names,
        ArrayFunction.compile(inputs, short),
        ArrayFunction.compile(inputs, lead),
        ArrayFunction.compile([base, *parameters], stay),
        ArrayFunction.compile([base, extra, *parameters], _shared(at_contribution(plain))),
        casadi.Function("curvature", [base, extra, *parameters], curvature),
        (
            casadi.Function("respond", inputs, short),
            casadi.Function("lead", inputs, lead),
            casadi.Function("stay", [base, *parameters], stay),
        ),
    )


def _shared(expressions: list[Any]) -> list[Any]:
    return list(casadi.cse(expressions))


_CORNERS = frozenset(
    {
        casadi.OP_FABS,
        casadi.OP_SIGN,
        casadi.OP_FMIN,
        casadi.OP_FMAX,
        casadi.OP_IF_ELSE_ZERO,
        casadi.OP_LT,
        casadi.OP_LE,
        casadi.OP_EQ,
        casadi.OP_NE,
    }
)


def _has_corners(inputs: list[Any], expressions: list[Any]) -> bool:
    function = casadi.Function("formula", inputs, expressions)
    return any(function.instruction_id(k) in _CORNERS for k in range(function.n_instructions()))


def _utility_forms(game: Game, corners: list[bool]) -> tuple[UtilityForm, ...]:
    by_formula: dict[Expression, list[NDArray[np.int64]]] = {}
    if game.generalist.utility is not None:
        by_formula.setdefault(game.generalist.utility, []).append(np.zeros(1, dtype=np.int64))
    for group in game.specialists.groups:
        if group.form.utility is not None:
            by_formula.setdefault(group.form.utility, []).append(group.members + 1)
    forms = []
    for formula, rows in by_formula.items():
        players = np.sort(np.concatenate(rows))
        names = tuple(sorted(formula.names - {"profit"}))
        symbols = Symbols.named(["profit", *names])
        inputs = list(symbols.casadi.values())
        utility = symbols.of(formula)
        corners.append(_has_corners(inputs, [utility]))
        outputs = [utility, casadi.gradient(utility, inputs[0])]
        forms.append(UtilityForm(players, names, ArrayFunction.compile(inputs, _shared(outputs))))
    return tuple(forms)
