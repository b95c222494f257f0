"""The contracts found so far, with the utilities of their equilibria and how they were found."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.kernels.sample import Sample, join
from opt_games.pareto.dominance import scale_of, settled, undominated

_SAME, _MORE = 1e-13, 1e-7  # of a player's scale: differences that a solver leaves, and gains


@dataclass
class Pool:
    """A growing set of contracts, of which it keeps those that none of them dominates.

    Attributes
    ----------
    equilibria : EquilibriumMap
    sampled : Sample
        The undominated contracts.
    origin : ndarray of str
        How each was found.
    scale : ndarray, shape (players,)
        What is at stake for each player, over all contracts ever seen.
    """

    equilibria: EquilibriumMap
    sampled: Sample
    origin: NDArray[np.str_]
    scale: Array
    seen: int = 0
    utilities: Array = field(init=False)

    @classmethod
    def of(cls, equilibria: EquilibriumMap, sampled: Sample, origin: str) -> Pool:
        """Begin with some contracts."""
        count = sampled.active.size
        pool = cls(
            equilibria, sampled, np.full(count, origin), scale_of(sampled.utilities), seen=count
        )
        pool._filter()
        return pool

    def add(self, sampled: Sample, origin: str) -> NDArray[np.bool_]:
        """Add contracts; tell which of them no contract known dominates."""
        count, old = sampled.active.size, self.origin.size
        if count == 0:
            return np.zeros(0, dtype=bool)
        self.sampled = join([self.sampled, sampled])
        self.origin = np.concatenate([self.origin, np.full(count, origin)])
        self.scale = np.maximum(self.scale, scale_of(sampled.utilities))
        self.seen += count
        kept = self._filter()
        return kept[old:]

    def stands(self, sampled: Sample) -> bool:
        """Tell whether no contract of the pool dominates one, beyond a solver's accuracy."""
        scale = np.where(self.scale > 0, self.scale, 1.0)[:, None]
        own = settled(self.equilibria.game, sampled.utilities, self.scale)
        difference = (self.utilities - own) / scale
        dominates = (difference >= -_SAME).all(axis=0) & (difference > _MORE).any(axis=0)
        return not dominates.any()

    def drop(self, cases: NDArray[np.int64]) -> None:
        """Leave some contracts out."""
        self._keep(np.setdiff1d(np.arange(self.origin.size), cases))

    def _filter(self) -> NDArray[np.bool_]:
        self.utilities = settled(self.equilibria.game, self.sampled.utilities, self.scale)
        kept = undominated(self.utilities, self.scale)
        self._keep(np.flatnonzero(kept))
        return kept

    def _keep(self, cases: NDArray[np.int64]) -> None:
        self.sampled = self.sampled.select(cases)
        self.origin = self.origin[cases]
        self.utilities = self.utilities[:, cases]
