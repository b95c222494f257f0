"""Climbing along branches of the quadratic game, whose tops are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lockstep_games import Quadratic

from opt_games.kernels.lockstep.along import (
    Ends,
    Stretches,
    climb,
    continuous,
    follow,
    predict,
)
from opt_games.kernels.lockstep.lanes import stack
from opt_games.kernels.lockstep.objective import Stakes, value
from opt_games.kernels.lockstep.point import Points

QUADRATIC = Quadratic(30)
MARKET = QUADRATIC.market()
GAMES = np.arange(30)
IDEAL = np.array(
    [
        QUADRATIC.utilities(QUADRATIC.leaders_peak)[0],
        QUADRATIC.utilities(QUADRATIC.followers_peak)[1],
    ]
)
STAKES = Stakes(IDEAL, np.ones((2, 30), dtype=bool), IDEAL)
SMOOTH = ("nash", "utilitarian", "powerful-generalist", "powerful-specialist")
KINKED = ("kalai-smorodinsky", "egalitarian")


def scored(solution: str):
    def score(games, points, measure):
        return value(solution, MARKET.take(games), STAKES.take(games), points, measure)

    return score


def at(share, solution="nash"):
    shape = (1, 30)
    start = Points(
        np.broadcast_to(np.asarray(share, dtype=float), 30).copy(),
        np.ones(30),
        np.ones(shape),
        np.ones(shape, dtype=bool),
        np.ones(shape, dtype=bool),
        np.zeros(30, dtype=np.int8),
        np.zeros(30, dtype=np.int64),
    )
    state, holds = follow(MARKET, GAMES, scored(solution), start)
    assert holds.all()
    return state


def stretches(low, high, solution: str, known=(True, True)) -> Stretches:
    ends = [
        Ends.of(at(share, solution), np.full(30, here))
        for share, here in zip((low, high), known, strict=True)
    ]
    points = at(low if known[0] else high, solution).points
    return Stretches(GAMES, points, *ends, np.full(30, np.inf), ends[0].share, ends[1].share)


@pytest.mark.parametrize("solution", [*SMOOTH, *KINKED])
@pytest.mark.parametrize("known", [(True, True), (True, False), (False, True)])
def test_tops_between_neighbouring_shares(solution, known):
    share = QUADRATIC.share(solution)
    within = np.flatnonzero((share > 0.03) & (share < 0.97))
    assert within.size > 5
    grid = np.array([0.03, 0.12, 0.3, 0.5, 0.7, 0.88, 0.97])
    after = np.clip(np.searchsorted(grid, share), 1, grid.size - 1)
    found = stretches(grid[after - 1], grid[after], solution, known).take(within)
    state, inside, _ = climb(MARKET, scored(solution), found, 4)
    assert inside.all()
    np.testing.assert_allclose(state.share, share[within], atol=1e-9)


@pytest.mark.parametrize("solution", KINKED)
def test_kinks_far_from_both_ends(solution):
    """Newton's step for where two functions cross may lead far beyond, and is then of no use."""
    share = QUADRATIC.share(solution)
    state, inside, _ = climb(MARKET, scored(solution), stretches(1e-3, 1 - 1e-3, solution), 4)
    np.testing.assert_allclose(state.share[inside], share[inside], atol=1e-9)


def test_where_the_objective_only_rises_the_top_is_the_end():
    rising = np.flatnonzero(QUADRATIC.leaders_peak == 1.0)
    found = stretches(0.88, 0.97, "powerful-generalist", (True, False)).take(rising)
    state, inside, _ = climb(MARKET, scored("powerful-generalist"), found, 4)
    assert not inside.any()
    np.testing.assert_allclose(state.share, 0.97, atol=1e-12)


def test_the_tangent_is_right_to_second_order():
    state = at(0.4)
    end = Ends.of(state, np.ones(30, dtype=bool))
    errors = []
    for change in (1e-2, 1e-3):
        guess = predict(state.points, end, end.share + change)
        exact = at(0.4 + change).points
        errors.append(np.abs(guess.base / exact.base - 1).max())
        np.testing.assert_array_equal(guess.share, 0.4 + change)
    assert errors[1] < 0.02 * errors[0]


def test_points_of_one_branch_are_continuous():
    known = np.ones(30, dtype=bool)
    low, high = (Ends.of(at(share), known) for share in (0.4, 0.5))
    assert continuous(low, high).all()
    assert continuous(high, low).all()
    jumped = replace(high, base=3.0 * high.base)
    assert not continuous(low, jumped).any()
    fallen = replace(high, score=low.score - 1.0, slope=np.abs(high.slope), base=high.base)
    assert not continuous(replace(low, slope=np.abs(low.slope)), fallen).any()


def test_nothing_is_scored_where_nobody_would_sign():
    games = MARKET.take(GAMES)
    games.disagreement[1] = 1e6

    def score(chosen, points, measure):
        return value("nash", games.take(chosen), STAKES.take(chosen), points, measure)

    state, _ = follow(games, GAMES, score, at(0.4).points)
    assert np.isneginf(state.value.score).all()


def test_states_are_put_and_joined():
    one, other = at(0.4), at(0.6)
    lanes = np.array([4, 9])
    mixed = one.put(lanes, other.take(lanes))
    expected = np.where(np.isin(GAMES, lanes), 0.6, 0.4)
    np.testing.assert_array_equal(mixed.share, expected)
    np.testing.assert_array_equal(
        mixed.value.score, np.where(expected == 0.6, other.value.score, one.value.score)
    )
    np.testing.assert_array_equal(stack([one, other]).share, np.repeat([0.4, 0.6], 30))
