from __future__ import annotations

import numpy as np
import pytest

from opt_games.policy.search import jumps, maximise


def test_a_supremum_on_an_oblique_edge():
    """Beyond the edge the value falls; along it the maximum is by hand."""

    def value(rows, at):
        x, y = at.T
        inside = x + 1.7 * y <= 1.13
        return np.where(inside, x + 2.0 * y - 3.0 * (x - 0.3 - 0.1 * rows) ** 2, -5.0)

    at, top = maximise(value, 3, np.zeros(2), np.ones(2), 33)
    x = 0.3 + 0.1 * np.arange(3) + (1.0 - 2.0 / 1.7) / 6.0
    np.testing.assert_allclose(at, np.column_stack([x, (1.13 - x) / 1.7]), atol=1e-5)
    expected = x + 2.0 * (1.13 - x) / 1.7 - 3.0 * (x - 0.3 - 0.1 * np.arange(3)) ** 2
    np.testing.assert_allclose(top, expected, atol=1e-7)


@pytest.mark.parametrize("seed", range(30))
def test_random_pieces_against_a_fine_grid(seed):
    """Parabolas between random jumps, each piece wider than a cell of the first grid."""
    rng = np.random.default_rng(seed)
    cuts = np.concatenate([[0.0], np.cumsum(rng.uniform(0.08, 0.3, 12))])
    cuts = cuts[cuts < 0.95]
    tops, bends, heights = (
        rng.uniform(0, 1, cuts.size),
        rng.uniform(0, 4, cuts.size),
        rng.random(cuts.size),
    )
    closed = rng.random() < 0.5  # who has the value at a jump

    def value(rows, at):
        piece = np.searchsorted(cuts, at[:, 0], side="left" if closed else "right") - 1
        piece = np.maximum(piece, 0)
        return heights[piece] - bends[piece] * (at[:, 0] - tops[piece]) ** 2

    at, top = maximise(value, 1, np.zeros(1), np.ones(1), 33)
    fine = np.linspace(0.0, 1.0, 1_000_001)
    assert top[0] >= value(None, fine[:, None]).max() - 1e-6
    assert value(None, at)[0] == top[0]


def test_what_is_missing_is_never_picked():
    def value(rows, at):
        return np.where(at[:, 0] < 0.437, at[:, 0], -np.inf)

    at, top = maximise(value, 1, np.zeros(1), np.ones(1), 9)
    assert top[0] == pytest.approx(0.437, abs=1e-8)
    assert top[0] < 0.437
    assert jumps(value, at[0], top[0], np.zeros(1), np.ones(1)) == [(0, 1, -np.inf)]


def test_both_sides_of_a_jump_and_none():
    def value(rows, at):
        return np.where(at[:, 0] >= 0.25, -at[:, 0], -2.0) - at[:, 1] ** 2

    box = np.zeros(2), np.ones(2)
    at, top = maximise(value, 1, *box, 9)
    assert at[0] == pytest.approx([0.25, 0.0], abs=1e-7)
    found = jumps(value, at[0], top[0], *box)
    assert [(axis, side) for axis, side, _ in found] == [(0, -1)]


def test_no_values_at_all():
    _, top = maximise(lambda rows, at: np.full(rows.size, -np.inf), 2, np.zeros(1), np.ones(1), 5)
    assert (top == -np.inf).all()
