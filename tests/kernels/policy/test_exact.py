from __future__ import annotations

import numpy as np
import pytest
from brute_force_pairs import best_payoff, leader_payoff
from policy_games import examples, game, pairs, parameters_of, random_columns

from opt_games.kernels.policy.audit import deviation_gain
from opt_games.kernels.policy.exact import solve_pairs, solve_thoroughly
from opt_games.kernels.policy.payoffs import Numbers, compile_policy_game
from opt_games.kernels.policy.response import Contest
from opt_games.kernels.policy.settle import Search


def test_all_examples():
    rows = examples()
    columns = {
        name: np.array([parameters_of(row)[name] for row in rows])
        for name in parameters_of(rows[0])
    }
    found = solve_pairs(pairs(columns))
    for k, row in enumerate(rows):
        assert found.leader[k] == pytest.approx(float(row["UG"]), abs=1e-11)
        assert found.follower[k] == pytest.approx(float(row["UD"]), abs=1e-11)
        assert found.active[k] == (row["regime"] != "abstain")
        if found.active[k]:
            levels = [*found.base[:, k], *found.final[:, k]]
            expected = [float(row[name]) for name in ("a0", "b0", "a1", "b1")]
            assert levels == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("concave", [True, False])
def test_quick_look_and_thorough_one_agree(concave):
    columns = random_columns(np.random.default_rng(11), 3000, concave=concave)
    games = pairs(columns)
    one, two = solve_pairs(games), solve_thoroughly(games)
    # with a share of 1 taking part never gains, and rounding blurs where it loses
    kept = columns["delta"] < 1.0
    assert one.leader == pytest.approx(two.leader, abs=1e-5)
    assert one.leader[kept] == pytest.approx(two.leader[kept], abs=1e-11)
    assert one.follower[kept] == pytest.approx(two.follower[kept], abs=1e-10)
    assert np.array_equal(one.active[kept], two.active[kept])
    produced = one.active & one.takes & kept
    assert np.array_equal(produced, two.active & two.takes & kept)
    assert one.base[:, produced] == pytest.approx(two.base[:, produced], abs=1e-8)
    assert one.final[:, produced] == pytest.approx(two.final[:, produced], abs=1e-8)


@pytest.mark.parametrize("concave", [True, False])
def test_no_deviation_pays(concave):
    columns = random_columns(np.random.default_rng(12), 10_000, concave=concave)
    games = pairs(columns)
    found = solve_pairs(games)
    gain = deviation_gain(games, found)
    assert gain[columns["delta"] < 1.0].max() <= 1e-12
    assert gain.max() <= 1e-8
    # who takes part is content to
    assert found.follower.min() >= -1e-9
    assert found.leader.min() >= -1e-9


def test_wrong_levels_show_as_deviations():
    games = pairs(random_columns(np.random.default_rng(13), 500, concave=True))
    found = solve_pairs(games)
    wrong = found.replaced(np.arange(500), found)
    wrong.leader[:] -= 1e-6
    assert deviation_gain(games, wrong)[found.active & found.takes].min() > 1e-12
    assert deviation_gain(games, found).max() <= 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("concave", [True, False])
def test_brute_force_finds_nothing_better(concave):
    columns = random_columns(np.random.default_rng(14), 60, concave=concave)
    found = solve_pairs(pairs(columns))
    for k in range(60):
        p = {name: float(values[k]) for name, values in columns.items()}
        at = found.base[:, [k]]
        top = 3.0 * max(1.0, at.max(), p["theta_D"], p["theta_G"])
        assert best_payoff(p, top) == pytest.approx(found.leader[k], rel=2e-4, abs=1e-5)
        assert best_payoff(p, top) <= found.leader[k] + 1e-8
        if found.active[k] and found.takes[k]:
            leader, own, final = leader_payoff(p, at)
            assert leader[0] == pytest.approx(found.leader[k], abs=1e-8)
            assert own[0] == pytest.approx(found.follower[k], abs=1e-8)
            assert final[:, 0] == pytest.approx(found.final[:, k], abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("concave", [True, False])
def test_the_search_for_any_formulas_finds_the_same(concave):
    columns = random_columns(np.random.default_rng(15), 80, concave=concave)
    found = solve_pairs(pairs(columns))
    form = game()
    numbers = Numbers.of(form, columns, 80)
    contest = Contest(compile_policy_game(form), numbers, columns["delta"][None])
    searched = Search.of(contest).settle()
    assert searched.profits[0] == pytest.approx(np.maximum(found.leader, 0.0), abs=2e-9)
