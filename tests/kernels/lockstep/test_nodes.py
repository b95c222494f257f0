"""Sampled equilibria, and what players bargain over."""

from __future__ import annotations

import numpy as np
import pytest
from linear_market import LinearMarkets
from lockstep_games import Quadratic

from opt_games import Bargaining, Game
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.nodes import COARSE, FINE, sample

QUADRATIC = Quadratic(40)


@pytest.mark.parametrize("density", [COARSE, FINE], ids=["coarse", "fine"])
def test_equilibria_of_the_quadratic_game(density):
    nodes = sample(QUADRATIC.market(), density)
    assert nodes.found.all()
    assert nodes.active.all()
    assert not nodes.shifting.any()
    for game in range(40):
        lanes = nodes.game == game
        share = nodes.points.share[lanes]
        assert (np.diff(share) > 0).all()
        assert (share[0], share[-1]) == (0.0, 1.0)
        assert share.size >= density.shares
        one = Quadratic(40)
        one.c0, one.c1 = QUADRATIC.c0[game], QUADRATIC.c1[game]
        np.testing.assert_allclose(
            nodes.measure.profits[:, lanes], one.utilities(share), rtol=1e-10, atol=1e-12
        )


def test_closer_nodes():
    market = QUADRATIC.market().take(np.arange(3))
    near = np.array([[0.2, 0.0, 0.52], [0.3, 1.0, 0.53]])
    nodes = sample(market, FINE, near)
    share = [nodes.points.share[nodes.game == game] for game in range(3)]
    assert [each.size for each in share] == [33 + 33, 33, 33 + 33]
    assert ((share[0] > 0.2) & (share[0] < 0.3)).sum() >= 33
    assert (np.diff(share[0]) > 0).all()
    low, high = nodes.around(np.array([[0.21, 0.0, np.inf], [0.2501, 0.001, -np.inf]]))
    step = 0.1 / 34
    assert 0.21 - step < low[0] < 0.21
    assert 0.2501 < high[0] < 0.2501 + step
    assert (low[1], low[2], high[2]) == (0.0, 0.0, 1.0)
    assert high[1] == share[1][1]


def test_stakes_of_the_quadratic_game():
    nodes = sample(QUADRATIC.market(), COARSE)
    assert nodes.stakes.say.all()
    assert nodes.agreed.all()
    assert not nodes.unsure.any()
    ideal = np.array(
        [
            QUADRATIC.utilities(QUADRATIC.leaders_peak)[0],
            QUADRATIC.utilities(QUADRATIC.followers_peak)[1],
        ]
    )
    assert (nodes.stakes.ideal <= ideal * (1 + 1e-12)).all()
    assert (nodes.stakes.ideal >= 0.9 * ideal).all()


def test_nobody_agrees_where_nothing_is_enough():
    game: Game = QUADRATIC.game
    dear = Game(
        "dear",
        game.generalist,
        list(game.specialists),
        game.parameters,
        bargaining=Bargaining(disagreement={"generalist": 1e3}),
    )
    market = Market.of(dear, compile_forms(dear), QUADRATIC.parameters, 40)
    nodes = sample(market, COARSE)
    assert not nodes.agreed.any()
    assert not nodes.stakes.say[1].any()


@pytest.mark.parametrize("specialists", [1, 3])
def test_markets_that_followers_enter_and_leave(specialists):
    markets = LinearMarkets.random(specialists, 12, 5, entry=0.4)
    game = markets.game()
    market = Market.of(game, compile_forms(game), markets.parameters, markets.size)
    nodes = sample(market, COARSE)
    assert nodes.found.all()
    assert nodes.shifting.any()
    for lane in range(nodes.game.size):
        one = markets.take(nodes.game[[lane]])
        share = nodes.points.share[[lane]][:, None]
        utilities, _ = one.equilibria(share)
        assert nodes.measure.profits[0, lane] == pytest.approx(utilities[0, 0, 0], abs=1e-9)
