"""Where to look."""

import numpy as np
import pytest
from engines.quadratics import C0, entry, levels, many, spread

from opt_games import Game, Generalist, Specialist
from opt_games.engines.grids import reach


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_grids_reach_beyond_every_equilibrium(unit):
    """Levels in other units: costs change with their square, revenue with the unit."""
    game = Game(
        "units",
        Generalist("c0 * alpha0**2"),
        [Specialist("law", "rho * alpha1", "c1 * (alpha1 - alpha0)**2")],
        {"c0": 1.0, "c1": 1.0, "rho": 1.0},
    )
    games = many(game, c0=C0 / unit**2, rho=np.full(4, 1.0 / unit), c1=np.full(4, 1.0 / unit**2))
    found = spread(games)
    assert found.known.all()
    assert np.all(found.base[:, -1] >= unit * levels(np.ones(4))[0])
    assert np.all(found.base[:, -1] <= 1e4 * unit * levels(np.ones(4))[0])
    assert np.all(found.steps[0][0, :, -1] >= unit * 0.5)
    assert np.all(np.diff(found.base, axis=1) > 0)


def test_profit_without_limit_is_noticed_in_its_game():
    game = Game(
        "endless",
        Generalist("c0 * alpha0**q"),
        [Specialist("law", "alpha1", "(alpha1 - alpha0)**p")],
        {"c0": 0.001, "q": 2.0, "p": 2.0},
    )
    games = many(game, q=np.array([2.0, 1.0, 2.0]), p=np.array([2.0, 2.0, 1.0]) * 0.999)
    assert reach(games)[2].tolist() == [True, False, False]


def test_a_profitable_entry_between_the_levels_of_the_coarse_scan_is_not_lost():
    """At a contribution of 1 or 0.1 entry does not pay, at 0.4 it does."""
    games = many(entry(), c1=np.array([1.25]), f1=np.array([0.19]), c0=np.array([10.0]))
    found = spread(games)
    assert found.known.all()
    assert found.steps[0][0, 0, -1] >= 0.4
