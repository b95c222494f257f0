"""Fault injection: what a back end does wrong is contained and named."""

from __future__ import annotations

import time

import pyomo.environ as pyo
import pytest

from opt_games.errors import SolverError
from opt_games.solvers import Contained, Quality, SolverOptions, Termination, get_solver
from opt_games.testing import problems

from .faults import Fault


def bowl():
    """Least where both are 1; 0.25 is feasible and not stationary."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=(0, 5), initialize=0.5)
    m.cost = pyo.Objective(expr=sum((m.x[i] - 1) ** 2 for i in m.x))
    m.top = pyo.Constraint(expr=m.x[1] + m.x[2] <= 4)
    return m


def solve(fault, **options):
    model = bowl()
    result = Contained(Fault(fault), grace=8).compile(model, SolverOptions(**options)).solve()
    return result, model


@pytest.mark.parametrize(
    ("fault", "termination", "holds", "words"),
    [
        ("nan", Termination.NUMERICAL_FAILURE, Quality.NOTHING, "claimed locally-optimal"),
        ("lies about feasibility", Termination.CONVERGED, Quality.POINT, "top is violated most"),
        (
            "lies about optimality",
            Termination.NUMERICAL_FAILURE,
            Quality.FEASIBLE,
            "not stationary",
        ),
        ("lies about its bound", Termination.CONVERGED, Quality.FEASIBLE, "refuted by its own"),
        ("lies about its proof", Termination.CONVERGED, Quality.FEASIBLE, "claimed globally"),
        ("lies about the objective", Termination.CONVERGED, Quality.LOCALLY_OPTIMAL, "as -7.0"),
        ("too few values", Termination.NUMERICAL_FAILURE, Quality.NOTHING, "claimed"),
        ("returns nothing", Termination.ERROR, Quality.NOTHING, "returned a NoneType"),
        ("raises", Termination.ERROR, Quality.NOTHING, "raised ZeroDivisionError('no luck')"),
        ("raises in compile", Termination.ERROR, Quality.NOTHING, "raised ZeroDivisionError"),
        ("raises what cannot be sent", Termination.ERROR, Quality.NOTHING, "Unsendable"),
        ("is killed", Termination.ERROR, Quality.NOTHING, "killed by SIGSEGV"),
        ("exits", Termination.ERROR, Quality.NOTHING, "exit code 3"),
        ("shouts", Termination.CONVERGED, Quality.LOCALLY_OPTIMAL, "all is well"),
    ],
)
@pytest.mark.slow
def test_a_fault_is_contained_and_named(fault, termination, holds, words, capfd):
    result, model = solve(fault)
    assert (result.termination, result.holds) == (termination, holds)
    assert words in result.message
    assert result.solver.name == "fault"
    assert capfd.readouterr() == ("", "")
    if holds is Quality.NOTHING:
        assert [model.x[i].value for i in (1, 2)] == [0.5, 0.5]
    if not result.ok:
        with pytest.raises(SolverError, match=r"fault 0: "):
            result.require()


@pytest.mark.slow
def test_one_that_hangs_is_killed():
    began = time.perf_counter()
    model = bowl()
    contained = Contained(Fault("hangs"), grace=4)
    result = contained.compile(model, SolverOptions(time_limit=0.5)).solve()
    assert time.perf_counter() - began < 15
    assert result.termination is Termination.TIME_LIMIT
    assert "did not stop within 4.5 s and was killed" in result.message


@pytest.mark.slow
def test_an_honest_solver_is_believed():
    model = problems.parameters()
    problem = Contained(get_solver("ipopt")).compile(model)
    assert problem.solve().require().values == pytest.approx((2.0, 1.5), abs=1e-6)
    model.p, model.top = 5.0, 4.0
    assert problem.solve().require().values == pytest.approx((4.0, 2.5), abs=1e-6)
    assert model.x.value == pytest.approx(4.0)


@pytest.mark.slow
def test_its_refusals_come_through():
    problem = Contained(get_solver("ipopt")).compile(
        bowl(), SolverOptions(options={"no_such_option": 1})
    )
    with pytest.raises(SolverError, match="no_such_option"):
        problem.solve()
