"""What the routes to IPOPT have in common, beyond the contract: see test_conformance."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap

import pyomo.environ as pyo
import pytest

from opt_games.errors import SolverError
from opt_games.solvers import Quality, SolverOptions, Termination

from . import problems
from .problems import PROBLEMS


@pytest.mark.parametrize("name", PROBLEMS)
def test_known_answer(solver, name, capfd):
    problem = PROBLEMS[name]
    model = problem.build()
    result = solver.compile(model).solve()
    assert (result.termination, result.holds) == (problem.termination, problem.holds)
    assert result.ok == (problem.objective is not None)
    assert capfd.readouterr() == ("", "")
    assert result.solver.name == solver.name
    assert result.solver.version == solver.availability().version
    assert result.seconds > 0
    assert result.message
    if problem.objective is not None:
        assert result.constraint_violation < 1e-8
        assert result.objective == pytest.approx(problem.objective, abs=1e-7)
    for var, number in problem.point.items():
        assert model.find_component(var).value == pytest.approx(number, abs=1e-6)


@pytest.mark.parametrize("name", [n for n, each in PROBLEMS.items() if each.objective is None])
def test_failure_raises_with_the_next_step(solver, name):
    result = solver.compile(PROBLEMS[name].build()).solve()
    with pytest.raises(SolverError, match=result.termination.value) as caught:
        result.require()
    assert len(str(caught.value)) > 60


def test_values_follow_variables(solver):
    model = problems.hs071()
    problem = solver.compile(model)
    assert [var.name for var in problem.variables] == ["x[1]", "x[2]", "x[3]", "x[4]"]
    result = problem.solve(load=False)
    expected = PROBLEMS["hs071"].point
    for var, number in zip(problem.variables, result.values, strict=True):
        assert number == pytest.approx(expected[var.name], abs=1e-6)


def snapshot(model):
    parts = {each.name: type(each) for each in model.component_objects()}
    numbers = {
        var.name: (var.value, var.fixed, var.bounds, var.domain.name)
        for var in model.component_data_objects(pyo.Var)
    }
    active = {c.name: (c.active, str(c.expr)) for c in model.component_data_objects(pyo.Constraint)}
    return parts, numbers, active


@pytest.mark.parametrize("name", PROBLEMS)
def test_model_is_untouched_without_load(solver, name):
    model = PROBLEMS[name].build()
    before = snapshot(model)
    solver.compile(model).solve(load=False)
    assert snapshot(model) == before


def test_load_writes_values_and_nothing_else(solver):
    model = problems.fixed_variable()
    model.unused = pyo.Var(initialize=7.0)
    before = snapshot(model)
    solver.compile(model).solve()
    after = snapshot(model)
    assert before[1].pop("y") != after[1].pop("y")
    assert after == before


def test_new_parameters_and_bounds_reach_the_solver(solver):
    model = problems.parameters()
    problem = solver.compile(model)
    problem.solve().require()
    model.p, model.top = 5.0, 4.0
    result = problem.solve().require()
    assert result.values == pytest.approx((4.0, 2.5), abs=1e-7)
    model.x.setub(None)
    model.y.setlb(3.0)
    assert problem.solve().require().values == pytest.approx((5.0, 3.0), abs=1e-7)


def test_parameter_in_the_bounds_of_a_constraint(solver):
    model = problems.ranged()
    problem = solver.compile(model)
    problem.solve().require()
    model.low = 9.0
    assert problem.solve().require().objective == pytest.approx(6.0, abs=1e-7)
    model.low = -1.0
    result = problem.solve(load=False)
    assert result.termination is Termination.INFEASIBLE
    assert "area" in result.message or "constraint" in result.message


def test_fixing_and_freeing_needs_no_new_compile(solver):
    model = problems.rosenbrock()
    problem = solver.compile(model)
    assert problem.solve().require().values == pytest.approx((1.0, 1.0), abs=1e-6)
    model.x.fix(2.0)
    assert problem.solve().require().values == pytest.approx((2.0, 4.0), abs=1e-6)
    model.x.fix(3.0)
    assert problem.solve().require().values == pytest.approx((3.0, 9.0), abs=1e-6)
    model.x.unfix()
    assert problem.solve().require().values == pytest.approx((1.0, 1.0), abs=1e-6)


def test_start_is_the_present_value(solver):
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=-1.0)
    model.cost = pyo.Objective(expr=(model.x**2 - 4) ** 2)
    problem = solver.compile(model)
    assert problem.solve().require().values == pytest.approx((-2.0,), abs=1e-4)
    model.x.value = 1.0
    assert problem.solve().require().values == pytest.approx((2.0,), abs=1e-4)


def test_a_block_with_variables_from_outside(solver):
    model = pyo.ConcreteModel()
    model.lead = pyo.Var(initialize=3.0)
    model.f = pyo.Block()
    model.f.x = pyo.Var()
    model.f.cost = pyo.Objective(expr=(model.f.x - model.lead) ** 2)
    model.cost = pyo.Objective(expr=model.lead**2)
    model.lead.fix()
    problem = solver.compile(model.f)
    assert [var.name for var in problem.variables] == ["f.x", "lead"]
    assert problem.solve().require().values == pytest.approx((3.0, 3.0))
    model.lead.fix(4.0)
    assert problem.solve().require().values == pytest.approx((4.0, 4.0))


def test_integer_variables_are_refused_with_the_reason(solver):
    model = problems.rosenbrock()
    model.x.domain = pyo.Integers
    with pytest.raises(SolverError, match=r"x is Integers.*use scip, maingo or gurobi"):
        solver.compile(model)
    model.x.fix(2)
    problem = solver.compile(model)
    assert problem.solve().require().values == pytest.approx((2.0, 4.0))
    model.x.unfix()
    with pytest.raises(SolverError, match="x is Integers"):
        problem.solve()


def test_two_objectives_are_refused(solver):
    model = problems.rosenbrock()
    model.other = pyo.Objective(expr=model.x)
    with pytest.raises(SolverError, match="cost, other"):
        solver.compile(model)


@pytest.mark.parametrize("change", ["sphere", "cost"])
def test_a_changed_structure_is_noticed(solver, change):
    model = problems.hs071()
    problem = solver.compile(model)
    model.find_component(change).deactivate()
    with pytest.raises(SolverError, match=f"{change}.*compile it again"):
        problem.solve()


@pytest.mark.parametrize("change", ["cost", "total"])
def test_a_changed_expression_is_noticed(in_process, change):
    model = problems.equality()
    problem = in_process.compile(model)
    model.find_component(change).set_value(
        3 * model.x**2 + 1 if change == "cost" else model.x + 1.5 * model.y <= 10
    )
    with pytest.raises(SolverError, match="compile the model again"):
        problem.solve()


def test_missing_values_are_named(solver):
    model = problems.parameters()
    problem = solver.compile(model)
    model.x.fix(None)
    with pytest.raises(SolverError, match="x is fixed but has no value"):
        problem.solve()


def test_missing_parameter_is_named(in_process):
    model = problems.parameters()
    model.q = pyo.Param(mutable=True)
    model.more = pyo.Constraint(expr=model.x >= model.q)
    problem = in_process.compile(model)
    with pytest.raises(SolverError, match="the Param q has no value"):
        problem.solve()


def test_more_equations_than_free_variables(in_process):
    model = problems.equality()
    model.second = pyo.Constraint(expr=model.x - model.y == 0)
    model.third = pyo.Constraint(expr=model.x == 0.5)
    result = in_process.compile(model).solve()
    assert result.termination is Termination.INVALID_MODEL
    assert "3 equality constraints but 2 free variables" in result.message


def test_iteration_limit(solver):
    result = solver.compile(problems.rosenbrock(), SolverOptions(iteration_limit=3)).solve()
    assert result.termination is Termination.ITERATION_LIMIT
    assert result.holds is Quality.FEASIBLE
    assert result.iterations == 3
    assert not result.ok


def test_time_limit(solver):
    model = problems.chained_rosenbrock(6000)
    problem = solver.compile(model, SolverOptions(time_limit=2.0))
    result = problem.solve(load=False)
    assert result.termination is Termination.TIME_LIMIT
    assert result.holds is Quality.FEASIBLE
    assert result.iterations > 0
    assert result.seconds < 60


def test_vendor_options_pass_through(solver):
    options = SolverOptions(options={"mu_strategy": "adaptive", "max_soc": 2, "mu_init": 0.5})
    assert solver.compile(problems.hs071(), options).solve().ok
    options = SolverOptions(options={"diverging_iterates_tol": 1.0})
    result = solver.compile(problems.rosenbrock(), options).solve()
    assert result.termination is Termination.UNBOUNDED


def test_unknown_option_is_named(solver):
    options = SolverOptions(options={"muu_strategy": "adaptive"})
    with pytest.raises(SolverError, match="muu_strategy"):
        solver.compile(problems.hs071(), options).solve()


@pytest.mark.parametrize(
    ("name", "advice"), [("tol", "tolerance"), ("max_wall_time", "time_limit")]
)
def test_our_own_options_are_refused_with_advice(solver, name, advice):
    with pytest.raises(SolverError, match=f"{name} is not passed through.*{advice}"):
        solver.compile(problems.hs071(), SolverOptions(options={name: 1.0}))


def test_tolerance_reaches_the_solver(solver):
    def iterations(tolerance):
        options = SolverOptions(tolerance=tolerance)
        return solver.compile(problems.hs071(), options).solve().require().iterations

    assert iterations(1e-3) < iterations(1e-9)


def test_warm_start_takes_fewer_iterations(with_multipliers):
    def iterations(warm):
        model = pyo.ConcreteModel()
        model.p = pyo.Param(initialize=2.0, mutable=True)
        model.x = pyo.Var(range(10), bounds=(0, 2), initialize=1)
        model.cost = pyo.Objective(expr=sum((model.x[i] - model.p + i / 5) ** 2 for i in range(10)))
        model.total = pyo.Constraint(expr=sum(model.x[i] ** 2 for i in range(10)) <= 9)
        problem = with_multipliers.compile(model)
        problem.solve().require()
        found = []
        for step in range(5):
            model.p = 2.0 + 0.01 * (step + 1)
            found.append(problem.solve(warm=warm).require())
        return sum(each.iterations for each in found), [each.objective for each in found]

    (cold_count, cold), (warm_count, warm) = iterations(False), iterations(True)
    assert warm_count < 0.7 * cold_count
    assert warm == pytest.approx(cold, abs=1e-6)


def test_warm_start_without_a_past_is_a_cold_one(solver):
    result = solver.compile(problems.hs071()).solve(warm=True)
    assert result.objective == pytest.approx(17.0140172891563)


def test_a_failed_warm_start_is_followed_by_a_cold_one(with_multipliers, monkeypatch):
    problem = with_multipliers.compile(problems.rosenbrock())
    problem.solve().require()
    run = problem.run

    def fail_if_warm(numbers, multipliers, time_limit):
        outcome = run(numbers, None, time_limit)
        if multipliers is None:
            return outcome
        return type(outcome)(Termination.NUMERICAL_FAILURE, outcome.point, 4, "a bad start")

    monkeypatch.setattr(problem, "run", fail_if_warm)
    result = problem.solve(warm=True)
    assert result.ok
    assert "after a warm start ended in a bad start" in result.message
    assert result.iterations >= 4


def test_interruption_stops_a_solve_at_once(in_process):
    code = f"""
        import os, signal, threading, time
        from opt_games.solvers import SolverOptions, get_solver
        from solvers.problems import chained_rosenbrock

        problem = get_solver({in_process.name!r}).compile(chained_rosenbrock(6000))
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        try:
            problem.solve()
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - began)
    """
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.pathsep.join([tests, os.getcwd(), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    words = done.stdout.split()
    assert words[0] == "interrupted", done.stderr
    assert float(words[1]) < 2
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_local_solver_never_claims_a_global_optimum(solver):
    assert not solver.capabilities.global_
    result = solver.compile(problems.hs071()).solve()
    assert result.holds is Quality.LOCALLY_OPTIMAL
    assert result.bound is None
    assert math.isfinite(result.objective)
