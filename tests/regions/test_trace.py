from __future__ import annotations

import numpy as np
import pytest

from opt_games.regions.trace import trace

WIDTH = np.array([1e-6])


def bands(*ends: float):
    """A line on which the code goes up at every end, and a count of what was asked of it."""
    asked: list[int] = []

    def survey(points: np.ndarray) -> np.ndarray:
        asked.append(len(points))
        return np.searchsorted(np.array(ends), points[:, 0])

    return survey, asked


def traced(survey, starts, ends, width=WIDTH):
    a, b = (np.asarray(each, dtype=float).reshape(len(each), -1) for each in (starts, ends))
    return trace(survey, a, b, (survey(a), survey(b)), width)


def test_every_change_within_a_segment_is_found():
    survey, _ = bands(0.1, 0.4, 0.41, 0.9)
    found = traced(survey, [0.0], [1.0])
    assert found.points[:, 0] == pytest.approx([0.1, 0.4, 0.41, 0.9], abs=5e-7)
    assert found.before.tolist() == [0, 1, 2, 3]
    assert found.after.tolist() == [1, 2, 3, 4]


def test_segments_are_cut_in_common_rounds_and_come_in_order():
    survey, asked = bands(0.5, 2.5)
    found = traced(survey, [2.0, 0.0, 1.0], [3.0, 1.0, 2.0])
    assert found.segment.tolist() == [0, 1]
    assert found.points[:, 0] == pytest.approx([2.5, 0.5], abs=5e-7)
    assert len(asked[2:]) <= 7  # 8 parts a round: 8**7 > 1e6
    assert asked[2] == 2 * 7


def test_a_segment_with_like_ends_is_left_alone():
    survey, asked = bands()
    found = traced(survey, [0.0], [1.0])
    assert found.points.size == 0
    assert asked == [1, 1]


def test_segments_may_run_downwards_and_in_a_plane():
    def survey(points):
        return (points[:, 0] + points[:, 1] > 1.0).astype(int)

    found = traced(survey, [(0.25, 1.0), (0.0, 0.5)], [(0.25, 0.0), (1.0, 0.5)], np.full(2, 1e-6))
    assert found.points == pytest.approx(np.array([(0.25, 0.75), (0.5, 0.5)]), abs=5e-7)
    assert found.before.tolist() == [1, 0]


def test_no_bracket_is_narrower_than_rounding():
    survey, asked = bands(1e12 + 3.3)
    found = traced(survey, [1e12], [1e12 + 10])
    assert found.points[0, 0] == pytest.approx(1e12 + 3.3, abs=1e-3)
    assert len(asked) < 20
