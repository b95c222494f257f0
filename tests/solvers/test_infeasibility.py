from __future__ import annotations

import pyomo.environ as pyo
import pytest

from opt_games.solvers import explain_infeasibility, get_solver
from opt_games.testing import problems, unsolvable


def test_the_constraint_in_the_way_is_named_and_the_nearest_point_found():
    model = unsolvable.out_of_reach()
    found = explain_infeasibility(model)
    assert found.violations == {"area": pytest.approx(0.2, abs=1e-6)}
    assert found.point == {"x[1]": pytest.approx(2.0), "x[2]": pytest.approx(2.0)}
    assert str(found) == "at the nearest point violated: area by 0.2"
    assert [model.x[i].value for i in (1, 2)] == [1, 1]
    assert not list(model.component_objects(pyo.Block, descend_into=False))


def test_a_disc_of_negative_size():
    assert explain_infeasibility(unsolvable.no_disc()).violations == {"disc": pytest.approx(1.0)}


def test_the_innocent_are_not_named():
    model = problems.hs071()
    model.lid = pyo.Constraint(expr=model.x[1] + model.x[2] <= 1.5)
    found = explain_infeasibility(model)
    assert list(found.violations) == ["lid"]


def test_fixed_variables_stay_where_they_are():
    model = problems.all_fixed()
    model.y.fix(4.5)
    assert explain_infeasibility(model).violations == {"total": pytest.approx(1.5 / 4)}


def test_contradictory_bounds_are_said():
    model = problems.equality()
    model.x.setlb(4)
    assert "x: lower bound 4 above upper bound 3" in str(explain_infeasibility(model))


def test_a_feasible_model_is_said_to_be():
    found = explain_infeasibility(problems.hs071())
    assert found.violations == {}
    assert "feasible point was found" in str(found)


def test_a_failed_solve_names_what_it_breaks():
    result = get_solver("ipopt").compile(unsolvable.no_disc()).solve()
    assert "disc is violated most, by 1" in result.message
