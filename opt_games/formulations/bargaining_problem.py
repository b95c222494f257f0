r"""The bargaining problem: a contract is chosen, its equilibrium stands inside.

With :math:`U_p(\delta)` the utilities at the equilibrium and :math:`d_p` the disagreement payoffs,

====================== ==================================================================
nash                   :math:`\max \sum_p w_p \log (U_p - d_p)`, the log of the product
utilitarian, weighted  :math:`\max \sum_p w_p U_p`
egalitarian            :math:`\max t` subject to :math:`t \le U_p - d_p`
kalai-smorodinsky      :math:`\max t` subject to :math:`t\,(U^*_p - d_p) \le U_p - d_p`
max-performance        :math:`\max \sum_i \alpha_{1i}`
powerful-generalist    :math:`\max U_0`
powerful-specialist    :math:`\max \sum_i U_i`
====================== ==================================================================

over the shares :math:`\delta`, subject to :math:`U_p \ge d_p` and to the equations of one `Branch`:
the specialists' responses and the generalist's first-order conditions, with its multipliers as
variables (`opt_games.formulations.leader_followers`). A rival branch adds the condition that the
generalist cannot do better there, in a copy of the levels of its own. Where the equilibrium jumps
as the shares move, that condition is what holds the best contract.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyomo.environ as pyo

from opt_games.branch import Branch
from opt_games.formulations.equilibrium_problem import followers_of
from opt_games.formulations.game_model import (
    add_levels,
    contributing,
    disagreement,
    game_model,
    outside_option,
    weight,
)
from opt_games.formulations.leader_followers import add_leader_conditions, add_responses
from opt_games.game import Game
from opt_games.parts import canonical_solution


def bargaining_problem(
    game: Game,
    solution: str = "nash",
    branch: Branch | None = None,
    *,
    rivals: Sequence[Branch] = (),
    favoured: str | None = None,
    ideal: Mapping[str, float] | None = None,
    bargainers: Collection[str] | None = None,
) -> pyo.ConcreteModel:
    """State the choice of a contract with the equilibrium inside.

    Parameters
    ----------
    game : Game
    solution : str
        A name of `opt_games.SOLUTIONS` or an alias.
    branch : Branch, optional
        Which equations hold at the equilibrium. By default everybody contributes.
    rivals : sequence of Branch, optional
        Other branches that must not be better for the generalist.
    favoured : str, optional
        Maximise the utility of this player alone instead; every player's best is what
        ``kalai-smorodinsky`` needs as `ideal`.
    ideal : mapping of str to float, optional
        For ``kalai-smorodinsky``: every player's best utility over the same contracts.
    bargainers : collection of str, optional
        Players whose gains count in ``nash``, ``egalitarian`` and ``kalai-smorodinsky``; all that
        take part by default.

    Returns
    -------
    pyomo.environ.ConcreteModel

    Examples
    --------
    >>> from opt_games import load
    >>> from opt_games.solvers.registry import get_solver
    >>> model = bargaining_problem(load("quadratic"), "utilitarian")
    >>> model.common_share.value, model.base["alpha"].value = 0.4, 0.2
    >>> result = get_solver("ipopt").compile(model).solve()
    >>> round(model.common_share.value, 6)
    0.333333
    """
    branch = branch or contributing(game)
    model = contract_problem(game, branch, rivals=rivals)
    utilities = utilities_of(model, game, branch)
    limits = {p: disagreement(model, game, p) for p in utilities}
    # where disagreement is the outside option, willingness to take part says the same
    signing = [p for p, limit in limits.items() if _may_exceed(limit, model, game, p)]
    model.rational = pyo.Constraint(
        signing,
        rule=lambda _, p: utilities[p] >= limits[p],
        doc="nobody signs for less than disagreement",
    )
    counted = [p for p in utilities if bargainers is None or p in bargainers]
    gains = {p: utilities[p] - limits[p] for p in counted}
    if favoured is None:
        goal = _objective(
            model, game, canonical_solution(solution), utilities, gains, limits, ideal
        )
    else:
        goal = utilities[favoured]
    model.objective = pyo.Objective(expr=goal, sense=pyo.maximize)
    return model


def contract_problem(
    game: Game, branch: Branch, *, rivals: Sequence[Branch] = ()
) -> pyo.ConcreteModel:
    """State a contract with its equilibrium inside, without an objective.

    Parameters
    ----------
    game : Game
    branch : Branch
        Which equations hold at the equilibrium.
    rivals : sequence of Branch, optional
        Other branches that must not be better for the generalist.

    Returns
    -------
    pyomo.environ.ConcreteModel
    """
    model = game_model(game, branch=branch)
    _add_equilibrium(model, model, game, branch)
    model.rival = pyo.Block(range(len(rivals)))
    for k, rival in enumerate(rivals):
        add_levels(model, game, rival, block=model.rival[k])
        _add_equilibrium(model, model.rival[k], game, rival)
    model.no_better_base = pyo.Constraint(
        range(len(rivals)),
        rule=lambda m, k: m.profit >= m.rival[k].profit,
        doc="the generalist does no better on a rival branch",
    )
    model.generalist_willing = pyo.Constraint(
        expr=model.profit >= outside_option(model, game, "generalist"), doc="leading pays"
    )
    return model


def utilities_of(model: Any, game: Game, branch: Branch) -> dict[str, Any]:
    """Return the utilities of those who take part, as Pyomo expressions by player."""
    utilities: dict[str, Any] = {"generalist": model.utility}
    names = [game.specialists[k].name for k in branch.participants]
    return utilities | {name: model.domain[name].utility for name in names}


def _may_exceed(limit: Any, model: Any, game: Game, player: str) -> bool:
    """Whether disagreement can be worth more than the outside option, with other parameters too."""
    if player not in (game.bargaining.disagreement or {}):
        return False
    money = outside_option(model, game, player)
    if isinstance(limit, float) and isinstance(money, float):
        return limit > game.utility_of(player, money)
    return True


def _add_equilibrium(model: Any, block: Any, game: Game, branch: Branch) -> None:
    followers = followers_of(block, game, branch)
    add_responses(block, followers)
    levels = [block.base[a] for a in game.attributes]
    add_leader_conditions(block, levels, block.profit.expr, followers, branch)


def _objective(
    model: Any,
    game: Game,
    solution: str,
    utilities: Mapping[str, Any],
    gains: Mapping[str, Any],
    limits: Mapping[str, Any],
    ideal: Mapping[str, float] | None,
) -> Any:
    weights = {p: weight(model, game, p) for p in utilities}
    if solution == "nash":
        # without bargaining power a player's gain does not count, not even whether there is one
        powerful = game.weights()
        return sum(weights[p] * pyo.log(gain) for p, gain in gains.items() if powerful[p] > 0)
    if solution == "utilitarian":
        return sum(utilities.values())
    if solution == "weighted":
        return sum(weights[p] * utility for p, utility in utilities.items())
    if solution == "powerful-generalist":
        return utilities["generalist"]
    if solution == "powerful-specialist":
        return sum(utility for p, utility in utilities.items() if p != "generalist")
    if solution == "max-performance":
        return sum(domain.level[game.attributes[0]] for domain in model.domain.values())
    model.worst = pyo.Var(initialize=0.0)
    if solution == "egalitarian":
        model.epigraph = pyo.Constraint(
            list(gains), rule=lambda m, p: m.worst <= gains[p], doc="the smallest gain"
        )
        return model.worst
    best = {} if ideal is None else {p: ideal[p] for p in gains}
    model.ideal = pyo.Param(list(gains), initialize=best, mutable=True)
    model.epigraph = pyo.Constraint(
        list(gains),
        rule=lambda m, p: m.worst * (m.ideal[p] - limits[p]) <= gains[p],
        doc="the smallest part of what a player could gain",
    )
    return model.worst
