r"""Contracts on the Pareto frontier: scalarisations with the equilibrium inside.

With :math:`U_p(\delta)` the utilities at the equilibrium, over the shares :math:`\delta`,

=================== ==========================================================================
weighted-sum        :math:`\max \sum_p w_p U_p` subject to :math:`U_p \ge a_p`
pascoletti-serafini :math:`\max t` subject to :math:`U_p \ge a_p + t\,r_p`
=================== ==========================================================================

Without floors :math:`a_p` the first is the weighted sum, which finds contracts on the convex hull
of the frontier only. With floors for all players but one, and that one's weight alone, it is the
:math:`\varepsilon`-constraint method. Both that and the second, of Pascoletti and Serafini
(Scalarizing vector optimization problems, 1984), also reach what is not convex.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyomo.environ as pyo

from opt_games.branch import Branch
from opt_games.formulations.bargaining_problem import contract_problem, utilities_of
from opt_games.formulations.game_model import contributing
from opt_games.game import Game

WEIGHTED_SUM, PASCOLETTI_SERAFINI = "weighted-sum", "pascoletti-serafini"
NO_FLOOR = -1e20


def frontier_problem(
    game: Game,
    scalarisation: str,
    branch: Branch | None = None,
    *,
    rivals: Sequence[Branch] = (),
) -> pyo.ConcreteModel:
    """State a scalarisation of the choice of a contract.

    Parameters
    ----------
    game : Game
    scalarisation : str
        ``"weighted-sum"`` or ``"pascoletti-serafini"``.
    branch : Branch, optional
        Which equations hold at the equilibrium. By default everybody contributes.
    rivals : sequence of Branch, optional
        Other branches that must not be better for the generalist.

    Returns
    -------
    pyomo.environ.ConcreteModel
        With mutable Params ``weight`` and ``floor``, or ``floor`` and ``direction``, of the players
        whose utility the branch leaves open.

    Examples
    --------
    >>> from opt_games import load
    >>> from opt_games.solvers.registry import get_solver
    >>> model = frontier_problem(load("quadratic"), "weighted-sum")
    >>> model.weight["law"] = 1.0
    >>> model.floor["generalist"] = 0.25
    >>> model.common_share.value, model.base["alpha"].value = 0.4, 0.2
    >>> result = get_solver("ipopt").compile(model).solve()
    >>> round(pyo.value(model.utility), 6), round(model.common_share.value, 6)
    (0.25, 0.333333)
    """
    branch = branch or contributing(game)
    model = contract_problem(game, branch, rivals=rivals)
    kept = {game.specialists[k].name for k in branch.binding}
    utilities = {p: u for p, u in utilities_of(model, game, branch).items() if p not in kept}
    add_scalarisation(model, utilities, scalarisation)
    return model


def add_scalarisation(model: Any, utilities: Mapping[str, Any], scalarisation: str) -> None:
    """Add a scalarisation of utilities to a model: Params, constraints ``enough``, objective."""
    players = list(utilities)
    model.floor = pyo.Param(players, initialize=NO_FLOOR, mutable=True)
    if scalarisation == WEIGHTED_SUM:
        model.weight = pyo.Param(players, initialize=0.0, mutable=True)
        model.enough = pyo.Constraint(
            players, rule=lambda m, p: utilities[p] >= m.floor[p], doc="nobody gets less"
        )
        goal = sum(model.weight[p] * utilities[p] for p in players)
    else:
        model.direction = pyo.Param(players, initialize=1.0, mutable=True)
        model.step = pyo.Var(initialize=0.0)
        model.enough = pyo.Constraint(
            players,
            rule=lambda m, p: utilities[p] >= m.floor[p] + m.step * m.direction[p],
            doc="everybody moves along the direction",
        )
        goal = model.step
    model.objective = pyo.Objective(expr=goal, sense=pyo.maximize)
