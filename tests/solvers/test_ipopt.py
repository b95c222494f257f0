from __future__ import annotations

import threading
from importlib import util

import pytest

from opt_games.errors import SolverError
from opt_games.solvers import SolverOptions, Termination
from opt_games.solvers.ipopt import Ipopt, bundled_version

from . import problems


def test_version_is_what_ipopt_says_of_itself(tmp_path, capfd):
    log = tmp_path / "ipopt.log"
    options = SolverOptions(options={"output_file": str(log), "file_print_level": 5})
    Ipopt().compile(problems.hs071(), options).solve().require()
    assert f"This is Ipopt version {bundled_version()}," in log.read_text()
    assert capfd.readouterr() == ("", "")


def test_a_refused_option_is_explained_and_not_printed(capfd):
    with pytest.raises(
        SolverError, match=r'"silly" is not a valid setting for Option: mu_strategy'
    ):
        Ipopt().compile(problems.hs071(), SolverOptions(options={"mu_strategy": "silly"}))
    assert capfd.readouterr() == ("", "")


def test_a_wrong_type_is_explained(capfd):
    with pytest.raises(SolverError, match="mu_init='x'"):
        Ipopt().compile(problems.hs071(), SolverOptions(options={"mu_init": "x"}))


def test_a_missing_linear_solver_is_an_error_that_names_it():
    options = SolverOptions(options={"linear_solver": "ma27"})
    with pytest.raises(SolverError, match="linear_solver='ma27'"):
        Ipopt().compile(problems.hs071(), options).solve()


def test_without_casadi_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    availability = Ipopt().availability()
    assert (availability.available, availability.version) == (False, None)
    with pytest.raises(SolverError, match="pip install casadi"):
        Ipopt().compile(problems.hs071())


def test_it_solves_outside_the_main_thread():
    found = []
    problem = Ipopt().compile(problems.hs071())
    thread = threading.Thread(target=lambda: found.append(problem.solve().ok))
    thread.start()
    thread.join()
    assert found == [True]


def test_a_second_attempt_has_only_the_time_that_is_left():
    model = problems.chained_rosenbrock(1000)
    problem = Ipopt().compile(model, SolverOptions(time_limit=60.0))
    numbers = problem.compiled.read()
    assert problem.run(numbers, None, 1e-6).termination is Termination.TIME_LIMIT


def test_bounds_and_constraints_are_not_relaxed():
    model = problems.maximum()
    model.budget.deactivate()
    model.x.setub(1.0)
    model.y.setub(2.0)
    result = Ipopt().compile(model).solve().require()
    assert result.values[0] <= 1.0
    assert result.values[1] <= 2.0
    assert result.values == pytest.approx((1.0, 2.0), abs=1e-8)


def test_scaling_survives_a_start_where_the_marginal_gain_is_infinite():
    model = problems.root_at_zero()
    model.x.value = model.y.value = 0.0
    result = Ipopt().compile(model).solve().require()
    assert result.values[0] == pytest.approx(1.0, abs=1e-7)
