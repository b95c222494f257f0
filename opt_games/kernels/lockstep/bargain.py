"""The share that many games' players agree on, all games in lockstep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.lanes import Lanes
from opt_games.kernels.lockstep.levels import search_levels
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.nodes import Density, Nodes, with_abstention
from opt_games.kernels.lockstep.objective import Value, value
from opt_games.kernels.lockstep.optimum import leader_optima
from opt_games.kernels.lockstep.point import Measure, Points
from opt_games.kernels.lockstep.search import Search


@dataclass(frozen=True)
class Answer(Lanes):
    """What was found, one lane per game.

    Attributes
    ----------
    points, measure
        The equilibrium at the share found.
    known : ndarray of bool, shape (games,)
        Whether there is an answer; the rest means nothing where there is not.
    agreed : ndarray of bool, shape (games,)
    active : ndarray of bool, shape (games,)
        Whether the leader takes part.
    near : ndarray, shape (2, games)
        Where there is no answer, the shares between which to look closer.
    """

    points: Points
    measure: Measure
    known: NDArray[np.bool_]
    agreed: NDArray[np.bool_]
    active: NDArray[np.bool_]
    near: Array


def bargain(nodes: Nodes, solution: str) -> Answer:
    """Find the share of a bargaining solution in every game.

    Parameters
    ----------
    nodes : Nodes
    solution : str
        Canonical name, or ``"player k"``.
    """
    stakes = nodes.stakes
    market = nodes.market
    known = np.ones(market.games, dtype=bool)
    near = np.full((2, market.games), [[np.inf], [-np.inf]])
    if solution == "kalai-smorodinsky":
        ideal = stakes.ideal.copy()
        for k in range(market.size + 1):
            best = bargain(nodes, f"player {k}")
            utility, _ = market.utility(best.measure.profits)
            ideal[k] = np.where(best.known, np.maximum(utility[k], ideal[k]), ideal[k])
            known &= best.known | ~stakes.say[k]
            near = _around(near, np.where(best.known, near, best.near))
        stakes = stakes.with_ideal(ideal)

    def score(games: NDArray[np.int64], points: Points, measure: Measure) -> Value:
        return value(solution, market.take(games), stakes.take(games), points, measure)

    search = Search(nodes, score)
    state = search.run()
    sensitive = solution in ("nash", "kalai-smorodinsky", "egalitarian")
    known &= ~search.unknown & ~(nodes.unsure & (sensitive | ~nodes.agreed))
    near = _around(near, nodes.around(search.near))
    active, measure = with_abstention(market, state.measure)
    return Answer(state.points, measure, known, nodes.agreed, active, near)


def _around(one: Array, other: Array) -> Array:
    """Return the stretches of shares that hold both."""
    return np.array([np.minimum(one[0], other[0]), np.maximum(one[1], other[1])])


def given(market: Market, share: Array, density: Density) -> Answer:
    """Find the equilibria of given shares, one per game."""
    base = search_levels(market, density.levels)
    optima = leader_optima(market, base, share[None, :])
    active, measure = with_abstention(market, optima.measure)
    agreed = np.ones(market.games, dtype=bool)
    return Answer(optima.points, measure, optima.found, agreed, active, np.tile(share, (2, 1)))
