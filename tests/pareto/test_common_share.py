"""Pareto sets of a common share: closed forms, pieces, and dominance on a fine grid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from brute_force import Market, equilibria, undominated
from data.games import rows
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped_markets import MARKETS

import opt_games
from opt_games import Contract, Game, Generalist, Specialist

costs = st.floats(-1.5, 1.5).map(lambda x: 10.0**x)


def quadratic(c0: float, c1: float, **more) -> Game:
    return Game(
        "quadratic",
        Generalist("c0 * alpha0**2"),
        [Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**2")],
        {"c0": c0, "c1": c1},
        **more,
    )


def closed_interval(c0: float, c1: float) -> tuple[float, float]:
    """Between the peaks of the two utilities."""
    low = (c1 - c0) / (2 * c1 - c0) if c1 > c0 else 0.0
    return low, c0 / (2 * c0 - c1) if c0 > c1 else 1.0


def nothing_dominates(found: opt_games.ParetoSet) -> None:
    """The points reported, among themselves; an end is known to 1e-7 only."""
    utilities = np.array([list(point.utilities.values()) for point in found.points]).T
    scale = np.abs(utilities).max(axis=1)
    scale = np.where(scale > 0, scale, 1.0)
    assert undominated(utilities / scale[:, None], tolerance=1e-9).all()


@settings(max_examples=6)
@given(costs, costs)
def test_the_interval_of_the_quadratic_game(c0, c1):
    found = opt_games.pareto(quadratic(c0, c1))
    ((low, high),) = found.intervals
    assert (low, high) == pytest.approx(closed_interval(c0, c1), abs=1e-6)
    assert found.regret <= 1e-8
    nothing_dominates(found)
    for point in found.points:
        (share,) = point.shares.values()
        leader = share**2 / (4 * c0) + share * (1 - share) / (2 * c1)
        own = share * (1 - share) / (2 * c0) + (1 - share) ** 2 / (4 * c1)
        exact = {"generalist": leader, "law": own}
        assert point.utilities == pytest.approx(exact, rel=1e-8, abs=1e-8 * max(leader, own))


@pytest.mark.parametrize(("c0", "c1"), [(1.0, 3.0), (3.0, 1.0), (1.0, 1.0)])
def test_both_orders_of_costs(c0, c1):
    ((low, high),) = opt_games.pareto(quadratic(c0, c1)).intervals
    assert (low, high) == pytest.approx(closed_interval(c0, c1), abs=1e-6)


def test_points_run_along_the_set_with_its_ends():
    found = opt_games.pareto(quadratic(1.0, 3.0))
    shares = [point.shares["law"] for point in found.points]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == found.intervals[0]
    assert len(shares) >= 40
    assert np.diff(shares).max() < 0.05


def test_bounds_of_the_contract_bound_the_set():
    found = opt_games.pareto(quadratic(1.0, 3.0, contract=Contract(bounds=(0.5, 0.7))))
    assert found.intervals == (pytest.approx((0.5, 0.7), abs=1e-6),)


def test_bounds_beside_the_set_leave_a_single_share():
    """Left of both peaks all prefer the highest share that is allowed."""
    found = opt_games.pareto(quadratic(1.0, 3.0, contract=Contract(bounds=(0.1, 0.3))))
    assert found.intervals == (pytest.approx((0.3, 0.3), abs=1e-6),)
    assert len(found.points) == 1


# --- pieces ----------------------------------------------------------------------------------


def agrees_on_a_grid(game: Game, market: Market, points: int, fringe: float = 2e-3) -> tuple:
    """Every share of a grid is in the set just where the brute force does not see it dominated.

    A share next to an end, and one that another dominates by little, may be missed by a grid.
    """
    found = opt_games.pareto(game)
    ends = [end for interval in found.intervals for end in interval]
    line = np.unique(np.concatenate([np.linspace(0, 1, points), ends]))
    outcome = equilibria(market, line)
    scale = outcome.utilities.max(axis=1)[:, None]
    scale = np.where(scale > 0, scale, 1.0)  # who never takes part gains nothing anywhere
    kept = undominated(outcome.utilities / scale, tolerance=1e-7)
    clear = np.min(np.abs(line[:, None] - np.array(ends)), axis=1) > fringe
    inside = np.zeros(line.size, dtype=bool)
    for low, high in found.intervals:
        inside |= (line >= low) & (line <= high)
    assert clear.sum() > 0.5 * points
    wrong = clear & (inside != kept)
    assert not wrong.any(), (found.intervals, line[wrong], inside[wrong])
    assert found.regret <= 1e-8
    nothing_dominates(found)
    # a point of the set has the utilities that the brute force finds
    # (at an end there may be a jump, with an equilibrium on either side of rounding)
    points_inside = [p for p in found.points if not set(p.shares.values()) & set(ends)]
    assert points_inside or all(low == high for low, high in found.intervals)
    shares = np.array([next(iter(point.shares.values())) for point in points_inside])
    ours = np.array([list(point.utilities.values()) for point in points_inside]).T
    theirs = equilibria(market, shares).utilities
    assert np.abs(ours - theirs)[:1] == pytest.approx(0.0, abs=1e-7 * float(scale.max()))
    assert np.abs(ours - theirs)[1:] == pytest.approx(0.0, abs=1e-5 * float(scale.max()))
    return found.intervals


def test_the_fixed_cost_game_comes_in_pieces():
    intervals = agrees_on_a_grid(opt_games.load("fixed-cost"), MARKETS["fixed-cost"], 151)
    assert len(intervals) > 1
    for (_, high), (low, _) in pairwise(intervals):
        assert low - high > 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("name", ["three-regimes", "exponential"])
def test_other_shipped_games_on_a_fine_grid(name):
    agrees_on_a_grid(opt_games.load(name), MARKETS[name], 301)


@pytest.mark.parametrize(
    "row",
    [
        rows("exponential")[4],
        *(
            pytest.param(row, marks=pytest.mark.slow)
            for row in (*rows("exponential")[9::60], *rows("power")[11::60])
        ),
    ],
    ids=lambda row: row.label,
)
def test_random_games_with_a_cost_of_entry(row):
    rng = np.random.default_rng(row.number)
    best = equilibria(row.market(), np.linspace(0.0, 1.0, 11)).utilities[1].max()
    fixed = float(rng.uniform(0.0, 0.8) * best)
    agrees_on_a_grid(row.game(fixed), row.market(fixed), 201)


def test_a_specialist_who_never_gains_leaves_one_contract():
    """Entry so dear that the generalist keeps it just willing at every share: one has its way."""
    entry = 0.13  # free-riding: (1 - share) base >= entry, and share / 2 is never base enough
    domain = Specialist("law", "alpha1", "2 * (alpha1 - alpha0) + entry")
    found = opt_games.pareto(Game("willing", Generalist("alpha0**2"), [domain], {"entry": entry}))
    # share base - base^2 at base = entry / (1 - share): by its derivative in the share
    line = np.linspace(0.5, 0.8, 300_001)
    base = entry / (1 - line)
    best = line[np.argmax(line * base - base**2)]
    assert found.intervals == (pytest.approx((best, best), abs=2e-6),)


def test_the_json_document():
    document = opt_games.pareto(quadratic(1.0, 3.0)).to_dict()
    assert list(document)[1:3] == ["intervals", "points"]
    assert document["intervals"] == [pytest.approx(closed_interval(1.0, 3.0), abs=1e-6)]
    assert set(document["points"][0]) == {"shares", "utilities"}
