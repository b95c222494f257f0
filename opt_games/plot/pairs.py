"""The Pareto frontier of several players, two at a time."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from opt_games.pareto.answer import ParetoSet
from opt_games.plot.style import STYLE, with_unit
from opt_games.plot.surface import bargain_marks

_SIDE = 1.55  # inches of a panel


def plot_pairs(found: ParetoSet, *, unit: str | None = None) -> list[Axes]:
    """Draw one panel for every two players; colour is the sum of all utilities.

    Parameters
    ----------
    found : ParetoSet
    unit : str, optional
        What utilities are measured in.

    Returns
    -------
    list of Axes
        Of one new figure, row by row.
    """
    players = list(found.reference)
    utilities = np.array([list(point.utilities.values()) for point in found.points]).T
    order = np.argsort(utilities.sum(axis=0), kind="stable")
    utilities = utilities[:, order]
    size = len(players) - 1
    drawn: list[Axes] = []
    with mpl.rc_context(STYLE):
        side = _SIDE * size + 1.0
        figure = Figure(figsize=(side + 0.5, side), layout="constrained")
        grid = figure.subplots(size, size, sharex="col", sharey="row", squeeze=False)
        for row in range(size):
            for column in range(size):
                axes = grid[row, column]
                if column > row:
                    axes.set_visible(False)
                    continue
                shown: PathCollection = axes.scatter(
                    utilities[column],
                    utilities[row + 1],
                    c=utilities.sum(axis=0),
                    s=3,
                    cmap="viridis",
                    linewidths=0,
                    rasterized=True,
                )
                for label, style, at in bargain_marks(found):
                    axes.plot(at[column], at[row + 1], label=label, **style)
                if row == size - 1:
                    axes.set_xlabel(f"U {players[column]}{with_unit(unit)}")
                if column == 0:
                    axes.set_ylabel(f"U {players[row + 1]}{with_unit(unit)}")
                drawn.append(axes)
        bar = figure.colorbar(shown, ax=grid.ravel().tolist(), shrink=0.5)
        bar.set_label(f"Sum of utilities{with_unit(unit)}")
    return drawn
