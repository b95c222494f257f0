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
        locals_ = [dict(specialist.parameters) for specialist in game.specialists]

        def column(names: Sequence[str], members: Sequence[int]) -> tuple[Array, ...]:
            return tuple(_column(name, members, locals_, values) for name in names)

        def alone(expression: Expression, local: Mapping[str, float]) -> Array:
            names = sorted(expression.names)
            arguments = [np.array([local[n]]) if n in local else values[n] for n in names]
            return np.broadcast_to(evaluate(expression, names, arguments), (games,))

        outside = [alone(game.generalist.outside_option, {})]
        outside += [
            alone(specialist.outside_option, local)
            for specialist, local in zip(game.specialists, locals_, strict=True)
        ]
        weights = {
            player: alone(formula, {})
            for player, formula in (game.bargaining.weights or {}).items()
        }
        low, high = game.contract.bounds
        market = cls(
            forms,
            tuple(column(form.names, form.members.tolist()) for form in forms.followers),
            tuple(values[name] for name in forms.leader_names),
            tuple(column(form.names, (form.players - 1).tolist()) for form in forms.utilities),
            np.array(outside),
            np.zeros((len(outside), games)),
            np.array([weights.get(player, np.ones(games)) for player in game.players]),
            low,
            high,
        )
        disagreement, _ = market.utility(market.outside)
        given = game.bargaining.disagreement or {}
        for k, player in enumerate(game.players):
            if player in given:
                disagreement[k] = alone(given[player], {})
        return replace(market, disagreement=disagreement)

    def take(self, games: Index | slice) -> Market:
        """Return some of the games."""

        def of(values: Array) -> Array:
            return values if values.shape[-1] == 1 and self.games != 1 else values[..., games]

        return replace(
            self,
            followers=tuple(tuple(map(of, each)) for each in self.followers),
            leader=tuple(map(of, self.leader)),
            utilities=tuple(tuple(map(of, each)) for each in self.utilities),
            outside=self.outside[:, games],
            disagreement=self.disagreement[:, games],
            weights=self.weights[:, games],
        )

    def utility(self, profits: Array) -> tuple[Array, Array]:
        """Return the utility of every player and its derivative; `profits` has shape (players, ..., games)."""
        value, slope = np.array(profits), np.ones(np.shape(profits))
        between = (1,) * (value.ndim - 2)
        for form, parameters in zip(self.forms.utilities, self.utilities, strict=True):
            given = (each.reshape(each.shape[0], *between, each.shape[1]) for each in parameters)
            value[form.players], slope[form.players] = form.function(profits[form.players], *given)
        return value, slope


def _column(
    name: str,
    members: Sequence[int],
    local: Sequence[Mapping[str, float]],
    values: Mapping[str, Array],
) -> Array:
    """Return one parameter of some players; the player -1 is the leader, without local ones."""
    own = [local[k].get(name) if k >= 0 else None for k in members]
    if all(each is None for each in own):
        return values[name][None, :]
    if all(each is not None for each in own):
        return np.array(own, dtype=float)[:, None]
    size = values[name].size
    rows = [values[name] if each is None else np.full(size, each) for each in own]
    return np.array(rows)


def evaluate(expression: Expression, names: Sequence[str], arguments: Sequence[Array]) -> Array:
    """Evaluate a formula of parameters for many games."""
    if not names:
        return np.array([expression.evaluate({})])
    symbols = Symbols.named(list(names))
    function = ArrayFunction.compile(list(symbols.casadi.values()), [symbols.of(expression)])
    (value,) = function(*arguments)
    return np.asarray(value)
