"""What many games lead to, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.result import ABSTAIN, COMPLY, CONTRIBUTE, FREE_RIDE

REGIMES = (CONTRIBUTE, FREE_RIDE, ABSTAIN, COMPLY)
"""Meanings of the codes in `Outcomes.regimes`; -1 where it is unknown."""

STATUSES = ("ok", "no-agreement", "failed")
"""Meanings of the codes in `Outcomes.status`."""

OK, NO_AGREEMENT, FAILED = range(3)


@dataclass(frozen=True)
class Outcomes:
    """What many games of one form lead to; the last axis of every array is the case.

    Attributes
    ----------
    shares : ndarray, shape (specialists, cases)
        What the generalist keeps of each domain's revenue; ``nan`` unless the status is ``ok``.
    utilities, profits : ndarray, shape (players, cases)
        Without agreement the disagreement payoffs and the outside options; ``nan`` where failed.
    levels : ndarray, shape (players, attributes, cases)
        ``nan`` for who abstains.
    regimes : ndarray of int8, shape (players, cases)
        Codes of `REGIMES`, -1 where failed.
    status : ndarray of int8, shape (cases,)
        Codes of `STATUSES`.
    regret : ndarray, shape (cases,)
        The most that any player could gain by deviating, as far as the engine searched, relative
        to the size of the terms of its profit; ``nan`` where it did not search.
    slow : ndarray of bool, shape (cases,)
        Whether the engine handed the case on to a slower, safer one.
    reasons : mapping of int to str
        Why, by case, for every case that failed.
    """

    shares: Array
    utilities: Array
    profits: Array
    levels: Array
    regimes: NDArray[np.int8]
    status: NDArray[np.int8]
    regret: Array
    slow: NDArray[np.bool_]
    reasons: Mapping[int, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of cases."""
        return int(self.status.size)

    @classmethod
    def empty(cls, specialists: int, attributes: int, cases: int) -> Outcomes:
        """Return outcomes of cases all of which have failed so far, to be filled in."""
        players = specialists + 1
        return cls(
            np.full((specialists, cases), np.nan),
            np.full((players, cases), np.nan),
            np.full((players, cases), np.nan),
            np.full((players, attributes, cases), np.nan),
            np.full((players, cases), -1, dtype=np.int8),
            np.full(cases, FAILED, dtype=np.int8),
            np.full(cases, np.nan),
            np.zeros(cases, dtype=bool),
            {},
        )

    def replaced(self, where: NDArray[np.int64], other: Outcomes) -> Outcomes:
        """Return these outcomes with the cases `where` taken from `other`, in its order."""
        new: dict[str, Any] = {}
        for name in _ARRAYS:
            values = getattr(self, name).copy()
            values[..., where] = getattr(other, name)
            new[name] = values
        taken = set(where.tolist())
        reasons = {case: why for case, why in self.reasons.items() if case not in taken}
        reasons |= {int(where[case]): why for case, why in other.reasons.items()}
        return Outcomes(**new, reasons=reasons)

    def select(self, where: NDArray[np.int64]) -> Outcomes:
        """Return some of the cases, in the order given."""
        arrays = {name: getattr(self, name)[..., where] for name in _ARRAYS}
        reasons = {
            k: self.reasons[case] for k, case in enumerate(where.tolist()) if case in self.reasons
        }
        return Outcomes(**arrays, reasons=reasons)


_ARRAYS = tuple(each.name for each in fields(Outcomes) if each.name != "reasons")


def join(outcomes: Sequence[Outcomes]) -> Outcomes:
    """Put outcomes behind each other."""
    arrays = {
        name: np.concatenate([getattr(part, name) for part in outcomes], axis=-1)
        for name in _ARRAYS
    }
    reasons: dict[int, str] = {}
    start = 0
    for part in outcomes:
        reasons |= {start + case: why for case, why in part.reasons.items()}
        start += part.size
    return Outcomes(**arrays, reasons=reasons)
