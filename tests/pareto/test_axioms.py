"""The axioms of the bargaining solutions, on random markets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_frontier import Linear

import opt_games
from opt_games import Bargaining, Contract, Game, Generalist, Specialist

costs = st.floats(0.4, 2.5)
fixed = st.floats(0.0, 0.1)
axioms = settings(max_examples=6)
EFFICIENT = ("nash", "kalai-smorodinsky", "utilitarian")


def market(c0: float, c1: float, entry: float, utility: str | None = None, **more) -> Game:
    """One specialist, whose utility may be another than profit."""
    return Game(
        "market",
        Generalist("c0 * alpha0**2"),
        [
            Specialist(
                "law", "2 * (1 - exp(-alpha1))", "f + c1 * (alpha1 - alpha0)**2", utility=utility
            )
        ],
        {"c0": c0, "c1": c1, "f": entry},
        **more,
    )


@pytest.mark.slow
@axioms
@given(costs, costs, fixed)
def test_efficiency(c0, c1, entry):
    game = market(c0, c1, entry)
    curve = opt_games.utility_curve(game)
    for solution in EFFICIENT:
        found = np.array(list(opt_games.solve(game, bargain=solution).utilities.values()))
        better = (curve.utilities >= found[:, None]).all(axis=0)
        gain = (curve.utilities - found[:, None]).max(axis=0)
        assert not np.any(better & (gain > 1e-7))


@pytest.mark.slow
@axioms
@given(costs, costs, fixed, st.floats(0.0, 0.1), st.floats(0.0, 0.1))
def test_individual_rationality(c0, c1, entry, own, others):
    disagreement = {"generalist": own, "law": others}
    game = market(c0, c1, entry, bargaining=Bargaining(disagreement=disagreement))
    for solution in (*EFFICIENT, "egalitarian", "powerful-generalist", "powerful-specialist"):
        found = opt_games.solve(game, bargain=solution)
        for player, least in disagreement.items():
            assert found.utilities[player] >= least - 1e-8


@pytest.mark.slow
@axioms
@given(costs, costs, fixed, st.floats(0.2, 5.0), st.floats(-1.0, 1.0))
def test_scale_invariance_of_nash_and_kalai_smorodinsky(c0, c1, entry, scale, shift):
    game = market(c0, c1, entry)
    other = market(c0, c1, entry, utility=f"{scale!r} * profit + {shift!r}")
    for solution in ("nash", "kalai-smorodinsky"):
        plain, scaled = (opt_games.solve(each, bargain=solution) for each in (game, other))
        assert scaled.shares["law"] == pytest.approx(plain.shares["law"], abs=1e-6)
        wanted = scale * plain.utilities["law"] + shift
        assert scaled.utilities["law"] == pytest.approx(wanted, abs=1e-6 * scale)


def test_egalitarian_is_not_scale_invariant():
    plain = opt_games.solve(market(1.0, 1.0, 0.0), bargain="egalitarian")
    scaled = opt_games.solve(market(1.0, 1.0, 0.0, utility="3 * profit"), bargain="egalitarian")
    assert abs(plain.shares["law"] - scaled.shares["law"]) > 0.05


@axioms
@given(costs, costs, fixed)
def test_monotonicity_of_kalai_smorodinsky(c0, c1, entry):
    # log(1 + 2 u) >= u up to 1.25: for every utility of the generalist, the specialist could
    # have more, and the generalist's own best is what it was
    smaller, larger = market(c0, c1, entry), market(c0, c1, entry, utility="log(1 + 2 * profit)")
    assert opt_games.utility_curve(smaller).utilities[1].max() <= 1.25
    before, after = (opt_games.solve(g, bargain="kalai-smorodinsky") for g in (smaller, larger))
    assert after.utilities["law"] >= before.utilities["law"] - 1e-8


@pytest.mark.slow
@settings(max_examples=4)
@given(costs, costs, st.floats(0.5, 2.0))
def test_symmetry_of_two_specialists(c0, c1, rho):
    found = opt_games.pareto(Linear(c0, (rho, rho), (c1, c1)).game, points=100)
    for solution in ("nash", "kalai-smorodinsky", "egalitarian"):
        placed = found.bargains[solution]
        assert placed.on_frontier
        first, second = placed.utilities["s0"], placed.utilities["s1"]
        assert first == pytest.approx(second, rel=1e-5)


@pytest.mark.slow
@settings(max_examples=4)
@given(costs, st.tuples(costs, costs), st.floats(0.3, 3.0))
def test_scale_invariance_with_separate_shares(c0, c, scale):
    plain = Linear(c0, (1.0, 0.8), c).game
    first, second = plain.specialists
    scaled = Game(
        "scaled",
        plain.generalist,
        [
            Specialist(
                first.name,
                first.revenue,
                first.cost,
                utility=f"{scale!r} * profit",
                parameters=first.parameters,
            ),
            second,
        ],
        plain.parameters,
        contract=Contract("separate"),
    )
    answers = [opt_games.pareto(game, points=100).bargains for game in (plain, scaled)]
    for solution in ("nash", "kalai-smorodinsky"):
        before, after = (list(each[solution].shares.values()) for each in answers)
        assert after == pytest.approx(before, abs=1e-5)
