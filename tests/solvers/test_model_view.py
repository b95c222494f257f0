from __future__ import annotations

import contextlib
import math

import pyomo.environ as pyo
import pytest

from opt_games.solvers.model_view import ModelView, conclude, shortfall
from opt_games.solvers.result import Outcome, Quality, SolverInfo, Termination

from . import problems

INFO = SolverInfo("liar", "1")


@pytest.mark.parametrize(
    ("number", "low", "high", "expected"),
    [
        (1.0, 0.0, 2.0, 0.0),
        (-0.5, 0.0, 2.0, 0.5),
        (110.0, 0.0, 100.0, 0.1),
        (5.0, -math.inf, math.inf, 0.0),
        (math.nan, 0.0, 1.0, math.inf),
        (math.inf, 0.0, 1.0, math.inf),
    ],
)
def test_shortfall_is_relative_to_the_bound(number, low, high, expected):
    assert shortfall(number, low, high) == expected


def test_judgement_is_of_the_original_model_and_leaves_it_alone():
    model = problems.hs071()
    view = ModelView(model)
    judgement = view.judge([1.0, 1.0, 1.0, 6.0])
    assert judgement.objective == 19.0
    assert sorted(map(abs, judgement.bodies)) == [6.0, 39.0]
    assert judgement.violation == pytest.approx(19 / 25)
    assert [model.x[i].value for i in (1, 2, 3, 4)] == [1, 5, 5, 1]


def test_bounds_count_as_constraints():
    view = ModelView(problems.active_bounds())
    assert view.judge([1.25, 0.0]).violation == 0.25


@pytest.mark.parametrize("point", [[-1.0], [math.nan], [math.inf], [0.0]])
def test_undefined_points_are_infinitely_wrong(point):
    judgement = ModelView(problems.undefined_start()).judge(point)
    assert judgement.violation == math.inf
    assert math.isnan(judgement.objective)


def test_complex_values_are_undefined():
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.cost = pyo.Objective(expr=m.x**0.5)
    assert ModelView(m).judge([-1.0]).violation == math.inf


def test_a_false_success_is_not_believed():
    view = ModelView(problems.equality())
    outcome = Outcome(Termination.CONVERGED, [0.0, 0.0], 3, "optimal!")
    result, _ = conclude(view, outcome, INFO, 0.0)
    assert result.holds is Quality.POINT
    assert not result.ok
    assert result.constraint_violation == 1.0


def test_a_success_without_a_point_is_a_failure():
    view = ModelView(problems.undefined_start())
    for point in (None, [-1.0]):
        result, _ = conclude(view, Outcome(Termination.CONVERGED, point, 3, "hm"), INFO, 0.0)
        assert result.termination is Termination.NUMERICAL_FAILURE
        assert result.holds is Quality.NOTHING
        assert result.values == ()
        assert result.objective is None


def test_order_is_that_of_declaration_with_strangers_last():
    m = pyo.ConcreteModel()
    m.out = pyo.Var()
    m.b = pyo.Block()
    m.b.z, m.b.a, m.b.unused = pyo.Var(), pyo.Var(), pyo.Var()
    m.b.cost = pyo.Objective(expr=m.out + m.b.a * m.b.z)
    assert [var.name for var in ModelView(m.b).variables] == ["b.z", "b.a", "out"]


def test_at_restores_values_and_staleness_even_after_an_error():
    m = problems.equality()
    view = ModelView(m)
    m.x.value, m.x.stale = 5.0, True

    with contextlib.suppress(RuntimeError), view.at([1.0, 2.0]):
        assert m.x.value == 1.0
        raise RuntimeError
    assert (m.x.value, m.y.value, m.x.stale) == (5.0, None, True)
