"""What a leader and very many followers bargain over, and the scores of contracts.

The same scores as in `opt_games.bargaining.solutions`, for crowds of which a member may stand for
many, and of which most may be a background that knows sums only. All followers take part whenever
the leader does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.solutions import ACCEPTANCE
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd, Reply
from opt_games.kernels.crowd_patch import NASH, PERFORMANCE, UTILITY, WEIGHTED, Patch, Sums
from opt_games.kernels.crowd_response import Chunk, Found, respond
from opt_games.kernels.lockstep.market import Market

NOTHING = -1e300
"""The logarithm of a product that is zero: far below any other, and above what none would sign."""

_STEADY = 1.4  # a gain whose logarithm is interpolated changes by this factor at most
_REACH = 0.8  # a gain that never comes that close to the least one does not decide


@dataclass(frozen=True)
class Contract:
    """A share and its equilibrium, as far as scores need it.

    Attributes
    ----------
    share : float
    active : bool
        Whether the leader takes part.
    reply : Reply
    """

    share: float
    active: bool
    reply: Reply


@dataclass(frozen=True)
class CrowdStakes:
    """What is at stake for the leader and all followers of a market; arrays (players,).

    Attributes
    ----------
    market : Market
    disagreement, weights, without : ndarray
        Utility without agreement; bargaining power; utility of abstaining.
    bargainers : ndarray of bool
        Who can gain by an acceptable contract.
    ideal : ndarray
        The best utility over acceptable contracts.
    demanding : ndarray of bool
        Who wants more than abstaining brings, so that not every contract is acceptable.
    """

    market: Market
    disagreement: Array
    weights: Array
    without: Array
    bargainers: NDArray[np.bool_]
    ideal: Array
    demanding: NDArray[np.bool_]

    @classmethod
    def of(cls, game: Game, market: Market) -> CrowdStakes:
        """Start with everybody as a bargainer."""
        disagreement, without = game.disagreement_array(), game.disagreement_array()
        if game.bargaining.disagreement:
            without = market.utility(market.outside)[0][:, 0]
        return cls(
            market,
            disagreement,
            game.weight_array(),
            without,
            np.ones(disagreement.size, dtype=bool),
            disagreement,
            disagreement > without,
        )

    def utility(self, ids: NDArray[np.int64], profits: Array) -> Array:
        """Return utilities of some followers; the last axis of `profits` is theirs."""
        value = np.array(profits)
        for form, given in zip(self.market.forms.utilities, self.market.utilities, strict=True):
            at = np.minimum(np.searchsorted(form.players, ids + 1), form.players.size - 1)
            mine = form.players[at] == ids + 1
            if mine.any():
                columns = (np.broadcast_to(each[:, 0], form.players.size) for each in given)
                own = [each[at[mine]] for each in columns]
                value[..., mine] = form.function(value[..., mine], *own)[0]
        return value

    def leader_utility(self, payoff: float) -> float:
        """Return the leader's utility of a payoff."""
        for form, given in zip(self.market.forms.utilities, self.market.utilities, strict=True):
            if form.players[0] == 0:
                own = (each[0, 0] for each in given)
                return float(form.function(np.array(payoff), *own)[0])
        return payoff

    def utilities(self, crowd: Crowd, contract: Contract) -> Array:
        """Return the utilities of a crowd's members, leader first."""
        if not contract.active:
            return np.append(self.without[0], self.without[crowd.ids + 1])
        there = contract.reply
        own = self.utility(crowd.ids, there.profit)
        return np.append(self.leader_utility(there.payoff), own)

    def settled(self, crowd: Crowd, contracts: Sequence[Contract]) -> CrowdStakes | None:
        """Find out who can gain among a crowd's members; None if nobody can by any contract."""
        players = np.append(0, crowd.ids + 1)
        best = np.full(players.size, -np.inf)
        for contract in contracts:
            utilities = self.utilities(crowd, contract)
            if self.acceptable(players, utilities):
                best = np.maximum(best, utilities)
        gain = best - self.disagreement[players]
        bargainers = self.bargainers.copy()
        bargainers[players] = gain > ACCEPTANCE * self._size(players, best)
        if not bargainers[players].any():
            return None
        ideal = self.ideal.copy()
        ideal[players] = best
        return replace(self, bargainers=bargainers, ideal=ideal)

    def widened(self, crowd: Crowd, contracts: Sequence[Contract]) -> CrowdStakes:
        """Find out who can gain of a whole crowd, by contracts of which the base level is known."""
        bargainers = self.bargainers.copy()
        bargainers[1:] = False
        rest = crowd
        for contract in contracts:
            gain = np.zeros(rest.extra.size)
            for chunk in rest.chunks:
                at = chunk.members
                found = respond(chunk, contract.reply.base, contract.share, rest.extra[at], 1e-4)
                own = self.utility(rest.ids[at], found.profit)
                least = self.disagreement[rest.ids[at] + 1]
                gain[at] = (own - least) - ACCEPTANCE * (np.abs(own) + np.abs(least))
            bargainers[rest.ids[gain > 0] + 1] = True
            rest = rest.only(gain <= 0)
            if not rest.extra.size:
                break
        return replace(self, bargainers=bargainers)

    def _size(self, players: NDArray[np.int64], utilities: Array) -> Array:
        finite = np.where(np.isfinite(utilities), utilities, 0.0)
        return np.asarray(np.abs(finite) + np.abs(self.disagreement[players]))

    def acceptable(self, players: NDArray[np.int64], utilities: Array) -> bool:
        """Whether all would sign."""
        least = self.disagreement[players]
        return bool(np.all(utilities - least >= -ACCEPTANCE * self._size(players, utilities)))

    def score(self, solution: str, crowd: Crowd, contract: Contract) -> tuple[float, float]:
        """Return the score of a contract, and the sum of utilities, which decides ties."""
        players = np.append(0, crowd.ids + 1)
        heads = np.append(1.0, self._heads(crowd))
        utilities = self.utilities(crowd, contract)
        patch = crowd.background if isinstance(crowd.background, Patch) else None
        beyond = np.zeros(6)
        if patch is not None:
            beyond = patch.sums(np.array(contract.reply.base), contract.share)
        # without the leader nobody gains, also of those in the patch
        closed = not contract.active and bool(self.bargainers[1:].any())
        total = float(
            heads @ utilities + beyond[UTILITY] if contract.active else self.without.sum()
        )
        if not self.acceptable(players, utilities):
            return -np.inf, total
        gains = np.maximum(utilities - self.disagreement[players], 0.0)
        decides = self.bargainers[players]
        if solution in ("utilitarian", "powerful-specialist"):
            return total - (utilities[0] if solution == "powerful-specialist" else 0.0), total
        if solution == "powerful-generalist":
            return float(utilities[0]), total
        if solution == "weighted":
            value = (heads * self.weights[players]) @ utilities + beyond[WEIGHTED]
            return float(value if contract.active else self.weights @ self.without), total
        if solution == "max-performance":
            there = contract.reply
            final = there.base + np.where(there.contributes, there.extra, 0.0)
            value = heads[1:] @ final + beyond[PERFORMANCE]
            return float(value) if contract.active else 0.0, total
        if solution == "nash":
            counts = decides & (self.weights[players] > 0)
            lost = int((counts & (gains == 0.0)).sum()) + closed
            if lost:
                # fewer that get nothing is no better, but shows where to look
                return NOTHING * (1.0 + lost / (1.0 + counts.sum())), total
            power = (heads * self.weights[players])[counts]
            return float(power @ np.log(gains[counts]) + beyond[NASH]), total
        if closed:
            return 0.0, total
        if solution == "egalitarian":
            return float(gains[decides].min()), total
        if solution == "kalai-smorodinsky":
            span = (self.ideal - self.disagreement)[players][decides]
            return float((gains[decides] / span).min()), total
        raise ValueError(f"no score for {solution!r}")

    def _heads(self, crowd: Crowd) -> Array:
        """Return how many followers each member stands for."""
        heads = np.empty(crowd.extra.size)
        for chunk in crowd.chunks:
            heads[chunk.members] = chunk.weight
        return heads

    def sums(self, solution: str) -> Sums:
        """Return what a patch is to sum for a solution."""
        least = np.inf

        def quantities(
            chunk: Chunk, ids: NDArray[np.int64], found: Found, base: Array
        ) -> tuple[Array, NDArray[np.bool_]]:
            nonlocal least
            at = ids + 1
            own = self.utility(ids, found.profit)
            gains = own - self.disagreement[at]
            decides, weights = self.bargainers[at], self.weights[at]
            result = np.zeros((3, *own.shape))
            result[0] = own
            critical = self.demanding[at].copy()
            low, high = gains.min(axis=0), gains.max(axis=0)
            if solution == "weighted":
                result[1] = weights * own
            elif solution == "nash":
                critical |= decides & (low > 0) & (high > _STEADY * low)
                critical |= decides & (low <= 0) & (high > 0)
                with np.errstate(all="ignore"):
                    result[2] = np.where(decides & (weights > 0), weights * np.log(gains), 0.0)
            elif solution in ("egalitarian", "kalai-smorodinsky"):
                span = (self.ideal - self.disagreement)[at]
                span = np.where(decides & (solution != "egalitarian"), span, 1.0)
                with np.errstate(all="ignore"):
                    low, high = low / span, high / span
                least = min(least, high[decides].min(initial=np.inf))
                critical |= decides & (_REACH * low <= least) & (high > 0)
            return result, critical

        return quantities
