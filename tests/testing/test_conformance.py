"""The suite can fail: it sees what is wrong with solvers that misbehave."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from solvers.faults import Fault

from opt_games.errors import SolverError
from opt_games.solvers import CompiledProblem, Quality, Solver, Termination, get_solver
from opt_games.testing import PROBLEMS, SolverConformance

SUITE = SolverConformance()


class Spoiled(Solver):
    """IPOPT, with one thing done wrong to its results or to the model."""

    name = "ipopt"
    capabilities = get_solver("ipopt").capabilities

    def __init__(self, spoil, **capabilities):
        self.spoil = spoil
        self.capabilities = replace(self.capabilities, **capabilities)

    def availability(self):
        return get_solver("ipopt").availability()

    def compile(self, model, options=None):
        return SpoiledProblem(model, get_solver("ipopt").compile(model, options), self.spoil)


class SpoiledProblem(CompiledProblem):
    def __init__(self, model, inner, spoil):
        self.variables = inner.variables
        self.model, self.inner, self.spoil = model, inner, spoil

    def solve(self, *, load=True, warm=False):
        return self.spoil(self.model, self.inner.solve(load=load, warm=warm))


def honest(_model, result):
    return result


@pytest.mark.parametrize(
    "fault",
    ["nan", "lies about feasibility", "lies about optimality", "too few values", "returns nothing"],
)
@pytest.mark.parametrize("name", ["rosenbrock", "equality", "hs071"])
def test_wrong_optima_are_seen(fault, name):
    with pytest.raises((AssertionError, AttributeError)):
        SUITE.test_known_optimum(Fault(fault), name)


def test_the_unspoiled_passes():
    for name in PROBLEMS:
        SUITE.test_known_optimum(Spoiled(honest), name)
    SUITE.test_infeasible(Spoiled(honest), "no disc")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _, result: replace(result, holds=Quality.GLOBALLY_OPTIMAL),
        lambda _, result: replace(result, bound=-1e9),
        lambda _, result: replace(result, message=""),
        lambda _, result: replace(result, objective=result.objective + 1e-5),
        lambda _, result: replace(result, solver=replace(result.solver, version="0")),
    ],
)
def test_small_lies_are_seen(spoil):
    with pytest.raises(AssertionError):
        SUITE.test_known_optimum(Spoiled(spoil), "hs071")


def test_a_global_solver_must_prove_and_bound_rightly():
    def claim(bound):
        return lambda _, result: replace(result, holds=Quality.GLOBALLY_OPTIMAL, bound=bound)

    SUITE.test_known_optimum(Spoiled(claim(2.0 - 1e-7), global_=True), "active bounds")
    for bound in (None, 1.9, 2.1):
        with pytest.raises(AssertionError):
            SUITE.test_known_optimum(Spoiled(claim(bound), global_=True), "active bounds")
    with pytest.raises(AssertionError):
        SUITE.test_the_best_of_several_local_optima(
            Spoiled(claim(-1e-9), global_=True), "double well"
        )


def test_false_answers_to_problems_without_one_are_seen():
    def claim(_model, result):
        return replace(result, termination=Termination.CONVERGED, holds=Quality.LOCALLY_OPTIMAL)

    for test in (lambda s: SUITE.test_infeasible(s, "no disc"), SUITE.test_unbounded):
        with pytest.raises(AssertionError):
            test(Spoiled(claim))


def test_changes_to_the_model_are_seen():
    def fix(model, result):
        model.x[1].fix(1.0)
        return result

    with pytest.raises(AssertionError):
        SUITE.test_the_model_is_left_alone(Spoiled(fix), "hs071")


def test_what_is_declared_refused_must_be_refused():
    with pytest.raises(pytest.fail.Exception):
        SUITE.test_each_kind_of_expression(Spoiled(honest, refuses=frozenset({"exp"})), "exp")
    with pytest.raises(SolverError):
        SUITE.test_each_kind_of_expression(Spoiled(honest, refuses=frozenset()), "ceil")


def test_words_on_the_terminal_and_files_left_behind_fail(tmp_path):
    (tmp_path / "test_mine.py").write_text(MISBEHAVING, encoding="utf-8")
    python_path = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-k", "equality and known", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": python_path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "2 passed" in done.stdout
    assert "3 errors" in done.stdout
    for words in (
        "must not write to the terminal",
        "must not leave files in the working directory",
        "give the test class a fixture `solver`",
    ):
        assert words in done.stdout


MISBEHAVING = """
import pytest
from opt_games.testing import SolverConformance
from opt_games.solvers.ipopt import Ipopt

class Loud(Ipopt):
    def compile(self, model, options=None):
        print("banner")
        return super().compile(model, options)

class Untidy(Ipopt):
    def compile(self, model, options=None):
        open("log.txt", "w").close()
        return super().compile(model, options)

class TestLoud(SolverConformance):
    @pytest.fixture
    def solver(self):
        return Loud()

class TestUntidy(SolverConformance):
    @pytest.fixture
    def solver(self):
        return Untidy()

class TestNothing(SolverConformance):
    pass
"""
