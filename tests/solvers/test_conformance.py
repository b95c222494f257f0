"""The suite that we ship, for every back end that is available here."""

from __future__ import annotations

import os

import pytest

from opt_games.solvers import solvers
from opt_games.solvers.ipopt_executable import IpoptExecutable
from opt_games.testing import SolverConformance

from . import stand_in
from .conftest import AVAILABLE, STAND_IN


class TestEverySolver(SolverConformance):
    @pytest.fixture(params=[*AVAILABLE, STAND_IN])
    def solver(self, request, tmp_path_factory):
        if request.param == STAND_IN:
            return IpoptExecutable(stand_in.install(tmp_path_factory.mktemp("bin")))
        return solvers()[request.param]


def test_required_solvers_are_available():
    required = {"ipopt", *os.environ.get("OPT_GAMES_REQUIRED_SOLVERS", "").split(",")} - {""}
    missing = {name for name in required if not solvers()[name].availability().available}
    assert not missing
