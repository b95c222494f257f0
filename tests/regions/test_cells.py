from __future__ import annotations

import numpy as np
import pytest

from opt_games.regions.cells import Cells, cut_cells
from opt_games.regions.edges import find_crossings


def cut(survey, size: int) -> Cells:
    line = np.linspace(0.0, 1.0, size)
    grid = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1)
    codes = survey(grid.reshape(-1, 2)).reshape(size, size)
    return cut_cells(grid, codes, find_crossings(survey, grid, codes, np.full(2, 1e-6)), survey)


def area(corners: np.ndarray) -> float:
    x, y = corners.T
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def areas(cells: Cells) -> dict[int, float]:
    total: dict[int, float] = {}
    cell = 1.0 / cells.whole.shape[0] ** 2
    for code in cells.whole[cells.whole >= 0].tolist():
        total[code] = total.get(code, 0.0) + cell
    for piece in cells.pieces:
        total[piece.code] = total.get(piece.code, 0.0) + area(piece.corners)
    return total


def test_a_straight_boundary_is_exact():
    cells = cut(lambda p: (p[:, 1] > 0.1 + 0.7 * p[:, 0]).astype(int), 6)
    assert areas(cells) == pytest.approx({0: 0.45, 1: 0.55}, abs=1e-6)
    x, y = cells.boundaries[..., 0], cells.boundaries[..., 1]
    assert y == pytest.approx(0.1 + 0.7 * x, abs=1e-6)
    assert np.hypot(*np.diff(cells.boundaries, axis=1)[:, 0].T).sum() == pytest.approx(
        np.hypot(1, 0.7), abs=1e-5
    )
    assert set(map(frozenset, cells.between.tolist())) == {frozenset((0, 1))}


def test_three_regions_meet_in_a_point():
    def survey(points):
        x, y = points.T
        return np.select([y > 0.5 + abs(x - 0.52), x < 0.52], [2, 0], 1)

    cells = cut(survey, 12)
    assert areas(cells)[2] == pytest.approx(0.125 + 0.1248, abs=1e-3)
    assert sum(areas(cells).values()) == pytest.approx(1.0)
    ends = cells.boundaries.reshape(-1, 2)
    assert np.hypot(*(ends - [0.52, 0.5]).T).min() < 0.05


def test_two_corners_are_joined_if_the_middle_is_theirs():
    """Opposite corners of the one cell are alike; the middle says whether they are one region."""

    def joined(points):
        x, y = points.T
        return (abs(x - y) < 0.3).astype(int)

    def apart(points):
        x, y = points.T
        return ((x + y < 0.4) | (x + y > 1.6)).astype(int)

    assert areas(cut(joined, 2)) == pytest.approx({1: 0.51, 0: 0.49}, abs=1e-5)
    assert areas(cut(apart, 2)) == pytest.approx({1: 0.16, 0: 0.84}, abs=1e-5)
    assert len(cut(joined, 2).boundaries) == len(cut(apart, 2).boundaries) == 2
