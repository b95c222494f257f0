"""The Pareto frontier of separate shares: a well-spread set of undominated contracts.

A lattice shows where the frontier is. Scalarised problems are solved from its contracts, and every
contract that stands is asked whether a small change would be better for everybody; where it would,
the solver takes it there. What nothing dominates is thinned to the number wanted. A limit of time
may end this after any step: the answer then says what is missing.
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
from opt_games.pareto.coverage import gaps, ranges, spread
from opt_games.pareto.improvement import directions
from opt_games.pareto.lattice_search import Candidates, coarse_lattice, find_candidates
from opt_games.pareto.pool import Pool
from opt_games.pareto.scalarisations import Scalariser, Target

_PLACED = 512  # contracts placed between looks at the clock
_RANDOM_WEIGHTS = 8
_FLOORS = 16  # epsilon-constraint problems
_RAYS = 24  # problems of Pascoletti and Serafini
_IMPROVED = 96  # contracts that the solver moves to the frontier


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
        weights += [w / pool.scale for w in self.rng.dirichlet(np.ones(count), _RANDOM_WEIGHTS)]
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
        targets, starts = [], []
        for ray in self.rng.dirichlet(np.ones(count), _RAYS):
            step = ((pool.utilities - low[:, None]) / (span * ray)[:, None]).min(axis=0)
            targets.append(Target("pascoletti-serafini", span * ray, low))
            starts.append(int(step.argmax()))
        self._solve(scalariser, targets, starts)

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
        todo = self._improvable()
        if todo.size:
            chosen = self.rng.permutation(todo[spread(pool.utilities[:, todo], _IMPROVED)])
            begin, floors = pool.sampled.select(chosen), pool.utilities[:, chosen]
            targets = [Target("pascoletti-serafini", pool.scale, floor) for floor in floors.T]
            pool.add(scalariser.solve(targets, begin), "improvement")
        todo = self._improvable()
        pool.drop(todo[pool.origin[todo] == "lattice"])

    def _improvable(self) -> NDArray[np.int64]:
        """Return the contracts from which a direction is better for everybody."""
        direction, _ = directions(self.equilibria, self.pool.sampled)
        return np.flatnonzero(direction.any(axis=0))

    def report(self) -> tuple[Sample, Array, NDArray[np.str_], Coverage]:
        """Thin what is known to the number wanted, and measure how well it covers the rest."""
        pool = self.pool
        special = np.flatnonzero(pool.origin != "lattice")
        chosen = np.union1d(spread(pool.utilities, self.points), special)
        known = np.hstack([pool.utilities, self.candidates.utilities])
        reported = pool.utilities[:, chosen]
        distance = gaps(known, reported, ranges(reported))
        direction, known_slopes = directions(self.equilibria, pool.sampled.select(chosen))
        coverage = Coverage(
            known.shape[1],
            float(distance.max()),
            float(distance.mean()),
            dict(Counter(pool.origin[chosen].tolist())),
            int((known_slopes & ~direction.any(axis=0)).sum()),
        )
        return pool.sampled.select(chosen), reported, pool.origin[chosen], coverage
