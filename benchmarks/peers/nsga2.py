"""The frontier by NSGA-II of pymoo, on the reduced problem: shares in, equilibrium utilities out.

It is given the package's own array engine, a whole generation at a time, so that what differs is
the search.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem

from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from peers.processor import processor_seconds


class _Reduced(Problem):
    def __init__(self, equilibria: EquilibriumMap) -> None:
        low, high = equilibria.game.contract.bounds
        size = equilibria.payoffs.size
        super().__init__(n_var=size, n_obj=size + 1, xl=low, xu=high)
        self.equilibria = equilibria

    def _evaluate(self, x: Array, out: dict, *_: object, **__: object) -> None:
        out["F"] = -self.equilibria.sample(x.T).utilities.T


def generations(
    equilibria: EquilibriumMap, population: int, seconds: float, seed: int
) -> Iterator[tuple[float, Array]]:
    """Yield seconds and utilities, shape (players, cases), of the population as it evolves."""
    problem = _Reduced(equilibria)
    algorithm = NSGA2(pop_size=population)
    algorithm.setup(problem, termination=("n_gen", 100_000), seed=seed, verbose=False)
    spent = 0.0
    while spent < seconds:
        begin = processor_seconds()
        algorithm.next()
        spent += processor_seconds() - begin
        yield spent, -np.asarray(algorithm.opt.get("F")).T
