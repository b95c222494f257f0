"""Equilibria of many contracts on a lattice of separate shares.

Given the base level followers do not interact, and each sees its own share alone. So their
responses to a grid of base levels are needed once per follower and share, and the leader's payoff
for every combination of shares is a sum. Contracts whose optimum stands out on the grid are placed
from there; the others go the whole way of `opt_games.kernels.leader`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import (
    Evaluation,
    LeaderState,
    Optima,
    Peaks,
    choose,
    evaluate,
    first_order,
    leader_optima,
    local_peaks,
)
from opt_games.kernels.payoffs import Payoffs
from opt_games.kernels.response import State, best_responses
from opt_games.kernels.sample import Sample, join, sample_of
from opt_games.kernels.window import Window

Numbers = NDArray[np.int64]

_CELLS = 2_000_000  # lattice cells summed at a time
_CASES = 1024  # contracts placed at a time, to bound memory
_NARROW = 0.02  # half width of the first guess's bracket, of that on the grid


@dataclass(frozen=True)
class Lattice:
    """Followers' responses to every share of a grid, at every base level of the window.

    Attributes
    ----------
    shares : ndarray, shape (shares,)
        The values that every follower's share can take, ascending.
    earned, slope : ndarray, shape (followers, shares, base levels)
        What the leader gets of the follower's revenue, and its derivative in the base level.
    profit : ndarray, of that shape
        The follower's.
    state : ndarray of int8, of that shape
    cost, marginal : ndarray, shape (base levels,)
        The leader's.
    """

    payoffs: Payoffs
    window: Window
    shares: Array
    earned: Array
    slope: Array
    profit: Array
    state: NDArray[np.int8]
    cost: Array
    marginal: Array

    @classmethod
    def of(cls, payoffs: Payoffs, window: Window, shares: Array) -> Lattice:
        """Compute the responses."""
        shape = (payoffs.size, shares.size, window.base.size)
        earned, slope, profit = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        state = np.zeros(shape, dtype=np.int8)
        for group, grid in zip(payoffs.followers, window.contributions, strict=True):
            share = np.broadcast_to(shares[None, :, None], (group.members.size, shares.size, 1))
            found = best_responses(group, share, window.base[None, :], grid, payoffs.cap)
            with np.errstate(all="ignore"):
                # a share of nothing is nothing, also where marginal revenue is infinite
                paid = np.where(share == 0.0, 0.0, share * found.revenue)
                rise = np.where(share == 0.0, 0.0, share * found.marginal_revenue * found.slope)
            earned[group.members] = paid
            slope[group.members] = np.where(found.slope == 0.0, 0.0, rise)
            profit[group.members] = found.payoff
            state[group.members] = found.state
        cost, marginal = payoffs.leader_cost(window.base, *payoffs.leader_parameters)
        cost, marginal = (np.broadcast_to(x, window.base.shape) for x in (cost, marginal))
        return cls(payoffs, window, shares, earned, slope, profit, state, cost, marginal)

    def contracts(self, index: Numbers) -> Array:
        """Return the shares of numbered contracts; both have shape (followers, cases)."""
        return np.asarray(self.shares[index])

    def rough_profits(self, index: Numbers) -> tuple[Array, Numbers]:
        """Approximate profits of numbered contracts, without a solve.

        The leader's optimum is placed by the slopes at the highest node and its neighbours, and
        profits are interpolated between them.

        Returns
        -------
        profits : ndarray, shape (players, cases)
        taking_part : ndarray of int, shape (cases,)
            Equal where the same followers take part.
        """
        size = max(1, _CELLS // self.window.base.size)
        parts = [
            self._rough(index[:, start : start + size]) for start in range(0, index.shape[1], size)
        ]
        profits, taking_part = zip(*parts, strict=True)
        return np.hstack(profits), np.concatenate(taking_part)

    def _rough(self, index: Numbers) -> tuple[Array, Numbers]:
        payoff = self._sum(self.earned, index) - self.cost
        payoff = np.where(np.isnan(payoff), -np.inf, payoff)
        rows, last = np.arange(index.shape[1]), payoff.shape[1] - 1
        top = payoff.argmax(axis=1)
        left, right = np.maximum(top - 1, 0), np.minimum(top + 1, last)
        players = np.arange(index.shape[0])[:, None]
        base = self.window.base

        def slopes(node: Numbers) -> Array:
            total = self.slope[players, index, node[None, :]].sum(axis=0)
            return np.asarray(total - self.marginal[node])

        middle = slopes(top)
        with np.errstate(all="ignore"):
            other = np.where(middle > 0, right, left)
            beyond = slopes(other)
            part = middle / (middle - beyond)
        alike = (
            self.state[players, index, other[None, :]] == self.state[players, index, top[None, :]]
        ).all(axis=0)
        inside = alike & (other != top) & (part > 0) & (part < 1)
        part = np.where(inside, part, 0.0)
        step = part * (base[other] - base[top])
        highest = payoff[rows, top] + 0.5 * np.where(inside, middle, 0.0) * step
        own = self.profit[players, index, top[None, :]]
        far = self.profit[players, index, other[None, :]]
        taking = self.state[players, index, top[None, :]] != State.ABSTAIN
        profits = np.vstack([highest, own + np.where(inside, part, 0.0) * (far - own)])
        return profits, (taking << players).sum(axis=0)

    def sample(self, index: Numbers) -> Sample:
        """Return equilibria of numbered contracts, as exact as those of `sample`."""
        parts = [
            self._sample(index[:, start : start + _CASES])
            for start in range(0, index.shape[1], _CASES)
        ]
        return parts[0] if len(parts) == 1 else join(parts)

    def _sample(self, index: Numbers) -> Sample:
        shares = self.contracts(index)
        count = index.shape[1]
        scan = self._scan(index)
        nodes = np.broadcast_to(self.window.base, scan.payoff.shape)
        peaks = local_peaks(scan, nodes, np.arange(count))
        alone = np.bincount(peaks.case, minlength=count)[peaks.case] == 1
        bracket, settled = self._guess(scan, shares, peaks.select(np.flatnonzero(alone)))
        found, good = first_order(self.payoffs, self.window, shares, bracket)
        good &= settled
        slow = np.setdiff1d(np.arange(count), bracket.case[good])
        case = bracket.case[good]
        parts: list[tuple[Numbers, Optima, Optima]] = []
        if case.size:
            parts.append((case, *self._placed(shares[:, case], bracket, found, good)))
        for start in range(0, slow.size, 256):
            part = slow[start : start + 256]
            parts.append((part, *leader_optima(self.payoffs, self.window, shares[:, part])))
        order = np.argsort(np.concatenate([part for part, _, _ in parts]), kind="stable")
        samples = [sample_of(self.payoffs, shares[:, c], best, other) for c, best, other in parts]
        return join(samples).select(order)

    def _placed(
        self, shares: Array, bracket: Peaks, found: Array, good: NDArray[np.bool_]
    ) -> tuple[Optima, Optima]:
        edges = np.vstack([bracket.left[good], bracket.right[good]])
        every = np.arange(shares.shape[1])
        leader = np.full(every.size, LeaderState.STATIONARY, dtype=np.int8)
        return choose(self.payoffs, self.window, shares, every, found[good], edges, leader)

    def _guess(
        self, scan: Evaluation, shares: Array, peaks: Peaks
    ) -> tuple[Peaks, NDArray[np.bool_]]:
        """Tighten brackets by the slopes at the nodes; tell which hold one smooth optimum."""
        base = self.window.base
        at = np.searchsorted(base, peaks.peak)
        inner = (at > 0) & (at < base.size - 1)
        at = np.clip(at, 1, base.size - 2)
        rows = peaks.case
        f = [scan.slope[rows, at + side] for side in (-1, 0, 1)]
        x = [base[at + side] for side in (-1, 0, 1)]
        same = (scan.signature[rows, at - 1] == scan.signature[rows, at]) & (
            scan.signature[rows, at + 1] == scan.signature[rows, at]
        )
        settled = inner & same & (f[0] > 0) & (f[2] < 0) & np.isfinite(f[0] + f[1] + f[2])
        with np.errstate(all="ignore"):
            # the parabola through the three slopes, from the secant of the side that holds the zero
            first = (f[1] - f[0]) / (x[1] - x[0])
            second = ((f[2] - f[1]) / (x[2] - x[1]) - first) / (x[2] - x[0])
            zero = np.where(
                f[1] > 0,
                x[1] + (x[2] - x[1]) * f[1] / (f[1] - f[2]),
                x[0] + (x[1] - x[0]) * f[0] / (f[0] - f[1]),
            )
            for _ in range(3):
                value = f[0] + (zero - x[0]) * (first + second * (zero - x[1]))
                zero = zero - value / (first + second * (2 * zero - x[0] - x[1]))
        zero = np.where((zero > x[0]) & (zero < x[2]), zero, x[1])
        width = _NARROW * (x[2] - x[0])
        left, right = np.maximum(zero - width, x[0]), np.minimum(zero + width, x[2])
        close = evaluate(
            self.payoffs, self.window, shares[:, rows], np.column_stack([left, right])
        ).slope
        tight = (close[:, 0] > 0) & (close[:, 1] < 0)
        bracket = replace(
            peaks, left=np.where(tight, left, x[0]), right=np.where(tight, right, x[2])
        )
        return bracket, settled

    def _scan(self, index: Numbers) -> Evaluation:
        """Sum the responses of numbered contracts at every base level of the window."""
        payoff = self._sum(self.earned, index)
        players = np.arange(index.shape[0])
        turnover = np.zeros(payoff.shape)
        signature = np.zeros(payoff.shape, dtype=np.int64)
        for k in players:
            turnover += np.abs(self.earned[k, index[k]])
            signature = signature * len(State) + self.state[k, index[k]]
        payoff = payoff - self.cost
        nobody = np.zeros((0, *payoff.shape))
        return Evaluation(
            np.where(np.isnan(payoff), -np.inf, payoff),
            self._sum(self.slope, index) - self.marginal,
            turnover + np.abs(self.cost),
            self._sum(self.profit, index),
            signature,
            nobody,
            nobody.astype(np.int8),
            nobody,
        )

    @staticmethod
    def _sum(table: Array, index: Numbers) -> Array:
        total: Array = table[0, index[0]].copy()
        for k in range(1, index.shape[0]):
            total += table[k, index[k]]
        return total
