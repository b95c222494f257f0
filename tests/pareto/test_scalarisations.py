"""Scalarised problems reach the contracts they should."""

from __future__ import annotations

import numpy as np
import pytest
from linear_frontier import TWO, Linear

from opt_games import Contract, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.pareto.clock import Clock
from opt_games.pareto.scalarisations import Scalariser, Target, on_bounds

NONE = np.full(3, -np.inf)


def solved(equilibria: EquilibriumMap, target: Target, start: list[float]) -> np.ndarray:
    begin = equilibria.sample(np.array(start)[:, None])
    scalariser = Scalariser(equilibria, np.ones(target.floor.size), Clock())
    found = scalariser.solve([target], begin)
    assert found.active.size >= 1
    return found.shares[:, 0]


def test_the_weighted_sum_has_a_closed_form():
    equilibria = EquilibriumMap.of(TWO.game)
    shares = solved(equilibria, Target("weighted-sum", np.ones(3), NONE), [0.4, 0.3])
    rho, c = np.array(TWO.rho), np.array(TWO.c)
    assert shares == pytest.approx(c / rho * rho.sum() / (TWO.c0 + c.sum()), abs=1e-8)


def test_epsilon_constraints_hold_and_nothing_does_better():
    equilibria = EquilibriumMap.of(TWO.game)
    floor = np.array([-np.inf, 0.1, 0.15])
    target = Target("epsilon-constraint", np.array([1.0, 0.0, 0.0]), floor)
    found = TWO.utilities(solved(equilibria, target, [0.4, 0.3])[:, None])[:, 0]
    assert (found[1:] >= floor[1:] - 1e-8).all()
    lattice = TWO.lattice(801)
    best = lattice[0, (lattice[1:] >= floor[1:, None]).all(axis=0)].max()
    assert best <= found[0] <= best + 2e-3


def test_a_ray_meets_the_frontier():
    equilibria = EquilibriumMap.of(TWO.game)
    ray = np.array([0.5, 0.3, 0.2])
    target = Target("pascoletti-serafini", ray, np.zeros(3))
    found = TWO.utilities(solved(equilibria, target, [0.4, 0.3])[:, None])[:, 0]
    best = (TWO.lattice(801) / ray[:, None]).min(axis=0).max()
    assert best - 1e-9 <= (found / ray).min() <= best + 2e-3


def test_rays_reach_what_weighted_sums_cannot():
    # convex utilities bend the frontier inwards: a weighted sum ends at one of its ends
    game = Game(
        "bent",
        Generalist("alpha0**2", utility="(10 * profit)**6"),
        [Specialist("law", "alpha1", "(alpha1 - alpha0)**2", utility="(10 * profit)**6")],
        contract=Contract("separate"),
    )
    equilibria = EquilibriumMap.of(game)
    ends = equilibria.sample(np.array([[0.0, 1.0]])).utilities
    for weight in (0.2, 0.5, 0.8):
        sums = Target("weighted-sum", np.array([weight, 1 - weight]), NONE[:2])
        for start in (0.3, 0.5, 0.7):
            share = solved(equilibria, sums, [start])
            assert min(abs(share[0] - 0.0), abs(share[0] - 1.0)) < 0.05
    ray = Target("pascoletti-serafini", ends.max(axis=1), np.zeros(2))
    share = solved(equilibria, ray, [0.3])
    assert 0.2 < share[0] < 0.8


def test_time_that_is_up_stops():
    equilibria = EquilibriumMap.of(TWO.game)
    begin = equilibria.sample(np.full((2, 1), 0.4))
    scalariser = Scalariser(equilibria, np.ones(3), Clock(limit=1e-9))
    found = scalariser.solve([Target("weighted-sum", np.ones(3), NONE)], begin)
    assert found.active.size == 0
    assert equilibria.log.results == []


def test_models_are_compiled_once_per_branch():
    market = Linear(1.0, (1.0, 0.6), (1.0, 0.8))
    equilibria = EquilibriumMap.of(market.game)
    begin = equilibria.sample(np.array([[0.3, 0.5], [0.4, 0.6]]))
    scalariser = Scalariser(equilibria, np.ones(3), Clock())
    targets = [Target("weighted-sum", np.array([1.0, w, 1.0]), NONE) for w in (1.0, 1.2)]
    scalariser.solve(targets, begin)
    assert len(scalariser._models) == 1


def test_shares_next_to_a_bound_are_put_on_it():
    assert on_bounds(np.array([1e-12, 0.5, 1 - 1e-12]), (0.0, 1.0)).tolist() == [0.0, 0.5, 1.0]
