"""Whether answers are right.

An answer is wrong if

- the payoffs claimed are not those of an equilibrium at the share claimed: the generalist could
  gain by another base level, or the specialist by another response, or
- another share has a larger Nash product, or
- it says that there is no agreement where there is one, or the reverse.

An answer that is missing is counted apart. The tolerance is relative to the size of the payoffs,
and absolute for the logarithm of the product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from random_games import Array, Games

from peers.answers import Answers, product
from peers.brute_force import local_maxima

TOLERANCE = 1e-7
TIE = 1e-9  # what a generalist may give away before an answer can show the reference to be wrong


@dataclass(frozen=True)
class Verdicts:
    """Verdicts on many answers."""

    wrong: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    better: NDArray[np.bool_]  # right, and better than the reference: then that one is wrong
    share_error: Array  # distance to the reference's share; nan where there is none

    @property
    def judged(self) -> int:
        """Number of answers."""
        return int(self.wrong.size)

    def close(self, tolerance: float) -> float:
        """Part of the games with a share this close to the reference's."""
        known = np.isfinite(self.share_error) | self.wrong | self.missing
        return float((self.share_error[known] <= tolerance).mean()) if known.any() else np.nan


def judged(
    games: Games, answers: Answers, reference: Answers, tolerance: float = TOLERANCE
) -> Verdicts:
    """Judge answers to games of one family."""
    missing = ~np.isfinite(answers.generalist) | ~np.isfinite(answers.specialist)
    agreed = np.isfinite(reference.share)
    claimed = np.isfinite(answers.share)
    inside = claimed & ~missing & (answers.share > 0) & (answers.share < 1)
    at = np.flatnonzero(inside)
    size = reference.generalist + reference.specialist + games.f1  # of the sums of money
    gap, strict = np.full((2, games.size), np.inf)
    gap[at] = _distance(games.select(at), answers.select(at), size[at], tolerance)
    strict[at] = _distance(games.select(at), answers.select(at), size[at], TIE)
    consistent = gap <= tolerance
    best = product(reference)
    reached = product(answers)
    gains = np.isfinite(best)
    # without a gain for the specialist, what counts is the generalist's
    short = np.where(
        gains,
        np.where(np.isfinite(reached), best - np.where(gains, reached, 0.0), np.inf),
        (reference.generalist - answers.generalist) / size,
    )
    right = np.where(agreed, consistent & (short <= tolerance), ~claimed & ~missing)
    better = right & agreed & (strict <= tolerance) & (short < -tolerance)
    return Verdicts(~right & ~missing, missing, better, np.abs(answers.share - reference.share))


def _distance(games: Games, answers: Answers, size: Array, tie: float) -> Array:
    """How far the payoffs are from those of an equilibrium, relative to `size`.

    An equilibrium is any base level with which the generalist gives away no more than `tie`: where
    it is indifferent between two, the share's last digit decides.
    """
    maxima = local_maxima(games, answers.share)
    top = maxima.generalist.max(axis=0)
    equilibrium = maxima.generalist >= top - tie * size
    with np.errstate(invalid="ignore"):
        apart = np.maximum(
            np.abs(maxima.generalist - answers.generalist),
            np.abs(maxima.specialist - answers.specialist),
        )
    found: Array = np.where(equilibrium, apart, np.inf).min(axis=0) / size
    return found
