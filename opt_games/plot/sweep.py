"""Sweeps: any variable over one or two of what varies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.axes import Axes

from opt_games.plot.slices import slice_of
from opt_games.plot.style import STYLE
from opt_games.plot.sweep_line import draw_line
from opt_games.plot.sweep_plane import draw_plane

if TYPE_CHECKING:
    import xarray as xr


def plot_sweep(
    sweep: xr.Dataset,
    variable: str = "utility",
    *,
    player: str | None = None,
    solution: str | None = None,
    attribute: str | None = None,
    x: str | None = None,
    y: str | None = None,
    ax: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Draw a variable of a sweep: lines over one parameter, a heat map over two.

    Where a specialist's regime changes there is a line, midway between two points. Over one
    parameter a strip below says what every specialist does. A list of points is drawn as points.
    Where there is no answer, there is a gap, grey in a heat map.

    Parameters
    ----------
    sweep : xarray.Dataset
        From `opt_games.sweep` or its file. Of more than two parameters, select first:
        ``sweep.sel(c1=0.5, method="nearest")``.
    variable : str
        Any of the sweep's: ``"utility"``, ``"share"``, ``"level"``, ``"regime"``, ...
    player, solution, attribute : str, optional
        Which one. Without, there is a line for each; a heat map shows one.
    x, y : str, optional
        Which parameter runs along which axis; by default in order.
    ax : Axes, optional
        By default those of a new figure.
    legend : bool
        Whether to draw one.

    Returns
    -------
    Axes

    Raises
    ------
    SpecError
        If there is no such thing, or too much for one picture.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> found = opt_games.sweep(game, {"share": [0.2, 0.5, 0.8]}, engine="one-by-one")
    >>> plot_sweep(found, "utility").get_ylabel()
    'Utility (money)'
    """
    shown = slice_of(
        sweep, variable, player=player, solution=solution, attribute=attribute, wanted=(x, y)
    )
    with mpl.rc_context(STYLE):
        axes = (draw_line if len(shown.varied) == 1 else draw_plane)(shown, ax, legend)
        axes.set_title(shown.title, loc="left")
    return axes
