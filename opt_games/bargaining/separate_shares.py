"""Bargains over one share per domain, for a few specialists.

Contracts are first scored on a coarse grid of base levels and shares, from a table of every
specialist's responses: given the base level specialists do not interact, so the table is linear in
their number. From the best contracts, the solver solves the bargaining problem on the branch of
each; where the generalist would leave the branch, its rival joins the problem and it is solved
again. What survives is compared with its neighbours until none is better.

The search is thorough but no proof: the result is the best contract found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.polish import close_rivals, polish
from opt_games.bargaining.solutions import Stakes, best_case, score, score_utilities
from opt_games.branch import Branch
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import Optima
from opt_games.kernels.response import State, best_responses
from opt_games.kernels.sample import Sample, join

Numbers = NDArray[np.int64]

_FULL_GRID = {1: 65, 2: 41, 3: 17, 4: 9}  # shares per specialist where all combinations are scored
_SHARES = 17  # and where they are not
_SWEEPS = 4
_EXACT = 96  # contracts whose equilibrium is computed before the solver starts
_STARTS = 7
_APART = 0.12  # distance between starts, of the range of shares
_SNAP = 1e-3  # a share this close to a bound is tried on it
_RIVALS = 3
_RADII = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
_DIRECTIONS = 24
_REPAIRS = 12


def best_shares(equilibria: EquilibriumMap, solution: str) -> Array | None:
    """Find the shares of a bargaining solution, one per specialist; None without agreement."""
    search = _Search.begin(equilibria)
    if search is None:
        return None
    if solution == "kalai-smorodinsky":
        ideal = search.stakes.ideal.copy()
        for k in np.flatnonzero(search.stakes.bargainers):
            found = search.best(f"player {k}")
            ideal[k] = found.utilities[k, 0]
        search.stakes = search.stakes.with_ideal(ideal)
    return search.best(solution).shares[:, 0]


@dataclass
class _Table:
    """Coarse responses: arrays of shape (specialists, shares, base levels)."""

    shares: Array
    cost: Array
    revenue: Array
    profit: Array
    level: Array

    @classmethod
    def of(cls, equilibria: EquilibriumMap, shares: Array) -> _Table:
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


@dataclass
class _Search:
    equilibria: EquilibriumMap
    sampled: Sample
    stakes: Stakes
    table: _Table

    @classmethod
    def begin(cls, equilibria: EquilibriumMap) -> _Search | None:
        """Sample common shares and a spread of contracts; None if nobody would sign any."""
        low, high = equilibria.game.contract.bounds
        size = equilibria.payoffs.size
        count = _FULL_GRID.get(size, _SHARES)
        table = _Table.of(equilibria, np.linspace(low, high, count))
        rng = np.random.default_rng(0)
        common = np.tile(np.linspace(low, high, 33), (size, 1))
        spread = low + (high - low) * rng.random((size, 64))
        # each specialist alone, the others left what suits them best
        alone = np.full((size, size), low) + (high - low) * 0.5 * np.eye(size)
        sampled = equilibria.sample(np.hstack([common, spread, alone]))
        stakes = Stakes.of(equilibria.game, sampled)
        if stakes is None:
            found = cls(equilibria, sampled, Stakes.blank(equilibria.game, sampled), table)
            sampled = join([sampled, equilibria.sample(found.coarse("utilitarian", _EXACT * 4))])
            stakes = Stakes.of(equilibria.game, sampled)
        return None if stakes is None else cls(equilibria, sampled, stakes, table)

    def values(self, solution: str, sampled: Sample) -> Array:
        return score(solution, self.stakes, sampled)

    def best(self, solution: str) -> Sample:
        """Best contract found, as a sample of one."""
        self.sampled = join([self.sampled, self.equilibria.sample(self.coarse(solution, _EXACT))])
        best = self._top(solution)
        for start in self._starts(solution):
            best = self._better(solution, best, self._solve(solution, start))
        for _ in range(_REPAIRS):
            neighbour = self._neighbours(solution, best)
            if neighbour is None:
                break
            best = self._better(solution, neighbour, self._solve(solution, neighbour))
        return self._better(solution, best, self._on_bounds(best))

    def _on_bounds(self, best: Sample) -> Sample:
        """Put shares that all but reach a bound on it, where an interior point cannot get."""
        low, high = self.equilibria.game.contract.bounds
        near = _SNAP * (high - low)
        shares = np.where(best.shares - low < near, low, best.shares)
        return self.equilibria.sample(np.where(high - shares < near, high, shares))

    def coarse(self, solution: str, count: int) -> Array:
        """Contracts that score best on the table, shape (specialists, cases)."""
        size, shares = self.equilibria.payoffs.size, self.table.shares
        if size in _FULL_GRID:
            axes = np.meshgrid(*[np.arange(shares.size)] * size, indexing="ij")
            index = np.vstack([axis.ravel() for axis in axes])
        else:
            index = self._by_turns(solution)
        value = self._coarse_values(solution, index)
        order = np.argsort(-value, kind="stable")
        if size in _FULL_GRID:
            # local peaks first: the best contracts alone would all lie around one of them
            peak = _local_peaks(value.reshape((shares.size,) * size)).ravel()[order]
            order = np.concatenate([order[peak][: count // 2], order[~peak][: count // 2]])
        return np.asarray(shares[index[:, order[:count]]])

    def _coarse_values(self, solution: str, index: Numbers) -> Array:
        values = []
        for start in range(0, index.shape[1], 4096):
            part = index[:, start : start + 4096]
            profits, performance = self.table.look_up(part)
            utilities = self.equilibria.payoffs.utilities(profits)
            values.append(_coarse_score(solution, self.stakes, utilities, performance))
        return np.concatenate(values)

    def _by_turns(self, solution: str) -> Numbers:
        """Share numbers met while improving one specialist's share after the other."""
        size, count = self.equilibria.payoffs.size, self.table.shares.size
        common = np.tile(np.arange(count), (size, 1))
        best = common[:, [int(np.argmax(self._coarse_values(solution, common)))]]
        met = [common]
        for _ in range(_SWEEPS):
            before = best.copy()
            for k in range(size):
                trial = np.tile(best, (1, count))
                trial[k] = np.arange(count)
                best = trial[:, [int(np.argmax(self._coarse_values(solution, trial)))]]
                met.append(trial)
            if (best == before).all():
                break
        return np.unique(np.hstack(met), axis=1)

    def _top(self, solution: str) -> Sample:
        values = self.values(solution, self.sampled)
        return self.sampled.select(np.array([best_case(values, self.sampled)]))

    def _starts(self, solution: str) -> list[Sample]:
        """Pick the best sampled contracts that lie apart, or on different branches."""
        values = self.values(solution, self.sampled)
        shares, key = self.sampled.shares, self.sampled.key
        low, high = self.equilibria.game.contract.bounds
        chosen: list[int] = []
        for k in np.argsort(-values, kind="stable"):
            if len(chosen) == _STARTS or not np.isfinite(values[k]):
                break
            near = np.abs(shares[:, chosen] - shares[:, [k]]).max(axis=0) < _APART * (high - low)
            if not np.any(near & (key[chosen] == key[k])):
                chosen.append(int(k))
        return [self.sampled.select(np.array([k])) for k in chosen]

    def _solve(self, solution: str, start: Sample) -> Sample | None:
        """Solve on the branch of `start`, adding rivals until the generalist stays on it."""
        rivals: list[tuple[Branch, Optima]] = close_rivals(start)
        for _ in range(_RIVALS):
            shares = polish(self.equilibria, solution, self.stakes, start, rivals=rivals)
            if shares is None:
                return None
            low, high = self.equilibria.game.contract.bounds
            found = self.equilibria.sample(np.clip(shares, low, high)[:, None])
            if found.key[0] == start.key[0] or not found.active[0]:
                return found
            rival = found.branch(0)
            if not rival.smooth or any(rival == known for known, _ in rivals):
                return found
            rivals = [*rivals, (rival, found.optima)]
        return found

    def _better(self, solution: str, best: Sample, found: Sample | None) -> Sample:
        """Keep the better of two contracts; a solver's contract wins a tie."""
        if found is None:
            return best
        self.sampled = join([self.sampled, found])
        both = self.values(solution, join([best, found]))
        return found if both[1] >= both[0] - self.stakes.rounding(solution) else best

    def _neighbours(self, solution: str, best: Sample) -> Sample | None:
        """Look for a contract near the best one that scores better."""
        low, high = self.equilibria.game.contract.bounds
        size = self.equilibria.payoffs.size
        rng = np.random.default_rng(1)
        axes = np.hstack([np.eye(size), -np.eye(size)])
        random = rng.normal(size=(size, _DIRECTIONS))
        ways = np.hstack([axes, random / np.linalg.norm(random, axis=0)])
        steps = (high - low) * np.concatenate([radius * ways for radius in _RADII], axis=1)
        around = self.equilibria.sample(np.clip(best.shares + steps, low, high))
        values = self.values(solution, around)
        here = self.values(solution, best)[0]
        k = best_case(values, around)
        margin = max(self.stakes.rounding(solution), 1e-11 * abs(here))
        if not values[k] > here + margin:
            return None
        found = around.select(np.array([k]))
        self.sampled = join([self.sampled, found])
        return found


def _local_peaks(values: Array) -> NDArray[np.bool_]:
    """Whether a node of a lattice is no lower than its neighbours along every axis."""
    peak = np.isfinite(values)
    for axis in range(values.ndim):
        step = np.diff(values, axis=axis, prepend=-np.inf, append=-np.inf)
        rises = np.take(step, range(values.shape[axis]), axis=axis) >= 0
        falls = np.take(step, range(1, values.shape[axis] + 1), axis=axis) <= 0
        peak &= rises & falls
    return peak


def _coarse_score(solution: str, stakes: Stakes, table: Array, performance: Array) -> Array:
    """Score approximate utilities: a near miss of disagreement may still be none."""
    limit = stakes.disagreement[:, None]
    scale = stakes.scale[:, None]
    near = (table >= limit - 0.02 * scale) & (table < limit + 1e-6 * scale)
    return score_utilities(
        solution, stakes, np.where(near, limit + 1e-6 * scale, table), performance
    )
