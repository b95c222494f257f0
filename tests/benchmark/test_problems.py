"""Problems: their answers are those of closed forms, and their levels are bounded."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

import opt_games
from opt_games.benchmark.families import draw, random_games
from opt_games.benchmark.problems import set_answer
from opt_games.benchmark.reference import known_problems, problems_of
from opt_games.benchmark.starts import start_points
from opt_games.parts import Generalist, Specialist
from opt_games.solvers.model_view import ModelView

from .games import quadratic


def test_the_answers_are_those_of_the_closed_form():
    # c0 = 1, c1 = 1/2, delta = 0.4: U_G = 0.28, U_D = 0.3, and what law adds to it at alpha0 = 0.2
    problems, left_out = problems_of("q", quadratic(0.4))
    assert {each.name: each.objective for each in problems} == {
        "q: equilibrium": pytest.approx(0.28),
        "q: invest law": pytest.approx(0.3),
    }
    assert left_out == {"q: bargain": "the contract is given"}
    assert problems[0].outcomes["law"][0] == pytest.approx(0.3)
    assert all(0.0 <= each.gap <= 1e-6 for each in problems)


def test_the_bargain_is_the_best_of_the_closed_form():
    problems, _ = problems_of("q", quadratic())
    shares = [k / 100000 for k in range(1, 100000)]
    gains = [(d * d / 4 + d * (1 - d)) * (d * (1 - d) / 2 + (1 - d) ** 2 / 2) for d in shares]
    best = max(gains)
    assert pyo.exp(problems[0].objective) == pytest.approx(best, rel=1e-8)
    assert 0.0 <= problems[0].gap < 1e-3


def test_what_is_not_proven_is_left_out(monkeypatch):
    monkeypatch.setattr("opt_games.benchmark.reference._SECONDS", 1e-9)
    problems, left_out = problems_of("q", quadratic(0.4))
    assert not problems
    assert left_out["q"].startswith("no proof of the answer to compare with: ")


def test_nobody_invests():
    problems, left_out = problems_of("q", quadratic(0.4, outside=5.0))
    assert (problems, left_out) == ([], {"q": "nobody invests"})


def test_an_unbounded_game_is_left_out():
    game = opt_games.Game(
        "q", Generalist("alpha0**2"), [Specialist("law", "alpha1**3", "alpha1 - alpha0")]
    )
    problems, left_out = problems_of("q", game)
    assert not problems
    assert left_out["q"].startswith("no answer to compare with: ")


@pytest.mark.parametrize("name", ["quadratic", "three-regimes", "safety"])
def test_levels_and_shares_are_bounded_and_the_answer_is_inside(name):
    problems, _ = problems_of(name, opt_games.load(name))
    for problem in problems:
        stated = problem.state()
        set_answer(stated, problem.answer)
        for var in ModelView(stated.model).variables:
            if "multiplier" in var.name or "pressure" in var.name or var.fixed:
                continue
            assert None not in var.bounds
            assert var.lb <= var.value < var.ub


def test_starts():
    (problem, *_), _ = problems_of("q", quadratic())
    view = ModelView(problem.state().model)
    points = start_points(view, problem.name, 5, seed=3)
    assert points == start_points(view, problem.name, 5, seed=3)
    assert points[:3] == start_points(view, problem.name, 3, seed=3)
    assert points != start_points(view, problem.name, 5, seed=4)
    assert points[0] == [var.value or 0.0 for var in view.variables]
    for k in (1, 3):
        assert view.judge(points[k]).violation < float("inf")
    for var, number in zip(view.variables, points[2], strict=True):
        assert number in var.bounds or None in var.bounds


def test_random_games():
    games = random_games(6, seed=1)
    assert list(random_games(4, seed=1)) == list(games)[:4]
    assert dict(random_games(4, seed=1)["power 1.3"].parameters) == dict(
        games["power 1.3"].parameters
    )
    assert [("f1" in game.parameters) for game in games.values()] == [
        *(False, False, True, True),
        *(False, False),
    ]
    assert games["exponential 1.0"].parameters != games["exponential 1.4"].parameters


def test_the_draws_lie_in_their_ranges():
    import numpy as np

    drawn = draw("power", 500, np.random.default_rng(0), fixed_costs=True)
    ranges = {"R": (1, 5), "k": (0.3, 0.9), "c0": (0.05, 2), "q0": (1.3, 3), "m1": (0, 2)}
    for name, (low, high) in ranges.items():
        assert low <= drawn[name].min() <= drawn[name].max() <= high
        assert drawn[name].max() - drawn[name].min() > 0.9 * (high - low)
    assert 0.4 < (drawn["m1"] == 0).mean() < 0.6
    assert np.all(drawn["f1"] <= 0.3 * drawn["R"])


def test_known_problems_state_themselves():
    problems = {each.name: each for each in known_problems()}
    assert problems["known: hs071"].objective == pytest.approx(17.0140172891563)
    assert len(ModelView(problems["known: hs071"].state().model).variables) == 4
