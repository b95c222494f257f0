"""Starts at which a derivative is infinite: none of the solvers may crash or raise."""

from __future__ import annotations

import pytest

import opt_games
from opt_games.benchmark.families import random_games
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


@pytest.mark.skipif("uno" not in LOCAL, reason="unopy is not installed")
def test_uno_turns_back_from_them():
    """It used to search for ever: a base level of 0 has an infinite second derivative."""
    game = random_games(4, seed=0)["power 0.3"]
    model = opt_games.bargaining_problem(game, "nash")
    start = {"common_share": 6.7e-4, "base[alpha]": 0.0281, "multiplier[1]": -0.845}
    start |= {"domain[domain].free_level[alpha]": 0.0595}
    for name, number in start.items():
        model.find_component(name).set_value(number)
    model.base["alpha"].setub(43.08869380063756)
    model.domain["domain"].free_level["alpha"].setub(63.08869380063756)
    result = get_solver("uno").compile(model, SolverOptions(time_limit=10.0)).solve()
    assert result.require().objective == pytest.approx(2.0078698977370713, abs=1e-7)
