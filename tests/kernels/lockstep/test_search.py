"""Bargains that lie where followers come and go; found apart by brute force over shares."""

import numpy as np
import pytest

import opt_games
from opt_games.engines import Cases
from opt_games.engines.batch import Batch

COST = "c1 * (alpha1 - alpha0)**q1 + m1 * (alpha1 - alpha0) + f1"


def nash(revenue, **parameters):
    game = opt_games.Game(
        name="entry",
        generalist=opt_games.Generalist("c0 * alpha0**q0"),
        specialists=[opt_games.Specialist("domain", revenue, COST)],
        parameters=parameters,
    )
    return Batch().solve(Cases(game, {"R": np.array([parameters["R"]])}, "nash"))


@pytest.mark.parametrize(
    ("fixed", "agreed"), [(0.7345, True), (0.735, True), (0.73524, True), (0.7353, False)]
)
def test_agreement_that_few_shares_allow(fixed, agreed):
    game = opt_games.Game(
        name="entry",
        generalist=opt_games.Generalist("alpha0**2"),
        specialists=[opt_games.Specialist("law", "alpha1", "fixed + 0.5 * (alpha1 - alpha0)**2")],
        parameters={"fixed": 0.0},
    )
    found = Batch().solve(Cases(game, {"fixed": np.array([fixed])}, "nash"))
    assert (found.status[0] == 0) == agreed
    if agreed:
        # kept just willing, law allows a base level of at least s / 2 with the share s
        share = found.shares[0, 0]
        assert 0.155 < share < 0.18
        assert found.utilities[1, 0] == pytest.approx(0.0, abs=1e-12)
        assert found.utilities[0, 0] > 0


def test_a_peak_between_two_shares_of_the_grid_on_like_branches():
    # both neighbours on the grid fall towards the top from the same regimes
    found = nash(
        "R * (1 - exp(-k * alpha1))",
        R=2.00895078889434,
        k=1.5541223182845718,
        c0=0.5571386974871674,
        q0=1.7676390219098819,
        c1=0.7543743343730186,
        q1=1.3483012398857601,
        m1=0.0,
        f1=0.0,
    )
    assert found.shares[0, 0] == pytest.approx(0.68286904, abs=1e-8)


def test_a_jump_where_two_levels_of_contribution_pay_the_same():
    found = nash(
        "R * alpha1**k",
        R=3.8012958236968917,
        k=0.4323847179917789,
        c0=1.5431547335881854,
        q0=1.357988858244847,
        c1=1.1671471928063635,
        q1=1.5472907272779082,
        m1=0.7913835959343609,
        f1=0.0,
    )
    assert found.shares[0, 0] == pytest.approx(0.67424256, abs=1e-6)
