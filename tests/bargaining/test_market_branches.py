"""Branches of a market of few: against a scan of base levels, and for what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from peers.separate_market import SeparateMarket

from opt_games.bargaining.market_branches import MarketBranches
from opt_games.bargaining.market_equilibria import market_equilibria
from opt_games.bargaining.market_few import few_search
from opt_games.bargaining.market_terms import Terms
from opt_games.bargaining.solutions import score_utilities

NODES = np.concatenate([np.geomspace(1e-3, 0.05, 6), np.linspace(0.08, 1.3, 18), [2.0, 5.0, 12.0]])


def prepared(seed: int, solution: str):
    market = SeparateMarket.random(seed)
    game = market.game()
    equilibria, scale = market_equilibria(game)
    few, stakes = few_search(equilibria, scale)
    terms = Terms(game, solution, stakes, np.zeros(market.size + 1))
    return market, few, MarketBranches.of(equilibria.search.crowd, terms, NODES * scale)


@pytest.mark.parametrize("seed", [0, 7, 13])
def test_the_best_of_all_sets_is_the_generalists_best(seed):
    market, _, branches = prepared(seed, "utilitarian")
    shares = np.random.default_rng(seed).uniform(0.02, 0.98, (40, market.size))
    tops, _ = branches.tops(shares)
    expected = market.utilities(shares.T)[0][0]
    np.testing.assert_allclose(np.maximum(tops.max(axis=1), 0.0), expected, atol=1e-9)


def test_lowest_levels_at_which_specialists_are_willing():
    market, _, branches = prepared(0, "utilitarian")
    shares = np.random.default_rng(1).uniform(0.05, 0.6, (30, market.size))
    kept = 1.0 - shares
    y = kept * market.rho / (2.0 * market.c)
    expected = np.maximum((market.f + market.c * y**2) / (kept * market.rho) - y, 0.0)
    found = branches.entries(shares)
    known = np.isfinite(found)
    assert known.mean() > 0.9
    np.testing.assert_allclose(found[known], expected[known], atol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("solution", ["utilitarian", "nash", "egalitarian", "player 1"])
def test_a_program_leads_to_a_contract_no_worse_than_its_neighbours(solution):
    market, few, branches = prepared(7, solution)
    terms = branches.terms
    shares = few.best(terms)
    rng = np.random.default_rng(0)
    reach = 10.0 ** rng.uniform(-7.0, -1.0, 4000)
    around = np.clip(shares[:, None] + reach * rng.uniform(-1.0, 1.0, (market.size, 4000)), 0, 1)
    value = score_utilities(solution, terms.stakes, *few.lead_to(shares[:, None]))[0]
    others = score_utilities(solution, terms.stakes, *few.lead_to(around))
    assert np.isfinite(value)
    assert others.max() <= value + 2e-6 * max(abs(value), float(terms.stakes.scale.max()))
