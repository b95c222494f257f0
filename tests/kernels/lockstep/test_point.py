"""Points on branches: closed forms of the quadratic game, edges, and derivatives in the share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from opt_games import Game, Generalist, Specialist
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.lanes import stack
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.point import (
    EDGE,
    FLOOR,
    STATIONARY,
    Points,
    branch_key,
    converge,
    stay_gains,
)

RNG = np.random.default_rng(5)
SIZE = 40
C0, C1 = (np.exp(RNG.uniform(-1.0, 1.0, SIZE)) for _ in "01")
SHARE = RNG.uniform(0.05, 0.95, SIZE)
H = 1e-6


def market(*domains: tuple[str, str], games: int = SIZE, **columns: np.ndarray) -> Market:
    specialists = [Specialist(f"d{k}", *domain) for k, domain in enumerate(domains)]
    parameters = {name: float(values[0]) for name, values in columns.items()}
    game = Game("points", Generalist("c0 * alpha0**2"), specialists, parameters)
    return Market.of(game, compile_forms(game), columns, games)


def quadratic(fixed: str = "0") -> Market:
    return market(("alpha1", f"c1 * (alpha1 - alpha0)**2 + {fixed}"), c0=C0, c1=C1)


def start(share, *, base=0.5, extra=0.5, followers=1, closure=STATIONARY, **more) -> Points:
    lanes, shape = share.size, (followers, share.size)
    points = Points(
        share,
        np.full(lanes, base),
        np.full(shape, extra),
        np.ones(shape, dtype=bool),
        np.ones(shape, dtype=bool),
        np.full(lanes, closure, dtype=np.int8),
        np.zeros(lanes, dtype=np.int64),
    )
    return replace(points, **more)


def test_levels_and_profits_of_the_quadratic_game():
    points, measure = converge(quadratic(), start(SHARE), 30)
    d = SHARE
    np.testing.assert_allclose(points.base, d / (2 * C0), rtol=1e-12)
    np.testing.assert_allclose(points.extra[0], (1 - d) / (2 * C1), rtol=1e-12)
    leader = d**2 / (4 * C0) + d * (1 - d) / (2 * C1)
    follower = d * (1 - d) / (2 * C0) + (1 - d) ** 2 / (4 * C1)
    np.testing.assert_allclose(measure.profits, [leader, follower], rtol=1e-12)
    np.testing.assert_allclose(measure.offer, [follower], rtol=1e-12)
    np.testing.assert_allclose(measure.performance, d / (2 * C0) + (1 - d) / (2 * C1), rtol=1e-12)
    assert (measure.residual < 1e-12).all()
    assert (measure.bend < 0).all()
    np.testing.assert_allclose(measure.slope, 0.0, atol=1e-12)


def test_derivatives_in_the_share_of_the_quadratic_game():
    _, measure = converge(quadratic(), start(SHARE), 30)
    d = SHARE
    np.testing.assert_allclose(measure.base_by_share, 1 / (2 * C0), rtol=1e-11)
    np.testing.assert_allclose(measure.extra_by_share, [-1 / (2 * C1)], rtol=1e-11)
    leader = d / (2 * C0) + (1 - 2 * d) / (2 * C1)
    follower = (1 - 2 * d) / (2 * C0) - (1 - d) / (2 * C1)
    scale = 1 / C0 + 1 / C1
    np.testing.assert_allclose(
        measure.profits_by_share / scale, [leader, follower] / scale, atol=1e-12
    )
    np.testing.assert_allclose(
        measure.performance_by_share / scale, (1 / C0 - 1 / C1) / 2 / scale, atol=1e-12
    )


MIXED = (
    ("2 * (1 - exp(-alpha1))", "c1 * (alpha1 - alpha0)**1.6"),
    ("alpha1**0.6", "c1 * (alpha1 - alpha0)**2.3"),
    ("log(1 + 2 * alpha1)", "0.4 * (alpha1 - alpha0)**2"),
)
BRANCHES = {
    "all contribute": ((True, True, True), (True, True, True)),
    "one stays": ((True, False, True), (True, True, True)),
    "one abstains": ((True, True, True), (False, True, True)),
    "one each": ((True, False, True), (False, True, True)),
}


def branch(name: str) -> dict[str, np.ndarray]:
    contributes, takes = (np.repeat(np.array(each)[:, None], SIZE, 1) for each in BRANCHES[name])
    return {"contributes": contributes, "takes": takes}


@pytest.mark.parametrize("name", BRANCHES)
def test_derivatives_in_the_share_against_differences(name):
    games = market(*MIXED, c0=C0, c1=C1)
    at = [converge(games, start(SHARE + h, followers=3, **branch(name)), 60) for h in (-H, 0.0, H)]
    (low_points, low), (points, middle), (high_points, high) = at
    assert max(each.residual.max() for _, each in at) < 1e-11
    for name_ in ("profits", "performance"):
        expected = (getattr(high, name_) - getattr(low, name_)) / (2 * H)
        found = getattr(middle, f"{name_}_by_share")
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7, err_msg=name_)
    expected = (high_points.base - low_points.base) / (2 * H)
    np.testing.assert_allclose(middle.base_by_share, expected, rtol=1e-6)
    expected = (high_points.extra - low_points.extra) / (2 * H)
    np.testing.assert_allclose(
        middle.extra_by_share, np.where(points.contributes, expected, 0.0), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("name", BRANCHES)
def test_the_leaders_slope_is_that_of_its_payoff(name):
    """Followers respond to every base level."""
    games = market(*MIXED, c0=C0, c1=C1)
    states = branch(name)
    base = np.exp(RNG.uniform(-2.0, 0.0, SIZE))

    def payoff(level):
        # held where it is by an edge that is no edge: only the responses move
        points = start(SHARE, followers=3, closure=FLOOR, **states)
        return converge(games, replace(points, base=level), 60)[1]

    low, middle, high = (payoff(base * (1 + h)) for h in (-1e-5, 0.0, 1e-5))
    width = 2e-5 * base
    np.testing.assert_allclose(
        middle.slope, (high.profits[0] - low.profits[0]) / width, rtol=1e-7, atol=1e-7
    )
    np.testing.assert_allclose(middle.bend, (high.slope - low.slope) / width, rtol=1e-6, atol=1e-6)


def test_an_edge_keeps_the_follower_just_willing():
    """With r = alpha1 the offer is (1 - d) alpha0 + (1 - d)^2 / (4 c1) - f."""
    fixed = 3.0
    games = quadratic(str(fixed))
    kept = 1 - SHARE
    base = (fixed - kept**2 / (4 * C1)) / kept
    lanes = np.flatnonzero(base > 0)
    part = games.take(lanes)
    points, measure = converge(part, start(SHARE[lanes], closure=EDGE), 40)
    np.testing.assert_allclose(points.base, base[lanes], rtol=1e-11)
    np.testing.assert_allclose(measure.offer, 0.0, atol=1e-11)
    np.testing.assert_array_equal(measure.profits[1], 0.0)
    np.testing.assert_array_equal(measure.profits_by_share[1], 0.0)
    by_share = fixed / kept**2 + 1 / (4 * C1)
    np.testing.assert_allclose(measure.base_by_share, by_share[lanes], rtol=1e-9)
    d, c0, c1, x = SHARE[lanes], C0[lanes], C1[lanes], base[lanes]
    final = x + (1 - d) / (2 * c1)
    np.testing.assert_allclose(measure.profits[0], d * final - c0 * x**2, rtol=1e-10, atol=1e-10)
    rise = final + d * (by_share[lanes] - 1 / (2 * c1)) - 2 * c0 * x * by_share[lanes]
    np.testing.assert_allclose(measure.profits_by_share[0], rise, rtol=1e-8, atol=1e-8)


def test_the_floor_stays_where_it_is():
    points, measure = converge(quadratic(), start(SHARE, base=0.0, closure=FLOOR), 40)
    np.testing.assert_array_equal(points.base, 0.0)
    np.testing.assert_allclose(points.extra[0], (1 - SHARE) / (2 * C1), rtol=1e-12)
    np.testing.assert_allclose(measure.profits[0], SHARE * points.extra[0], rtol=1e-12)
    np.testing.assert_array_equal(measure.base_by_share, 0.0)


@pytest.mark.parametrize("off", [1e-6, 1e-2, 30.0, 1e5])
def test_far_starts_arrive(off):
    points, _ = converge(quadratic(), start(SHARE, base=off, extra=off), 60)
    np.testing.assert_allclose(points.base, SHARE / (2 * C0), rtol=1e-11)


def test_lanes_do_not_disturb_each_other():
    games = market(*MIXED, c0=C0, c1=C1)
    begin = start(SHARE, followers=3, **branch("one each"))
    together, measure = converge(games, begin, 60)
    for lane in (0, 7, SIZE - 1):
        one = np.array([lane])
        alone, value = converge(games.take(one), begin.take(one), 60)
        np.testing.assert_allclose(alone.base, together.base[one], rtol=1e-11)
        np.testing.assert_allclose(value.profits, measure.profits[:, one], rtol=1e-11, atol=1e-13)


def test_no_steps_at_all():
    begin = start(SHARE)
    points, measure = converge(quadratic(), begin, 0)
    np.testing.assert_array_equal(points.base, begin.base)
    assert (measure.residual > 0.01).any()


def test_the_first_bit_of_a_contribution():
    games = market(("alpha1", "0.4 * (alpha1 - alpha0) + c1 * (alpha1 - alpha0)**2"), c0=C0, c1=C1)
    found = stay_gains(games, np.full(SIZE, 0.3), SHARE)
    np.testing.assert_allclose(found, [(1 - SHARE) - 0.4], atol=1e-14)


def test_without_a_share_nobody_contributes():
    """Where revenue is steep without bound, a share of nothing is still nothing."""
    games = market(("alpha1**0.5", "c1 * (alpha1 - alpha0)**2"), c0=C0, c1=C1)
    assert (stay_gains(games, np.zeros(SIZE), np.ones(SIZE)) <= 0).all()
    assert (stay_gains(games, np.zeros(SIZE), np.full(SIZE, 0.9)) > 0).all()


def test_branches_have_keys_of_their_own():
    states = np.array(np.meshgrid(*[range(3)] * 4)).reshape(4, -1)
    contributes, takes = states == 2, states > 0
    assert np.unique(branch_key(contributes, takes)).size == 81
    # an abstainer's contribution does not count
    key = branch_key(np.ones((4, 1), dtype=bool), np.zeros((4, 1), dtype=bool))
    assert key == branch_key(np.zeros((4, 1), dtype=bool), np.zeros((4, 1), dtype=bool))


def test_putting_and_stacking():
    points = start(SHARE)
    lanes = np.array([3, 1])
    changed = points.put(lanes, replace(points.take(lanes), base=np.array([7.0, 8.0])))
    assert changed.base[[3, 1, 0]].tolist() == [7.0, 8.0, 0.5]
    assert points.base[3] == 0.5
    both = stack([points.take(lanes), points])
    assert both.lanes == SIZE + 2
    np.testing.assert_array_equal(both.share, np.append(SHARE[lanes], SHARE))
    picked = points.where(SHARE > 0.5, changed)
    np.testing.assert_array_equal(picked.base, np.where(SHARE > 0.5, changed.base, points.base))
