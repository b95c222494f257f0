"""Scores of contracts by a bargaining solution, for many games at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.solutions import ACCEPTANCE
from opt_games.engines.many_games import ManyGames, Rows
from opt_games.kernels.array_function import Array

_CLEAR = 1e-6  # of the scale: a player gains if it gains that much somewhere
_AMPLE = 1e-2
NO_PRODUCT = -1e300


@dataclass(frozen=True)
class ManyStakes:
    """What the players of each game bargain over; arrays are (players, cases).

    Attributes
    ----------
    disagreement, weights, scale, ideal : ndarray
        As in `opt_games.bargaining.solutions.Stakes`.
    bargainers : ndarray of bool
        Who can gain by an acceptable contract.
    clear, ample : ndarray of bool, shape (cases,)
        Whether it is beyond rounding who can; whether everybody can gain a good deal.
    agreement : ndarray of bool, shape (cases,)
        Whether a contract sampled is acceptable to all and better for somebody.
    """

    disagreement: Array
    weights: Array
    scale: Array
    ideal: Array
    bargainers: NDArray[np.bool_]
    clear: NDArray[np.bool_]
    ample: NDArray[np.bool_]
    agreement: NDArray[np.bool_]

    @classmethod
    def of(cls, games: ManyGames, utilities: Array) -> ManyStakes:
        """Read the stakes off sampled contracts; `utilities` is (players, contracts, cases)."""
        payoff = games.disagreement[:, None, :]
        finite = np.where(np.isfinite(utilities), utilities, payoff)
        scale = np.maximum(np.ptp(finite, axis=1), np.abs(finite - payoff).max(axis=1))
        gains = utilities - payoff
        margin = ACCEPTANCE * scale[:, None, :]
        signed = np.all(gains >= -margin, axis=0)
        agreement = (signed & np.any(gains > margin, axis=0)).any(axis=0)
        best = np.where(signed, gains, -np.inf).max(axis=1)
        with np.errstate(invalid="ignore"):
            nothing = best <= ACCEPTANCE * scale
            bargainers = best > _CLEAR * scale
            ample = best > _AMPLE * scale
        return cls(
            games.disagreement,
            games.weights,
            scale,
            np.where(np.isfinite(best), best, 0.0) + games.disagreement,
            bargainers,
            np.all(bargainers | nothing, axis=0),
            np.all(ample, axis=0),
            agreement,
        )

    def take(self, cases: Rows) -> ManyStakes:
        """Return those of some of the games."""
        return ManyStakes(*(getattr(self, name)[..., cases] for name in self.__dataclass_fields__))

    def with_ideal(self, ideal: Array) -> ManyStakes:
        """Return the same stakes with better known ideal points."""
        return replace(self, ideal=ideal)

    def worst_gain(self, solution: str, utilities: Array) -> Array:
        """Smallest gain of a bargainer, relative to its best for ``kalai-smorodinsky``."""
        gains = utilities - self.disagreement
        if solution == "kalai-smorodinsky":
            with np.errstate(all="ignore"):
                gains = gains / (self.ideal - self.disagreement)
        return np.asarray(np.where(self.bargainers, gains, np.inf).min(axis=0))

    def score(self, solution: str, utilities: Array, performance: Array) -> Array:
        """Score one contract per game, shape (cases,): see `opt_games.bargaining.solutions`."""
        gains = utilities - self.disagreement
        with np.errstate(all="ignore"):
            if solution.startswith("player "):
                value = np.asarray(utilities[int(solution.removeprefix("player "))])
            elif solution == "utilitarian":
                value = utilities.sum(axis=0)
            elif solution == "weighted":
                value = (self.weights * utilities).sum(axis=0)
            elif solution == "powerful-generalist":
                value = utilities[0]
            elif solution == "powerful-specialist":
                value = utilities[1:].sum(axis=0)
            elif solution == "max-performance":
                value = performance
            elif solution == "nash":
                counts = self.bargainers & (self.weights > 0.0)
                logs = np.where(counts, self.weights * np.log(np.maximum(gains, 0.0)), 0.0)
                value = np.maximum(logs.sum(axis=0), NO_PRODUCT)
            else:
                value = np.maximum(self.worst_gain(solution, utilities), 0.0)
        signed = np.all(gains >= -ACCEPTANCE * self.scale, axis=0)
        return np.where(signed & np.isfinite(value), value, -np.inf)

    def rounding(self, solution: str) -> Array:
        """Differences of score that mean nothing, by case."""
        if solution == "nash":
            return np.asarray(1e-9 * self.weights.sum(axis=0))
        if solution == "kalai-smorodinsky":
            return np.full(self.agreement.size, 1e-9)
        return np.asarray(1e-9 * (self.scale.sum(axis=0) + np.abs(self.disagreement).sum(axis=0)))
