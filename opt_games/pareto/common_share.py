"""The Pareto set of a common share: which contracts no other contract weakly dominates.

The line of contracts is sampled with every jump and every peak of a utility on it, each contract is
compared with all others, and the ends of the stretches that survive are refined together with the
contracts that dominate beyond them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.pareto.answer import ContractPoint
from opt_games.pareto.clock import Clock
from opt_games.pareto.dominance import settled
from opt_games.regret import regret
from opt_games.share_line import ShareLine

_LINE = 257
_ENDS = 5e-8  # to which the ends of intervals are refined
_CLOSED = 1e-6  # shorter gaps and intervals are rounding
_POINTS = 49  # contracts reported along the set, besides the ends
_SECTION = 12
_FOLLOWED = 32  # ends refined at a time
_ROUNDING = 2e-15  # of a player's scale
_GAIN = 1e-13  # of a player's scale: a smaller gain does not dominate


def pareto_intervals(
    equilibria: EquilibriumMap, clock: Clock
) -> tuple[ShareLine, list[tuple[float, float]], bool]:
    """Find the Pareto-optimal common shares.

    Returns
    -------
    line : ShareLine
        With the ends of the intervals among its samples.
    intervals : list of (float, float)
        Closed and ascending; isolated shares have length 0.
    sharp : bool
        Whether the ends are as accurate as they should be; not where time was up.
    """
    line = ShareLine.of(equilibria, _LINE)
    if not clock.over:
        line.locate_changes()
    if not clock.over:
        line.locate_peaks()
    for _ in range(12):
        if clock.over:
            break
        survives, dominator = _compare(line)
        shares = line.shares
        change = np.flatnonzero(survives[1:] != survives[:-1])
        open_ends = change[shares[change + 1] - shares[change] > _ENDS][:_FOLLOWED]
        if open_ends.size == 0:
            break
        stretches = []
        for k in open_ends:
            stretches.append((shares[k], shares[k + 1]))
            # what dominates just beyond the end may itself lie between two samples
            j = dominator[k] if not survives[k] else dominator[k + 1]
            stretches.append((shares[max(j - 1, 0)], shares[j]))
            stretches.append((shares[j], shares[min(j + 1, shares.size - 1)]))
        inside = [np.linspace(a, b, _SECTION + 1)[1:-1] for a, b in stretches if b - a > _ENDS / 4]
        line.at(line.apart(np.unique(np.concatenate(inside)), 1e-10))
    survives, _ = _compare(line)
    return line, _intervals(line.shares, survives), not clock.over


def pareto_points(
    line: ShareLine, intervals: list[tuple[float, float]]
) -> tuple[list[ContractPoint], float]:
    """Evaluate contracts along the Pareto set, and the largest relative regret among them."""
    equilibria = line.equilibria
    total = sum(b - a for a, b in intervals)
    shares = np.unique(
        np.concatenate(
            [
                np.linspace(a, b, 2 + round(_POINTS * (b - a) / total)) if b > a else [a]
                for a, b in intervals
            ]
        )
    )
    line.at(np.setdiff1d(shares, line.shares))
    found = line.sampled.select(np.searchsorted(line.shares, shares))
    players = equilibria.game.players
    worst = 0.0
    points = []
    for k, share in enumerate(shares):
        contract = {name: float(share) for name in players[1:]}
        utilities = dict(zip(players, (float(u) for u in found.utilities[:, k]), strict=True))
        points.append(ContractPoint(contract, utilities))
        if found.active[k]:
            base = float(found.optima.base[k])
            finals = [
                base + float(y) if state else None
                for y, state in zip(
                    found.optima.contribution[:, k], found.optima.state[:, k], strict=True
                )
            ]
            checked = regret(equilibria.payoffs, found.shares[:, k], base, finals)
            scale = np.where(checked.turnover > 0, checked.turnover, 1.0)
            worst = max(worst, float((checked.gain / scale).max()))
    return points, worst


def _compare(line: ShareLine) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Whether each sample survives, and the sample that dominates it by most."""
    scale = np.where(line.scale > 0, line.scale, 1.0)
    utilities = settled(line.equilibria.game, line.sampled.utilities, line.scale) / scale[:, None]
    count = utilities.shape[1]
    survives = np.ones(count, dtype=bool)
    dominator = np.arange(count)
    for start in range(0, count, 256):
        rows = slice(start, min(start + 256, count))
        difference = utilities[:, None, :] - utilities[:, rows, None]
        dominates = np.all(difference >= -_ROUNDING, axis=0)
        dominates &= np.any(difference > _GAIN, axis=0)
        margin = difference.min(axis=0) + 1e-3 * difference.sum(axis=0)
        margin = np.where(dominates, margin, -np.inf)
        survives[rows] = ~dominates.any(axis=1)
        dominator[rows] = margin.argmax(axis=1)
    return survives, dominator


def _intervals(shares: Array, survives: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Return runs of survivors; gaps and lengths below the accuracy of the ends close up."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], survives.astype(int), [0]])))
    merged: list[tuple[float, float]] = []
    for first, after in edges.reshape(-1, 2):
        a, b = float(shares[first]), float(shares[after - 1])
        if merged and a - merged[-1][1] <= _CLOSED:
            merged[-1] = (merged[-1][0], b)
        else:
            merged.append((a, b))
    return [(a, b) if b - a > _CLOSED else (0.5 * (a + b),) * 2 for a, b in merged]
