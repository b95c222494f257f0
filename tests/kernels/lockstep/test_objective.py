"""Objectives of bargaining and their derivatives along a branch."""

from __future__ import annotations

import numpy as np
import pytest

from opt_games import SOLUTIONS, Bargaining, Game, Generalist, Specialist
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.objective import Stakes, Value, value
from opt_games.kernels.lockstep.point import Points, converge

SIZE = 12
SHARE = np.linspace(0.1, 0.9, SIZE)
H = 1e-6


def market(utility: str | None = "1 - exp(-2 * profit)") -> Market:
    game = Game(
        "objective",
        Generalist("c0 * alpha0**2"),
        [
            Specialist("a", "2 * (1 - exp(-alpha1))", "(alpha1 - alpha0)**1.7", utility=utility),
            Specialist("b", "alpha1**0.6", "0.4 * (alpha1 - alpha0)**2"),
        ],
        {"c0": 0.6},
        bargaining=Bargaining(
            weights={"generalist": 2.0, "b": 0.5},
            disagreement={"generalist": -0.1, "a": -0.2, "b": 0.01},
        ),
    )
    return Market.of(game, compile_forms(game), {"c0": np.linspace(0.3, 1.2, SIZE)}, SIZE)


def stakes(*say: bool) -> Stakes:
    who = np.repeat(np.array(say or (True, True, True))[:, None], SIZE, axis=1)
    return Stakes(np.ones((3, SIZE)), who, np.repeat([[0.9], [1.1], [1.6]], SIZE, axis=1))


def at(share) -> tuple[Points, object]:
    shape = (2, SIZE)
    start = Points(
        share,
        np.full(SIZE, 0.4),
        np.full(shape, 0.4),
        np.ones(shape, dtype=bool),
        np.ones(shape, dtype=bool),
        np.zeros(SIZE, dtype=np.int8),
        np.zeros(SIZE, dtype=np.int64),
    )
    return converge(market(), start, 40)


def score(solution: str, share=SHARE, who: Stakes | None = None) -> Value:
    points, measure = at(share)
    return value(solution, market(), who or stakes(), points, measure)


@pytest.mark.parametrize("solution", [*SOLUTIONS, "player 0", "player 2", "least"])
def test_slopes_are_derivatives_along_the_branch(solution):
    low, middle, high = (score(solution, SHARE + h) for h in (-H, 0.0, H))
    smooth = (low.piece == middle.piece) & (high.piece == middle.piece)
    assert smooth.sum() >= SIZE - 2
    expected = (high.score - low.score) / (2 * H)
    np.testing.assert_allclose(middle.slope[smooth], expected[smooth], rtol=1e-6, atol=1e-8)
    expected = (high.parts - low.parts) / (2 * H)
    np.testing.assert_allclose(middle.rates, expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(middle.score, middle.parts.min(axis=0))


def test_scores_are_those_of_the_model():
    points, measure = at(SHARE)
    profit = measure.profits
    utility = np.array([profit[0], 1 - np.exp(-2 * profit[1]), profit[2]])
    disagreement = np.array([[-0.1], [-0.2], [0.01]])
    gain = utility - disagreement
    weights = np.array([[2.0], [1.0], [0.5]])
    expected = {
        "utilitarian": utility.sum(axis=0),
        "weighted": (weights * utility).sum(axis=0),
        "nash": (weights * np.log(gain)).sum(axis=0),
        "kalai-smorodinsky": (gain / (stakes().ideal - disagreement)).min(axis=0),
        "egalitarian": gain.min(axis=0),
        "max-performance": (points.base + points.extra).sum(axis=0),
        "powerful-generalist": utility[0],
        "powerful-specialist": utility[1] + utility[2],
        "player 1": utility[1],
    }
    for solution, exact in expected.items():
        found = score(solution)
        np.testing.assert_allclose(found.score, exact, rtol=1e-12, err_msg=solution)
        np.testing.assert_allclose(found.liking, utility.sum(axis=0), rtol=1e-12)


def test_who_cannot_gain_has_no_say():
    points, measure = at(SHARE)
    gain = measure.profits[0] + 0.1, measure.profits[2] - 0.01
    nash = score("nash", who=stakes(True, False, True))
    np.testing.assert_allclose(nash.score, 2 * np.log(gain[0]) + 0.5 * np.log(gain[1]), rtol=1e-12)
    equal = score("egalitarian", who=stakes(True, False, True))
    np.testing.assert_allclose(equal.score, np.minimum(*gain), rtol=1e-12)
    # it must still sign, and its utility still counts in sums
    assert points.lanes == SIZE
    np.testing.assert_array_equal(
        score("utilitarian", who=stakes(True, False, True)).score, score("utilitarian").score
    )


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_nobody_signs_below_disagreement(solution):
    points, measure = at(SHARE)
    m = market()
    short = np.arange(SIZE) % 3 == 0
    m.disagreement[2] = measure.profits[2] + np.where(short, 1e-6, -1e-6)
    found = value(solution, m, stakes(), points, measure)
    np.testing.assert_array_equal(np.isneginf(found.score), short)


def test_the_least_gain_is_known_even_where_nobody_would_sign():
    points, measure = at(SHARE)
    m = market()
    m.disagreement[2] = measure.profits[2] + 0.5
    found = value("least", m, stakes(), points, measure)
    np.testing.assert_allclose(found.score, -0.5, rtol=1e-12)
    assert (found.piece == 2).all()


def test_some_of_the_lanes():
    chosen = np.array([5, 2])
    part, whole = score("nash").take(chosen), score("nash")
    np.testing.assert_array_equal(part.score, whole.score[chosen])
    np.testing.assert_array_equal(part.parts, whole.parts[:, chosen])
    some = stakes().with_ideal(np.arange(3.0 * SIZE).reshape(3, SIZE)).take(chosen)
    np.testing.assert_array_equal(some.ideal[0], [5.0, 2.0])
