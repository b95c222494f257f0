from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from instant_engine import Instant

import opt_games
from opt_games.sweeps.assemble import boxes

GAME = opt_games.load("quadratic")


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_boxes_cover_a_run_in_order(sizes, data):
    shape = tuple(sizes)
    total = int(np.prod(shape))
    start = data.draw(st.integers(0, total - 1))
    stop = data.draw(st.integers(start + 1, total))
    run = np.arange(start, stop)
    grid = np.full(shape, -1)
    reached = 0
    for box, first, last in boxes(shape, start, stop):
        assert first == reached
        grid[box] = run[first:last].reshape(grid[box].shape)
        reached = last
    assert reached == run.size
    expected = np.full(total, -1)
    expected[start:stop] = run
    np.testing.assert_array_equal(grid.ravel(), expected)


@pytest.mark.parametrize("chunk", [1, 7, 24, 1000])
@pytest.mark.parametrize("bargain", ["nash", ["nash", "ks"]])
def test_the_file_holds_what_memory_holds(tmp_path, chunk, bargain):
    vary = {"c0": [1, 2, 3, 4], "c1": [1, 2], "share_of_luck": [1, 2, 3]}
    game = opt_games.loads(
        """
        schema = 1
        name = "three parameters"
        [parameters]
        c0 = 1.0
        c1 = 1.0
        share_of_luck = 1.0
        [generalist]
        cost = "c0 * alpha0**2"
        [[specialists]]
        name = "law"
        revenue = "alpha1"
        cost = "c1 * (alpha1 - alpha0)**2"
        """
    )
    options = {"bargain": bargain, "engine": Instant(fails_above=3), "workers": 1, "check": 0}
    here = opt_games.sweep(game, vary, chunk=chunk, **options)
    with opt_games.sweep(game, vary, chunk=chunk, path=tmp_path / "o.nc", **options) as there:
        there.load()
        for name in here.variables:
            np.testing.assert_array_equal(here[name].values, there[name].values, strict=False)
            assert here[name].dims == there[name].dims
            assert here[name].dtype.kind == there[name].dtype.kind
            assert set(here[name].attrs) == set(there[name].attrs)
        assert set(here.variables) == set(there.variables)
        assert {k: v for k, v in here.attrs.items() if v == v} == {
            k: v for k, v in there.attrs.items() if v == v
        }
