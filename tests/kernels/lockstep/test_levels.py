"""The scale of base levels."""

from __future__ import annotations

import numpy as np
import pytest
from lockstep_games import market_of

from opt_games.kernels.lockstep.levels import own_scale


@pytest.mark.parametrize("c0", [1e-4, 0.3, 1e5])
@pytest.mark.parametrize(("k", "q0"), [(0.3, 1.3), (0.9, 3.0)])
def test_the_scale_of_a_power_game(c0, k, q0):
    games = market_of(f"{c0} * alpha0**{q0}", (f"2 * alpha1**{k}", "(alpha1 - alpha0)**2"))
    expected = (2 * k / (q0 * c0)) ** (1 / (q0 - k))
    assert own_scale(games)[0] == pytest.approx(expected, rel=0.05)


def test_the_scale_of_several_followers():
    games = market_of("2 * alpha0**2", *[("alpha1", "(alpha1 - alpha0)**2")] * 3, games=2)
    np.testing.assert_allclose(own_scale(games), [0.75, 0.75], rtol=0.05)


def test_no_scale_where_the_leader_would_never_stop():
    games = market_of("alpha0", ("2 * alpha1", "(alpha1 - alpha0)**2"))
    assert np.isnan(own_scale(games)).all()
