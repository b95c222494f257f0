from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch

import opt_games
from opt_games.plot import plot_condition_map, plot_conditions
from opt_games.regions.condition import NO_ANSWER, Condition
from opt_games.regions.line import Conditions, Interval


def condition(shared: bool, law: str, film: str) -> Condition:
    return Condition(True, shared, {"generalist": "contribute", "law": law, "film": film})


def conditions(log: bool = False) -> Conditions:
    kinds = [
        condition(True, "contribute", "contribute"),
        condition(False, "free-ride", "contribute"),
        Condition(False, False, dict.fromkeys(("generalist", "law", "film"), "abstain")),
        NO_ANSWER,
    ]
    ends = [1.0, 2.0, 2.05, 4.0, 10.0]
    intervals = tuple(map(Interval, ends[:-1], ends[1:], kinds))
    return Conditions("By hand", "c1", "nash", intervals, ("generalist", "law", "film"), log, 9, 0)


def words(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_row_for_revenue_and_for_every_specialist():
    axes = plot_conditions(conditions())
    assert [label.get_text() for label in axes.get_yticklabels()] == ["revenue", "law", "film"]
    bands = {(patch.get_y() // 1, patch.get_x()): patch.get_width() for patch in axes.patches}
    assert bands[0, 1.0] == 1.0
    assert bands[1, 4.0] == 6.0
    assert len(bands) == 12
    assert words(axes) == [
        "shared",
        "not shared",
        "no agreement",
        "no answer",
        "contribute",
        "free-ride",
    ]
    assert (axes.get_xlabel(), axes.get_xlim()) == ("c1", (1.0, 10.0))


def test_ends_are_written_as_far_as_there_is_room():
    axes = plot_conditions(conditions())
    assert [each.get_text() for each in axes.texts] == ["2", "4"]
    assert len(axes.lines) == 3


def test_a_logarithmic_scan_has_a_logarithmic_axis():
    assert plot_conditions(conditions(log=True)).get_xscale() == "log"


def test_many_specialists_are_in_words():
    players = ("generalist", *(f"app-{k}" for k in range(9)))
    regimes = {"generalist": "contribute", **dict.fromkeys(players[1:], "free-ride")}
    found = Conditions(
        "Market", "c1", "nash", (Interval(0, 1, Condition(True, True, regimes)),), players,
        False, 9, 0,
    )  # fmt: skip
    axes = plot_conditions(found)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["revenue", "specialists"]
    assert "9 specialists free-ride" in words(axes)


@pytest.fixture(scope="module")
def found() -> opt_games.ConditionMap:
    game = opt_games.Game(
        name="linear",
        generalist=opt_games.Generalist("alpha0**2"),
        specialists=[
            opt_games.Specialist("law", "alpha1", "m1 * (alpha1 - alpha0) + (alpha1 - alpha0)**2")
        ],
        parameters={"m1": 0.0},
    )
    return opt_games.condition_map(game, {"share": (0.2, 0.8), "m1": (0.1, 1.0)}, points=4)


def test_a_map_fills_every_region_once(found):
    axes = plot_condition_map(found)
    filled = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    assert len(filled) == len(found.conditions) == 2
    for x, y in np.random.default_rng(0).uniform((0.2, 0.1), (0.8, 1.0), (50, 2)):
        inside = [patch.get_path().contains_point((x, y)) for patch in filled]
        right = "free-ride" if y > 1 - x else "contribute"
        regimes = [each.regimes["law"] for each in found.conditions]
        assert inside == [regime == right for regime in regimes]


def test_a_map_has_its_boundaries_and_a_legend_in_words(found):
    axes = plot_condition_map(found)
    (lines,) = axes.collections
    points = np.vstack(lines.get_segments())
    assert points.sum(axis=1) == pytest.approx(np.ones(len(points)), abs=1e-6)
    assert sorted(words(axes)) == [
        "law contributes, revenue shared",
        "law free-rides, revenue shared",
    ]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("share", "m1")
    assert axes.get_title(loc="left") == "linear\ngiven share"


def test_they_draw_into_the_axes_given(found):
    axes = Figure().subplots()
    assert plot_condition_map(found, ax=axes, legend=False) is axes
    assert axes.get_legend() is None
    assert plot_conditions(conditions(), ax=axes) is axes
