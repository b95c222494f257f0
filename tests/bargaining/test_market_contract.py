"""Separate shares of whole markets: closed forms, a brute force over contracts, and the notes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from peers.separate_market import SeparateMarket
from separate_shares import compare

import opt_games
from opt_games import Contract, Game, Generalist, Specialist, SpecialistTable, cli
from opt_games.bargaining.market_contract import best_market_contract, market_stakes
from opt_games.bargaining.market_equilibria import market_equilibria
from opt_games.bargaining.market_few import few_search
from opt_games.bargaining.market_ideals import specialist_ideals
from opt_games.bargaining.market_search import MarketSearch
from opt_games.bargaining.market_terms import Terms
from opt_games.bargaining.solutions import Stakes, score_utilities
from opt_games.errors import UnsupportedGameError
from opt_games.solvers.base import SolverOptions

SEPARATE = Contract(shares="separate")


def linear(size: int) -> tuple[Game, np.ndarray]:
    """A market whose utilitarian shares have a closed form."""
    rng = np.random.default_rng(size)
    rho, c, c0 = rng.uniform(0.9, 1.1, size), rng.uniform(0.8, 1.2, size), 0.6 * size
    form = Specialist("app", "rho * alpha1", "c * (alpha1 - alpha0)**2")
    table = SpecialistTable(form, {"rho": rho, "c": c})
    game = Game("linear", Generalist("c0 * alpha0**2"), table, {"c0": c0}, contract=SEPARATE)
    return game, (c / rho) * rho.sum() / (c0 + c.sum())


def curved(size: int, entry: float) -> Game:
    rng = np.random.default_rng(size)
    form = Specialist("app", "rho * (1 - exp(-k * alpha1))", "e + c1 * (alpha1 - alpha0)**2")
    columns = {name: rng.uniform(0.5, 2.0, size) for name in ("rho", "k", "c1")}
    columns["e"] = entry * rng.uniform(0.0, 1.0, size)
    table = SpecialistTable(form, columns)
    return Game("m", Generalist("c0 * alpha0**2"), table, {"c0": float(size)}, contract=SEPARATE)


@pytest.mark.parametrize("size", [1, 7, 65, 1000])
def test_utilitarian_shares_follow_the_closed_form(size):
    game, expected = linear(size)
    found = opt_games.solve(game, bargain="utilitarian")
    assert found.equilibrium.certified
    np.testing.assert_allclose(list(found.shares.values()), expected, atol=1e-8)


@pytest.mark.slow
def test_utilitarian_shares_follow_the_closed_form_for_every_size():
    for size in [*range(5, 60, 6), *range(60, 1000, 94)]:
        game, expected = linear(size)
        found = best_market_contract(game, "utilitarian", SolverOptions())
        np.testing.assert_allclose(found.outcome.share, expected, atol=1e-8)


@pytest.mark.parametrize(
    "solution", ["nash", "egalitarian", "max-performance", "powerful-specialist", "weighted"]
)
def test_no_sampled_contract_is_better(solution):
    game = curved(70, 0.0)
    if solution == "weighted":
        weights = {"generalist": 2.0}
        game = Game(
            "m",
            game.generalist,
            game.specialists,
            game.parameters,
            contract=SEPARATE,
            bargaining=opt_games.Bargaining(weights=weights),
        )
    found = opt_games.solve(game, bargain=solution)
    assert found.equilibrium.certified
    equilibria, _ = market_equilibria(game)
    shares = np.array(list(found.shares.values()))
    rng = np.random.default_rng(0)
    tried = [np.clip(shares + s * rng.normal(size=70), 0, 1) for s in (1e-3, 1e-2, 0.1, 0.3)]
    tried += [np.full(70, s) for s in np.linspace(0, 1, 21)] + [rng.random(70) for _ in range(5)]
    outcomes = [equilibria.outcome(each) for each in (shares, *tried)]
    utilities = np.array([each.utilities for each in outcomes]).T
    stakes = Stakes.of_utilities(game, utilities)
    scores = score_utilities(
        solution, stakes, utilities, np.array([each.performance for each in outcomes])
    )
    assert scores[0] >= scores[1:].max() - 1e-9 * abs(scores[0])


@pytest.mark.slow
def test_a_contract_that_holds_the_generalist_at_an_edge():
    game = curved(80, 0.3)
    found = best_market_contract(game, "utilitarian", SolverOptions())
    equilibria, _ = market_equilibria(game)
    common = max(equilibria.outcome(float(s)).utilities.sum() for s in np.linspace(0, 1, 101))
    assert found.outcome.utilities.sum() > 1.05 * common
    assert not found.outcome.reply.takes.all()
    # going higher would pay the generalist no more, and specialists are just willing where it is
    assert found.outcome.reply.slope < 0.0
    assert (np.abs(found.outcome.profits[1:][found.outcome.reply.takes]) < 1e-8).any()
    assert found.progress.gap < 0.02


@pytest.mark.slow
def test_every_specialists_best_contract():
    game = curved(3, 0.0)
    equilibria, scale = market_equilibria(game)
    ideals = specialist_ideals(equilibria.search.crowd, scale, 0.0, 1.0)
    few, stakes = few_search(equilibria, scale)
    climbed = few.with_ideals(Terms(game, "nash", stakes, np.zeros(4))).ideal[1:]
    np.testing.assert_allclose(ideals, climbed, rtol=1e-6)


@pytest.mark.parametrize("seed", [14, 42])
def test_a_small_market_in_which_nobody_gains_by_any_contract(seed):
    game = SeparateMarket.random(seed).game()
    assert best_market_contract(game, "utilitarian", SolverOptions()).outcome is None
    assert compare(seed) == (None, True)


@pytest.mark.slow
def test_a_brute_force_over_contracts_of_small_markets():
    # all two hundred: `python benchmarks/separate_shares.py --small 200`
    found = [compare(seed) for seed in (*range(12), 16, 69, 80, 131, 133, 178)]
    assert [same for _, same in found].count(False) == 0
    shortfall = np.array([each for each, _ in found if each is not None])
    assert shortfall.size == 16
    assert shortfall.max() < 1e-6


def powers(size: int) -> Game:
    rng = np.random.default_rng(size)
    form = Specialist("app", "rho * alpha1", "c1 * (alpha1 - alpha0)**1.7")
    table = SpecialistTable(form, {name: rng.uniform(0.5, 2.0, size) for name in ("rho", "c1")})
    return Game("m", Generalist("c0 * alpha0**2"), table, {"c0": float(size)}, contract=SEPARATE)


def test_contributions_without_a_second_derivative_at_zero():
    # half of the specialists give up everything there, and contribute nothing
    game = powers(200)
    found = best_market_contract(game, "utilitarian", SolverOptions())
    assert not found.progress.failures
    assert found.progress.gap < 1e-9
    assert 50 < (found.outcome.share == 1.0).sum() < 150
    equilibria, _ = market_equilibria(game)
    rng = np.random.default_rng(0)
    best = found.outcome.utilities.sum()
    for k in rng.choice(200, 12, replace=False):
        for share in (0.0, 0.3, 0.7, 0.95, 0.999, 1.0):
            shares = np.array(found.outcome.share)
            shares[k] = share
            assert equilibria.outcome(shares).utilities.sum() <= best + 1e-9 * best


@pytest.mark.parametrize("size", [30, 300])
@pytest.mark.parametrize("exponent", [1.3, 1.7, 2.0, 3.0])
def test_programs_converge_quickly_though_many_give_up_everything(size, exponent):
    rng = np.random.default_rng(size)
    cost = f"c1 * (alpha1 - alpha0)**{exponent}"
    form = Specialist("app", "rho * (1 - exp(-k * alpha1))", cost)
    columns = {name: rng.uniform(0.5, 2.0, size) for name in ("rho", "k", "c1")}
    table = SpecialistTable(form, columns)
    game = Game("m", Generalist("c0 * alpha0**2"), table, {"c0": float(size)}, contract=SEPARATE)
    found = best_market_contract(game, "utilitarian", SolverOptions())
    assert not found.progress.failures
    assert found.progress.iterations <= 40 * found.progress.solves


@pytest.mark.parametrize(("exponent", "power"), [(1.5, 2.0), (2.0, 1.0), (3.0, 1.0)])
def test_what_contributions_are_a_power_of_next_to_giving_up_everything(exponent, power):
    form = Specialist("app", "rho * log(1 + alpha1)", f"(alpha1 - alpha0)**{exponent}")
    table = SpecialistTable(form, {"rho": np.linspace(1.0, 2.0, 7)})
    game = Game("m", Generalist("7 * alpha0**2"), table, contract=SEPARATE)
    equilibria, scale = market_equilibria(game)
    terms = Terms(game, "utilitarian", market_stakes(equilibria), np.zeros(8))
    search = MarketSearch(equilibria, terms, scale, SolverOptions())
    standing = search.standing(scale)
    assert standing.tempted.all()
    np.testing.assert_allclose(standing.power, power, atol=1e-3)


def test_an_outside_option_of_the_generalist_that_only_some_contracts_beat():
    form = Specialist("app", "rho * alpha1", "(alpha1 - alpha0)**2")
    table = SpecialistTable(form, {"rho": np.ones(20)})
    generalist = Generalist("20 * alpha0**2", outside_option=4.0)
    game = Game("m", generalist, table, contract=SEPARATE)
    found = opt_games.solve(game, bargain="nash")
    # by symmetry one share d for all: pi_G = 20 (d / 2 - d**2 / 4)
    share = np.linspace(0.0, 1.0, 1_000_001)[1:-1]
    leader = 20.0 * (share / 2.0 - share**2 / 4.0)
    each = share * (1.0 - share) / 2.0 + (1.0 - share) ** 2 / 4.0
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.log(leader - 4.0) + 20.0 * np.log(each)
    expected = share[np.nanargmax(value)]
    np.testing.assert_allclose(list(found.shares.values()), expected, atol=2e-6)


@pytest.mark.parametrize(
    ("revenue", "solver", "why"),
    [
        ("min(rho * alpha1, 1)", "ipopt", "not smooth"),
        ("rho * alpha1**2 / (1 + alpha1**2)", "ipopt", "profit of app-1 is not concave"),
        ("rho * alpha1", "cyipopt", "takes ipopt, not cyipopt"),
    ],
)
def test_a_market_that_is_not_covered_says_why_at_once(revenue, solver, why):
    table = SpecialistTable(
        Specialist("app", revenue, "(alpha1 - alpha0)**2"), {"rho": np.ones(200)}
    )
    game = Game("m", Generalist("200 * alpha0**2"), table, contract=SEPARATE)
    if solver == "cyipopt":
        pytest.importorskip("cyipopt")
    with pytest.raises(UnsupportedGameError, match=why):
        opt_games.solve(game, bargain="nash", solver=solver)


def test_profits_that_are_seen_to_be_concave_but_not_proven():
    revenue = "rho * alpha1 / sqrt(1 + alpha1**2)"
    form = Specialist("app", revenue, "(alpha1 - alpha0)**2")
    table = SpecialistTable(form, {"rho": np.linspace(0.8, 1.2, 30)})
    game = Game("m", Generalist("30 * alpha0**2"), table, contract=SEPARATE)
    found = opt_games.solve(game, bargain="utilitarian")
    assert found.equilibrium.certified
    assert any("seen on a grid" in note for note in found.notes)
    equilibria, _ = market_equilibria(game)
    shares, rng = np.array(list(found.shares.values())), np.random.default_rng(0)
    best = sum(found.utilities.values())
    for step in (1e-3, 1e-2, 0.1, 0.3) * 5:
        tried = np.clip(shares + step * rng.normal(size=30), 0.0, 1.0)
        assert equilibria.outcome(tried).utilities.sum() <= best * (1.0 + 1e-9)


def test_costs_of_entry_that_nobody_can_pay():
    form = Specialist("app", "rho * alpha1", "100 + (alpha1 - alpha0)**2")
    table = SpecialistTable(form, {"rho": np.ones(50)})
    game = Game("m", Generalist("50 * alpha0**2"), table, contract=SEPARATE)
    found = opt_games.solve(game, bargain="utilitarian")
    assert not found.agreement
    assert "not proven" in found.notes[0]


def test_the_shares_of_all_in_json(tmp_path, capsys):
    rng = np.random.default_rng(0)
    rows = "\n".join(f"d{k},{rng.uniform(0.5, 2):.6f}" for k in range(100))
    (tmp_path / "domains.csv").write_text(f"name,rho\n{rows}\n", encoding="utf-8")
    spec = tmp_path / "market.toml"
    spec.write_text(
        'schema = 1\nname = "A market"\n[generalist]\ncost = "100 * alpha0**2"\n'
        '[[specialists]]\nname = "app"\ntable = "domains.csv"\n'
        'revenue = "rho * log(1 + alpha1)"\ncost = "(alpha1 - alpha0)**2"\n'
        '[contract]\nshares = "separate"\n',
        encoding="utf-8",
    )
    assert cli.main(["solve", str(spec), "--bargain", "nash", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["shares"]) == 100
    assert len(set(document["shares"].values())) > 1
    assert document["certified"] is True
    assert "Not proven" in document["notes"][0]
    assert document["notes"][1].startswith("Estimated")
