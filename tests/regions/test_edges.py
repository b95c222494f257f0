from __future__ import annotations

import numpy as np
import pytest

from opt_games.regions.edges import find_crossings, without_thin_points

WIDTH = np.full(2, 1e-6)


def crossings_of(survey, size: int = 5):
    line = np.linspace(0.0, 1.0, size)
    grid = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1)
    codes = survey(grid.reshape(-1, 2)).reshape(size, size)
    return grid, codes, find_crossings(survey, grid, codes, WIDTH)


def test_crossings_lie_on_their_edges_where_the_condition_changes():
    _, codes, found = crossings_of(lambda p: (p[:, 0] + 2 * p[:, 1] > 0.9).astype(int))
    for (axis, i, j), along in found.items():
        (crossing,) = along
        assert crossing.point @ [1, 2] == pytest.approx(0.9, abs=1e-6)
        assert crossing.point[1 - axis] == [i, j][1 - axis] / 4
        assert (crossing.before, crossing.after) == (codes[i, j], 1 - codes[i, j])
    assert set(found) == {(1, i, j) for i, j in ((0, 1), (1, 1), (2, 0), (3, 0))} | {
        (0, 1, 1),
        (0, 3, 0),
    }


def test_a_narrow_stretch_within_an_edge_is_left_out():
    def survey(points):
        return np.select([points[:, 0] < 0.3, points[:, 0] < 0.3 + 3e-7], [0, 1], 2)

    _, _, found = crossings_of(survey)
    assert all((each.before, each.after) == (0, 2) for along in found.values() for each in along)


def test_points_on_which_two_regions_tie_take_a_side():
    def survey(points):
        x, y = points.T
        return np.select([x == y, x < y], [2, 0], 1)

    grid, codes, found = crossings_of(survey)
    assert (codes == 2).sum() == 5
    codes, found = without_thin_points(grid, codes, found, WIDTH)
    assert set(codes.ravel()) == {0, 1}
    for along in found.values():
        (crossing,) = along
        assert crossing.point[0] == pytest.approx(crossing.point[1], abs=1e-6)


def test_a_line_of_ties_goes_even_along_the_border():
    def survey(points):
        return np.select([points[:, 0] == 0.0, points[:, 0] == 0.5], [7, 8], 0)

    grid, codes, found = crossings_of(survey)
    assert {7, 8} < set(codes.ravel())
    codes, found = without_thin_points(grid, codes, found, WIDTH)
    assert set(codes.ravel()) == {0}
    assert found == {}


def test_where_a_line_of_ties_ends_a_region_the_region_stays():
    """On the left half a line, on the right half a band around it."""

    def survey(points):
        x, y = points.T
        return ((y == 0.5) | (np.abs(y - 0.5) < x - 0.6)).astype(int)

    grid, codes, found = crossings_of(survey)
    codes, found = without_thin_points(grid, codes, found, WIDTH)
    assert codes[:, 2].tolist() == [0, 0, 0, 1, 1]
    (crossing,) = found[0, 2, 2]
    assert (crossing.before, crossing.after) == (0, 1)
