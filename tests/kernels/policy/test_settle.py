from __future__ import annotations

import numpy as np
import pytest
from policy_games import examples, game, parameters_of

import opt_games
from opt_games.errors import UnboundedGameError
from opt_games.kernels.policy.payoffs import Numbers, compile_policy_game
from opt_games.kernels.policy.response import Contest
from opt_games.kernels.policy.settle import Search


def search(form, columns, shares):
    size = len(shares)
    numbers = Numbers.of(form, {name: np.asarray(v) for name, v in columns.items()}, size)
    return Search.of(Contest(compile_policy_game(form), numbers, np.array([shares])))


def test_games_side_by_side_are_those_of_the_examples():
    rows = [examples()[k] for k in (0, 1, 3, 5, 7)]
    columns = [parameters_of(row) for row in rows]
    columns = {name: [row[name] for row in columns] for name in columns[0]}
    searched = search(game(), columns, columns["delta"])
    found = searched.settle()
    assert searched.gain(found).max() <= 1e-10
    for k, row in enumerate(rows):
        expected = [float(row["UG"]), float(row["UD"])]
        assert found.profits[:, k] == pytest.approx(expected, abs=1e-9)
        levels = [float(row[name]) for name in ("a0", "b0", "a1", "b1")]
        here = [*found.base[:, k], *found.finals[0, :, k]]
        assert here == pytest.approx(levels, abs=1e-8)


def test_a_game_is_the_same_alone():
    liability = opt_games.load("liability")
    shares = [0.2, 0.5, 0.9]
    together = search(liability, {"part": [0.3] * 3}, shares).settle()
    for k, share in enumerate(shares):
        alone = search(liability, {"part": [0.3]}, [share]).settle()
        assert together.base[:, k] == pytest.approx(alone.base[:, 0], rel=1e-9)
        assert together.profits[:, k] == pytest.approx(alone.profits[:, 0], rel=1e-11)


def test_gain_shows_a_wrong_place():
    from dataclasses import replace

    searched = search(game(), {"theta_D": [0.4, 0.4]}, [0.5, 0.5])
    found = searched.settle()
    profits = found.profits - [[0.0, 1e-3], [0.0, 0.0]]
    gain = searched.gain(replace(found, profits=profits))
    assert gain[0] <= 1e-10
    assert gain[1] >= 1e-4


def test_levels_without_limit():
    form = opt_games.loads(
        """
        schema = 1
        name = "No limit"
        attributes = ["alpha", "beta"]
        [generalist]
        cost = "alpha0**2 + beta0**2"
        [[specialists]]
        name = "domain"
        revenue = "2 * alpha1"
        cost = "alpha1 - alpha0 + (beta1 - beta0)**2"
        """
    )
    with pytest.raises(UnboundedGameError, match="final levels"):
        search(form, {}, [0.2])
