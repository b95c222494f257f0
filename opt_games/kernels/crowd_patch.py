"""Most followers of a small box of base levels and shares, as polynomials of both.

In a small box a follower's response is smooth, and its decision to take part rarely changes. The
sums over all followers that surely take part there are interpolated at Chebyshev nodes; only the
others are still looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.polynomial.chebyshev import chebval2d, chebvander
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.crowd_response import Chunk, Found, respond

_CELLS = 16_384
_CLOSE = 0.1  # of the range of a gain over the box: how far from zero it must stay at the nodes
REVENUE, MARGINAL, PERFORMANCE, UTILITY, WEIGHTED, NASH = range(6)
"""What is summed; of utilities as they are, weighted, and logarithms of gains, weighted."""

Sums = Callable[[Chunk, NDArray[np.int64], Found, Array], tuple[Array, NDArray[np.bool_]]]
"""Of a chunk, its ids, its responses at all nodes, and the base levels: the last three quantities
by node and member, and who must still be looked at one by one."""


@dataclass(frozen=True)
class Box:
    """Ranges of the base level and of the share."""

    base: tuple[float, float]
    share: tuple[float, float]


@dataclass(frozen=True)
class Patch:
    """Sums over followers in a box.

    Attributes
    ----------
    box : Box
    coefficients : ndarray, shape (nodes of base, nodes of share, quantities)
        Of Chebyshev polynomials.
    outer : Patch, optional
        Further followers, of a wider box.
    """

    box: Box
    coefficients: Array
    outer: Patch | None = None

    def sums(self, base: Array, share: float) -> Array:
        """Return all sums at base levels; shape (quantities, levels)."""
        x, y = (
            (2.0 * at - low - high) / (high - low)
            for at, (low, high) in ((base, self.box.base), (share, self.box.share))
        )
        own = np.asarray(chebval2d(x, np.broadcast_to(y, np.shape(x)), self.coefficients))
        return own if self.outer is None else own + self.outer.sums(base, share)

    def revenue(self, base: Array, share: float) -> tuple[Array, Array]:
        """Return the revenue at base levels, and its derivative in the base level."""
        found = self.sums(base, share)
        return found[REVENUE], found[MARGINAL]


def with_patch(crowd: Crowd, box: Box, nodes: int, sums: Sums) -> Crowd:
    """Return a crowd that is the same inside a box: a patch, and the followers it leaves.

    Parameters
    ----------
    crowd : Crowd
    box : Box
    nodes : int
        Along either axis.
    sums : callable
        See `Sums`.
    """
    t = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    base, share = (
        0.5 * (low + high) + 0.5 * (high - low) * t for low, high in (box.base, box.share)
    )
    base, share = (each.reshape(-1, 1) for each in np.meshgrid(base, share, indexing="ij"))
    total = np.zeros((6, nodes * nodes))
    left = np.zeros(crowd.extra.size, dtype=bool)
    rows = max(1, _CELLS // (nodes * nodes))
    middle = (0.5 * sum(box.base), 0.5 * sum(box.share))
    for whole in crowd.chunks:
        for start in range(0, whole.members.size, rows):
            chunk = whole.take(np.arange(start, min(start + rows, whole.members.size)))
            at = chunk.members
            first = respond(chunk, *middle, crowd.extra[at], 1e-2).extra
            guess = np.broadcast_to(first, (nodes * nodes, at.size))
            found = respond(chunk, base, share, guess, 1e-6)
            slack = _CLOSE * np.ptp(found.gain, axis=0)
            inside = (found.gain > slack).all(axis=0)
            # nobody turns from contributing to free riding inside a polynomial
            inside &= found.contributes.all(axis=0) | ~found.contributes.any(axis=0)
            quantities, critical = sums(chunk, crowd.ids[at], found, base)
            inside &= ~critical
            weight = np.where(inside, chunk.weight, 0.0)
            final = base + np.where(found.contributes, found.extra, 0.0)
            with np.errstate(invalid="ignore"):
                for k, each in enumerate((found.revenue, found.marginal, final, *quantities)):
                    total[k] += np.where(inside, each, 0.0) @ weight
            left[at] = ~inside
    inverse = np.linalg.inv(chebvander(t, nodes - 1))
    table = total.reshape(6, nodes, nodes)
    coefficients = np.einsum("ij,qjk,lk->ilq", inverse, table, inverse)
    patch = Patch(box, coefficients, _patch_of(crowd))
    return replace(crowd.only(left), background=patch)


def _patch_of(crowd: Crowd) -> Patch | None:
    if crowd.background is not None and not isinstance(crowd.background, Patch):
        raise TypeError("the background of a crowd is a patch")
    return crowd.background
