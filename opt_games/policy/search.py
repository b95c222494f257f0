"""Maximise functions that jump, by values only: a grid, bisected jumps, zooms on several peaks.

Many functions are searched side by side, since whoever computes values does so best for many points
at once.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array

Rows = NDArray[np.int64]
Values = Callable[[Rows, Array], Array]
"""From functions by number, and points as rows, to values; ``-inf`` where there is none."""

_STARTS = 16  # tops of the grid at which jumps are looked for
_KEPT = 4  # peaks that are looked at more closely
_STEEP = 10.0  # a fall so much larger than that on the other side may be a jump
_PROBE = 2  # quarterings after which a jump must still have much of its height
_STEPS = 7
_ROUNDS = 80
_CLOSE = 1e-8
_FLAT = 1e-14


def maximise(
    values: Values, count: int, low: Array, high: Array, points: int
) -> tuple[Array, Array]:
    """Find the highest point of each of several functions over a box.

    Parameters
    ----------
    values : callable
    count : int
        Number of functions.
    low, high : ndarray, shape (dimensions,)
    points : int
        Of the first grid, along each axis.

    Returns
    -------
    at : ndarray, shape (count, dimensions)
    value : ndarray, shape (count,)
        ``-inf`` where the first grid has no value.

    Notes
    -----
    Global up to the resolution of the first grid. A supremum at a jump is approached to 1e-8 of the
    range, from the side that has it.

    Examples
    --------
    >>> def steps(rows, at):
    ...     return np.where(at[:, 0] <= 1 / 3, at[:, 0], at[:, 0] - 0.8)
    >>> at, value = maximise(steps, 1, np.zeros(1), np.ones(1), 9)
    >>> round(float(at[0, 0]), 6), round(float(value[0]), 6)
    (0.333333, 0.333333)
    """
    axes = [np.linspace(a, b, points if b > a else 1) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    shape, size = grid.shape[:-1], low.size
    flat = grid.reshape(-1, size)
    found = values(np.repeat(np.arange(count), len(flat)), np.tile(flat, (count, 1)))
    found = found.reshape(count, *shape)
    spacing = (high - low) / max(points - 1, 1)

    rows, at, value = _tops(found, flat, spacing)
    at, value, _ = _up_to_jumps(
        values, rows, at, value, np.tile(spacing, (rows.size, 1)), low, high
    )
    keep = _apart(rows, at, value, 1.5 * np.tile(spacing, (rows.size, 1)), _KEPT)
    rows, at, value = rows[keep], at[keep], value[keep]
    best_at, best = np.tile(low, (count, 1)), np.full(count, -np.inf)
    if not rows.size:
        return best_at, best
    box = np.tile(spacing, (rows.size, 1))
    for _ in range(_ROUNDS):
        at, value, spread, shrink = _zoom(values, rows, at, value, box, low, high)
        order = np.argsort(value, kind="stable")  # the best of a function is written last
        better = order[value[order] > best[rows[order]]]
        best[rows[better]], best_at[rows[better]] = value[better], at[better]
        box = shrink[:, None] * box
        going = (box > _CLOSE * (high - low)).any(axis=1)
        going &= spread > _FLAT * np.maximum(np.abs(value), 1e-300)
        going &= value + spread >= best[rows]
        keep = _apart(rows, at, value, box, _KEPT)
        keep = keep[going[keep]]
        if not keep.size:
            break
        rows, at, value, box = rows[keep], at[keep], value[keep], box[keep]
    return best_at, best


def jumps(
    values: Values, at: Array, value: float, low: Array, high: Array
) -> list[tuple[int, int, float]]:
    """Find the axes along which a point lies at a jump.

    Returns
    -------
    list of (int, int, float)
        The axis; 1 if the jump is just above the point, -1 if just below; the value beyond it.

    Examples
    --------
    >>> def steps(rows, at):
    ...     return np.where(at[:, 0] <= 0.5, 1.0, 0.2)
    >>> jumps(steps, np.array([0.5]), 1.0, np.zeros(1), np.ones(1))
    [(0, 1, 0.2)]
    """
    found = []
    for axis, side in product(range(low.size), (1, -1)):
        reach = np.zeros(low.size)
        reach[axis] = side * (high - low)[axis]
        steps = at + np.outer([1e-3, 1e-5, 1e-7], reach)
        inside = ((steps >= low) & (steps <= high)).all(axis=1)
        if not inside.all() or high[axis] <= low[axis]:
            continue
        falls = _gap(np.full(3, value), values(np.zeros(3, dtype=np.int64), steps))
        size = max(abs(value), 1e-300)
        if falls[2] > 1e-7 * size and (falls[1:] >= 0.3 * falls[:-1]).all():
            beyond = values(np.zeros(1, dtype=np.int64), steps[2:])
            found.append((axis, side, float(beyond[0])))
    return found


def _tops(found: Array, flat: Array, spacing: Array) -> tuple[Rows, Array, Array]:
    """Return the points of the grids that no neighbour along an axis exceeds."""
    top = np.isfinite(found)
    for axis in range(1, found.ndim):
        rise = _rises(found, axis)
        start, stop = [slice(None)] * found.ndim, [slice(None)] * found.ndim
        start[axis], stop[axis] = slice(None, -1), slice(1, None)
        top[tuple(start)] &= ~(rise > 0)
        top[tuple(stop)] &= ~(rise < 0)
    rows, places = np.nonzero(top.reshape(len(found), -1))
    at, value = flat[places], found.reshape(len(found), -1)[rows, places]
    keep = _apart(rows, at, value, 1.5 * np.tile(spacing, (rows.size, 1)), _STARTS)
    return rows[keep], at[keep], value[keep]


def _rises(found: Array, axis: int) -> Array:
    """Return the signs of the steps along an axis."""
    first = np.take(found, np.arange(found.shape[axis] - 1), axis)
    second = np.take(found, np.arange(1, found.shape[axis]), axis)
    return (second > first).astype(float) - (second < first)


def _apart(rows: Rows, at: Array, value: Array, gap: Array, most: int) -> Rows:
    """Return the positions of the highest points of every function that lie apart."""
    chosen: list[int] = []
    by_row: dict[int, list[int]] = {}
    for k in np.argsort(-value, kind="stable"):
        mine = by_row.setdefault(int(rows[k]), [])
        if len(mine) == most or not np.isfinite(value[k]):
            continue
        near = np.abs(at[mine] - at[k]) <= gap[k]
        if not near.all(axis=1).any():
            mine.append(int(k))
            chosen.append(int(k))
    return np.array(chosen, dtype=np.int64)


def _zoom(
    values: Values, rows: Rows, at: Array, value: Array, box: Array, low: Array, high: Array
) -> tuple[Array, Array, Array, Array]:
    """Look around points; return the best there, the spread, and how far to shrink the box."""
    count, size = at.shape
    ways = np.array(list(product(np.linspace(-1.0, 1.0, 5), repeat=size)))
    around = np.clip(at[:, None] + box[:, None] * ways, low, high)
    tried = values(np.repeat(rows, len(ways)), around.reshape(-1, size)).reshape(count, -1)
    finite = np.where(np.isfinite(tried), tried, value[:, None])
    spread = finite.max(axis=1) - finite.min(axis=1)
    k = tried.argmax(axis=1)
    each = np.arange(count)
    better = tried[each, k] > value
    new = np.where(better[:, None], around[each, k], at)
    top = np.where(better, tried[each, k], value)
    if size == 1:
        starts, owner, start_value = new, each, top
    else:  # along an oblique edge, points of a grid are unlike far from it: compare on the edge
        cube = tried.reshape(count, *(5,) * size)
        place: list[Rows] = []
        owners: list[Rows] = []
        index = np.arange(len(ways)).reshape((5,) * size)
        for axis in range(size):
            best = cube.argmax(axis=axis + 1)
            lines = np.moveaxis(index, axis, -1).reshape(-1, 5)
            picked = best.reshape(count, -1)
            place.append(lines[np.arange(len(lines)), picked].ravel())
            owners.append(np.repeat(each, len(lines)))
        where, owner = np.concatenate(place), np.concatenate(owners)
        starts, start_value = around[owner, where], tried[owner, where]
        used = np.isfinite(start_value)
        starts, owner, start_value = starts[used], owner[used], start_value[used]
    moved, reached, edge = _up_to_jumps(
        values, rows[owner], starts, start_value, 0.5 * box[owner], low, high
    )
    order = np.argsort(reached, kind="stable")
    order = order[reached[order] > top[owner[order]]]
    new[owner[order]], top[owner[order]] = moved[order], reached[order]
    step = np.abs(new - at)
    inside = (step < 0.99 * box).all(axis=1) | (step == 0.0).all(axis=1)
    shrink = np.where(inside, 0.5, 1.0)
    if size == 1:  # the jump itself is known already to the last quartering
        shrink[owner[order][edge[order]]] = 4.0 ** (2 - _STEPS)
    return new, top, spread, shrink


def _up_to_jumps(
    values: Values, rows: Rows, at: Array, value: Array, box: Array, low: Array, high: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Move points, along each axis, up to a jump within the box, where that is higher.

    Returns the points, their values, and whether they are right at a jump.
    """
    count, size = at.shape
    if not count:
        return at, value, np.zeros(0, dtype=bool)
    ways = np.concatenate([np.eye(size), -np.eye(size)])
    ends = np.clip(at[:, None] + box[:, None] * ways, low, high)
    tried = values(np.repeat(rows, 2 * size), ends.reshape(-1, size)).reshape(count, -1)
    fall = _gap(np.broadcast_to(value[:, None], tried.shape), tried)
    other = np.roll(fall, size, axis=1)
    scale = 1e-12 * np.maximum(np.abs(value), 1e-300)[:, None]
    steep = (tried < value[:, None]) & (fall > scale)
    steep &= ~np.isfinite(other) | (fall > _STEEP * other) | (other <= scale)
    owner, way = np.nonzero(steep)
    good, bad = at[owner].copy(), ends[owner, way].copy()
    up, down = value[owner].copy(), tried[owner, way].copy()
    first = _gap(up, down)
    best_at, best = at.copy(), value.copy()
    active = np.arange(owner.size)
    for step in range(_STEPS):
        if not active.size:
            break
        ends_of = good[active], bad[active]
        middle = np.stack([a * ends_of[0] + (1.0 - a) * ends_of[1] for a in (0.75, 0.5, 0.25)], 1)
        new = values(np.repeat(rows[owner[active]], 3), middle.reshape(-1, size))
        order = np.argsort(new, kind="stable")
        mine = np.repeat(owner[active], 3)
        order = order[new[order] > best[mine[order]]]
        best_at[mine[order]], best[mine[order]] = middle.reshape(-1, size)[order], new[order]
        path = np.column_stack([up[active], new.reshape(-1, 3), down[active]])
        places = np.concatenate([ends_of[0][:, None], middle, ends_of[1][:, None]], axis=1)
        widest, each = _gap(path[:, :-1], path[:, 1:]).argmax(axis=1), np.arange(active.size)
        good[active], up[active] = places[each, widest], path[each, widest]
        bad[active], down[active] = places[each, widest + 1], path[each, widest + 1]
        if step >= _PROBE - 1:
            left = _gap(up[active], down[active])
            active = active[left >= first[active] / 3.0]
    edge = np.zeros(count, dtype=bool)
    edge[owner[active]] = (best_at[owner[active]] == good[active]).all(axis=1)
    return best_at, best, edge


def _gap(first: Array, second: Array) -> Array:
    """Return the distance of values; that of two that are both missing is 0."""
    with np.errstate(invalid="ignore"):
        return np.where(first == second, 0.0, np.abs(first - second))
