"""Candidates in symbols, beside the closed forms of the engine."""

from __future__ import annotations

import numpy as np
import pytest
from policy_games import pairs
from regulation.games import game
from regulation.symbolic import solve

from opt_games.kernels.policy.exact import solve_pairs


@pytest.mark.parametrize(
    "parameters",
    [{}, {"theta_D": 0.4}, {"theta_G": 0.3, "theta_D": 0.9}, {"theta_D": 1.5}],
    ids=["anarchy", "backfires", "both floors", "just willing"],
)
def test_figure_2_like_the_closed_forms(parameters):
    numbers = {**game().parameters, **parameters}
    leader, follower, levels = solve(numbers)
    exact = solve_pairs(pairs({name: np.array([value]) for name, value in numbers.items()}))
    assert [leader, follower] == pytest.approx([exact.leader[0], exact.follower[0]], abs=1e-9)
    assert levels == pytest.approx([*exact.base[:, 0], *exact.final[:, 0]], abs=1e-7)
