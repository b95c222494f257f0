from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

import opt_games
from opt_games import cli
from opt_games.solvers import solvers

QUADRATIC = """
schema = 1
name = "Two markets"
[parameters]
c0 = 1.0
[generalist]
cost = "c0 * alpha0**2"
[[specialists]]
name = "law"
revenue = "alpha1"
cost = "0.5 * (alpha1 - alpha0)**2"
[[specialists]]
name = "film"
revenue = "0.5 * alpha1"
cost = "(alpha1 - alpha0)**2"
"""


@pytest.fixture
def run(capsys):
    """Run the command line in this process; return exit code, standard output and error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "markets.toml"
    path.write_text(QUADRATIC)
    return str(path)


def wrong(result: tuple[int, str, str], *parts: str) -> None:
    """Check for exit code 2 with one line on standard error and nothing on standard output."""
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.startswith("opt-games: ")
    assert err.count("\n") == 1
    for part in parts:
        assert part in err


def test_solve_shows_the_bargain(run):
    code, out, err = run("solve", "quadratic", "--bargain", "utilitarian")
    assert (code, err) == (0, "")
    for part in ("Quadratic fine-tuning game", "utilitarian", "0.333333", "contribute", "0.25"):
        assert part in out
    assert "Certified" in out
    assert "ipopt" in out
    assert "Utility" not in out  # profits and utilities are the same here


def test_solve_shows_utilities_where_they_are_not_profits(run):
    code, out, _ = run("solve", "risk-averse")
    assert code == 0
    assert "Utility" in out


def test_solve_json_is_the_document_of_the_result(run):
    code, out, err = run("solve", "quadratic", "--share", "0.4", "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    expected = opt_games.solve(opt_games.load("quadratic"), share=0.4).to_dict()
    for found in (document, expected):
        del found["solver"]["seconds"]
    assert document == expected
    assert document["utilities"]["generalist"] == pytest.approx(0.28, rel=1e-8)
    assert document["solution"] == "given"


def test_the_solution_of_the_spec_is_the_default_then_nash(run, spec):
    assert json.loads(run("solve", spec, "--json")[1])["solution"] == "nash"
    with open(spec, "a") as file:
        file.write("[contract]\nshare = 0.25\n")
    found = json.loads(run("solve", spec, "--json")[1])
    assert (found["solution"], found["shares"]) == ("given", {"law": 0.25, "film": 0.25})


def test_a_time_limit_leaves_the_answer_as_it_is(run):
    without = json.loads(run("solve", "quadratic", "--json")[1])
    limited = json.loads(run("solve", "quadratic", "--json", "--time-limit", "60")[1])
    assert limited["shares"] == without["shares"]


def test_set_changes_parameters(run):
    _, out, _ = run(
        "solve", "quadratic", "--set", "c0=3", "--set", "c1=1", "--bargain", "utilitarian", "--json"
    )
    assert json.loads(out)["shares"]["law"] == pytest.approx(0.25, abs=1e-7)


def test_shares_by_name(run):
    _, out, _ = run(
        "solve", "separate-shares", "--json",
        "--share", "law=0.3", "--share", "film=0.5", "--share", "music=0.8",
    )  # fmt: skip
    assert json.loads(out)["shares"] == {"law": 0.3, "film": 0.5, "music": 0.8}


def test_equal_shares_by_name_are_a_common_share(run, spec):
    code, out, _ = run("solve", spec, "--share", "law=0.3", "--share", "film=0.3", "--json")
    assert code == 0
    assert json.loads(out)["shares"] == {"law": 0.3, "film": 0.3}


def test_no_agreement_is_an_answer(run, tmp_path):
    path = tmp_path / "none.toml"
    path.write_text(QUADRATIC + "[bargaining]\ndisagreement = { generalist = 9.0 }\n")
    code, out, _ = run("solve", str(path))
    assert code == 0
    assert "No agreement" in out
    code, out, _ = run("solve", str(path), "--json")
    document = json.loads(out)
    assert code == 0
    assert document["agreement"] is False
    assert document["shares"] is None
    assert document["utilities"] == {"generalist": 9.0, "law": 0.0, "film": 0.0}


def test_an_uncertified_equilibrium_is_said_plainly(run, monkeypatch):
    solve = opt_games.solve

    def uncertified(*arguments, **options):
        found = solve(*arguments, **options)
        regret = {"generalist": 0.0, "law": 0.125}
        at = replace(found.equilibrium, regret=regret, certified=False)
        return replace(found, equilibrium=at)

    monkeypatch.setattr(opt_games, "solve", uncertified)
    code, out, err = run("solve", "quadratic")
    assert code == 0
    assert "NOT certified: law could gain 0.125" in out
    assert "warning: not certified: law could gain 0.125" in err
    code, out, err = run("solve", "quadratic", "--json")
    assert code == 0
    assert json.loads(out)["certified"] is False
    assert "not certified" in err


def test_pareto_shows_the_intervals(run):
    code, out, err = run("pareto", "quadratic")
    assert (code, err) == (0, "")
    assert "[0, 0.666667]" in out
    code, out, _ = run("pareto", "quadratic", "--json")
    document = json.loads(out)
    assert document["intervals"] == [pytest.approx([0.0, 2 / 3], abs=1e-6)]
    assert document["points"][0]["shares"] == {"law": 0.0}


def test_models_lists_every_shipped_game_with_a_note(run):
    code, out, err = run("models", "--json")
    assert (code, err) == (0, "")
    games = {game["name"]: game for game in json.loads(out)}
    assert list(games) == list(opt_games.shipped_games())
    for name, game in games.items():
        assert game["title"] == opt_games.load(name).name
        assert game["source"]
        assert 20 < len(game["note"]) < 100
    _, table, _ = run("models")
    assert all(name in table for name in games)


def test_solvers_lists_what_is_here_and_how_to_get_the_rest(run):
    code, out, err = run("solvers", "--json")
    assert (code, err) == (0, "")
    entries = {entry["name"]: entry for entry in json.loads(out)}
    ipopt = entries["ipopt"]
    assert (ipopt["available"], ipopt["global"]) == (True, False)
    assert ipopt["version"]
    assert {"ipopt", "cyipopt", "ipopt-executable"} <= set(entries)
    assert all(entry["how_to_get"] for entry in entries.values())
    _, table, _ = run("solvers")
    assert "ipopt-executable" in table


def test_wrong_specs_are_one_line(run, tmp_path):
    wrong(run("solve", "quadrtic"), 'did you mean "quadratic"')
    wrong(run("pareto", str(tmp_path / "none.toml")), "no such file")
    path = tmp_path / "bad.toml"
    path.write_text(QUADRATIC.replace("c0 * alpha0**2", "c9 * alpha0**2"))
    wrong(run("solve", str(path)), str(path), "generalist.cost", "c9", 'did you mean "c0"')


def test_wrong_shares_are_one_line(run, spec):
    wrong(run("solve", spec, "--share", "0.4", "--bargain", "nash"), "not both")
    wrong(run("solve", spec, "--share", "much"), "--share", "'much'")
    wrong(run("solve", spec, "--share", "nan"), "--share")
    wrong(run("solve", spec, "--share", "1.5"), "between 0 and 1")
    wrong(run("solve", spec, "--share", "0.4", "--share", "0.5"), "twice")
    wrong(run("solve", spec, "--share", "law=0.4", "--share", "0.5"), "by name")
    wrong(run("solve", spec, "--share", "=0.4"), "law=0.4")
    wrong(run("solve", spec, "--share", "law=0.4"), "film")
    wrong(run("solve", spec, "--share", "law=0.4", "--share", "flim=0.4"), 'did you mean "film"')
    wrong(run("solve", spec, "--share", "law=0.4", "--share", "film=0.5"), "common")


def test_wrong_options_are_one_line(run, spec):
    wrong(run("solve", spec, "--bargain", "nahs"), 'did you mean "nash"')
    wrong(run("solve", spec, "--set", "c0"), "NAME=NUMBER")
    wrong(run("solve", spec, "--set", "c0=two"), "--set", "'two'")
    wrong(run("solve", spec, "--set", "c0=inf"), "--set")
    wrong(run("solve", spec, "--set", "c9=2"), 'did you mean "c0"')
    wrong(run("solve", spec, "--set", "c0=2", "--set", "c0=3"), "twice")
    wrong(run("solve", spec, "--solver", "ipop"), 'did you mean "ipopt"')
    wrong(run("solve", spec, "--time-limit", "0"), "--time-limit")
    wrong(run("solve", spec, "--time-limit", "nan"), "--time-limit")
    wrong(run("solve", spec, "--time-limit", "soon"), "--time-limit")
    wrong(run("solve", spec, "--shar", "0.4"), "--share")
    wrong(run("slove", spec), "solve")
    wrong(run("solve"), "SPEC")
    wrong(run(), "command")


def test_an_answer_that_cannot_be_computed_exits_3_with_what_was_tried(run, tmp_path):
    path = tmp_path / "unbounded.toml"
    path.write_text(QUADRATIC.replace("0.5 * (alpha1 - alpha0)**2", "0.1 * (alpha1 - alpha0)"))
    code, out, err = run("solve", str(path))
    assert (code, out) == (3, "")
    assert "law" in err
    assert "Traceback" not in err


def test_a_missing_solver_exits_3_with_how_to_get_it(run, spec, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("IDAES_BIN", "/nowhere")
    monkeypatch.delenv("OPT_GAMES_IPOPT", raising=False)
    if solvers()["ipopt-executable"].availability().available:
        monkeypatch.setenv("OPT_GAMES_IPOPT", "/nowhere/ipopt")
    code, out, err = run("solve", spec, "--solver", "ipopt-executable")
    assert (code, out) == (3, "")
    assert "idaes" in err


def test_an_interrupt_exits_130(run, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(opt_games, "solve", interrupted)
    code, _, err = run("solve", "quadratic")
    assert code == 130
    assert "Traceback" not in err


def test_numbers_that_json_cannot_hold_exit_3(run, monkeypatch):
    solve = opt_games.solve

    def undefined(*arguments, **options):
        found = solve(*arguments, **options)
        at = replace(found.equilibrium, profits={"generalist": float("nan"), "law": 0.0})
        return replace(found, equilibrium=at)

    monkeypatch.setattr(opt_games, "solve", undefined)
    code, out, err = run("solve", "quadratic", "--json")
    assert (code, out) == (3, "")
    assert "finite" in err


def test_plot_writes_a_picture_and_says_so_on_standard_error(run, tmp_path):
    for command in ("solve", "pareto"):
        path = tmp_path / f"{command}.png"
        code, out, err = run(command, "quadratic", "--plot", str(path), "--json")
        assert code == 0
        json.loads(out)
        assert str(path) in err
        assert path.read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_found_before_the_work(run, tmp_path, monkeypatch):
    def worked(*_, **__):
        raise AssertionError

    monkeypatch.setattr(opt_games, "solve", worked)
    monkeypatch.setattr(opt_games, "pareto", worked)
    for command in ("solve", "pareto"):
        for name in ("picture", "picture.doc", "picture.PNG.gz", "none/picture.png"):
            wrong(run(command, "quadratic", "--plot", str(tmp_path / name)), "--plot")
        (tmp_path / "folder.png").mkdir(exist_ok=True)
        wrong(run(command, "quadratic", "--plot", str(tmp_path / "folder.png")), "folder")
    monkeypatch.setattr(os, "access", lambda *_: False)
    wrong(run("solve", "quadratic", "--plot", str(tmp_path / "picture.png")), "written")


def test_version_and_help(run):
    assert run("--version") == (0, f"opt_games {opt_games.__version__}\n", "")
    for arguments in ((), ("solve",), ("pareto",), ("models",), ("solvers",)):
        code, out, err = run(*arguments, "--help")
        assert (code, err) == (0, "")
        assert "Usage: opt-games" in out


def process(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "opt_games.cli", *arguments],
        capture_output=True, text=True, timeout=120, check=False, **options,
    )  # fmt: skip


def test_as_a_process_json_is_alone_on_standard_output():
    done = process("solve", "quadratic", "--bargain", "nash", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["agreement"] is True


def test_as_a_process_a_mistake_leaves_no_traceback():
    done = process("solve", "quadratic", "--bargain", "nahs")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_a_reader_that_has_had_enough_is_no_error():
    command = f"{sys.executable} -m opt_games.cli models | head -1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stderr == ""


def test_tables_in_a_narrow_terminal_lose_nothing():
    done = process(
        "solve", "separate-shares", "--share", "0.5", env={**os.environ, "COLUMNS": "60"}
    )
    assert done.returncode == 0
    for part in ("generalist", "contribute", "music"):
        assert part in done.stdout


def test_the_start_leaves_out_what_is_not_needed():
    heavy = ("matplotlib", "scipy", "pandas", "xarray", "rich")
    code = (
        "import sys; from opt_games.cli import main; code = main(['--help']); "
        f"loaded = [name for name in {heavy} if name in sys.modules]; "
        "print(loaded, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stderr == "[]\n"
