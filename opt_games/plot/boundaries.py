"""Lines between the regimes of a sweep over two parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from opt_games.plot.slices import NO_AGREEMENT, NO_ANSWER
from opt_games.plot.strip import ROWS
from opt_games.plot.style import BLACK, REGIMES, cell_edges, evenly_in_log
from opt_games.regions.cells import Cells, cut_cells
from opt_games.regions.edges import Crossing, Edge
from opt_games.result import Array

if TYPE_CHECKING:
    import xarray as xr

_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.2, 1.6)), (0, (5, 1.5, 1, 1.5)), (0, (9, 2)))


def draw_boundaries(axes: Axes, x: Array, y: Array, regimes: xr.DataArray) -> list[Line2D]:
    """Draw where somebody's regime changes, midway between the points; return legend handles.

    Parameters
    ----------
    axes : Axes
    x, y : ndarray
        The grid.
    regimes : DataArray of str
        Over player and the two parameters.
    """
    if min(x.size, y.size) < 2:
        return []
    specialists = [str(player) for player in regimes["player"].values]
    by_words: dict[str, list[Array]] = {}
    if len(specialists) > ROWS:
        flat = regimes.values.reshape(len(specialists), -1)
        _, codes = np.unique(flat, axis=1, return_inverse=True)
        cells = _cut(x, y, codes.reshape(x.size, y.size))
        by_words["somebody's regime changes"] = list(cells.boundaries)
    else:
        for specialist, of_one in zip(specialists, regimes.values, strict=True):
            kinds, codes = np.unique(of_one, return_inverse=True)
            cells = _cut(x, y, codes.reshape(x.size, y.size))
            for segment, sides in zip(cells.boundaries, cells.between, strict=True):
                words = _change(specialist, kinds[sides].tolist())
                by_words.setdefault(words, []).append(segment)
    by_words.pop("", None)
    halo = [withStroke(linewidth=2.6, foreground="white")]
    handles = []
    for k, (words, segments) in enumerate(by_words.items()):
        style = {
            "linewidth": 1.3,
            "linestyle": _DASHES[k % len(_DASHES)],
            "path_effects": halo,
        }
        lines = polylines(np.unique(segments, axis=0))
        axes.add_collection(LineCollection(lines, colors=BLACK, zorder=3, **style))
        handles.append(Line2D([], [], color=BLACK, label=words, **style))
    return handles


def polylines(segments: Array) -> list[Array]:
    """Join segments, shape (segments, 2, 2), that share an end into lines as long as can be.

    Examples
    --------
    >>> pieces = np.array([[(0, 0), (1, 0)], [(2, 0), (1, 0)], [(5, 5), (6, 6)]])
    >>> [line.tolist() for line in polylines(pieces)]
    [[[0, 0], [1, 0], [2, 0]], [[5, 5], [6, 6]]]
    """
    ends = [[tuple(end) for end in segment] for segment in segments.tolist()]
    at: dict[tuple[float, ...], list[int]] = {}
    for k, pair in enumerate(ends):
        for end in pair:
            at.setdefault(end, []).append(k)
    left = dict.fromkeys(range(len(ends)))
    # from the loose ends first; what is left then are rings
    starts = [(k, end) for k, pair in enumerate(ends) for end in pair if len(at[end]) != 2]
    starts += [(k, pair[0]) for k, pair in enumerate(ends)]
    lines = []
    for k, end in starts:
        if k not in left:
            continue
        line = [end]
        while k in left:
            del left[k]
            line.append(ends[k][1] if ends[k][0] == line[-1] else ends[k][0])
            following = [other for other in at[line[-1]] if other in left]
            if len(at[line[-1]]) != 2 or not following:
                break
            k = following[0]
        lines.append(np.array(line))
    return lines


def _change(specialist: str, sides: list[str]) -> str:
    """Say who changes how, whichever side is looked from; nothing beside missing answers."""
    if NO_ANSWER in sides:
        return ""
    if NO_AGREEMENT in sides:
        return "agreement | no agreement"
    first, second = sorted(sides, key=list(REGIMES).index)
    return f"{specialist}: {first} | {second}"


def _cut(x: Array, y: Array, codes: NDArray[np.int64]) -> Cells:
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    return cut_cells(grid, codes, _midway(x, y, codes), _nearest(x, y, codes))


def _midway(x: Array, y: Array, codes: NDArray[np.int64]) -> dict[Edge, list[Crossing]]:
    """Place a crossing in the middle of every edge between unlike points."""
    middles = [cell_edges(values, evenly_in_log(values))[1:-1] for values in (x, y)]
    crossings: dict[Edge, list[Crossing]] = {}
    for axis in (0, 1):
        here = np.take(codes, range(codes.shape[axis] - 1), axis)
        ahead = np.take(codes, range(1, codes.shape[axis]), axis)
        for i, j in np.argwhere(here != ahead).tolist():
            point = (middles[0][i], y[j]) if axis == 0 else (x[i], middles[1][j])
            crossings[axis, i, j] = [Crossing(np.array(point), int(here[i, j]), int(ahead[i, j]))]
    return crossings


def _nearest(x: Array, y: Array, codes: NDArray[np.int64]) -> Any:
    """Return the condition of any point: that of the grid point before it."""

    def at(points: Array) -> NDArray[np.int64]:
        i, j = (np.searchsorted(v, p, "right") - 1 for v, p in zip((x, y), points.T, strict=True))
        return np.asarray(codes[i, j])

    return at
