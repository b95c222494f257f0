"""The plane of utilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from opt_games.pareto.answer import ParetoSet
from opt_games.parts import GENERALIST
from opt_games.plot.curves import draw_broken, marks_of
from opt_games.plot.style import BLACK, GREEN, ORANGE, STYLE, axes_or_new, legend_handles, with_unit
from opt_games.result import Array, Bargain, UtilityCurve


def plot_frontier(
    curve: UtilityCurve,
    *,
    bargains: Mapping[str, Bargain] | None = None,
    pareto: ParetoSet | None = None,
    ax: Axes | None = None,
    unit: str | None = None,
    legend: bool = True,
) -> Axes:
    """Draw what the generalist and the specialists can reach, and the Pareto frontier.

    The second axis is the specialist's utility, or the sum of several specialists'. The frontier is
    that of all players: of several specialists its parts need not look undominated here.

    Parameters
    ----------
    curve : UtilityCurve
    bargains : mapping of str to Bargain, optional
        Contracts to mark. Their disagreement point is marked, too.
    pareto : ParetoSet, optional
    ax : Axes, optional
        By default those of a new figure.
    unit : str, optional
        What utilities are measured in, such as ``"money"``.
    legend : bool
        Whether to draw one.

    Returns
    -------
    Axes
    """
    with mpl.rc_context(STYLE):
        axes = axes_or_new(ax, 3.6, 3.6)
        first, others = curve.utilities[0], curve.utilities[1:].sum(axis=0)
        draw_broken(
            axes, curve, first, others, label="attainable", color="0.55", linewidth=1.0, zorder=2
        )
        if pareto is not None:
            label = "Pareto frontier"
            for x, y in _frontier(curve, pareto):
                alone = x.size == 1
                axes.plot(
                    x,
                    y,
                    color=ORANGE,
                    linewidth=3.6,
                    solid_capstyle="round",
                    label=label,
                    marker="o" if alone else None,
                    markersize=5.5,
                    zorder=3,
                )
                label = "_again"
        best = None if pareto is None else pareto.first_best
        if best is not None and len(curve.players) == 2 and best.points:
            reach = np.array([list(point.utilities.values()) for point in best.points]).T
            reach = reach[:, np.argsort(reach[0], kind="stable")]
            axes.plot(
                *reach, color=GREEN, linestyle=(0, (4, 1.5)), linewidth=1.2, label="first best"
            )
        for label, mark in marks_of(bargains).items():
            axes.plot(mark.utilities[GENERALIST], mark.of_others, label=label, **mark.style)
        for bargain in list((bargains or {}).values())[:1]:
            own = bargain.disagreement[GENERALIST]
            axes.plot(
                own,
                sum(bargain.disagreement.values()) - own,
                linestyle="none",
                marker="P",
                color=BLACK,
                markersize=5,
                label="disagreement",
                zorder=4,
                clip_on=False,
            )
        axes.set_xlabel(f"Utility of the generalist{with_unit(unit)}")
        several = len(curve.players) > 2
        who = "the specialists" if several else curve.players[1]
        axes.set_ylabel(f"Utility of {who}{with_unit(unit)}")
        axes.margins(0.06)
        if legend:
            axes.legend(handles=legend_handles(axes), frameon=False)
    return axes


def _frontier(curve: UtilityCurve, pareto: ParetoSet) -> Iterator[tuple[Array, Array]]:
    """Yield the generalist's and the others' utilities along every stretch of the Pareto set."""
    known = [
        (next(iter(point.shares.values())), list(point.utilities.values()))
        for point in pareto.points
    ]
    for low, high in pareto.intervals or ():
        inside = (curve.shares > low) & (curve.shares < high)
        pieces = np.unique(curve.piece[inside])
        ends = [(s, u) for s, u in known if low <= s <= high]
        if not pieces.size:
            utilities = np.array([u for _, u in ends]).reshape(-1, len(curve.players))
            if utilities.size:
                yield utilities[:, 0], utilities[:, 1:].sum(axis=1)
            continue
        for number, piece in enumerate(pieces):
            at = inside & (curve.piece == piece)
            utilities = curve.utilities[:, at].T
            before = [u for s, u in ends if s == low] if number == 0 else []
            after = [u for s, u in ends if s == high] if number == pieces.size - 1 else []
            utilities = np.vstack([*before, *utilities, *after])
            yield utilities[:, 0], utilities[:, 1:].sum(axis=1)
