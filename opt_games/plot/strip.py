"""The strip below utilities: the Pareto set, and what every specialist does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from opt_games.pareto.answer import ParetoSet
from opt_games.plot.style import ORANGE, REGIMES, cell_edges, evenly_in_log, regime_look
from opt_games.result import Array, UtilityCurve

ROWS = 6  # specialists that get a line and a row of regimes of their own
_NARROW = 4e-3  # of the line: a band narrower than this could not be seen


def add_strip(axes: Axes, curve: UtilityCurve, pareto: ParetoSet | None) -> None:
    """Add the strip of the Pareto set and the regimes; it carries the labels of the share."""
    top = 0 if pareto is None else 1
    strip = hang_strip(axes, top + strip_rows(curve), "Share of revenue to the generalist")
    if pareto is not None:
        _pareto_bars(strip, pareto)
    names, centres = draw_regimes(strip, curve.shares, curve.regimes[1:], curve.players[1:], top)
    if pareto is not None:
        names, centres = ["Pareto set", *names], [0.5, *centres]
    strip.set_yticks(centres, names)


def hang_strip(axes: Axes, rows: int, label: str) -> Axes:
    """Add an empty strip below axes; it carries the labels of what runs along both."""
    height = 0.07 * rows
    strip = axes.inset_axes((0.0, -0.03 - height, 1.0, height), sharex=axes)
    strip.set_ylim(rows, 0)
    strip.tick_params(axis="y", length=0, labelsize=7)
    strip.spines[["left", "top", "right"]].set_visible(False)
    axes.tick_params(axis="x", which="both", labelbottom=False)
    for each in (axes, strip):
        each.set_xlabel(label)
    axes.xaxis.label.set_visible(False)
    return strip


def draw_regimes(
    strip: Axes,
    x: Array,
    regimes: NDArray[np.str_],
    specialists: Sequence[str],
    top: int,
) -> tuple[list[str], list[float]]:
    """Draw what every specialist does, or how many of many do; return the labels of the rows.

    Parameters
    ----------
    strip : Axes
    x : ndarray, shape (points,)
    regimes : ndarray of str, shape (specialists, points)
    specialists : sequence of str
    top : int
        The first row.
    """
    if len(specialists) > ROWS:
        _counts(strip, x, regimes, top)
        return ["specialists"], [top + 1.0]
    labelled: set[str] = set()
    for row, of_one in enumerate(regimes, start=top):
        draw_bands(strip, x, of_one, row, labelled)
    return list(specialists), [top + row + 0.5 for row in range(len(specialists))]


def strip_rows(curve: UtilityCurve) -> int:
    """Return how many rows high the strip is, without that of the Pareto set."""
    specialists = len(curve.players) - 1
    return 2 if specialists > ROWS else specialists


def _pareto_bars(strip: Axes, pareto: ParetoSet) -> None:
    for low, high in pareto.intervals or ():
        if high > low:
            strip.plot(
                [low, high],
                [0.5, 0.5],
                color=ORANGE,
                linewidth=5,
                solid_capstyle="butt",
                label="_interval",
            )
        else:
            strip.plot(
                low,
                0.5,
                color=ORANGE,
                linestyle="none",
                marker="D",
                markersize=4.5,
                label="_isolated",
                clip_on=False,
                zorder=3,
            )


def draw_bands(
    axes: Axes,
    x: Array,
    regimes: NDArray[np.str_],
    row: int,
    labelled: set[str],
    looks: Mapping[str, tuple[str, str]] = REGIMES,
) -> None:
    """Draw a row of bands in the looks of their regimes; nothing where there is none."""
    ends = cell_edges(x, evenly_in_log(x))
    ends[[0, -1]] = x[[0, -1]]
    starts = np.flatnonzero(np.r_[True, regimes[1:] != regimes[:-1]])
    stops = np.r_[starts[1:], regimes.size]
    for start, stop in zip(starts, stops, strict=True):
        low, high = ends[start], ends[stop]
        if high - low < _NARROW * (x[-1] - x[0]) or str(regimes[start]) not in looks:
            continue
        look = regime_look(str(regimes[start]), labelled, looks)
        axes.add_patch(Rectangle((low, row + 0.14), high - low, 0.72, **look))


def _counts(strip: Axes, x: Array, regimes: NDArray[np.str_], top: int) -> None:
    """How many of the specialists are in each regime."""
    labelled: set[str] = set()
    below = np.full(x.size, top + 2.0)
    for regime in REGIMES:
        part = (regimes == regime).mean(axis=0) * 1.86
        if part.any():
            strip.fill_between(x, below, below - part, **regime_look(regime, labelled))
            below = below - part
