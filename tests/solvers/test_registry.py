from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import opt_games
from opt_games.errors import SolverError
from opt_games.solvers import get_solver, solvers
from opt_games.solvers.ipopt import Ipopt

from .problems import hs071


class Mine(Ipopt):
    name = "mine"


class Explodes(Ipopt):
    def __init__(self):
        raise RuntimeError("licence expired")


class NoSolver:
    pass


@pytest.fixture
def announce(monkeypatch):
    """Let entry points announce solvers of this file."""

    def install(**names):
        entries = [
            metadata.EntryPoint(name.replace("_", "-"), value, "opt_games.solvers")
            for name, value in names.items()
        ]
        monkeypatch.setattr(metadata, "entry_points", lambda group: entries)

    return install


def test_built_in_names_default_first():
    assert list(solvers())[:3] == ["ipopt", "cyipopt", "ipopt-executable"]
    assert get_solver().name == "ipopt"


def test_every_name_is_the_solvers_own():
    assert all(name == solver.name for name, solver in solvers().items())


def test_unknown_name_gets_the_nearest_and_the_list():
    with pytest.raises(SolverError, match=r"'cyippot': did you mean cyipopt\? choose from ipopt, "):
        get_solver("cyippot")
    with pytest.raises(SolverError, match="'xyz': choose from ipopt, cyipopt"):
        get_solver("xyz")


def test_entry_points_add_solvers(announce):
    announce(mine=f"{__name__}:Mine")
    assert get_solver("mine").compile(hs071()).solve().ok


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no.such.module:Solver", "No module named"),
        (f"{__name__}:Nothing", "Nothing"),
        (f"{__name__}:Explodes", "licence expired"),
        (f"{__name__}:NoSolver", "not a subclass of Solver"),
    ],
)
def test_a_broken_entry_point_is_reported_and_not_fatal(announce, value, reason):
    announce(bad=value, mine=f"{__name__}:Mine")
    known = solvers()
    assert known["bad"].availability().available is False
    assert reason in known["bad"].availability().how_to_get
    with pytest.raises(SolverError, match=reason):
        known["bad"].compile(hs071())
    with pytest.raises(SolverError, match=reason):
        get_solver("bad")
    assert get_solver("mine").availability().available
    assert get_solver("ipopt").availability().available


def test_an_entry_point_cannot_replace_a_built_in(announce):
    announce(ipopt=f"{__name__}:Mine")
    known = solvers()
    assert type(known["ipopt"]) is Ipopt
    assert "taken" in known["ipopt (another)"].availability().how_to_get


def test_vendors_are_not_imported_with_the_package():
    code = f"""
import sys, types
package = types.ModuleType("opt_games")  # without what the rest of the package imports
package.__path__ = [{str(Path(opt_games.__file__).parent)!r}]
sys.modules["opt_games"] = package
from opt_games.solvers import get_solver
get_solver("ipopt")
print(sorted({{"casadi", "cyipopt", "idaes", "scipy"}} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
