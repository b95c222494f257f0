"""Results are data."""

from __future__ import annotations

import pickle

import pytest

from opt_games import LeaderFollower
from opt_games.leader_follower.result import ByFollower


def test_numbers_of_followers_have_names():
    numbers = ByFollower([1.0, 2.0], ["a", "b"])
    assert numbers["b"] == numbers[1] == numbers[-1] == 2.0
    assert list(numbers) == [1.0, 2.0]
    with pytest.raises(KeyError, match="a, b"):
        numbers["c"]


def test_a_result_survives_a_file(supplier):
    result = LeaderFollower(supplier, followers=[supplier.retailer]).solve(starts=1)
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert again.follower_objectives["retailer"] == result.follower_objectives[0]
    assert result.require() is result
