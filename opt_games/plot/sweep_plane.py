"""A variable of a sweep over two parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch

from opt_games.plot.boundaries import draw_boundaries
from opt_games.plot.slices import Slice, looks, meanings, name_of, texts
from opt_games.plot.style import axes_or_new, cell_edges, evenly_in_log, scale_log
from opt_games.result import Array

_COLORS = "viridis"
_MISSING = "#E4E4E4"


def draw_plane(shown: Slice, ax: Axes | None, legend: bool) -> Axes:
    """Draw a heat map with the boundaries of regimes; points as points."""
    axes = axes_or_new(ax, 5.4, 4.1)
    first, second = shown.varied
    x, y = shown.along(first), shown.along(second)
    handles: list[Any]
    if shown.scattered:
        handles = _colored(
            shown,
            axes,
            np.asarray(shown.values.values, dtype=float),
            lambda numbers, **style: axes.scatter(
                x, y, c=numbers, s=20, linewidths=0.3, edgecolors="0.35", **style
            ),
        )
    else:
        edges = [cell_edges(values, evenly_in_log(values)) for values in (x, y)]
        handles = _colored(
            shown,
            axes,
            np.asarray(shown.values.transpose(second, first).values, dtype=float),
            lambda numbers, **style: axes.pcolormesh(*edges, numbers, rasterized=True, **style),
        )
        axes.set(xlim=_limits(x), ylim=_limits(y))
        if shown.regimes is not None and shown.values.name != "regime":
            handles += draw_boundaries(axes, x, y, shown.regimes.transpose("player", first, second))
    axes.set(xlabel=name_of(first), ylabel=name_of(second))
    axes.spines[:].set_visible(True)
    scale_log(axes, *(a for a, v in zip("xy", (x, y), strict=True) if evenly_in_log(v)))
    if legend and handles:
        axes.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(-0.02, -0.15),
            frameon=False,
            ncols=2,
            handlelength=3.0,
            columnspacing=1.6,
        )
    return axes


def _colored(shown: Slice, axes: Axes, numbers: Array, draw: Callable[..., Any]) -> list[Any]:
    """Draw numbers in colours with a scale, codes in theirs; return legend handles."""
    handles = []
    missing = np.isnan(numbers)
    if missing.any():
        axes.set_facecolor(_MISSING)
        label = "no answer" if missing.sum() == shown.failed.sum() else "no value"
        handles = [Patch(facecolor=_MISSING, edgecolor="0.45", linewidth=0.5, label=label)]
    if not shown.coded:
        drawn = draw(numbers, cmap=_COLORS)
        axes.figure.colorbar(drawn, ax=axes, label=shown.label, pad=0.02)
        return handles
    words, look = texts(shown.values, numbers), looks(shown.values)
    there = [word for word in meanings(shown.values) or () if (words == word).any()]
    colors = [look.get(word, (_MISSING, ""))[0] for word in there]
    norm = BoundaryNorm(np.arange(len(there) + 1) - 0.5, len(there))
    places = np.select([words == word for word in there], range(len(there)))
    draw(places, cmap=ListedColormap(colors), norm=norm)
    return [
        Patch(facecolor=color, edgecolor="0.45", linewidth=0.5, label=word)
        for color, word in zip(colors, there, strict=True)
    ]


def _limits(values: Array) -> tuple[float, float]:
    """Return the first and the last value, apart even if they are one."""
    ends = values if values.size > 1 else cell_edges(values, log=False)
    return float(ends[0]), float(ends[-1])
