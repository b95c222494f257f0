"""The edges of a grid, and where the condition changes on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from opt_games.kernels.array_function import Array
from opt_games.regions.line import without_slivers
from opt_games.regions.survey import Codes
from opt_games.regions.trace import trace

Edge = tuple[int, int, int]
"""The axis along which an edge runs, and the indices of the grid point where it starts."""

_Point = tuple[int, int]


@dataclass(frozen=True)
class Crossing:
    """A change of condition on an edge, as seen along its axis."""

    point: Array
    before: int
    after: int


Crossings = Mapping[Edge, list[Crossing]]


def find_crossings(
    survey: Callable[[Array], Codes], grid: Array, codes: Codes, width: Array
) -> dict[Edge, list[Crossing]]:
    """Bisect all edges between unlike grid points, as one batch.

    Parameters
    ----------
    survey : callable
        From points, shape (points, 2), to codes.
    grid : ndarray, shape (first, second, 2)
    codes : ndarray of int, shape (first, second)
    width : ndarray, shape (2,)
        How accurate, by axis. Narrower stretches within an edge are left out.
    """
    edges: list[Edge] = []
    for axis in (0, 1):
        here = np.take(codes, range(codes.shape[axis] - 1), axis)
        ahead = np.take(codes, range(1, codes.shape[axis]), axis)
        edges += [(axis, i, j) for i, j in np.argwhere(here != ahead).tolist()]
    if not edges:
        return {}
    start, end = (tuple(np.array([_ends(edge)[k] for edge in edges]).T) for k in (0, 1))
    found = trace(survey, grid[start], grid[end], (codes[start], codes[end]), width)
    crossings: dict[Edge, list[Crossing]] = {}
    for edge, mine in zip(edges, _by_segment(found.segment, len(edges)), strict=True):
        axis, (first, last) = edge[0], _ends(edge)
        # the ends belong to grid points, whose conditions count however short a way they reach
        margin = 2.0 * width[axis]
        low, high = grid[first][axis] - margin, grid[last][axis] + margin
        stops = np.concatenate([[low], found.points[mine, axis], [high]])
        kinds = np.append(found.before[mine[:1]], found.after[mine])
        stops, kinds = without_slivers(stops, kinds, float(width[axis]))
        crossings[edge] = [
            Crossing(_moved(grid[first], axis, float(stop)), int(before), int(after))
            for stop, before, after in zip(stops[1:-1], kinds[:-1], kinds[1:], strict=True)
        ]
    return crossings


def without_thin_points(
    grid: Array, codes: Codes, crossings: Crossings, width: Array
) -> tuple[Codes, dict[Edge, list[Crossing]]]:
    """Give grid points in a region thinner than `width` the condition of a neighbour.

    Such a region is a point or a line on which two others tie. The crossings next to it become one.
    """
    touched = {end for edge in crossings for end in _ends(edge)}
    new: dict[_Point, int] = {}
    for point in touched:
        beyond = [_beyond(grid, crossings, point, axis, width) for axis in (0, 1)]
        around = [code for codes_beyond in beyond for code in codes_beyond]
        if around:
            new[point] = max(around, key=around.count)
    if not new:
        return codes, dict(crossings)
    codes = codes.copy()
    for point, code in new.items():
        codes[point] = code
    kept = dict(crossings)
    for edge in {edge for point in new for edge in _edges_at(point, codes.shape)}:
        kept[edge] = _joined(edge, crossings.get(edge, []), grid, codes, new)
    return codes, {edge: along for edge, along in kept.items() if along}


def _beyond(grid: Array, crossings: Crossings, point: _Point, axis: int, width: Array) -> list[int]:
    """Conditions on the two sides of a point that is thin along an axis, none if it is not."""
    beyond = []
    for edge in _edges_at(point, grid.shape[:2]):
        if edge[0] != axis:
            continue
        along, starts = crossings.get(edge, []), _ends(edge)[0] == point
        if not along:
            return []
        nearest = along[0] if starts else along[-1]
        if abs(nearest.point[axis] - grid[point][axis]) > width[axis]:
            return []
        beyond.append(nearest.after if starts else nearest.before)
    return beyond


def _joined(
    edge: Edge, along: list[Crossing], grid: Array, codes: Codes, new: Mapping[_Point, int]
) -> list[Crossing]:
    """Return the crossings of an edge whose ends have new conditions."""
    first, last = _ends(edge)
    at_first, at_last = int(codes[first]), int(codes[last])
    if not along:
        where = grid[first] if first in new else grid[last]
        return [Crossing(where, at_first, at_last)] if at_first != at_last else []
    kinds = [at_first, *(each.after for each in along[:-1]), at_last]
    return [
        Crossing(each.point, before, after)
        for each, before, after in zip(along, kinds[:-1], kinds[1:], strict=True)
        if before != after
    ]


def _ends(edge: Edge) -> tuple[_Point, _Point]:
    axis, i, j = edge
    return (i, j), (i + (axis == 0), j + (axis == 1))


def _edges_at(point: _Point, shape: tuple[int, ...]) -> list[Edge]:
    """Edges of the grid that end at a point, the one behind it first, by axis."""
    i, j = point
    edges: list[Edge] = [(0, i - 1, j), (0, i, j), (1, i, j - 1), (1, i, j)]
    return [
        edge
        for edge in edges
        if min(edge) >= 0 and _ends(edge)[1][0] < shape[0] and _ends(edge)[1][1] < shape[1]
    ]


def _moved(point: Array, axis: int, value: float) -> Array:
    moved = point.copy()
    moved[axis] = value
    return moved


def _by_segment(segment: Codes, count: int) -> list[Codes]:
    """Positions by segment; segments are in order."""
    return np.split(np.arange(segment.size), np.searchsorted(segment, np.arange(1, count)))
