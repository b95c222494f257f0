from __future__ import annotations

import os

import pytest

from opt_games.errors import SolverError
from opt_games.solvers import Solver, solvers
from opt_games.solvers.ipopt_executable import IpoptExecutable
from opt_games.testing import problems

from . import stand_in


def works(name: str) -> bool:
    """Whether a back end is here, and its licence, if it wants one, too."""
    solver = solvers()[name]
    if not solver.availability().available:
        return False
    try:
        solver.compile(problems.quotient())
    except SolverError:
        return name in os.environ.get("OPT_GAMES_REQUIRED_SOLVERS", "").split(",")
    return True


AVAILABLE = [name for name in solvers() if works(name)]
"""Every back end that works here takes part in the conformance suite."""

IPOPT = [name for name in AVAILABLE if name in ("ipopt", "cyipopt", "ipopt-executable")]
IN_PROCESS = [name for name in IPOPT if solvers()[name].capabilities.in_process]
WITH_MULTIPLIERS = [name for name in ("ipopt", "cyipopt", "pounce") if name in AVAILABLE]
STAND_IN = "stand-in executable"


def _solver(name: str, tmp_path_factory: pytest.TempPathFactory) -> Solver:
    if name == STAND_IN:
        return IpoptExecutable(stand_in.install(tmp_path_factory.mktemp("bin")))
    return solvers()[name]


@pytest.fixture(params=[*IPOPT, STAND_IN])
def solver(request, tmp_path_factory) -> Solver:
    """Every route to IPOPT that is available, and the executable's stand-in."""
    return _solver(request.param, tmp_path_factory)


@pytest.fixture(params=IN_PROCESS)
def in_process(request) -> Solver:
    """Every IPOPT that runs in this process."""
    return solvers()[request.param]


@pytest.fixture(params=WITH_MULTIPLIERS)
def with_multipliers(request) -> Solver:
    """Every back end that starts warm from multipliers."""
    return solvers()[request.param]
