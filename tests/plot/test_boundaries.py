from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from opt_games.plot.boundaries import draw_boundaries, polylines


def square(*corners: tuple[float, float]) -> list[list[tuple[float, float]]]:
    return [[a, b] for a, b in zip(corners, (*corners[1:], corners[0]), strict=True)]


def test_a_ring_is_one_closed_line():
    (line,) = polylines(np.array(square((0, 0), (1, 0), (1, 1), (0, 1))))
    assert line.shape == (5, 2)
    assert line[0].tolist() == line[-1].tolist()


def test_lines_end_where_three_meet():
    segments = [[(0, 0), (1, 0)], [(1, 0), (2, 0)], [(1, 0), (1, 1)], [(1, 1), (1, 2)]]
    lines = polylines(np.array(segments, dtype=float))
    assert sorted(len(line) for line in lines) == [2, 2, 3]


@pytest.mark.parametrize("count", [3, 9])
def test_many_specialists_share_one_kind_of_line(count):
    x = np.arange(4.0)
    names = [f"app-{k}" for k in range(count)]
    words = np.full((count, 4, 4), "contribute", dtype="<U12")
    for k in range(count):
        words[k, k % 3 + 1 :, :] = "free-ride"
    regimes = xr.DataArray(words, dims=("player", "x", "y"), coords={"player": names})
    axes = Figure().subplots()
    handles = draw_boundaries(axes, x, x, regimes)
    labels = [handle.get_label() for handle in handles]
    if count > 6:
        assert labels == ["somebody's regime changes"]
    else:
        assert labels == [f"{name}: contribute | free-ride" for name in names]
    places = {seg[0, 0] for c in axes.collections for seg in c.get_segments()}
    assert places == {0.5, 1.5, 2.5}


def test_a_single_row_has_no_boundaries():
    regimes = xr.DataArray(
        np.full((1, 1, 3), "contribute"), dims=("player", "x", "y"), coords={"player": ["law"]}
    )
    assert draw_boundaries(Figure().subplots(), np.ones(1), np.arange(3.0), regimes) == []
