"""The lattice gives what the array engine gives, contract by contract."""

from __future__ import annotations

import numpy as np
import pytest

import opt_games
from opt_games import Contract, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.lattice import Lattice

ENTRY = Game(
    "entry",
    Generalist("0.8 * alpha0**2.5 + 0.02"),
    [
        Specialist("a", "1.3 * log(1 + alpha1)", "0.15 + 0.7 * (alpha1 - alpha0)**2.2"),
        Specialist("b", "2 * (1 - exp(-alpha1))", "0.1 + (alpha1 - alpha0)**2"),
        Specialist("c", "alpha1**0.7", "0.05 + exp(alpha1 - alpha0) - 1"),
    ],
    contract=Contract("separate"),
)
KINKED = Game(
    "kinked",
    Generalist("alpha0**2"),
    [
        Specialist("a", "min(alpha1, 0.4)", "(alpha1 - alpha0)**2"),
        Specialist("b", "2 * alpha1", "abs(alpha1 - alpha0) + (alpha1 - alpha0)**2"),
    ],
    level_bounds={"alpha": 0.9},
    contract=Contract("separate"),
)


@pytest.mark.parametrize("game", [opt_games.load("separate-shares"), ENTRY, KINKED])
def test_equilibria_are_those_of_the_engine(game):
    equilibria = EquilibriumMap.of(game)
    lattice = Lattice.of(equilibria.payoffs, equilibria.window, np.linspace(0.0, 1.0, 17))
    size = len(game.specialists)
    index = np.random.default_rng(0).integers(0, 17, (size, 200))
    found, wanted = lattice.sample(index), equilibria.sample(lattice.contracts(index))
    scale = np.abs(wanted.utilities).max()
    assert found.utilities == pytest.approx(wanted.utilities, abs=1e-12 * scale)
    assert found.optima.base == pytest.approx(wanted.optima.base, abs=1e-9)
    assert np.array_equal(found.shares, wanted.shares)
    assert np.array_equal(found.optima.state, wanted.optima.state)


def test_rough_profits_are_close_on_smooth_branches():
    equilibria = EquilibriumMap.of(ENTRY)
    lattice = Lattice.of(equilibria.payoffs, equilibria.window, np.linspace(0.0, 1.0, 17))
    index = np.random.default_rng(0).integers(0, 17, (3, 200))
    exact = lattice.sample(index).profits
    rough, taking_part = lattice.rough_profits(index)
    error = np.abs(rough - exact) / np.ptp(exact, axis=1)[:, None]
    assert np.median(error.max(axis=0)) <= 5e-3
    assert taking_part.max() == 0b111
