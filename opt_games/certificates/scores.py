"""Bargaining solutions as scores of intervals of utilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opt_games.certificates.intervals import Array, Interval, Mask
from opt_games.game import Game

NO_AGREEMENT = "no agreement"
MEASURES = {
    "utilitarian": "sum of utilities",
    "weighted": "weighted sum of utilities",
    "nash": "logarithm of the Nash product",
    "egalitarian": "smallest gain over disagreement",
    "max-performance": "sum of final performance",
    "powerful-generalist": "utility of the generalist",
    "powerful-specialist": "sum of the specialists' utilities",
    NO_AGREEMENT: "greatest gain of anybody under a contract that all accept",
}
"""The solutions that have a score of their own, and what it is."""

_RELATIVE = 1e-9
_GAP = 1e-4
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Scores:
    """How contracts are scored, at most and at least.

    Attributes
    ----------
    solution : str
        A key of `MEASURES`.
    disagreement, weights : ndarray, shape (players,)
    bargainers : ndarray of bool
        Players who gain by the contract agreed on. That the others cannot gain is part of what
        is to be proven, where a score depends on it.
    slack : float
        Losses and gains that are not told from nothing.
    """

    solution: str
    disagreement: Array
    weights: Array
    bargainers: Mask
    slack: float

    @classmethod
    def of(cls, game: Game, solution: str, utilities: Array | None) -> Scores:
        """Prepare the score of a game's contracts; `utilities` are those of the one agreed on."""
        disagreement = game.disagreement_array()
        gains = np.zeros_like(disagreement) if utilities is None else utilities - disagreement
        slack = _RELATIVE * max(float(np.abs(gains).max()), 1e-3)
        return cls(solution, disagreement, game.weight_array(), gains > 1e3 * slack, slack)

    def tolerance(self, utilities: Array, score: float) -> float:
        """Return the gap that is small: a ten-thousandth of what is at stake."""
        if self.solution == "nash":
            return _GAP * float(self.weights[self.bargainers].sum())
        if self.solution == "max-performance":
            return _GAP * max(abs(score), 1e-6)
        if self.solution == NO_AGREEMENT:
            return 1e-6
        return _GAP * max(float(np.abs(utilities - self.disagreement).sum()), 1e-6)

    def enclose(self, utilities: list[Interval], performance: Interval) -> Interval:
        """Enclose scores: ``-inf`` at most where somebody refuses, at least where one might.

        Parameters
        ----------
        utilities : list of intervals
            By player, an entry per contract.
        """
        low = np.array([each[0] for each in utilities])
        high = np.array([each[1] for each in utilities])
        refused = np.any(high < self.disagreement[:, None] - self.slack, axis=0)
        risky = np.any(low < self.disagreement[:, None], axis=0)
        most, least = self._plain(high, performance[1]), self._plain(low, performance[0])
        if self.solution in ("nash", "egalitarian"):
            idle = ~self.bargainers
            gains = (high - self.disagreement[:, None])[idle]
            most = np.where(np.any(gains > 1e3 * self.slack, axis=0), np.inf, most)
        least, most = _widened(least, -1.0), _widened(most, 1.0)
        return np.where(risky, -np.inf, least), np.where(refused, -np.inf, most)

    def least(self, utilities: Array, performance: float) -> float:
        """Return the score of one contract, rounded down, whether all accept it or not."""
        value = self._plain(utilities[:, None], np.array([performance]))
        return float(_widened(value, -1.0)[0])

    def _plain(self, utilities: Array, performance: Array) -> Array:
        gains = (utilities - self.disagreement[:, None])[self.bargainers]
        with np.errstate(all="ignore"):
            if self.solution == "utilitarian":
                value = utilities.sum(axis=0)
            elif self.solution == "weighted":
                value = (self.weights[:, None] * utilities).sum(axis=0)
            elif self.solution == "powerful-generalist":
                value = utilities[0]
            elif self.solution == "powerful-specialist":
                value = utilities[1:].sum(axis=0)
            elif self.solution == "max-performance":
                value = performance
            elif self.solution == NO_AGREEMENT:
                value = (utilities - self.disagreement[:, None]).max(axis=0)
            elif self.solution == "egalitarian":
                value = gains.min(axis=0, initial=np.inf)
            else:
                power = self.weights[self.bargainers]
                gains, power = gains[power > 0.0], power[power > 0.0, None]
                value = (power * np.log(np.maximum(gains, 0.0))).sum(axis=0)
                value = np.where((gains <= 0.0).any(axis=0), -np.inf, value)
        return np.asarray(value)


def _widened(values: Array, way: float) -> Array:
    """Allow for the rounding of a score; what is not a number is no bound."""
    finite = np.where(np.isfinite(values), values, 0.0)
    moved = np.where(np.isinf(values), values, finite + way * _ROUNDING * (1.0 + np.abs(finite)))
    return np.asarray(np.where(np.isnan(values), way * np.inf, moved))
