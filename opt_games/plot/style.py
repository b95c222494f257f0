"""What all pictures share: colours, line styles, the look of regimes, axes and labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from opt_games.result import ABSTAIN, CONTRIBUTE, FREE_RIDE, Array

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
"""The palette of Okabe and Ito, which the colour-blind can tell apart."""

PLAYERS = (
    (BLUE, "-"),
    (VERMILLION, (0, (5, 1.6))),
    (GREEN, (0, (5, 1.4, 1, 1.4))),
    (PURPLE, (0, (1.2, 1.2))),
    (ORANGE, (0, (8, 1.5))),
    (SKY, (0, (5, 1.3, 1, 1.3, 1, 1.3))),
)
REGIMES: Mapping[str, tuple[str, str]] = {
    CONTRIBUTE: ("#C9DCEB", ""),
    "comply": ("#F5F0B3", "||||"),
    FREE_RIDE: ("#F7E2B5", "////"),
    ABSTAIN: ("#FFFFFF", "...."),
}
TINTS = ("#C9DCEB", "#F7E2B5", "#BFE0D2", "#EACBDD", "#F3CDB8", "#F5F0B3", "#B9CFE8", "#D9D2C3")
"""For areas: the palette, made light."""

STATUSES: Mapping[str, tuple[str, str]] = {
    "ok": (TINTS[2], ""),
    "no-agreement": ("#D0D0D0", ""),
    "failed": ("#FFFFFF", "xxxx"),
}
STYLE: Any = {
    "font.size": 8,
    "axes.labelsize": 8.5,
    "axes.titlesize": 9,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.4,
    "hatch.color": "#9A9A9A",
    "pdf.fonttype": 42,
    "svg.hashsalt": "opt_games",
}


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the axes given, or those of a new figure of this size in inches."""
    if ax is not None:
        return ax
    made: Axes = Figure(figsize=(width, height), layout="constrained").subplots()
    return made


def with_unit(unit: str | None) -> str:
    """Return a unit in parentheses, to stand behind a label."""
    return f" ({unit})" if unit else ""


def legend_handles(axes: Axes) -> list[Any]:
    """Return what a legend of these axes shows: players, the total, marks, then regimes."""
    handles, _ = axes.get_legend_handles_labels()
    for strip in axes.child_axes:
        if isinstance(strip, Axes):
            handles += strip.get_legend_handles_labels()[0]
    return handles


def regime_look(
    regime: str, labelled: set[str], looks: Mapping[str, tuple[str, str]] = REGIMES
) -> dict[str, Any]:
    """Return the look of a regime; the first of each carries its name into the legend."""
    color, hatch = looks[regime]
    label = f"_{regime}" if regime in labelled else regime
    labelled.add(regime)
    return {
        "facecolor": color,
        "edgecolor": "0.45",
        "linewidth": 0.5,
        "hatch": hatch,
        "label": label,
    }


def scale_log(axes: Axes, *which: str) -> None:
    """Make axes, ``"x"`` or ``"y"``, logarithmic, with plain numbers at a few ticks."""
    for name in which:
        axis = axes.xaxis if name == "x" else axes.yaxis
        axes.set(**{f"{name}scale": "log"})
        low, high = sorted(axis.get_view_interval())
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 200 * low else (1.0,)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(LogLocator(subs="all"))
        axis.set_minor_formatter(NullFormatter())


def evenly_in_log(values: Array) -> bool:
    """Whether values are spaced evenly in the logarithm, and not as they are.

    Examples
    --------
    >>> evenly_in_log(np.geomspace(0.1, 10, 5)), evenly_in_log(np.linspace(0.1, 10, 5))
    (True, False)
    """
    if values.size < 3 or values.min() <= 0:
        return False
    steps = np.diff(np.log(values))
    return bool(np.ptp(steps) <= 1e-6 * np.abs(steps).max())


def cell_edges(values: Array, log: bool) -> Array:
    """Return the edges of cells around ascending values, in the middle between neighbours.

    Examples
    --------
    >>> cell_edges(np.array([1.0, 2.0, 4.0]), log=False)
    array([0.5, 1.5, 3. , 5. ])
    """
    along = np.log(values) if log else values
    if along.size == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middle = (along[1:] + along[:-1]) / 2
    ends = np.concatenate([[2 * along[0] - middle[0]], middle, [2 * along[-1] - middle[-1]]])
    return np.asarray(np.exp(ends) if log else ends)
