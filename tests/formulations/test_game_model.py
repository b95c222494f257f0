"""Levels, shares and payoffs by name, and new parameter values without a new model."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from opt_games import Branch, Closure, Contract, Game, Generalist, Specialist, equilibrium_problem
from opt_games.formulations.game_model import contributing, game_model, set_parameters, share_of
from opt_games.solvers import get_solver

DOMAINS = [
    Specialist("law", "rho * alpha1", "c * (alpha1 - alpha0)**2", {"rho": 2.0}),
    Specialist("film", "alpha1", "c * (alpha1 - alpha0)**2", utility="1 - exp(-rho * profit)"),
]


def game_of(contract: Contract | None = None, **parameters: float) -> Game:
    return Game(
        "model",
        Generalist("c0 * alpha0**2", utility="3 * profit"),
        DOMAINS,
        {"c0": 1.0, "c": 0.5, "rho": 1.0} | parameters,
        contract=contract or Contract(),
        level_bounds={"alpha": 9.0},
    )


def test_payoffs_by_name():
    model = game_model(game_of(), shares={"law": 0.4, "film": 0.4})
    model.base["alpha"].value = 0.5
    model.domain["law"].free_level["alpha"].value = 1.5
    model.domain["film"].free_level["alpha"].value = 0.75
    law, film = model.domain["law"], model.domain["film"]
    assert pyo.value(law.revenue) == 3.0
    assert pyo.value(law.cost) == 0.5
    assert pyo.value(law.profit) == pytest.approx(0.6 * 3.0 - 0.5)
    profit = 0.6 * 0.75 - 0.5 * 0.0625
    assert pyo.value(film.profit) == pytest.approx(profit)
    assert pyo.value(film.utility) == pytest.approx(1 - pyo.exp(-profit))
    leader = 0.4 * 3.75 - 0.25
    assert pyo.value(model.profit) == pytest.approx(leader)
    assert pyo.value(model.utility) == pytest.approx(3 * leader)
    assert model.base["alpha"].bounds == (0.0, 9.0)


def test_a_branch_decides_what_is_a_variable():
    branch = Branch((Closure.STATIONARY,), ((Closure.LOWER,), None))
    model = game_model(game_of(), branch=branch, shares={"law": 0.4, "film": 0.4})
    assert list(model.domain) == ["law"]
    assert not list(model.domain["law"].free_level)
    model.base["alpha"].value = 0.7
    assert pyo.value(model.domain["law"].level["alpha"]) == 0.7
    capped = game_model(
        game_of(),
        branch=Branch((Closure.STATIONARY,), ((Closure.UPPER,), None)),
        shares={"law": 0, "film": 0},
    )
    assert pyo.value(capped.domain["law"].level["alpha"]) == 9.0


def test_shares_are_variables_or_parameters():
    common = game_model(game_of(Contract(bounds=(0.2, 0.6))))
    assert share_of(common, "law") is common.common_share is share_of(common, "film")
    assert common.common_share.bounds == (0.2, 0.6)
    separate = game_model(game_of(Contract("separate")))
    assert share_of(separate, "law") is separate.share["law"]
    given = game_model(game_of(), shares={"law": 0.4, "film": 0.5})
    assert isinstance(given.share, pyo.Param)
    assert pyo.value(share_of(given, "film")) == 0.5


def test_everybody_contributes_by_default():
    branch = contributing(game_of())
    assert branch == Branch((Closure.STATIONARY,), ((Closure.STATIONARY,),) * 2)


def test_new_parameters_are_solved_for_without_a_rebuild():
    """base = share sum rho / (2 c0), level = base + (1 - share) rho / (2 c)."""
    model = equilibrium_problem(game_of(), {"law": 0.4, "film": 0.4})
    compiled = get_solver("ipopt").compile(model)
    for c0, c in ((1.0, 0.5), (2.0, 0.25), (0.7, 1.0)):
        set_parameters(model, game_of(c0=c0, c=c))
        assert compiled.solve().ok
        base = 0.4 * 3 / (2 * c0)
        assert model.base["alpha"].value == pytest.approx(base, rel=1e-6)
        law = pyo.value(model.domain["law"].level["alpha"])
        assert law == pytest.approx(base + 0.6 * 2 / (2 * c), rel=1e-6)
    local = Game(
        "model",
        Generalist("c0 * alpha0**2"),
        [Specialist("law", "rho * alpha1", "c * (alpha1 - alpha0)**2", {"rho": 5.0}), DOMAINS[1]],
        {"c0": 1.0, "c": 0.5, "rho": 1.0},
    )
    set_parameters(model, local)
    model.share["law"].value = 0.5
    assert compiled.solve().ok
    base = (0.5 * 5 + 0.4) / 2
    assert model.base["alpha"].value == pytest.approx(base, rel=1e-6)
