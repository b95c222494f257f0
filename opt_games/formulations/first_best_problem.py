r"""The first best: levels and shares chosen together, as if levels could be contracted on.

Over the shares :math:`\delta` and the levels :math:`x_0` and :math:`x_i \ge x_0` of those who take
part,

.. math::

   \max \text{ a scalarisation of } (U_0, U_1, \dots, U_n)
   \quad \text{s.t.} \quad \pi_p \ge o_p \quad \text{for every } p \text{ that takes part:}

nobody signs for less than its outside option, and nobody can deviate from a level in the contract.
The scalarisations are those of `opt_games.formulations.frontier_problem`.
"""

from __future__ import annotations

from collections.abc import Collection

import pyomo.environ as pyo

from opt_games.branch import Branch, Closure
from opt_games.formulations.bargaining_problem import utilities_of
from opt_games.formulations.frontier_problem import add_scalarisation
from opt_games.formulations.game_model import game_model, outside_option
from opt_games.game import Game


def first_best_problem(
    game: Game, scalarisation: str, participants: Collection[str] | None = None
) -> pyo.ConcreteModel:
    """State the choice of levels and shares together.

    Parameters
    ----------
    game : Game
    scalarisation : str
        ``"weighted-sum"`` or ``"pascoletti-serafini"``.
    participants : collection of str, optional
        The specialists that take part; by default all.

    Returns
    -------
    pyomo.environ.ConcreteModel
        With mutable Params ``weight`` and ``floor``, or ``floor`` and ``direction``.

    Examples
    --------
    >>> from opt_games import load
    >>> from opt_games.solvers.registry import get_solver
    >>> model = first_best_problem(load("quadratic"), "weighted-sum")
    >>> for player in model.weight:
    ...     model.weight[player] = 1.0
    >>> model.common_share.value = 0.5
    >>> result = get_solver("ipopt").compile(model).solve()
    >>> round(pyo.value(model.objective), 6)  # 1/(4 c0) + 1/(4 c1)
    0.75
    """
    names = game.specialists.names if participants is None else participants
    free = (Closure.STATIONARY,) * len(game.attributes)
    branch = Branch(free, tuple(free if s.name in names else None for s in game.specialists))
    model = game_model(game, branch=branch)
    model.above = pyo.Constraint(
        model.domain.index_set(),
        game.attributes,
        rule=lambda m, name, a: m.domain[name].level[a] >= m.base[a],
        doc="a level is at least the generalist's",
    )
    model.willing = pyo.Constraint(
        model.domain.index_set(),
        rule=lambda m, name: m.domain[name].profit >= outside_option(m, game, name),
        doc="signing pays",
    )
    model.generalist_willing = pyo.Constraint(
        expr=model.profit >= outside_option(model, game, "generalist"), doc="leading pays"
    )
    add_scalarisation(model, utilities_of(model, game, branch), scalarisation)
    return model
