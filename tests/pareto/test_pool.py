"""What is known: only what nothing known dominates stays."""

from __future__ import annotations

import numpy as np
from linear_frontier import TWO

from opt_games.equilibrium import EquilibriumMap
from opt_games.pareto.pool import Pool


def test_dominated_contracts_leave_and_do_not_enter():
    equilibria = EquilibriumMap.of(TWO.game)
    poor, rich = np.zeros((2, 1)), np.full((2, 1), 0.1)
    assert (TWO.utilities(rich) > TWO.utilities(poor)).all()
    pool = Pool.of(equilibria, equilibria.sample(poor), "first")
    assert pool.add(equilibria.sample(rich), "second").tolist() == [True]
    assert pool.origin.tolist() == ["second"]
    assert pool.add(equilibria.sample(poor), "third").tolist() == [False]
    assert not pool.stands(equilibria.sample(poor))
    assert pool.stands(equilibria.sample(rich))
    assert pool.seen == 3
    pool.drop(np.array([0]))
    assert pool.origin.size == 0
