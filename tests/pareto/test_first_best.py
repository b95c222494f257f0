"""The first best against closed forms and a brute force over levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_frontier import TWO, Linear

import opt_games
from opt_games import Contract, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.pareto.planner import all_would_sign, best_plan

costs = st.floats(-1.0, 1.0).map(lambda x: 10.0**x)


@settings(max_examples=20)
@given(costs, st.lists(st.tuples(costs, costs), min_size=1, max_size=5))
def test_the_plan_of_linear_revenues(c0, domains):
    market = Linear(c0, tuple(r for r, _ in domains), tuple(c for _, c in domains))
    plan = best_plan(EquilibriumMap.of(market.game))
    assert plan.total == pytest.approx(market.first_best, rel=1e-10)
    assert plan.base == pytest.approx(sum(market.rho) / (2 * c0), rel=1e-4)


def test_the_plan_leaves_out_whom_entry_costs_too_much():
    domains = [
        Specialist("law", "alpha1", "(alpha1 - alpha0)**2"),
        Specialist("film", "0.2 * alpha1", "0.3 + (alpha1 - alpha0)**2"),
    ]
    plan = best_plan(EquilibriumMap.of(Game("entry", Generalist("alpha0**2"), domains)))
    assert plan.finals[1] is None
    assert plan.total == pytest.approx(0.5, rel=1e-10)


def test_nobody_produces_where_staying_out_pays():
    game = Game(
        "idle",
        Generalist("alpha0**2", outside_option=2.0),
        [Specialist("law", "alpha1", "(alpha1 - alpha0)**2", outside_option=1.0)],
    )
    plan = best_plan(EquilibriumMap.of(game))
    assert (plan.total, plan.base, plan.finals) == (3.0, None, (None,))


def test_the_plan_against_a_brute_force():
    game = opt_games.load("exponential")
    plan = best_plan(EquilibriumMap.of(game))
    (law,) = game.specialists
    values = game.values(law)
    base, final = np.meshgrid(np.linspace(0, 4, 1201), np.linspace(0, 8, 1201))
    totals = [
        law.revenue.evaluate({**values, "alpha1": f})
        - law.cost.evaluate({**values, "alpha0": b, "alpha1": f})
        - game.generalist.cost.evaluate({**values, "alpha0": b})
        for b, f in zip(base.ravel()[::97], final.ravel()[::97], strict=True)
        if f >= b
    ]
    assert max(totals) <= plan.total <= max(totals) + 0.02


def test_growth_without_limit_is_named():
    domains = [Specialist("law", "alpha1", "(alpha1 - alpha0)**2") for _ in range(1)]
    game = Game("wild", Generalist("0.5 * alpha0"), domains)
    with pytest.raises(opt_games.UnboundedGameError, match=r"levels\.alpha\.max"):
        best_plan(EquilibriumMap.of(game))


def test_shares_that_nobody_would_sign():
    game = replace(TWO.game, contract=Contract("separate", bounds=(0.98, 1.0)))
    equilibria = EquilibriumMap.of(game)
    assert not all_would_sign(equilibria, best_plan(equilibria))
    equilibria = EquilibriumMap.of(TWO.game)
    assert all_would_sign(equilibria, best_plan(equilibria))


@settings(max_examples=4)
@given(costs, costs)
def test_the_efficiency_of_the_quadratic_game(c0, c1):
    game = opt_games.load("quadratic").with_parameters(c0=c0, c1=c1)
    found = opt_games.pareto(game)
    share = c1 / (c0 + c1)
    leader = share**2 / (4 * c0) + share * (1 - share) / (2 * c1)
    own = share * (1 - share) / (2 * c0) + (1 - share) ** 2 / (4 * c1)
    total = 1 / (4 * c0) + 1 / (4 * c1)
    assert found.first_best.proven
    assert found.first_best.total == pytest.approx(total, rel=1e-9)
    assert found.efficiency == pytest.approx((leader + own) / total, rel=1e-7)
    # money moves freely between the two, so the frontier is a line
    for point in found.first_best.points:
        assert sum(point.utilities.values()) == pytest.approx(total, rel=1e-6)


def test_the_first_best_is_beyond_the_equilibrium_also_in_utility():
    found = opt_games.pareto(opt_games.load("risk-averse"))
    best = found.first_best
    assert not best.proven
    assert 0 < found.efficiency <= 1
    reach = np.array([list(point.utilities.values()) for point in best.points])
    inside = np.array([list(point.utilities.values()) for point in found.points])
    for own in inside:
        assert not np.any((reach < own - 1e-6).all(axis=1))
