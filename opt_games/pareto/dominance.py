"""Which contracts no other weakly dominates."""

from __future__ import annotations

import moocore
import numpy as np
from numpy.typing import NDArray

from opt_games.game import Game
from opt_games.kernels.array_function import Array

_SETTLED = 2e-8  # of a player's scale: closer to the outside option than this is on it
_DIGITS = 12  # of a player's scale: a smaller gain does not dominate


def undominated(utilities: Array, scale: Array) -> NDArray[np.bool_]:
    """Tell which contracts no other weakly dominates; of equal ones the first stays.

    Parameters
    ----------
    utilities : ndarray, shape (players, cases)
    scale : ndarray, shape (players,)
        What is at stake for each player; gains below 1e-12 of it are rounding.

    Examples
    --------
    >>> undominated(np.array([[1.0, 2.0, 0.5], [2.0, 1.0, 2.0]]), np.ones(2)).tolist()
    [True, True, False]
    """
    relative = utilities / np.where(scale > 0, scale, 1.0)[:, None]
    rounded = np.ascontiguousarray(np.round(relative, _DIGITS).T)
    return np.asarray(moocore.is_nondominated(rounded, maximise=True), dtype=bool)


def scale_of(utilities: Array) -> Array:
    """Return what is at stake for each player: range or size of its utility, shape (players,)."""
    return np.asarray(np.maximum(np.ptp(utilities, axis=1), np.abs(utilities).max(axis=1)))


def settled(game: Game, utilities: Array, scale: Array) -> Array:
    """Return utilities, those that only rounding keeps from the outside option put on it.

    Where the generalist begins to keep a specialist just willing to take part its profit is flat,
    and the base level, and with it the specialist's profit, is known to the root of rounding only.
    """
    utilities = utilities.copy()
    outside = game.outside_options()
    for k, player in enumerate(game.players):
        level = game.utility_of(player, outside[player])
        close = np.abs(utilities[k] - level) <= _SETTLED * float(scale[k])
        utilities[k, close] = level
    return utilities
