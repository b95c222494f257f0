"""The Pareto frontier of separate shares: a well-spread set of undominated contracts.

A lattice shows where the frontier is. Scalarised problems are solved from its contracts, and every
contract that stands is asked whether a small change would be better for everybody; where it would,
the solver takes it there. A limit of time may end this after any step: the answer then says what
is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.kernels.sample import Sample
from opt_games.pareto.answer import Coverage
from opt_games.pareto.clock import Clock
from opt_games.pareto.coverage import gaps, ranges, simplex, spread
from opt_games.pareto.improvement import directions
from opt_games.pareto.lattice_search import Candidates, coarse_lattice, find_candidates
from opt_games.pareto.pool import Pool
from opt_games.pareto.scalarisations import Scalariser, Target

_PLACED = 512  # contracts placed between looks at the clock
_RANDOM_WEIGHTS = 8
_FLOORS = 16  # epsilon-constraint problems
_RAYS = 45  # problems of Pascoletti and Serafini
_IMPROVED = 64  # contracts that the solver moves to the frontier in a round
_ROUNDS = 3
_STEPS = np.array([1e-4, 1e-3, 1e-2])  # of the range of shares, along a direction of ascent
_GAIN = 1e-9  # of a player's scale


@dataclass
class FrontierSearch:
    """The search for a frontier; what it holds after any step is an answer.

    Attributes
    ----------
    equilibria : EquilibriumMap
    points : int
        How many contracts are wanted, about.
    clock : Clock
    rng : numpy.random.Generator
    pool : Pool
        The undominated contracts found.
    elsewhere : Sample
        Contracts all over, dominated or not.
    unfinished : list of str
        What the clock cut short.
    """

    equilibria: EquilibriumMap
    points: int
    clock: Clock
    rng: np.random.Generator
    pool: Pool
    candidates: Candidates
    elsewhere: Sample
    unfinished: list[str] = field(default_factory=list)

    @classmethod
    def begin(
        cls, equilibria: EquilibriumMap, points: int, seed: int, clock: Clock
    ) -> FrontierSearch:
        """Place the contracts of a lattice that look undominated, well apart."""
        candidates = find_candidates(equilibria, points, clock)
        chosen = spread(candidates.utilities, points)
        rng = np.random.default_rng(seed)
        # in an order that leaves a spread set whenever time is up
        chosen = rng.permutation(chosen)
        lattice, index = candidates.lattice, candidates.index[:, chosen]
        pool = Pool.of(equilibria, lattice.sample(index[:, :_PLACED]), "lattice")
        nothing = pool.sampled.select(np.arange(0))
        search = cls(equilibria, points, clock, rng, pool, candidates, nothing)
        for start in range(_PLACED, chosen.size, _PLACED):
            if clock.over:
                share = start / chosen.size
                search.unfinished.append(f"{1 - share:.0%} of the lattice's contracts")
                break
            pool.add(lattice.sample(index[:, start : start + _PLACED]), "lattice")
        return search

    def run(self) -> None:
        """Better the frontier of the lattice."""
        scalariser = Scalariser(self.equilibria, self.pool.scale, self.clock)
        self._step("a coarse lattice of all contracts", self._look_elsewhere)
        self._step("scalarised problems", lambda: self._scalarise(scalariser))
        self._step("local improvement", lambda: self._improve(scalariser))

    def _step(self, what: str, step: Callable[[], None]) -> None:
        if not self.clock.over:
            step()
        if self.clock.over:
            self.unfinished.append(what)

    def _look_elsewhere(self) -> None:
        """Place a lattice over all contracts exactly: rough profits may mislead."""
        self.elsewhere = coarse_lattice(self.equilibria)
        self.pool.add(self.elsewhere, "lattice")

    def _scalarise(self, scalariser: Scalariser) -> None:
        """Solve weighted sums, epsilon-constraints and rays, each from the best contract known."""
        pool, count = self.pool, self.pool.scale.size
        none = np.full(count, -np.inf)
        weights = [*np.eye(count), np.ones(count)]
        scale = np.where(pool.scale > 0, pool.scale, 1.0)
        weights += [w / scale for w in self.rng.dirichlet(np.ones(count), _RANDOM_WEIGHTS)]
        self._solve(
            scalariser,
            [Target("weighted-sum", weight, none) for weight in weights],
            [int(np.argmax(weight @ pool.utilities)) for weight in weights],
        )
        targets, starts = [], []
        for number, at in enumerate(self.rng.permutation(spread(pool.utilities, _FLOORS))):
            player = number % count
            floor = pool.utilities[:, at].copy()
            floor[player] = -np.inf
            targets.append(Target("epsilon-constraint", np.eye(count)[player], floor))
            starts.append(int(at))
        self._solve(scalariser, targets, starts)
        low = pool.utilities.min(axis=1)
        span = ranges(pool.utilities)
        relative = (pool.utilities - low[:, None]) / span[:, None]
        targets, starts = [], []
        for ray in simplex(count, _RAYS):
            step = (relative[ray > 0] / ray[ray > 0, None]).min(axis=0)
            for at in self._best_of_branches(step):
                targets.append(Target("pascoletti-serafini", span * ray, low))
                starts.append(at)
        self._solve(scalariser, targets, starts)

    def _best_of_branches(self, values: Array) -> list[int]:
        """Return the best contract and the best on another branch."""
        key = self.pool.sampled.key
        first = int(values.argmax())
        others = np.where(key == key[first], -np.inf, values)
        return [first, int(others.argmax())] if np.isfinite(others).any() else [first]

    def _solve(self, scalariser: Scalariser, targets: list[Target], starts: list[int]) -> None:
        """Solve targets from contracts of the pool, and pool what they reach."""
        begin = self.pool.sampled.select(np.array(starts, dtype=np.int64))
        for method in dict.fromkeys(target.method for target in targets):
            self.pool.add(scalariser.solve(targets, begin), method)

    def _improve(self, scalariser: Scalariser) -> None:
        """Take contracts that a small change betters for all to where none does.

        They lie in a thin shell around the frontier. The solver moves some that are spread over it,
        and the others are left out.
        """
        pool = self.pool
        tried: set[bytes] = set()
        for _ in range(_ROUNDS):
            todo = self._improvable()
            fresh = np.array([pool.sampled.shares[:, k].tobytes() not in tried for k in todo], bool)
            rest = np.setdiff1d(np.arange(pool.origin.size), todo)
            if self.clock.over or not fresh.any() or rest.size == 0:
                break
            # first those that would leave the widest gaps
            span = ranges(pool.utilities)
            gap = gaps(pool.utilities[:, todo], pool.utilities[:, rest], span)
            order = np.argsort(-np.where(fresh, gap, -1.0), kind="stable")[: 4 * _IMPROVED]
            chosen = todo[order[fresh[order]]]
            chosen = chosen[spread(pool.utilities[:, chosen], _IMPROVED)]
            tried |= {pool.sampled.shares[:, k].tobytes() for k in chosen}
            begin, floors = pool.sampled.select(chosen), pool.utilities[:, chosen]
            targets = [Target("pascoletti-serafini", pool.scale, floor) for floor in floors.T]
            pool.add(scalariser.solve(targets, begin), "improvement")
        # a bound of the branch may have stopped the solver: go on from beyond it
        _, beside = self._better_beside(self._improvable())
        if beside.active.size and not self.clock.over:
            floors = beside.utilities[:, :_IMPROVED].T
            targets = [Target("pascoletti-serafini", pool.scale, floor) for floor in floors]
            pool.add(scalariser.solve(targets, beside), "improvement")
        todo = self._improvable()
        pool.drop(todo[pool.origin[todo] == "lattice"])
        todo = self._improvable()
        proven, _ = self._better_beside(todo)
        pool.drop(todo[proven])

    def _better_beside(self, cases: NDArray[np.int64]) -> tuple[NDArray[np.bool_], Sample]:
        """Tell of which contracts that a solver found a contract beside them is better for all.

        Returns also the best such contract of each.
        """
        pool = self.pool
        at = np.flatnonzero(pool.origin[cases] != "lattice")
        proven = np.zeros(cases.size, dtype=bool)
        if at.size == 0:
            return proven, pool.sampled.select(at)
        here = pool.sampled.select(cases[at])
        low, high = self.equilibria.game.contract.bounds
        direction, _ = directions(self.equilibria, here)
        steps = _STEPS[:, None] * (high - low)
        shares = np.clip(here.shares[:, None] + steps * direction[:, None], low, high)
        found = self.equilibria.sample(shares.reshape(here.shares.shape[0], -1))
        gain = (
            found.utilities.reshape(pool.scale.size, _STEPS.size, at.size) - here.utilities[:, None]
        )
        gain /= np.where(pool.scale > 0, pool.scale, 1.0)[:, None, None]
        better = (gain >= 0.0).all(axis=0) & (gain > _GAIN).any(axis=0)
        proven[at] = better.any(axis=0)
        best = np.where(better, gain.sum(axis=0), -np.inf).argmax(axis=0)
        chosen = best * at.size + np.arange(at.size)
        return proven, found.select(chosen[better.any(axis=0)])

    def _improvable(self) -> NDArray[np.int64]:
        """Return the contracts from which a direction is better for everybody."""
        direction, _ = directions(self.equilibria, self.pool.sampled)
        return np.flatnonzero(direction.any(axis=0))

    def coverage(self) -> Coverage:
        """Measure how well the pool covers what is known, and how much of it is checked."""
        pool = self.pool
        known = np.hstack([pool.utilities, self.candidates.utilities])
        distance = gaps(known, pool.utilities, ranges(pool.utilities))
        direction, smooth = directions(self.equilibria, pool.sampled)
        return Coverage(
            known.shape[1],
            float(distance.max()),
            float(distance.mean()),
            dict(Counter(pool.origin.tolist())),
            int((smooth & ~direction.any(axis=0)).sum()),
        )
