"""Directions in which everybody gains, against the closed form and against the engine."""

from __future__ import annotations

import numpy as np
import pytest
from linear_frontier import THREE, TWO

from opt_games import Contract, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.leader import LeaderState
from opt_games.pareto.improvement import _slopes, directions


@pytest.mark.parametrize("market", [TWO, THREE])
def test_gradients_are_those_of_the_closed_form(market):
    size = len(market.rho)
    shares = np.random.default_rng(0).uniform(0.01, 0.99, (size, 100))
    shares[0, :10], shares[1, 10:20] = 0.0, 1.0
    equilibria = EquilibriumMap.of(market.game)
    slopes = _slopes(equilibria, equilibria.sample(shares))
    assert slopes.known.all()
    for k in range(size):
        step = 1e-6 * np.eye(size)[:, [k]]
        wanted = (market.utilities(shares + step) - market.utilities(shares - step)) / 2e-6
        assert slopes.gradient[:, k] == pytest.approx(wanted, abs=1e-5)


def test_directions_better_all_and_contracts_without_one_stand():
    equilibria = EquilibriumMap.of(TWO.game)
    shares = np.random.default_rng(1).random((2, 300))
    shares[:, :50] = np.round(shares[:, :50])
    direction, known = directions(equilibria, equilibria.sample(shares))
    # without any share the generalist is at its floor, and nothing is said
    assert np.array_equal(known, shares.any(axis=0))
    before = TWO.utilities(shares)
    shares = shares[:, known]
    direction, before = direction[:, known], before[:, known]
    moves = direction.any(axis=0)
    assert 20 < moves.sum() < known.sum() - 20
    after = TWO.utilities(shares + 1e-5 * direction)
    own = shares + 1e-5 * direction
    assert ((own >= 0) & (own <= 1)).all()
    assert ((after - before)[:, moves] > 0).all()
    # no contract beside one that stands is better for all
    rng = np.random.default_rng(2)
    for way in rng.normal(size=(40, 2, 1)):
        near = np.clip(shares + 1e-3 * way, 0, 1)
        gain = TWO.utilities(near) - before
        assert not (gain[:, ~moves] > 1e-7).all(axis=0).any()


def test_gradients_where_a_specialist_is_kept_just_willing():
    game = Game(
        "entry",
        Generalist("alpha0**2"),
        [
            Specialist("law", "alpha1", "0.5 * (alpha1 - alpha0)**2"),
            Specialist("film", "2 * (1 - exp(-alpha1))", "0.1 + (alpha1 - alpha0)**2"),
        ],
        contract=Contract("separate"),
    )
    equilibria = EquilibriumMap.of(game)
    rng = np.random.default_rng(3)
    shares = np.vstack([rng.uniform(0.05, 0.95, 400), rng.uniform(0.85, 0.93, 400)])
    here = equilibria.sample(shares)
    slopes = _slopes(equilibria, here)
    compared = 0
    for k in range(2):
        step = 1e-5 * np.eye(2)[:, [k]]
        up, down = equilibria.sample(shares + step), equilibria.sample(shares - step)
        edge = slopes.known & (here.optima.leader == LeaderState.EDGE)
        for other in (up, down):
            edge &= (other.key == here.key) & (other.optima.leader == LeaderState.EDGE)
        wanted = (up.profits - down.profits)[:, edge] / 2e-5
        assert slopes.gradient[:, k, edge] == pytest.approx(wanted, rel=1e-4, abs=1e-4)
        compared += int(edge.sum())
    assert compared > 20
