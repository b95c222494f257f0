from __future__ import annotations

import numpy as np
import pytest
from instant_engine import Instant

import opt_games

GAME = opt_games.load("three-regimes")
FAST = {"engine": Instant(fails_above=2), "workers": 1, "check": 0}


def test_one_row_for_each_point_and_solution():
    found = opt_games.sweep(
        GAME, {"c0": [1, 2, 3], "entry": [5, 6]}, bargain=["nash", "ks"], **FAST
    )
    frame = opt_games.to_frame(found)
    assert len(frame) == 12
    assert frame["c0"].tolist() == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
    assert frame["entry"].tolist() == [5, 5, 6, 6] * 3
    assert frame["solution"].tolist() == ["nash", "kalai-smorodinsky"] * 6
    assert frame["utility_support"].iloc[4] == np.sqrt(2.0)
    assert "share_generalist" not in frame
    assert frame["level_medicine_alpha"].iloc[0] == 1.0
    assert frame["status"].tolist() == ["ok"] * 8 + ["failed"] * 4
    assert frame["regime_law"].tolist() == ["contribute"] * 8 + ["unknown"] * 4
    assert frame["reason"].tolist() == [""] * 8 + ["c0 is 3"] * 4
    assert frame["share_law"].isna().sum() == 4
    assert set(frame["regime_law"].cat.categories) >= {"free-ride", "abstain", "comply"}


def test_points_keep_their_columns():
    points = {"c0": [1.0, 2.0, 3.0], "share": [0.1, 0.2, 0.3]}
    frame = opt_games.to_frame(opt_games.sweep(GAME, points=points, **FAST))
    assert frame["c0"].tolist() == [1.0, 2.0, 3.0]
    assert frame["given_share"].tolist() == [0.1, 0.2, 0.3]
    assert frame["share_law"].tolist()[:2] == [0.5, 1 / 3]


def test_a_file_gives_the_same_table(tmp_path):
    vary = {"c0": [1, 2, 3]}
    here = opt_games.to_frame(opt_games.sweep(GAME, vary, **FAST))
    with opt_games.sweep(GAME, vary, path=tmp_path / "o.nc", **FAST) as stored:
        there = opt_games.to_frame(stored)
    assert here.columns.tolist() == there.columns.tolist()
    for name in here:
        assert here[name].astype(str).tolist() == there[name].astype(str).tolist()


def test_xarrays_own_table_has_no_more_rows_than_needed():
    found = opt_games.sweep(GAME, {"c0": [1, 2, 3]}, **FAST)
    assert len(found.to_dataframe()) == 3 * 4
    assert len(found[["status", "reason"]].to_dataframe()) == 3


@pytest.mark.parametrize("share", [True, False])
def test_a_varying_share_is_one_column(share):
    vary = {"share": [0.1, 0.2], **({"c0": [1.0]} if share else {})}
    frame = opt_games.to_frame(opt_games.sweep(GAME, vary, **FAST))
    assert frame["share"].tolist() == [0.1, 0.2]
    assert not [name for name in frame if name.startswith("share_")]
