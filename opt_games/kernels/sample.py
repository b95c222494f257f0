"""Equilibria of many contracts: who takes part, on which branch, with what utility."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.branch import Branch, Closure
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import TIE_TOLERANCE, LeaderState, Optima, leader_optima
from opt_games.kernels.payoffs import Payoffs
from opt_games.kernels.response import State
from opt_games.kernels.window import Window

_CASES = 256  # contracts searched at a time, to bound memory
_LEADER = {
    LeaderState.STATIONARY: Closure.STATIONARY,
    LeaderState.FLOOR: Closure.LOWER,
    LeaderState.CAP: Closure.UPPER,
    LeaderState.EDGE: Closure.FOLLOWER,
}
_FOLLOWER = {
    State.BASE: (Closure.LOWER,),
    State.STATIONARY: (Closure.STATIONARY,),
    State.CAP: (Closure.UPPER,),
    State.KINK: (Closure.KINK,),
    State.ABSTAIN: None,
}


@dataclass(frozen=True)
class Sample:
    """Equilibria of a list of contracts.

    Attributes
    ----------
    shares : ndarray, shape (followers, cases)
    active : ndarray of bool, shape (cases,)
        Whether the leader takes part; where it does not, nobody produces.
    profits, utilities : ndarray, shape (1 + followers, cases)
        The leader first.
    performance : ndarray, shape (cases,)
        Sum of the final levels of those who take part.
    key : ndarray of int, shape (cases,)
        Equal where the same players take part and the followers' closures are the same.
    optima, rivals : Optima
        The leader's best base level if it takes part, and its next best local peak.
    outside : ndarray, shape (followers,)
        What followers earn when they abstain.
    """

    shares: Array
    active: NDArray[np.bool_]
    profits: Array
    utilities: Array
    performance: Array
    key: NDArray[np.int64]
    optima: Optima
    rivals: Optima
    outside: Array

    def branch(self, case: int) -> Branch:
        """Return the branch of one case, as if the leader took part."""
        return _branch(self.optima, case, self.outside)

    def rival_branch(self, case: int) -> Branch | None:
        """Return the branch of the leader's next best peak, None where there is none."""
        if not np.isfinite(self.rivals.payoff[case]):
            return None
        return _branch(self.rivals, case, self.outside)

    def select(self, cases: NDArray[np.int64]) -> Sample:
        """Return some of the cases, in the order given."""
        return Sample(
            self.shares[:, cases],
            self.active[cases],
            self.profits[:, cases],
            self.utilities[:, cases],
            self.performance[cases],
            self.key[cases],
            self.optima.select(cases),
            self.rivals.select(cases),
            self.outside,
        )


def sample(payoffs: Payoffs, window: Window, shares: Array) -> Sample:
    """Find the equilibria of the contracts `shares`, shape (followers, cases)."""
    if shares.shape[1] == 0:
        return sample(payoffs, window, np.zeros((payoffs.size, 1))).select(np.arange(0))
    parts = [
        _sample(payoffs, window, shares[:, k : k + _CASES])
        for k in range(0, shares.shape[1], _CASES)
    ]
    return parts[0] if len(parts) == 1 else join(parts)


def join(samples: list[Sample]) -> Sample:
    """Put samples behind each other."""

    def stack(arrays: list[Any]) -> Any:
        return np.concatenate(arrays, axis=-1)

    def optima(which: str) -> Optima:
        names = Optima.__dataclass_fields__
        return Optima(
            *(stack([getattr(getattr(s, which), name) for s in samples]) for name in names)
        )

    return Sample(
        stack([s.shares for s in samples]),
        np.concatenate([s.active for s in samples]),
        stack([s.profits for s in samples]),
        stack([s.utilities for s in samples]),
        stack([s.performance for s in samples]),
        np.concatenate([s.key for s in samples]),
        optima("optima"),
        optima("rivals"),
        samples[0].outside,
    )


def _sample(payoffs: Payoffs, window: Window, shares: Array) -> Sample:
    return sample_of(payoffs, shares, *leader_optima(payoffs, window, shares))


def sample_of(payoffs: Payoffs, shares: Array, best: Optima, rivals: Optima) -> Sample:
    """Tell who takes part, and what everybody gets, where the leader's best levels are known."""
    scale = np.abs(best.turnover) + abs(payoffs.outside)
    # a leader indifferent between taking part and not takes part
    active = best.payoff >= payoffs.outside - TIE_TOLERANCE * scale
    outside = np.zeros(payoffs.size)
    for group in payoffs.followers:
        outside[group.members] = group.outside.ravel()
    profits = np.vstack([best.payoff, best.profit])
    profits[0, ~active] = payoffs.outside
    profits[1:, ~active] = outside[:, None]
    taking_part = (best.state != State.ABSTAIN) & active
    performance = np.where(taking_part, best.base + best.contribution, 0.0).sum(axis=0)
    return Sample(
        shares,
        active,
        profits,
        payoffs.utilities(profits),
        performance,
        _key(best, active),
        best,
        rivals,
        outside,
    )


def _key(optima: Optima, active: NDArray[np.bool_]) -> NDArray[np.int64]:
    # rounding decides which side of a corner a level is on: that is no change of branch
    corner = optima.state == State.KINK
    states = np.where(corner, State.STATIONARY, optima.state).astype(np.int64)
    weights = np.random.default_rng(0).integers(1, 2**58, size=(states.shape[0], 1))
    return np.where(active, ((states + 1) * weights).sum(axis=0), 0)


def _branch(optima: Optima, case: int, outside: Array) -> Branch:
    state = optima.state[:, case]
    binding: tuple[int, ...] = ()
    turning: tuple[int, ...] = ()
    if optima.leader[case] == LeaderState.EDGE:
        sides = np.vstack([optima.left_state[:, case], optima.right_state[:, case]])
        leaves = (sides == State.ABSTAIN).any(axis=0)
        leaves |= np.abs(optima.profit[:, case] - outside) <= 1e-10 * optima.turnover[case]
        leaves &= state != State.ABSTAIN
        stays = np.isin(state, (State.BASE, State.STATIONARY))
        turns = np.isin(sides, (State.BASE, State.STATIONARY)).all(axis=0) & stays
        turns &= (sides != state).any(axis=0)
        binding = tuple(int(k) for k in np.flatnonzero(leaves))
        turning = tuple(int(k) for k in np.flatnonzero(turns))
        # where a level meets its bound it still is a variable, held by two equations
        state = np.where(turns, State.STATIONARY, state)
    return Branch(
        (_LEADER[LeaderState(optima.leader[case])],),
        tuple(_FOLLOWER[State(s)] for s in state),
        binding,
        turning,
    )
