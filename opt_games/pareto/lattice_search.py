"""Candidates for the frontier: contracts of a lattice, coarse first, closer around the best.

With as many shares as players but one, the Pareto-optimal contracts fill regions of the cube of
contracts. A lattice over all of it, on rough profits, shows where; the exact equilibria of those
that lie apart are then computed.

Some regions are thin: where the generalist keeps a specialist that is about to leave, a little more
share makes it drop it, and everybody's utility jumps. So wherever neighbours on the lattice differ
in who takes part, contracts on both sides of the change are looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.kernels.lattice import Lattice
from opt_games.kernels.sample import Sample
from opt_games.pareto.clock import Clock
from opt_games.pareto.coverage import spread
from opt_games.pareto.dominance import scale_of, undominated

Numbers = NDArray[np.int64]

_SHARES = {1: 97, 2: 65, 3: 25, 4: 13}  # per specialist, where all combinations are looked at
_COARSE = {1: 97, 2: 33, 3: 11, 4: 6}  # and where all are solved exactly
_STRIDE = 16  # steps of the finest lattice in one of the first
_ENOUGH = 1.5  # candidates for every contract wanted
_CHILDREN = 300_000
_BESIDE = np.array([0, 1, 3, 7, -1, -2, -4, -8])  # steps from a change where contracts are tried


@dataclass(frozen=True)
class Candidates:
    """Contracts of a lattice that look undominated, by their numbers on it."""

    lattice: Lattice
    index: Numbers
    utilities: Array


def find_candidates(equilibria: EquilibriumMap, count: int, clock: Clock) -> Candidates:
    """Look for contracts that nothing seems to dominate, more than `count` if there are as many."""
    low, high = equilibria.game.contract.bounds
    size = equilibria.payoffs.size
    per_side = _SHARES[size] if high > low else 1
    finest = (per_side - 1) * _STRIDE + 1
    lattice = _lattice(equilibria, per_side)
    index = np.indices((per_side,) * size).reshape(size, -1)
    _, taking_part = lattice.rough_profits(index)
    fine = bool((taking_part != taking_part[0]).any())
    if fine:
        lattice = _lattice(equilibria, finest)
        index = index * _STRIDE
        changes = _changes(lattice, index, taking_part.reshape((per_side,) * size))
        index = np.unique(np.hstack([index, changes]), axis=1)
    found = _undominated(equilibria, lattice, index)
    ways = np.array(list(product((-1, 0, 1), repeat=size))).T
    stride = _STRIDE if finest > 1 else 1
    while found.index.shape[1] < _ENOUGH * count and stride > 1 and not clock.over:
        parents = found.index[:, spread(found.utilities, _CHILDREN // ways.shape[1])]
        stride //= 2
        step = stride
        if not fine:
            lattice = _lattice(equilibria, (finest - 1) // stride + 1)
            parents, step = 2 * parents, 1
        children = (parents[:, :, None] + step * ways[:, None, :]).reshape(size, -1)
        inside = ((children >= 0) & (children < lattice.shares.size)).all(axis=0)
        found = _undominated(equilibria, lattice, np.unique(children[:, inside], axis=1))
    return found


def _lattice(equilibria: EquilibriumMap, shares: int) -> Lattice:
    low, high = equilibria.game.contract.bounds
    return Lattice.of(equilibria.payoffs, equilibria.window, np.linspace(low, high, shares))


def coarse_lattice(equilibria: EquilibriumMap) -> Sample:
    """Return the equilibria of a lattice over all contracts, closer towards the bounds."""
    low, high = equilibria.game.contract.bounds
    size = equilibria.payoffs.size
    count = _COARSE[size] if high > low else 1
    steps = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, count))
    lattice = Lattice.of(equilibria.payoffs, equilibria.window, low + (high - low) * steps)
    return lattice.sample(np.indices((count,) * size).reshape(size, -1))


def _changes(lattice: Lattice, index: Numbers, taking_part: Numbers) -> Numbers:
    """Return contracts beside those changes of who takes part that lie between two neighbours.

    `taking_part` has one axis per follower; a change along an axis is bisected to the finest
    lattice.
    """
    size = index.shape[0]
    place = np.arange(index.shape[1]).reshape(taking_part.shape)
    found = [np.zeros((size, 0), dtype=np.int64)]
    for axis in range(size):
        before, after = (
            np.moveaxis(place, axis, 0)[part].ravel() for part in (slice(None, -1), slice(1, None))
        )
        who = taking_part.ravel()
        differs = who[before] != who[after]
        low, high = index[:, before[differs]], index[:, after[differs]]
        if low.shape[1] == 0:
            continue
        stays = who[before[differs]]
        first, last = low[axis], high[axis]
        left, right = first.copy(), last.copy()
        while np.any(right - left > 1):
            middle = (left + right) // 2
            trial = low.copy()
            trial[axis] = middle
            same = lattice.rough_profits(trial)[1] == stays
            left, right = np.where(same, middle, left), np.where(same, right, middle)
        beside = np.clip(right + _BESIDE[:, None], first, last)
        tried = np.repeat(low[:, None, :], _BESIDE.size, axis=1)
        tried[axis] = beside
        found.append(tried.reshape(size, -1))
    return np.hstack(found)


def _undominated(equilibria: EquilibriumMap, lattice: Lattice, index: Numbers) -> Candidates:
    profits, _ = lattice.rough_profits(index)
    outside = equilibria.game.outside_array()
    profits = np.where(profits[0] >= outside[0], profits, outside[:, None])
    utilities = equilibria.payoffs.utilities(profits)
    kept = undominated(utilities, scale_of(utilities))
    return Candidates(lattice, index[:, kept], utilities[:, kept])
