"""Solvers that misbehave in the middle of a game: the answer stands, and what happened is said."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from solvers.faults import Fault

import opt_games
from opt_games.equilibrium import SolveLog
from opt_games.solvers import SolverOptions, get_solver


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raises", "fault raised ZeroDivisionError"),
        ("raises in compile", "fault raised ZeroDivisionError"),
        ("returns nothing", "fault returned None"),
    ],
)
def test_a_solver_that_fails_is_named_and_the_answer_stands(monkeypatch, fault, words):
    monkeypatch.setattr("opt_games.equilibrium.get_solver", lambda name: Fault(fault))
    found = opt_games.solve(opt_games.load("quadratic"), bargain="nash", solver="fault")
    assert found.equilibrium.certified
    assert found.equilibrium.shares["law"] == pytest.approx(0.377161, abs=1e-6)
    assert any(words in each for each in found.work.failures)
    assert found.to_dict()["solver"]["failures"]


@pytest.mark.parametrize("number", [float("nan"), 7.0])
def test_a_point_that_is_no_equilibrium_is_not_used(monkeypatch, number):
    class Writes(Fault):
        """Puts a number into every variable and calls it optimal."""

        def compile(self, model, options=None):
            problem = super().compile(model, options)
            solve = problem.solve

            def write(**how):
                for var in problem.variables:
                    var.set_value(number, skip_validation=True)
                return solve(**how)

            problem.solve = write
            return problem

    monkeypatch.setattr("opt_games.equilibrium.get_solver", lambda name: Writes("nan"))
    found = opt_games.solve(opt_games.load("quadratic"), share=0.4, solver="fault")
    assert found.equilibrium.certified
    assert found.equilibrium.levels["law"]["alpha"] == pytest.approx(0.8, abs=1e-9)
    assert any("has regret" in each for each in found.work.failures)


def test_an_infeasible_model_is_explained():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 3), initialize=1.0)
    model.goal = pyo.Objective(expr=model.x)
    model.floor = pyo.Constraint(expr=model.x**2 >= 25)
    log = SolveLog(get_solver("ipopt"), SolverOptions())
    assert not log.solve(model, "a test")
    assert log.failures[0].startswith("a test: infeasible")
    assert "floor by" in log.failures[0]
