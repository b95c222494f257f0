"""Quadratic games as arrays, whose equilibria are known in closed form."""

from __future__ import annotations

import numpy as np

import opt_games
from opt_games.engines import Cases
from opt_games.engines.grids import Grids, grids, reach
from opt_games.engines.many_games import ManyGames
from opt_games.kernels.payoffs import compile_payoffs

C0 = np.array([0.4, 1.0, 2.5, 1.0])
C1 = np.array([1.5, 0.5, 0.3, 2.0])


def many(game: opt_games.Game | None = None, **columns: np.ndarray) -> ManyGames:
    game = game or opt_games.load("quadratic")
    columns = columns or {"c0": C0, "c1": C1}
    return ManyGames.of(compile_payoffs(game), Cases(game, columns, "nash"))


def spread(games: ManyGames, nodes: int = 32) -> Grids:
    return grids(games, *reach(games), bases=nodes, points=nodes)


def levels(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Base level and contribution."""
    return share / (2 * C0), (1 - share) / (2 * C1)


def utilities(share: np.ndarray) -> np.ndarray:
    leader = share**2 / (4 * C0) + share * (1 - share) / (2 * C1)
    return np.stack([leader, share * (1 - share) / (2 * C0) + (1 - share) ** 2 / (4 * C1)])


def entry(fixed: str = "f1", linear: str = "m1") -> opt_games.Game:
    """Quadratic game with a cost of entry and a linear cost of contributing."""
    cost = f"c1 * (alpha1 - alpha0)**2 + {linear} * (alpha1 - alpha0) + {fixed}"
    return opt_games.Game(
        "entry",
        opt_games.Generalist("c0 * alpha0**2"),
        [opt_games.Specialist("law", "alpha1", cost)],
        {"c0": 1.0, "c1": 1.0, "f1": 0.0, "m1": 0.0},
    )
