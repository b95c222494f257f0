"""Utilities against the share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from opt_games.pareto.answer import ParetoSet
from opt_games.plot.curves import draw_broken, marks_of
from opt_games.plot.strip import ROWS, add_strip
from opt_games.plot.style import BLACK, PLAYERS, STYLE, axes_or_new, legend_handles, with_unit
from opt_games.result import Array, Bargain, UtilityCurve


def plot_utilities(
    curve: UtilityCurve,
    *,
    bargains: Mapping[str, Bargain] | None = None,
    pareto: ParetoSet | None = None,
    ax: Axes | None = None,
    unit: str | None = None,
    legend: bool = True,
) -> Axes:
    """Draw everybody's utility, and the total, against the generalist's share.

    Lines break where the equilibrium jumps. A strip below shows the Pareto set and the regime of
    every specialist; of many specialists, the sum of utilities and how many are in each regime.

    Parameters
    ----------
    curve : UtilityCurve
    bargains : mapping of str to Bargain, optional
        Contracts to mark, by the label they get. Those without agreement are left out.
    pareto : ParetoSet, optional
    ax : Axes, optional
        By default those of a new figure.
    unit : str, optional
        What utilities are measured in, such as ``"money"``.
    legend : bool
        Whether to draw one; to place it elsewhere, see `legend_handles`.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> axes = plot_utilities(opt_games.utility_curve(game, points=21))
    >>> axes.get_ylabel()
    'Utility'
    """
    with mpl.rc_context(STYLE):
        axes = axes_or_new(ax, 4.6, 3.6)
        for label, values, style in _lines(curve):
            draw_broken(axes, curve, curve.shares, values, label=label, zorder=2, **style)
        for label, mark in marks_of(bargains).items():
            share, gains = mark.share, mark.utilities
            axes.axvline(share, color="0.75", linewidth=0.6, zorder=1)
            axes.plot(share, sum(gains.values()), label=label, **mark.style)
        low, high = float(curve.shares[0]), float(curve.shares[-1])
        if high > low:
            margin = 0.02 * (high - low)
            axes.set_xlim(low - margin, high + margin)
        axes.set_ylabel(f"Utility{with_unit(unit)}")
        add_strip(axes, curve, pareto)
        if legend:
            axes.legend(
                handles=legend_handles(axes),
                loc="upper left",
                bbox_to_anchor=(1.01, 1.0),
                frameon=False,
                handlelength=2.6,
            )
    return axes


def _lines(curve: UtilityCurve) -> Iterator[tuple[str, Array, dict[str, Any]]]:
    """Yield label, values and style of every line of utilities."""
    players, utilities = list(curve.players), curve.utilities
    if len(players) > ROWS + 1:
        players = [players[0], "sum of the specialists"]
        utilities = np.vstack([utilities[0], utilities[1:].sum(axis=0)])
    for k, player in enumerate(players):
        color, dashes = PLAYERS[k if k < len(PLAYERS) else 1 + (k - 1) % (len(PLAYERS) - 1)]
        yield player, utilities[k], {"color": color, "linestyle": dashes, "linewidth": 1.6}
    yield "all players", curve.welfare, {"color": BLACK, "linestyle": "-", "linewidth": 1.0}
