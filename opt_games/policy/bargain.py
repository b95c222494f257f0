"""Bargains in games of several attributes or under a policy."""

from __future__ import annotations

import time

from opt_games.errors import UnsupportedGameError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.policy.equilibrium import PolicyMap
from opt_games.result import Bargain
from opt_games.solvers.base import SolverOptions


def solve_policy_game(
    game: Game,
    solution: str,
    shares: Array | None,
    *,
    solver: str = "ipopt",
    options: SolverOptions | None = None,
) -> Bargain:
    """Solve a game of several attributes or under a policy for one contract."""
    begin = time.perf_counter()
    equilibria = PolicyMap.of(game, solver=solver, options=options)
    if shares is None:
        raise UnsupportedGameError("not yet")
    found = equilibria.equilibrium(shares)
    work = equilibria.log.work(time.perf_counter() - begin)
    return Bargain(game.name, solution, True, found, game.disagreement(), work)
