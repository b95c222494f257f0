"""A game's money and utility as array functions, one per functional form.

Specialists that share their formulas form a group: the formulas are compiled once and evaluated
with one array of parameters per name, first axis = specialist of the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import casadi
import numpy as np

from opt_games.errors import UnsupportedGameError
from opt_games.expression import Expression
from opt_games.game import Game, Specialist
from opt_games.kernels.array_function import Array, ArrayFunction, Symbols


@dataclass(frozen=True)
class FollowerGroup:
    """Followers with the same formulas.

    Attributes
    ----------
    members : ndarray of int
        Their positions among all followers of the game.
    parameters : tuple of ndarray, shape (members, 1, 1)
        Values of the names that the formulas use; the axes behind are cases and base levels.
    outside : ndarray, shape (members, 1, 1)
        What each earns when it abstains.
    values, first, second : ArrayFunction
        Of (final level, base level, *parameters): revenue and cost; their derivatives in the final
        level; and both of these orders with the cross derivative of the cost.
    """

    members: np.ndarray[Any, np.dtype[np.int64]]
    parameters: tuple[Array, ...]
    outside: Array
    values: ArrayFunction
    first: ArrayFunction
    second: ArrayFunction

    def take(self, rows: slice) -> FollowerGroup:
        """Return some of the members as a group of their own."""
        return FollowerGroup(
            self.members[rows],
            tuple(values[rows] for values in self.parameters),
            self.outside[rows],
            self.values,
            self.first,
            self.second,
        )


@dataclass(frozen=True)
class UtilityGroup:
    """Players with the same utility function of profit."""

    players: np.ndarray[Any, np.dtype[np.int64]]
    parameters: tuple[Array, ...]
    function: ArrayFunction


@dataclass(frozen=True)
class Payoffs:
    """Everything the array engine knows of a game with one attribute.

    Attributes
    ----------
    followers : tuple of FollowerGroup
    leader_cost : ArrayFunction
        Of (base level, *leader_parameters): the cost and its derivative.
    outside : float
        What the leader earns when it abstains.
    cap : float
        Largest level allowed, ``inf`` where there is none.
    """

    game: Game
    followers: tuple[FollowerGroup, ...]
    leader_cost: ArrayFunction
    leader_parameters: tuple[float, ...]
    outside: float
    cap: float
    utility_groups: tuple[UtilityGroup, ...]

    @property
    def size(self) -> int:
        """Number of followers."""
        return len(self.game.specialists)

    def utilities(self, profits: Array) -> Array:
        """Return the utility of every player; `profits` has shape (players, ...)."""
        result = np.array(profits, dtype=float)
        for group in self.utility_groups:
            shape = (-1,) + (1,) * (result.ndim - 1)
            parameters = tuple(values.reshape(shape) for values in group.parameters)
            (utility,) = group.function(profits[group.players], *parameters)
            result[group.players] = utility
        return result


def compile_payoffs(game: Game) -> Payoffs:
    """Compile a game of one attribute for the array engine.

    Raises
    ------
    UnsupportedGameError
        For several attributes, regulation, harm or welfare.
    """
    refuse_what_is_not_built(game)
    (attribute,) = game.attributes
    base_name, final_name = f"{attribute}0", f"{attribute}1"
    outside = game.outside_options()
    groups = []
    forms: dict[tuple[Expression, Expression], list[int]] = {}
    for k, specialist in enumerate(game.specialists):
        forms.setdefault((specialist.revenue, specialist.cost), []).append(k)
    for (revenue, cost), members in forms.items():
        names = sorted((revenue.names | cost.names) - {base_name, final_name})
        symbols = Symbols.named([final_name, base_name, *names])
        inputs = list(symbols.casadi.values())
        final, base = inputs[:2]
        earned, spent = symbols.of(revenue), symbols.of(cost)
        marginal = [casadi.gradient(earned, final), casadi.gradient(spent, final)]
        curvature = [
            casadi.gradient(marginal[0], final),
            casadi.gradient(marginal[1], final),
            casadi.gradient(marginal[1], base),
        ]
        specialists = [game.specialists[k] for k in members]
        groups.append(
            FollowerGroup(
                np.array(members),
                tuple(values.reshape(-1, 1, 1) for values in _columns(game, specialists, names)),
                np.array([outside[s.name] for s in specialists]).reshape(-1, 1, 1),
                ArrayFunction.compile(inputs, [earned, spent]),
                ArrayFunction.compile(inputs, marginal),
                ArrayFunction.compile(inputs, marginal + curvature),
            )
        )
    names = sorted(game.generalist.cost.names - {base_name})
    symbols = Symbols.named([base_name, *names])
    cost0 = symbols.of(game.generalist.cost)
    inputs = list(symbols.casadi.values())
    values = game.values(None)
    return Payoffs(
        game,
        tuple(groups),
        ArrayFunction.compile(inputs, [cost0, casadi.gradient(cost0, inputs[0])]),
        tuple(values[name] for name in names),
        outside["generalist"],
        game.highest_levels()[attribute],
        _utility_groups(game),
    )


def refuse_what_is_not_built(game: Game) -> None:
    """Raise for games whose equilibrium this version cannot compute."""
    if len(game.attributes) > 1:
        raise UnsupportedGameError(
            f"{game.name}: equilibria of games with several attributes "
            f"({', '.join(game.attributes)}) are not available yet; use one attribute"
        )
    for key in ("regulation", "harm", "welfare"):
        if getattr(game, key) is not None:
            raise UnsupportedGameError(
                f"{game.name}: equilibria with a [{key}] table are not available yet; remove it"
            )
    for specialist in game.specialists:
        if specialist.harm is not None:
            raise UnsupportedGameError(
                f"{game.name}: specialists.{specialist.name}.harm is not available yet; remove it"
            )


def _columns(game: Game, specialists: Sequence[Specialist], names: Sequence[str]) -> list[Array]:
    values = [game.values(specialist) for specialist in specialists]
    return [np.array([row[name] for row in values], dtype=float) for name in names]


def _utility_groups(game: Game) -> tuple[UtilityGroup, ...]:
    forms: dict[Expression, list[int]] = {}
    everybody: list[Specialist | None] = [None, *game.specialists]
    for k, player in enumerate(everybody):
        utility = game.generalist.utility if player is None else player.utility
        if utility is not None:
            forms.setdefault(utility, []).append(k)
    groups = []
    for utility, players in forms.items():
        names = sorted(utility.names - {"profit"})
        symbols = Symbols.named(["profit", *names])
        rows = [game.values(everybody[k]) for k in players]
        groups.append(
            UtilityGroup(
                np.array(players),
                tuple(np.array([row[name] for row in rows]) for name in names),
                ArrayFunction.compile(list(symbols.casadi.values()), [symbols.of(utility)]),
            )
        )
    return tuple(groups)
