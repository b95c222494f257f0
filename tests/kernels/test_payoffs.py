"""A game's money as array functions: groups, parameters, utilities."""

from __future__ import annotations

import numpy as np
import pytest

import opt_games
from opt_games import Game, Generalist, Harm, Specialist
from opt_games.kernels.payoffs import compile_payoffs

DOMAINS = [
    Specialist("a", "rho * alpha1", "c * (alpha1 - alpha0)**2", {"rho": 2.0, "c": 1.0}),
    Specialist("b", "sqrt(alpha1)", "c * (alpha1 - alpha0)**2", outside_option="0.1 * c"),
    Specialist("d", "rho * alpha1", "c * (alpha1 - alpha0)**2", {"rho": 3.0}, utility="2 * profit"),
]
GAME = Game(
    "groups",
    Generalist("c0 * alpha0**2", utility="log(k + profit)", outside_option=0.2),
    DOMAINS,
    {"c0": 0.5, "c": 4.0, "rho": 1.0, "k": 1.0},
)


def test_specialists_of_one_form_are_a_group():
    groups = compile_payoffs(GAME).followers
    assert [group.members.tolist() for group in groups] == [[0, 2], [1]]
    assert groups[0].parameters[0].ravel().tolist() == [1.0, 4.0]  # c: local, then the game's
    assert groups[0].parameters[1].ravel().tolist() == [2.0, 3.0]
    assert groups[0].outside.ravel().tolist() == [0.0, 0.0]
    assert groups[1].outside.ravel().tolist() == [0.4]


def test_values_and_derivatives_of_money():
    group = compile_payoffs(GAME).followers[0]
    final, base = np.array([1.5]), np.array([0.5])
    earned, spent = group.values(final, base, *group.parameters)
    assert earned.ravel().tolist() == [3.0, 4.5]
    assert spent.ravel().tolist() == [1.0, 4.0]
    first = group.first(final, base, *group.parameters)
    second = group.second(final, base, *group.parameters)
    shape = (2, 1, 1)
    exact = [[2.0, 3.0], [2.0, 8.0], [0.0, 0.0], [2.0, 8.0], [-2.0, -8.0]]
    for found, wanted in zip(second, exact, strict=True):
        assert np.broadcast_to(found, shape).ravel().tolist() == wanted
    for found, wanted in zip(first, exact, strict=False):
        assert np.broadcast_to(found, shape).ravel().tolist() == wanted


def test_some_members_of_a_group():
    group = compile_payoffs(GAME).followers[0].take(slice(1, 2))
    assert group.members.tolist() == [2]
    earned, _ = group.values(np.array([1.0]), np.array([0.0]), *group.parameters)
    assert earned.ravel().tolist() == [3.0]


def test_the_generalists_cost_and_its_slope():
    payoffs = compile_payoffs(GAME)
    cost, slope = payoffs.leader_cost(np.array([2.0]), *payoffs.leader_parameters)
    assert (cost.tolist(), slope.tolist()) == ([2.0], [2.0])
    assert (payoffs.outside, payoffs.cap, payoffs.size) == (0.2, np.inf, 3)


def test_utilities_by_player():
    payoffs = compile_payoffs(GAME)
    profits = np.array([[1.0, 3.0], [1.0, 2.0], [5.0, 6.0], [1.0, 2.0]])
    found = payoffs.utilities(profits)
    assert found[0] == pytest.approx(np.log1p([1.0, 3.0]))
    assert found[1:].tolist() == [[1.0, 2.0], [5.0, 6.0], [2.0, 4.0]]
    assert profits[3].tolist() == [1.0, 2.0]  # left as it was
    assert payoffs.utilities(profits[:, 0]) == pytest.approx(found[:, 0])


def test_local_parameters_reach_a_utility():
    domains = [
        Specialist(n, "alpha1", "(alpha1 - alpha0)**2", {"a": a}, utility="profit / a")
        for n, a in (("one", 2.0), ("two", 4.0))
    ]
    payoffs = compile_payoffs(Game("local", Generalist("alpha0**2"), domains))
    assert payoffs.utilities(np.ones(3)).tolist() == [1.0, 0.5, 0.25]


def test_callables_that_are_the_same_are_one_form():
    def cost(alpha0, alpha1):
        return (alpha1 - alpha0) ** 2

    domains = [Specialist(n, "alpha1", cost) for n in ("one", "two")]
    payoffs = compile_payoffs(Game("functions", Generalist("alpha0**2"), domains))
    assert len(payoffs.followers) == 1


def test_what_is_not_built_is_refused():
    plain = [Specialist("a", "alpha1", "(alpha1 - alpha0)**2")]
    harmful = [Specialist("a", "alpha1", "(alpha1 - alpha0)**2", harm="alpha1")]
    for game, word in (
        (Game("x", Generalist("alpha0**2"), plain, harm=Harm("alpha1")), "harm"),
        (Game("x", Generalist("alpha0**2"), harmful, harm=Harm("alpha1")), "harm"),
    ):
        with pytest.raises(opt_games.UnsupportedGameError, match=word):
            compile_payoffs(game)
