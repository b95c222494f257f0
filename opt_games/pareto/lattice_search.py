"""Candidates for the frontier: contracts of a lattice, coarse first, closer around the best.

With as many shares as players but one, the Pareto-optimal contracts fill regions of the cube of
contracts. A lattice over all of it, on rough profits, shows where; the exact equilibria of those
that lie apart are then computed.
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

# shares per specialist of the first lattice, and of the last
FIRST = {1: 1025, 2: 65, 3: 25, 4: 13}
_LAST = {1: 4097, 2: 1025, 3: 385, 4: 97}
_COARSE = {1: 97, 2: 33, 3: 11, 4: 6}  # where all combinations are solved
_ENOUGH = 1.5  # candidates for every contract wanted
_CHILDREN = 300_000


@dataclass(frozen=True)
class Candidates:
    """Contracts of a lattice that look undominated, by their numbers on it."""

    lattice: Lattice
    index: NDArray[np.int64]
    utilities: Array

    @property
    def spacing(self) -> float:
        """Distance between neighbouring shares."""
        shares = self.lattice.shares
        return float(shares[1] - shares[0]) if shares.size > 1 else 0.0


def find_candidates(equilibria: EquilibriumMap, count: int, clock: Clock) -> Candidates:
    """Look for contracts that nothing seems to dominate, more than `count` if there are as many."""
    payoffs = equilibria.payoffs
    low, high = equilibria.game.contract.bounds
    shares = FIRST[payoffs.size] if high > low else 1
    index = np.indices((shares,) * payoffs.size).reshape(payoffs.size, -1)
    found = _undominated(equilibria, shares, index)
    ways = np.array(list(product((-1, 0, 1), repeat=payoffs.size))).T
    while found.index.shape[1] < _ENOUGH * count and 1 < shares < _LAST[payoffs.size]:
        parents = found.index[:, spread(found.utilities, _CHILDREN // ways.shape[1])]
        shares = 2 * shares - 1
        children = (2 * parents[:, :, None] + ways[:, None, :]).reshape(payoffs.size, -1)
        inside = ((children >= 0) & (children < shares)).all(axis=0)
        if clock.over:
            break
        found = _undominated(equilibria, shares, np.unique(children[:, inside], axis=1))
    return found


def coarse_lattice(equilibria: EquilibriumMap) -> Sample:
    """Return the equilibria of a lattice over all contracts, closer towards the bounds."""
    low, high = equilibria.game.contract.bounds
    size = equilibria.payoffs.size
    count = _COARSE[size] if high > low else 1
    steps = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, count))
    lattice = Lattice.of(equilibria.payoffs, equilibria.window, low + (high - low) * steps)
    return lattice.sample(np.indices((count,) * size).reshape(size, -1))


def _undominated(equilibria: EquilibriumMap, shares: int, index: NDArray[np.int64]) -> Candidates:
    low, high = equilibria.game.contract.bounds
    payoffs = equilibria.payoffs
    lattice = Lattice.of(payoffs, equilibria.window, np.linspace(low, high, shares))
    profits = lattice.rough_profits(index)
    outside = equilibria.game.outside_array()
    profits = np.where(profits[0] >= outside[0], profits, outside[:, None])
    utilities = payoffs.utilities(profits)
    kept = undominated(utilities, scale_of(utilities))
    return Candidates(lattice, index[:, kept], utilities[:, kept])
