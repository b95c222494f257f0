r"""A player's investment problem, given the others.

A specialist that sees the base levels :math:`x_0` and keeps :math:`1 - \delta_i` solves

.. math:: \max_{x_i \ge x_0} \; (1 - \delta_i)\, r_i(x_i) - \phi_i(x_i; x_0).

The generalist's problem, the specialists' levels held fixed, is

.. math:: \max_{0 \le x_0 \le x_i} \; \sum_i \delta_i\, r_i(x_i) - \phi_0(x_0),

its best reply were all to move at once; how it moves first, foreseeing the responses, is the
equilibrium problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyomo.environ as pyo

from opt_games.branch import Branch, Closure
from opt_games.errors import SpecError
from opt_games.formulations.game_model import game_model
from opt_games.game import Game

Levels = Mapping[str, float]


def investment_problem(
    game: Game,
    player: str,
    *,
    shares: Mapping[str, float],
    levels: Mapping[str, Levels],
) -> pyo.ConcreteModel:
    """State what one player should invest, given the shares and everybody else's levels.

    Parameters
    ----------
    game : Game
    player : str
        ``"generalist"`` or a specialist's name.
    shares : mapping of str to float
        The generalist's share of each domain.
    levels : mapping of str to mapping of str to float
        Levels by player and attribute. A specialist's problem needs the generalist's, and the
        generalist's those of the specialists that take part.

    Returns
    -------
    pyomo.environ.ConcreteModel
        The others' levels are fixed Vars: give them other values and solve again.

    Examples
    --------
    >>> from opt_games import load
    >>> model = investment_problem(
    ...     load("quadratic"), "law", shares={"law": 0.4}, levels={"generalist": {"alpha": 0.2}}
    ... )
    >>> [variable.name for variable in model.component_data_objects(pyo.Var) if not variable.fixed]
    ['domain[law].free_level[alpha]']
    """
    if player not in game.players:
        raise SpecError(f"no player {player!r}; players are {', '.join(game.players)}")
    if player == "generalist":
        participants = [name for name in levels if name != "generalist"]
    else:
        participants = [player]
    free = (Closure.STATIONARY,) * len(game.attributes)
    followers = tuple(free if s.name in participants else None for s in game.specialists)
    model = game_model(game, branch=Branch(free, followers), shares=shares)
    for name in participants:
        if name != player:
            _fix(model.domain[name].free_level, levels[name])
    if player != "generalist":
        _fix(model.base, _given(levels, "generalist"))
    model.above_base = pyo.Constraint(
        participants,
        game.attributes,
        rule=lambda m, i, a: m.domain[i].level[a] >= m.base[a],
        doc="a final level is at least the base level",
    )
    payoff = model.profit if player == "generalist" else model.domain[player].profit
    model.objective = pyo.Objective(expr=payoff, sense=pyo.maximize)
    return model


def _given(levels: Mapping[str, Levels], player: str) -> Levels:
    if player not in levels:
        raise SpecError(f"give the levels of {player!r}")
    return levels[player]


def _fix(variables: Any, levels: Levels) -> None:
    for attribute, value in levels.items():
        variables[attribute].fix(value)
