from __future__ import annotations

import numpy as np
import pytest

import opt_games
from opt_games.policy.effects import anarchy


def test_effects_in_the_basic_game():
    floors = {"theta_G": [0.0, 0.5], "theta_D": [0.3, 0.4, 1.0, 2.45]}
    found = opt_games.effects(opt_games.load("safety"), floors, check=0)
    assert found["backfiring"].dims == ("theta_G", "theta_D", "player", "attribute")
    backfiring = found["backfiring"].sel(player="domain", attribute="beta")
    assert backfiring.values.tolist() == [[False, True, False, False], [False] * 4]
    assert found["mutualism"].values.tolist() == [[False] * 4, [False, False, True, False]]
    gone = found["abstention"].sel(player="domain")
    assert gone.values.tolist() == [[False, False, False, True]] * 2
    assert found["anarchy_utility"].values == pytest.approx(0.375)
    assert found["gain"].sel(theta_G=0.5, theta_D=1.0).values == pytest.approx(0.0625)


def test_rebargaining_compares_with_the_bargain_in_anarchy():
    game = opt_games.load("safety")
    found = opt_games.effects(game, {"theta_D": [0.0, 0.45]}, bargain=["nash", "egalitarian"])
    free = opt_games.solve(anarchy(game), bargain="nash")
    before = found["anarchy_share"].sel(solution="nash", player="domain").item()
    assert before == pytest.approx(free.shares["domain"], abs=1e-8)
    assert not found["backfiring"].sel(theta_D=0.0).any()


def test_points_share_their_anarchy():
    points = {"theta_D": [0.4, 0.4], "share": [0.5, 0.3]}
    found = opt_games.effects(opt_games.load("safety"), points=points)
    levels = found["anarchy_level"].sel(player="generalist", attribute="beta").values
    assert levels == pytest.approx([0.25, 0.15])


def test_a_game_without_floors_is_refused():
    with pytest.raises(opt_games.SpecError, match=r"add a table \[regulation\]"):
        opt_games.effects(opt_games.load("quadratic"), {"c0": [1.0]})


HARM = """
schema = 1
name = "Harm"
attributes = ["alpha", "beta"]
[parameters]
theta = 0.0
lam = 0.4
[generalist]
cost = [[1, 0], [0, 1]]
[[specialists]]
name = "law"
revenue = [1, 0.2]
cost = [[1, 0], [0, 1]]
[contract]
share = 0.5
[regulation]
specialists = { beta = "theta" }
[harm]
expected = "0.3 * (1 - beta1)**2"
liability = { specialists = "lam" }
[taxes]
revenue = 0.1
[welfare]
consumer_surplus = "0.2 * alpha1"
harm_weight = 2
"""


def test_what_the_public_gets_agrees_with_solve():
    game = opt_games.loads(HARM)
    found = opt_games.effects(game, {"theta": [0.0, 0.5], "lam": [0.1, 0.4]}, check=0)
    assert found.attrs["engine"] == "quadratic"
    for theta in (0.0, 0.5):
        for lam in (0.1, 0.4):
            alone = opt_games.solve(game.with_parameters(theta=theta, lam=lam)).equilibrium
            here = found.sel(theta=theta, lam=lam)
            for name, value in alone.society.items():
                shown = "social_welfare" if name == "welfare" else name
                assert float(here[shown]) == pytest.approx(value, abs=1e-8)


def test_the_best_liability_against_a_fine_grid():
    game = opt_games.loads(HARM)
    best = opt_games.best_policy(game, {"theta": (0.0, 1.5), "lam": (0.0, 1.0)}, points=13)
    grid = {"theta": np.linspace(0, 1.5, 61), "lam": np.linspace(0, 1, 41)}
    every = opt_games.effects(game, grid, check=0)["social_welfare"]
    assert best.value >= float(every.max()) - 1e-10
    assert best.value == pytest.approx(float(every.max()), abs=1e-3)
    found = opt_games.solve(game.with_parameters(**best.policy)).equilibrium
    assert found.society["welfare"] == pytest.approx(best.value, abs=1e-8)


def test_the_best_policy_of_the_basic_game():
    ranges = {"theta_G": (0.0, 1.2), "theta_D": (0.0, 2.5)}
    found = opt_games.best_policy(opt_games.load("safety"), ranges)
    assert found.policy == pytest.approx({"theta_G": 0.5, "theta_D": 1.0}, abs=1e-6)
    assert found.value == pytest.approx(0.875)
    safest = opt_games.best_policy(opt_games.load("safety"), ranges, objective="beta")
    assert safest.worst_nearby is None
    # theta_G = 0 and the floor at which the specialist is about to leave
    assert safest.value >= 2.36719


@pytest.mark.parametrize(
    ("ranges", "objective", "message"),
    [
        ({}, "welfare", "give the range"),
        ({"theta": (0, 1)}, "welfare", "unknown parameter"),
        ({"theta_D": (1, 0)}, "welfare", "expected a range"),
        ({"theta_D": (0, 1)}, "betta", "did you mean"),
    ],
)
def test_best_policy_refuses(ranges, objective, message):
    with pytest.raises(opt_games.SpecError, match=message):
        opt_games.best_policy(opt_games.load("safety"), ranges, objective=objective)
