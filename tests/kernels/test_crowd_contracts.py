"""Equilibria of many contracts at once: closed forms of linear markets with costs of entry."""

from __future__ import annotations

import numpy as np
import pytest
from peers.separate_market import SeparateMarket

from opt_games.bargaining.market_equilibria import market_equilibria
from opt_games.bargaining.market_few import _LEVELS
from opt_games.kernels.crowd_contracts import contract_equilibria


@pytest.mark.parametrize("seed", range(6))
def test_random_contracts_of_linear_markets(seed):
    market = SeparateMarket.random(seed)
    equilibria, scale = market_equilibria(market.game())
    shares = np.random.default_rng(seed).random((market.size, 1500))
    shares[0, :100] = np.round(shares[0, :100])
    utilities, final = market.utilities(shares)
    found = contract_equilibria(equilibria.search.crowd, _LEVELS * scale, shares)
    ours = np.vstack([found.payoff, found.profit])
    error = np.abs(ours - utilities).max(axis=0) / np.abs(utilities).max()
    # a generalist that gets nothing either way stays out here: no contract is to hang on that
    paid = utilities[0] > 1e-8
    assert np.abs(found.payoff - utilities[0])[paid].max() < 2e-9 * np.abs(utilities).max()
    # of base levels that are equal to 1e-9 the one that is worse for the specialists is taken
    assert (error[paid] < 1e-8).mean() > 0.999
    assert (np.abs(found.final.sum(axis=0) - final)[paid] < 1e-7).mean() > 0.999


def test_one_contract_is_what_the_search_for_very_many_finds():
    market = SeparateMarket.random(2)
    equilibria, scale = market_equilibria(market.game())
    shares = np.random.default_rng(5).random((market.size, 20))
    found = contract_equilibria(equilibria.search.crowd, _LEVELS * scale, shares)
    for k in range(shares.shape[1]):
        outcome = equilibria.outcome(shares[:, k])
        assert outcome.profits[0] == pytest.approx(found.payoff[k], rel=1e-9, abs=1e-12)
        np.testing.assert_allclose(outcome.profits[1:], found.profit[:, k], atol=1e-7)
