"""What global solvers share, tried with one that is made up."""

from __future__ import annotations

import math
from dataclasses import replace

import pyomo.environ as pyo
import pytest

from opt_games.errors import SolverError
from opt_games.solvers import Quality, SolverInfo, SolverOptions, Termination
from opt_games.solvers.global_problem import GlobalProblem
from opt_games.solvers.model_view import ModelView
from opt_games.solvers.operator_rules import Language, from_basic
from opt_games.solvers.result import Outcome
from opt_games.testing import multimodal, problems, unsolvable

INFO = SolverInfo("made up", "1")
MATHEMATICS = Language(
    "made up",
    from_basic(math.exp, math.log, math.sqrt) | {"abs": abs},
    pow,
    minimum=min,
    maximum=max,
)


class MadeUp(GlobalProblem):
    """Says what it is told to, and notes what it was asked."""

    def __init__(self, model, outcome, **more):
        super().__init__(ModelView(model), SolverOptions(), INFO, MATHEMATICS, **more)
        self.outcome = outcome
        self.instance = None

    def run(self, instance):
        self.instance = instance
        return self.outcome


def said(bound, termination=Termination.CONVERGED, point=(0.9999, 0.0001)):
    return Outcome(termination, list(point), 3, "so", bound=bound)


def test_a_proof_needs_a_bound_that_is_near():
    result = MadeUp(problems.active_bounds(), said(2.0)).solve()
    assert result.holds is Quality.GLOBALLY_OPTIMAL
    assert result.gap <= 1e-6
    for bound in (1.99, None, -math.inf, math.nan):
        result = MadeUp(problems.active_bounds(), said(bound)).solve()
        assert result.holds is Quality.FEASIBLE
        with pytest.raises(SolverError, match="its bound does not prove its point"):
            result.require()


def test_a_bound_that_the_point_refutes_is_dropped():
    result = MadeUp(problems.active_bounds(), said(2.5)).solve()
    assert (result.holds, result.bound) == (Quality.FEASIBLE, None)
    assert "its bound 2.5 is refuted by its own point: 2" in result.message


def test_a_bound_is_in_the_sense_of_the_model():
    model = problems.quotient()
    result = MadeUp(model, said(-0.5, point=[1.0])).solve()
    assert result.bound == pytest.approx(0.5)
    assert result.holds is Quality.GLOBALLY_OPTIMAL


def test_a_limit_leaves_point_and_bound_but_no_proof():
    stopped = said(2.0, Termination.TIME_LIMIT, point=(1.0, 0.0))
    result = MadeUp(problems.active_bounds(), stopped).solve()
    assert (result.holds, result.bound) == (Quality.FEASIBLE, 2.0)


def test_the_point_is_refined_but_never_made_worse():
    model = problems.active_bounds()
    MadeUp(model, said(2.0)).solve()
    assert model.x.value == pytest.approx(1.0, abs=1e-9)
    trap = multimodal.double_well()
    best = said(-0.25379123722046887, point=[-1.03])
    MadeUp(trap, best).solve()
    assert trap.x.value == pytest.approx(-1.0299, abs=1e-3)


def test_what_has_no_derivative_is_not_refined():
    model = problems.quotient()
    model.gain.set_value(-abs(model.x - 1) - pyo.Expr_if(model.x <= 20, 0, 1))
    with pytest.raises(SolverError, match="Expr_if"):
        MadeUp(model, said(0.0, point=[1.0]))


def test_only_free_variables_go_to_the_solver_and_starts_are_inside():
    model = problems.fixed_variable()
    model.y.set_value(99.0, skip_validation=True)
    problem = MadeUp(model, said(1.0, point=(2.0, 4.0)))
    problem.solve()
    assert problem.instance.free == (1,)
    assert problem.instance.start == (2.0, 5.0)
    model.y.set_value(math.nan, skip_validation=True)
    problem.solve()
    assert problem.instance.start == (2.0, 0.0)


def test_missing_bounds_are_named_with_the_remedy():
    problem = MadeUp(unsolvable.slope(), said(0.0), needs_bounds=True)
    with pytest.raises(SolverError, match=r"x has no lower bound.*x\.setlb"):
        problem.solve()


def test_the_instance_is_the_model_at_its_present_data():
    model = problems.parameters()
    problem = MadeUp(model, said(1.0, point=(2.0, 1.5)))
    model.p = 4.0
    problem.solve()
    found = problem.instance.expressions([1.0, 3.0], problem.rules)
    assert found.objective == pytest.approx((1 - 4) ** 2 + (3 - 2) ** 2)
    assert (found.rows, found.broken) == ((), None)


def test_maxima_are_turned_into_minima():
    problem = MadeUp(problems.quotient(), said(-0.5, point=[1.0]))
    problem.solve()
    assert problem.instance.expressions([2.0], problem.rules).objective == pytest.approx(-0.4)


def test_a_row_of_constants_that_does_not_hold_is_named():
    model = problems.ranged()
    problem = MadeUp(model, said(2.0, point=(1.0, 1.0)))
    problem.solve()
    found = replace(problem.instance).expressions([9.0, 9.0], problem.rules)
    assert found.broken == "area is 81 with all its variables fixed"


def test_params_without_values_and_undefined_constants():
    model = problems.quotient()
    model.q = pyo.Param(mutable=True, within=pyo.Any)
    model.more = pyo.Constraint(expr=model.x >= pyo.log(model.q) * model.x)
    problem = MadeUp(model, said(-0.5, point=[1.0]))
    problem.run = lambda instance: instance.expressions([1.0], problem.rules)
    with pytest.raises(SolverError, match="the Param q has no value"):
        problem.solve()
    model.q = -1.0
    result = problem.solve()
    assert result.termination is Termination.NUMERICAL_FAILURE
    assert "log" in result.message


def test_variables_added_later_ask_for_another_compile():
    model = problems.quotient()
    problem = MadeUp(model, said(-0.5, point=[1.0]))
    problem.run = lambda instance: instance.expressions([1.0], problem.rules)
    model.late = pyo.Var(bounds=(0, 1))
    model.gain.set_value(model.x + model.late)
    with pytest.raises(SolverError, match="late was added after compiling"):
        problem.solve()
