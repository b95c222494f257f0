"""Bargains on the frontier are those that `solve` finds on its own."""

from __future__ import annotations

import numpy as np
import pytest
from linear_frontier import TWO

import opt_games
from opt_games import Bargaining, Contract, Game, Generalist, Specialist
from opt_games.bargaining.solutions import Stakes, score
from opt_games.equilibrium import EquilibriumMap
from opt_games.pareto.bargains import contracts_of_the_market
from opt_games.pareto.clock import Clock


@pytest.mark.parametrize("name", ["quadratic", "fixed-cost", "three-regimes"])
def test_along_a_common_share(name):
    game = opt_games.load(name)
    found = opt_games.pareto(game)
    for solution, placed in found.bargains.items():
        alone = opt_games.solve(game, bargain=solution)
        assert placed.utilities == pytest.approx(alone.utilities, abs=1e-7)
        assert solution == "max-performance" or placed.on_frontier


@pytest.mark.slow
def test_of_separate_shares():
    found = opt_games.pareto(TWO.game, points=100)
    for solution, placed in found.bargains.items():
        alone = opt_games.solve(TWO.game, bargain=solution)
        assert placed.utilities == pytest.approx(alone.utilities, abs=1e-6)


@pytest.mark.parametrize("solution", ["utilitarian", "powerful-specialist", "max-performance"])
def test_the_market_is_searched_for_what_lies_at_its_ends(solution):
    game = TWO.game
    found = contracts_of_the_market(EquilibriumMap.of(game), Clock(None))
    alone = opt_games.solve(game, bargain=solution)
    stakes = Stakes.of(game, found)
    best = score(solution, stakes, found).max()
    placed = EquilibriumMap.of(game).sample(np.array(list(alone.shares.values()))[:, None])
    assert best == pytest.approx(score(solution, stakes, placed)[0], rel=1e-6)


@pytest.mark.parametrize("shares", ["common", "separate"])
def test_no_agreement(shares):
    domains = [Specialist(name, "alpha1", "(alpha1 - alpha0)**2") for name in ("law", "film")]
    game = Game(
        "greedy",
        Generalist("alpha0**2"),
        domains,
        contract=Contract(shares),
        bargaining=Bargaining(disagreement={"generalist": 50.0}),
    )
    found = opt_games.pareto(game, points=60)
    assert set(found.bargains.values()) == {None}
    assert found.hypervolume == 0.0


def test_weights_bring_the_weighted_solution():
    game = Game(
        "weighted",
        Generalist("alpha0**2"),
        [Specialist("law", "alpha1", "(alpha1 - alpha0)**2")],
        bargaining=Bargaining(weights={"generalist": 2.0, "law": 1.0}),
    )
    assert "weighted" in opt_games.pareto(game).bargains
    assert "weighted" not in opt_games.pareto(opt_games.load("quadratic")).bargains
