"""Whole figures: those of ``opt-games solve`` and ``opt-games pareto``."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
from matplotlib.figure import Figure

from opt_games.api import pareto, solve, utility_curve
from opt_games.errors import OptGamesError
from opt_games.game import SOLUTIONS, Game
from opt_games.pareto.answer import ParetoSet
from opt_games.plot.frontier import plot_frontier
from opt_games.plot.pairs import plot_pairs
from opt_games.plot.players import plot_players
from opt_games.plot.strip import strip_rows
from opt_games.plot.style import STYLE, legend_handles
from opt_games.plot.surface import plot_contours, plot_surface
from opt_games.plot.utilities import plot_utilities
from opt_games.result import Bargain, UtilityCurve
from opt_games.solvers.base import SolverOptions


def figure(
    curve: UtilityCurve,
    *,
    bargains: Mapping[str, Bargain] | None = None,
    pareto: ParetoSet | None = None,
    unit: str | None = None,
    title: str | None = None,
) -> Figure:
    """Draw utilities against the share beside the plane of utilities, with one legend for both.

    Parameters
    ----------
    curve : UtilityCurve
    bargains : mapping of str to Bargain, optional
        Contracts to mark, by label.
    pareto : ParetoSet, optional
    unit : str, optional
        What utilities are measured in.
    title : str, optional

    Returns
    -------
    Figure
        As wide as a page of text, 7 inches.
    """
    with mpl.rc_context(STYLE):
        drawn = Figure(figsize=(7.0, 3.9 + 0.2 * strip_rows(curve)))
        drawn.set_layout_engine("constrained", h_pad=0.09)
        left, right = drawn.subplots(1, 2, width_ratios=(1.3, 1.0))
        plot_utilities(curve, bargains=bargains, pareto=pareto, ax=left, unit=unit, legend=False)
        plot_frontier(curve, bargains=bargains, pareto=pareto, ax=right, unit=unit, legend=False)
        if title:
            drawn.suptitle(title, fontsize=9.5)
        handles = {handle.get_label(): handle for handle in legend_handles(left)}
        handles |= {
            handle.get_label(): handle
            for handle in legend_handles(right)
            if handle.get_label() not in handles
        }
        drawn.legend(
            handles=list(handles.values()),
            loc="outside lower center",
            ncols=4,
            frameon=False,
            handlelength=2.6,
            columnspacing=1.4,
        )
    return drawn


def bargain_figure(
    game: Game,
    found: Bargain,
    *,
    solver: str = "ipopt",
    options: SolverOptions | None = None,
) -> Figure:
    """Draw the picture of ``opt-games solve --plot``: a bargain among the others of its game.

    With separate shares there is no line of contracts: see `plot_players`.
    """
    if not _has_line(game):
        with mpl.rc_context(STYLE):
            drawn = Figure(figsize=(5.0, 1.2 + 0.34 * len(game.players)), layout="constrained")
            plot_players(found, ax=drawn.subplots())
        return drawn
    marked = _all_bargains(game, {found.solution: found}, solver, options)
    return figure(
        utility_curve(game),
        bargains=marked,
        pareto=pareto(game, solver=solver, options=options),
        unit=_unit(game),
        title=game.name,
    )


def pareto_figure(
    game: Game,
    found: ParetoSet,
    *,
    solver: str = "ipopt",
    options: SolverOptions | None = None,
) -> Figure:
    """Draw the picture of ``opt-games pareto --plot``.

    Utilities against a common share and the frontier of two players as a curve; that of three with
    separate shares as a surface and its contours; that of more as one panel for every two players.
    """
    if found.intervals is None:
        return frontier_figure(found, unit=_unit(game))
    marked = _all_bargains(game, {}, solver, options)
    return figure(
        utility_curve(game), bargains=marked, pareto=found, unit=_unit(game), title=game.name
    )


def frontier_figure(found: ParetoSet, *, unit: str | None = None) -> Figure:
    """Draw the frontier of separate shares: a surface with its contours, or pairs of players."""
    with mpl.rc_context(STYLE):
        if len(found.reference) == 3:
            # axes in space have no size that a layout engine could reckon with
            drawn = Figure(figsize=(7.2, 4.3))
            left = drawn.add_axes((0.03, 0.2, 0.46, 0.74), projection="3d")
            right = drawn.add_axes((0.6, 0.32, 0.35, 0.56))
            plot_surface(found, ax=left, unit=unit)
            plot_contours(found, ax=right, unit=unit)
            handles = legend_handles(left)
        else:
            panels = plot_pairs(found, unit=unit)
            whole = panels[0].get_figure(root=True)
            assert whole is not None
            drawn = whole
            handles = legend_handles(panels[0])
        drawn.suptitle(found.game + ("" if found.complete else " (partial)"), fontsize=9.5)
        if drawn.get_constrained_layout():
            drawn.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
        else:
            drawn.legend(handles=handles, loc="lower center", ncols=4, frameon=False)
    return drawn


def _unit(game: Game) -> str | None:
    """Return ``"money"`` if everybody's utility is its profit."""
    forms = [group.form for group in game.specialists.groups]
    own = [game.generalist.utility, *(form.utility for form in forms)]
    return "money" if all(utility is None for utility in own) else None


def _has_line(game: Game) -> bool:
    return game.contract.shares == "common" or len(game.specialists) == 1


def _all_bargains(
    game: Game, known: Mapping[str, Bargain], solver: str, options: SolverOptions | None
) -> dict[str, Bargain]:
    """Return the bargains of every solution, those already known first."""
    bargains = dict(known)
    for solution in SOLUTIONS:
        if solution == "weighted" and game.bargaining.weights is None:
            continue
        if solution not in bargains:
            try:
                bargains[solution] = solve(game, bargain=solution, solver=solver, options=options)
            except OptGamesError:
                continue  # a picture without this mark is still a picture
    return bargains
