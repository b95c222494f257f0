"""What every player gets from one contract."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from opt_games.plot.style import BLACK, PLAYERS, STYLE, axes_or_new
from opt_games.result import Bargain


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
    with mpl.rc_context(STYLE):
        players = list(bargain.utilities)
        axes = axes_or_new(ax, 4.6, 1.1 + 0.32 * len(players))
        rows = np.arange(len(players))
        colors = [PLAYERS[min(k, 1)][0] for k in range(len(players))]
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


def _described(bargain: Bargain, player: str) -> str:
    """Name a player, with its share and regime."""
    if bargain.equilibrium is None:
        return player
    regime = bargain.equilibrium.regimes[player]
    share = bargain.equilibrium.shares.get(player)
    return f"{player}\n{regime}" + ("" if share is None else f", share {share:.3f}")
