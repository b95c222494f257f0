"""Bargains over one share for all domains: a line of contracts, searched globally.

The score is smooth in the share between the shares at which the equilibrium changes branch, and may
jump there. The line is sampled, every stretch that could hold the optimum is magnified, and the
best share is then placed by the solver on the bargaining problem of its branch, or, at a jump, by
magnifying down to rounding.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.polish import close_rivals, polish
from opt_games.bargaining.solutions import Stakes, best_case, score
from opt_games.kernels.array_function import Array
from opt_games.kernels.sample import Sample
from opt_games.share_line import ShareLine

_STRETCHES = 8  # stretches of the line followed at a time
_SIDE = 8
_OPTIMISM = 4.0  # a score may rise this many times its last step before the next point
_SPLITTING = 2
_ROUNDS = 17
_ON_BOUND = 1e-9  # of the range of shares
_STENCIL = 1e-3
_PROBES = np.array([1e-6, 1e-4, 3e-3])  # distances at which a solver's contract is challenged


def best_share(line: ShareLine, solution: str, stakes: Stakes) -> float:
    """Share with the highest score.

    Parameters
    ----------
    line : ShareLine
    solution : str
        As in `score`.
    stakes : Stakes
    """

    def values(sampled: Sample) -> Array:
        return score(solution, stakes, sampled)

    stretches = _stretches(line.shares, values(line.sampled), line.sampled.key)
    for _ in range(_SPLITTING):
        stretches = _magnify(line, values, stretches)
    share = _best(line, values)
    start = line.sampled.select(np.flatnonzero(line.shares == share))
    polished = polish(
        line.equilibria,
        solution,
        stakes,
        start,
        bounds=_neighbours(line.shares, share),
        rivals=close_rivals(start),
    )
    rounding = stakes.rounding(solution)
    if polished is not None and _stands(line, values, float(polished[0]), rounding):
        return _settle(line, values, float(polished[0]), rounding)
    # a jump, a kink, or an end of the line: magnify down to rounding
    for _ in range(_ROUNDS):
        share = _best(line, values)
        left, right = _neighbours(line.shares, share)
        if right - left <= 1e-15:
            break
        steps = np.arange(1, _SIDE + 1) / (_SIDE + 1)
        line.at(
            np.unique(
                np.concatenate([left + (share - left) * steps, share + (right - share) * steps])
            )
        )
    return _settle(line, values, _best(line, values), rounding)


def _settle(
    line: ShareLine, values: Callable[[Sample], Array], share: float, rounding: float
) -> float:
    """Put a share that is all but on a bound on it; sharpen others by the slope of the score.

    The solver stops at its tolerance, which tells little where the score is flat or small. The
    slope comes from the score at four neighbours, where all five are on one branch.
    """
    low, high = line.equilibria.game.contract.bounds
    for bound in (low, high):
        if abs(share - bound) <= _ON_BOUND * (high - low):
            both = line.at(np.array([share, bound]))
            return bound if values(both)[1] >= values(both)[0] - rounding else share
    first = line.at(np.array([share]))
    step = _STENCIL * (high - low)
    here = share
    for _ in range(2):
        around = here + step * np.linspace(-2.0, 2.0, 5)
        if around[0] < low or around[-1] > high:
            return share
        found = line.at(around)
        a, b, c, d, e = values(found)
        if np.unique(np.append(found.key, first.key)).size > 1 or not np.isfinite(a + e):
            return share
        slope = (a - 8 * b + 8 * d - e) / (12 * step)
        bend = (-a + 16 * b - 30 * c + 16 * d - e) / (12 * step**2)
        # a corner of the score is sharp as the solver left it
        if not bend < 0 or abs(slope / bend) > 1e-2 * step:
            return share
        here -= slope / bend
    after = line.at(np.array([here]))
    return here if values(after)[0] >= values(first)[0] - rounding else share


def _stands(
    line: ShareLine, values: Callable[[Sample], Array], share: float, rounding: float
) -> bool:
    """Whether no contract sampled, or next to it, is better than the solver's."""
    low, high = line.equilibria.game.contract.bounds
    probes = np.concatenate([-_PROBES[::-1], [0.0], _PROBES]) * (high - low) + share
    at = line.at(np.unique(np.clip(probes, low, high)))
    here = values(at)[np.flatnonzero(at.shares[0] == share)[0]]
    return bool(here >= values(line.sampled).max() - rounding)


def _best(line: ShareLine, values: Callable[[Sample], Array]) -> float:
    return float(line.shares[best_case(values(line.sampled), line.sampled)])


def _neighbours(shares: Array, share: float) -> tuple[float, float]:
    k = int(np.searchsorted(shares, share))
    return float(shares[max(k - 1, 0)]), float(shares[min(k + 1, shares.size - 1)])


def _stretches(shares: Array, values: Array, key: NDArray[np.int64]) -> Array:
    """Stretches of the line, shape (stretches, 2), that may hold the highest score.

    Around every local peak, and wherever the branch changes, best first.
    """
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    peak = (values >= padded[:-2]) & (values >= padded[2:]) & np.isfinite(values)
    with np.errstate(invalid="ignore"):
        rise = np.abs(np.diff(padded))
    rise = np.where(np.isfinite(rise), rise, 0.0)
    hope = values + _OPTIMISM * np.maximum(rise[:-1], rise[1:])
    # between two points of one branch the score is smooth; between two branches a peak may hide
    change = key[1:] != key[:-1]
    peak[1:] |= change
    peak[:-1] |= change
    unknown = np.isneginf(values) & peak
    candidates = np.flatnonzero((peak & (hope >= values.max())) | unknown)
    order = candidates[np.argsort(-values[candidates], kind="stable")[:_STRETCHES]]
    last = shares.size - 1
    return np.column_stack([shares[np.maximum(order - 1, 0)], shares[np.minimum(order + 1, last)]])


def _magnify(line: ShareLine, values: Callable[[Sample], Array], stretches: Array) -> Array:
    if stretches.size == 0:
        return stretches
    finest = np.ptp(stretches, axis=1).min() / (4 * _SIDE)
    new = np.concatenate([np.linspace(a, b, 2 * _SIDE + 1) for a, b in stretches])
    line.at(line.apart(np.unique(new), finest))
    inside = np.zeros(line.shares.size, dtype=bool)
    for a, b in stretches:
        inside |= (line.shares >= a) & (line.shares <= b)
    found = line.sampled.select(np.flatnonzero(inside))
    return _stretches(found.shares[0], values(found), found.key)
