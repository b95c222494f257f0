"""The best policy against an independent brute force: own equilibrium, by grids and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

import opt_games
from opt_games.policy.society import of_sweep

DELTA, PAID, HARM, DECAY, C0, C1 = 0.35, 0.9, 1.0, 2.0, 0.3, 0.5  # of the shipped game


def highest(function, low, high, points):
    """Return where a function of an array is highest: a grid, then scipy around its best point."""
    grid = np.linspace(low, high, points)
    k = int(np.argmax(function(grid)))
    found = minimize_scalar(
        lambda x: -float(function(np.array([x]))[0]),
        bounds=(grid[max(k - 1, 0)], grid[min(k + 1, points - 1)]),
        method="bounded",
        options={"xatol": 1e-11},
    )
    return float(found.x)


def revenue(beta):
    return 1.0 - 0.3 * np.exp(-beta)


def damage(beta):
    return HARM * np.exp(-DECAY * beta)


def response(base, part):
    """Return the specialist's best final level at a base level: its profit is strictly concave."""

    def slope(final):
        earned = (1.0 - DELTA) * 0.3 * np.exp(-final)
        spared = PAID * (1.0 - part) * DECAY * damage(final)
        return earned + spared - 2.0 * C1 * (final - base)

    return brentq(slope, base, base + 3.0, xtol=1e-15)


def profits_in(part):
    """Return the profits if both take part, and the final level."""

    def leader(bases):
        finals = np.array([response(base, part) for base in bases])
        return DELTA * revenue(finals) - PAID * part * damage(finals) - C0 * bases**2

    base = highest(leader, 0.0, 2.0, 41)
    final = response(base, part)
    own = (1.0 - DELTA) * revenue(final) - PAID * (1.0 - part) * damage(final)
    return float(leader(np.array([base]))[0]), float(own - C1 * (final - base) ** 2), final


def welfare(part):
    generalist, specialist, final = profits_in(part)
    if generalist < 0.0 or specialist < 0.0:
        return 0.0
    return generalist + specialist - (1.0 - PAID) * damage(final)


@pytest.mark.slow
def test_the_split_of_liability_that_is_best_for_welfare():
    game = opt_games.load("liability")
    parts = np.linspace(0.0, 1.0, 21)
    swept = opt_games.sweep(game, {"part": parts}, workers=1, check=0, progress=False)
    expected = np.array([welfare(part) for part in parts])
    np.testing.assert_allclose(of_sweep(game, swept)["social_welfare"], expected, atol=1e-6)
    top = highest(np.vectorize(welfare), 0.0, 1.0, 41)
    found = opt_games.best_policy(game, {"part": (0.0, 1.0)}, points=11)
    assert found.value == pytest.approx(welfare(top), abs=1e-7)
    assert found.policy["part"] == pytest.approx(top, abs=1e-4)
    assert found.jumps == {}


@pytest.mark.slow
def test_harm_is_least_where_the_generalist_is_about_to_leave():
    leaves = brentq(lambda part: profits_in(part)[0], 0.8, 1.0, xtol=1e-10)
    parts = np.linspace(0.0, leaves, 21)
    assert np.argmin([damage(profits_in(part)[2]) for part in parts]) == 20
    found = opt_games.best_policy(
        opt_games.load("liability"), {"part": (0.0, 1.0)}, objective="harm", points=11
    )
    assert found.policy["part"] == pytest.approx(leaves, abs=1e-6)
    assert found.value == pytest.approx(damage(profits_in(leaves)[2]), abs=1e-6)
    assert found.jumps["part"].side == "below"
    assert found.jumps["part"].beyond is None
    assert found.worst_nearby is None
