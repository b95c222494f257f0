"""The batch engine: laws, and games beside each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engines.batches import COSTS, FACTORS, MARKETS, SHIFTS, X, equal, few, quadratic, solve
from hypothesis import given
from hypothesis import strategies as st
from linear_market import LinearMarkets
from lockstep_games import FAMILIES, Known
from random_games import form_of, random_games

import opt_games
from opt_games import SOLUTIONS, Bargaining, Game, Generalist, Specialist
from opt_games.engines import Cases
from opt_games.engines.batch import Batch
from opt_games.engines.outcomes import FAILED


@few
@given(FACTORS, SHIFTS, FACTORS)
def test_nash_does_not_depend_on_the_scale_of_utility(factor, shift, other):
    plain = solve(Cases(quadratic(), COSTS, "nash"))
    scaled = quadratic(f"{factor} * profit + {shift}", f"{other} * profit - {shift}")
    for solution in ("nash", "kalai-smorodinsky"):
        plain = solve(Cases(quadratic(), COSTS, solution))
        found = solve(Cases(scaled, COSTS, solution))
        np.testing.assert_allclose(found.shares, plain.shares, atol=1e-8)
        np.testing.assert_allclose(
            found.utilities,
            [other * plain.utilities[0] - shift, factor * plain.utilities[1] + shift],
            rtol=1e-7,
            atol=1e-7,
        )


@few
@given(FACTORS)
def test_money_is_only_a_unit(factor):
    """All money times a factor, levels as they are."""
    form = Game(
        "unit",
        Generalist("m * c0 * alpha0**1.7"),
        [Specialist("d", "m * (1 - exp(-alpha1))", f"m * (c1 * {X}**1.4 + 0.05)")],
        {"c0": 1.0, "c1": 1.0, "m": 1.0},
    )
    for solution in SOLUTIONS:
        one = solve(Cases(form, COSTS, solution))
        many = solve(Cases(form.with_parameters(m=factor), COSTS, solution))
        np.testing.assert_allclose(many.shares, one.shares, atol=1e-7, err_msg=solution)
        np.testing.assert_allclose(many.levels, one.levels, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(many.utilities, factor * one.utilities, rtol=1e-5, atol=1e-7)


@few
@given(st.integers(0, 10_000), st.sampled_from(SOLUTIONS))
def test_nobody_is_worse_off_than_without_agreement(seed, solution):
    markets = replace(LinearMarkets.random(2, 6, seed, entry=0.4), outside=0.02)
    found = solve(markets.cases(solution))
    assert (found.status != FAILED).all()
    floor = np.array([[0.0], [0.02], [0.02]])
    assert (found.utilities >= floor - 1e-8).all()


@few
@given(st.integers(0, 10_000))
def test_no_other_share_is_better(seed):
    """The regret of the objective over a grid of given shares is nothing."""
    (games, _) = random_games(8, seed)
    form = form_of(games)
    columns = {name: games.parameters[name] for name in form.parameters}
    shares = np.linspace(0.0, 1.0, 101)
    wide = {name: np.repeat(values, shares.size) for name, values in columns.items()}
    found = solve(Cases(form, wide, "given", np.tile(shares, games.size)))
    own, other = found.utilities.reshape(2, games.size, shares.size)
    with np.errstate(all="ignore"):
        scores = {
            "utilitarian": lambda u, v: u + v,
            "nash": lambda u, v: np.log(u) + np.log(v),
            "egalitarian": np.minimum,
            "powerful-generalist": lambda u, v: u,
            "powerful-specialist": lambda u, v: v,
        }
        for solution, score in scores.items():
            answer = solve(Cases(form, columns, solution))
            most = np.where((own >= 0) & (other >= 0), score(own, other), -np.inf).max(axis=1)
            assert (score(*answer.utilities) >= most - 1e-9).all(), solution


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_specialists_alike_are_treated_alike(solution):
    found = solve(Cases(quadratic(specialists=3), COSTS, solution))
    for rows in (found.utilities, found.levels[:, 0], found.shares):
        alike = rows[-3:]
        np.testing.assert_allclose(alike, np.broadcast_to(alike[:1], alike.shape), rtol=1e-12)


def test_who_has_more_power_gets_more():
    shares = []
    for weight in (0.25, 1.0, 4.0):
        game = quadratic(bargaining=Bargaining(weights={"generalist": weight}))
        shares.append(solve(Cases(game, COSTS, "nash")).shares[0])
    assert (np.diff(shares, axis=0) > 1e-3).all()


def test_a_better_outside_payoff_is_worth_something():
    gains = []
    for payoff in (0.0, 0.05, 0.1):
        game = quadratic(bargaining=Bargaining(disagreement={"d0": payoff}))
        gains.append(solve(Cases(game, COSTS, "egalitarian")).utilities[1])
    assert (np.diff(gains, axis=0) > 1e-3).all()


@pytest.mark.parametrize("solution", ["nash", "kalai-smorodinsky", "max-performance"])
def test_answers_do_not_depend_on_the_other_games(solution):
    for games in random_games(40, 5, fixed_costs=True):
        form = form_of(games)
        columns = {name: games.parameters[name] for name in form.parameters}
        cases = Cases(form, columns, solution)
        whole = solve(cases)
        order = np.random.default_rng(1).permutation(games.size)
        equal(solve(cases.select(order)), whole.select(order))
        for part in (np.array([7]), np.arange(3, 11)):
            equal(solve(cases.select(part)), whole.select(part))


def test_more_games_than_are_worked_on_at_a_time(monkeypatch):
    known = Known("power")
    whole = solve(known.cases())
    monkeypatch.setattr("opt_games.engines.batch.LANES", 64)
    equal(solve(known.cases()), whole)


def test_one_engine_for_several_games():
    engine = Batch("numpy")
    for family in (*FAMILIES, FAMILIES[0]):
        known = Known(family)
        np.testing.assert_allclose(engine.solve(known.cases()).shares[0], known.share, atol=1e-6)


def test_one_engine_for_games_with_the_same_specialists():
    """Only the leader's cost, and then its utility, is another."""
    engine = Batch("numpy")
    game = opt_games.load("quadratic")
    costs = [Generalist("c0 * alpha0**2"), Generalist("3 * c0 * alpha0**3")]
    costs.append(Generalist("3 * c0 * alpha0**3", utility="1 - exp(-5 * profit)"))
    for each in costs:
        cases = Cases(replace(game, generalist=each), {"c0": np.array([0.5, 1.0])}, "nash")
        equal(engine.solve(cases), solve(cases))


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_machine_code_says_the_same(family):
    pytest.importorskip("numba")
    known = Known(family)
    engine = Batch("numba")
    equal(engine.solve(known.cases()), solve(known.cases()))
    equal(engine.solve(known.given()), solve(known.given()))


@pytest.mark.slow
def test_machine_code_says_the_same_of_markets_with_entry():
    pytest.importorskip("numba")
    markets = MARKETS["two enter"]
    engine = Batch("numba")
    share = np.linspace(0.0, 1.0, markets.size)
    equal(engine.solve(markets.given(share)), solve(markets.given(share)))
    equal(engine.solve(markets.cases("nash")), solve(markets.cases("nash")))
