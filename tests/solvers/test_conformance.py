"""The suite that we ship, for every back end that is available here."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from opt_games.solvers import solvers
from opt_games.solvers.ipopt_executable import IpoptExecutable
from opt_games.testing import SolverConformance

from . import stand_in
from .conftest import AVAILABLE

QUICK = ("ipopt", "uno", "scip")
"""Those that take part also where the slow tests are left out."""


class TestEverySolver(SolverConformance):
    @pytest.fixture(
        params=[
            name if name in QUICK else pytest.param(name, marks=pytest.mark.slow)
            for name in AVAILABLE
        ]
    )
    def solver(self, request):
        return solvers()[request.param]


class StandIn(IpoptExecutable):
    """Our route to a program that reads models by CasADi, which does not know these functions."""

    capabilities = replace(
        IpoptExecutable.capabilities,
        refuses=IpoptExecutable.capabilities.refuses | {"asinh", "acosh", "atanh", "Expr_if"},
    )


@pytest.mark.slow
class TestStandIn(SolverConformance):
    @pytest.fixture
    def solver(self, tmp_path_factory):
        return StandIn(stand_in.install(tmp_path_factory.mktemp("bin")))


def test_required_solvers_are_available():
    required = {"ipopt", *os.environ.get("OPT_GAMES_REQUIRED_SOLVERS", "").split(",")} - {""}
    missing = {name for name in required if not solvers()[name].availability().available}
    assert not missing
