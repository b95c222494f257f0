"""Many specialists: closed forms of the linear market, and the search for few as the measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import opt_games
from opt_games import Bargaining, Game, Generalist, Specialist, SpecialistTable
from opt_games.bargaining.bargain import bargain
from opt_games.bargaining.solutions import Stakes, score, score_utilities
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market
from opt_games.large_market import solve_large
from opt_games.share_line import ShareLine


def curved(size: int, entry: float, seed: int) -> Game:
    rng = np.random.default_rng(seed)
    form = Specialist("app", "rho * (1 - exp(-k * alpha1))", "e + c1 * (alpha1 - alpha0)**2")
    columns = {name: rng.uniform(0.5, 2.0, size) for name in ("rho", "k", "c1")}
    columns["e"] = entry * rng.uniform(0.0, 1.0, size)
    return Game(
        "m", Generalist("c0 * alpha0**2"), SpecialistTable(form, columns), {"c0": float(size)}
    )


class Linear:
    """r_i = rho_i alpha, quadratic costs."""

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(size)
        self.c0 = 0.7 * size
        self.rho, self.c = rng.uniform(0.5, 2.0, size), rng.uniform(0.5, 2.0, size)
        form = Specialist("app", "rho * alpha1", "c * (alpha1 - alpha0)**2")
        table = SpecialistTable(form, {"rho": self.rho, "c": self.c})
        self.game = Game("linear", Generalist("c0 * alpha0**2"), table, {"c0": self.c0})

    def base(self, share: float) -> float:
        return share * self.rho.sum() / (2 * self.c0)

    def finals(self, share: float):
        return self.base(share) + (1 - share) * self.rho / (2 * self.c)

    def profits(self, share: float):
        base, finals = self.base(share), self.finals(share)
        own = (1 - share) * self.rho * finals - self.c * (finals - base) ** 2
        return np.append(share * (self.rho * finals).sum() - self.c0 * base**2, own)

    def utilitarian(self) -> float:
        """Where the derivative of the sum, A d - A d^2 / 2 + B (1 - d^2) / 2, is zero."""
        a = self.rho.sum() ** 2 / (2 * self.c0)
        b = (self.rho**2 / (2 * self.c)).sum()
        return float(a / (a + b))


def check_linear(size: int) -> None:
    market = Linear(size)
    given = opt_games.solve(market.game, share=0.3)
    assert given.equilibrium.certified
    np.testing.assert_allclose(
        list(given.equilibrium.profits.values()), market.profits(0.3), rtol=1e-9
    )
    levels = [at["alpha"] for at in given.equilibrium.levels.values()]
    np.testing.assert_allclose(levels, np.append(market.base(0.3), market.finals(0.3)), rtol=1e-11)
    agreed = opt_games.solve(market.game, bargain="utilitarian")
    assert agreed.equilibrium.certified
    assert agreed.shares["app-1"] == pytest.approx(market.utilitarian(), abs=1e-9)
    total = market.profits(market.utilitarian()).sum()
    assert agreed.equilibrium.welfare == pytest.approx(total, rel=1e-12)


def test_a_thousand_specialists_with_quadratic_costs_follow_the_closed_form():
    check_linear(1000)


@pytest.mark.slow
def test_a_hundred_thousand_specialists_with_quadratic_costs_follow_the_closed_form():
    check_linear(100_000)


SOLUTIONS = (
    "utilitarian",
    "nash",
    "egalitarian",
    "max-performance",
    "powerful-generalist",
    "powerful-specialist",
)


def compare(game: Game, solution: str) -> None:
    equilibria = EquilibriumMap.of(game)
    line = ShareLine.of(equilibria)
    stakes = Stakes.of(game, line.sampled)
    share = float(bargain(equilibria, solution)[0])
    there = line.at(np.array([share]))
    found = solve_large(game, solution)
    at = found.equilibrium
    assert at.certified
    utilities = np.array([list(at.utilities.values())]).T
    levels = [each["alpha"] for each in list(at.levels.values())[1:] if each is not None]
    here = score_utilities(solution, stakes, utilities, np.array([sum(levels)]))[0]
    expected = score(solution, stakes, there)[0]
    assert here == pytest.approx(expected, rel=1e-8, abs=1e-8 * stakes.scale.max())


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_bargains_are_those_of_the_search_for_few(solution):
    compare(curved(9, 0.0, 1), solution)


@pytest.mark.parametrize("solution", ["nash", "utilitarian", "egalitarian", "powerful-specialist"])
def test_leaders_that_may_stay_out_and_specialists_that_want_more(solution):
    plain = curved(9, 0.0, 2)
    wanted = {"generalist": 1.4, "app-1": 0.05}
    bargaining = Bargaining(disagreement=wanted if solution == "nash" else None)
    leader = replace(plain.generalist, outside_option=1.3)
    compare(replace(plain, generalist=leader, bargaining=bargaining), solution)


@pytest.mark.parametrize("solution", ["nash", "utilitarian"])
def test_a_sample_and_polynomials_find_the_share_that_all_do(monkeypatch, solution):
    game = curved(5000, 0.0, 7)
    short = solve_large(game, solution)
    monkeypatch.setattr("opt_games.bargaining.crowd_share.DIRECT", 10_000)
    long = solve_large(game, solution)
    assert short.equilibrium.certified
    assert short.work.solves < long.work.solves / 5
    assert short.shares["app-1"] == pytest.approx(long.shares["app-1"], abs=1e-8)


@pytest.mark.parametrize("solution", [*SOLUTIONS, "kalai-smorodinsky"])
def test_bargains_of_those_who_may_stay_out_are_left_to_the_search_for_few(solution):
    assert solve_large(curved(70, 0.5, 1), solution) is None
    form = Specialist("app", "rho * alpha1", "(alpha1 - alpha0)**2", outside_option="o")
    columns = {"rho": np.ones(70), "o": np.linspace(0.0, 1e-3, 70)}
    game = Game("m", Generalist("70 * alpha0**2"), SpecialistTable(form, columns))
    assert solve_large(game, solution) is None


def test_kalai_smorodinsky_is_that_of_the_search_for_few():
    game = curved(6, 0.0, 3)
    share = float(bargain(EquilibriumMap.of(game), "kalai-smorodinsky")[0])
    found = solve_large(game, "kalai-smorodinsky")
    assert found.shares["app-1"] == pytest.approx(share, abs=1e-7)


@pytest.mark.parametrize("share", [0.3, 0.52, 0.7])
def test_leaders_that_stop_where_somebody_enters_are_found(share):
    game = curved(80, 0.6, 1)
    found = solve_large(game, "given", share).equilibrium
    known = EquilibriumMap.of(game).sample(np.full((80, 1), share))
    assert found.certified
    assert found.branch.binding
    assert found.levels["generalist"]["alpha"] == pytest.approx(known.optima.base[0], rel=1e-10)
    np.testing.assert_allclose(
        list(found.profits.values()), known.profits[:, 0], rtol=1e-9, atol=1e-10
    )


def test_a_reply_does_not_depend_on_the_one_before():
    market = Market.of(game := curved(50, 0.3, 4), compile_forms(game), {}, 1)
    crowd = Crowd.of(market, 1.0)
    first = crowd.reply(0.2, 0.4)
    crowd.reply(1e-6, 0.99)
    crowd.reply(50.0, 0.01)
    again = crowd.reply(0.2, 0.4)
    assert again.payoff == pytest.approx(first.payoff, rel=1e-13)
    np.testing.assert_allclose(again.extra, first.extra, rtol=1e-12)
    assert (again.takes == first.takes).all()


def test_a_sample_that_is_whole_is_the_crowd():
    market = Market.of(game := curved(50, 0.3, 4), compile_forms(game), {}, 1)
    crowd = Crowd.of(market, 1.0)
    payoff, slope, _ = crowd.sample(100, np.ones(50)).lanes(np.array([0.1, 0.2]), 0.4, crowd.extra)
    replies = [crowd.reply(base, 0.4) for base in (0.1, 0.2)]
    np.testing.assert_allclose(payoff, [each.payoff for each in replies], rtol=1e-13)
    np.testing.assert_allclose(slope, [each.slope for each in replies], rtol=1e-6)


def test_a_sample_stands_for_all():
    market = Market.of(game := curved(5000, 0.3, 4), compile_forms(game), {}, 1)
    crowd = Crowd.of(market, 1.0)
    reply = crowd.reply(0.2, 0.4)
    payoff, *_ = (few := crowd.sample(1000, reply.revenue)).lanes(np.array([0.2]), 0.4, few.extra)
    assert payoff[0] == pytest.approx(reply.payoff, rel=0.1)


@pytest.mark.parametrize(
    ("revenue", "cost"),
    [("abs(alpha1)", "(alpha1 - alpha0)**2"), ("alpha1**3 / (1 + alpha1**3)", "alpha1**2")],
)
def test_corners_and_payoffs_of_two_peaks_are_left_to_the_other_search(revenue, cost):
    form = Specialist("app", revenue, cost)
    table = SpecialistTable(form, {}, [f"a{k}" for k in range(70)])
    game = Game("m", Generalist("70 * alpha0**2"), table)
    assert solve_large(game, "given", 0.5) is None
