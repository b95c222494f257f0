"""Conditions along one parameter, and maps of them over two."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path

from opt_games.plot.style import (
    BLACK,
    REGIMES,
    STYLE,
    TINTS,
    axes_or_new,
    evenly_in_log,
    regime_look,
    scale_log,
)
from opt_games.regions.condition import Condition, regimes_in_words
from opt_games.regions.line import Conditions
from opt_games.regions.plane import ConditionMap
from opt_games.result import ABSTAIN, CONTRIBUTE, FREE_RIDE, Array

_NO_AGREEMENT, _ABSENT, _NO_ANSWER = "#D0D0D0", "#F4F4F4", "#FFFFFF"
_NOT_SHARED = "////"
_ROWS = 6  # specialists that get a row of their own
_WORDS = 38  # letters on a line of a legend


def plot_condition_map(found: ConditionMap, *, ax: Axes | None = None, legend: bool = True) -> Axes:
    """Draw which condition holds where, over two parameters.

    Regions have a colour for what the specialists do, and are hatched where revenue is not shared.

    Parameters
    ----------
    found : ConditionMap
    ax : Axes, optional
        By default those of a new figure.
    legend : bool
        Whether to draw one, beside the map.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> found = opt_games.condition_map(
    ...     game, {"c0": (0.5, 2.0), "share": (0.1, 0.9)}, points=2
    ... )
    >>> plot_condition_map(found).get_xlabel()
    'c0'
    """
    with mpl.rc_context(STYLE):
        axes = axes_or_new(ax, 5.8 if legend else 3.8, 3.5)
        looks = _looks(found.conditions)
        for code, look in enumerate(looks):
            path = Path.make_compound_path(*_polygons(found, code))
            axes.add_patch(PathPatch(path, **look, linewidth=0.0, zorder=1))
        axes.add_collection(
            LineCollection(
                list(found.cells.boundaries),
                colors=BLACK,
                linewidths=1.1,
                capstyle="round",
                zorder=2,
            )
        )
        for axis, name, values in zip("xy", found.parameters, found.values, strict=True):
            axes.set(**{f"{axis}label": name, f"{axis}lim": (values[0], values[-1])})
            if evenly_in_log(values):
                scale_log(axes, axis)
        axes.spines[:].set_visible(True)
        axes.set_title(f"{found.game}\n{_asked(found.solution)}", loc="left")
        if legend:
            handles = [
                Patch(
                    **look,
                    linewidth=0.5,
                    label=_wrapped(condition.in_words()),
                )
                for condition, look in zip(found.conditions, looks, strict=True)
            ]
            axes.legend(
                handles=handles,
                loc="upper left",
                bbox_to_anchor=(1.02, 1.02),
                frameon=False,
                labelspacing=0.9,
                handlelength=2.2,
                handleheight=1.6,
            )
    return axes


def plot_conditions(found: Conditions, *, ax: Axes | None = None) -> Axes:
    """Draw what every specialist does along one parameter, and whether revenue is shared.

    Of many specialists, it is in words.

    Parameters
    ----------
    found : Conditions
    ax : Axes, optional
        By default those of a new figure.

    Returns
    -------
    Axes
    """
    with mpl.rc_context(STYLE):
        specialists = list(found.players[1:]) if len(found.players) <= _ROWS + 1 else []
        rows = ["revenue", *(specialists or ["specialists"])]
        axes = axes_or_new(ax, 5.4, 1.35 + 0.3 * len(rows))
        labelled: set[str] = set()
        for interval in found.intervals:
            condition = interval.condition
            looks = [_revenue_look(condition)]
            if condition.regimes is None or not condition.agreement:
                looks += [looks[0]] * (len(rows) - 1)
            elif specialists:
                looks += [regime_look(condition.regimes[each], labelled) for each in specialists]
            else:
                words = _wrapped(regimes_in_words(condition.regimes))
                looks.append({"facecolor": TINTS[0], "label": words})
            for row, look in enumerate(looks):
                axes.add_patch(_band(interval.low, interval.high, row, look))
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
        axes.set_ylim(len(rows), 0)
        axes.tick_params(axis="y", length=0)
        axes.spines[["left", "top", "right"]].set_visible(False)
        axes.set_xlim(found.intervals[0].low, found.intervals[-1].high)
        if found.log:
            scale_log(axes, "x")
        axes.set_xlabel(found.parameter)
        axes.set_title(f"{found.game}, {_asked(found.solution)}", loc="left", pad=22)
        _name_the_ends(axes, [interval.high for interval in found.intervals[:-1]])
        handles = {str(patch.get_label()): patch for patch in axes.patches}
        named = [label for label in handles if not label.startswith("_")]
        axes.legend(
            handles=[handles[label] for label in sorted(named, key=_place)],
            loc="upper left",
            bbox_to_anchor=(1.02, 1.0),
            frameon=False,
        )
    return axes


def _place(label: str) -> int:
    """Where a label stands in a legend: first what becomes of the revenue."""
    order = ("shared", "not shared", "no agreement", "no answer", *REGIMES)
    return order.index(label) if label in order else len(order)


def _wrapped(words: str) -> str:
    """Break what is long into lines, first before what becomes of the revenue."""
    if len(words) > _WORDS:
        words = words.replace(", revenue", ",\nrevenue")
    return "\n".join(textwrap.fill(line, _WORDS) for line in words.split("\n"))


def _asked(solution: str) -> str:
    return "given share" if solution == "given" else f"{solution} bargain"


def _band(low: float, high: float, row: int, look: dict[str, Any]) -> Rectangle:
    outlined: dict[str, Any] = {"edgecolor": "0.45", "linewidth": 0.5} | look
    return Rectangle((low, row + 0.12), high - low, 0.76, **outlined)


def _revenue_look(condition: Condition) -> dict[str, Any]:
    if condition.regimes is None:
        return {"facecolor": _NO_ANSWER, "hatch": "xxxx", "label": "no answer"}
    if not condition.agreement:
        return {"facecolor": _NO_AGREEMENT, "label": "no agreement"}
    if condition.profit_sharing:
        return {"facecolor": TINTS[2], "label": "shared"}
    return {"facecolor": TINTS[3], "hatch": "\\\\\\\\", "label": "not shared"}


def _name_the_ends(axes: Axes, ends: Sequence[float]) -> None:
    """Write the values at which something changes above the picture, as far as there is room."""
    last = -np.inf
    for end in ends:
        axes.axvline(end, color=BLACK, linewidth=0.9, zorder=3)
        place = axes.transAxes.inverted().transform(axes.transData.transform((end, 0.0)))[0]
        if place - last > 0.13:
            axes.annotate(
                f"{end:.6g}",
                (end, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=7,
            )
            last = place


def _looks(conditions: Sequence[Condition]) -> list[dict[str, Any]]:
    """Give every condition a colour, by what the specialists do, and a hatch."""
    tints: dict[tuple[str, ...], str] = {}
    single: dict[tuple[str, ...], int] = {(CONTRIBUTE,): 0, (FREE_RIDE,): 1}
    looks = []
    for condition in conditions:
        look: dict[str, Any] = {"edgecolor": "0.5", "hatch": ""}
        if condition.regimes is None:
            look |= {"facecolor": _NO_ANSWER, "hatch": "xxxx"}
        elif not condition.agreement:
            look |= {"facecolor": _NO_AGREEMENT}
        else:
            regimes = tuple(condition.regimes.values())[1:]
            if set(regimes) == {ABSTAIN}:
                look |= {"facecolor": _ABSENT, "hatch": "...."}
            else:
                free = [k for k in range(len(TINTS)) if TINTS[k] not in tints.values()]
                place = single.get(regimes, free[0] if free else len(tints) % len(TINTS))
                look["facecolor"] = tints.setdefault(regimes, TINTS[place])
                look["hatch"] = "" if condition.profit_sharing else _NOT_SHARED
        looks.append(look)
    return looks


def _polygons(found: ConditionMap, code: int) -> Iterator[Path]:
    """Yield the parts of one region, all the same way round, so that they fill as one."""
    first, second = found.values
    for i, column in enumerate(found.cells.whole == code):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], column, [False]])))
        for start, stop in edges.reshape(-1, 2).tolist():
            x, y = first[[i, i + 1]], second[[start, stop]]
            yield _closed(np.array([(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])]))
    for piece in found.cells.pieces:
        if piece.code == code:
            yield _closed(piece.corners)


def _closed(corners: Array) -> Path:
    return Path(np.vstack([corners, corners[:1]]), closed=True)
