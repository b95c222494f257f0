r"""What each of very many specialists could get at best, over contracts with separate shares.

The best contract of specialist i gives the generalist as much reason to invest as the others'
shares can, and i the share :math:`\delta_i` that it likes best:

.. math:: \max_{\delta_i} U_i(x, \delta_i) \quad\text{s.t.}\quad
          \sum_{j \ne i} \max_{\delta_j} M_j(x, \delta_j) + M_i(x, \delta_i) = \phi_0'(x).

The sum over all others is one function of the base level :math:`x`, interpolated once, so that all
specialists' best contracts together take time that grows as their number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.polynomial.chebyshev import chebfit, chebval
from scipy.optimize import brentq

from opt_games.bargaining.market_prices import highest_shares
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.crowd_response import respond

_NODES = 13
_GRID = 9
_CLOSER = 5
_ZOOMS = 14
_OWN_ZOOMS = 9
_ROOTS = 20
_LOWEST = 0.5  # of the highest base level that contracts support
_SMALL = 1e-3


def specialist_ideals(crowd: Crowd, scale: float, low: float, high: float) -> Array | None:
    """Return every specialist's highest profit over contracts; None where this does not tell.

    Parameters
    ----------
    crowd : Crowd
        All specialists.
    scale : float
        The base level at which the generalist alone, with all the revenue, would stop.
    low, high : float
        Bounds of shares.
    """
    own: Callable[[float], Array] = partial(_highest_marginal, crowd, low=low, high=high)

    def surplus(base: float) -> float:
        return float(own(base).sum()) - crowd.cost(base)[1]

    a, b = _SMALL * scale, scale
    if surplus(a) <= 0.0:
        return None
    while surplus(b) > 0.0:
        b *= 2.0
        if b > scale / _SMALL:
            return None
    b = float(brentq(surplus, a, b, xtol=1e-10 * b))
    ends = (_LOWEST * b, b)
    angles = np.pi * (np.arange(_NODES) + 0.5) / _NODES
    nodes = 0.5 * (ends[0] + ends[1]) + 0.5 * (ends[1] - ends[0]) * np.cos(angles)
    values = np.array([own(float(base)) for base in nodes])
    cost = np.array([crowd.cost(float(base))[1] for base in nodes])
    others = (values.sum(axis=1) - cost)[:, None] - values
    coefficients = chebfit(np.cos(angles), others, _NODES - 1)

    def of_shares(shares: Array) -> Array:
        base = _supported(crowd, coefficients, shares, ends)
        return _answers(crowd, base, shares)[1]

    size = crowd.extra.size
    return _highest(of_shares, np.full(size, low), np.full(size, high), _OWN_ZOOMS)


def _highest(values: Callable[[Array], Array], low: Array, high: Array, zooms: int) -> Array:
    """Return the highest value of a function of the share, one of each specialist."""
    columns = np.arange(low.size)
    centre, width, best = low, high - low, np.full(low.size, -np.inf)
    for turn in range(zooms):
        points, first = (_GRID, 0.0) if turn == 0 else (_CLOSER, -1.0)
        steps = np.linspace(first, 1.0, points)[:, None]
        shares = np.clip(centre + width * steps, low, high)
        found = values(shares)
        k = found.argmax(axis=0)
        best, centre = np.maximum(best, found[k, columns]), shares[k, columns]
        width = width * (1.0 - first) / (points - 1)
    return best


def _highest_marginal(crowd: Crowd, base: float, *, low: float, high: float) -> Array:
    """Return the most that each can add to the generalist's marginal revenue at a base level."""
    most = highest_shares(crowd, np.array([base]), low, high)[0]
    joins = np.isfinite(most)

    def of_shares(shares: Array) -> Array:
        return _answers(crowd, np.full(shares.shape, base), shares)[0]

    ends = np.full(most.size, low), np.where(joins, most, low)
    return np.where(joins, _highest(of_shares, *ends, _ZOOMS), 0.0)


def _answers(crowd: Crowd, base: Array, shares: Array) -> tuple[Array, Array]:
    """Return what specialists add to the generalist's marginal revenue, and their profits."""
    marginal, profit = np.zeros(shares.shape), np.zeros(shares.shape)
    for chunk in crowd.chunks:
        rows = chunk.members
        start = np.broadcast_to(crowd.extra[rows], shares[:, rows].shape)
        found = respond(chunk, base[:, rows], shares[:, rows], start)
        _, marginal[:, rows] = found.paid(shares[:, rows])
        profit[:, rows] = found.profit
    return marginal, profit


def _supported(crowd: Crowd, others: Array, shares: Array, ends: tuple[float, float]) -> Array:
    """Return the base levels that the others' best support and one's own share lead to."""
    low, high = (np.full(shares.shape, end) for end in ends)

    def surplus(base: Array) -> Array:
        place = (2.0 * base - ends[0] - ends[1]) / (ends[1] - ends[0])
        return np.asarray(chebval(place, others, tensor=False) + _answers(crowd, base, shares)[0])

    up, down = surplus(low), -surplus(high)
    base = low
    for _ in range(_ROOTS):
        with np.errstate(all="ignore"):
            base = low + (high - low) * up / (up + down)
        base = np.where(up <= 0.0, low, np.where(down <= 0.0, high, base))
        here = surplus(base)
        rises = here > 0.0
        # the end that stays counts half (Illinois)
        low, high = np.where(rises, base, low), np.where(rises, high, base)
        up, down = np.where(rises, here, 0.5 * up), np.where(rises, 0.5 * down, -here)
    return np.asarray(base)
