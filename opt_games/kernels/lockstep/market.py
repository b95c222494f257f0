"""The numbers of many games of one form: parameters, outside options, weights, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.expression import Expression
from opt_games.game import Game
from opt_games.kernels.array_function import Array, ArrayFunction, Symbols
from opt_games.kernels.lockstep.forms import GameForms
from opt_games.kernels.lockstep.lanes import take
from opt_games.parts import GENERALIST

Index = NDArray[np.int64]


@dataclass(frozen=True)
class Market:
    """Many games of one form; the last axis of every array is the game.

    Attributes
    ----------
    forms : GameForms
    followers : tuple of tuple of ndarray, shape (members, 1 or games)
        Parameters of each follower form.
    leader : tuple of ndarray, shape (1 or games,)
    utilities : tuple of tuple of ndarray, shape (players of the form, 1 or games)
    outside, disagreement, weights : ndarray, shape (players, games)
        Money if a player abstains; its utility without agreement; its bargaining power.
    low, high : float
        Bounds of the share.
    """

    forms: GameForms
    followers: tuple[tuple[Array, ...], ...]
    leader: tuple[Array, ...]
    utilities: tuple[tuple[Array, ...], ...]
    outside: Array
    disagreement: Array
    weights: Array
    low: float
    high: float

    @property
    def games(self) -> int:
        """Number of games."""
        return int(self.outside.shape[1])

    @property
    def size(self) -> int:
        """Number of followers."""
        return int(self.outside.shape[0]) - 1

    @classmethod
    def of(cls, game: Game, forms: GameForms, columns: Mapping[str, Array], games: int) -> Market:
        """Evaluate all numbers of the games; values out of range become ``nan`` here."""
        values = {name: np.array([number]) for name, number in game.parameters.items()}
        values |= {name: np.asarray(column, dtype=float) for name, column in columns.items()}
        groups = game.specialists.groups

        def column(names: Sequence[str], members: Index) -> tuple[Array, ...]:
            return tuple(_column(name, members, game, values) for name in names)

        def alone(expression: Expression, local: Mapping[str, Array]) -> Array:
            names = sorted(expression.names)
            arguments = [local[n][:, None] if n in local else values[n] for n in names]
            return evaluate(expression, names, arguments)

        outside = np.empty((1 + len(game.specialists), games))
        outside[0] = alone(game.generalist.outside_option, {})
        for group in groups:
            outside[group.members + 1] = alone(group.form.outside_option, group.columns)
        weights = np.ones(outside.shape)
        for player, formula in (game.bargaining.weights or {}).items():
            weights[_row(game, player)] = alone(formula, {})
        low, high = game.contract.bounds
        market = cls(
            forms,
            tuple(column(form.names, form.members) for form in forms.followers),
            tuple(values[name] for name in forms.leader_names),
            tuple(column(form.names, form.players - 1) for form in forms.utilities),
            outside,
            np.zeros(outside.shape),
            weights,
            low,
            high,
        )
        disagreement, _ = market.utility(market.outside)
        for player, formula in (game.bargaining.disagreement or {}).items():
            disagreement[_row(game, player)] = alone(formula, {})
        return replace(market, disagreement=disagreement)

    def take(self, games: Index | slice) -> Market:
        """Return some of the games."""

        def of(values: Array) -> Array:
            return values if values.shape[-1] == 1 and self.games != 1 else take(values, games)

        return replace(
            self,
            followers=tuple(tuple(map(of, each)) for each in self.followers),
            leader=tuple(map(of, self.leader)),
            utilities=tuple(tuple(map(of, each)) for each in self.utilities),
            outside=take(self.outside, games),
            disagreement=take(self.disagreement, games),
            weights=take(self.weights, games),
        )

    def utility(self, profits: Array) -> tuple[Array, Array]:
        """Return the utility of every player and its derivative.

        The profits have shape (players, ..., games).
        """
        value, slope = np.array(profits), np.ones(np.shape(profits))
        between = (1,) * (value.ndim - 2)
        for form, parameters in zip(self.forms.utilities, self.utilities, strict=True):
            given = (each.reshape(each.shape[0], *between, each.shape[1]) for each in parameters)
            value[form.players], slope[form.players] = form.function(profits[form.players], *given)
        return value, slope


def _row(game: Game, player: str) -> int:
    return 0 if player == GENERALIST else game.specialists.positions[player] + 1


def _column(name: str, members: Index, game: Game, values: Mapping[str, Array]) -> Array:
    """Return one parameter of some players; the player -1 is the leader, without local ones."""
    own = np.zeros(1 + len(game.specialists))
    has = np.zeros(own.size, dtype=bool)
    for group in game.specialists.groups:
        if name in group.columns:
            own[group.members + 1] = group.columns[name]
            has[group.members + 1] = True
    own, has = own[members + 1, None], has[members + 1, None]
    if not has.any():
        return values[name][None, :]
    return own if has.all() else np.where(has, own, values[name])


def evaluate(expression: Expression, names: Sequence[str], arguments: Sequence[Array]) -> Array:
    """Evaluate a formula of parameters for many games."""
    if not names:
        return np.array([expression.evaluate({})])
    symbols = Symbols.named(list(names))
    function = ArrayFunction.compile(list(symbols.casadi.values()), [symbols.of(expression)])
    (value,) = function(*arguments)
    return np.asarray(value)
