"""What a peer answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from random_games import Array, Games


@dataclass(frozen=True)
class Answers:
    """Nash bargains of many games; all three ``nan`` where a peer has no answer.

    Without agreement the share is ``nan`` and the utilities are 0.
    """

    share: Array
    generalist: Array
    specialist: Array

    @property
    def size(self) -> int:
        """Number of games."""
        return int(self.share.size)

    @classmethod
    def empty(cls, size: int) -> Answers:
        """Return answers that are all missing, to be filled in."""
        return cls(*(np.full(size, np.nan) for _ in range(3)))

    def select(self, where: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Answers:
        """Return some of the answers."""
        return Answers(self.share[where], self.generalist[where], self.specialist[where])

    def put(self, where: NDArray[np.int64] | NDArray[np.bool_], others: Answers) -> None:
        """Overwrite some of the answers."""
        self.share[where] = others.share
        self.generalist[where] = others.generalist
        self.specialist[where] = others.specialist


def product(answers: Answers) -> Array:
    """Log of the Nash product; ``-inf`` where it is 0 or there is no answer."""
    gains = np.stack([answers.generalist, answers.specialist])
    positive = np.all(gains > 0, axis=0)  # False where nan
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(positive, np.log(gains).sum(axis=0), -np.inf)


Solve = Callable[[Games], Answers]
"""Solves games of one family."""
