"""Separate shares of a few specialists: contracts are tried by the thousand, then climbed from.

With few specialists every one of them is pivotal: the best contract often sits where the generalist
is just willing to keep one of them, or indifferent between two base levels, and prices cannot tell.
Equilibria of thousands of contracts at once are cheap then (`opt_games.kernels.crowd_contracts`).
The hills that random steps climb are the starts of programs, one per branch, that place the
contract (`opt_games.bargaining.market_branches`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.market_branches import MarketBranch, MarketBranches
from opt_games.bargaining.market_equilibria import MarketEquilibria, Outcome
from opt_games.bargaining.market_terms import Terms
from opt_games.bargaining.solutions import Stakes, score_utilities
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd_contracts import contract_equilibria

FEW = 6
"""Specialists up to which contracts are tried by the thousand."""

_RANDOM = 3000
_CLOSER = 20_000
_HILLS = 10
_APART = 0.05
_WAYS = 48
_ROUNDS = 24
_STARTS = 3  # of one branch, from different hills
_ITERATIONS = (10, 50, 50)  # of programs: from all hills, then from the best contract
_NOTHING = -1e100
_SMALLEST = 1e-9  # gain, of what is at stake, that counts
_FIRST = 0.1
_LEVELS = np.concatenate(
    [[0.0], np.geomspace(1e-3, 0.05, 5), np.linspace(0.08, 1.3, 18), [1.6, 2.0, 3.0, 5.0, 12.0]]
)
_NODES = np.append(1e-9, _LEVELS[1:])


@dataclass
class FewSearch:
    """A search over all contracts of a market of few.

    Attributes
    ----------
    equilibria : MarketEquilibria
    scale : float
        The base level at which the generalist alone, with all the revenue, would stop.
    shares, utilities, performance : ndarray
        Contracts tried, shape (specialists, contracts), and what they lead to.
    """

    equilibria: MarketEquilibria
    scale: float
    shares: Array
    utilities: Array
    performance: Array

    @classmethod
    def of(cls, equilibria: MarketEquilibria, scale: float, count: int = _RANDOM) -> FewSearch:
        """Try contracts all over, more of them towards the bounds."""
        low, high = equilibria.game.contract.bounds
        size = equilibria.search.crowd.market.size
        rng = np.random.default_rng(0)
        even = rng.random((size, count // 2))
        aside = 0.5 - 0.5 * np.cos(np.pi * rng.random((size, count // 2)))
        common = np.tile(np.linspace(0.0, 1.0, 33), (size, 1))
        shares = low + (high - low) * np.hstack([common, even, aside])
        search = cls(equilibria, scale, shares, np.zeros(0), np.zeros(0))
        search.utilities, search.performance = search.lead_to(shares)
        return search

    def lead_to(self, shares: Array) -> tuple[Array, Array]:
        """Return the utilities that contracts lead to, and sums of final levels."""
        crowd = self.equilibria.search.crowd
        found = contract_equilibria(crowd, _LEVELS * self.scale, shares)
        profits = np.vstack([found.payoff, found.profit])
        utilities, _ = crowd.market.utility(profits)
        return utilities, found.final.sum(axis=0)

    def leading_to(self, shares: Array) -> tuple[float | None, tuple[float, ...]]:
        """Return the base level that a contract leads to, and others that are almost as good.

        The first is None where the generalist stays out.
        """
        crowd = self.equilibria.search.crowd
        found = contract_equilibria(crowd, _LEVELS * self.scale, shares[:, None])
        base, near = float(found.base[0]), found.near[:, 0]
        apart: list[float] = []
        for each in near[np.isfinite(near) & (near > 0)]:
            if all(abs(each - other) > 1e-4 * each for other in apart):
                apart.append(float(each))
        return (base if np.isfinite(base) else None), tuple(apart)

    def outcome(self, shares: Array) -> Outcome:
        """Return the equilibrium of a contract."""
        base, _ = self.leading_to(shares)
        if base is None:
            return self.equilibria.outcome(shares)
        return self.equilibria.judged(shares, self.equilibria.search.crowd.reply(base, shares))

    def stakes(self) -> Stakes | None:
        """Return what is at stake; None if no contract tried is acceptable and better for any."""
        return Stakes.of_utilities(self.equilibria.game, self.utilities)

    def with_ideals(self, terms: Terms) -> Stakes:
        """Return stakes with the best utility of every bargainer."""
        stakes = terms.stakes
        ideal = stakes.ideal.copy()
        bargainers = np.flatnonzero(stakes.bargainers)
        utilities, _ = self.lead_to(self.ideal_contracts(terms))
        ideal[bargainers] = np.maximum(ideal[bargainers], np.diag(utilities[bargainers]))
        return stakes.with_ideal(ideal)

    def ideal_contracts(self, terms: Terms) -> Array:
        """Return the contract that is best for each bargainer, shape (specialists, bargainers)."""
        names = [f"player {k}" for k in np.flatnonzero(terms.stakes.bargainers)]
        return np.stack([self.best(replace(terms, solution=name)) for name in names], axis=1)

    def best(self, terms: Terms) -> Array:
        """Return the shares of the best contract found.

        Parameters
        ----------
        terms : Terms
            The solution asked for, or ``"player k"`` for the utility of player number k.
        """
        solution, stakes = terms.solution, terms.stakes
        branches = MarketBranches.of(self.equilibria.search.crowd, terms, _NODES * self.scale)
        hills, values = self.climbed(solution, stakes)
        best, value = hills[:, 0], values[0]
        tried: Counter[MarketBranch] = Counter()
        # contracts that keep everybody in may be too few to be drawn
        for branch in branches.everybody(best):
            for start in (best, np.full(best.size, best.mean())):
                shares = branches.best(branch, branches.highest_entry(start), start)
                found = self._worth(solution, stakes, shares)
                if found > value + stakes.rounding(solution):
                    best, value = shares, found
        for turn in range(len(_ITERATIONS)):
            starts = hills.T if turn == 0 else best[None]
            risen = False
            for start in starts:
                base, near = self.leading_to(start)
                for level in () if base is None else (base, *near):
                    for branch in branches.branches(level, start):
                        if turn == 0 and tried[branch] == _STARTS:
                            continue
                        tried[branch] += 1
                        shares = branches.best(branch, level, start, _ITERATIONS[turn])
                        found = self._worth(solution, stakes, shares)
                        if found > value + stakes.rounding(solution):
                            best, value, risen = shares, found, True
            if not risen:
                break
        return np.asarray(best)

    def _worth(self, solution: str, stakes: Stakes, shares: Array) -> float:
        return float(_worth(solution, stakes, *self.lead_to(shares[:, None]))[0])

    def _hills(self, values: Array) -> NDArray[np.int64]:
        """Pick good contracts that lie apart."""
        chosen: list[int] = []
        for k in np.argsort(-values, kind="stable")[:2000]:
            if len(chosen) == _HILLS or not np.isfinite(values[k]):
                break
            near = np.abs(self.shares[:, chosen] - self.shares[:, [k]]).max(axis=0) < _APART
            if not near.any():
                chosen.append(int(k))
        return np.array(chosen, dtype=np.int64)

    def climbed(self, solution: str, stakes: Stakes) -> tuple[Array, Array]:
        """Return the contracts that random steps lead to, the best first, and their worth.

        Parameters
        ----------
        solution : str
            As in `score_utilities`.
        stakes : Stakes
        """
        low, high = self.equilibria.game.contract.bounds
        values = _worth(solution, stakes, self.utilities, self.performance)
        chosen = self._hills(values)
        at, best = self.shares[:, chosen], values[chosen]
        size, count = at.shape
        rng = np.random.default_rng(1)
        radius = np.full(count, _FIRST * (high - low))
        for _ in range(_ROUNDS):
            ways = rng.uniform(-1.0, 1.0, (size, _WAYS)) * 10.0 ** rng.uniform(-2.0, 0.0, _WAYS)
            # half of the steps leave some shares alone
            ways[:, ::2] *= rng.integers(0, 2, ways[:, ::2].shape)
            near = at[:, :, None] + radius[:, None] * ways[:, None, :]
            edge = 1e-3 * radius[:, None]
            near = np.where(near < low + edge, low, np.where(near > high - edge, high, near))
            tried = _worth(solution, stakes, *self.lead_to(near.reshape(size, -1)))
            tried = tried.reshape(count, -1)
            rows, k = np.arange(count), tried.argmax(axis=1)
            up = tried[rows, k] > best
            at = np.where(up, near[:, rows, k], at)
            best = np.where(up, tried[rows, k], best)
            radius = np.where(up, np.minimum(1.3 * radius, _FIRST * (high - low)), 0.7 * radius)
        order = np.argsort(-best, kind="stable")
        return at[:, order], best[order]


def _worth(solution: str, stakes: Stakes, utilities: Array, performance: Array) -> Array:
    """Score contracts; where some bargainer gains nothing, by how many do."""
    values = score_utilities(solution, stakes, utilities, performance)
    if solution not in ("nash", "egalitarian", "kalai-smorodinsky"):
        return values
    nothing = values <= (_NOTHING if solution == "nash" else 0.0)
    unit = np.where(stakes.scale > 0, stakes.scale, 1.0)[:, None]
    gains = (utilities - stakes.disagreement[:, None]) / unit
    logs = np.log10(np.maximum(gains[stakes.bargainers], _SMALLEST)).mean(axis=0)
    return np.where(nothing & np.isfinite(values), _NOTHING * (1.0 - 1e-3 * logs), values)


def few_search(equilibria: MarketEquilibria, scale: float) -> tuple[FewSearch, Stakes | None]:
    """Try contracts, and more of them where none is acceptable."""
    search = FewSearch.of(equilibria, scale)
    stakes = search.stakes()
    if stakes is None:
        search = FewSearch.of(equilibria, scale, _CLOSER)
        stakes = search.stakes()
    return search, stakes
