"""The strip below utilities: the Pareto set, and what every specialist does."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from opt_games.plot.style import ORANGE, REGIMES, regime_look
from opt_games.result import ParetoSet, UtilityCurve

ROWS = 6  # specialists that get a line and a row of regimes of their own
_NARROW = 4e-3  # of the line: a band narrower than this could not be seen


def add_strip(axes: Axes, curve: UtilityCurve, pareto: ParetoSet | None) -> None:
    """Add the strip of the Pareto set and the regimes; it carries the labels of the share."""
    specialists = list(curve.players[1:])
    names = [] if pareto is None else ["Pareto set"]
    top = len(names)
    counted = len(specialists) > ROWS
    bottom = top + strip_rows(curve)
    height = 0.07 * bottom
    strip = axes.inset_axes((0.0, -0.03 - height, 1.0, height), sharex=axes)
    strip.set_ylim(bottom, 0)
    if pareto is not None:
        _pareto_bars(strip, pareto)
    if counted:
        _counts(strip, curve, top, bottom)
        names.append("specialists")
        centres = [*np.arange(top) + 0.5, (top + bottom) / 2]
    else:
        _bands(strip, curve, top)
        names += specialists
        centres = list(np.arange(bottom) + 0.5)
    strip.set_yticks(centres, names)
    strip.tick_params(axis="y", length=0, labelsize=7)
    strip.spines[["left", "top", "right"]].set_visible(False)
    axes.tick_params(axis="x", labelbottom=False)
    for each in (axes, strip):
        each.set_xlabel("Share of revenue to the generalist")
    axes.xaxis.label.set_visible(False)


def strip_rows(curve: UtilityCurve) -> int:
    """Return how many rows high the strip is, without that of the Pareto set."""
    specialists = len(curve.players) - 1
    return 2 if specialists > ROWS else specialists


def _pareto_bars(strip: Axes, pareto: ParetoSet) -> None:
    for low, high in pareto.intervals:
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


def _bands(strip: Axes, curve: UtilityCurve, top: int) -> None:
    """One row per specialist, in the look of its regime."""
    labelled: set[str] = set()
    shares = curve.shares
    for row, regimes in enumerate(curve.regimes[1:], start=top):
        starts = np.flatnonzero(np.r_[True, regimes[1:] != regimes[:-1]])
        ends = np.r_[starts[1:], regimes.size - 1]
        for start, end in zip(starts, ends, strict=True):
            low = shares[start] if start == 0 else (shares[start - 1] + shares[start]) / 2
            high = shares[-1] if end == regimes.size - 1 else (shares[end - 1] + shares[end]) / 2
            if high - low < _NARROW * (shares[-1] - shares[0]):
                continue
            strip.add_patch(
                Rectangle(
                    (low, row + 0.14),
                    high - low,
                    0.72,
                    **regime_look(str(regimes[start]), labelled),
                )
            )


def _counts(strip: Axes, curve: UtilityCurve, top: int, bottom: int) -> None:
    """How many of the specialists are in each regime."""
    labelled: set[str] = set()
    below = np.full(curve.shares.size, float(bottom))
    for regime in REGIMES:
        part = (curve.regimes[1:] == regime).mean(axis=0) * (bottom - top - 0.14)
        if part.any():
            strip.fill_between(curve.shares, below, below - part, **regime_look(regime, labelled))
            below = below - part
