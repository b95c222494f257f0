"""Pictures: utilities along the share, and the plane of utilities.

Every function draws into the axes it is given, or makes a figure of its own, and returns the axes.
Nothing here touches ``pyplot``: show a figure in a notebook by its name, or save it with `save`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from opt_games.api import pareto, solve, utility_curve
from opt_games.errors import OptGamesError, SpecError
from opt_games.game import SOLUTIONS, Game
from opt_games.parts import GENERALIST
from opt_games.result import (
    ABSTAIN,
    CONTRIBUTE,
    FREE_RIDE,
    Array,
    Bargain,
    ParetoSet,
    UtilityCurve,
)
from opt_games.solvers.base import SolverOptions

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

_PLAYERS = (
    (BLUE, "-"),
    (VERMILLION, (0, (5, 1.6))),
    (GREEN, (0, (5, 1.4, 1, 1.4))),
    (PURPLE, (0, (1.2, 1.2))),
    (ORANGE, (0, (8, 1.5))),
    (SKY, (0, (5, 1.3, 1, 1.3, 1, 1.3))),
)
_REGIMES: Mapping[str, tuple[str, str]] = {
    CONTRIBUTE: ("#C9DCEB", ""),
    FREE_RIDE: ("#F7E2B5", "////"),
    ABSTAIN: ("#FFFFFF", "...."),
}
_MARKERS: Mapping[str, str] = {
    "given": "X",
    "nash": "*",
    "utilitarian": "o",
    "weighted": "p",
    "kalai-smorodinsky": "D",
    "egalitarian": "s",
    "max-performance": "^",
    "powerful-generalist": ">",
    "powerful-specialist": "<",
}
_STYLE: Any = {
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
_SAME = 1e-5  # shares closer than this are one mark
_NARROW = 4e-3  # of the line: a band narrower than this could not be seen
_ROWS = 6  # specialists that get a line and a row of regimes of their own


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
    with mpl.rc_context(_STYLE):
        axes = _axes(ax, 4.6, 3.6)
        for label, values, style in _lines(curve):
            _broken(axes, curve, curve.shares, values, label=label, zorder=2, **style)
        for label, mark in _marks(bargains).items():
            share, gains = mark.share, mark.utilities
            axes.axvline(share, color="0.75", linewidth=0.6, zorder=1)
            axes.plot(share, sum(gains.values()), label=label, **mark.style)
        low, high = float(curve.shares[0]), float(curve.shares[-1])
        if high > low:
            margin = 0.02 * (high - low)
            axes.set_xlim(low - margin, high + margin)
        axes.set_ylabel(f"Utility{_in(unit)}")
        _strip(axes, curve, pareto)
        if legend:
            axes.legend(
                handles=legend_handles(axes),
                loc="upper left",
                bbox_to_anchor=(1.01, 1.0),
                frameon=False,
                handlelength=2.6,
            )
    return axes


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
    with mpl.rc_context(_STYLE):
        axes = _axes(ax, 3.6, 3.6)
        first, others = curve.utilities[0], curve.utilities[1:].sum(axis=0)
        _broken(
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
        for label, mark in _marks(bargains).items():
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
        axes.set_xlabel(f"Utility of the generalist{_in(unit)}")
        several = len(curve.players) > 2
        who = "the specialists" if several else curve.players[1]
        axes.set_ylabel(f"Utility of {who}{_in(unit)}")
        axes.margins(0.06)
        if legend:
            axes.legend(handles=legend_handles(axes), frameon=False)
    return axes


def plot_players(bargain: Bargain, *, ax: Axes | None = None) -> Axes:
    """Draw what every player gets from one contract, with its share and regime.

    Parameters
    ----------
    bargain : Bargain
    ax : Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes
    """
    with mpl.rc_context(_STYLE):
        players = list(bargain.utilities)
        axes = _axes(ax, 4.6, 1.1 + 0.32 * len(players))
        rows = np.arange(len(players))
        colors = [_PLAYERS[min(k, 1)][0] for k in range(len(players))]
        values = [bargain.utilities[player] for player in players]
        axes.barh(rows, values, height=0.56, color=colors, label="utility", zorder=2)
        without = [bargain.disagreement[player] for player in players]
        axes.plot(
            without,
            rows,
            linestyle="none",
            marker="|",
            markersize=13,
            markeredgewidth=1.6,
            color=BLACK,
            label="without agreement",
            zorder=3,
            clip_on=False,
        )
        axes.set_yticks(rows, [_described(bargain, player) for player in players])
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()
        for row, value in zip(rows, values, strict=True):
            axes.annotate(
                f"{value:.4g}",
                (max(value, 0.0), row),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
            )
        axes.margins(x=0.14)
        if min(values + without) >= 0:
            axes.set_xlim(left=0.0)
        axes.set_xlabel("Utility (bar), and without agreement (tick)")
        agreed = bargain.solution if bargain.agreement else f"{bargain.solution}: no agreement"
        axes.set_title(f"{bargain.game}: {agreed}", loc="left")
    return axes


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
    with mpl.rc_context(_STYLE):
        drawn = Figure(figsize=(7.0, 3.9 + 0.2 * _strip_rows(curve)))
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
        with mpl.rc_context(_STYLE):
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
    """Draw the picture of ``opt-games pareto --plot``."""
    marked = _all_bargains(game, {}, solver, options)
    return figure(
        utility_curve(game), bargains=marked, pareto=found, unit=_unit(game), title=game.name
    )


def save(drawn: Figure, path: str | Path) -> None:
    """Write a figure to a file, whole or not at all.

    Parameters
    ----------
    drawn : Figure
    path : str or Path
        Its suffix says the format.

    Raises
    ------
    SpecError
        If the file cannot be written.
    """
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    kind = target.suffix[1:].lower()
    stamped = {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else {}
    try:
        try:
            with mpl.rc_context(_STYLE):
                drawn.savefig(unfinished, format=kind, dpi=200, metadata=stamped or None)
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise SpecError(f"cannot write {target}: {error.strerror or error}", key="--plot") from None


def legend_handles(axes: Axes) -> list[Any]:
    """Return what a legend of these axes shows: players, the total, marks, then regimes."""
    handles, _ = axes.get_legend_handles_labels()
    for strip in axes.child_axes:
        if isinstance(strip, Axes):
            handles += strip.get_legend_handles_labels()[0]
    return handles


# --- lines -------------------------------------------------------------------------------------


def _axes(ax: Axes | None, width: float, height: float) -> Axes:
    if ax is not None:
        return ax
    made: Axes = Figure(figsize=(width, height), layout="constrained").subplots()
    return made


def _lines(curve: UtilityCurve) -> Iterator[tuple[str, Array, dict[str, Any]]]:
    """Yield label, values and style of every line of utilities."""
    players, utilities = list(curve.players), curve.utilities
    if len(players) > _ROWS + 1:
        players = [players[0], "sum of the specialists"]
        utilities = np.vstack([utilities[0], utilities[1:].sum(axis=0)])
    for k, player in enumerate(players):
        color, dashes = _PLAYERS[k if k < len(_PLAYERS) else 1 + (k - 1) % (len(_PLAYERS) - 1)]
        yield player, utilities[k], {"color": color, "linestyle": dashes, "linewidth": 1.6}
    yield "all players", curve.welfare, {"color": BLACK, "linestyle": "-", "linewidth": 1.0}


def _broken(
    axes: Axes, curve: UtilityCurve, x: Array, y: Array, *, label: str, **style: Any
) -> None:
    """Draw one line per piece of the curve, with one entry in the legend."""
    for piece in np.unique(curve.piece):
        at = curve.piece == piece
        if at.sum() == 1:
            axes.plot(x[at], y[at], label="_point", **{**style, "marker": ".", "markersize": 3})
        else:
            axes.plot(x[at], y[at], label=label, **style)
            label = "_piece"


def _frontier(curve: UtilityCurve, pareto: ParetoSet) -> Iterator[tuple[Array, Array]]:
    """Yield the generalist's and the others' utilities along every stretch of the Pareto set."""
    known = [
        (next(iter(point.shares.values())), list(point.utilities.values()))
        for point in pareto.points
    ]
    for low, high in pareto.intervals:
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


# --- marks -------------------------------------------------------------------------------------


class _Mark:
    """A bargain's place and symbol."""

    def __init__(self, bargain: Bargain, share: float, first: bool) -> None:
        self.share = share
        self.utilities = bargain.utilities
        size = {"*": 9.5, "o": 5.5, "D": 4.8, "s": 5.0}.get(_MARKERS[bargain.solution], 6.0)
        self.style: dict[str, Any] = {
            "linestyle": "none",
            "marker": _MARKERS[bargain.solution],
            "markersize": size + (1.0 if first else 0.0),
            "markerfacecolor": YELLOW if first else "white",
            "markeredgecolor": BLACK,
            "markeredgewidth": 0.9,
            "clip_on": False,
            "zorder": 6 if first else 5,
        }

    @property
    def of_others(self) -> float:
        return sum(u for player, u in self.utilities.items() if player != GENERALIST)


def _marks(bargains: Mapping[str, Bargain] | None) -> dict[str, _Mark]:
    """Bargains to draw, by label; those at the same share are one. The first stands out."""
    marks: dict[str, tuple[list[str], Bargain, float]] = {}
    for label, bargain in (bargains or {}).items():
        if bargain.shares is None:
            continue
        share = float(next(iter(bargain.shares.values())))
        for key, (_, _, at) in marks.items():
            if abs(at - share) <= _SAME:
                marks[key][0].append(label)
                break
        else:
            marks[label] = ([label], bargain, share)
    return {
        ",\n".join(labels) + f" ({share:.3f})": _Mark(bargain, share, first=number == 0)
        for number, (labels, bargain, share) in enumerate(marks.values())
    }


def _described(bargain: Bargain, player: str) -> str:
    """Name a player, with its share and regime."""
    if bargain.equilibrium is None:
        return player
    regime = bargain.equilibrium.regimes[player]
    share = bargain.equilibrium.shares.get(player)
    return f"{player}\n{regime}" + ("" if share is None else f", share {share:.3f}")


def _in(unit: str | None) -> str:
    return f" ({unit})" if unit else ""


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


# --- the strip below ---------------------------------------------------------------------------


def _strip(axes: Axes, curve: UtilityCurve, pareto: ParetoSet | None) -> None:
    """Add the strip of the Pareto set and the regimes; it carries the labels of the share."""
    specialists = list(curve.players[1:])
    names = [] if pareto is None else ["Pareto set"]
    top = len(names)
    counted = len(specialists) > _ROWS
    bottom = top + _strip_rows(curve)
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


def _strip_rows(curve: UtilityCurve) -> int:
    specialists = len(curve.players) - 1
    return 2 if specialists > _ROWS else specialists


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


def _patch(regime: str, labelled: set[str]) -> dict[str, Any]:
    """Return the look of a regime; the first of each carries its name into the legend."""
    color, hatch = _REGIMES[regime]
    label = f"_{regime}" if regime in labelled else regime
    labelled.add(regime)
    return {
        "facecolor": color,
        "edgecolor": "0.45",
        "linewidth": 0.5,
        "hatch": hatch,
        "label": label,
    }


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
                    **_patch(str(regimes[start]), labelled),
                )
            )


def _counts(strip: Axes, curve: UtilityCurve, top: int, bottom: int) -> None:
    """How many of the specialists are in each regime."""
    labelled: set[str] = set()
    below = np.full(curve.shares.size, float(bottom))
    for regime in _REGIMES:
        part = (curve.regimes[1:] == regime).mean(axis=0) * (bottom - top - 0.14)
        if part.any():
            strip.fill_between(curve.shares, below, below - part, **_patch(regime, labelled))
            below = below - part
