from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opt_games.errors import SolverError
from opt_games.solvers import Quality, SolverOptions, Termination, get_solver
from opt_games.solvers.ipopt_executable import VARIABLE, IpoptExecutable, idaes_folder

from . import problems
from .stand_in import install


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine without any ipopt program."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("IDAES_DATA", str(tmp_path / "idaes"))


def run(tmp_path, mode, options=None, build=problems.hs071):
    solver = IpoptExecutable(install(tmp_path / "bin", mode))
    return solver.compile(build(), options).solve(load=False)


def test_missing_program_says_how_to_get_one(nowhere):
    assert IpoptExecutable().availability().available is False
    with pytest.raises(SolverError, match=r"opt_games\[idaes\]' && idaes get-extensions"):
        get_solver("ipopt-executable")
    with pytest.raises(SolverError, match="not installed"):
        IpoptExecutable().compile(problems.hs071())


def test_program_is_found_in_the_folder_of_idaes(nowhere, tmp_path):
    path = install(tmp_path / "idaes" / "bin")
    assert IpoptExecutable().executable() == path
    assert IpoptExecutable().availability().version == "3.14.0"


def test_path_comes_before_idaes_and_the_variable_before_both(nowhere, tmp_path, monkeypatch):
    install(tmp_path / "idaes" / "bin")
    on_path = install(tmp_path / "path")
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert IpoptExecutable().executable() == on_path
    named = install(tmp_path / "named")
    monkeypatch.setenv(VARIABLE, str(named))
    assert IpoptExecutable().executable() == named


def test_folder_of_idaes(monkeypatch, tmp_path):
    monkeypatch.delenv("IDAES_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    expected = tmp_path / ("idaes" if os.name == "nt" else ".idaes") / "bin"
    assert idaes_folder() == expected


def test_libraries_beside_the_program_of_idaes_are_found(nowhere, tmp_path, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "/before")
    path = install(tmp_path / "idaes" / "bin", "libraries")
    result = IpoptExecutable().compile(problems.hs071()).solve()
    assert f"/before{os.pathsep}{path.parent}" in result.message
    assert os.environ["LD_LIBRARY_PATH"] == "/before"


def test_another_program_called_ipopt_is_not_taken_for_it(nowhere, tmp_path):
    solver = IpoptExecutable(install(tmp_path, "not ipopt"))
    assert solver.availability().available is False


def test_a_program_that_cannot_run_is_not_available(nowhere, tmp_path):
    path = install(tmp_path)
    path.write_text("#!/no/such/interpreter\n")
    assert IpoptExecutable(path).availability().available is False


def test_crash(tmp_path, capfd):
    result = run(tmp_path, "crash")
    assert (result.termination, result.holds) == (Termination.ERROR, Quality.NOTHING)
    assert "exit code 139" in result.message
    assert "Segmentation fault" in result.message
    assert capfd.readouterr() == ("", "")


def test_hanging_program_is_killed_at_the_time_limit(tmp_path, capfd):
    result = run(tmp_path, "hang", SolverOptions(time_limit=0.2))
    assert (result.termination, result.holds) == (Termination.TIME_LIMIT, Quality.NOTHING)
    assert result.seconds < 50  # the program sleeps for 60
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("mode", "words"),
    [("rubbish", "cannot read"), ("no solution file", "did not generate a SOL file")],
)
def test_no_solution(tmp_path, capfd, mode, words):
    result = run(tmp_path, mode)
    assert (result.termination, result.holds) == (Termination.ERROR, Quality.NOTHING)
    assert words in result.message
    assert capfd.readouterr() == ("", "")


def test_pyomos_remarks_stay_off_the_terminal(tmp_path):
    path = install(tmp_path / "bin", "no solution file")
    code = f"""
from opt_games.solvers.ipopt_executable import IpoptExecutable
from solvers.problems import hs071
assert not IpoptExecutable({str(path)!r}).compile(hs071()).solve().ok
"""
    tests = str(Path(__file__).resolve().parents[1])
    python_path = os.pathsep.join([tests, os.getcwd(), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": python_path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_program_that_lies_is_not_believed(tmp_path):
    result = run(tmp_path, "lie")
    assert result.termination is Termination.CONVERGED
    assert result.holds is Quality.POINT
    assert result.constraint_violation >= 1.0
    with pytest.raises(SolverError, match="breaks the constraints"):
        result.require()
