"""Equilibria along one common share, sampled as finely as each question needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.kernels.sample import Sample, join
from opt_games.kernels.response import State
from opt_games.result import ABSTAIN, CONTRIBUTE, FREE_RIDE, UtilityCurve

_POINTS = 97
_SECTION = 17  # parts into which a stretch is cut in a round of refinement
_JUMP = 1e-7  # of a player's scale: a larger step across a change of branch is a jump


@dataclass
class ShareLine:
    """Sampled equilibria along the common share, ascending; it grows as it is asked for more."""

    equilibria: EquilibriumMap
    sampled: Sample

    @classmethod
    def of(cls, equilibria: EquilibriumMap, points: int = _POINTS) -> ShareLine:
        """Sample the line of contracts evenly."""
        low, high = equilibria.game.contract.bounds
        size = equilibria.payoffs.size
        shares = np.linspace(low, high, points) if high > low else np.array([low])
        return cls(equilibria, equilibria.sample(np.tile(shares, (size, 1))))

    @property
    def shares(self) -> Array:
        """The common shares sampled so far."""
        return self.sampled.shares[0]

    @property
    def scale(self) -> Array:
        """Range of every player's utility along the line, shape (players,)."""
        utilities = self.sampled.utilities
        scale: Array = np.maximum(np.ptp(utilities, axis=1), np.abs(utilities).max(axis=1))
        return scale

    def at(self, shares: Array) -> Sample:
        """Evaluate further shares, and keep them."""
        size = self.equilibria.payoffs.size
        new = self.equilibria.sample(np.tile(shares, (size, 1)))
        both = join([self.sampled, new])
        _, order = np.unique(both.shares[0], return_index=True)
        self.sampled = both.select(order)
        return new



    def apart(self, new: Array, distance: float) -> Array:
        """Return those shares that are further than `distance` from every sampled one."""
        old = self.shares
        if old.size < 2:
            return new[np.abs(new - old[0]) > distance]
        k = np.clip(np.searchsorted(old, new), 1, old.size - 1)
        gap = np.minimum(np.abs(new - old[k - 1]), np.abs(old[k] - new))
        return new[gap > distance]

    def locate_changes(self) -> None:
        """Sample both sides of every change of branch, as close as rounding allows."""
        for _ in range(14):
            shares, key = self.shares, self.sampled.key
            wide = np.diff(shares) > 4e-16 + 4e-15 * shares[1:]
            at = np.flatnonzero((key[1:] != key[:-1]) & wide)
            if at.size == 0:
                break
            inside = [np.linspace(shares[k], shares[k + 1], _SECTION + 1)[1:-1] for k in at]
            self.at(np.unique(np.concatenate(inside)))

    def locate_peaks(self) -> None:
        """Sample every local peak of every player's utility, to the square root of rounding."""
        for _ in range(7):
            shares, utilities = self.shares, self.sampled.utilities
            inner = (utilities[:, 1:-1] >= utilities[:, :-2]) & (
                utilities[:, 1:-1] >= utilities[:, 2:]
            )
            # a plateau has no peak to look for
            inner &= (utilities[:, 1:-1] > utilities[:, :-2]) | (
                utilities[:, 1:-1] > utilities[:, 2:]
            )
            at = np.flatnonzero(inner.any(axis=0)) + 1
            at = at[shares[at + 1] - shares[at - 1] > 2e-8]
            if at.size == 0:
                break
            inside = [np.linspace(shares[k - 1], shares[k + 1], _SECTION + 1)[1:-1] for k in at]
            width = float((shares[at + 1] - shares[at - 1]).min())
            new = self.apart(np.unique(np.concatenate(inside)), width / (4 * _SECTION))
            if new.size == 0:
                break
            self.at(new)

    def curve(self) -> UtilityCurve:
        """Return what has been sampled as a curve; locate the changes of branch first."""
        sampled, players = self.sampled, self.equilibria.game.players
        step = np.abs(np.diff(sampled.utilities, axis=1)) > _JUMP * self.scale[:, None]
        close = np.diff(self.shares) < 1e-9
        jump = step.any(axis=0) & close & (np.diff(sampled.key) != 0)
        return UtilityCurve(
            players,
            self.shares,
            sampled.utilities,
            _regimes(sampled),
            np.concatenate([[0], np.cumsum(jump)]),
        )


def _regimes(sampled: Sample) -> NDArray[np.str_]:
    """Regime of every player at every case; shape (players, cases)."""
    state = sampled.optima.state
    contribution = sampled.optima.contribution
    names = np.where(contribution > 0, CONTRIBUTE, FREE_RIDE)
    names = np.where((state == State.ABSTAIN) | ~sampled.active, ABSTAIN, names)
    leader = np.where(sampled.active, CONTRIBUTE, ABSTAIN)
    return np.vstack([leader[None, :], names])
