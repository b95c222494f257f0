"""Contracts that look good on coarse responses, for markets too large for a lattice of contracts.

Given the base level specialists do not interact, so a table of their responses to a grid of base
levels and shares is linear in their number, and scores a contract without solving its equilibrium.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.solutions import Stakes, score_utilities
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.kernels.response import State, best_responses

Numbers = NDArray[np.int64]

_SHARES = 17
_SWEEPS = 4


def coarse_contracts(
    equilibria: EquilibriumMap, solution: str, stakes: Stakes, count: int
) -> Array:
    """Improve one share after the other on coarse responses, from the best common share.

    Returns
    -------
    ndarray, shape (specialists, count or fewer)
        The contracts met that score best.
    """
    low, high = equilibria.game.contract.bounds
    table = CoarseTable.of(equilibria, np.linspace(low, high, _SHARES))

    def values(index: Numbers) -> Array:
        profits, performance = table.look_up(index)
        utilities = equilibria.payoffs.utilities(profits)
        return _coarse_score(solution, stakes, utilities, performance)

    common = np.tile(np.arange(_SHARES), (equilibria.payoffs.size, 1))
    best = common[:, [int(np.argmax(values(common)))]]
    met = [common]
    for _ in range(_SWEEPS):
        before = best.copy()
        for k in range(equilibria.payoffs.size):
            trial = np.tile(best, (1, _SHARES))
            trial[k] = np.arange(_SHARES)
            best = trial[:, [int(np.argmax(values(trial)))]]
            met.append(trial)
        if np.array_equal(best, before):
            break
    index = np.unique(np.hstack(met), axis=1)
    order = np.argsort(-values(index), kind="stable")[:count]
    return np.asarray(table.shares[index[:, order]])


@dataclass(frozen=True)
class CoarseTable:
    """Coarse responses: arrays of shape (specialists, shares, base levels)."""

    shares: Array
    cost: Array
    revenue: Array
    profit: Array
    level: Array

    @classmethod
    def of(cls, equilibria: EquilibriumMap, shares: Array) -> CoarseTable:
        """Respond to every grid base level for every share."""
        payoffs, window = equilibria.payoffs, equilibria.window
        shape = (payoffs.size, shares.size, window.base.size)
        revenue, profit, level = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for group, grid in zip(payoffs.followers, window.contributions, strict=True):
            share = np.broadcast_to(shares[None, :, None], (group.members.size, shares.size, 1))
            found = best_responses(group, share, window.base[None, :], grid, payoffs.cap)
            taking = found.state != State.ABSTAIN
            revenue[group.members] = np.where(taking, found.revenue, 0.0)
            profit[group.members] = found.payoff
            level[group.members] = np.where(taking, window.base + found.contribution, 0.0)
        cost, _ = payoffs.leader_cost(window.base, *payoffs.leader_parameters)
        return cls(shares, np.where(np.isnan(cost), np.inf, cost), revenue, profit, level)

    def look_up(self, index: Numbers) -> tuple[Array, Array]:
        """Approximate profits, shape (players, cases), and performance of numbered contracts."""
        players = np.arange(self.revenue.shape[0])[:, None]
        leader = (self.shares[index][..., None] * self.revenue[players, index]).sum(axis=0)
        leader = leader - self.cost
        base = leader.argmax(axis=1)
        own = self.profit[players, index, base[None, :]]
        performance = self.level[players, index, base[None, :]].sum(axis=0)
        return np.vstack([leader.max(axis=1), own]), performance


def _coarse_score(solution: str, stakes: Stakes, table: Array, performance: Array) -> Array:
    """Score approximate utilities: a near miss of disagreement may still be none."""
    limit = stakes.disagreement[:, None]
    scale = stakes.scale[:, None]
    near = (table >= limit - 0.02 * scale) & (table < limit + 1e-6 * scale)
    return score_utilities(
        solution, stakes, np.where(near, limit + 1e-6 * scale, table), performance
    )
