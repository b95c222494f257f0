"""Changes of condition along segments, bracketed all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.regions.survey import Codes

_SECTION = 8  # parts into which a bracket is cut in a round
_ROUNDING = 4e-16  # of a coordinate: no bracket is narrower


@dataclass(frozen=True)
class Changes:
    """Changes of condition along segments, by segment and then in order along it.

    Attributes
    ----------
    segment : ndarray of int, shape (changes,)
    points : ndarray, shape (changes, dimensions)
        The middle of the last bracket.
    before, after : ndarray of int, shape (changes,)
        Codes of the conditions on the two sides.
    """

    segment: Codes
    points: Array
    before: Codes
    after: Codes


def trace(
    survey: Callable[[Array], Codes],
    starts: Array,
    ends: Array,
    codes: tuple[Codes, Codes],
    width: Array,
) -> Changes:
    """Bracket every change of condition that shows along straight segments.

    Every round cuts all open brackets into parts and solves the games between them as one batch. A
    segment may turn out to hold several changes: all are followed. One whose ends are alike is
    taken to hold none.

    Parameters
    ----------
    survey : callable
        From points, shape (points, dimensions), to codes.
    starts, ends : ndarray, shape (segments, dimensions)
    codes : pair of ndarray of int, shape (segments,)
        The codes at the starts and at the ends.
    width : ndarray, shape (dimensions,)
        How wide a bracket may be in the end.

    Examples
    --------
    >>> line = lambda points: (points[:, 0] > 0.3).astype(int)
    >>> ends = np.array([[0.0]]), np.array([[1.0]])
    >>> found = trace(line, *ends, (np.array([0]), np.array([1])), np.array([1e-6]))
    >>> found.points.round(5).tolist()
    [[0.3]]
    """
    unlike = np.flatnonzero(codes[0] != codes[1])
    before, after = codes[0][unlike], codes[1][unlike]
    segment, low, high = unlike, starts[unlike], ends[unlike]
    done: list[Changes] = []
    while True:
        fine = _narrow(low, high, width)
        done.append(Changes(segment[fine], ((low + high) / 2)[fine], before[fine], after[fine]))
        segment, low, high = segment[~fine], low[~fine], high[~fine]
        before, after = before[~fine], after[~fine]
        if segment.size == 0:
            break
        steps = (np.arange(1, _SECTION) / _SECTION)[None, :, None]
        inside = low[:, None] + steps * (high - low)[:, None]
        found = survey(inside.reshape(-1, low.shape[1])).reshape(segment.size, -1)
        codes_along = np.column_stack([before, found, after])
        along = np.concatenate([low[:, None], inside, high[:, None]], axis=1)
        bracket, k = np.nonzero(codes_along[:, 1:] != codes_along[:, :-1])
        segment, low, high = segment[bracket], along[bracket, k], along[bracket, k + 1]
        before, after = codes_along[bracket, k], codes_along[bracket, k + 1]
    return _in_order(done, starts)


def _narrow(low: Array, high: Array, width: Array) -> NDArray[np.bool_]:
    rounding = _ROUNDING * np.maximum(np.abs(low), np.abs(high))
    narrow: NDArray[np.bool_] = np.all(np.abs(high - low) <= np.maximum(width, rounding), axis=1)
    return narrow


def _in_order(parts: list[Changes], starts: Array) -> Changes:
    segment = np.concatenate([part.segment for part in parts])
    points = np.concatenate([part.points for part in parts])
    before = np.concatenate([part.before for part in parts])
    after = np.concatenate([part.after for part in parts])
    distance = np.abs(points - starts[segment]).max(axis=1) if segment.size else segment
    order = np.lexsort([distance, segment])
    return Changes(segment[order], points[order], before[order], after[order])
