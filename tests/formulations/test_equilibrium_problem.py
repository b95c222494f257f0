"""The generalist's problem with the responses inside, on every kind of branch."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from opt_games import Branch, Closure, Game, Generalist, Specialist, equilibrium_problem
from opt_games.formulations.latex import to_latex
from opt_games.solvers import get_solver, solvers

SOLVERS = [n for n in ("ipopt", "cyipopt") if solvers()[n].availability().available]
STATIONARY = (Closure.STATIONARY,)


def game_of(cost: str, revenue: str = "alpha1", **more) -> Game:
    return Game("equilibrium", Generalist("alpha0**2"), [Specialist("law", revenue, cost)], **more)


def solved(game: Game, share: float, branch: Branch | None, solver: str) -> pyo.ConcreteModel:
    model = equilibrium_problem(game, {"law": share}, branch)
    if not model.base["alpha"].fixed:
        model.base["alpha"].value = 0.3
    for level in model.domain["law"].free_level.values():
        level.value = 0.9
    assert get_solver(solver).compile(model).solve().ok
    return model


@pytest.fixture(params=SOLVERS)
def solver(request) -> str:
    return request.param


def levels(model: pyo.ConcreteModel) -> list[float]:
    return [model.base["alpha"].value, pyo.value(model.domain["law"].level["alpha"])]


def test_both_contribute(solver):
    model = solved(game_of("0.5 * (alpha1 - alpha0)**2"), 0.4, None, solver)
    assert levels(model) == pytest.approx([0.2, 0.8], rel=1e-7)
    assert pyo.value(model.profit) == pytest.approx(0.28, rel=1e-8)
    assert pyo.value(model.domain["law"].profit) == pytest.approx(0.3, rel=1e-7)


def test_powers(solver):
    model = solved(game_of("0.5 * (alpha1 - alpha0)**3"), 0.4, None, solver)
    assert levels(model) == pytest.approx([0.2, 0.2 + (0.6 / 1.5) ** 0.5], rel=1e-7)


def test_free_riding(solver):
    branch = Branch(STATIONARY, ((Closure.LOWER,),))
    model = solved(game_of("2 * (alpha1 - alpha0)"), 0.4, branch, solver)
    assert levels(model) == pytest.approx([0.2, 0.2], rel=1e-7)


def test_the_participation_edge(solver):
    branch = Branch((Closure.FOLLOWER,), (STATIONARY,), binding=(0,))
    model = solved(game_of("0.5 * (alpha1 - alpha0)**2 + 0.4"), 0.4, branch, solver)
    edge = 0.22 / 0.6
    assert levels(model) == pytest.approx([edge, edge + 0.6], rel=1e-7)
    assert pyo.value(model.domain["law"].profit) == pytest.approx(0.0, abs=1e-8)


def test_where_a_specialist_stops_contributing(solver):
    """Revenue with a satiation point: it contributes up to 1, from there it only copies."""
    game = game_of("0.6 * (alpha1 - alpha0)", "2 * alpha1 - 0.5 * alpha1**2")
    # keeps 0.6: marginal 0.6 (2 - a) = 0.6 at a = 1; the generalist pays for what lies beyond
    branch = Branch((Closure.FOLLOWER,), (STATIONARY,), turning=(0,))
    model = solved(game, 0.4, branch, solver)
    assert levels(model) == pytest.approx([1.0, 1.0], rel=1e-6)


def test_levels_at_a_bound(solver):
    game = game_of("0.1 * (alpha1 - alpha0)**2", level_bounds={"alpha": 1.5})
    model = solved(game, 0.2, Branch((Closure.LOWER,), ((Closure.UPPER,),)), solver)
    assert levels(model) == [0.0, 1.5]
    assert model.base["alpha"].fixed
    top = solved(game, 1.0, Branch((Closure.UPPER,), ((Closure.LOWER,),)), solver)
    assert levels(top) == [1.5, 1.5]


def test_formulas_that_pyomo_cannot_differentiate(solver):
    game = game_of("0.5 * (alpha1 - alpha0)**2", "2 * tanh(alpha1) + 0 * abs(alpha1)")
    model = solved(game, 0.4, None, solver)
    base, final = levels(model)
    slope = 0.6 * 2 * (1 - pyo.tanh(final) ** 2)
    assert slope == pytest.approx(final - base, rel=1e-6)


def test_it_prints():
    branch = Branch((Closure.FOLLOWER,), (STATIONARY,), binding=(0,))
    game = game_of("0.5 * (alpha1 - alpha0)**2 + 0.4", "tanh(alpha1) + sqrt(alpha1)")
    for each in (None, branch):
        text = to_latex(equilibrium_problem(game, {"law": 0.4}, each))
        assert r"\max" in text
        assert "= 0" in text


def test_shares_are_parameters_to_change():
    model = equilibrium_problem(game_of("0.5 * (alpha1 - alpha0)**2"), {"law": 0.4})
    compiled = get_solver("ipopt").compile(model)
    for share in (0.4, 0.1, 0.9):
        model.share["law"].value = share
        assert compiled.solve().ok
        assert levels(model) == pytest.approx([share / 2, share / 2 + 1 - share], rel=1e-6)
