"""Frontiers of separate shares against closed forms and brute force."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_frontier import THREE, TWO, Linear, volume

import opt_games
from opt_games import Contract, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap, SolveLog
from opt_games.solvers.result import Quality, Termination


def table(found: opt_games.ParetoSet) -> tuple[np.ndarray, np.ndarray]:
    """Shares and utilities of the points, one column each."""
    shares = np.array([list(point.shares.values()) for point in found.points]).T
    return shares, np.array([list(point.utilities.values()) for point in found.points]).T


def margin(others: np.ndarray, utilities: np.ndarray) -> np.ndarray:
    """By how much of its range the worst off gains, at best, if a point gave way to another."""
    span = np.ptp(utilities, axis=1)[:, None]
    return np.array([((others - point[:, None]) / span).min(axis=0).max() for point in utilities.T])


@pytest.fixture(scope="module")
def two() -> opt_games.ParetoSet:
    return opt_games.pareto(TWO.game, points=400)


@pytest.fixture(scope="module")
def entry() -> tuple[Game, opt_games.ParetoSet]:
    """A game in which specialists come and go, so that utilities jump."""
    game = Game(
        "entry",
        Generalist("alpha0**2"),
        [
            Specialist("law", "alpha1", "0.5 * (alpha1 - alpha0)**2"),
            Specialist("film", "2 * (1 - exp(-alpha1))", "0.1 + (alpha1 - alpha0)**2"),
        ],
        contract=Contract("separate"),
    )
    return game, opt_games.pareto(game, points=400)


def test_utilities_are_those_of_the_closed_form(two):
    shares, utilities = table(two)
    assert utilities.shape[1] >= 400
    assert utilities == pytest.approx(TWO.utilities(shares), rel=1e-9, abs=1e-11)
    assert two.regret <= 1e-8
    assert two.complete


def test_no_contract_of_a_brute_force_is_better_for_all(two):
    _, utilities = table(two)
    assert margin(TWO.lattice(201), utilities).max() <= 1e-9


def test_the_points_cover_what_a_brute_force_finds(two):
    _, utilities = table(two)
    known = TWO.lattice(61)
    stands = margin(known, known) <= 1e-12
    span = np.ptp(utilities, axis=1)[:, None]
    distance = [
        np.abs((utilities - point[:, None]) / span).max(axis=0).min()
        for point in known[:, stands].T
    ]
    assert max(distance) <= 0.08
    assert np.mean(distance) <= 0.025
    assert two.coverage.largest_gap <= 0.08


def test_the_hypervolume_is_that_of_the_points_and_of_the_brute_force(two):
    _, utilities = table(two)
    assert two.hypervolume == pytest.approx(volume(utilities), rel=1e-9)
    # as much as that of a lattice with as many contracts
    side = int(np.sqrt(utilities.shape[1]))
    assert two.hypervolume >= 0.99 * volume(TWO.lattice(side))


def test_the_ends_are_everybodys_best(two):
    _, utilities = table(two)
    assert utilities.max(axis=1) == pytest.approx(TWO.lattice(1001).max(axis=1), abs=1e-6)
    assert two.best_total == pytest.approx(TWO.best_total, abs=1e-9)


def test_every_method_finds_some(two):
    found_by = two.coverage.found_by
    assert {"lattice", "pascoletti-serafini", "improvement"} <= set(found_by)
    assert sum(found_by.values()) == len(two.points)
    assert two.coverage.checked >= 0.99 * len(two.points)


def test_bargains_lie_on_the_frontier(two):
    for name, bargain in two.bargains.items():
        assert bargain.on_frontier or name in ("max-performance",)
        shares = np.array(list(bargain.shares.values()))[:, None]
        utilities = list(bargain.utilities.values())
        assert utilities == pytest.approx(list(TWO.utilities(shares)[:, 0]), abs=1e-9)
    lattice = TWO.lattice(401)
    best = {
        "nash": np.prod(lattice, axis=0).max(),
        "egalitarian": lattice.min(axis=0).max(),
        "kalai-smorodinsky": (lattice / lattice.max(axis=1)[:, None]).min(axis=0).max(),
    }
    got = {name: np.array(list(b.utilities.values())) for name, b in two.bargains.items()}
    assert np.prod(got["nash"]) >= best["nash"] - 1e-12
    assert got["egalitarian"].min() >= best["egalitarian"] - 1e-12
    ratio = got["kalai-smorodinsky"] / lattice.max(axis=1)
    assert ratio.min() >= best["kalai-smorodinsky"] - 1e-5


def test_the_same_seed_gives_the_same_answer():
    first, second = (opt_games.pareto(TWO.game, points=60, seed=3).to_dict() for _ in range(2))
    for document in (first, second):
        del document["solver"]
    assert first == second


def test_a_limit_of_time_returns_what_there_is_and_says_so():
    found = opt_games.pareto(THREE.game, points=4000, time_limit=1e-3)
    assert not found.complete
    assert {"bargains", "the first best", "scalarised problems"} <= set(found.unfinished)
    assert found.points
    assert found.efficiency is None
    document = found.to_dict()
    assert document["complete"] is False
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_jumps_with_entry_and_exit(entry):
    game, found = entry
    shares, utilities = table(found)
    equilibria = EquilibriumMap.of(game)
    again = equilibria.sample(shares)
    assert utilities == pytest.approx(again.utilities, abs=1e-7)
    line = np.linspace(0.0, 1.0, 41)
    lattice = equilibria.sample(np.stack(np.meshgrid(line, line)).reshape(2, -1)).utilities
    assert margin(lattice, utilities).max() <= 1e-4
    # contracts with film and without it
    film = utilities[2]
    assert (film == 0.0).any()
    assert (film > 0.1).any()


def test_a_single_contract_is_its_own_frontier():
    domains = [Specialist(name, "alpha1", "(alpha1 - alpha0)**2") for name in ("law", "film")]
    contract = Contract("separate", bounds=(0.4, 0.4))
    found = opt_games.pareto(Game("fixed", Generalist("alpha0**2"), domains, contract=contract))
    (point,) = found.points
    assert point.shares == {"law": 0.4, "film": 0.4}


def test_more_than_four_specialists_are_refused():
    many = Linear(1.0, (1.0,) * 5, (1.0,) * 5)
    with pytest.raises(opt_games.UnsupportedGameError, match="up to 4 specialists, not 5"):
        opt_games.pareto(many.game)


def test_the_frame_has_a_row_per_point(two):
    frame = opt_games.to_frame(two)
    assert list(frame.columns) == [
        "share_s0",
        "share_s1",
        "utility_generalist",
        "utility_s0",
        "utility_s1",
        "found_by",
    ]
    assert len(frame) == len(two.points)


@pytest.mark.slow
@settings(max_examples=8)
@given(
    st.floats(0.3, 3.0),
    st.lists(st.tuples(st.floats(0.3, 3.0), st.floats(0.3, 3.0)), min_size=2, max_size=3),
)
def test_random_markets_against_the_brute_force(c0, domains):
    market = Linear(c0, tuple(r for r, _ in domains), tuple(c for _, c in domains))
    found = opt_games.pareto(market.game, points=200)
    shares, utilities = table(found)
    scale = np.abs(utilities).max()
    assert utilities == pytest.approx(market.utilities(shares), abs=1e-9 * scale)
    assert margin(market.lattice(101 if len(domains) == 2 else 31), utilities).max() <= 1e-7


@pytest.mark.slow
def test_four_players(tmp_path):
    found = opt_games.pareto(THREE.game, points=500)
    shares, utilities = table(found)
    assert utilities == pytest.approx(THREE.utilities(shares), abs=1e-9)
    assert margin(THREE.lattice(31), utilities).max() <= 1e-7
    assert found.efficiency == pytest.approx(THREE.best_total / THREE.first_best, abs=1e-9)


def test_a_game_that_nobody_enters_has_one_contract_and_no_bargain():
    domains = [Specialist(n, "0.2 * alpha1", "1 + (alpha1 - alpha0)**2") for n in ("law", "film")]
    game = Game("empty", Generalist("1 + alpha0**2"), domains, contract=Contract("separate"))
    found = opt_games.pareto(game, points=20)
    (point,) = found.points
    assert set(point.utilities.values()) == {0.0}
    assert found.complete
    assert set(found.bargains.values()) == {None}


def test_a_solver_that_fails_makes_the_answer_partial(monkeypatch):
    honest = SolveLog.solve_again

    def fails_at_rays(log, compiled, purpose):
        if purpose != "pascoletti-serafini":
            return honest(log, compiled, purpose)
        log.results.append(compiled.solve())
        return log.note(
            purpose, replace(log.results[-1], termination=Termination.ERROR, holds=Quality.NOTHING)
        )

    monkeypatch.setattr(SolveLog, "solve_again", fails_at_rays)
    found = opt_games.pareto(TWO.game, points=40)
    assert not found.complete
    assert found.failed == ("pascoletti-serafini",)
    assert found.missing == "no solve had an answer for: pascoletti-serafini"
    assert found.to_dict()["failed"] == ["pascoletti-serafini"]
    assert sum(text.startswith("pascoletti-serafini: error") for text in found.work.failures) > 20
    _, utilities = table(found)
    assert margin(TWO.lattice(101), utilities).max() <= 1e-6


@pytest.mark.slow
def test_the_most_performance_of_a_market_with_entry_lies_at_edges():
    domains = [
        Specialist("law", "alpha1", "0.08 + 0.5 * (alpha1 - alpha0)**2"),
        Specialist("film", "2 * (1 - exp(-alpha1))", "0.25 + (alpha1 - alpha0)**2"),
    ]
    game = Game("entry", Generalist("0.05 + alpha0**2"), domains, contract=Contract("separate"))
    placed = opt_games.pareto(game, points=60).bargains["max-performance"]
    levels = opt_games.solve(game, share=placed.shares).equilibrium.levels
    # both are just willing there: the best contract of a lattice has 3.16
    assert sum(levels[name]["alpha"] for name in ("law", "film")) >= 3.5896
    assert not placed.on_frontier
