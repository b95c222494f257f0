"""Contracts to start from, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.lines import Line
from opt_games.engines.many_games import Rows
from opt_games.engines.peaks import Peaks, join, last_of_each
from opt_games.kernels.array_function import Array


@dataclass(frozen=True)
class Tasks:
    """Contracts to start from; several may be of one case.

    Attributes
    ----------
    case : ndarray of int
    share : ndarray
    peaks : Peaks
        The generalist's level and the responses there: they say which branch to solve on.
    rivals : Peaks or None
        Levels on branches that must not be better for the generalist.
    fixed : ndarray of bool
        Whether the share is to stay as it is.
    hope, start : ndarray
        The score that could at most come of it, and the score to start with.
    """

    case: Rows
    share: Array
    peaks: Peaks
    rivals: Peaks | None
    fixed: NDArray[np.bool_]
    hope: Array
    start: Array

    def take(self, rows: Rows) -> Tasks:
        """Return some of them."""
        rivals = None if self.rivals is None else self.rivals.take(rows)
        return Tasks(
            self.case[rows],
            self.share[rows],
            self.peaks.take(rows),
            rivals,
            self.fixed[rows],
            self.hope[rows],
            self.start[rows],
        )


@dataclass(frozen=True)
class Found:
    """Contracts solved and checked, one row each; specialists' and players' arrays are (n, rows).

    Attributes
    ----------
    good : ndarray of bool
        Whether it is an equilibrium.
    score : ndarray
        ``-inf`` where it is none, or not acceptable.
    strays : ndarray of bool
        Whether it solves its problem, but the generalist would rather go elsewhere.
    deviation : Peaks
        Where to.
    """

    case: Rows
    share: Array
    base: Array
    contribution: Array
    taking: NDArray[np.bool_]
    profits: Array
    utilities: Array
    regret: Array
    good: NDArray[np.bool_]
    strays: NDArray[np.bool_]
    deviation: Peaks
    score: Array

    def pick(self, rows: Rows) -> Found:
        """Return some of them."""
        arrays: dict[str, Any] = {
            each.name: getattr(self, each.name)[..., rows]
            for each in fields(Found)
            if each.name != "deviation"
        }
        return Found(**arrays, deviation=self.deviation.take(rows))

    @classmethod
    def join(cls, parts: Sequence[Found]) -> Found:
        """Put contracts behind each other."""
        arrays: dict[str, Any] = {
            each.name: np.concatenate([getattr(part, each.name) for part in parts], axis=-1)
            for each in fields(Found)
            if each.name != "deviation"
        }
        return cls(**arrays, deviation=join([part.deviation for part in parts]))


def choose(
    solution: str,
    line: Line,
    found: Found,
    tasks: Sequence[Tasks],
    again: Rows,
    values: Array,
    slack: Array,
) -> Found:
    """Pick the best contract of every case, good only if no hope and no sample is better."""
    place = np.searchsorted(line.cases, found.case)
    order = np.lexsort((found.score, place))
    last = order[last_of_each(place[order])]
    best = np.full(line.cases.size, -np.inf)
    best[place[last]] = found.score[last]
    # a hope that came to nothing, or to less than it began with, leaves doubt: unless its second
    # attempt succeeded
    hope = np.concatenate([each.hope for each in tasks])
    start = np.concatenate([each.start for each in tasks])
    open_ = ~found.good | (found.score < start - slack[place])
    open_[again] = False
    rounding = line.stakes.rounding(solution)
    doubt = line.highest(values) > best + slack
    np.logical_or.at(doubt, place[open_], (hope > best[place] + rounding[place])[open_])
    chosen = found.pick(last)
    return replace(chosen, good=chosen.good & ~doubt[place[last]])
