"""What solvers are tried on: the formulations of a game, and models whose optimum is known.

A game is solved and certified first. Each of its formulations is then stated on the branch of that
answer, so that its optimum is known without a word from the solvers that are compared:

============  ==================================================================
bargain       `opt_games.bargaining_problem`: the contract, its equilibrium inside
equilibrium   `opt_games.equilibrium_problem`: the generalist leads, at that contract
invest NAME   `opt_games.investment_problem`: a specialist answers the base level
============  ==================================================================

Levels are bounded by twice the reach of the game: beyond it no player can want to go. Multipliers,
which the bargaining problem has as variables, have no such bound, and get none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from opt_games.branch import Branch
from opt_games.formulations.bargaining_problem import bargaining_problem, utilities_of
from opt_games.formulations.equilibrium_problem import equilibrium_problem
from opt_games.formulations.game_model import share_of
from opt_games.formulations.investment import investment_problem
from opt_games.game import Game
from opt_games.parts import GENERALIST

BARGAIN, EQUILIBRIUM, INVEST = "bargain", "equilibrium", "invest"

Levels = Mapping[str, Mapping[str, float] | None]


@dataclass(frozen=True)
class Stated:
    """A problem as a model.

    Attributes
    ----------
    model : ConcreteModel
    outcomes : mapping of str to Pyomo expression
        What besides the objective has to agree with the answer: utilities by player.
    """

    model: pyo.ConcreteModel
    outcomes: Mapping[str, Any]


@dataclass(frozen=True)
class BenchProblem(ABC):
    """A problem with an answer.

    Attributes
    ----------
    name : str
        Of the game and the formulation; unique in a benchmark.
    objective : float
        The optimum, in the model's own sense.
    scale : float
        The size of the terms of the objective, against which its error counts.
    outcomes : mapping of str to (float, float)
        Utilities in the answer, each with the scale against which its error counts.
    gap : float or None
        What is proven of the answer: nobody who solves this problem can gain more, in utility, or
        for a bargain in `BargainGap.score`. None if nothing is proven.
    """

    name: str
    objective: float
    scale: float
    outcomes: Mapping[str, tuple[float, float]]
    gap: float | None

    @abstractmethod
    def state(self) -> Stated:
        """Build the model."""


@dataclass(frozen=True)
class KnownProblem(BenchProblem):
    """A problem of `opt_games.testing`.

    Attributes
    ----------
    title : str
        Its name there.
    """

    title: str

    def state(self) -> Stated:
        """Build the model."""
        from opt_games.testing import MULTIMODAL, PROBLEMS

        return Stated({**PROBLEMS, **MULTIMODAL}[self.title].build(), {})


@dataclass(frozen=True)
class Answer:
    """A certified answer, as the formulations need it.

    Attributes
    ----------
    game : Game
    solution : str
        The bargaining solution.
    branch : Branch
    shares : mapping of str to float
    levels : mapping of str to mapping of str to float, or None
    reach : mapping of str to mapping of str to float
        The largest levels that a player can want, by player and attribute.
    bargainers : tuple of str
        Players who gain by the contract.
    """

    game: Game
    solution: str
    branch: Branch
    shares: Mapping[str, float]
    levels: Levels
    reach: Mapping[str, Mapping[str, float]]
    bargainers: tuple[str, ...]


@dataclass(frozen=True)
class GameProblem(BenchProblem):
    """A formulation of a game.

    Attributes
    ----------
    answer : Answer
    kind : str
        ``"bargain"``, ``"equilibrium"`` or ``"invest"``.
    player : str
        Who invests.
    """

    answer: Answer
    kind: str
    player: str = ""

    def state(self) -> Stated:
        """Build the model."""
        return state(self.answer, self.kind, self.player)


def state(answer: Answer, kind: str, player: str = "") -> Stated:
    """Build the formulation of a kind, on the branch of an answer, with bounded levels."""
    game, branch = answer.game, answer.branch
    if kind == INVEST:
        levels = {GENERALIST: answer.levels[GENERALIST] or {}}
        model = investment_problem(game, player, shares=answer.shares, levels=levels)
        outcomes = {player: model.domain[player].utility}
    else:
        if kind == BARGAIN:
            model = bargaining_problem(game, answer.solution, branch, bargainers=answer.bargainers)
        else:
            model = equilibrium_problem(game, answer.shares, branch)
        outcomes = utilities_of(model, game, branch)
    for var, player_of, attribute in _levels(model, game):
        reach = answer.reach[player_of][attribute]
        if not var.fixed and (var.ub is None or var.ub > reach):
            var.setub(max(reach, var.lb or 0.0))
            if var.value > var.ub:
                var.set_value(var.ub)
    return Stated(model, outcomes)


def set_answer(stated: Stated, answer: Answer) -> None:
    """Give a formulation's levels and shares the values of the answer; multipliers have none."""
    model, game = stated.model, answer.game
    for var, player, attribute in _levels(model, game):
        if not var.fixed:
            levels = answer.levels[player] or {}
            var.set_value(levels[attribute], skip_validation=True)
    for name, share in answer.shares.items():
        held = share_of(model, name)
        if held.is_variable_type():
            held.set_value(share, skip_validation=True)


def _levels(model: Any, game: Game) -> list[tuple[Any, str, str]]:
    """Return the Vars of levels, each with its player and attribute."""
    found = [(model.base[a], GENERALIST, a) for a in game.attributes]
    for name, domain in model.domain.items():
        found += [(domain.free_level[a], name, a) for a in domain.free_level]
    return found
