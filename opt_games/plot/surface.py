"""The Pareto frontier of three players: a surface, and its contours."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from opt_games.errors import SpecError
from opt_games.pareto.answer import ParetoSet
from opt_games.plot.curves import mark_style
from opt_games.plot.style import STYLE, axes_or_new, with_unit
from opt_games.result import Array

_LEVELS = 12
_LONG = 5.0  # times the median edge: a triangle with a longer one spans a gap


def plot_surface(found: ParetoSet, *, ax: Axes | None = None, unit: str | None = None) -> Axes:
    """Draw the frontier of three players in space, with its contours on the floor.

    Parameters
    ----------
    found : ParetoSet
        Of separate shares of two specialists.
    ax : Axes, optional
        With ``projection="3d"``; by default those of a new figure.
    unit : str, optional
        What utilities are measured in.

    Returns
    -------
    Axes
    """
    utilities = _three(found)
    z = utilities[2]
    with mpl.rc_context(STYLE):
        axes: Any = ax
        if axes is None:
            figure = Figure(figsize=(4.2, 4.0), layout="constrained")
            axes = figure.add_subplot(projection="3d")
        floor = float(z.min()) - 0.35 * max(float(np.ptp(z)), 1e-9 * float(np.abs(z).max()), 1e-9)
        mesh = triangles(utilities)
        if mesh is not None:
            surface = axes.plot_trisurf(
                mesh, z, cmap="viridis", alpha=0.85, linewidth=0, antialiased=False
            )
            surface.set_rasterized(True)
            axes.tricontour(
                mesh, z, _LEVELS, zdir="z", offset=floor, cmap="viridis", linewidths=0.8
            )
        # what has no neighbours around it, such as a curve, is no part of a surface
        axes.scatter(*utilities, c=z, s=1.5, cmap="viridis", depthshade=False)
        if found.first_best is not None and found.first_best.points:
            best = np.array([list(p.utilities.values()) for p in found.first_best.points]).T
            axes.scatter(*best, s=5, color="0.45", depthshade=False, label="first best")
        for number, (label, style, at) in enumerate(bargain_marks(found)):
            style["zorder"] = 20 + number
            axes.plot(*at[:, None], label=label, **style)
        axes.set_zlim(bottom=floor)
        axes.view_init(elev=24, azim=38)
        axes.set_box_aspect(None, zoom=0.86)
        players = list(found.reference)
        axes.set_xlabel(f"Utility of {players[0]}{with_unit(unit)}")
        axes.set_ylabel(f"Utility of {players[1]}{with_unit(unit)}")
        axes.set_zlabel(f"Utility of {players[2]}{with_unit(unit)}")
        axes.locator_params(nbins=5)
    drawn: Axes = axes
    return drawn


def plot_contours(found: ParetoSet, *, ax: Axes | None = None, unit: str | None = None) -> Axes:
    """Draw the third player's utility over those of the first two, along the frontier.

    Parameters
    ----------
    found : ParetoSet
        Of separate shares of two specialists.
    ax : Axes, optional
        By default those of a new figure.
    unit : str, optional
        What utilities are measured in.

    Returns
    -------
    Axes
    """
    utilities = _three(found)
    with mpl.rc_context(STYLE):
        axes = axes_or_new(ax, 4.0, 3.6)
        mesh = triangles(utilities)
        low, high = float(utilities[2].min()), float(utilities[2].max())
        if mesh is not None:
            look = {"cmap": "viridis", "vmin": low, "vmax": high}
            axes.tricontourf(mesh, utilities[2], _LEVELS, **look)
            axes.tricontour(mesh, utilities[2], _LEVELS, colors="white", linewidths=0.4)
        # the points reach further than the surface, and so does the bar
        shown = axes.scatter(
            utilities[0],
            utilities[1],
            c=utilities[2],
            s=2.5,
            linewidths=0,
            cmap="viridis",
            vmin=low,
            vmax=high,
            zorder=1,
        )
        players = list(found.reference)
        bar = axes.figure.colorbar(shown, ax=axes, shrink=0.85)
        bar.set_label(f"Utility of {players[2]}{with_unit(unit)}")
        for label, style, at in bargain_marks(found):
            axes.plot(at[0], at[1], label=label, **style)
        axes.set_xlabel(f"Utility of {players[0]}{with_unit(unit)}")
        axes.set_ylabel(f"Utility of {players[1]}{with_unit(unit)}")
    return axes


def bargain_marks(found: ParetoSet) -> list[tuple[str, dict[str, Any], Array]]:
    """Return label, look and utilities of the bargains; those at one contract are one."""
    marks: list[tuple[list[str], str, Array]] = []
    for name, bargain in found.bargains.items():
        if bargain is None:
            continue
        at = np.array(list(bargain.utilities.values()))
        for labels, _, known in marks:
            if np.abs(known - at).max() <= 1e-6 * max(float(np.abs(at).max()), 1e-300):
                labels.append(name)
                break
        else:
            marks.append(([name], name, at))
    return [
        (",\n".join(labels), mark_style(name, first=number == 0), at)
        for number, (labels, name, at) in enumerate(marks)
    ]


def triangles(utilities: Array) -> Triangulation | None:
    """Join neighbouring contracts of a frontier, but not across its gaps.

    None where there is no surface: of less than three contracts, or if they lie on a line.
    """
    flat = utilities[:2] - utilities[:2].mean(axis=1, keepdims=True)
    across = np.linalg.svd(flat, compute_uv=False)
    if utilities.shape[1] < 3 or across[1] <= 1e-9 * across[0]:
        return None
    span = np.ptp(utilities, axis=1, keepdims=True)
    relative = utilities / np.where(span > 0, span, 1.0)
    mesh = Triangulation(*utilities[:2])
    corners = relative[:, mesh.triangles]
    edges = np.linalg.norm(corners - np.roll(corners, 1, axis=2), axis=0).max(axis=1)
    mesh.set_mask(edges > _LONG * np.median(edges))
    return mesh


def _three(found: ParetoSet) -> Array:
    if len(found.reference) != 3:
        raise SpecError(f"{found.game}: a surface needs three players, not {len(found.reference)}")
    return np.array([list(point.utilities.values()) for point in found.points]).T
