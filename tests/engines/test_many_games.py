"""The numbers of many games."""

import numpy as np
import pytest
from engines.quadratics import C0, C1, many

import opt_games
from opt_games import Bargaining, Game, Generalist, Specialist
from opt_games.engines.many_games import kinked
from opt_games.kernels.payoffs import compile_payoffs


def test_money_has_a_column_for_every_game():
    games = many()
    (domains,) = games.domains
    final, base = np.full((1, 4), 0.9), np.full((1, 4), 0.4)
    revenue, cost = domains.values(final, base)
    assert revenue.tolist() == [[0.9] * 4]
    assert np.allclose(cost, C1 * 0.25)
    assert np.allclose(domains.second(final, base)[1], C1)
    spent, slope = games.leader_cost(np.full(4, 0.5))
    assert np.allclose(spent, C0 * 0.25)
    assert np.allclose(slope, C0)


def test_games_may_be_taken_several_times():
    games = many().take(np.array([2, 0, 2]))
    assert games.size == 3
    spent, _ = games.leader_cost(np.ones(3))
    assert spent.tolist() == C0[[2, 0, 2]].tolist()


def test_a_specialist_sees_its_own_parameter_before_the_varied_one():
    market = Game(
        "two",
        Generalist("alpha0**2", outside_option="rho / 10"),
        [
            Specialist("law", "rho * alpha1", "(alpha1 - alpha0)**2", outside_option="rho / 100"),
            Specialist("film", "rho * alpha1", "(alpha1 - alpha0)**2", parameters={"rho": 3.0}),
        ],
        {"rho": 1.0},
        bargaining=Bargaining(weights={"film": "rho"}, disagreement={"law": "rho / 2"}),
    )
    games = many(market, rho=np.array([1.0, 2.0]))
    (domains,) = games.domains
    revenue, _ = domains.values(np.ones((2, 2)), np.zeros((2, 2)))
    assert revenue.tolist() == [[1.0, 2.0], [3.0, 3.0]]
    assert np.allclose(games.outside, [[0.1, 0.2], [0.01, 0.02], [0.0, 0.0]])
    assert np.allclose(games.disagreement, [[0.1, 0.2], [0.5, 1.0], [0.0, 0.0]])
    assert games.weights.tolist() == [[1.0, 1.0], [1.0, 1.0], [1.0, 2.0]]


def test_what_has_no_value_is_nan_in_its_game_only():
    game = Game(
        "log",
        Generalist("alpha0**2"),
        [Specialist("law", "alpha1", "(alpha1 - alpha0)**2", outside_option="log(o)")],
        {"o": 1.0},
        bargaining=Bargaining(weights={"law": "o"}),
    )
    games = many(game, o=np.array([1.0, -1.0]))
    assert np.isnan(games.outside).tolist() == [[False, False], [False, True]]
    assert np.isnan(games.weights).tolist() == [[False, False], [False, True]]


def test_utilities_are_those_of_the_game():
    game = opt_games.load("risk-averse")
    name = next(iter(game.parameters))
    games = many(game, **{name: game.parameters[name] * np.array([1.0, 1.1])})
    profits = np.array([[0.1, 0.2], [0.3, 0.4]])
    found = games.utilities(profits)
    for case, factor in enumerate([1.0, 1.1]):
        here = game.with_parameters(**{name: game.parameters[name] * factor})
        for k, player in enumerate(game.players):
            assert found[k, case] == pytest.approx(here.utility_of(player, profits[k, case]))


@pytest.mark.parametrize(
    ("cost", "corner"),
    [("alpha0**2", False), ("abs(alpha0)", True), ("max(alpha0, alpha0**2)", True)],
)
def test_corners_are_noticed(cost, corner):
    game = Game(
        "corner", Generalist(cost), [Specialist("law", "alpha1", "(alpha1 - alpha0)**2")], {}
    )
    assert kinked(compile_payoffs(game)) is corner
