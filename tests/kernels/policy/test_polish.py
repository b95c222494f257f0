from __future__ import annotations

import numpy as np
import pytest

import opt_games
from opt_games.kernels.policy.payoffs import Numbers, compile_policy_game
from opt_games.kernels.policy.polish import polish
from opt_games.kernels.policy.replies import replies
from opt_games.kernels.policy.response import Contest
from opt_games.kernels.policy.settle import Search


def at(form, base):
    """Replies to some base levels of one game with equal shares."""
    base = np.array(base, dtype=float)
    numbers = Numbers.of(form, {}, 1)
    contest = Contest(compile_policy_game(form), numbers, np.array([[0.5]]))
    search = Search.of(contest)
    games = np.zeros(base.shape[1], dtype=np.int64)
    where = contest, search.adapters, search.window
    return where, replies(*where, games, base)


def safety(**floors):
    return opt_games.load("safety").with_parameters(**floors)


def test_smooth_tops_are_placed_to_rounding():
    # both attributes have their top at 1/4: see REGULATION figure 2
    where, near = at(safety(), [[0.2501, 0.2499], [0.2499, 0.25001]])
    found, placed = polish(*where, near)
    assert placed.all()
    assert found.base == pytest.approx(np.full((2, 2), 0.25), abs=1e-12)


def test_no_top_nearby_is_left_alone():
    where, far = at(safety(), [[0.6], [0.1]])
    found, placed = polish(*where, far)
    assert not placed.any()
    assert found.base.tolist() == far.base.tolist()


def test_edge_where_the_specialist_is_just_willing():
    # the floor binds so hard that the specialist gains nothing, and alpha0 helps it as beta0 does
    form = safety(theta_D=1.5)
    exact = opt_games.solve(form).equilibrium
    levels = np.array(list(exact.levels["generalist"].values()))
    assert exact.profits["domain"] == pytest.approx(0.0, abs=1e-12)
    where, edge = at(form, np.tile(levels[:, None], 2))
    # back onto the edge from inside it
    where, near = at(form, edge.base + np.array([[0.0, 1e-4], [0.0, 0.0]]))
    found, placed = polish(*where, near)
    assert placed[0]
    assert found.base[:, 0] == pytest.approx(levels, abs=1e-10)


def test_never_worse():
    generator = np.random.default_rng(3)
    where, start = at(safety(theta_D=0.8), generator.uniform(0.0, 0.6, (2, 40)))
    found, _ = polish(*where, start)
    assert (found.payoff >= start.payoff - 1e-13 * start.size).all()
