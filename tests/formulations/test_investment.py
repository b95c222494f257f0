"""What one player should invest, the others' levels given."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

import opt_games
from opt_games import Game, Generalist, Specialist, investment_problem
from opt_games.formulations.latex import to_latex
from opt_games.solvers import get_solver, solvers

SOLVERS = [n for n in ("ipopt", "cyipopt") if solvers()[n].availability().available]
GAME = Game(
    "invest",
    Generalist("c0 * alpha0**2"),
    [
        Specialist("law", "sqrt(alpha1)", "c1 * (alpha1 - alpha0)**2"),
        Specialist("film", "alpha1", "2 * (alpha1 - alpha0) + (alpha1 - alpha0)**2"),
    ],
    {"c0": 1.0, "c1": 0.5},
)
SHARES = {"law": 0.4, "film": 0.25}


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_specialist(solver):
    model = investment_problem(GAME, "law", shares=SHARES, levels={"generalist": {"alpha": 0.0}})
    compiled = get_solver(solver).compile(model)
    assert compiled.solve().ok
    level = model.domain["law"].free_level["alpha"]
    assert level.value == pytest.approx(0.3 ** (2 / 3), rel=1e-6)  # 0.6 / (2 sqrt a) = a
    model.base["alpha"].value = 1.0
    assert compiled.solve().ok
    # 0.3 / sqrt(a) = a - 1
    assert 0.3 / level.value**0.5 == pytest.approx(level.value - 1, abs=1e-7)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_specialist_who_adds_nothing(solver):
    model = investment_problem(GAME, "film", shares=SHARES, levels={"generalist": {"alpha": 0.3}})
    assert get_solver(solver).compile(model).solve().ok
    assert model.domain["film"].free_level["alpha"].value == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_generalist_who_moves_at_once_with_the_others_invests_nothing(solver):
    """With everybody's final level given its own level earns nothing."""
    levels = {"law": {"alpha": 0.8}, "film": {"alpha": 0.5}}
    model = investment_problem(GAME, "generalist", shares=SHARES, levels=levels)
    assert get_solver(solver).compile(model).solve().ok
    assert model.base["alpha"].value == pytest.approx(0.0, abs=1e-4)
    assert pyo.value(model.profit) == pytest.approx(0.4 * 0.8**0.5 + 0.25 * 0.5, abs=1e-7)


def test_it_prints():
    for player, levels in (
        ("law", {"generalist": {"alpha": 0.2}}),
        ("generalist", {"law": {"alpha": 0.8}}),
    ):
        text = to_latex(investment_problem(GAME, player, shares=SHARES, levels=levels))
        assert r"\max" in text


def test_wrong_players_and_missing_levels():
    with pytest.raises(opt_games.SpecError, match="players are generalist, law, film"):
        investment_problem(GAME, "lw", shares=SHARES, levels={})
    with pytest.raises(opt_games.SpecError, match="give the levels of 'generalist'"):
        investment_problem(GAME, "law", shares=SHARES, levels={})
