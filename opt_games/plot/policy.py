"""What floors do, over two parameters: backfire, help everybody, or drive players out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Patch

from opt_games.plot.slices import name_of
from opt_games.plot.style import axes_or_new, cell_edges

if TYPE_CHECKING:
    import xarray as xr

LOOKS: Mapping[str, str] = {
    "no effect of these": "#FFFFFF",
    "mutualism": "#BFE0D2",
    "backfiring": "#F3CDB8",
    "abstention": "#D0D0D0",
}
"""Colours by effect; where there are several, the last stands."""


def plot_policy(
    found: xr.Dataset,
    *,
    player: str | None = None,
    attribute: str | None = None,
    x: str | None = None,
    y: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the effects of floors as a map.

    Parameters
    ----------
    found : xarray.Dataset
        Of `opt_games.effects`: a grid over two parameters, or points.
    player, attribute : str, optional
        Whose level of what may backfire: by default the first specialist's of the last attribute.
    x, y : str, optional
        The two parameters; by default the last two dimensions, or point coordinates, the first of
        them upwards.
    ax : Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("safety")
    >>> vary = {"theta_G": "0:1.5:7", "theta_D": "0:2.5:11"}
    >>> axes = plot_policy(opt_games.effects(game, vary))
    >>> axes.get_xlabel(), axes.get_ylabel()
    ('theta_D', 'theta_G')
    """
    axes = axes_or_new(ax, 5.4, 4.1)
    player = player or str(found["player"].values[1])
    attribute = attribute or str(found["attribute"].values[-1])
    names = [str(name) for name in found["mutualism"].dims if name != "point"]
    if "point" in found.dims:
        names = [str(name) for name in found.coords if found[name].dims == ("point",)]
    x, y = x or names[-1], y or names[0]
    code = np.zeros(found["mutualism"].shape, dtype=int)
    code[found["mutualism"].values] = 1
    code[found["backfiring"].sel(player=player, attribute=attribute).values] = 2
    code[found["abstention"].sel(player=player).values] = 3
    colors, norm = ListedColormap(list(LOOKS.values())), BoundaryNorm(np.arange(5) - 0.5, 4)
    if "point" in found.dims:
        axes.scatter(found[x], found[y], c=code, cmap=colors, norm=norm, s=4, linewidths=0)
    else:
        place = found["mutualism"].copy(data=code).transpose(y, x).values
        edges = [cell_edges(found[name].values, False) for name in (x, y)]
        axes.pcolormesh(*edges, place, cmap=colors, norm=norm, rasterized=True)
    there = np.unique(code)
    handles = [
        Patch(facecolor=color, edgecolor="0.45", linewidth=0.5, label=name)
        for k, (name, color) in enumerate(LOOKS.items())
        if k in there
    ]
    axes.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(-0.02, -0.15), ncols=2, frameon=False
    )
    axes.set(xlabel=name_of(x), ylabel=name_of(y))
    axes.spines[:].set_visible(True)
    return axes
