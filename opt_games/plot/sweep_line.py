"""A variable of a sweep over one parameter."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from opt_games.errors import SpecError
from opt_games.plot.slices import Slice, looks, name_of, texts
from opt_games.plot.strip import ROWS, draw_bands, draw_regimes, hang_strip
from opt_games.plot.style import (
    BLACK,
    PLAYERS,
    axes_or_new,
    cell_edges,
    evenly_in_log,
    legend_handles,
    scale_log,
)
from opt_games.result import Array

_MARKED = 40  # points of a line that get a mark each
_MARKS = "osD^v<>"


def draw_line(shown: Slice, ax: Axes | None, legend: bool) -> Axes:
    """Draw a line for everything that is not chosen; codes as bands."""
    (name,) = shown.varied
    order = np.argsort(shown.along(name), kind="stable")
    x = shown.along(name)[order]
    if shown.coded:
        axes = _rows(shown, x, order, ax)
    else:
        axes = axes_or_new(ax, 5.6, 3.4)
        _curves(shown, x, order, axes)
        axes.set_ylabel(shown.label)
    axes.set_xlabel(name_of(name))
    if x[-1] > x[0]:
        axes.set_xlim(x[0], x[-1])
    if shown.regimes is not None and not shown.scattered and not shown.coded and x.size > 1:
        _regimes(shown, x, order, axes)
    if evenly_in_log(x):
        scale_log(axes, "x")
    handles = legend_handles(axes)
    if legend and handles:
        axes.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            frameon=False,
            handlelength=2.6,
        )
    return axes


def _curves(shown: Slice, x: Array, order: NDArray[np.int64], axes: Axes) -> None:
    for k, (label, values) in enumerate(_lines(shown)):
        color, dashes = PLAYERS[k % len(PLAYERS)]
        style: dict[str, Any] = {"color": color, "linestyle": dashes, "linewidth": 1.5}
        if shown.scattered:
            style |= {"linestyle": "none", "marker": _MARKS[k % len(_MARKS)], "markersize": 3.5}
        elif x.size <= _MARKED:
            style |= {"marker": "o", "markersize": 2.6}
        axes.plot(x, values[order], label=label or "_only", zorder=2, **style)
    failed = shown.failed[order]
    if failed.any():
        axes.plot(
            x[failed],
            np.zeros(failed.sum()),
            transform=axes.get_xaxis_transform(),
            linestyle="none",
            marker="x",
            color=BLACK,
            markersize=4,
            label="no answer",
            clip_on=False,
            zorder=3,
        )


def _rows(shown: Slice, x: Array, order: NDArray[np.int64], ax: Axes | None) -> Axes:
    """Draw what codes mean, a row for everything that is not chosen."""
    rows = _lines(shown)
    axes = axes_or_new(ax, 5.4, 1.2 + 0.3 * len(rows))
    labelled: set[str] = set()
    for row, (_, values) in enumerate(rows):
        words = texts(shown.values, values)[order]
        draw_bands(axes, x, words, row, labelled, looks(shown.values))
    axes.set_yticks(np.arange(len(rows)) + 0.5, [label or shown.label for label, _ in rows])
    axes.set_ylim(len(rows), 0)
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "top", "right"]].set_visible(False)
    return axes


def _regimes(shown: Slice, x: Array, order: NDArray[np.int64], axes: Axes) -> None:
    """Draw lines where somebody's regime changes, and a strip of who does what."""
    assert shown.regimes is not None
    words = shown.regimes.values[:, order]
    specialists = [str(each) for each in shown.regimes["player"].values]
    middles = cell_edges(x, evenly_in_log(x))[1:-1]
    for middle in middles[(words[:, 1:] != words[:, :-1]).any(axis=0)]:
        axes.axvline(middle, color="0.6", linewidth=0.7, linestyle=(0, (4, 2)), zorder=1)
    strip = hang_strip(axes, 2 if len(specialists) > ROWS else len(specialists), axes.get_xlabel())
    rows, centres = draw_regimes(strip, x, words, specialists, 0)
    strip.set_yticks(centres, rows)


def _lines(shown: Slice) -> list[tuple[str, Array]]:
    """Return label and values of every line."""
    if shown.by is None:
        return [("", np.asarray(shown.values.values, dtype=float))]
    labels = [str(label) for label in shown.values[shown.by].values]
    if len(labels) > ROWS + 1:
        raise SpecError(
            f"{len(labels)} lines are too many to tell apart: choose one {shown.by}, such as "
            f"{', '.join(labels[:10])}"
        )
    return [
        (label, np.asarray(shown.values.isel({shown.by: k}).values, dtype=float))
        for k, label in enumerate(labels)
    ]
