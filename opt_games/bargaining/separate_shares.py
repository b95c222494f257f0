"""Bargains over one share per domain, for a few specialists.

For up to four specialists the equilibria of a whole lattice of contracts are computed; for more,
those of contracts that look good on coarse responses. From the best that lie apart, the search
climbs to the top of each hill, and the solver solves the bargaining problem on the branch found
there; where the generalist would leave the branch, its rival joins the problem and it is solved
again. The best contract is then compared with its neighbours until none is better.

The search is thorough but no proof: the result is the best contract found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opt_games.bargaining.coarse import coarse_contracts
from opt_games.bargaining.polish import close_rivals, polish
from opt_games.bargaining.solutions import Stakes, best_case, score
from opt_games.branch import Branch
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import Optima
from opt_games.kernels.sample import Sample, join

_LATTICE = {1: 97, 2: 33, 3: 13, 4: 7}  # shares per specialist where all combinations are solved
_EXACT = 128  # contracts solved where they are not
_STARTS = 12
_HILLS = 5  # of the hills climbed, those that the solver tries
_APART = 0.08  # distance between starts, of the range of shares
_RIVALS = 3
_DIRECTIONS = 12  # random ones, besides the axes, in a round of climbing
_CLIMBS = 40
_REPAIRS = 3  # times that climbing may better what the solver found
_SNAP = 1e-3  # a share this close to a bound is tried on it


def best_shares(equilibria: EquilibriumMap, solution: str) -> Array | None:
    """Find the shares of a bargaining solution, one per specialist; None without agreement."""
    search = _Search.begin(equilibria)
    if search is None:
        return None
    if solution == "kalai-smorodinsky":
        ideal = search.stakes.ideal.copy()
        for k in np.flatnonzero(search.stakes.bargainers):
            ideal[k] = search.best(f"player {k}").utilities[k, 0]
        search.stakes = search.stakes.with_ideal(ideal)
    return np.asarray(search.best(solution).shares[:, 0])


@dataclass
class _Search:
    equilibria: EquilibriumMap
    sampled: Sample
    stakes: Stakes

    @classmethod
    def begin(cls, equilibria: EquilibriumMap) -> _Search | None:
        """Sample contracts; None if nobody would sign any of them."""
        low, high = equilibria.game.contract.bounds
        size = equilibria.payoffs.size
        if size in _LATTICE:
            # closer towards the bounds, where a specialist is about to leave
            steps = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, _LATTICE[size]))
            axes = np.meshgrid(*[low + (high - low) * steps] * size, indexing="ij")
            shares = np.vstack([axis.ravel() for axis in axes])
        else:
            rng = np.random.default_rng(0)
            common = np.tile(np.linspace(low, high, 33), (size, 1))
            spread = low + (high - low) * rng.random((size, 64))
            shares = np.hstack([common, spread])
        sampled = equilibria.sample(shares)
        stakes = Stakes.of(equilibria.game, sampled)
        if stakes is None:
            blank = Stakes.blank(equilibria.game, sampled)
            more = coarse_contracts(equilibria, "utilitarian", blank, 4 * _EXACT)
            sampled = join([sampled, equilibria.sample(more)])
            stakes = Stakes.of(equilibria.game, sampled)
        return None if stakes is None else cls(equilibria, sampled, stakes)

    def best(self, solution: str) -> Sample:
        """Best contract found, as a sample of one."""
        if self.equilibria.payoffs.size not in _LATTICE:
            more = coarse_contracts(self.equilibria, solution, self.stakes, _EXACT)
            self.sampled = join([self.sampled, self.equilibria.sample(more)])
        hills = self._climb(solution, self._starts(solution), 0.06, 0.02)
        values = score(solution, self.stakes, hills)
        best = hills.select(np.array([best_case(values, hills)]))
        for k in np.argsort(-values, kind="stable")[:_HILLS]:
            best = self._better(solution, best, self._solve(solution, hills.select(np.array([k]))))
        for _ in range(_REPAIRS):
            best = self._better(solution, best, self._on_bounds(best))
            higher = self._climb(solution, best, 0.02, 1e-5)
            if np.array_equal(higher.shares, best.shares):
                break
            best = self._better(solution, higher, self._solve(solution, higher))
        return best

    def _starts(self, solution: str) -> Sample:
        """Pick the best sampled contracts that lie apart, or on different branches."""
        values = score(solution, self.stakes, self.sampled)
        shares, key = self.sampled.shares, self.sampled.key
        low, high = self.equilibria.game.contract.bounds
        chosen: list[int] = []
        for k in np.argsort(-values, kind="stable"):
            if len(chosen) == _STARTS or not np.isfinite(values[k]):
                break
            near = np.abs(shares[:, chosen] - shares[:, [k]]).max(axis=0) < _APART * (high - low)
            if not np.any(near & (key[chosen] == key[k])):
                chosen.append(int(k))
        return self.sampled.select(np.array(chosen))

    def _climb(self, solution: str, starts: Sample, first: float, last: float) -> Sample:
        """Move every contract to better neighbours, looking ever closer where there are none."""
        low, high = self.equilibria.game.contract.bounds
        size, count = starts.shares.shape
        rng = np.random.default_rng(1)
        axes = np.hstack([np.eye(size), -np.eye(size)])
        radius = np.full(count, first * (high - low))
        best, rows = starts, np.arange(count)
        value = score(solution, self.stakes, best)
        for _ in range(_CLIMBS):
            if not np.any(radius > last * (high - low)):
                break
            # far and near at once: hills can be narrow ridges along a jump
            reach = 10.0 ** rng.uniform(-2.0, 0.0, _DIRECTIONS)
            ways = np.hstack([axes, reach * rng.uniform(-1.0, 1.0, (size, _DIRECTIONS))])
            around = best.shares[:, :, None] + radius[:, None] * ways[:, None, :]
            found = self.equilibria.sample(np.clip(around, low, high).reshape(size, -1))
            values = score(solution, self.stakes, found).reshape(count, -1)
            at = values.argmax(axis=1)
            with np.errstate(invalid="ignore"):
                rise = values[rows, at] - value
            up = rise > self.stakes.rounding(solution)
            both = join([best, found])
            best = both.select(np.where(up, count + rows * ways.shape[1] + at, rows))
            value = np.where(up, values[rows, at], value)
            radius = np.where(up, radius, 0.4 * radius)
        return best

    def _solve(self, solution: str, start: Sample) -> Sample | None:
        """Solve on the branch of `start`, adding rivals until the generalist stays on it."""
        rivals: list[tuple[Branch, Optima]] = close_rivals(start)
        low, high = self.equilibria.game.contract.bounds
        found = None
        for _ in range(_RIVALS):
            shares = polish(self.equilibria, solution, self.stakes, start, rivals=rivals)
            if shares is None:
                break
            found = self.equilibria.sample(np.clip(shares, low, high)[:, None])
            rival = found.branch(0)
            same = found.key[0] == start.key[0] or not found.active[0]
            if same or not rival.smooth or any(rival == known for known, _ in rivals):
                break
            rivals = [*rivals, (rival, found.optima)]
        return found

    def _better(self, solution: str, best: Sample, found: Sample | None) -> Sample:
        """Keep the better of two contracts; a solver's contract wins a tie."""
        if found is None:
            return best
        both = score(solution, self.stakes, join([best, found]))
        return found if both[1] >= both[0] - self.stakes.rounding(solution) else best

    def _on_bounds(self, best: Sample) -> Sample:
        """Put shares that all but reach a bound on it, where an interior point cannot get."""
        low, high = self.equilibria.game.contract.bounds
        near = _SNAP * (high - low)
        shares = np.where(best.shares - low < near, low, best.shares)
        return self.equilibria.sample(np.where(high - shares < near, high, shares))
