"""The first best with levels and shares as variables."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

import opt_games
from opt_games.formulations.first_best_problem import first_best_problem
from opt_games.solvers import get_solver


def test_participants_may_be_left_out():
    game = opt_games.load("separate-shares")
    model = first_best_problem(game, "weighted-sum", ["law"])
    assert list(model.domain) == ["law"]
    for player in model.weight:
        model.weight[player] = 1.0
    assert get_solver("ipopt").compile(model).solve().ok
    assert pyo.value(model.objective) == pytest.approx(1 / 4 + 1 / 4, abs=1e-7)


def test_nobody_signs_for_less_than_the_outside_option():
    game = opt_games.load("quadratic")
    model = first_best_problem(game, "weighted-sum")
    model.weight["generalist"] = 1.0
    assert get_solver("ipopt").compile(model).solve().ok
    assert pyo.value(model.domain["law"].profit) == pytest.approx(0.0, abs=1e-6)
    assert pyo.value(model.profit) == pytest.approx(0.75, abs=1e-6)


def test_a_ray_splits_the_first_best():
    model = first_best_problem(opt_games.load("quadratic"), "pascoletti-serafini")
    for player, part in (("generalist", 2.0), ("law", 1.0)):
        model.floor[player], model.direction[player] = 0.0, part
    assert get_solver("ipopt").compile(model).solve().ok
    assert pyo.value(model.utility) == pytest.approx(0.5, abs=1e-7)
    assert pyo.value(model.domain["law"].utility) == pytest.approx(0.25, abs=1e-7)
