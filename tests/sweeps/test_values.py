from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import opt_games
from opt_games import SpecError
from opt_games.sweeps.values import RESULTS, SHARE, Values, parse_vary

GAME = opt_games.load("quadratic")


def test_ranges_lists_and_logarithms():
    values = Values.grid(GAME, {"c0": "0.1:10:50", "c1": "0.1:10:5:log", "share": "0.2, 0.4"})
    np.testing.assert_array_equal(values.columns["c0"], np.linspace(0.1, 10, 50))
    np.testing.assert_allclose(values.columns["c1"], [0.1, 10**-0.5, 1, 10**0.5, 10], rtol=1e-14)
    assert values.columns["c1"][-1] == 10.0
    assert values.columns[SHARE].tolist() == [0.2, 0.4]
    assert (values.dims, values.shape, values.size) == (("c0", "c1", "share"), (50, 5, 2), 500)


@pytest.mark.parametrize("given", [[1, 2], (1.0, 2.0), np.array([1, 2]), pd.Series([1, 2])])
def test_axes_are_anything_that_holds_numbers(given):
    assert Values.grid(GAME, {"c0": given}).columns["c0"].tolist() == [1.0, 2.0]


def test_a_run_of_a_grid_is_in_c_order():
    values = Values.grid(GAME, {"c0": [1, 2, 3], "c1": [10, 20]})
    run = values.run(1, 5)
    assert run["c0"].tolist() == [1, 2, 2, 3]
    assert run["c1"].tolist() == [20, 10, 20, 10]
    assert values.at(np.array([5, 0]))["c0"].tolist() == [3, 1]
    assert values.run(4, 99)["c0"].tolist() == [3, 3]


def test_points_are_columns():
    frame = pd.DataFrame({"c0": [1, 2, 3], "share": [0.1, 0.2, 0.3]})
    values = Values.points(GAME, frame)
    assert (values.dims, values.shape) == (("point",), (3,))
    assert values.run(1, 3)["share"].tolist() == [0.2, 0.3]
    assert Values.points(GAME, {"c1": [0.5]}).size == 1


@pytest.mark.parametrize(
    ("vary", "parts"),
    [
        ({}, ["nothing varies", "c0=0.1:10:50"]),
        ({"c3": [1]}, ["did you mean", "share may vary"]),
        ({"shares": [1]}, ['did you mean "share"?']),
        ({"c0": "1:2"}, ["c0=0.1:10:50:log", "c0=1:2"]),
        ({"c0": "1:2:3:lin"}, ["c0=1:2:3:lin"]),
        ({"c0": "1:2:3:4:5"}, ["c0=1:2:3:4:5"]),
        ({"c0": "1:x:3"}, ["expected a number", "'x'"]),
        ({"c0": "1:2:0"}, ["how many values", "'0'"]),
        ({"c0": "1:2:2.5"}, ["how many values", "'2.5'"]),
        ({"c0": "1:2:1"}, ["one value", "2 or more"]),
        ({"c0": "0:2:5:log"}, ["logarithmic", "above 0"]),
        ({"c0": "1,,2"}, ["expected a number", "''"]),
        ({"c0": "1,inf"}, ["expected a number", "inf"]),
        ({"c0": "1,2,1"}, ["c0 has the value 1 twice"]),
        ({"c0": []}, ["no values"]),
        ({"c0": ["a"]}, ["expected numbers", "'a'"]),
        ({"c0": [1.0, np.nan]}, ["finite", "position 1"]),
        ({"c0": [[1.0], [2.0]]}, ["list"]),
        ({"c0": [True]}, ["expected numbers"]),
        ({"c0": "0:1:99999", "c1": "0:1:99999"}, ["1e+10 points", "fewer"]),
    ],
)
def test_what_is_wrong_with_a_grid_is_said(vary, parts):
    with pytest.raises(SpecError) as caught:
        Values.grid(GAME, vary)
    assert caught.value.key == "vary"
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({}, "no columns"),
        ({"c0": []}, "no rows"),
        ({"c0": [1], "c1": [1, 2]}, "length"),
        ({"c9": [1]}, "did you mean"),
        ({"c0": [1, np.inf]}, "position 1"),
    ],
)
def test_what_is_wrong_with_points_is_said(columns, part):
    with pytest.raises(SpecError, match=part) as caught:
        Values.points(GAME, columns)
    assert caught.value.key == "points"


def test_a_local_parameter_is_explained():
    law = opt_games.Specialist("law", "alpha1", "k * (alpha1 - alpha0)**2", {"k": 1.0})
    game = opt_games.Game("g", opt_games.Generalist("alpha0**2"), [law])
    with pytest.raises(SpecError, match="local parameter of 'law'"):
        Values.grid(game, {"k": [1]})


@pytest.mark.parametrize("name", RESULTS)
def test_a_parameter_called_like_a_part_of_the_result_cannot_vary(name):
    game = opt_games.Game(
        "g",
        opt_games.Generalist("alpha0**2"),
        [opt_games.Specialist("law", "alpha1", "(alpha1 - alpha0)**2")],
        parameters={name: 1.0},
    )
    with pytest.raises(SpecError, match="rename the parameter"):
        Values.grid(game, {name: [1.0]})


@pytest.mark.parametrize("text", ["c0", "=1", "c0=", ""])
def test_a_text_without_name_or_values_is_refused(text):
    with pytest.raises(SpecError, match=r"expected c0=0\.1:10:50"):
        parse_vary([text])


def test_a_name_varies_once():
    with pytest.raises(SpecError, match="'c0' varies twice"):
        parse_vary(["c0=1", "c0 = 2"])
