"""Scalarisations with the equilibrium inside."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from linear_frontier import TWO

from opt_games.branch import Branch, Closure
from opt_games.formulations.frontier_problem import frontier_problem
from opt_games.solvers import get_solver

FREE = (Closure.STATIONARY,)


def test_weights_are_params_that_a_solve_again_reads():
    model = frontier_problem(TWO.game, "weighted-sum")
    compiled = get_solver("ipopt").compile(model)
    found = []
    for weight in (1.0, 1.3):
        model.weight["generalist"] = weight
        model.weight["s0"] = model.weight["s1"] = 1.0
        assert compiled.solve().ok
        found.append(pyo.value(model.utility))
    assert found[1] > found[0] + 1e-3


def test_who_is_kept_just_willing_has_no_say():
    branch = Branch((Closure.FOLLOWER,), (FREE, FREE), binding=(1,))
    model = frontier_problem(TWO.game, "pascoletti-serafini", branch)
    assert list(model.floor) == ["generalist", "s0"]


def test_who_abstains_has_no_say():
    model = frontier_problem(TWO.game, "weighted-sum", Branch(FREE, (FREE, None)))
    assert list(model.weight) == ["generalist", "s0"]
    for player in model.weight:
        model.weight[player] = 1.0
    assert get_solver("ipopt").compile(model).solve().ok
    assert model.share["s0"].value == pytest.approx(1.0 / (1.0 + 1.0), abs=1e-7)
