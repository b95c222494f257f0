"""The engine that solves the formulations for many games."""

import numpy as np
import pytest
from data.games import rows

import opt_games
from opt_games import Bargaining, Contract, Game, Generalist, Specialist
from opt_games.engines import REGIMES, STATUSES, Cases, Outcomes, get_engine
from opt_games.engines.ipopt import Ipopt
from opt_games.engines.programs import Program

QUADRATIC = opt_games.load("quadratic")
RNG = np.random.default_rng(7)
C0, C1 = 10.0 ** RNG.uniform(-0.5, 0.5, (2, 40))


def quadratics(solution: str, shares=None) -> Outcomes:
    return Ipopt().solve(Cases(QUADRATIC, {"c0": C0, "c1": C1}, solution, shares))


def agree(cases: Cases, *, slow: int = 0) -> Outcomes:
    """Both engines say the same, and few cases are handed on."""
    found, safe = Ipopt().solve(cases), get_engine("one-by-one").solve(cases)
    assert found.slow.sum() <= slow
    assert found.status.tolist() == safe.status.tolist()
    assert np.allclose(found.shares, safe.shares, rtol=0.0, atol=1e-6, equal_nan=True)
    assert np.allclose(found.utilities, safe.utilities, rtol=1e-6, atol=1e-9)
    assert np.allclose(found.levels, safe.levels, rtol=1e-5, atol=1e-9, equal_nan=True)
    assert found.regimes.tolist() == safe.regimes.tolist()
    assert np.nanmax(found.regret, initial=0.0) <= 1e-9
    return found


@pytest.mark.parametrize("family", ["exponential", "power"])
def test_nash_bargains_of_random_games(family):
    games = rows(family)
    columns = {
        name: np.array([row.parameters[name] for row in games]) for name in games[0].parameters
    }
    found = Ipopt().solve(Cases(games[0].game(), columns, "nash"))
    assert found.slow.sum() <= 2
    assert set(found.status.tolist()) == {STATUSES.index("ok")}
    shares = np.array([row.delta for row in games])
    utilities = np.array([row.utilities for row in games]).T
    assert np.abs(found.shares[0] - shares).max() <= 1e-6
    assert np.all(np.abs(found.utilities - utilities) <= 1e-7 * np.maximum(1.0, utilities))
    assert np.nanmax(found.regret) <= 1e-8
    rides = [row.kind == "free-ride" for row in games]
    expected = np.where(rides, REGIMES.index("free-ride"), REGIMES.index("contribute"))
    smooth = np.array([row.kind != "jump" for row in games])
    assert np.array_equal(found.regimes[1, smooth], expected[smooth])


def test_utilitarian_shares_of_the_quadratic_game():
    found = quadratics("utilitarian")
    assert not found.slow.any()
    assert np.allclose(found.shares[0], C1 / (C0 + C1), rtol=0.0, atol=1e-9)


def test_the_best_of_one_player_of_the_quadratic_game():
    leader = quadratics("powerful-generalist").shares[0]
    inside = C0 > C1
    best = np.where(inside, C0 / np.where(inside, 2 * C0 - C1, 1.0), 1.0)
    assert np.allclose(leader, best, rtol=0.0, atol=1e-9)
    follower = quadratics("powerful-specialist").shares[0]
    inside = C1 > C0
    best = np.where(inside, (C1 - C0) / np.where(inside, 2 * C1 - C0, 1.0), 0.0)
    assert np.allclose(follower, best, rtol=0.0, atol=1e-9)


def test_bounds_are_where_performance_is_best_in_the_quadratic_game():
    found = quadratics("max-performance")
    assert np.array_equal(found.shares[0], np.where(C0 < C1, 1.0, 0.0))


def test_given_shares_of_the_quadratic_game():
    share = RNG.uniform(0.0, 1.0, C0.size)
    found = quadratics("given", share)
    assert not found.slow.any()
    assert np.allclose(found.levels[0, 0], share / (2 * C0), rtol=1e-9)
    assert np.allclose(found.levels[1, 0], share / (2 * C0) + (1 - share) / (2 * C1), rtol=1e-9)
    assert np.array_equal(found.shares[0], share)


@pytest.mark.parametrize("solution", ["kalai-smorodinsky", "egalitarian", "nash"])
def test_it_agrees_with_the_safe_engine_on_entry_at_a_cost(solution):
    game = opt_games.load("fixed-cost")
    factors = np.random.default_rng(1).uniform(0.8, 1.25, (len(game.parameters), 4))
    columns = {name: value * factors[k] for k, (name, value) in enumerate(game.parameters.items())}
    agree(Cases(game, columns, solution))


def test_it_agrees_with_the_safe_engine_on_three_regimes():
    game = opt_games.load("three-regimes")
    name = next(iter(game.parameters))
    columns = {name: game.parameters[name] * np.array([0.9, 1.0, 1.1])}
    found = agree(Cases(game, columns, "nash"))
    assert {REGIMES[code] for code in found.regimes[1:, 1]} == {
        "contribute",
        "free-ride",
        "abstain",
    }


def test_outside_options_weights_and_disagreement_may_vary():
    game = Game(
        name="varied",
        generalist=Generalist("alpha0**2", utility="1 - exp(-profit)", outside_option="g"),
        specialists=[Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**2")],
        parameters={"c1": 0.5, "g": 0.0, "w": 1.0, "d": 0.0},
        bargaining=Bargaining(weights={"generalist": "w"}, disagreement={"law": "d"}),
    )
    columns = {
        "c1": np.array([0.5, 0.8, 1.2, 0.6]),
        "g": np.array([0.0, 0.02, 0.05, 0.4]),
        "w": np.array([0.5, 1.0, 3.0, 1.0]),
        "d": np.array([-0.05, 0.1, 0.05, 0.3]),
    }
    found = agree(Cases(game, columns, "nash"))
    assert [STATUSES[code] for code in found.status] == ["ok", "ok", "ok", "no-agreement"]


def test_gains_on_a_sliver_of_shares_are_not_overlooked():
    """Free-riding pays the specialist within a thousandth of one half only."""
    domain = Specialist("law", "alpha1", "2 * (alpha1 - alpha0) + entry")
    game = Game("sliver", Generalist("alpha0**2"), [domain], {"entry": 0.1})
    cases = Cases(game, {"entry": 0.125 - np.array([1e-6, 1e-8])}, "powerful-specialist")
    agree(cases, slow=2)


def test_a_generalist_that_stays_out_of_a_given_contract():
    game = Game(
        "dear lead",
        Generalist("alpha0**2 + 0.2", outside_option=0.01),
        [Specialist("law", "rho * alpha1", "(alpha1 - alpha0)**2")],
        {"rho": 1.0},
    )
    cases = Cases(game, {"rho": np.array([0.1, 3.0])}, "given", np.array([0.5, 0.5]))
    found = agree(cases)
    assert [REGIMES[code] for code in found.regimes[0]] == ["abstain", "contribute"]
    assert found.utilities[0, 0] == 0.01


def test_what_cannot_be_solved_fails_with_its_reason_and_stops_nobody():
    game = Game(
        "endless",
        Generalist("c0 * alpha0**q"),
        [Specialist("law", "alpha1", "(alpha1 - alpha0)**2", outside_option="log(o)")],
        {"c0": 1.0, "q": 2.0, "o": 1.0},
    )
    columns = {
        "c0": np.array([1.0, 1e-3, 1.0, np.nan]),
        "q": np.array([2.0, 1.0, 2.0, 2.0]),
        "o": np.array([1.0, 1.0, -1.0, 1.0]),
    }
    found = Ipopt().solve(Cases(game, columns, "nash"))
    assert STATUSES[found.status[0]] == "ok"
    assert [STATUSES[code] for code in found.status[1:]] == ["failed"] * 3
    assert sorted(found.reasons) == [1, 2, 3]
    assert "grows without limit" in found.reasons[1]
    assert "law" in found.reasons[2]
    assert found.slow.tolist() == [False, True, True, True]


def test_a_share_out_of_bounds_fails():
    cases = Cases(QUADRATIC, {"c0": np.ones(2)}, "given", np.array([0.5, 1.5]))
    found = Ipopt().solve(cases)
    assert [STATUSES[code] for code in found.status] == ["ok", "failed"]
    assert "1.5" in found.reasons[1]


def two(**more) -> Game:
    specialists = [Specialist(name, "alpha1", "(alpha1 - alpha0)**2") for name in ("law", "film")]
    return Game("two", Generalist("c0 * alpha0**2"), specialists, {"c0": 1.0, "m": 2.0}, **more)


@pytest.mark.parametrize(
    ("game", "solution", "reason"),
    [
        (two(contract=Contract(shares="separate")), "nash", "separate"),
        (two(level_bounds={"alpha": "m * c0"}), "nash", "largest level"),
        (two(), "weighted", "weights"),
        (two(attributes=("alpha", "beta")), "nash", "attributes"),
        (
            Game("kink", Generalist("c0 * abs(alpha0)"), two().specialists, {"c0": 1.0}),
            "nash",
            "abs",
        ),
    ],
)
def test_it_says_what_it_does_not_cover(game, solution, reason):
    why = Ipopt().why_not(Cases(game, {"c0": np.ones(1)}, solution))
    assert why is not None
    assert reason in why


def test_what_it_does_not_cover_is_handed_on():
    game = two(level_bounds={"alpha": "c0"})
    found = Ipopt().solve(Cases(game, {"c0": np.array([0.7])}, "given", np.array([0.4])))
    assert found.slow.tolist() == [True]
    assert STATUSES[found.status[0]] == "ok"


def test_formulations_are_built_once_and_kept(monkeypatch):
    built = []
    original = Program.__init__

    def counted(self, game, kind):
        built.append(kind)
        original(self, game, kind)

    monkeypatch.setattr(Program, "__init__", counted)
    engine = Ipopt()
    cases = Cases(QUADRATIC, {"c0": C0, "c1": C1}, "nash")
    first = engine.solve(cases)
    assert len(built) == 1
    second = engine.solve(cases)
    assert len(built) == 1
    assert np.array_equal(first.shares, second.shares)


def test_the_order_of_the_cases_does_not_matter():
    order = np.random.default_rng(0).permutation(C0.size)
    cases = Cases(QUADRATIC, {"c0": C0, "c1": C1}, "nash")
    found, shuffled = Ipopt().solve(cases), Ipopt().solve(cases.select(order))
    assert np.array_equal(found.shares[:, order], shuffled.shares)
    assert np.array_equal(found.utilities[:, order], shuffled.utilities)


def test_no_cases_have_no_outcomes():
    found = Ipopt().solve(Cases(QUADRATIC, {"c0": np.zeros(0)}, "nash"))
    assert found.size == 0
