"""A game by hand, of three players: film leaves above a share of a half."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from opt_games.result import Bargain, Equilibrium, Work

WORK = Work("by hand", "0", 0, (), 0.0)


def equilibrium(share: float, utilities: dict[str, float], regimes: dict[str, str]) -> Equilibrium:
    names = [name for name in utilities if name != "generalist"]
    return Equilibrium(
        shares=dict.fromkeys(names, share),
        levels={p: {"alpha": 1.0} if regimes[p] != "abstain" else None for p in utilities},
        profits=utilities,
        utilities=utilities,
        regimes=regimes,
        branch=None,
        regret=dict.fromkeys(utilities, 0.0),
        turnover=dict.fromkeys(utilities, 1.0),
        certified=True,
    )


def bargain(solution: str, share: float | None) -> Bargain:
    utilities = {"generalist": 0.0, "law": 0.0, "film": 0.0}
    found = None
    if share is not None:
        film = "abstain" if share > 0.5 else "contribute"
        regimes = {"generalist": "contribute", "law": "contribute", "film": film}
        at = dict(zip(utilities, utilities_at(np.array([share]))[:, 0].tolist(), strict=True))
        found = equilibrium(share, at, regimes)
    return Bargain("By hand", solution, found is not None, found, utilities, WORK)


def utilities_at(shares: np.ndarray) -> np.ndarray:
    there = shares <= 0.5
    return np.array(
        [shares * (1 + there), (1 - shares) * (0.5 + there), np.where(there, 0.5 - shares, 0.0)]
    )


def lines(axes: Axes, start: str) -> list:
    return [line for line in axes.lines if str(line.get_label()).startswith(start)]
