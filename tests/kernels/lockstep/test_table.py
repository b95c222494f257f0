"""The table of base levels and shares."""

from __future__ import annotations

import numpy as np
from lockstep_games import Known, Quadratic, market_of

from opt_games.kernels.lockstep.levels import MULTIPLES, own_scale
from opt_games.kernels.lockstep.table import table


def test_cells_of_the_quadratic_game():
    quadratic = Quadratic(20)
    games = quadratic.market()
    base = np.linspace(0.1, 2.0, 7)[:, None] * own_scale(games)
    share = np.tile(np.array([[0.1], [0.6], [1.0]]), 20)
    at = table(games, base, share, exact=True)
    x, d = base[:, None, :], share[None]
    extra = (1 - d) / (2 * quadratic.c1)
    expected = d * (x + extra) - quadratic.c0 * x**2
    np.testing.assert_allclose(at.payoff, expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(at.slope, d - 2 * quadratic.c0 * x, rtol=1e-11, atol=1e-11)
    assert at.takes.all()
    np.testing.assert_array_equal(at.contributes[:, 0], np.broadcast_to(d < 1, expected.shape))
    whole = np.broadcast_to(extra, expected.shape)[:, :2]
    np.testing.assert_allclose(at.extra[:, 0, :2], whole, rtol=1e-11)


def test_who_stays_and_who_abstains():
    games = market_of(
        "alpha0**2",
        ("alpha1", "0.7 * (alpha1 - alpha0) + (alpha1 - alpha0)**2"),
        ("0.5 * alpha1", "0.2 + (alpha1 - alpha0)**2"),
    )
    base = np.array([[0.01], [0.3], [1.0]])
    at = table(games, base, np.array([[0.1], [0.5]]), exact=True)
    # the first contributes while 1 - d > 0.7; the second enters once the base level is high
    np.testing.assert_array_equal(at.contributes[:, 0, :, 0], [[True, False]] * 3)
    np.testing.assert_array_equal(
        at.takes[:, 1, :, 0], [[False, False], [False, False], [True, True]]
    )
    assert at.takes[:, 0].all()
    assert len(np.unique(at.branch)) == 4


def test_tables_of_blocks_are_tables_of_games():
    games = Known("power").market()
    share = np.broadcast_to(np.array([[0.2], [0.7]]), (2, games.games))
    base = MULTIPLES[12][:, None] * own_scale(games)
    whole = table(games, base, share, exact=True)
    chosen = np.array([150, 3])
    part = table(games.take(chosen), base[:, chosen], share[:, chosen], exact=True)
    np.testing.assert_allclose(part.payoff, whole.payoff[..., chosen], rtol=1e-11)
    np.testing.assert_array_equal(part.branch, whole.branch[..., chosen])
