"""The suite: what every `Solver` must do, as a class to derive a test class from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyomo.environ as pyo
import pytest

from opt_games.errors import SolverError
from opt_games.solvers import (
    Availability,
    Capabilities,
    Quality,
    Solver,
    SolverOptions,
    SolverResult,
    Termination,
)
from opt_games.solvers.result import allowed_gap
from opt_games.testing import problems, unsolvable
from opt_games.testing.contract import Contract
from opt_games.testing.expressions import FUNCTIONS
from opt_games.testing.integers import INTEGERS
from opt_games.testing.multimodal import MULTIMODAL, camel
from opt_games.testing.problems import PROBLEMS, WITHOUT_BOUNDS, Problem
from opt_games.testing.unsolvable import INFEASIBLE

WARNINGS = (UserWarning, RuntimeWarning)
"""Kinds of warning that Python shows on the terminal."""

GAVE_UP = frozenset(
    {
        Termination.ITERATION_LIMIT,
        Termination.TIME_LIMIT,
        Termination.NUMERICAL_FAILURE,
        Termination.ERROR,
    }
)
"""Reasons to stop that say nothing about the problem."""


class SolverConformance(Contract):
    """Derive a class whose name begins with Test, and give it a fixture ``solver``.

    It has the attributes of `Contract`, too.
    """

    @pytest.fixture
    def solver(self) -> Solver:
        """Return the solver to be tried: override this."""
        pytest.fail("give the test class a fixture `solver` that returns the solver")

    @pytest.fixture(autouse=True)
    def silent_and_tidy(
        self,
        capfd: pytest.CaptureFixture[str],
        recwarn: pytest.WarningsRecorder,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Iterator[None]:
        """Let each test also fail for a word on the terminal or a file left behind."""
        monkeypatch.chdir(tmp_path)
        yield
        said = capfd.readouterr()
        assert (said.out, said.err) == ("", ""), "a solver must not write to the terminal"
        warned = [str(each.message) for each in recwarn if each.category in WARNINGS]
        assert warned == [], "a solver must not warn: what it has to say belongs in its message"
        left = [path.name for path in tmp_path.iterdir()]
        assert left == [], "a solver must not leave files in the working directory"

    # What it is

    def test_it_tells_what_it_is(self, solver: Solver) -> None:
        """Name, capabilities and availability are there, and cheap."""
        began = time.perf_counter()
        availability = solver.availability()
        assert time.perf_counter() - began < 5
        assert isinstance(availability, Availability)
        assert availability.available, availability.how_to_get
        assert availability.version
        assert availability.how_to_get
        assert isinstance(solver.capabilities, Capabilities)
        assert solver.name == solver.name.strip().lower() != ""

    # Known optima

    @pytest.mark.parametrize("name", PROBLEMS)
    def test_known_optimum(self, solver: Solver, name: str) -> None:
        """It finds the optimum, to the point, or says what it needs."""
        problem = PROBLEMS[name]
        if not (problem.open_domain and solver.capabilities.needs_domain):
            self._finds(solver, problem)
            return
        with pytest.raises(SolverError, match="defined"):
            solver.compile(problem.build()).solve()

    @pytest.mark.parametrize("name", WITHOUT_BOUNDS)
    def test_variables_without_bounds(self, solver: Solver, name: str) -> None:
        """It finds the optimum, or names a variable that has no bound."""
        if not solver.capabilities.needs_bounds:
            self._finds(solver, WITHOUT_BOUNDS[name])
            return
        problem = solver.compile(WITHOUT_BOUNDS[name].build())
        with pytest.raises(SolverError, match=r"bound.*\bx\b|\bx\b.*bound"):
            problem.solve()

    @pytest.mark.parametrize("name", MULTIMODAL)
    def test_the_best_of_several_local_optima(self, solver: Solver, name: str) -> None:
        """A global solver finds and proves it; a local one claims no more than it has."""
        if solver.capabilities.global_:
            self._finds(solver, MULTIMODAL[name])
            return
        problem = MULTIMODAL[name]
        model = problem.build()
        result = solver.compile(model, SolverOptions(time_limit=self.seconds)).solve()
        assert result.holds is not Quality.GLOBALLY_OPTIMAL
        assert result.bound is None
        if result.ok:
            assert result.objective is not None
            ahead = _sign(model) * (problem.objective - result.objective)
            assert ahead <= self.objective_tolerance * max(1.0, abs(problem.objective))

    @pytest.mark.parametrize("name", INTEGERS)
    def test_integer_variables(self, solver: Solver, name: str) -> None:
        """It finds the optimum if it has declared that it takes them; otherwise it names one."""
        problem = INTEGERS[name]
        model = problem.build()
        if not solver.capabilities.integers:
            with pytest.raises(SolverError, match="continuous Vars only"):
                solver.compile(model)
            return
        result = self._finds(solver, problem, model)
        whole = [var.value for var in solver.compile(model).variables if var.is_integer()]
        assert whole == [round(each) for each in whole]
        assert result.constraint_violation <= self.feasibility_tolerance

    def test_a_wide_problem(self, solver: Solver) -> None:
        """Thirty variables for a local solver; six for a global one."""
        count = 6 if solver.capabilities.global_ else 30
        self._finds(solver, Problem(lambda: problems.spread(count), float(count), {"x[0]": 1.0}))

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_each_kind_of_expression(self, solver: Solver, name: str) -> None:
        """It takes it and gets it right, or has declared that it refuses it, and does."""
        function = FUNCTIONS[name]
        if name not in solver.capabilities.refuses:
            self._finds(solver, Problem(function.build, function.least))
            return
        with pytest.raises(SolverError) as caught:
            solver.compile(function.build()).solve()
        assert len(str(caught.value).splitlines()) == 1

    def _finds(self, solver: Solver, problem: Problem, model: Any = None) -> SolverResult:
        model = problem.build() if model is None else model
        compiled = solver.compile(model, SolverOptions(time_limit=self.seconds))
        result = compiled.solve()
        assert result.termination in (Termination.CONVERGED, Termination.ACCEPTABLE), result
        assert result.ok
        assert result.require() is result
        assert result.constraint_violation <= self.feasibility_tolerance
        scale = max(1.0, abs(problem.objective))
        assert result.objective == pytest.approx(
            problem.objective, rel=0.0, abs=self.objective_tolerance * scale
        )
        for var, number in problem.point.items():
            found = model.find_component(var).value
            tolerance = self.point_tolerance * max(1.0, abs(number))
            assert found == pytest.approx(number, rel=0.0, abs=tolerance), var
        assert result.values == tuple(var.value for var in compiled.variables)
        assert (result.solver.name, result.solver.version) == (
            solver.name,
            solver.availability().version,
        )
        assert result.message
        assert result.seconds > 0
        if solver.capabilities.global_:
            self._proves(result, problem, _sign(model))
        else:
            assert result.holds is Quality.LOCALLY_OPTIMAL
            assert result.bound is None
        return result

    def _proves(self, result: SolverResult, problem: Problem, sign: float) -> None:
        assert result.holds is Quality.GLOBALLY_OPTIMAL
        assert result.bound is not None
        assert result.objective is not None
        slack = self.objective_tolerance * max(1.0, abs(problem.objective))
        assert sign * (result.bound - problem.objective) <= slack, "a bound that is wrong"
        assert result.gap <= allowed_gap(result.objective, 0.0)

    # Problems without an answer

    @pytest.mark.parametrize("name", INFEASIBLE)
    def test_infeasible(self, solver: Solver, name: str) -> None:
        """A global solver proves it; a local one at least claims nothing."""
        options = SolverOptions(time_limit=self.seconds)
        result = solver.compile(INFEASIBLE[name](), options).solve()
        assert not result.ok
        assert result.holds in (Quality.NOTHING, Quality.POINT)
        if solver.capabilities.global_:
            assert result.termination is Termination.INFEASIBLE
        else:
            assert result.termination in GAVE_UP | {
                Termination.INFEASIBLE,
                Termination.INVALID_MODEL,
            }
        with pytest.raises(SolverError, match=result.termination.value) as caught:
            result.require()
        assert len(str(caught.value)) > 60

    def test_contradictory_bounds(self, solver: Solver) -> None:
        """A variable without room is infeasible at once, and named."""
        model = problems.equality()
        model.x.setlb(2)
        model.x.setub(1)
        result = solver.compile(model).solve()
        assert (result.termination, result.holds) == (Termination.INFEASIBLE, Quality.NOTHING)
        assert "x" in result.message

    def test_fixed_variables_that_break_a_constraint(self, solver: Solver) -> None:
        """Nothing is free and a constraint does not hold."""
        model = problems.all_fixed()
        model.y.fix(4.5)
        result = solver.compile(model).solve()
        assert not result.ok
        assert result.termination is Termination.INFEASIBLE

    def test_unbounded(self, solver: Solver) -> None:
        """There is no optimum, and none is claimed."""
        problem = solver.compile(unsolvable.slope(), SolverOptions(time_limit=5.0))
        if solver.capabilities.needs_bounds:
            with pytest.raises(SolverError, match="x"):
                problem.solve()
            return
        result = problem.solve()
        assert not result.ok
        assert result.termination in GAVE_UP | {Termination.UNBOUNDED}
        assert result.bound is None

    # Limits

    def test_iteration_limit(self, solver: Solver) -> None:
        """It stops where it is told, and holds what it has."""
        model = camel() if solver.capabilities.global_ else problems.rosenbrock()
        result = solver.compile(model, SolverOptions(iteration_limit=2)).solve()
        assert result.termination is Termination.ITERATION_LIMIT, result
        assert not result.ok
        assert result.iterations is None or result.iterations <= 3

    def test_time_limit(self, solver: Solver) -> None:
        """It stops not long after it should."""
        is_global = solver.capabilities.global_
        model = unsolvable.hills(12) if is_global else unsolvable.chained_rosenbrock(200)
        options = SolverOptions(time_limit=1.0 if is_global else 0.01)
        result = solver.compile(model, options).solve(load=False)
        assert result.termination is Termination.TIME_LIMIT, result
        assert not result.ok
        assert result.seconds < 15
        if result.bound is not None and result.objective is not None:
            assert result.bound <= result.objective

    # Starts

    @pytest.mark.parametrize(
        ("kind", "build", "start"),
        [
            ("not a number", problems.rosenbrock, math.nan),
            ("outside its bounds", problems.active_bounds, 40.0),
            ("where nothing is defined", problems.decimal_logarithm, -3.0),
            ("none", problems.quotient, None),
        ],
    )
    def test_bad_start(
        self,
        solver: Solver,
        kind: str,
        build: Callable[[], pyo.ConcreteModel],
        start: float | None,
    ) -> None:
        """It is right all the same or says that it failed, and is fine with the next start."""
        good = {each.build: each for each in PROBLEMS.values()}[build]
        model = build()
        model.x.set_value(start, skip_validation=True)
        problem = solver.compile(model)
        result = problem.solve(load=False)
        if result.ok or solver.capabilities.global_:
            assert result.objective == pytest.approx(
                good.objective, abs=self.objective_tolerance
            ), kind
        else:
            assert result.termination in GAVE_UP | {Termination.INVALID_MODEL}
        model.x.set_value(build().x.value, skip_validation=True)
        assert problem.solve().require().objective == pytest.approx(
            good.objective, abs=self.objective_tolerance
        )


def _sign(model: pyo.ConcreteModel) -> float:
    """Return 1 where the model is minimised, -1 where it is maximised."""
    senses = [each.sense for each in model.component_data_objects(pyo.Objective, active=True)]
    return -1.0 if senses and senses[0] == pyo.maximize else 1.0
