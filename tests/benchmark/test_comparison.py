"""Comparison and files of results that are made here."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.console import Console

from opt_games.benchmark.comparison import compare
from opt_games.benchmark.report import bench_report, comparison_report
from opt_games.benchmark.result import BenchResult, Posed, Run
from opt_games.benchmark.store import read, save
from opt_games.benchmark.verdicts import Verdict
from opt_games.errors import OptGamesError, SpecError

R, W, B = Verdict.RIGHT, Verdict.WRONG, Verdict.BEYOND


def run(solver, problem, verdict, seconds=1.0, *, start=0, claim="locally-optimal", reason=""):
    return Run(
        solver, problem, start, verdict, claim, 1.0, 0.0, 0.5, 0.25 * seconds, 0.75 * seconds, 3,
        reason,
    )  # fmt: skip


def result(*runs, solvers=("a", "b"), objectives=None, **settings):
    names = sorted({each.problem for each in runs})
    return BenchResult(
        {"seed": 0, "starts": 1, "tolerance": 1e-6, **settings},
        {"python": "3"},
        dict.fromkeys(solvers, "1.0"),
        tuple(Posed(name, (objectives or {}).get(name, 1.0), 1.0, None, 2, 1) for name in names),
        {},
        runs,
    )


OLD = result(run("a", "p", R, 2.0), run("a", "q", W), run("b", "p", R), run("b", "q", R, 4.0))
NEW = result(
    run("a", "p", R, 1.0), run("a", "q", R, 1.0), run("b", "p", W, reason="so"),
    run("b", "q", R, 16.0),
)  # fmt: skip


def text(report):
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(report)
    return console.export_text()


def test_a_summary_by_hand():
    a, b = result(
        run("a", "p", R, 2.0), run("a", "q", W, claim="globally-optimal"), run("a", "r", R, 4.0),
        run("b", "p", R, 1.0), run("b", "q", W), run("b", "r", Verdict.HUNG),
    ).summary()  # fmt: skip
    assert (a.solver, a.runs, a.right, a.wrong, a.wrong_proofs, a.hung) == ("a", 3, 2, 1, 1, 0)
    assert (b.solver, b.runs, b.right, b.wrong, b.wrong_proofs, b.hung) == ("b", 3, 1, 1, 0, 1)
    assert (a.fastest, b.fastest) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert (a.build, a.translate, a.solve) == (0.5, 0.75, 2.25)


def test_a_problem_with_a_better_point_ranks_nobody():
    found = result(run("a", "p", B), run("a", "q", R), run("b", "p", W), run("b", "q", R))
    assert found.set_aside == ("p",)
    assert [each.runs for each in found.summary()] == [1, 1]
    assert found.profile().ratios["a"].size == 1
    assert "Set aside" in text(bench_report(found))


def test_a_profile_is_over_what_all_have_tried():
    found = result(run("a", "p", R), run("a", "q", R), run("b", "p", W))
    assert found.profile().ratios["a"].size == 1


def test_what_changed():
    a, b = compare(OLD, NEW).solvers
    assert (a.runs, a.right_before, a.right_after, a.wrong_before, a.wrong_after) == (2, 1, 2, 1, 0)
    assert a.time_ratio == pytest.approx(0.5)
    assert b.time_ratio == pytest.approx(4.0)
    assert [(each.problem, each.before, each.after) for each in a.changes] == [
        ("q", "wrong", "right")
    ]
    assert [(each.problem, each.after, each.reason) for each in b.changes] == [("p", "wrong", "so")]
    shown = text(comparison_report(compare(OLD, NEW)))
    assert "1 -> 2" in shown
    assert "b: p, start 0: right, now wrong (so)" in shown


def test_what_cannot_be_compared():
    other = result(
        run("a", "q", R), run("a", "r", R), run("c", "q", R), solvers=("a", "c"),
        objectives={"q": 1.1},
    )  # fmt: skip
    found = compare(OLD, other)
    assert (found.added, found.removed) == (("c",), ("b",))
    assert (found.only_before, found.only_after) == (1, 1)
    assert found.answers == {"q": (1.0, 1.1)}
    assert [each.runs for each in found.solvers] == [0]
    assert found.solvers[0].time_ratio is None
    assert "certified answer changed: q: 1, now 1.1" in text(comparison_report(found))


def test_other_seeds_start_elsewhere_but_for_the_first():
    old = result(run("a", "p", R), run("a", "p", R, start=1), solvers=("a",))
    new = replace(old, settings={**old.settings, "seed": 1})
    assert compare(old, old).solvers[0].runs == 2
    assert compare(old, new).solvers[0].runs == 1


def test_a_file_and_back(tmp_path):
    path = tmp_path / "b.json"
    save(NEW, path)
    assert read(path) == NEW
    document = json.loads(path.read_text())
    assert document["schema"] == 1
    assert document["summary"][0]["solver"] == "a"
    save(replace(NEW, complete=False), path)
    assert not read(path).complete
    assert [each.name for each in tmp_path.iterdir()] == ["b.json"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(schema=2), "schema: has schema 2, and this version reads 1"),
        (lambda d: d.pop("schema"), "is no benchmark"),
        (lambda d: d.pop("runs"), "runs: field required"),
        (lambda d: d["runs"][0].update(start="x"), "runs.0.start: input should be a valid integer"),
        (lambda d: d["runs"][0].update(verdict="nice"), "'nice' is not a valid Verdict"),
        (lambda d: d["runs"][0].update(solver="z"), "'z' is not listed"),
    ],
)
def test_a_damaged_file(tmp_path, change, words):
    path = tmp_path / "b.json"
    save(NEW, path)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(SpecError) as error:
        read(path)
    assert words in str(error.value)
    assert "b.json" in str(error.value)


def test_no_file_at_all(tmp_path):
    with pytest.raises(SpecError, match="cannot be read"):
        read(tmp_path / "none.json")
    (tmp_path / "text").write_text("{")
    with pytest.raises(SpecError, match="is no JSON"):
        read(tmp_path / "text")
    with pytest.raises(OptGamesError, match="cannot write"):
        save(NEW, tmp_path / "no" / "b.json")
