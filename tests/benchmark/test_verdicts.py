"""Verdicts rest on the model and the certified answer alone."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest

from opt_games.benchmark.problems import KnownProblem, Stated
from opt_games.benchmark.verdicts import Verdict, judge
from opt_games.benchmark.worker import Report
from opt_games.solvers import Quality, SolverInfo, SolverResult, Termination
from opt_games.solvers.model_view import ModelView

LOCAL, GLOBAL = Quality.LOCALLY_OPTIMAL, Quality.GLOBALLY_OPTIMAL


def verdict(x, *, holds=LOCAL, claimed=0.0, certified=1.0, outcome=None, sense=pyo.minimize):
    """Judge a claim about min (or max) of x over [1, 3], with the certified optimum given."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(1, 3))
    model.y = pyo.Expression(expr=1 / model.x)
    model.cost = pyo.Objective(expr=model.x, sense=sense)
    outcomes = {} if outcome is None else {"law": (outcome, 1.0)}
    problem = KnownProblem("p", certified, 1.0, outcomes, None, "p")
    result = SolverResult(
        Termination.CONVERGED if holds in (LOCAL, GLOBAL) else Termination.TIME_LIMIT,
        holds,
        claimed,
        x,
        0.0,
        1,
        0.0,
        "said so",
        SolverInfo("s", "0"),
    )
    stated = Stated(model, {"law": model.y})
    return judge(problem, stated, ModelView(model), Report(result), 1e-6)


@pytest.mark.parametrize("holds", [LOCAL, GLOBAL])
def test_what_it_says_of_itself_counts_for_nothing(holds):
    assert verdict((1.0,), holds=holds).verdict is Verdict.RIGHT
    wrong = verdict((2.0,), holds=holds, claimed=1.0)
    assert wrong.verdict is Verdict.WRONG
    assert wrong.reason == "short of the certified answer by 1"
    assert wrong.objective == 2.0


def test_to_the_tolerance():
    assert verdict((1.0 + 9e-7,)).verdict is Verdict.RIGHT
    assert verdict((1.0 + 2e-6,)).verdict is Verdict.WRONG


def test_maximising():
    right = verdict((3.0,), certified=3.0, sense=pyo.maximize)
    wrong = verdict((1.0,), certified=3.0, sense=pyo.maximize)
    assert (right.verdict, wrong.verdict) == (Verdict.RIGHT, Verdict.WRONG)


def test_better_than_the_certified_answer():
    assert verdict((1.0,), certified=1.5).verdict is Verdict.BEYOND
    assert verdict((1.0,), certified=1.5, holds=Quality.FEASIBLE).verdict is Verdict.BEYOND
    # not by breaking a bound, be it within the tolerance of a solver
    cheat = verdict((1.0 - 9e-7,), certified=1.0 + 9e-7)
    assert (cheat.verdict, cheat.violation) == (Verdict.WRONG, pytest.approx(9e-7))
    assert verdict((0.5,), certified=0.5).reason == "x is violated by 0.5"


def test_the_same_objective_with_other_utilities():
    assert verdict((1.0,), outcome=1.0 + 9e-4).verdict is Verdict.RIGHT
    other = verdict((1.0,), outcome=0.5)
    assert other.verdict is Verdict.WRONG
    assert "the utility of law is off by 0.5" in other.reason


@pytest.mark.parametrize("x", [(), (math.nan,), (math.inf,), (1.0, 1.0)])
def test_no_point(x):
    assert verdict(x).verdict is Verdict.WRONG
    honest = verdict(x, holds=Quality.NOTHING)
    assert (honest.verdict, honest.reason) == (Verdict.FAILED, "time-limit: said so")


def test_an_honest_failure_next_to_the_answer_is_one():
    assert verdict((1.0,), holds=Quality.FEASIBLE).verdict is Verdict.FAILED
