"""Many games of one form."""

import numpy as np
import pytest

import opt_games
from opt_games import SpecError
from opt_games.engines import Cases

GAME = opt_games.load("quadratic")


def test_a_case_is_the_game_with_its_values():
    cases = Cases(GAME, {"c1": np.array([0.5, 2.0])}, "ks")
    assert cases.size == 2
    assert cases.solution == "kalai-smorodinsky"
    assert cases.game_of(1).parameters == {**GAME.parameters, "c1": 2.0}
    assert cases.share_of(1) is None


def test_shares_are_given_by_case_or_by_the_contract():
    shares = Cases(GAME, {}, "given", np.array([0.1, 0.2]))
    assert [shares.share_of(k) for k in range(2)] == [0.1, 0.2]
    game = opt_games.Game(
        "shared",
        GAME.generalist,
        GAME.specialists,
        GAME.parameters,
        contract=opt_games.Contract(share="c1 / 4"),
    )
    contract = Cases(game, {"c1": np.array([1.0, 2.0])}, "given")
    assert [contract.share_of(k) for k in range(2)] == [0.25, 0.5]


def test_selections_and_parts_keep_the_order():
    cases = Cases(GAME, {"c1": np.arange(1.0, 6.0)}, "given", np.linspace(0.1, 0.5, 5))
    some = cases.select(np.array([3, 0]))
    assert some.parameters["c1"].tolist() == [4.0, 1.0]
    assert some.shares.tolist() == [0.4, 0.1]
    parts = list(cases.parts(2))
    assert [part.size for part in parts] == [2, 2, 1]
    assert np.concatenate([part.parameters["c1"] for part in parts]).tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("parameters", "solution", "shares", "message"),
    [
        ({"c2": np.ones(2)}, "nash", None, "did you mean"),
        ({"c0": np.ones(2), "c1": np.ones(3)}, "nash", None, "one common length"),
        ({"c0": np.ones((2, 2))}, "nash", None, "one common length"),
        ({}, "nash", None, "no parameter and no share varies"),
        ({"c0": np.ones(2)}, "nash", np.ones(2), "not both"),
        ({"c0": np.ones(2)}, "given", None, "no share is given"),
        ({"c0": np.ones(2)}, "nahs", None, "nash"),
    ],
)
def test_what_makes_no_cases_is_refused(parameters, solution, shares, message):
    with pytest.raises(SpecError, match=message):
        Cases(GAME, parameters, solution, shares)
