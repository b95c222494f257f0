"""The numbers of many games: who has which, and what is taken of them."""

from __future__ import annotations

import numpy as np

from opt_games import Bargaining, Contract, Game, Generalist, Specialist
from opt_games.expression import Expression
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market, evaluate

COST = "c1 * (alpha1 - alpha0)**2"


def game() -> Game:
    risk = "1 - exp(-a * profit)"
    return Game(
        "numbers",
        Generalist("c0 * alpha0**2", outside_option="s / 2"),
        [
            Specialist("own", "rho * alpha1", COST, {"rho": 3.0, "a": 2.0}, risk, "s"),
            Specialist("common", "rho * alpha1", COST, utility=risk),
            Specialist("plain", "log(1 + alpha1)", COST),
        ],
        {"c0": 1.0, "c1": 0.5, "rho": 2.0, "s": 0.1, "a": 1.0},
        contract=Contract(bounds=(0.1, 0.8)),
        bargaining=Bargaining(weights={"plain": "1 + s"}, disagreement={"common": "-s"}),
    )


COLUMNS = {"c1": np.array([0.5, 0.6, 0.7]), "s": np.array([0.0, 0.2, 0.4])}


def market() -> Market:
    return Market.of(game(), compile_forms(game()), COLUMNS, 3)


def test_every_player_has_its_numbers():
    m = market()
    assert (m.games, m.size, m.low, m.high) == (3, 3, 0.1, 0.8)
    first, second = m.followers
    c1, rho = (np.broadcast_to(each, (2, 3)) for each in first)
    np.testing.assert_array_equal(c1, [COLUMNS["c1"]] * 2)
    np.testing.assert_array_equal(rho, [[3.0] * 3, [2.0] * 3])
    np.testing.assert_array_equal(second[0], [COLUMNS["c1"]])
    np.testing.assert_array_equal(m.leader[0], [1.0])
    s = COLUMNS["s"]
    np.testing.assert_array_equal(m.outside, [s / 2, s, 0 * s, 0 * s])
    np.testing.assert_array_equal(m.weights, [s * 0 + 1] * 3 + [1 + s])
    np.testing.assert_allclose(m.disagreement, [s / 2, 1 - np.exp(-2 * s), -s, 0 * s])


def test_utilities_and_their_slopes():
    profits = np.linspace(-1.0, 2.0, 12).reshape(4, 3)
    value, slope = market().utility(profits)
    for row, a in ((1, 2.0), (2, 1.0)):
        np.testing.assert_allclose(value[row], 1 - np.exp(-a * profits[row]))
        np.testing.assert_allclose(slope[row], a * np.exp(-a * profits[row]))
    for row in (0, 3):
        np.testing.assert_array_equal(value[row], profits[row])
        np.testing.assert_array_equal(slope[row], 1.0)
    several = np.stack([profits, profits + 1.0], axis=1)
    np.testing.assert_array_equal(market().utility(several)[0][:, 0], value)


def test_some_of_the_games():
    whole, chosen = market(), np.array([2, 0, 2])
    part = whole.take(chosen)
    assert part.games == 3
    np.testing.assert_array_equal(part.outside, whole.outside[:, chosen])
    np.testing.assert_array_equal(part.disagreement, whole.disagreement[:, chosen])
    np.testing.assert_array_equal(part.followers[0][0], whole.followers[0][0][:, chosen])
    np.testing.assert_array_equal(part.followers[0][1], whole.followers[0][1])


def test_one_game_can_be_repeated():
    one = market().take(np.array([1]))
    many = one.take(np.zeros(4, dtype=np.int64))
    assert many.games == 4
    np.testing.assert_array_equal(
        np.broadcast_to(many.followers[0][0], (2, 4)), np.full((2, 4), 0.6)
    )
    np.testing.assert_array_equal(many.outside, np.repeat(one.outside, 4, axis=1))


def test_formulas_of_parameters():
    names, arguments = ["a", "b"], [np.array([1.0, 2.0, -1.0]), np.array([4.0])]
    found = evaluate(Expression.parse("sqrt(a) + b"), names, arguments)
    np.testing.assert_allclose(found, [5.0, 4.0 + 2**0.5, np.nan])
    np.testing.assert_array_equal(evaluate(Expression.parse("2 + 1"), [], []), [3.0])
