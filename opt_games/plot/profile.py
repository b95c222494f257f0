"""Performance profiles of solvers."""

from __future__ import annotations

from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from opt_games.benchmark.profile import Profile
from opt_games.plot.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    STYLE,
    VERMILLION,
    axes_or_new,
)

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
_STYLES = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)))
_APART = 0.045  # of the height, between labels


def plot_profile(profile: Profile, *, ax: Axes | None = None) -> Axes:
    """Draw performance profiles: who is right, and within which factor of the fastest.

    Parameters
    ----------
    profile : Profile
        As `opt_games.BenchResult.profile` returns it.
    ax : Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes
        Solvers are named at the right end of their lines.
    """
    with mpl.rc_context(STYLE):
        axes = axes_or_new(ax, 5.4, 3.4)
        end = 2.0 ** np.ceil(np.log2(max(profile.largest, 2.0)) + 0.25)
        heights = {}
        for k, solver in enumerate(profile.ratios):
            factors, parts = profile.steps(solver)
            axes.step(
                np.append(factors, end),
                np.append(parts, parts[-1]),
                where="post",
                label=solver,
                color=_COLOURS[k % len(_COLOURS)],
                linestyle=_STYLES[k % len(_STYLES)],
                linewidth=1.4,
            )
            heights[solver] = float(parts[-1])
        axes.set_xscale("log", base=2)
        axes.set_xlim(1.0, end)
        axes.set_ylim(0.0, 1.02)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_xlabel("Time over that of the fastest")
        axes.set_ylabel("Problems answered right")
        for (solver, height), at in zip(
            heights.items(), _spread(list(heights.values())), strict=True
        ):
            colour = next(each.get_color() for each in axes.lines if each.get_label() == solver)
            axes.annotate(
                solver,
                (end, height),
                (1.04, at / 1.02),
                textcoords="axes fraction",
                color=colour,
                va="center",
                fontsize=7.5,
                annotation_clip=False,
                arrowprops={
                    "arrowstyle": "-",
                    "relpos": (0.0, 0.5),
                    "color": colour,
                    "linewidth": 0.5,
                    "shrinkA": 1,
                    "shrinkB": 0,
                },
            )
    return axes


def _spread(heights: list[float]) -> list[float]:
    """Move labels apart, in their order, as little as that takes."""
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    places = list(heights)
    for lower, upper in pairwise(order):
        places[upper] = max(places[upper], places[lower] + _APART)
    top = max(places, default=0.0)
    shift = max(0.0, top - 1.0)
    last = np.inf
    for k in reversed(order):
        if shift:
            places[k] = min(places[k], 1.0 if last == np.inf else last - _APART)
        last = places[k]
    return places
