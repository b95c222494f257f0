"""The bargaining solutions as functions of the share, with their derivatives, lane by lane."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.lanes import Lanes
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.point import Measure, Points

ACCEPTANCE = 1e-9


@dataclass(frozen=True)
class Stakes(Lanes):
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

    def with_ideal(self, ideal: Array) -> Stakes:
        """Return the same stakes with ideal utilities."""
        return replace(self, ideal=ideal)


@dataclass(frozen=True)
class Value(Lanes):
    """An objective at points, shape (lanes,).

    Attributes
    ----------
    score : higher is better; ``-inf`` where a player would not sign
    slope : derivative in the share along the branch
    piece : which of the `parts` it is
    liking : sum of utilities, which breaks ties
    parts, rates : functions of which the score is the smallest, and their derivatives; shape
        (1, lanes) where it is one smooth function
    """

    score: Array
    slope: Array
    piece: NDArray[np.int64]
    liking: Array
    parts: Array
    rates: Array


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
        parts, rates = _parts(solution, market, stakes, measure, utility, slope, gain)
    parts = np.where(np.isnan(parts), -np.inf, parts)
    piece = np.argmin(parts, axis=0)
    lane = np.arange(piece.size)
    score = parts[piece, lane]
    if solution != "least":
        score = np.where(signed, score, -np.inf)
    return Value(score, rates[piece, lane], piece, utility.sum(axis=0), parts, rates)


def _parts(
    solution: str,
    market: Market,
    stakes: Stakes,
    measure: Measure,
    utility: Array,
    slope: Array,
    gain: Array,
) -> tuple[Array, Array]:
    """Return the functions of which the objective is the smallest, and their derivatives."""
    if solution.startswith("player "):
        k = int(solution.removeprefix("player "))
        return utility[[k]], slope[[k]]
    if solution in ("utilitarian", "weighted"):
        weights = market.weights if solution == "weighted" else np.ones_like(utility)
        return _total(weights * utility), _total(weights * slope)
    if solution == "powerful-generalist":
        return utility[:1], slope[:1]
    if solution == "powerful-specialist":
        return _total(utility[1:]), _total(slope[1:])
    if solution == "max-performance":
        return measure.performance[None], measure.performance_by_share[None]
    if solution == "nash":
        weights = np.where(stakes.say, market.weights, 0.0)
        counts = weights > 0
        score = np.where(counts, weights * np.log(np.maximum(gain, 0.0)), 0.0)
        return _total(score), _total(np.where(counts, weights * slope / gain, 0.0))
    if solution == "least":
        return gain / stakes.scale, slope / stakes.scale
    span = stakes.ideal - market.disagreement if solution == "kalai-smorodinsky" else 1.0
    return np.where(stakes.say, gain / span, np.inf), slope / span


def _total(values: Array) -> Array:
    return np.asarray(values.sum(axis=0, keepdims=True))
