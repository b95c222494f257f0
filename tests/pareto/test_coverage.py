"""Hypervolume, thinning, gaps and weights."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from opt_games.pareto.coverage import gaps, hypervolume, ranges, simplex, spread


@pytest.mark.parametrize("players", [2, 3, 4, 5])
def test_the_hypervolume_against_counting_cells(players):
    rng = np.random.default_rng(players)
    points = rng.integers(-1, 4, (players, 6)).astype(float)
    reference = np.zeros(players)
    cells = np.array(list(product(range(4), repeat=players))).T + 0.5
    inside = (cells[:, :, None] < points[:, None, :]).all(axis=0)
    strictly = (points > 0).all(axis=0)
    assert hypervolume(points, reference) == (inside & strictly).any(axis=1).sum()


def test_contracts_that_give_nobody_more_have_no_volume():
    assert hypervolume(np.array([[1.0], [0.0]]), np.zeros(2)) == 0.0
    assert hypervolume(np.zeros((2, 0)), np.zeros(2)) == 0.0


def test_thinning_keeps_the_ends_and_about_the_number():
    angle = np.linspace(0, np.pi / 2, 5001)
    arc = np.vstack([np.cos(angle), 10 * np.sin(angle)])
    kept = spread(arc, 100)
    assert 80 <= kept.size <= 104
    assert {0, 5000} <= set(kept)
    assert gaps(arc, arc[:, kept], ranges(arc)).max() <= 0.03
    assert spread(arc[:, :10], 100).tolist() == list(range(10))


def test_gaps_are_in_ranges():
    reported = np.array([[0.0, 2.0], [10.0, 0.0]])
    known = np.array([[1.0], [5.0]])
    assert gaps(known, reported, ranges(reported)).tolist() == [0.5]


def test_a_player_without_a_range_has_none_to_divide_by():
    assert ranges(np.array([[1.0, 3.0], [2.0, 2.0]])).tolist() == [2.0, 1.0]


def test_weights_cover_the_simplex():
    weights = simplex(3, 10)
    assert weights.shape == (10, 3)
    assert weights.sum(axis=1) == pytest.approx(np.ones(10))
    assert {tuple(row) for row in np.eye(3)} <= {tuple(row) for row in weights}
    assert np.unique(weights, axis=0).shape == weights.shape
