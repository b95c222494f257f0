"""Dataclasses of arrays whose last axis is the lane, and what can be done with all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray


class Lanes:
    """Base of frozen dataclasses whose fields are arrays over lanes, or such dataclasses.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Shares(Lanes):
    ...     share: np.ndarray
    >>> both = stack([Shares(np.array([0.1, 0.2])), Shares(np.array([0.3]))])
    >>> both.take(np.array([2, 0])).share.tolist()
    [0.3, 0.1]
    """

    def take(self, lanes: NDArray[np.int64] | slice) -> Self:
        """Return some of the lanes."""
        return _each(lambda values: take(values, lanes), [self])

    def where(self, mask: NDArray[np.bool_], other: Self) -> Self:
        """Return the lanes of `other` where the mask holds, these elsewhere."""
        return _each(lambda here, there: np.where(mask, there, here), [self, other])

    def put(self, lanes: NDArray[np.int64], part: Self) -> Self:
        """Return these lanes with some of them replaced."""

        def replaced(here: NDArray[Any], there: NDArray[Any]) -> NDArray[Any]:
            values = np.array(here)
            if values.ndim == 1:
                values[lanes] = there
                return values
            # several times faster than an index after an ellipsis
            for row, new in zip(
                values, np.broadcast_to(there, (*values.shape[:-1], lanes.size)), strict=True
            ):
                row[lanes] = new
            return values

        return _each(replaced, [self, part])


def take(values: NDArray[Any], lanes: NDArray[np.int64] | slice) -> NDArray[Any]:
    """Return some of the lanes of an array."""
    # several times faster than an index after an ellipsis
    return values[..., lanes] if isinstance(lanes, slice) else values.take(lanes, axis=-1)


Kind = TypeVar("Kind", bound=Lanes)


def stack(parts: Sequence[Kind]) -> Kind:
    """Put lanes behind each other."""
    return _each(lambda *values: np.concatenate(values, axis=-1), parts)


def _each(function: Callable[..., Any], given: Sequence[Kind]) -> Kind:
    """Apply a function of arrays to every field, also within fields."""
    kind = type(given[0])
    columns = {}
    for each in fields(kind):  # type: ignore[arg-type]
        values = [getattr(one, each.name) for one in given]
        inner = isinstance(values[0], Lanes)
        columns[each.name] = _each(function, values) if inner else function(*values)
    return kind(**columns)
