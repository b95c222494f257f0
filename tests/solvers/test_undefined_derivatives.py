"""Starts at which a derivative is infinite: none of the solvers may crash or raise."""

from __future__ import annotations

import pytest

import opt_games
from opt_games.solvers import SolverOptions, Termination, get_solver

from .conftest import AVAILABLE

LOCAL = [name for name in AVAILABLE if not get_solver(name).capabilities.global_]


def steep(level):
    """The polynomial game: costs to a power below 2, so curvature is infinite where levels meet."""
    game = opt_games.load("polynomial")
    model = opt_games.equilibrium_problem(game, {"law": 0.26370292485760854})
    model.base["alpha"].set_value(level)
    model.domain["law"].free_level["alpha"].set_value(level)
    return model


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.3])
@pytest.mark.parametrize("name", LOCAL)
def test_levels_that_meet(name, level):
    result = get_solver(name).compile(steep(level), SolverOptions(time_limit=10.0)).solve()
    assert result.message
    if result.ok:
        assert result.objective == pytest.approx(0.30627688425949834, abs=1e-7)
    else:
        assert result.termination.value in ("numerical-failure", "infeasible")


def test_trust_constr_says_why():
    game = opt_games.load("exponential")
    model = opt_games.equilibrium_problem(game, {"law": 0.3859758341416768})
    base, level = model.base["alpha"], model.domain["law"].free_level["alpha"]
    base.setub(20.0)
    level.setub(40.0)
    base.set_value(1.7258975015938889)
    level.set_value(3.879277011826206)
    result = get_solver("trust-constr").compile(model, SolverOptions(time_limit=10.0)).solve()
    assert result.termination is Termination.NUMERICAL_FAILURE
    assert "a derivative is not finite" in result.message
