from __future__ import annotations

import numpy as np
import pytest
from regulation.numbers import (
    OBJECTIVES,
    VARIANTS,
    figure1,
    figure2,
    figure3,
    figure4,
    figure4_games,
    figure5,
)

FIGURE1 = {
    (0.0, 0.0): ((0.75, 0.75), (1.35, 1.0833333, 1.4166667), (1.35, 1.5, 1.0657895), 2.757895),
    (0.0, 1.0): ((0.75, 0.0), (1.35, 1.0833333, 1.4166667), (1.0, 1.0, 1.0), 2.8625),
    (0.8, 0.8): ((0.75, 0.8), (1.35, 1.0833333, 1.4166667), (1.4, 1.55, 1.1157895), 2.755395),
    (0.8, 1.2): ((0.75, 0.8), (1.35, 1.0833333, 1.4166667), (1.4, 1.55, 1.2), 2.7975),
}
FIGURE3 = {
    "c = 0, delta = 0.5": (0.375, 0.75, 2.36719639, 0.5),
    "c = 0, delta = 0.25": (0.4375, 0.98737243, 2.22304480, 0.5),
    "c = 0, delta = 0.75": (0.3125, 0.47855339, 2.20056050, 0.5),
    "c = 0.1": (0.34090909, 0.71823793, 2.21432312, 0.454545455),
    "c = -0.1": (0.41666667, 0.79406688, 2.56484180, 0.555555556),
    "c = 0.25": (0.3, 0.68989795, 2.05868786, 0.4),
    "c = -0.25": (0.5, 0.89110668, 2.97858503, 0.666666667),
    "c = 0.75": (0.21428571, 0.68301270, 2.0, 0.285714286),
    "c = 1.25": (np.nan, 0.68301270, 2.0, 0.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("floors", FIGURE1)
def test_figure_1(floors):
    base, performance, safety, utility = FIGURE1[floors]
    at = figure1(*floors)
    assert list(at.levels["generalist"].values()) == pytest.approx(base, abs=1e-6)
    responses = [level for player, level in at.levels.items() if player != "generalist"]
    assert [level["alpha"] for level in responses] == pytest.approx(performance, abs=1e-6)
    assert [level["beta"] for level in responses] == pytest.approx(safety, abs=1e-6)
    assert at.utilities["generalist"] == pytest.approx(utility, abs=1e-6)
    assert at.certified


def check_figure_2(found):
    """The regions of the paper's theorems, cell by cell."""
    theta_G, theta_D = found["theta_G"].values, found["theta_D"].values
    edge = 0.375 + 2 * theta_G**2
    margin = 1e-9  # the grid has points on the curves
    backfires = (theta_D > edge + margin) & (theta_D < 0.5 - margin) & (theta_G < 0.25)
    backfiring = found["backfiring"].sel(player="domain", attribute="beta").values
    assert np.array_equal(backfiring, backfires)
    gains = 0.5 * theta_D - (theta_D - theta_G) ** 2 > 0.1875 + margin
    assert np.array_equal(found["mutualism"].values, (theta_D > edge + margin) & gains)
    anarchy = found["anarchy_utility"].values
    assert anarchy == pytest.approx(0.375, abs=1e-12)
    diagonal = theta_G == theta_D
    gone = found["abstention"].sel(player="domain").values
    assert np.array_equal(gone[diagonal], theta_G[diagonal] > 0.862372)
    assert not (found["status"].values != 0).any()
    assert found["regret"].max() <= 1e-9


def test_figure_2_on_a_coarse_grid():
    check_figure_2(figure2(0.025, executor="in-process"))


@pytest.mark.slow
def test_figure_2():
    found = figure2(executor="in-process")
    assert found.sizes["point"] == 105_651
    check_figure_2(found)
    utility = found["utility"].sel(player="generalist")
    best = int(utility.values.argmax())
    assert float(utility[best]) == pytest.approx(0.69976, abs=1e-5)
    assert found["theta_G"].values[best] == 0.0
    assert found["theta_D"].values[best] == pytest.approx(1.275)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_figure_3(name):
    found = figure3(VARIANTS[name])
    here = (found.backfires, found.binds, found.abstains, found.anarchy)
    assert here == pytest.approx(FIGURE3[name], abs=2e-8, nan_ok=True)


@pytest.mark.slow
def test_figures_4_and_5():
    games = figure4_games(executor="in-process")
    assert games.sizes["point"] == 49_686
    anarchy = {"utilitarian": 0.749974, "nash": 0.140609, "egalitarian": 0.372461}
    for name in OBJECTIVES:
        found = figure4(games, name)
        assert found.objective == pytest.approx(anarchy[name], abs=1e-6)
        # still profitable up to a floor of 2.35, and no backfiring at a floor of 0.5
        assert found.floor[found.abstention].min() >= 0.8
        lone = found.lead_floor == 0.0
        assert found.floor[found.abstention & lone].min() == pytest.approx(2.4)
        assert not found.backfiring[found.floor >= 0.5].any()
        assert np.all(found.utilities[found.abstention] == 0.0)
    total = games["utility"].values.sum(axis=1)
    best = int(total.argmax())
    assert total[best] == pytest.approx(0.875, abs=2e-5)
    assert (games["theta_G"].values[best], games["theta_D"].values[best]) == (0.5, 1.0)
    hulls = figure5(games)
    reach = {name: corners.max(axis=0) for name, corners in hulls.items()}
    for name in ("none", "generalist", "specialist"):
        assert np.all(reach["both"] >= reach[name] - 1e-12)
