"""The choice of a contract with the equilibrium inside."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

from opt_games import (
    Bargaining,
    Branch,
    Closure,
    Contract,
    Game,
    Generalist,
    Specialist,
    bargaining_problem,
)
from opt_games.equilibrium import EquilibriumMap
from opt_games.formulations.game_model import set_parameters
from opt_games.formulations.latex import to_latex
from opt_games.solvers import get_solver, solvers

SOLVERS = [n for n in ("ipopt", "cyipopt") if solvers()[n].availability().available]
STATIONARY = (Closure.STATIONARY,)
IDEAL = {"generalist": 1 / 3, "law": 0.5}  # of the quadratic game with c0 = 1, c1 = 1/2
SHARES = {
    "utilitarian": 1 / 3,
    "powerful-generalist": 2 / 3,
    "powerful-specialist": 0.0,
    "max-performance": 0.0,
    "egalitarian": 1 - 1 / np.sqrt(3),
}


def game_of(cost="c1 * (alpha1 - alpha0)**2", revenue="alpha1", leader="c0 * alpha0**2", **more):
    return Game(
        "bargain",
        Generalist(leader),
        [Specialist("law", revenue, cost)],
        {"c0": 1.0, "c1": 0.5},
        **more,
    )


def begin(model: pyo.ConcreteModel, share: float, base: float, final: float) -> None:
    model.common_share.value = share
    model.base["alpha"].value = base
    for level in model.domain["law"].free_level.values():
        level.value = final


def utilities(share: float) -> tuple[float, float]:
    return share**2 / 4 + share * (1 - share), share * (1 - share) / 2 + (1 - share) ** 2 / 2


@pytest.fixture(params=SOLVERS)
def solver(request) -> str:
    return request.param


@pytest.mark.parametrize("solution", SHARES)
def test_closed_forms(solution, solver):
    model = bargaining_problem(game_of(), solution)
    begin(model, 0.45, 0.225, 0.775)
    assert get_solver(solver).compile(model).solve().ok
    share = SHARES[solution]
    assert model.common_share.value == pytest.approx(share, abs=1e-6)
    assert pyo.value(model.utility) == pytest.approx(utilities(share)[0], abs=1e-6)
    assert pyo.value(model.domain["law"].utility) == pytest.approx(utilities(share)[1], abs=1e-6)


def test_nash_and_weights(solver):
    line = np.linspace(0.0, 1.0, 1_000_001)[1:-1]
    leader, own = utilities(line)
    for weight in (1.0, 3.0):
        game = game_of(bargaining=Bargaining(weights={"law": weight}))
        model = bargaining_problem(game, "nash")
        begin(model, 0.45, 0.225, 0.775)
        assert get_solver(solver).compile(model).solve().ok
        best = line[np.argmax(np.log(leader) + weight * np.log(own))]
        assert model.common_share.value == pytest.approx(best, abs=2e-6)


def test_weighted_welfare(solver):
    game = game_of(bargaining=Bargaining(weights={"generalist": 2.0}))
    model = bargaining_problem(game, "weighted")
    begin(model, 0.45, 0.225, 0.775)
    assert get_solver(solver).compile(model).solve().ok
    # d/ds of 2 (s - 3 s^2 / 4) + (1 - s) / 2
    assert model.common_share.value == pytest.approx(0.5, rel=1e-6)


def test_kalai_smorodinsky_equalises_parts_of_the_ideal(solver):
    model = bargaining_problem(game_of(), "kalai-smorodinsky", ideal=IDEAL)
    begin(model, 0.45, 0.225, 0.775)
    assert get_solver(solver).compile(model).solve().ok
    parts = [pyo.value(model.utility) * 3, pyo.value(model.domain["law"].utility) * 2]
    assert parts[0] == pytest.approx(parts[1], rel=1e-6)
    assert model.worst.value == pytest.approx(parts[0], rel=1e-6)


def test_the_epigraph_of_egalitarian(solver):
    model = bargaining_problem(
        game_of(bargaining=Bargaining(disagreement={"law": 0.2})), "egalitarian"
    )
    begin(model, 0.3, 0.15, 0.85)
    assert get_solver(solver).compile(model).solve().ok
    own = pyo.value(model.domain["law"].utility) - 0.2
    assert pyo.value(model.utility) == pytest.approx(own, rel=1e-6)
    assert model.worst.value == pytest.approx(own, rel=1e-6)


def test_one_players_best(solver):
    model = bargaining_problem(game_of(), favoured="generalist")
    begin(model, 0.45, 0.225, 0.775)
    assert get_solver(solver).compile(model).solve().ok
    assert model.common_share.value == pytest.approx(2 / 3, abs=1e-7)


def test_separate_shares(solver):
    domains = [Specialist(n, "alpha1", "c * (alpha1 - alpha0)**2", {"c": c}) for n, c in
               (("law", 0.5), ("film", 0.25))]  # fmt: skip
    game = Game("two", Generalist("2 * alpha0**2"), domains, contract=Contract("separate"))
    model = bargaining_problem(game, "utilitarian")
    assert get_solver(solver).compile(model).solve().ok
    found = [model.share[name].value for name in ("law", "film")]
    assert found == pytest.approx([0.5 * 2 / 2.75, 0.25 * 2 / 2.75], rel=1e-6)


def test_stationarity_is_that_of_the_sampled_equilibrium():
    """The model's derivative of welfare along the share, against the engine's differences."""
    game = game_of(
        "c1 * (alpha1 - alpha0)**1.7 + 0.1 * (alpha1 - alpha0)",
        "2 * (1 - exp(-alpha1)) + 0.3 * sqrt(alpha1)",
        "c0 * alpha0**2.3",
    )
    equilibria = EquilibriumMap.of(game)
    model = bargaining_problem(game, "utilitarian")
    compiled = get_solver("ipopt").compile(model)
    for share in (0.2, 0.5, 0.7):
        found = equilibria.sample(np.array([[share]]))
        base = float(found.optima.base[0])
        begin(model, share, base, base + float(found.optima.contribution[0, 0]))
        model.common_share.fix(share)
        assert compiled.solve().ok
        # with the share held the equations alone determine the levels: those of the equilibrium
        assert model.base["alpha"].value == pytest.approx(base, rel=1e-7)
        assert pyo.value(model.utility) == pytest.approx(float(found.utilities[0, 0]), rel=1e-8)
        model.common_share.unfix()
    begin(model, 0.5, 0.3, 0.9)
    start = equilibria.sample(np.array([[0.5]]))
    begin(
        model, 0.5, float(start.optima.base[0]),
        float(start.optima.base[0] + start.optima.contribution[0, 0]),
    )  # fmt: skip
    assert compiled.solve().ok
    best = model.common_share.value
    step = 1e-4
    up, down = equilibria.sample(best + np.array([[step, -step]])).utilities.sum(axis=0)
    assert (up - down) / (2 * step) == pytest.approx(0.0, abs=1e-6)
    assert up + down < 2 * pyo.value(model.objective)


def test_a_binding_participation(solver):
    """With entry at 0.4 the utilitarian share of the edge branch keeps the specialist at zero."""
    game = game_of("c1 * (alpha1 - alpha0)**2 + 0.4")
    branch = Branch((Closure.FOLLOWER,), (STATIONARY,), binding=(0,))
    model = bargaining_problem(game, "utilitarian", branch)
    begin(model, 0.45, 0.4, 0.95)
    assert get_solver(solver).compile(model).solve().ok
    share = model.common_share.value
    edge = (0.4 - (1 - share) ** 2 / 2) / (1 - share)
    assert model.base["alpha"].value == pytest.approx(edge, rel=1e-6)
    assert pyo.value(model.domain["law"].profit) == pytest.approx(0.0, abs=1e-7)


def test_a_rival_branch_holds_the_share():
    """Beyond the share at which giving up pays, the generalist would jump."""
    game = game_of("c1 * (alpha1 - alpha0)**2 + 0.3")
    edge = Branch((Closure.FOLLOWER,), (STATIONARY,), binding=(0,))
    out = Branch((Closure.LOWER,), (None,))
    model = bargaining_problem(game, "max-performance", edge, rivals=[out])
    assert len(model.rival) == 1
    begin(model, 0.70, 0.85, 1.15)
    model.rival[0].base["alpha"].value = 0.0
    assert get_solver("ipopt").compile(model).solve().ok
    assert pyo.value(model.profit) == pytest.approx(0.0, abs=1e-7)
    low, high = 0.6, 1 - 1e-9
    for _ in range(100):
        d = (low + high) / 2
        base = (0.3 - (1 - d) ** 2 / 2) / (1 - d)
        low, high = (d, high) if d * (base + 1 - d) - base**2 > 0 else (low, d)
    assert model.common_share.value == pytest.approx(low, abs=1e-6)


def test_disagreement_is_a_constraint():
    game = game_of(bargaining=Bargaining(disagreement={"law": 0.4}))
    model = bargaining_problem(game, "utilitarian")
    assert list(model.rational) == ["law"]
    begin(model, 0.15, 0.075, 0.925)
    assert get_solver("ipopt").compile(model).solve().ok
    # (1 - s) / 2 >= 0.4
    assert model.common_share.value == pytest.approx(0.2, abs=1e-6)


def test_new_parameters_are_solved_for_without_a_rebuild():
    model = bargaining_problem(game_of(), "utilitarian")
    compiled = get_solver("ipopt").compile(model)
    for c0, c1 in ((1.0, 0.5), (0.6, 0.9), (2.0, 2.0)):
        set_parameters(model, game_of().with_parameters(c0=c0, c1=c1))
        assert compiled.solve().ok
        assert model.common_share.value == pytest.approx(c1 / (c0 + c1), rel=1e-6)


@pytest.mark.parametrize(
    "solution",
    ["nash", "utilitarian", "weighted", "egalitarian", "kalai-smorodinsky", "max-performance"],
)
def test_every_solution_prints(solution):
    game = game_of(bargaining=Bargaining(weights={"law": 2.0}))
    text = to_latex(bargaining_problem(game, solution, ideal=IDEAL))
    assert r"\max" in text
    out = Branch((Closure.LOWER,), (None,))
    assert to_latex(bargaining_problem(game, solution, rivals=[out], ideal=IDEAL)) != text
