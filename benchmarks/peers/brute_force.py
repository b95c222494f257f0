"""Equilibria and Nash bargains by brute force: the judge's own answers.

It shares nothing with the package. For every share of a grid, the generalist's profit is sampled
along the specialist's best responses, and every one of its local maxima is solved to rounding:
where the specialist contributes, where it free-rides, and where it is just kept from abstaining.
The grid of shares is magnified around its best nodes until nothing is left, which finds peaks,
kinks and jumps alike. Where the Nash product turns out to be smooth around the best share, a
polynomial through it sharpens the share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray
from random_games import Array, Games
from scipy.optimize.elementwise import find_root

from peers.answers import Answers, product
from peers.families import Curve

BASES = np.concatenate(
    [
        np.geomspace(1e-12, 1e-2, 40)[:-1],
        np.geomspace(1e-2, 0.99, 80)[:-1],
        1.0 - np.geomspace(1e-2, 1e-9, 20),
    ]
)  # of the largest base level worth looking at
SHARES = 129  # sampled at first
NARROW = 4  # times as many where fixed costs make equilibria come and go
PEAKS = 3  # kept of one game, over shares and over base levels
SIDE = 3  # new nodes on either side of a best node
ROUNDS = 24
WINDOWS = (1e-2, 2e-3, 4e-4)  # half widths in which the product may be smooth
ROUNDING = 1e-12  # error of a share at a kink
SMOOTH = 3e-14  # distance between a polynomial and the log of the product
CHUNK = 40_000  # pairs of game and share searched at a time


@dataclass(frozen=True)
class Maxima:
    """Local maxima of the generalist's profit, along the first axis; ``-inf`` where none is."""

    generalist: Array
    specialist: Array

    def best(self) -> tuple[Array, Array]:
        """Return the utilities at the best of them; of equals the one the specialist prefers."""
        top = self.generalist.max(axis=0)
        tied = np.where(self.generalist == top, self.specialist, -np.inf)
        return top, tied.max(axis=0)


def local_maxima(games: Games, share: Array) -> Maxima:
    """Return all equilibria that a generalist might pick, given one share per game."""
    parts = [
        _maxima(Curve.of(games.select(where), share[where]))
        for where in (slice(k, k + CHUNK) for k in range(0, max(games.size, 1), CHUNK))
    ]
    return Maxima(
        np.concatenate([part.generalist for part in parts], axis=1),
        np.concatenate([part.specialist for part in parts], axis=1),
    )


def _maxima(curve: Curve) -> Maxima:
    size = curve.share.size
    generalist = np.full((PEAKS + 3, size), -np.inf)
    specialist = np.full((PEAKS + 3, size), -np.inf)
    nodes, slopes = _scan(curve)
    turns = (slopes[:-1] > 0) & (slopes[1:] <= 0)
    count = np.cumsum(turns, axis=0)
    for peak in range(PEAKS):
        cell, column = np.nonzero(turns & (count == peak + 1))
        high = nodes[cell, column]
        at = _root(curve, "slope", nodes[cell + 1, column], high, column)
        # a base level that is 0 to rounding
        at = np.where(np.isnan(at) & (cell == 0), high, at)
        payoffs = _part(curve, column).payoffs(at)
        generalist[peak, column], specialist[peak, column] = payoffs
    alone = curve.alone()
    rides = alone >= curve.free_riding_from()
    if np.isnan(generalist).any():
        raise ArithmeticError("a local maximum was lost")
    revenue = curve.revenue(alone)
    generalist[PEAKS] = np.where(rides, curve.share * revenue - curve.base_cost(alone), -np.inf)
    specialist[PEAKS] = np.where(rides, curve.kept * revenue - curve.games.f1, -np.inf)
    generalist[specialist < 0] = -np.inf
    generalist[PEAKS + 1] = _entry(curve, nodes[0])
    specialist[PEAKS + 1] = 0.0
    generalist[PEAKS + 2] = specialist[PEAKS + 2] = np.where(curve.games.f1 > 0, 0.0, -np.inf)
    return Maxima(generalist, specialist)


def _scan(curve: Curve) -> tuple[Array, Array]:
    """Contributions on a grid of base levels, in logarithms, and the generalist's slopes there."""
    zero = np.zeros_like(curve.share)
    extra = curve.most_extra()
    for _ in range(60):
        extra, last = curve.step(zero, extra), extra
        if np.all(np.abs(extra - last) < 1e-14 * (1.0 + np.abs(extra))):
            break
    free = curve.free_riding_from()
    end = np.minimum(curve.alone(), free)
    nodes = np.empty((BASES.size + 2, extra.size))
    slopes = np.ones_like(nodes)  # at a base level of 0 the slope is positive
    nodes[0] = extra
    for row, part in enumerate(BASES, start=1):
        for _ in range(2):
            extra = np.minimum(curve.step(part * end, extra), extra)
        nodes[row] = extra
        slopes[row] = curve.slope(extra)
    beyond = extra - 5.0 / (curve.games.q1 - 1.0)
    nodes[-1] = np.where(end == free, curve.least_extra(), beyond)
    slopes[-1] = curve.slope(nodes[-1])
    slopes[:, free == 0] = 1.0  # the specialist never contributes
    return nodes, slopes


def _entry(curve: Curve, most: Array) -> Array:
    """Profit of the generalist if it goes just as high as keeps the specialist in.

    It is ``-inf`` where the specialist takes part anyway.
    """
    g = curve.games
    found = np.full(curve.share.size, -np.inf)
    needed = np.flatnonzero(curve.payoffs(most)[1] < 0)
    if needed.size == 0:
        return found
    # by free-riding: revenue alone covers the fixed cost
    free = curve.free_riding_from()
    base = curve.level_of_revenue(g.f1 / curve.kept)
    rides = np.zeros(found.size, dtype=bool)
    rides[needed] = (base >= free)[needed]
    with np.errstate(invalid="ignore"):
        profit = curve.share * curve.revenue(base) - curve.base_cost(base)
    found[rides] = np.where(np.isfinite(base), profit, -np.inf)[rides]
    # by contributing: the less it adds, the more it gains
    far = curve.extra_of_final(_worthwhile(curve))
    columns = needed[~rides[needed]]
    low = np.maximum(far, curve.least_extra())[columns]
    part = _part(curve, columns)
    reached = part.payoffs(low)[1] > 0
    columns, low = columns[reached], low[reached]
    at = _root(curve, "payoff", low, most[columns], columns)
    found[columns] = _part(curve, columns).payoffs(at)[0]
    return found


def _worthwhile(curve: Curve) -> Array:
    """Return a final level whose base level costs the generalist more than all revenue."""
    g = curve.games
    power = g.q0 if curve.exponential else g.q0 - g.k
    level: Array = 2.0 * ((2.0 * g.R / g.c0) ** (1.0 / power) + np.exp(curve.most_extra()))
    return level


def _part(curve: Curve, columns: NDArray[np.int64]) -> Curve:
    return Curve.of(curve.games.select(columns), curve.share[columns])


def _root(curve: Curve, what: str, low: Array, high: Array, columns: NDArray[np.int64]) -> Array:
    """Contributions, in logarithms, at which a slope or the specialist's payoff is 0."""
    if columns.size == 0:
        return np.empty(0)

    def value(extra: Array, column: Array) -> Array:
        part = _part(curve, column.astype(np.int64))
        return part.slope(extra) if what == "slope" else part.payoffs(extra)[1]

    found = find_root(
        value, (low, high), args=(columns.astype(float),), tolerances={"xrtol": 4e-16, "xatol": 0.0}
    )
    return np.asarray(found.x, dtype=float)  # nan if the signs at the ends are equal


def equilibria(games: Games, shares: Array) -> Maxima:
    """Return `local_maxima` for shares of shape (games, any)."""
    number = shares.shape[1]
    repeated = games.select(np.repeat(np.arange(games.size), number))
    maxima = local_maxima(repeated, shares.ravel())
    shape = (PEAKS + 3, *shares.shape)
    return Maxima(maxima.generalist.reshape(shape), maxima.specialist.reshape(shape))


Objective = Callable[[Maxima], Array]


def log_product(maxima: Maxima) -> Array:
    """Log of the Nash product."""
    generalist, specialist = maxima.best()
    return product(Answers(generalist, generalist, specialist))


def taking_part(maxima: Maxima) -> Array:
    """Profit of the generalist if it takes part."""
    found: Array = maxima.generalist[:-1].max(axis=0)
    return found


def bargains(games: Games) -> tuple[Answers, Array]:
    """Return the Nash bargains, and estimates of the errors of the shares.

    If nobody can give the specialist a gain, the generalist gets what it can.
    """
    share, value, error = _peak(games, log_product)
    rest = np.flatnonzero(~np.isfinite(value))
    share[rest], value[rest], error[rest] = _peak(games.select(rest), taking_part)
    share[rest[~(value[rest] > 0)]] = np.nan
    answers = Answers(share, np.zeros(games.size), np.zeros(games.size))
    agreed = np.flatnonzero(np.isfinite(share))
    best = equilibria(games.select(agreed), share[agreed, None]).best()
    answers.generalist[agreed], answers.specialist[agreed] = (each[:, 0] for each in best)
    return answers, error


def _peak(games: Games, objective: Objective) -> tuple[Array, Array, Array]:
    """Shares with the largest objective, its values, and estimates of the errors of the shares."""
    number = SHARES * (NARROW if games.f1.any() else 1)
    edges = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, number + 2))
    grid = edges[1:-1]
    values = objective(equilibria(games, np.tile(grid, (games.size, 1))))
    share = np.full(games.size, np.nan)
    highest = np.full(games.size, -np.inf)
    padded = np.pad(values, ((0, 0), (1, 1)), constant_values=-np.inf)
    peaks = (values >= padded[:, :-2]) & (values >= padded[:, 2:]) & np.isfinite(values)
    ranked = np.argsort(np.where(peaks, -values, np.inf), axis=1)[:, :PEAKS]
    for nodes in ranked.T:
        where = np.flatnonzero(peaks[np.arange(games.size), nodes])
        at = nodes[where]
        found, value = _magnified(
            games.select(where), objective, edges[at], grid[at], edges[at + 2]
        )
        better = value > highest[where]
        share[where[better]] = found[better]
        highest[where[better]] = value[better]
    where = np.flatnonzero(np.isfinite(share))
    error = np.full(games.size, np.nan)
    share[where], error[where] = _sharpened(games.select(where), objective, share[where])
    return share, highest, error


def _magnified(
    games: Games, objective: Objective, left: Array, middle: Array, right: Array
) -> tuple[Array, Array]:
    """Best share between two, by ever finer grids around the best so far."""
    value = objective(equilibria(games, middle[:, None]))[:, 0]
    part = np.arange(1, SIDE + 1) / (SIDE + 1)
    rows = np.arange(games.size)
    for _ in range(ROUNDS):
        below = left[:, None] + (middle - left)[:, None] * part
        above = middle[:, None] + (right - middle)[:, None] * part
        values = objective(equilibria(games, np.concatenate([below, above], axis=1)))
        nodes = np.concatenate(
            [left[:, None], below, middle[:, None], above, right[:, None]], axis=1
        )
        values = np.insert(values, SIDE, value, axis=1)
        best = values.argmax(axis=1) + 1
        left, middle, right = (nodes[rows, best + side] for side in (-1, 0, 1))
        value = values.max(axis=1)
    return middle, value


def _sharpened(games: Games, objective: Objective, share: Array) -> tuple[Array, Array]:
    """Shares at the top of polynomials, where these fit, and estimates of the errors.

    A share at a kink or a jump needs no sharpening: magnifying finds it to rounding.
    """
    better = share.copy()
    error = np.full(share.size, ROUNDING)
    smooth = np.zeros(share.size, dtype=bool)
    nodes = np.cos(np.pi * (np.arange(13) + 0.5) / 13)
    for window in WINDOWS:
        shares = share[:, None] + window * nodes
        where = np.flatnonzero(((shares > 0) & (shares < 1)).all(axis=1) & ~smooth)
        values = objective(equilibria(games.select(where), shares[where]))
        for row, sample in zip(where, values, strict=True):
            found = _top(nodes, sample)
            if found is not None:
                better[row] = share[row] + window * found[0]
                error[row] = window * found[1]
                smooth[row] = True
    return better, error


def _top(nodes: Array, sample: Array) -> tuple[float, float] | None:
    """Where a polynomial through a sample has its top, and how sure that is, if it fits."""
    if not np.isfinite(sample).all():
        return None
    fit = chebyshev.chebfit(nodes, sample, 9)
    slope = chebyshev.chebder(fit)
    bend = chebyshev.chebder(slope)
    distance = np.abs(chebyshev.chebval(nodes, fit) - sample).max()
    curved = -chebyshev.chebval(0.0, bend)
    if distance > SMOOTH * (1.0 + np.abs(sample).max()) or curved <= 0:
        return None
    top = 0.0
    for _ in range(20):
        top -= float(chebyshev.chebval(top, slope) / chebyshev.chebval(top, bend))
    if not abs(top) < 0.5:
        return None
    return top, float(10.0 * max(distance, 1e-15) / curved)
