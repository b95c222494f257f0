r"""The game in Pyomo: levels, shares, revenues, costs, profits and utilities by name.

The three formulations add constraints and an objective to this model. With attributes
:math:`a \in A` and specialists :math:`i`,

.. math::

   \pi_0 = \sum_{i\ \text{takes part}} \delta_i r_i(x_i) - \phi_0(x_0), \qquad
   \pi_i = (1 - \delta_i) r_i(x_i) - \phi_i(x_i; x_0), \qquad U_p = u_p(\pi_p).

Components of the model:

========================  =========================================================
``parameter[name]``       mutable Params, the spec's ``[parameters]``
``base[attribute]``       Vars, the generalist's levels
``share[i]``              Vars, or mutable Params where the contract is given; with a
                          common share, ``common_share``
``domain[i]``             one Block per specialist that takes part, with Vars
                          ``free_level[attribute]``, Params ``parameter[name]``, and
                          Expressions ``level[attribute]`` (a free level, or the bound it
                          is at), ``revenue``, ``cost``, ``profit``, ``utility``, and
                          ``content[attribute]``, the marginal profit where the level
                          stays at the base level or at a floor
``profit``, ``cost``,     Expressions, the generalist's
``utility``
========================  =========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr.visitor import ExpressionReplacementVisitor

from opt_games.branch import Branch, Closure
from opt_games.expression import Expression
from opt_games.formulations.derivative import derivatives
from opt_games.formulations.policy import DomainMoney, generalist_cost, less
from opt_games.game import GENERALIST, Game


def game_model(
    game: Game,
    *,
    branch: Branch | None = None,
    shares: Mapping[str, float] | None = None,
) -> pyo.ConcreteModel:
    """State a game's levels, shares and payoffs, without objective or constraints.

    Parameters
    ----------
    game : Game
    branch : Branch, optional
        Says who takes part and which levels are at a bound. Specialists that abstain have no
        variables, and a level at a bound is an Expression instead of a Var. By default everybody
        takes part with every level free.
    shares : mapping of str to float, optional
        A given contract, as mutable Params. Without it shares are variables.

    Returns
    -------
    pyomo.environ.ConcreteModel

    Examples
    --------
    >>> from opt_games import load
    >>> model = game_model(load("quadratic"), shares={"law": 0.4})
    >>> model.base["alpha"].value = 0.2
    >>> model.domain["law"].free_level["alpha"].value = 0.8
    >>> round(pyo.value(model.domain["law"].profit), 10)
    0.3
    """
    branch = branch or contributing(game)
    model = pyo.ConcreteModel(name=game.name)
    model.parameter = _parameters(game.parameters)
    _add_shares(model, game, [specialist.name for specialist in game.specialists], shares)
    add_levels(model, game, branch)
    return model


def contributing(game: Game) -> Branch:
    """Return the branch on which every level is free."""
    free = (Closure.STATIONARY,) * len(game.attributes)
    return Branch(free, (free,) * len(game.specialists))


def add_levels(model: pyo.ConcreteModel, game: Game, branch: Branch, *, block: Any = None) -> None:
    """Add levels and payoffs to a model, or to a block of it that shares contract and parameters.

    The second copy lets a formulation speak of what the generalist might do instead.
    """
    block = model if block is None else block
    highest = game.highest_levels()
    upper = {a: None if highest[a] == float("inf") else highest[a] for a in game.attributes}
    lead_floor, floor = (
        {a: max(floors.get(a, 0.0), 0.0) for a in game.attributes}
        for floors in game.floors().values()
    )
    block.base = pyo.Var(
        game.attributes,
        bounds=lambda _, a: (lead_floor[a], upper[a]),
        initialize=lambda _, a: max(0.5, lead_floor[a]),
    )
    participants = [game.specialists[k] for k in branch.participants]
    block.domain = pyo.Block([s.name for s in participants])
    common = {name: model.parameter[name] for name in game.parameters}
    base = {f"{a}0": block.base[a] for a in game.attributes}
    earned = []
    for k, specialist in zip(branch.participants, participants, strict=True):
        domain = block.domain[specialist.name]
        domain.parameter = _parameters(specialist.parameters)
        closures = dict(zip(game.attributes, branch.followers[k] or (), strict=True))
        free = [a for a in game.attributes if closures[a] is Closure.STATIONARY]
        domain.free_level = pyo.Var(
            free,
            bounds=lambda _, a: (floor[a], upper[a]),
            initialize=lambda _, a: max(1.0, floor[a]),
        )
        at_bound = {Closure.LOWER: block.base, Closure.FLOOR: floor, Closure.UPPER: highest}
        domain.level = pyo.Expression(
            game.attributes,
            initialize={
                a: domain.free_level[a] if a in free else at_bound[closures[a]][a]
                for a in game.attributes
            },
        )
        symbols = common | {name: domain.parameter[name] for name in specialist.parameters}
        final = {f"{a}1": domain.level[a].expr for a in game.attributes}
        share = share_of(model, specialist.name)
        money = DomainMoney(game, specialist, common)
        domain.content = pyo.Expression(
            [a for a in game.attributes if closures[a] in (Closure.LOWER, Closure.FLOOR)],
            rule=lambda _, a, m=money, f=final, y=symbols, p=share: _temptation(
                m, a, f[f"{a}1"], p, y | f | base
            ),
        )
        domain.revenue = pyo.Expression(expr=specialist.revenue.build(symbols | final))
        domain.cost = pyo.Expression(expr=specialist.cost.build(symbols | final | base))
        domain.profit = pyo.Expression(
            expr=less(
                (1 - share) * money.kept(domain.revenue) - domain.cost,
                money.dues("specialists", symbols | final),
            )
        )
        domain.utility = pyo.Expression(expr=_utility(specialist.utility, domain.profit, symbols))
        earned.append(money.leads(share, domain.revenue, symbols | final))
    block.cost = pyo.Expression(expr=generalist_cost(game, common, base))
    block.profit = pyo.Expression(expr=sum(earned) - block.cost)
    block.utility = pyo.Expression(expr=_utility(game.generalist.utility, block.profit, common))


def share_of(model: pyo.ConcreteModel, specialist: str) -> Any:
    """Return the Var or Param that holds a specialist's share."""
    common = model.component("common_share")
    return model.share[specialist] if common is None else common


def outside_option(block: Any, game: Game, player: str) -> Any:
    """Return the money of a player that abstains: a number, or an expression of the parameters.

    The player must be among those that take part in the model, or the block of it.
    """
    part = game.generalist if player == GENERALIST else game.specialist(player)
    return part.outside_option.build(_symbols(block, game, player))


def disagreement(block: Any, game: Game, player: str) -> Any:
    """Return a player's utility without agreement, as `outside_option` its money."""
    given = game.bargaining.disagreement or {}
    if player in given:
        return given[player].build(_symbols(block, game, GENERALIST))
    part = game.generalist if player == GENERALIST else game.specialist(player)
    money = outside_option(block, game, player)
    return _utility(part.utility, money, _symbols(block, game, player))


def weight(block: Any, game: Game, player: str) -> Any:
    """Return a player's bargaining power, 1 unless given, as `outside_option` its money."""
    given = game.bargaining.weights or {}
    return given[player].build(_symbols(block, game, GENERALIST)) if player in given else 1.0


def set_parameters(model: pyo.ConcreteModel, game: Game) -> None:
    """Give a built model the parameter values of another game of the same form.

    A compiled model solves for the new values at its next call; nothing is rebuilt.
    """
    for name, value in game.parameters.items():
        model.parameter[name].value = value
    for specialist in game.specialists:
        if specialist.name in model.domain:
            for name, value in specialist.parameters.items():
                model.domain[specialist.name].parameter[name].value = value


def _symbols(block: Any, game: Game, player: str) -> dict[str, Any]:
    """Return what stands for each parameter that a player sees."""
    common = block.model().parameter
    symbols = {name: common[name] for name in game.parameters}
    if player != GENERALIST:
        local = block.domain[player].parameter
        symbols |= {name: local[name] for name in local}
    return symbols


def _parameters(values: Mapping[str, float]) -> pyo.Param:
    return pyo.Param(list(values), initialize=dict(values), mutable=True, within=pyo.Reals)


def _add_shares(
    model: pyo.ConcreteModel, game: Game, names: list[str], shares: Mapping[str, float] | None
) -> None:
    low, high = game.contract.bounds
    if shares is not None:
        model.share = pyo.Param(
            names, initialize={name: shares[name] for name in names}, mutable=True
        )
    elif game.contract.shares == "common":
        model.common_share = pyo.Var(bounds=(low, high), initialize=(low + high) / 2)
    else:
        model.share = pyo.Var(names, bounds=(low, high), initialize=(low + high) / 2)


def _temptation(
    money: DomainMoney, attribute: str, level: Any, share: Any, symbols: Mapping[str, Any]
) -> Any:
    """Return the marginal profit of a specialist that stays at its lower bound."""
    own = pyo.Var()
    own.construct()
    own.set_value(pyo.value(level, exception=False), skip_validation=True)
    profit = money.profit(share, {**symbols, f"{attribute}1": own})
    (slope,) = derivatives(profit, [own])
    return ExpressionReplacementVisitor(substitute={id(own): level}).walk_expression(slope)


def _utility(utility: Expression | None, profit: Any, symbols: Mapping[str, Any]) -> Any:
    return profit if utility is None else utility.build({**symbols, "profit": profit})
