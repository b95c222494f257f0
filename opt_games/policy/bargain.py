"""Bargains in games of several attributes or under a policy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.errors import UnsupportedGameError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.settle import settle_by_search, settle_exactly
from opt_games.policy.equilibrium import PolicyMap
from opt_games.policy.shares import Evaluate, agreed_shares
from opt_games.policy.utilities import of_players, utilities_of
from opt_games.result import Bargain
from opt_games.solvers.base import SolverOptions

EFFORT: Mapping[str, Any] = {"first": 33, "followed": (2,), "dear": True}
"""Less is done where every share takes a search."""


def solve_policy_game(
    game: Game,
    solution: str,
    shares: Array | None,
    *,
    solver: str = "ipopt",
    options: SolverOptions | None = None,
) -> Bargain:
    """Solve a game of several attributes or under a policy for one contract.

    Parameters
    ----------
    game : Game
    solution : str
        Canonical name of a bargaining solution, or ``"given"``.
    shares : ndarray, shape (specialists,), or None
        The given contract.
    solver, options
        As in `opt_games.solve`.

    Raises
    ------
    UnsupportedGameError
        For bargains over separate shares of several specialists.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("safety").with_parameters(theta_G=0.3, theta_D=0.8)
    >>> found = solve_policy_game(game, "utilitarian", None)
    >>> found.equilibrium.certified
    True
    """
    begin = time.perf_counter()
    equilibria = PolicyMap.of(game, solver=solver, options=options)
    if shares is None:
        shares = agreed(equilibria, solution)
    found = None if shares is None else equilibria.equilibrium(shares)
    work = equilibria.log.work(time.perf_counter() - begin)
    return Bargain(game.name, solution, found is not None, found, game.disagreement(), work)


def agreed(equilibria: PolicyMap, solution: str) -> Array | None:
    """Return the shares of a bargaining solution by specialist, None without agreement."""
    game, numbers = equilibria.game, equilibria.numbers
    if game.contract.shares == "separate" and len(game.specialists) > 1:
        raise UnsupportedGameError(
            f"{game.name}: bargains over separate shares are not available for games of several "
            'attributes or under a policy; set contract.shares = "common", or give the shares'
        )
    weights, disagreement = (of_players(game, numbers, w) for w in ("weights", "disagreement"))
    evaluate = _evaluate(equilibria)
    effort = {} if equilibria.exact else EFFORT
    bounds = game.contract.bounds
    (share,) = agreed_shares(evaluate, solution, bounds, disagreement, weights, **effort)
    return None if np.isnan(share) else np.full(len(game.specialists), share)


def _evaluate(equilibria: PolicyMap) -> Evaluate:
    game, numbers = equilibria.game, equilibria.numbers
    settle = settle_exactly if equilibria.exact else settle_by_search

    def evaluate(games: NDArray[np.int64], shares: Array) -> tuple[Array, Array]:
        some = numbers.take(games)
        contracts = np.tile(shares, (len(game.specialists), 1))
        found = settle(equilibria.compiled, some, contracts)
        return utilities_of(game, some, found.profits), found.performance

    return evaluate
