"""How well a finite set of contracts stands for the frontier."""

from __future__ import annotations

from itertools import combinations
from math import comb

import moocore
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from opt_games.kernels.array_function import Array

_HALVINGS = 24
_KEYS = np.random.default_rng(0).integers(1, 2**40, size=5) * 2 + 1


def hypervolume(utilities: Array, reference: Array) -> float:
    """Return the volume that the contracts dominate above the reference point.

    Parameters
    ----------
    utilities : ndarray, shape (players, cases)
    reference : ndarray, shape (players,)

    Notes
    -----
    In utilities multiplied, so its unit depends on the players'. A contract that does not give
    everybody more than the reference adds nothing.

    Examples
    --------
    >>> hypervolume(np.array([[1.0, 2.0], [2.0, 1.0]]), np.zeros(2))
    3.0
    """
    better = (utilities > reference[:, None]).all(axis=0)
    if not better.any():
        return 0.0
    points = np.ascontiguousarray(utilities[:, better].T)
    return float(moocore.hypervolume(points, ref=reference, maximise=True))


def ranges(utilities: Array) -> Array:
    """Return every player's range over the contracts, 1 where it has none; shape (players,)."""
    span = np.ptp(utilities, axis=1)
    return np.asarray(np.where(span > 0, span, 1.0))


def spread(utilities: Array, count: int) -> NDArray[np.int64]:
    """Choose about `count` contracts that lie apart, ascending.

    The space of utilities is cut into cells so small that about as many are occupied; of each the
    contract with the largest sum stays. Every player's best contract and the best sum are kept.
    """
    size = utilities.shape[1]
    if size <= count:
        return np.arange(size)
    relative = (utilities - utilities.min(axis=1, keepdims=True)) / ranges(utilities)[:, None]
    order = np.argsort(-relative.sum(axis=0), kind="stable")

    def chosen(cells: float) -> NDArray[np.int64]:
        address = np.floor(relative[:, order] * cells).astype(np.int64)
        # one odd number per player makes a cell's address one number, which sorts far faster
        _, first = np.unique(_KEYS[: address.shape[0]] @ address, return_index=True)
        return np.asarray(order[first])

    few, many = 1.0, 2.0
    while chosen(many).size < count and many < 1e6:
        few, many = many, 2.0 * many
    for _ in range(_HALVINGS):
        middle = np.sqrt(few * many)
        if chosen(middle).size <= count:
            few = middle
        else:
            many = middle
        if many - few < 1e-3 * few:
            break
    best = np.append(utilities.argmax(axis=1), order[0])
    return np.unique(np.concatenate([chosen(few), best]))


def simplex(size: int, count: int) -> Array:
    """At least `count` weights that are spread over the simplex: those of Das and Dennis (1998)."""
    parts = 1
    while comb(parts + size - 1, size - 1) < count:
        parts += 1
    rows = []
    for bars in combinations(range(parts + size - 1), size - 1):
        edges = np.array([-1, *bars, parts + size - 1])
        rows.append((np.diff(edges) - 1) / parts)
    return np.array(rows)


def gaps(known: Array, reported: Array, span: Array) -> Array:
    """Distance from every known contract to the nearest reported one, by the largest coordinate."""
    tree = cKDTree((reported / span[:, None]).T)
    distance, _ = tree.query((known / span[:, None]).T, p=np.inf)
    return np.asarray(distance)
