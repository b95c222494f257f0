r"""The equilibrium problem: the generalist leads, the specialists follow, the contract is given.

On a `Branch` the specialists' best responses are the equations :math:`E_i(x_i, x_0) = 0` of
`opt_games.formulations.leader_followers`, and the generalist solves

.. math::

   \max_{x_0, x} \; \sum_i \delta_i r_i(x_i) - \phi_0(x_0)
   \quad \text{s.t.} \quad E_i(x_i, x_0) = 0, \;\; \pi_i \ge o_i
   \quad \text{for every } i \text{ that takes part.}

A solution is the best point of its branch. That no other branch is better, and that whoever
abstains prefers to, is for the global search to find and for the regret to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyomo.environ as pyo

from opt_games.branch import Branch, Closure
from opt_games.formulations.game_model import contributing, game_model, outside_option
from opt_games.formulations.leader_followers import Follower, add_responses, close_leader
from opt_games.game import Game


def equilibrium_problem(
    game: Game, shares: Mapping[str, float], branch: Branch | None = None
) -> pyo.ConcreteModel:
    """State the generalist's problem with the specialists' responses inside.

    Parameters
    ----------
    game : Game
    shares : mapping of str to float
        The contract; mutable Params of the model.
    branch : Branch, optional
        Which equations hold. By default everybody contributes.

    Returns
    -------
    pyomo.environ.ConcreteModel

    Examples
    --------
    >>> from opt_games import load
    >>> from opt_games.solvers.registry import get_solver
    >>> model = equilibrium_problem(load("quadratic"), {"law": 0.4})
    >>> result = get_solver("ipopt").compile(model).solve()
    >>> round(pyo.value(model.domain["law"].level["alpha"]), 6)
    0.8
    """
    branch = branch or contributing(game)
    model = game_model(game, branch=branch, shares=shares)
    add_responses(model, followers_of(model, game, branch))
    _add_bounds(model, game, branch)
    close_leader([model.base[a] for a in game.attributes], branch)
    model.objective = pyo.Objective(expr=model.profit, sense=pyo.maximize)
    return model


def _add_bounds(model: Any, game: Game, branch: Branch) -> None:
    """Say which of its lower bounds holds a level that is at one, where floors may exceed 0."""
    floors = game.floors()["specialists"]
    model.bound = pyo.ConstraintList(doc="a level is at the higher of its two lower bounds")
    for k in branch.participants:
        for attribute, closure in zip(game.attributes, branch.followers[k] or (), strict=True):
            floor = floors.get(attribute, 0.0)
            if closure is Closure.LOWER and floor > 0.0:
                model.bound.add(model.base[attribute] >= floor)
            elif closure is Closure.FLOOR:
                model.bound.add(model.base[attribute] <= floor)


def followers_of(block: Any, game: Game, branch: Branch) -> list[Follower]:
    """Describe the specialists of a model or block as followers of the generalist."""
    followers = []
    for k in branch.participants:
        name = game.specialists[k].name
        domain = block.domain[name]
        free = list(domain.free_level)
        # a share of 1 of its own makes this 0 <= 0, which blunts what an interior point finds
        alone = game.contract.shares == "separate" and len(game.specialists) > 1
        content = () if alone else tuple(each.expr for each in domain.content.values())
        followers.append(
            Follower(
                tuple(domain.free_level[a] for a in free),
                tuple(block.base[a] for a in free),
                domain.profit.expr,
                outside_option(block, game, name),
                k in branch.binding,
                k in branch.turning,
                content,
            )
        )
    return followers
