"""Equilibria along one common share, sampled as finely as each question needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.kernels.response import State
from opt_games.kernels.sample import Sample, join
from opt_games.result import ABSTAIN, CONTRIBUTE, FREE_RIDE, UtilityCurve

_POINTS = 97
_SECTION = 17  # parts into which a stretch is cut in a round of refinement
_CHANGES = 24  # changes of branch followed at a time
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
        return np.asarray(self.sampled.shares[0])

    @property
    def scale(self) -> Array:
        """Range of every player's utility along the line, shape (players,)."""
        utilities = self.sampled.utilities
        return np.asarray(np.maximum(np.ptp(utilities, axis=1), np.abs(utilities).max(axis=1)))

    def at(self, shares: Array) -> Sample:
        """Evaluate further shares, and keep them."""
        if shares.size == 0:
            return self.sampled.select(np.zeros(0, dtype=np.int64))
        size = self.equilibria.payoffs.size
        new = self.equilibria.sample(np.tile(shares, (size, 1)))
        both = join([self.sampled, new])
        _, order = np.unique(both.shares[0], return_index=True)
        self.sampled = both.select(order)
        return new

    def apart(self, new: Array, distance: float) -> Array:
        """Return those shares that are further than `distance` from the sampled and each other."""
        old = self.shares
        new = np.sort(new)
        new = new[np.append(np.inf, np.diff(new)) > distance]
        if old.size < 2:
            return np.asarray(new[np.abs(new - old[0]) > distance])
        k = np.clip(np.searchsorted(old, new), 1, old.size - 1)
        gap = np.minimum(np.abs(new - old[k - 1]), np.abs(old[k] - new))
        return np.asarray(new[gap > distance])

    def changes(self) -> NDArray[np.bool_]:
        """Between which neighbouring samples the equilibrium changes branch, or jumps.

        Followers that change state show a change; the leader may jump without one, which shows as a
        step in somebody's utility far larger than the steps beside it.
        """
        utilities, key = self.sampled.utilities, self.sampled.key
        step = np.abs(np.diff(utilities, axis=1))
        beside = np.maximum(
            np.hstack([np.zeros((step.shape[0], 1)), step[:, :-1]]),
            np.hstack([step[:, 1:], np.zeros((step.shape[0], 1))]),
        )
        jump = (step > 20 * beside) & (step > 1e-4 * self.scale[:, None])
        found: NDArray[np.bool_] = (key[1:] != key[:-1]) | jump.any(axis=0)
        return found

    def locate_changes(self) -> None:
        """Sample both sides of every change of branch, at a jump as close as rounding allows."""
        for _ in range(14):
            shares = self.shares
            width = np.diff(shares)
            step = np.abs(np.diff(self.sampled.utilities, axis=1)) > _JUMP * self.scale[:, None]
            # a kink is close enough at 1e-6, a jump only at rounding
            wide = (width > 1e-6) | (step.any(axis=0) & (width > 1e-15 + 4e-15 * shares[1:]))
            at = np.flatnonzero(self.changes() & wide)
            if at.size == 0:
                break
            # rounding can blur one change into many: follow the widest
            at = at[np.argsort(-width[at], kind="stable")[:_CHANGES]]
            inside = [np.linspace(shares[k], shares[k + 1], _SECTION + 1)[1:-1] for k in at]
            self.at(np.unique(np.concatenate(inside)))

    def locate_peaks(self) -> None:
        """Sample every local peak of every player's utility.

        A peak is bracketed down to 1e-5 and then placed by the parabola through the bracket, since
        values alone cannot place it closer than the square root of rounding.
        """
        for _ in range(7):
            _, at = self._peaks()
            shares = self.shares
            wide = np.unique(at[shares[at + 1] - shares[at - 1] > 2e-5])
            if wide.size == 0:
                break
            inside = [np.linspace(shares[k - 1], shares[k + 1], _SECTION + 1)[1:-1] for k in wide]
            width = float((shares[wide + 1] - shares[wide - 1]).min())
            new = self.apart(np.unique(np.concatenate(inside)), width / (4 * _SECTION))
            if new.size == 0:
                break
            self.at(new)
        player, at = self._peaks()
        shares, utilities = self.shares, self.sampled.utilities
        left, here, right = (utilities[player, at + side] for side in (-1, 0, 1))
        a, b = shares[at] - shares[at - 1], shares[at + 1] - shares[at]
        with np.errstate(all="ignore"):
            rise, fall = (here - left) / a, (here - right) / b
            vertex = shares[at] + 0.5 * (b * rise - a * fall) / (rise + fall)
        near = (vertex > shares[at - 1]) & (vertex < shares[at + 1]) & (b < 1e-4) & (a < 1e-4)
        if near.any():
            self.at(self.apart(np.unique(vertex[near]), 1e-12))

    def _peaks(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Players and samples at which the player's utility is locally highest.

        It must fall on both sides by more than rounding, to the next sample or the one after: a
        plateau has no peak to look for.
        """
        utilities = self.sampled.utilities
        margin = 1e-13 * self.scale[:, None]
        here, left, right = utilities[:, 1:-1], utilities[:, :-2], utilities[:, 2:]
        rise = np.maximum(here - left, here - np.hstack([utilities[:, :1], left[:, :-1]]))
        fall = np.maximum(here - right, here - np.hstack([right[:, 1:], utilities[:, -1:]]))
        local = (here >= left) & (here >= right) & (rise > margin) & (fall > margin)
        player, at = np.nonzero(local)
        return player, at + 1

    def curve(self) -> UtilityCurve:
        """Return what has been sampled as a curve; locate the changes of branch first."""
        sampled, players = self.sampled, self.equilibria.game.players
        step = np.abs(np.diff(sampled.utilities, axis=1)) > _JUMP * self.scale[:, None]
        close = np.diff(self.shares) < 1e-9
        jump = step.any(axis=0) & close
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
