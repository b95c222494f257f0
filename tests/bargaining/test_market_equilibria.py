"""Equilibria of given separate shares: equal ones are a common share, and others by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from peers.separate_market import SeparateMarket

from opt_games import Contract, Game, Generalist, Specialist, SpecialistTable
from opt_games.bargaining.market_equilibria import market_equilibria
from opt_games.kernels.crowd_patch import Box, Patch


def market(size: int) -> Game:
    """Specialists that enter at many base levels."""
    rng = np.random.default_rng(size)
    form = Specialist("app", "rho * log(1 + alpha1)", "e + c * (alpha1 - alpha0)**2")
    columns = {name: rng.uniform(0.5, 2.0, size) for name in ("rho", "c")}
    columns["e"] = rng.uniform(0.0, 1.0, size)
    table = SpecialistTable(form, columns)
    separate = Contract(shares="separate")
    return Game("m", Generalist("c0 * alpha0**2"), table, {"c0": 0.05 * size}, contract=separate)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.55, 1.0])
@pytest.mark.parametrize("size", [7, 300, 5000])
def test_equal_shares_are_a_common_share(size, share):
    equilibria, _ = market_equilibria(market(size))
    common = equilibria.outcome(share)
    equal = equilibria.outcome(np.full(size, share))
    assert equal.active == common.active
    assert equal.reply.base == pytest.approx(common.reply.base, rel=1e-9, abs=1e-12)
    np.testing.assert_array_equal(equal.reply.takes, common.reply.takes)
    np.testing.assert_allclose(equal.profits, common.profits, rtol=1e-9, atol=1e-9)
    assert equal.performance == pytest.approx(common.performance, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_shares_of_small_markets_by_brute_force(seed):
    drawn = SeparateMarket.random(seed)
    equilibria, _ = market_equilibria(drawn.game())
    shares = np.random.default_rng(seed).random((drawn.size, 25))
    expected, _ = drawn.utilities(shares)
    for k in range(25):
        found = equilibria.outcome(shares[:, k])
        assert found.profits[0] == pytest.approx(expected[0, k], abs=1e-9)


def test_a_patch_of_common_shares_is_refused_for_separate_ones():
    equilibria, scale = market_equilibria(market(20))
    crowd = equilibria.search.crowd
    crowd.background = Patch(Box((0.5, 1.5), (0.2, 0.4)), np.zeros((2, 2, 6)))
    with pytest.raises(TypeError, match="common shares only"):
        crowd.reply(scale, np.full(20, 0.3))
