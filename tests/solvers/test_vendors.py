"""What each back end says without its vendor, and of options that are ours."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import metadata, util
from pathlib import Path

import pytest

from opt_games.errors import SolverError
from opt_games.solvers import SolverOptions, get_solver, solvers
from opt_games.testing import problems

from .conftest import AVAILABLE

EXTRAS = ("cyipopt", "uno", "pounce", "scip", "maingo", "gurobi")
PACKAGES = {
    "slsqp": "scipy",
    "trust-constr": "scipy",
    "uno": "unopy",
    "pounce": "pounce-solver",
    "scip": "pyscipopt",
    "maingo": "maingopy",
    "gurobi": "gurobipy",
}
OWNED = {
    "slsqp": ("ftol", "tolerance"),
    "trust-constr": ("maxiter", "iteration_limit"),
    "uno": ("time_limit", "time_limit"),
    "pounce": ("tol", "tolerance"),
    "scip": ("limits/gap", "gap"),
    "maingo": ("maxTime", "time_limit"),
    "gurobi": ("OutputFlag", "never prints"),
}
THEIRS = {
    "slsqp": ("eps", 1e-6),
    "trust-constr": ("initial_tr_radius", 0.5),
    "uno": ("preset", "ipopt"),
    "pounce": ("max_soc", 2),
    "scip": ("separating/maxrounds", 5),
    "maingo": ("BAB_branchVariable", 1),
    "gurobi": ("Threads", 1),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_without_its_vendor_it_says_how_to_get_it(name, monkeypatch):
    real = metadata.version

    def version(package):
        if package == PACKAGES[name]:
            raise metadata.PackageNotFoundError(package)
        return real(package)

    monkeypatch.setattr(metadata, "version", version)
    solver = solvers()[name]
    assert solver.availability().available is False
    with pytest.raises(SolverError, match="pip install"):
        solver.compile(problems.hs071())
    with pytest.raises(SolverError, match=f"{name} is not available here: pip install"):
        get_solver(name)


def test_each_extra_is_named_after_its_solver():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    for name in EXTRAS:
        assert name in extras
        assert f"'opt_games[{name}]'" in solvers()[name].availability().how_to_get


@pytest.mark.parametrize("name", OWNED)
def test_options_that_are_ours_are_refused_with_advice(name):
    if name not in AVAILABLE:
        pytest.skip(f"{name} is not here")
    option, advice = OWNED[name]
    with pytest.raises(SolverError, match=f"{option} is not passed through.*{advice}"):
        solvers()[name].compile(problems.hs071(), SolverOptions(options={option: 1}))


@pytest.mark.parametrize("name", THEIRS)
def test_options_that_are_theirs_reach_them(name):
    if name not in AVAILABLE:
        pytest.skip(f"{name} is not here")
    option, setting = THEIRS[name]
    problem = solvers()[name].compile(problems.hs071(), SolverOptions(options={option: setting}))
    assert problem.solve().require().objective == pytest.approx(17.0140172891563)


@pytest.mark.parametrize("name", sorted(set(OWNED) - {"slsqp", "trust-constr"}))
def test_a_setting_of_the_wrong_kind_is_named(name):
    if name not in AVAILABLE:
        pytest.skip(f"{name} is not here")
    option, _ = THEIRS[name]
    with pytest.raises(SolverError, match=option if option != "preset" else "preset"):
        solvers()[name].compile(
            problems.hs071(), SolverOptions(options={option: "no such word"})
        ).solve()


def test_versions_are_those_installed():
    for name, package in PACKAGES.items():
        if util.find_spec(package.split("-")[0]) is not None:
            assert solvers()[name].availability().version == metadata.version(package)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["uno", "trust-constr", "scip", "gurobi", "maingo in a process"])
def test_ctrl_c_stops_a_solve(name, tmp_path):
    vendor, _, contained = name.partition(" ")
    if vendor not in AVAILABLE:
        pytest.skip(f"{vendor} is not here")
    (tmp_path / "solve.py").write_text(
        f"""
import os, signal, threading, time
from opt_games.solvers import Contained, SolverOptions, get_solver
from opt_games.testing.unsolvable import chained_rosenbrock, hills

if __name__ == "__main__":
    solver = get_solver({vendor!r})
    model = hills(14) if solver.capabilities.global_ else chained_rosenbrock(1000)
    solver = Contained(solver) if {bool(contained)} else solver
    problem = solver.compile(model, SolverOptions(time_limit=30))
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    began = time.monotonic()
    try:
        problem.solve()
    except KeyboardInterrupt:
        print("stopped after", time.monotonic() - began)
"""
    )
    python_path = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "solve.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": python_path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = done.stdout.splitlines()[-1]  # SCIP and Gurobi have a word to say first
    assert said.startswith("stopped after"), (done.stdout, done.stderr)
    assert float(said.split()[-1]) < 10
