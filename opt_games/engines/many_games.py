"""The numbers of many games of one form: formulas compiled once, one column of values per game."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.cases import Cases
from opt_games.game import Game
from opt_games.kernels.array_function import Array, ArrayFunction
from opt_games.kernels.payoffs import FollowerGroup, Payoffs

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Domains:
    """Specialists with the same formulas, in many games.

    Attributes
    ----------
    members : ndarray of int
        Their positions among the specialists.
    columns : tuple of ndarray, shape (members, cases) or (members, 1)
        Values of the names that the formulas use.
    outside : ndarray, shape (members, cases)
        What each earns if it abstains.
    formulas : FollowerGroup
    """

    members: Rows
    columns: tuple[Array, ...]
    outside: Array
    formulas: FollowerGroup

    def take(self, cases: Rows) -> Domains:
        """Return them in some of the games."""
        columns = tuple(each if each.shape[1] == 1 else each[:, cases] for each in self.columns)
        return replace(self, columns=columns, outside=self.outside[:, cases])

    def values(self, final: Array, base: Array) -> tuple[Array, ...]:
        """Return revenue and cost; the axes of the levels are members, cases, and any others."""
        return self._apply(self.formulas.values, final, base)

    def second(self, final: Array, base: Array) -> tuple[Array, ...]:
        """Return first and second derivatives of revenue and cost in the final level.

        In this order: both first ones, both second ones, and the cross derivative of cost.
        """
        return self._apply(self.formulas.second, final, base)

    def _apply(self, function: ArrayFunction, final: Array, base: Array) -> tuple[Array, ...]:
        more = (1,) * (final.ndim - 2)
        columns = (each.reshape(*each.shape, *more) for each in self.columns)
        found = function(final, base, *columns)
        shape = final.shape
        return tuple(
            each if each.shape == shape else np.broadcast_to(each, shape) for each in found
        )


@dataclass(frozen=True)
class UtilityColumns:
    """Players with the same utility function of profit; columns as in `Domains`."""

    players: Rows
    columns: tuple[Array, ...]
    function: ArrayFunction


@dataclass(frozen=True)
class ManyGames:
    """Many games of one form as arrays; the last axis of every array is the case.

    Attributes
    ----------
    size : int
        Number of games.
    domains : tuple of Domains
    leader_columns : tuple of ndarray, shape (cases,) or (1,)
    outside, disagreement, weights : ndarray, shape (players, cases)
        ``nan`` where a formula has no value.
    cap, low, high : float
        The largest level, and the bounds of the share.
    """

    size: int
    domains: tuple[Domains, ...]
    leader_cost_function: ArrayFunction
    leader_columns: tuple[Array, ...]
    utility_columns: tuple[UtilityColumns, ...]
    outside: Array
    disagreement: Array
    weights: Array
    cap: float
    low: float
    high: float

    @classmethod
    def of(cls, payoffs: Payoffs, cases: Cases) -> ManyGames:
        """Read the columns of cases of the game that was compiled."""
        game, size = cases.game, cases.size
        varied = {name: np.asarray(each, dtype=float) for name, each in cases.parameters.items()}
        outside = _outside(game, varied, size)
        domains = []
        for group in payoffs.followers:
            form = game.specialists[int(group.members[0])]
            levels = {f"{attribute}{k}" for attribute in game.attributes for k in (0, 1)}
            names = sorted((form.revenue.names | form.cost.names) - levels)
            columns = tuple(_column(game, group.members, name, varied) for name in names)
            domains.append(Domains(group.members, columns, outside[group.members + 1], group))
        seen: dict[str, float | Array] = {**game.parameters, **varied}
        names = sorted(game.generalist.cost.names - {f"{a}0" for a in game.attributes})
        utilities = _utilities(game, payoffs, varied)
        low, high = game.contract.bounds
        found = cls(
            size,
            tuple(domains),
            payoffs.leader_cost,
            tuple(np.atleast_1d(np.asarray(seen[name], dtype=float)) for name in names),
            utilities,
            outside,
            np.empty(0),
            _weights(game, seen, size),
            payoffs.cap,
            low,
            high,
        )
        disagreement = found.utilities(outside)
        for player, expression in (game.bargaining.disagreement or {}).items():
            row = game.players.index(player)
            disagreement[row] = expression.evaluate_columns(seen)
        return replace(found, disagreement=disagreement)

    @property
    def specialists(self) -> int:
        """Number of specialists."""
        return int(self.outside.shape[0]) - 1

    def take(self, cases: Rows) -> ManyGames:
        """Return some of the games; a game may come several times."""
        return replace(
            self,
            size=cases.size,
            domains=tuple(each.take(cases) for each in self.domains),
            leader_columns=tuple(_taken(each, cases) for each in self.leader_columns),
            utility_columns=tuple(
                replace(
                    group,
                    columns=tuple(c if c.shape[1] == 1 else c[:, cases] for c in group.columns),
                )
                for group in self.utility_columns
            ),
            outside=self.outside[:, cases],
            disagreement=self.disagreement[:, cases],
            weights=self.weights[:, cases],
        )

    def leader_cost(self, base: Array) -> tuple[Array, Array]:
        """Cost of the base level and its derivative; the first axis of `base` is the case."""
        more = (1,) * (base.ndim - 1)
        columns = (each.reshape(-1, *more) for each in self.leader_columns)
        cost, slope = self.leader_cost_function(base, *columns)
        return np.broadcast_to(cost, base.shape), np.broadcast_to(slope, base.shape)

    def utilities(self, profits: Array) -> Array:
        """Return utilities of profits, shape (players, cases)."""
        result = np.array(profits, dtype=float)
        for group in self.utility_columns:
            (utility,) = group.function(profits[group.players], *group.columns)
            result[group.players] = utility
        return result


def kinked(payoffs: Payoffs) -> bool:
    """Whether a formula has corners, so that its derivatives differ from piece to piece."""
    functions = [payoffs.leader_cost, *(group.values for group in payoffs.followers)]
    functions += [group.function for group in payoffs.utility_groups]
    return not all(function.smooth for function in functions)


def _taken(values: Array, cases: Rows) -> Array:
    return values if values.size == 1 else values[cases]


def _column(game: Game, members: Rows, name: str, varied: Mapping[str, Array]) -> Array:
    """Return what each member sees under a name, shape (members, cases or 1)."""
    common = varied.get(name, np.array([game.parameters.get(name, np.nan)]))
    found = np.tile(common, (members.size, 1))
    for group in game.specialists.groups:
        own = group.columns.get(name)
        if own is not None:
            at = np.isin(members, group.members)
            found[at] = own[np.isin(group.members, members), None]
    return found


def _outside(game: Game, varied: Mapping[str, Array], size: int) -> Array:
    money = np.empty((1 + len(game.specialists), size))
    seen: dict[str, float | Array] = {**game.parameters, **varied}
    money[0] = game.generalist.outside_option.evaluate_columns(seen)
    for group in game.specialists.groups:
        option = group.form.outside_option
        if not option.names:
            money[group.members + 1] = option.evaluate({})
            continue
        for position, member in enumerate(group.members):
            own = {name: float(values[position]) for name, values in group.columns.items()}
            money[member + 1] = option.evaluate_columns({**seen, **own})
    return money


def _weights(game: Game, seen: Mapping[str, float | Array], size: int) -> Array:
    weights = np.ones((1 + len(game.specialists), size))
    for player, expression in (game.bargaining.weights or {}).items():
        weights[game.players.index(player)] = expression.evaluate_columns(seen)
    return np.where(weights >= 0.0, weights, np.nan)


def _utilities(
    game: Game, payoffs: Payoffs, varied: Mapping[str, Array]
) -> tuple[UtilityColumns, ...]:
    found = []
    for group in payoffs.utility_groups:
        players = np.asarray(group.players)
        first = int(players[0])
        form = game.generalist if first == 0 else game.specialists[first - 1]
        assert form.utility is not None
        names = sorted(form.utility.names - {"profit"})
        columns = []
        for name in names:
            column = _column(game, players - 1, name, varied)
            columns.append(column)
        found.append(UtilityColumns(players, tuple(columns), group.function))
    return tuple(found)
