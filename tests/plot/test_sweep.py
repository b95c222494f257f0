from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import opt_games
from opt_games.plot import plot_sweep
from opt_games.plot.style import REGIMES

from . import sweeps


def words(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def named(axes) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found = {str(each.get_label()): each.get_data() for each in axes.lines}
    return {label: data for label, data in found.items() if not label.startswith("_child")}


# --- lines -------------------------------------------------------------------------------------


def test_there_is_a_line_for_each_player():
    axes = plot_sweep(sweeps.line())
    lines = named(axes)
    assert list(lines) == ["generalist", "law", "film"]
    assert lines["law"][0].tolist() == [1, 2, 3, 4, 5, 6]
    assert lines["law"][1].tolist() == [2, 4, 6, 8, 10, 12]
    assert axes.get_ylabel() == "Utility (money)"
    assert axes.get_title(loc="left") == "By hand\nnash bargain"


def test_regimes_are_in_a_strip_and_their_changes_are_lines():
    axes = plot_sweep(sweeps.line())
    upright = [each.get_xdata()[0] for each in axes.lines if len(set(each.get_xdata())) == 1]
    assert upright == [3.5, 5.5]
    (strip,) = axes.child_axes
    assert [label.get_text() for label in strip.get_yticklabels()] == ["law", "film"]
    bands = {
        (patch.get_y() // 1, str(patch.get_label()).strip("_")): (
            patch.get_x(),
            patch.get_x() + patch.get_width(),
        )
        for patch in strip.patches
    }
    assert bands == {
        (0, "contribute"): (1.0, 3.5),
        (0, "free-ride"): (3.5, 6.0),
        (1, "contribute"): (1.0, 5.5),
        (1, "abstain"): (5.5, 6.0),
    }
    assert words(axes)[-3:] == ["contribute", "free-ride", "abstain"]


def test_one_player_is_named_in_the_label():
    axes = plot_sweep(sweeps.line(), "level", player="film")
    assert axes.get_ylabel() == "Level alpha of film"
    ((_, levels),) = [d for label, d in named(axes).items() if label == "_only"]
    assert np.isnan(levels).tolist() == [False] * 5 + [True]  # who abstains has none
    assert "no answer" not in words(axes)


def test_a_common_share_is_one_line():
    axes = plot_sweep(sweeps.line(), "share")
    assert axes.get_ylabel() == "Share of revenue to the generalist"
    assert [label for label in named(axes) if not label.startswith("_child")] == ["_only"]


def test_shares_that_differ_are_a_line_each():
    differ = sweeps.line()
    differ["share"][:, 2] = 0.6
    assert list(named(plot_sweep(differ, "share"))) == ["law", "film"]


def test_failed_points_are_marked():
    status = np.array([0, 2, 0, 0, 0, 0])
    regime = np.zeros((6, 3), dtype=int)
    regime[1] = -1
    axes = plot_sweep(sweeps.dataset({"c0": np.arange(1.0, 7.0)}, regime, status))
    x, _ = named(axes)["no answer"]
    assert list(x) == [2.0]


def test_codes_are_bands():
    axes = plot_sweep(sweeps.line(), "regime")
    assert [label.get_text() for label in axes.get_yticklabels()] == sweeps.PLAYERS
    assert words(axes) == ["contribute", "free-ride", "abstain"]
    assert not axes.child_axes
    plain = plot_sweep(sweeps.line(), "slow")
    assert words(plain) == ["no"]


def test_a_logarithmic_coordinate_has_a_logarithmic_axis():
    c0 = np.geomspace(0.01, 100, 9)
    regime = np.zeros((9, 3), dtype=int)
    regime[5:, 1] = 1
    axes = plot_sweep(sweeps.dataset({"c0": c0}, regime))
    assert axes.get_xscale() == "log"
    (change,) = [each.get_xdata()[0] for each in axes.lines if len(set(each.get_xdata())) == 1]
    assert change == pytest.approx(np.sqrt(c0[4] * c0[5]))
    assert plot_sweep(sweeps.line()).get_xscale() == "linear"


def test_solutions_are_a_line_each_once_a_player_is_chosen():
    two = xr.concat([sweeps.line(), sweeps.line() * 1], "solution", combine_attrs="override")
    for name in ("regime", "status"):
        two[name].attrs = sweeps.line()[name].attrs
    two = two.assign_coords(solution=["nash", "kalai-smorodinsky"])
    two = two.transpose("c0", "solution", ...)
    with pytest.raises(
        opt_games.SpecError, match=r"choose one solution .*: nash, kalai-smorodinsky"
    ):
        plot_sweep(two)
    assert list(named(plot_sweep(two, player="law"))) == ["nash", "kalai-smorodinsky"]
    axes = plot_sweep(two, solution="ks")
    assert axes.get_title(loc="left") == "By hand\nkalai-smorodinsky bargain"
    assert "law" in named(axes)


# --- heat maps ---------------------------------------------------------------------------------


def boundaries(axes) -> list[np.ndarray]:
    return [
        np.vstack(collection.get_segments())
        for collection in axes.collections
        if hasattr(collection, "get_segments")
    ]


def test_a_heat_map_has_the_values_and_the_boundaries_in_words():
    axes = plot_sweep(sweeps.plane(), player="law")
    mesh = axes.collections[0]
    assert mesh.get_array().shape == (6, 5)
    assert mesh.get_array()[0].tolist() == [2, 4, 6, 8, 10]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("c0", "c1")
    assert axes.figure.axes[1].get_ylabel() == "Utility of law (money)"
    assert words(axes) == ["law: contribute | free-ride", "film: contribute | abstain"]
    of_law, of_film = boundaries(axes)
    assert set(of_film[:, 1]) == {3.5}
    assert of_film[:, 0].min() == 1.0
    assert of_film[:, 0].max() == 5.0
    assert np.abs(of_law[:, 0] - of_law[:, 1]).max() <= 0.5


def test_axes_can_be_swapped():
    axes = plot_sweep(sweeps.plane(), player="law", x="c1")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("c1", "c0")
    assert axes.collections[0].get_array().shape == (5, 6)
    assert set(boundaries(axes)[1][:, 0]) == {3.5}


def test_a_heat_map_may_be_logarithmic():
    axes = plot_sweep(sweeps.plane(log=True), player="law")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert axes.get_xlim() == (1.0, 16.0)


def test_missing_answers_are_grey_and_no_regime():
    status = np.zeros((5, 6), dtype=int)
    status[:, 5] = 1
    status[0, :] = 2
    axes = plot_sweep(sweeps.plane(status=status), player="law")
    assert words(axes) == [
        "no answer",
        "law: contribute | free-ride",
        "agreement | no agreement",
        "film: contribute | abstain",
    ]
    assert np.isnan(axes.collections[0].get_array().filled(np.nan)).sum() == 6


def test_codes_have_the_colours_of_regimes():
    axes = plot_sweep(sweeps.plane(), "regime", player="film")
    assert words(axes) == ["contribute", "abstain"]
    mesh = axes.collections[0]
    colors = [to_hex(mesh.cmap(mesh.norm(code))).upper() for code in (0, 1)]
    assert colors == [REGIMES["contribute"][0], REGIMES["abstain"][0]]
    assert mesh.get_array()[:, 0].tolist() == [0, 0, 0, 1, 1, 1]


def test_what_is_fixed_is_in_the_title():
    cube = xr.concat([sweeps.plane(), sweeps.plane()], "share_of", combine_attrs="override")
    cube = cube.assign_coords(share_of=[0.25, 0.5]).transpose("c0", "c1", ...)
    with pytest.raises(opt_games.SpecError, match=r"c0 \(5 values\), c1 .* --at share_of=0.5"):
        plot_sweep(cube, player="law")
    axes = plot_sweep(cube.sel(share_of=0.3, method="nearest"), player="law")
    assert axes.get_title(loc="left") == "By hand\nnash bargain, share_of = 0.25"


# --- points ------------------------------------------------------------------------------------


def points(names: int) -> xr.Dataset:
    rng = np.random.default_rng(1)
    found = sweeps.dataset({"point": np.arange(8)}, np.zeros((8, 3), dtype=int))
    columns = {f"c{k}": ("point", rng.uniform(1, 2, 8)) for k in range(names)}
    return found.drop_vars("point").assign_coords(columns)


def test_points_over_one_parameter_are_marks_in_order():
    found = points(1)
    x, y = named(plot_sweep(found))["law"]
    assert x.tolist() == sorted(found["c0"].values)
    assert y.tolist() == found["utility"].values[np.argsort(found["c0"].values), 1].tolist()


def test_points_over_two_are_coloured():
    found = points(2)
    scatter = plot_sweep(found, player="film").collections[0]
    assert scatter.get_offsets().tolist() == list(
        map(list, zip(found["c0"].values, found["c1"].values, strict=True))
    )
    assert scatter.get_array().tolist() == found["utility"].values[:, 2].tolist()


def test_of_more_two_are_named():
    with pytest.raises(opt_games.SpecError, match="say which is x, and which y"):
        plot_sweep(points(3), player="film")
    axes = plot_sweep(points(3), player="film", x="c2", y="c0")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("c2", "c0")


# --- what makes no sense -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variable": "utilty"}, r"no variable 'utilty' \(did you mean \"utility\"\?\)"),
        ({"player": "lw"}, r"no player 'lw' \(did you mean \"law\"\?\)"),
        ({"solution": "ks"}, "no solution 'kalai-smorodinsky' to choose"),
        ({}, "choose one player for the picture: generalist, law, film"),
        ({"player": "law", "x": "c2"}, "'c2' does not vary"),
    ],
)
def test_what_there_is_not_is_said(options, message):
    with pytest.raises(opt_games.SpecError, match=message):
        plot_sweep(sweeps.plane(), **options)


def test_a_single_number_has_no_picture():
    with pytest.raises(opt_games.SpecError, match="nothing varies"):
        plot_sweep(sweeps.line().isel(c0=0))


def test_it_draws_into_the_axes_given():
    axes = Figure().subplots()
    assert plot_sweep(sweeps.line(), ax=axes) is axes
    assert plot_sweep(sweeps.plane(), player="law", ax=Figure().subplots(), legend=False)


@pytest.mark.parametrize("made", [sweeps.line, sweeps.plane])
def test_nothing_is_cut_off_and_nothing_overlaps(made):
    drawn = plot_sweep(made(), player="law").figure
    drawn.draw_without_rendering()
    axes = drawn.axes[0]
    legend = axes.get_legend().get_window_extent()
    boxes = [legend, axes.get_window_extent(), axes.xaxis.label.get_window_extent()]
    boxes += [other.get_tightbbox() for other in drawn.axes[1:]]
    for k, box in enumerate(boxes):
        assert box.x0 >= drawn.bbox.x0 - 1
        assert box.x1 <= drawn.bbox.x1 + 1
        assert box.y0 >= drawn.bbox.y0 - 1
        assert box.y1 <= drawn.bbox.y1 + 1
        for other in boxes[k + 1 :]:
            assert not box.padded(-1).overlaps(other.padded(-1))


def test_a_real_sweep_can_be_drawn():
    game = opt_games.load("fixed-cost")
    found = opt_games.sweep(
        game, {"share": [0.1, 0.5, 0.9]}, engine="one-by-one", executor="in-process", check=0
    )
    axes = plot_sweep(found)
    assert words(axes) == ["generalist", "law", "film", "contribute", "abstain"]
    assert axes.get_title(loc="left").endswith("given share")
