"""A game's money and utility as array functions, one per functional form.

Specialists that share their formulas form a group: the formulas are compiled once and evaluated
with one array of parameters per name, first axis = specialist of the group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import casadi
import numpy as np

from opt_games.errors import UnsupportedGameError
from opt_games.expression import Expression
from opt_games.game import Game
from opt_games.kernels.array_function import Array, ArrayFunction, Symbols
from opt_games.specialists import SpecialistGroup


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
        For several attributes, regulation, harm, taxes or welfare.
    """
    refuse_what_is_not_built(game)
    (attribute,) = game.attributes
    base_name, final_name = f"{attribute}0", f"{attribute}1"
    outside = game.outside_array()
    groups = []
    forms: dict[tuple[Expression, Expression], list[SpecialistGroup]] = {}
    for group in game.specialists.groups:
        forms.setdefault((group.form.revenue, group.form.cost), []).append(group)
    for (revenue, cost), alike in forms.items():
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
        members = np.concatenate([group.members for group in alike])
        order = np.argsort(members, kind="stable")
        columns = [
            np.concatenate([group.column(name, game.parameters) for group in alike])
            for name in names
        ]
        groups.append(
            FollowerGroup(
                members[order],
                tuple(values[order].reshape(-1, 1, 1) for values in columns),
                outside[members[order] + 1].reshape(-1, 1, 1),
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
        float(outside[0]),
        game.highest_levels()[attribute],
        _utility_groups(game),
    )


def refuse_what_is_not_built(game: Game) -> None:
    """Raise for games that only `opt_games.policy` solves: by solve, sweep and regulate."""
    if not game.has_policy:
        return
    if len(game.attributes) > 1:
        what = f"with several attributes ({', '.join(game.attributes)})"
    else:
        tables = [key for key in ("regulation", "harm", "taxes", "welfare") if getattr(game, key)]
        what = f"with {' and '.join(f'[{key}]' for key in tables) or 'harm'}"
    raise UnsupportedGameError(
        f"{game.name}: of games {what} only solve, sweep and regulate are available; use these"
    )


def _utility_groups(game: Game) -> tuple[UtilityGroup, ...]:
    forms: dict[Expression, list[SpecialistGroup]] = {}
    leader = game.generalist.utility
    if leader is not None:
        forms[leader] = []
    for group in game.specialists.groups:
        if group.form.utility is not None:
            forms.setdefault(group.form.utility, []).append(group)
    groups = []
    for utility, alike in forms.items():
        names = sorted(utility.names - {"profit"})
        symbols = Symbols.named(["profit", *names])
        players = [group.members + 1 for group in alike]
        columns = [[group.column(name, game.parameters) for group in alike] for name in names]
        if utility == leader:
            players.insert(0, np.zeros(1, dtype=np.int64))
            for name, column in zip(names, columns, strict=True):
                column.insert(0, np.full(1, game.parameters[name]))
        groups.append(
            UtilityGroup(
                np.concatenate(players),
                tuple(map(np.concatenate, columns)),
                ArrayFunction.compile(list(symbols.casadi.values()), [symbols.of(utility)]),
            )
        )
    return tuple(groups)
