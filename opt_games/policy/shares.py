"""The common share that a bargaining solution picks, for many games in lockstep.

The utilities along the share may jump and kink, so the search uses values only: shares are sampled,
the stretches around the highest of them are sampled again, ever more closely, down to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.solutions import ACCEPTANCE, score_contracts
from opt_games.kernels.array_function import Array

Evaluate = Callable[[NDArray[np.int64], Array], tuple[Array, Array]]
"""From games and shares to utilities, shape (players, ...), and sums of final levels."""

_FIRST = 65  # shares sampled of every game
_SIDE = 8  # new shares on either side of the best of a stretch
_FOLLOWED = (4, 4, 2, 2)  # stretches that are followed, by round; one afterwards
_ROUNDS = 15
_CLOSE = 1e-10  # of the range
_DENSE = 257
_AS_FORESEEN = 1e-12  # of the range of utilities
_STENCIL = 1e-3  # of the range
_ON_BOUND = 1e-9  # of the range: shares this close to a bound are on it


@dataclass(frozen=True)
class Table:
    """What players bargain over, for many games; arrays of shape (players, games).

    Attributes
    ----------
    disagreement, weights, scale : utility without agreement, power, range of utilities
    bargainers : whether a player can gain by any acceptable contract
    ideal : the most it can get by one
    agreed : shape (games,): whether there is any contract to agree on
    """

    disagreement: Array
    weights: Array
    scale: Array
    bargainers: NDArray[np.bool_]
    ideal: Array
    agreed: NDArray[np.bool_]

    @classmethod
    def of(cls, disagreement: Array, weights: Array, utilities: Array) -> Table:
        """Read the stakes off sampled utilities, shape (players, games, shares)."""
        d = disagreement[:, :, None]
        finite = np.where(np.isfinite(utilities), utilities, d)
        scale = np.maximum(np.ptp(finite, axis=2), np.abs(finite - d).max(axis=2))
        gains = finite - d
        signed = (gains >= -ACCEPTANCE * scale[:, :, None]).all(axis=0)
        better = (gains > ACCEPTANCE * scale[:, :, None]).any(axis=0)
        best = np.where(signed, finite, -np.inf).max(axis=2)
        return cls(
            disagreement,
            weights,
            scale,
            best > disagreement + ACCEPTANCE * scale,
            best,
            (signed & better).any(axis=1),
        )

    def score(
        self, solution: str, games: NDArray[np.int64], utilities: Array, performance: Array
    ) -> Array:
        """Score contracts of these games: see `score_contracts`.

        Parameters
        ----------
        games : ndarray, shape (contracts,)
            Whose contracts they are.
        utilities : ndarray, shape (players, contracts)
        performance : ndarray, shape (contracts,)
        """
        stakes: dict[str, Any] = {
            name: getattr(self, name)[:, games]
            for name in ("disagreement", "scale", "weights", "bargainers", "ideal")
        }
        return score_contracts(solution, utilities, performance, **stakes)


def agreed_shares(
    evaluate: Evaluate,
    solution: str,
    bounds: tuple[float, float],
    disagreement: Array,
    weights: Array,
    *,
    first: int = _FIRST,
    followed: tuple[int, ...] = _FOLLOWED,
    dear: bool = False,
) -> Array:
    """Return the common share of a bargaining solution for every game; ``nan`` for no agreement.

    Parameters
    ----------
    evaluate : callable
    solution : str
        Canonical name.
    bounds : (float, float)
    disagreement, weights : ndarray, shape (players, games)
    first : int
        How many shares are sampled of every game.
    followed : tuple of int
        How many stretches are followed, by round; one afterwards.
    dear : bool
        Whether every share takes long: then tops are foreseen from utilities that have turned out
        smooth, and shares closer to each other than 1e-10 of the range are not told apart.

    Examples
    --------
    >>> def evaluate(games, share):
    ...     return np.stack([share, 1 - share]), share
    >>> two = np.zeros((2, 1)), np.ones((2, 1))
    >>> agreed_shares(evaluate, "nash", (0.0, 1.0), *two).round(6)
    array([0.5])
    """
    size = disagreement.shape[1]
    low, high = bounds
    line = np.linspace(low, high, first)
    games = np.repeat(np.arange(size), first)
    utilities, performance = evaluate(games, np.tile(line, size))
    table = Table.of(disagreement, weights, utilities.reshape(-1, size, first))
    result = np.full(size, np.nan)
    rows = np.flatnonzero(table.agreed)
    if rows.size == 0:
        return result
    samples = line, utilities.reshape(-1, size, first), performance.reshape(size, first)
    if solution == "kalai-smorodinsky":
        for player in range(disagreement.shape[0]):
            name = f"player {player}"
            share = _refined(evaluate, name, table, rows, samples, bounds, followed, dear)
            found, _ = evaluate(rows, share)
            table.ideal[player, rows] = np.maximum(table.ideal[player, rows], found[player])
    result[rows] = _refined(evaluate, solution, table, rows, samples, bounds, followed, dear)
    return result


def _refined(
    evaluate: Evaluate,
    solution: str,
    table: Table,
    rows: NDArray[np.int64],
    samples: tuple[Array, Array, Array],
    bounds: tuple[float, float],
    followed: tuple[int, ...],
    dear: bool,
) -> Array:
    """Return the best share of some games."""
    line, utilities, performance = samples
    first = line.size
    games = np.repeat(rows, first)
    flat = utilities[:, rows].reshape(utilities.shape[0], -1)
    score = table.score(solution, games, flat, performance[rows].ravel())
    nodes: Array = np.broadcast_to(line, (rows.size, first))
    values: Array = score.reshape(rows.size, first)
    liking = flat.sum(axis=0).reshape(rows.size, first)
    best = _highest(values, liking)
    share = np.take_along_axis(nodes, best[:, None], axis=1)[:, 0]
    top: Array = np.take_along_axis(values, best[:, None], axis=1)[:, 0]
    close = _CLOSE * (bounds[1] - bounds[0]) if dear else 0.0
    for turn in range(_ROUNDS):
        count = followed[turn] if turn < len(followed) else 1
        nodes = _closer(nodes, values, count)
        games = np.repeat(rows, nodes.shape[1])
        found, sums = evaluate(games, nodes.ravel())
        values = table.score(solution, games, found, sums).reshape(nodes.shape)
        liking = found.sum(axis=0).reshape(nodes.shape)
        best = _highest(values, liking)
        here = np.take_along_axis(nodes, best[:, None], axis=1)[:, 0]
        value = np.take_along_axis(values, best[:, None], axis=1)[:, 0]
        share = np.where(value >= top, here, share)
        top = np.maximum(value, top)
        if np.ptp(nodes, axis=1).max() <= close:
            break
        if dear and count == 1:
            utilities = found.reshape(-1, *nodes.shape)
            foreseen, held = _foreseen(solution, table, rows, nodes, utilities, sums)
            found, sums = evaluate(rows, foreseen)
            value = table.score(solution, rows, found, sums)
            kept = np.abs(found - held).max(axis=0) <= _AS_FORESEEN * table.scale[:, rows].max(
                axis=0
            )
            kept &= value >= top
            share, top = np.where(kept, foreseen, share), np.where(kept, value, top)
            if kept.all():
                break
    share = _sharpened(evaluate, solution, table, rows, share, top, bounds)
    return _on_bounds(evaluate, solution, table, rows, share, top, bounds)


def _foreseen(
    solution: str,
    table: Table,
    rows: NDArray[np.int64],
    nodes: Array,
    utilities: Array,
    performance: Array,
) -> tuple[Array, Array]:
    """Return where splines through the utilities are best, and their values there.

    Parameters
    ----------
    nodes : ndarray, shape (games, shares)
    utilities : ndarray, shape (players, games, shares)
    performance : ndarray, shape (games * shares,)
    """
    from scipy.interpolate import CubicSpline
    from scipy.optimize import minimize_scalar

    shares = np.empty(rows.size)
    held = np.empty((utilities.shape[0], rows.size))
    levels = performance.reshape(nodes.shape)
    for k, game in enumerate(rows):
        line, first = np.unique(nodes[k], return_index=True)
        if line.size < 4:  # nothing between them to foresee
            shares[k], held[:, k] = line[0], utilities[:, k, first[0]]
            continue
        spline = CubicSpline(line, np.vstack([utilities[:, k, first], levels[k, first]]), axis=1)

        def score(share: Array, spline: CubicSpline = spline, game: np.int64 = game) -> Array:
            values = spline(share)
            return table.score(solution, np.full(share.size, game), values[:-1], values[-1])

        dense = np.unique(np.concatenate([line, np.linspace(line[0], line[-1], _DENSE)]))
        best = int(score(dense).argmax())
        low, high = dense[max(best - 1, 0)], dense[min(best + 1, dense.size - 1)]
        found = minimize_scalar(
            lambda share, score=score: -float(score(np.array([share]))[0]),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-15},
        )
        tried = np.array([dense[best], found.x])
        shares[k] = tried[score(tried).argmax()]
        held[:, k] = spline(shares[k])[:-1]
    return shares, held


def _sharpened(
    evaluate: Evaluate,
    solution: str,
    table: Table,
    rows: NDArray[np.int64],
    share: Array,
    top: Array,
    bounds: tuple[float, float],
) -> Array:
    """Place tops that are smooth and flat by the slope of the score at four neighbours."""
    low, high = bounds
    step = _STENCIL * (high - low)
    around = share[:, None] + step * np.linspace(-2.0, 2.0, 5)
    inside = np.flatnonzero((around[:, 0] >= low) & (around[:, -1] <= high))
    if inside.size == 0:
        return share
    games = np.repeat(rows[inside], 5)
    found, sums = evaluate(games, around[inside].ravel())
    score = table.score(solution, games, found, sums).reshape(-1, 5)
    a, b, c, d, e = score.T
    with np.errstate(all="ignore"):
        slope = (a - 8 * b + 8 * d - e) / (12 * step)
        bend = (-a + 16 * b - 30 * c + 16 * d - e) / (12 * step**2)
        new = share[inside] - slope / bend
        fine = (bend < 0) & (np.abs(slope / bend) <= 1e-2 * step)
    inside, new = inside[fine], new[fine]
    if inside.size == 0:
        return share
    found, sums = evaluate(rows[inside], new)
    value = table.score(solution, rows[inside], found, sums)
    good = value >= top[inside] - 1e-13 * np.abs(top[inside])
    result = share.copy()
    result[inside[good]] = new[good]
    return result


def _highest(values: Array, liking: Array) -> NDArray[np.int64]:
    """Return the highest node of every game; ties go to the larger sum of utilities."""
    top = values.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        tied = values >= np.where(np.isfinite(top), top - 1e-14 * np.abs(top), top)
    return np.asarray(np.where(tied, liking, -np.inf).argmax(axis=1))


def _closer(nodes: Array, values: Array, count: int) -> Array:
    """Return new nodes around the highest tops of every game, ascending."""
    games, size = nodes.shape
    void = np.full((games, 1), -np.inf)
    below, above = np.hstack([void, values[:, :-1]]), np.hstack([values[:, 1:], void])
    local = (values >= below) & (values >= above)
    # beside a contract that somebody refuses the best may hide
    edge = np.isfinite(values) & ~(np.isfinite(below) & np.isfinite(above))
    rank = np.where(local, values, np.where(edge, values - 1e-6 * np.abs(values), -np.inf))
    tops = np.argsort(-rank, axis=1, kind="stable")[:, :count]
    rows = np.arange(games)[:, None]
    left = nodes[rows, np.maximum(tops - 1, 0)][:, :, None]
    right = nodes[rows, np.minimum(tops + 1, size - 1)][:, :, None]
    middle = nodes[rows, tops][:, :, None]
    steps = np.arange(1, _SIDE + 1) / _SIDE
    lower = left + (middle - left) * (steps - steps[0])
    upper = middle + (right - middle) * steps
    return np.sort(np.concatenate([lower, middle, upper], axis=2).reshape(games, -1), axis=1)


def _on_bounds(
    evaluate: Evaluate,
    solution: str,
    table: Table,
    rows: NDArray[np.int64],
    share: Array,
    top: Array,
    bounds: tuple[float, float],
) -> Array:
    """Put shares that are all but on a bound on it, where that is no worse."""
    low, high = bounds
    for bound in bounds:
        near = np.flatnonzero(np.abs(share - bound) <= _ON_BOUND * (high - low))
        if near.size:
            utilities, performance = evaluate(rows[near], np.full(near.size, bound))
            value = table.score(solution, rows[near], utilities, performance)
            good = value >= top[near] - 1e-12 * np.maximum(np.abs(top[near]), 1e-300)
            share = share.copy()
            share[near[good]] = bound
    return share
