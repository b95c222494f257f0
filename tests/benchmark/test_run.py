"""Whole benchmarks: true solvers are right, and what a false one does shows as such."""

from __future__ import annotations

import pytest

import opt_games
from opt_games.benchmark.reference import problems_of
from opt_games.benchmark.starts import start_points
from opt_games.benchmark.store import read
from opt_games.benchmark.verdicts import Verdict, judge
from opt_games.benchmark.worker import attempt
from opt_games.errors import SolverError, SpecError
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.model_view import ModelView

from .faults import Fault
from .games import quadratic

GIVEN = [quadratic(0.4)]


@pytest.fixture(scope="module")
def problems():
    stated, left_out = problems_of("quadratic", opt_games.load("quadratic"))
    assert (len(stated), left_out) == (3, {})
    return stated


@pytest.mark.parametrize(
    ("fault", "verdict", "words"),
    [
        ("honest", Verdict.RIGHT, ""),
        ("nan", Verdict.WRONG, "numbers, not all finite"),
        ("too few values", Verdict.WRONG, "claims an optimum at"),
        ("claims its start", Verdict.WRONG, ""),
        ("claims a proof of nearby", Verdict.WRONG, ""),
        ("breaks constraints", Verdict.WRONG, ""),
        ("gives up", Verdict.FAILED, "iteration-limit: enough"),
        ("returns nothing", Verdict.CRASHED, "returned a NoneType in place of a SolverResult"),
        ("raises", Verdict.CRASHED, "raised ZeroDivisionError('no luck')"),
        ("raises in compile", Verdict.CRASHED, "raised ZeroDivisionError('no luck')"),
        ("raises at the end of the program", Verdict.CRASHED, "raised SystemExit(4)"),
        ("refuses", Verdict.REFUSED, "it takes no such model"),
    ],
)
def test_a_fault_shows_as_what_it_is(problems, fault, verdict, words):
    for problem in problems:
        stated = problem.state()
        view = ModelView(stated.model)
        (start,) = start_points(view, problem.name, 1, seed=0)
        report = attempt(Fault(fault), SolverOptions(), problem, start)
        found = judge(problem, stated, view, report, 1e-6)
        assert (found.verdict, words in found.reason) == (verdict, True), found


@pytest.mark.slow
def test_only_the_honest_one_ranks():
    faults = ("claims a proof of nearby", "honest", "raises")
    solved = opt_games.bench(GIVEN, solvers=map(Fault, faults), starts=1)
    first = solved.summary()[0]
    assert (first.solver, first.right, first.runs, first.fastest) == ("honest", 2, 2, 1.0)
    profile = solved.profile()
    assert [float(profile.part(name, float("inf"))) for name in faults] == [0.0, 1.0, 0.0]
    assert {each.solver: each.wrong_proofs for each in solved.summary()} == {
        "claims a proof of nearby": 2,
        "honest": 0,
        "raises": 0,
    }
    assert solved.set_aside == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "verdict", "words"),
    [
        ("hangs", Verdict.HUNG, "did not stop within 1 s and was killed"),
        ("is killed", Verdict.CRASHED, "its process was killed by SIGKILL"),
        ("exits", Verdict.CRASHED, "exit code 3"),
    ],
)
def test_a_process_that_dies_is_named_and_the_others_go_on(fault, verdict, words, capfd):
    solvers = [Fault(fault), Fault("shouts")]
    found = opt_games.bench(GIVEN, solvers=solvers, starts=1, time_limit=0.5, grace=0.5)
    runs = {name: [run for run in found.runs if run.solver == name] for name in found.solvers}
    assert [run.verdict for run in runs[fault]] == [verdict] * 2
    assert all(words in run.reason for run in runs[fault])
    assert [run.verdict for run in runs["shouts"]] == [Verdict.RIGHT] * 2
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_benchmark_says_the_same_again():
    first, second = (
        opt_games.bench([], random=1, seed=5, solvers=["ipopt"], starts=3) for _ in range(2)
    )
    assert first.problems == second.problems
    assert [each.name for each in first.problems] == [
        f"exponential 5.0: {kind}" for kind in ("bargain", "equilibrium", "invest domain")
    ]
    for one, other in zip(first.runs, second.runs, strict=True):
        assert (one.problem, one.start, one.verdict) == (other.problem, other.start, other.verdict)
        assert one.objective == other.objective
    table = first.to_pandas()
    assert list(table.problem.unique()) == [each.name for each in first.problems]
    assert len(table) == 3 * 3


@pytest.mark.slow
def test_known_optima_and_a_global_solver():
    found = opt_games.bench([], known=True, solvers=["ipopt"], starts=1)
    verdicts = {run.problem: run.verdict for run in found.runs}
    assert verdicts["known: hs071"] is Verdict.RIGHT
    assert verdicts["known: double well"] is Verdict.WRONG  # a local optimum
    reason = next(run.reason for run in found.runs if run.problem == "known: double well")
    assert "short of the certified answer" in reason


@pytest.mark.slow
def test_going_on(tmp_path):
    path = tmp_path / "bench.json"
    settings = {"starts": 1, "path": path}
    first = opt_games.bench(GIVEN, solvers=["ipopt"], **settings)
    both = opt_games.bench(GIVEN, solvers=["ipopt", "slsqp"], resume=True, **settings)
    assert [run for run in both.runs if run.solver == "ipopt"] == list(first.runs)
    assert len(both.runs) == 2 * len(first.runs)
    with pytest.raises(SpecError, match="its starts was 1, not 2") as error:
        opt_games.bench(GIVEN, solvers=["ipopt"], resume=True, **{**settings, "starts": 2})
    assert error.value.file == str(path)


@pytest.mark.slow
def test_an_interruption_leaves_a_file_to_go_on_with(tmp_path, monkeypatch):
    path = tmp_path / "bench.json"
    calls = []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return judge(*arguments)

    settings = {"solvers": ["ipopt", "slsqp"], "starts": 1, "path": path}
    with monkeypatch.context() as patch:
        patch.setattr("opt_games.benchmark.run.judge", interrupted)
        with pytest.raises(KeyboardInterrupt):
            opt_games.bench(GIVEN, **settings)
    kept = read(path)
    assert not kept.complete
    assert [(run.solver, run.problem) for run in kept.runs] == [
        ("ipopt", "q: equilibrium"),
        ("slsqp", "q: equilibrium"),
    ]
    whole = opt_games.bench(GIVEN, resume=True, **settings)
    assert whole.complete
    assert whole.runs[:2] == kept.runs
    assert len(whole.runs) == 4
    assert read(path) == whole


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"random": -1}, "random: expected at least 0, not -1"),
        ({"starts": 0}, "starts: expected at least 1, not 0"),
        ({"time_limit": 0.0}, "time_limit: expected a number above 0"),
        ({"tolerance": float("nan")}, "tolerance: expected a number above 0"),
        ({"games": []}, "nothing to solve: no games"),
        ({"games": ["quadratic", "quadratic"]}, "two games are called 'quadratic'"),
        ({"solvers": []}, "name a solver"),
        ({"solvers": ["ipopt", "ipopt"]}, "ipopt is given twice"),
        ({"resume": True}, "name the file to go on with"),
    ],
)
def test_wrong_arguments(settings, words):
    with pytest.raises(SpecError, match=words):
        opt_games.bench(**{"games": ["quadratic"], "solvers": ["ipopt"], **settings})


def test_unknown_solver():
    with pytest.raises(SolverError, match="did you mean ipopt"):
        opt_games.bench(["quadratic"], solvers=["ipot"])
