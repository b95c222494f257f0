"""What gains in profit are worth in utility, bounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import casadi
import numpy as np

from opt_games.certificates.interval_function import IntervalFunction
from opt_games.certificates.intervals import Array, Interval, Places, point
from opt_games.certificates.payoffs import spread
from opt_games.checks import PROFIT
from opt_games.expression import Expression
from opt_games.game import Game
from opt_games.kernels.array_function import Symbols

_PIECES = 64


@dataclass(frozen=True)
class _Curve:
    """A utility of players that share its formula: the value and the slope."""

    players: Places
    function: IntervalFunction
    parameters: tuple[Array, ...]

    def at(self, profit: Interval, which: Places) -> tuple[Interval, Interval]:
        """Enclose utility and slope at profits of some of the players, one each."""
        found = self.function(profit, *(point(values[which]) for values in self.parameters))
        value, slope = (spread(each, which.size) for each in found.values)
        partial = np.broadcast_to(np.asarray(found.domain.partial), which.shape)
        return (
            (np.where(partial, -np.inf, value[0]), np.where(partial, np.inf, value[1])),
            (np.where(partial, -np.inf, slope[0]), np.where(partial, np.inf, slope[1])),
        )


@dataclass(frozen=True)
class Worth:
    """The utilities of a game's players."""

    players: tuple[str, ...]
    curves: tuple[_Curve, ...]

    @classmethod
    def of(cls, game: Game) -> Worth:
        """Compile the utilities of a game.

        Examples
        --------
        >>> import opt_games
        >>> worth = Worth.of(opt_games.load("quadratic"))
        >>> nothing = np.zeros(2)
        >>> worth.gains(nothing, np.array([0.5, 0.0]), nothing, []).round(9).tolist()
        [0.5, 0.0]
        """
        curves = []
        if game.generalist.utility is not None:
            utility = game.generalist.utility
            names = sorted(utility.names - {PROFIT})
            columns = tuple(np.array([game.parameters[name]]) for name in names)
            curves.append(_curve(utility, names, np.array([0]), columns))
        for group in game.specialists.groups:
            if group.form.utility is not None:
                names = sorted(group.form.utility.names - {PROFIT})
                columns = tuple(group.column(name, game.parameters) for name in names)
                curves.append(_curve(group.form.utility, names, group.members + 1, columns))
        return cls(game.players, tuple(curves))

    def gains(self, low: Array, high: Array, outside: Array, reasons: list[str]) -> Array:
        """Bound what rising from profits `low` to `high` is worth to every player.

        Adds to `reasons` where a utility cannot be shown to increase from the lowest profit that
        matters to the highest: the bounds then say nothing.
        """
        result = np.where(high > low, (high - low) * (1.0 + 1e-15), 0.0)
        for curve in self.curves:
            which = np.arange(curve.players.size)
            mine, most = low[curve.players], np.maximum(high, low)[curve.players]
            _, slope = curve.at((mine, most), which)
            width = np.where(most > mine, most - mine, 0.0) * (1.0 + 1e-15)
            result[curve.players] = np.where(width > 0.0, np.maximum(slope[1], 0.0) * width, 0.0)
            first = np.minimum(mine, outside[curve.players])
            falls = np.zeros(which.size, dtype=bool)
            for piece in range(_PIECES):
                ends = [first + (most - first) * (piece + k) / _PIECES for k in (0, 1)]
                _, slope = curve.at((ends[0], ends[1]), which)
                falls |= ~(slope[0] >= 0.0)
            for k in np.flatnonzero(falls)[:3]:
                name = self.players[curve.players[k]]
                reasons.append(f"the utility of {name} could not be shown to increase")
        return np.where(np.isnan(result), np.inf, result)

    def enclose(self, profits: Sequence[Interval]) -> list[Interval]:
        """Enclose utilities for profits, by player an interval per case."""
        result = list(profits)
        for curve in self.curves:
            for k, player in enumerate(curve.players):
                cases = profits[player][0].size
                value, _ = curve.at(profits[player], np.full(cases, k))
                result[player] = value
        return result


def _curve(
    utility: Expression, names: list[str], players: Places, columns: tuple[Array, ...]
) -> _Curve:
    symbols = Symbols.named([PROFIT, *names])
    inputs = list(symbols.casadi.values())
    value = symbols.of(utility)
    return _Curve(
        players,
        IntervalFunction.compile(inputs, [value, casadi.gradient(value, inputs[0])]),
        columns,
    )
