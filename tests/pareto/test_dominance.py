"""Dominance against a double loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import opt_games
from opt_games.pareto.dominance import scale_of, settled, undominated


@settings(max_examples=40)
@given(
    st.integers(2, 5).flatmap(
        lambda m: st.lists(
            st.lists(st.integers(0, 4).map(float), min_size=m, max_size=m), min_size=1, max_size=25
        )
    )
)
def test_against_a_double_loop(rows):
    kept = undominated(np.array(rows).T, np.ones(len(rows[0])))
    for k, row in enumerate(rows):
        worse = any(
            all(b >= a for a, b in zip(row, other, strict=True)) and other != row for other in rows
        )
        assert kept[k] == (not worse and row not in rows[:k])


def test_rounding_does_not_dominate():
    utilities = np.array([[1.0, 1.0 + 1e-14], [1.0, 1.0]])
    assert undominated(utilities, np.ones(2)).tolist() == [True, False]
    assert undominated(np.array([[1.0, 1.0 + 1e-9], [1.0, 1.0]]), np.ones(2)).tolist() == [
        False,
        True,
    ]


def test_a_player_without_a_stake_does_not_divide_by_zero():
    utilities = np.array([[1.0, 2.0], [0.0, 0.0]])
    assert scale_of(utilities).tolist() == [2.0, 0.0]
    assert undominated(utilities, scale_of(utilities)).tolist() == [False, True]


def test_utilities_all_but_on_the_outside_option_are_put_on_it():
    game = opt_games.load("quadratic")
    found = settled(game, np.array([[0.5, 1e-12], [1e-9, 0.5]]), np.ones(2))
    assert found.tolist() == [[0.5, 0.0], [0.0, 0.5]]
