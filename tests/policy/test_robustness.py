from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import opt_games

FLOORS = {"theta_G": (0.0, 1.2), "theta_D": (0.0, 2.5)}
POLICY = {"theta_G": 0.5, "theta_D": 1.0}


@pytest.fixture(scope="module")
def found():
    game = opt_games.load("safety")
    uncertain = {"delta": (0.3, 0.7), "c0": (-0.2, 0.2)}
    return opt_games.robustness(game, POLICY, FLOORS, uncertain, scenarios=3, seed=4, points=13)


def _welfare(game, policy):
    return sum(opt_games.solve(game.with_parameters(**policy)).utilities.values())


def test_values_and_best_are_those_of_games_solved_one_by_one(found):
    game = opt_games.load("safety")
    for k in range(len(found.values)):
        there = game.with_parameters(**found.at(k))
        welfare = _welfare(there, POLICY)
        assert found.values[k] == pytest.approx(welfare, abs=1e-9)
        best = _welfare(there, found.best_policies[k])
        assert found.best[k] == pytest.approx(best, abs=1e-9)


def test_regret_against_a_fine_grid_of_policies(found):
    game = opt_games.load("safety")
    axes = {name: np.linspace(*ends, 61) for name, ends in FLOORS.items()}
    k = found.most_regretted
    swept = opt_games.sweep(game.with_parameters(**found.at(k)), axes, check=0, progress=False)
    top = float(swept["utility"].sum("player", skipna=False).max())
    assert found.best[k] >= top - 1e-12
    assert found.best[k] <= top + 2e-3
    assert found.regrets[k] == max(found.regrets) > 0.01
    assert found.values[found.worst] == min(found.values)


def test_the_sample_is_seeded_and_the_corners_come_last(found):
    assert (found.sample, len(found.values)) == (3, 7)
    assert found.scenarios["delta"][3:] == (0.3, 0.3, 0.7, 0.7)
    assert found.mean == pytest.approx(np.mean(found.values[:3]))
    assert set(found.quantiles) == {"0.05", "0.5", "0.95"}
    document = found.to_dict()
    assert document["worst"]["value"] == min(found.values)
    assert len(document["each"]) == 7


def test_scenarios_in_which_the_policy_drives_players_out():
    """With little revenue the generalist leaves under a strict floor: no safety to compare."""
    game = opt_games.load("safety")
    rows = pd.DataFrame({"delta": [0.5, 0.02]})
    ranges = {"theta_G": (0.0, 1.2)}
    found = opt_games.robustness(game, {"theta_G": 0.6}, ranges, rows, objective="beta", points=9)
    assert found.values[0] is not None
    assert found.values[1] is None
    assert found.best[1] is not None
    assert (found.without_outcome, found.worst, found.most_regretted) == (1, 1, 1)
    assert found.mean == found.values[0]


@pytest.mark.parametrize(
    ("policy", "uncertain", "message"),
    [
        (POLICY, {"theta_D": (0.0, 1.0)}, "the regulator's choice"),
        (POLICY, {"dleta": (0.0, 1.0)}, "did you mean"),
        (POLICY, {"delta": (0.7, 0.3)}, "expected a range low:high"),
        (POLICY, {}, "give the range"),
        ({"theta_G": 0.5}, {"delta": (0.3, 0.7)}, "same parameters"),
    ],
)
def test_wrong_input(policy, uncertain, message):
    with pytest.raises(opt_games.SpecError, match=message):
        opt_games.robustness(opt_games.load("safety"), policy, FLOORS, uncertain)
