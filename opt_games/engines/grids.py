"""Where to look in each of many games: grids of base levels and contributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.many_games import ManyGames, Rows
from opt_games.engines.responses import Money
from opt_games.kernels.array_function import Array

_COARSE = np.concatenate([[0.0], 10.0 ** np.arange(-9.0, 31.0)])
_NONE = 1e-300


@dataclass(frozen=True)
class Grids:
    """Levels worth searching, for each of many games.

    Attributes
    ----------
    base : ndarray, shape (cases, nodes)
        Ascending from 0.
    steps : tuple of ndarray, shape (members, cases, points)
        Contributions of each group of specialists, ascending from 0.
    known : ndarray of bool, shape (cases,)
        False where a payoff grows without limit or is undefined, so that the grids mean nothing.
    """

    base: Array
    steps: tuple[Array, ...]
    known: NDArray[np.bool_]

    def take(self, cases: Rows) -> Grids:
        """Return the grids of some of the games."""
        steps = tuple(each[:, cases] for each in self.steps)
        return Grids(self.base[cases], steps, self.known[cases])


def reach(games: ManyGames) -> tuple[Array, list[Array], NDArray[np.bool_]]:
    """Find the largest base level, and the largest contributions, that could pay.

    A specialist contributes most if it keeps most, and pays the generalist most then.
    """
    levels = np.append(_COARSE[games.cap > _COARSE], games.cap)
    levels = levels[np.isfinite(levels)]
    base = np.tile(levels, (games.size, 1))
    known = np.ones(games.size, dtype=bool)
    received = np.zeros(base.shape)
    largest = []
    kept = np.full((1, games.size, 1, 1), 1.0 - games.low)
    for domains in games.domains:
        steps = np.broadcast_to(levels, (domains.members.size, games.size, levels.size))
        money = Money.at(domains, base, steps, games.cap)
        profit = money.profit(kept)
        best = profit.argmax(axis=-1)
        above = np.minimum(best + 1, levels.size - 1)
        if not np.isfinite(games.cap):
            endless = (best == levels.size - 1) | np.isposinf(profit.max(axis=-1))
            known &= ~endless.any(axis=(0, 2))
        # whether it takes part is not asked: the levels are too coarse to tell
        revenue = np.take_along_axis(money.revenue, above[..., None], axis=-1)[..., 0]
        paid = np.where(revenue > 0.0, games.high * revenue, 0.0)
        received += np.nan_to_num(paid, nan=0.0, posinf=np.inf).sum(axis=0)
        largest.append(levels[above])
    cost, _ = games.leader_cost(base)
    with np.errstate(invalid="ignore"):
        hope = received - cost
        worth = hope >= -np.abs(cost[:, :1]) - 1e-9 * np.abs(received)
    last = levels.size - 1 - np.argmax(worth[:, ::-1], axis=1)
    known &= worth.any(axis=1) & np.isfinite(cost[:, 0]) & np.isfinite(games.outside).all(axis=0)
    if not np.isfinite(games.cap):
        known &= last < levels.size - 1
    top = levels[np.minimum(last + 1, levels.size - 1)]
    inside = levels[None, :] <= top[:, None]
    most = [np.where(inside, each, 0.0).max(axis=2) for each in largest]
    return top, most, known


def grids(
    games: ManyGames,
    top: Array,
    most: list[Array],
    known: NDArray[np.bool_],
    *,
    bases: int,
    points: int,
) -> Grids:
    """Spread grids below the largest levels."""
    steps = tuple(_spread(np.maximum(each, 1e-3 * top), points, -9.0) for each in most)
    return Grids(_spread(top, bases, -7.0), steps, known)


def _spread(top: Array, points: int, decades: float) -> Array:
    """0, and a grid that is even in logarithms, up to the top; the last axis is the point."""
    shape = np.append(0.0, 10.0 ** np.linspace(decades, 0.0, points - 1))
    return np.asarray(np.maximum(top, _NONE)[..., None] * shape)
