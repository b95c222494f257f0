"""Rows of contributions: they hold every best response, whatever the base level in a box."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opt_games
from opt_games.certificates.far_levels import far_contributions
from opt_games.certificates.leader import first_rows
from opt_games.certificates.limits import contribution_limits
from opt_games.certificates.payments import paid
from opt_games.certificates.payoffs import compile_payoffs
from opt_games.certificates.replies import Boxes, Contest

REVENUES = [
    "rho * alpha1",
    "2 * rho * (1 - exp(-1.3 * alpha1))",
    "rho * alpha1**0.4",
    "rho * (alpha1 + 0.5 * sin(4 * alpha1))",
    "rho * min(alpha1, 1.2)",
    "rho * alpha1**2 / (1 + alpha1**2)",
]
COSTS = [
    "c * (alpha1 - alpha0)**2",
    "c * (alpha1 - alpha0)**1.4 + 0.1 * (alpha1 - alpha0)",
    "0.2 + c * (alpha1 - alpha0)**2.5",
    "c * (alpha1**2 - alpha0**2)",
    "c * (alpha1 - alpha0)**2 / (1 + alpha0)",
]


def a_game(revenue, cost, rho=1.0, c=0.6, **more):
    return opt_games.Game(
        "g",
        opt_games.Generalist("alpha0**2"),
        [opt_games.Specialist("s", revenue, cost, {"rho": rho, "c": c})],
        **more,
    )


def best_by_grid(game, share, base, cap=np.inf, floor=0.0):
    """The best contribution and what it earns, by ever finer grids of the formulas alone."""
    low = max(base, floor)
    (s,) = game.specialists

    def earned(contribution):
        final = np.minimum(low + contribution, cap)
        values = {**s.parameters, "alpha1": final, "alpha0": base}
        profit = (1 - share) * s.revenue.evaluate_columns(values) - s.cost.evaluate_columns(values)
        return np.where(np.isnan(profit), -np.inf, np.broadcast_to(profit, final.shape))

    # up to 500: the flattest cost here, 0.2 y**1.4, answers a revenue of 3 by 345
    tried = np.r_[0.0, np.geomspace(1e-7, 500.0, 4001), np.linspace(0.0, 500.0, 6001)]
    tried = np.unique(tried)
    for _ in range(4):
        values = earned(tried)
        best = np.argsort(values)[-30:]
        left, right = tried[np.maximum(best - 1, 0)], tried[np.minimum(best + 1, tried.size - 1)]
        tried = np.unique(np.r_[tried[best], np.linspace(left, right, 401).ravel()])
    values = earned(tried)
    return np.minimum(low + tried[values.argmax()], cap) - low, values.max()


@settings(max_examples=40)
@given(
    revenue=st.sampled_from(REVENUES),
    cost=st.sampled_from(COSTS),
    rho=st.floats(0.3, 3.0),
    c=st.floats(0.2, 2.0),
    share=st.floats(0.0, 0.95),
    low=st.floats(0.0, 2.0),
    width=st.sampled_from([0.0, 1e-3, 0.1, 0.7]),
    cap=st.sampled_from([None, None, 3.0]),
    part=st.floats(0.0, 1.0),
)
def test_best_responses_lie_in_the_rows(revenue, cost, rho, c, share, low, width, cap, part):
    bounds = {} if cap is None else {"level_bounds": {"alpha": cap}}
    game = a_game(revenue, cost, rho, c, **bounds)
    payoffs = compile_payoffs(game)
    (region,) = payoffs.regions
    contest = Contest(region.forms[0], np.array([share]))
    boxes = Boxes(np.array([[low]]), np.array([[low + width]]))
    with np.errstate(all="ignore"):
        limit = contribution_limits(contest, region, boxes.high[:, 0])
        if limit is None:  # a quotient, of which unbounded boxes say nothing
            limit = far_contributions(contest, boxes)
        assert np.isfinite(limit).all()
        (rows,) = first_rows(1, [limit])
        rows = contest.refine(boxes, rows, 6, finest=1e-12)
        found = paid(contest, boxes, rows)
    base = low + part * width
    at, value = best_by_grid(game, share, base, np.inf if cap is None else cap)
    assert value <= found.own[1][0] + 1e-12
    assert found.own[0][0] <= value + 1e-6
    # the grid's best is in a row, or a point of a row pays as much: peaks may be nearly level
    inside = (rows.low[0] - 2e-3 <= at) & (at <= rows.high[0] + 2e-3)
    if not inside.any():
        other = max(
            earned_at(game, share, base, contribution)
            for a, b in zip(rows.low[0], rows.high[0], strict=True)
            for contribution in np.linspace(a, b, 50)
        )
        assert other >= value - 1e-9


def earned_at(game, share, base, contribution):
    (s,) = game.specialists
    values = {**s.parameters, "alpha1": base + contribution, "alpha0": base}
    return (1 - share) * s.revenue.evaluate(values) - s.cost.evaluate(values)


def test_a_smooth_response_is_narrowed_to_the_width_of_the_box():
    game = a_game("rho * alpha1**0.5", "c * (alpha1 - alpha0)**2")
    (region,) = compile_payoffs(game).regions
    contest = Contest(region.forms[0], np.array([0.3]))
    boxes = Boxes(np.array([[0.5]]), np.array([[0.501]]))
    with np.errstate(all="ignore"):
        (rows,) = first_rows(1, [contribution_limits(contest, region, region.high)])
        rows = contest.refine(boxes, rows, 8)
    assert rows.size == 1
    assert rows.high[0, 0] - rows.low[0, 0] < 0.001


def test_free_riding_collapses_to_nothing():
    game = a_game("rho * alpha1", "c * (alpha1 - alpha0)**2 + 2 * (alpha1 - alpha0)")
    (region,) = compile_payoffs(game).regions
    contest = Contest(region.forms[0], np.array([0.3]))
    boxes = Boxes(np.array([[0.5]]), np.array([[0.7]]))
    with np.errstate(all="ignore"):
        (rows,) = first_rows(1, [contribution_limits(contest, region, region.high)])
        rows = contest.refine(boxes, rows, 3)
    assert (rows.low[0], rows.high[0]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("revenue", "cost"), [("alpha1", "0.5 * (alpha1 - alpha0)"), ("alpha1**2", "c * alpha1**1.5")]
)
def test_no_limit_is_claimed_where_profits_grow_for_ever(revenue, cost):
    game = a_game(f"rho * ({revenue})", cost)
    (region,) = compile_payoffs(game).regions
    contest = Contest(region.forms[0], np.array([0.1]))
    with np.errstate(all="ignore"):
        assert contribution_limits(contest, region, region.high) is None
