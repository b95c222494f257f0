from __future__ import annotations

import sys

import pytest

from opt_games.errors import SolverError
from opt_games.solvers import get_solver
from opt_games.solvers.cyipopt import Cyipopt

from . import problems


def test_without_cyipopt_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cyipopt", None)
    assert Cyipopt().availability().available is False
    with pytest.raises(SolverError, match=r"pip install 'opt_games\[cyipopt\]'.*Ipopt headers"):
        Cyipopt().compile(problems.hs071())
    with pytest.raises(SolverError, match=r"pip install 'opt_games\[cyipopt\]'.*available: ipopt"):
        get_solver("cyipopt")
