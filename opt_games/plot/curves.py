"""Lines that break where the equilibrium jumps, and marks of bargains on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from opt_games.parts import GENERALIST
from opt_games.plot.style import BLACK, YELLOW
from opt_games.result import Array, Bargain, UtilityCurve

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
_SAME = 1e-5  # shares closer than this are one mark


def draw_broken(
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


def mark_style(solution: str, first: bool = False) -> dict[str, Any]:
    """Return the look of a bargaining solution's symbol; the first of several stands out."""
    size = {"*": 9.5, "o": 5.5, "D": 4.8, "s": 5.0}.get(_MARKERS[solution], 6.0)
    return {
        "linestyle": "none",
        "marker": _MARKERS[solution],
        "markersize": size + (1.0 if first else 0.0),
        "markerfacecolor": YELLOW if first else "white",
        "markeredgecolor": BLACK,
        "markeredgewidth": 0.9,
        "clip_on": False,
        "zorder": 6 if first else 5,
    }


class Mark:
    """A bargain's place and symbol."""

    def __init__(self, bargain: Bargain, share: float, first: bool) -> None:
        self.share = share
        self.utilities = bargain.utilities
        self.style = mark_style(bargain.solution, first)

    @property
    def of_others(self) -> float:
        """What the specialists get together."""
        return sum(u for player, u in self.utilities.items() if player != GENERALIST)


def marks_of(bargains: Mapping[str, Bargain] | None) -> dict[str, Mark]:
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
        ",\n".join(labels) + f" ({share:.3f})": Mark(bargain, share, first=number == 0)
        for number, (labels, bargain, share) in enumerate(marks.values())
    }
