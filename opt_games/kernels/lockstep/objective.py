"""The bargaining solutions as functions of the share, with their derivatives, lane by lane."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.point import Measure, Points

ACCEPTANCE = 1e-9


@dataclass(frozen=True)
class Stakes:
    """What the players of each game bargain over; shape (players, games).

    Attributes
    ----------
    scale : ndarray
        The range of each player's utility over contracts.
    say : ndarray of bool
        Whether the player can gain by any contract.
    ideal : ndarray
        Its best utility over acceptable contracts; only ``kalai-smorodinsky`` needs it.
    """

    scale: Array
    say: NDArray[np.bool_]
    ideal: Array

    def take(self, games: NDArray[np.int64]) -> Stakes:
        """Return some of the games."""
        return Stakes(self.scale[:, games], self.say[:, games], self.ideal[:, games])

    def with_ideal(self, ideal: Array) -> Stakes:
        """Return the same stakes with ideal utilities."""
        return replace(self, ideal=ideal)


@dataclass(frozen=True)
class Value:
    """An objective at points, shape (lanes,).

    Attributes
    ----------
    score : higher is better; ``-inf`` where a player would not sign
    slope : derivative in the share along the branch
    piece : which of the functions it is the smallest of
    liking : sum of utilities, which breaks ties
    """

    score: Array
    slope: Array
    piece: NDArray[np.int64]
    liking: Array

    def take(self, lanes: NDArray[np.int64]) -> Value:
        """Return some of the lanes."""
        return Value(self.score[lanes], self.slope[lanes], self.piece[lanes], self.liking[lanes])


def value(solution: str, market: Market, stakes: Stakes, points: Points, measure: Measure) -> Value:
    """Score points by a bargaining solution, or by ``"player k"`` alone, or ``"least"`` gain.

    Parameters
    ----------
    solution : str
    market, stakes
        One game per lane.
    points, measure
    """
    utility, by_profit = market.utility(measure.profits)
    with np.errstate(all="ignore"):
        slope = by_profit * measure.profits_by_share
        gain = utility - market.disagreement
        signed = (gain >= -ACCEPTANCE * stakes.scale).all(axis=0)
        score, score1, piece = _value(solution, market, stakes, measure, utility, slope, gain)
    if solution != "least":
        score = np.where(signed, score, -np.inf)
    score = np.where(np.isnan(score), -np.inf, score)
    return Value(score, score1, piece, utility.sum(axis=0))


def _value(
    solution: str,
    market: Market,
    stakes: Stakes,
    measure: Measure,
    utility: Array,
    slope: Array,
    gain: Array,
) -> tuple[Array, Array, NDArray[np.int64]]:
    one = np.zeros(utility.shape[1], dtype=np.int64)
    if solution.startswith("player "):
        k = int(solution.removeprefix("player "))
        return utility[k], slope[k], one
    if solution == "utilitarian":
        return utility.sum(axis=0), slope.sum(axis=0), one
    if solution == "weighted":
        weights = market.weights
        return (weights * utility).sum(axis=0), (weights * slope).sum(axis=0), one
    if solution == "powerful-generalist":
        return utility[0], slope[0], one
    if solution == "powerful-specialist":
        return utility[1:].sum(axis=0), slope[1:].sum(axis=0), one
    if solution == "max-performance":
        return measure.performance, measure.performance_by_share, one
    if solution == "nash":
        weights = np.where(stakes.say, market.weights, 0.0)
        counts = weights > 0
        score = np.where(counts, weights * np.log(np.maximum(gain, 0.0)), 0.0).sum(axis=0)
        return score, np.where(counts, weights * slope / gain, 0.0).sum(axis=0), one
    say = np.ones_like(stakes.say) if solution == "least" else stakes.say
    span = stakes.ideal - market.disagreement if solution == "kalai-smorodinsky" else 1.0
    if solution == "least":
        span = stakes.scale
    relative = np.where(say, gain / span, np.inf)
    piece = np.argmin(relative, axis=0)
    lane = np.arange(piece.size)
    return relative[piece, lane], (slope / span)[piece, lane], piece
