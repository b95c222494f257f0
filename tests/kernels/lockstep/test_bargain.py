"""Shares that are agreed on: known games, closed forms, and what players bargain over."""

from __future__ import annotations

import numpy as np
import pytest
from lockstep_games import FAMILIES, Known, Quadratic

from opt_games import SOLUTIONS, Bargaining, Contract, Game, Generalist, Specialist
from opt_games.kernels.lockstep.bargain import bargain, given
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.nodes import COARSE, FINE, sample

QUADRATIC = Quadratic(100)
DENSITIES = {"coarse": COARSE, "fine": FINE}


@pytest.fixture(scope="module")
def quadratic():
    return sample(QUADRATIC.market(), COARSE)


@pytest.mark.parametrize("density", DENSITIES)
@pytest.mark.parametrize("family", FAMILIES)
def test_nash_bargains_of_the_known_games(family, density):
    known = Known(family)
    answer = bargain(sample(known.market(), DENSITIES[density]), "nash")
    sure = answer.known
    # what is not clear at the first, coarse look gets a finer one
    assert sure.mean() >= (0.98 if density == "coarse" else 0.995)
    np.testing.assert_allclose(answer.points.share[sure], known.share[sure], atol=1e-8)
    np.testing.assert_allclose(answer.measure.profits[:, sure], known.utilities[:, sure], rtol=1e-8)
    assert answer.agreed[sure].all()
    assert answer.active[sure].all()


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_all_solutions_of_the_quadratic_game(quadratic, solution):
    answer = bargain(quadratic, solution)
    assert answer.known.all()
    assert answer.agreed.all()
    share = QUADRATIC.share(solution)
    np.testing.assert_allclose(answer.points.share, share, atol=1e-8)
    np.testing.assert_allclose(
        answer.measure.profits, QUADRATIC.utilities(answer.points.share), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("player", [0, 1])
def test_the_best_for_one_player(quadratic, player):
    answer = bargain(quadratic, f"player {player}")
    share = (QUADRATIC.leaders_peak, QUADRATIC.followers_peak)[player]
    np.testing.assert_allclose(answer.points.share, share, atol=1e-8)


def test_regret_of_the_pareto_set(quadratic):
    """Whatever is agreed on lies between what is best for the one and for the other."""
    for solution in ("nash", "kalai-smorodinsky", "egalitarian", "utilitarian"):
        share = bargain(quadratic, solution).points.share
        assert (share >= QUADRATIC.followers_peak - 1e-9).all(), solution
        assert (share <= QUADRATIC.leaders_peak + 1e-9).all(), solution


def test_kalai_smorodinsky_and_egalitarian_gains_are_equal(quadratic):
    answer = bargain(quadratic, "egalitarian")
    np.testing.assert_allclose(*answer.measure.profits, rtol=1e-9)
    answer = bargain(quadratic, "kalai-smorodinsky")
    ideal = [bargain(quadratic, f"player {k}").measure.profits[k] for k in (0, 1)]
    np.testing.assert_allclose(*(answer.measure.profits / ideal), rtol=1e-9)


def of(bounds=(0.0, 1.0), fixed="0", **bargaining) -> Market:
    game = Game(
        "bargain",
        Generalist("c0 * alpha0**2"),
        [Specialist("law", "alpha1", f"c1 * (alpha1 - alpha0)**2 + {fixed}")],
        {"c0": 1.0, "c1": 1.0},
        contract=Contract(bounds=bounds),
        bargaining=Bargaining(**bargaining),
    )
    columns = {"c0": QUADRATIC.c0, "c1": QUADRATIC.c1}
    return Market.of(game, compile_forms(game), columns, 100)


@pytest.mark.parametrize("bounds", [(0.2, 0.9), (0.0, 0.35), (0.6, 1.0), (0.3, 0.3)])
def test_other_bounds_of_the_share(bounds):
    nodes = sample(of(bounds), COARSE)
    for solution in ("nash", "utilitarian", "powerful-generalist", "max-performance"):
        answer = bargain(nodes, solution)
        assert answer.known.all()
        expected = np.clip(QUADRATIC.share(solution), *bounds)
        if solution == "max-performance":
            expected = np.where(QUADRATIC.c0 < QUADRATIC.c1, bounds[1], bounds[0])
        np.testing.assert_allclose(answer.points.share, expected, atol=1e-8)


@pytest.mark.parametrize("weight", [0.25, 1.0, 4.0])
def test_asymmetric_nash_bargains_meet_their_condition(weight):
    answer = bargain(sample(of(weights={"generalist": weight}), COARSE), "nash")
    assert answer.known.all()
    share = answer.points.share
    own, other = QUADRATIC.utilities(share)
    slope = QUADRATIC.slopes(share)
    balance = weight * slope[0] / own + slope[1] / other
    inside = (share > 0) & (share < 1)
    assert inside.sum() > 90
    scale = np.abs(weight * slope[0] / own) + np.abs(slope[1] / other)
    # as far as 1e-8 of the share moves it
    np.testing.assert_allclose(balance[inside] / scale[inside], 0.0, atol=1e-6)


def test_weighted_sums():
    """The slope of w U_G + U_D is linear in the share."""
    w = 2.5
    answer = bargain(sample(of(weights={"generalist": w}), COARSE), "weighted")
    assert answer.known.all()
    at0, at1 = (w * s[0] + s[1] for s in (QUADRATIC.slopes(np.full(100, d)) for d in (0.0, 1.0)))
    total0, total1 = (
        w * u[0] + u[1] for u in map(QUADRATIC.utilities, (np.zeros(100), np.ones(100)))
    )
    with np.errstate(all="ignore"):
        inside = (at0 > 0) & (at1 < 0)
        expected = np.where(inside, at0 / (at0 - at1), np.where(total1 > total0, 1.0, 0.0))
    np.testing.assert_allclose(answer.points.share, expected, atol=1e-8)


def test_disagreement_payoffs():
    base = QUADRATIC.utilities(QUADRATIC.share("nash"))
    # what the follower can have at the least leaves the leader just so much
    nodes = sample(of(disagreement={"law": 0.02, "generalist": 0.01}), COARSE)
    answer = bargain(nodes, "egalitarian")
    sure = answer.known & answer.agreed & (base.min(axis=0) > 0.05)
    assert sure.sum() > 30
    own, other = answer.measure.profits[:, sure]
    np.testing.assert_allclose(own - 0.01, other - 0.02, rtol=1e-8, atol=1e-12)


def test_no_agreement_where_nobody_can_have_enough():
    nodes = sample(of(disagreement={"law": 1e3}), COARSE)
    assert not nodes.agreed.any()
    for solution in SOLUTIONS:
        answer = bargain(nodes, solution)
        assert answer.known.all(), solution
        assert not answer.agreed.any(), solution


def test_given_shares():
    share = np.linspace(0.05, 0.95, 100)
    answer = given(QUADRATIC.market(), share, COARSE)
    assert answer.known.all()
    np.testing.assert_allclose(answer.measure.profits, QUADRATIC.utilities(share), rtol=1e-10)
    np.testing.assert_array_equal(answer.points.share, share)


def test_some_of_the_answers():
    answer = bargain(sample(QUADRATIC.market(), COARSE), "nash")
    chosen = np.array([30, 2])
    part = answer.take(chosen)
    np.testing.assert_array_equal(part.points.share, answer.points.share[chosen])
    np.testing.assert_array_equal(part.measure.profits, answer.measure.profits[:, chosen])
    assert part.known.shape == part.agreed.shape == part.active.shape == (2,)
