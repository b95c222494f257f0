"""What every `Solver` must do with the user's model: read it anew, and leave it alone."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo
import pytest

from opt_games.errors import SolverError
from opt_games.solvers import Solver, SolverOptions, Termination
from opt_games.testing import problems
from opt_games.testing.problems import PROBLEMS


class Contract:
    """A part of `SolverConformance`.

    Attributes
    ----------
    objective_tolerance : float
        Largest error of an objective, relative to ``max(1, |optimum|)``.
    point_tolerance : float
        Largest error of a variable, relative to ``max(1, |value|)``.
    feasibility_tolerance : float
        Largest violation at an optimum, as `SolverResult.constraint_violation`.
    seconds : float
        Time limit of a solve that should find an optimum.
    """

    objective_tolerance = 1e-7
    point_tolerance = 1e-5
    feasibility_tolerance = 1e-8
    seconds = 60.0

    # One model, solved again

    def test_new_parameters_and_bounds(self, solver: Solver) -> None:
        """Mutable Params and bounds are read at each solve."""
        model = problems.parameters()
        problem = solver.compile(model)
        problem.solve().require()
        model.p, model.top = 5.0, 4.0
        found = problem.solve().require().values
        assert found == pytest.approx((4.0, 2.5), abs=self.point_tolerance)
        model.x.setub(8.0)
        model.y.setlb(3.0)
        found = problem.solve().require().values
        assert found == pytest.approx((5.0, 3.0), abs=self.point_tolerance)

    def test_parameter_in_the_bounds_of_a_constraint(self, solver: Solver) -> None:
        """Also where they make it contradict itself."""
        model = problems.ranged()
        problem = solver.compile(model)
        problem.solve().require()
        model.low = 9.0
        assert problem.solve().require().objective == pytest.approx(
            6.0, abs=self.objective_tolerance * 10
        )
        model.low = -1.0
        result = problem.solve(load=False)
        assert result.termination is Termination.INFEASIBLE
        assert "area" in result.message or "constraint" in result.message

    def test_fixing_and_freeing(self, solver: Solver) -> None:
        """Neither needs a new compile."""
        model = problems.rosenbrock(20.0)
        problem = solver.compile(model)
        for x, y in ((None, 1.0), (2.0, 4.0), (3.0, 9.0), (None, 1.0)):
            if x is None:
                model.x.unfix()
            else:
                model.x.fix(x)
            values = problem.solve().require().values
            assert values == pytest.approx((1.0 if x is None else x, y), abs=self.point_tolerance)

    @pytest.mark.parametrize("warm", [False, True])
    def test_again_and_warm(self, solver: Solver, warm: bool) -> None:
        """The answer does not depend on what was solved before."""
        model = problems.investment()
        problem = solver.compile(model)
        for base in (0.25, 0.26, 0.4, 0.25):
            model.base = base
            model.level.setlb(base)
            result = problem.solve(warm=warm).require()
            assert result.values == pytest.approx((base + 0.5,), abs=self.point_tolerance)

    def test_two_problems_do_not_disturb_each_other(self, solver: Solver) -> None:
        """What is compiled later leaves what was compiled before alone."""
        models = problems.parameters(), problems.hs071()
        compiled = [solver.compile(model) for model in models]
        for _ in range(2):
            found = [problem.solve().require().objective for problem in compiled]
            assert found == pytest.approx([1.0, 17.0140172891563], rel=self.objective_tolerance)

    # The user's model

    @pytest.mark.parametrize("name", PROBLEMS)
    def test_the_model_is_left_alone(self, solver: Solver, name: str) -> None:
        """Without load nothing in it changes at all."""
        model = PROBLEMS[name].build()
        before = _snapshot(model)
        problem = solver.compile(model, SolverOptions(time_limit=self.seconds))
        if PROBLEMS[name].open_domain and solver.capabilities.needs_domain:
            with pytest.raises(SolverError):
                problem.solve(load=False)
        else:
            problem.solve(load=False)
        assert _snapshot(model) == before

    def test_load_writes_values_and_nothing_else(self, solver: Solver) -> None:
        """Fixed and unused variables keep theirs."""
        model = problems.fixed_variable()
        model.unused = pyo.Var(initialize=7.0)
        before = _snapshot(model, stale=False)
        solver.compile(model).solve()
        after = _snapshot(model, stale=False)
        assert before[1].pop("y") != after[1].pop("y")
        assert after == before

    def test_a_block_with_variables_from_outside(self, solver: Solver) -> None:
        """A follower's problem, in which the leader's variable is fixed."""
        model = pyo.ConcreteModel()
        model.lead = pyo.Var(initialize=3.0)
        model.f = pyo.Block()
        model.f.x = pyo.Var(bounds=(-9, 9))
        model.f.cost = pyo.Objective(expr=(model.f.x - model.lead) ** 2)
        model.cost = pyo.Objective(expr=model.lead**2)
        model.lead.fix()
        problem = solver.compile(model.f)
        assert [var.name for var in problem.variables] == ["f.x", "lead"]
        for lead in (3.0, 4.0):
            model.lead.fix(lead)
            values = problem.solve().require().values
            assert values == pytest.approx((lead, lead), abs=self.point_tolerance)

    # What is refused

    def test_two_objectives_are_refused(self, solver: Solver) -> None:
        """Both are named."""
        model = problems.rosenbrock()
        model.other = pyo.Objective(expr=model.x)
        with pytest.raises(SolverError, match="cost, other"):
            solver.compile(model)

    def test_integers_are_taken_or_refused(self, solver: Solver) -> None:
        """By solvers that do not declare them; and taken once they are fixed."""
        model = problems.rosenbrock(5.0)
        model.x.domain = pyo.Integers
        if solver.capabilities.integers:
            assert solver.compile(model).solve().require().values == pytest.approx((1.0, 1.0))
        else:
            with pytest.raises(SolverError, match="x is Integers"):
                solver.compile(model)
        model.x.fix(2)
        problem = solver.compile(model)
        values = problem.solve().require().values
        assert values == pytest.approx((2.0, 4.0), abs=self.point_tolerance)

    @pytest.mark.parametrize("change", ["sphere", "cost"])
    def test_a_changed_structure_is_noticed(self, solver: Solver, change: str) -> None:
        """What was switched off after compiling is named."""
        model = problems.hs071()
        problem = solver.compile(model)
        model.find_component(change).deactivate()
        with pytest.raises(SolverError, match=f"{change}.*compile it again"):
            problem.solve()

    def test_missing_values_are_named(self, solver: Solver) -> None:
        """A variable that is fixed at nothing."""
        model = problems.parameters()
        problem = solver.compile(model)
        model.x.fix(None)
        with pytest.raises(SolverError, match="x is fixed but has no value"):
            problem.solve()

    def test_unknown_option_is_named(self, solver: Solver) -> None:
        """Before or while it solves."""
        options = SolverOptions(options={"no_such_option": 1})
        with pytest.raises(SolverError, match="no_such_option"):
            solver.compile(problems.hs071(), options).solve()


def _snapshot(
    model: pyo.ConcreteModel, *, stale: bool = True
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return everything about a model that a solver must leave alone."""
    parts = {each.name: type(each) for each in model.component_objects()}
    numbers = {
        var.name: (var.value, stale and var.stale, var.fixed, var.bounds, var.domain.name)
        for var in model.component_data_objects(pyo.Var)
    }
    active = {
        each.name: (each.active, str(each.expr))
        for each in model.component_data_objects((pyo.Constraint, pyo.Objective))
    }
    return parts, numbers, active
