"""What profits are worth to the players of many games, and what they bargain with."""

from __future__ import annotations

from typing import Literal

import numpy as np

from opt_games.expression import Expression
from opt_games.game import GENERALIST, Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.payoffs import Numbers


def utilities_of(game: Game, numbers: Numbers, profits: Array) -> Array:
    """Return utilities, shape (players, games), from profits.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> utilities_of(game, Numbers.of(game, {}, 1), np.array([[1.0], [2.0]])).ravel()
    array([1., 2.])
    """
    result = np.array(profits, dtype=float)
    if game.generalist.utility is not None:
        values = {**numbers.parameters, "profit": profits[0]}
        result[0] = game.generalist.utility.evaluate_columns(values)
    for group in game.specialists.groups:
        if group.form.utility is None:
            continue
        for row, member in enumerate(group.members):
            local = {name: values[row] for name, values in group.columns.items()}
            values = {**numbers.parameters, **local, "profit": profits[member + 1]}
            result[member + 1] = group.form.utility.evaluate_columns(values)
    return result


def of_players(game: Game, numbers: Numbers, what: Literal["weights", "disagreement"]) -> Array:
    """Return bargaining power, or utility without agreement, of shape (players, games)."""
    given: dict[str, Expression] = dict(getattr(game.bargaining, what) or {})
    if what == "weights":
        result = np.ones((len(game.players), numbers.size))
    else:
        result = utilities_of(game, numbers, numbers.outside)
    for player, formula in given.items():
        row = 0 if player == GENERALIST else game.specialists.positions[player] + 1
        result[row] = formula.evaluate_columns(numbers.parameters)
    return result
