"""Best responses: closed forms, bounds, corners, several peaks against a dense grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opt_games import Game, Generalist, Specialist
from opt_games.kernels.payoffs import compile_payoffs
from opt_games.kernels.response import Responses, State, best_responses

GRID = np.unique(np.concatenate([[0.0], np.geomspace(1e-8, 8.0, 60), np.linspace(0.0, 8.0, 60)]))
SHARES = np.array([0.0, 0.05, 0.4, 0.8, 0.999])
BASES = np.array([0.0, 1e-6, 0.1, 0.7, 2.0])


def respond(
    revenue: str, cost: str, shares=SHARES, bases=BASES, *, cap=np.inf, outside=0.0, grid=GRID
) -> Responses:
    """Responses of one specialist: arrays of shape (1, shares, bases)."""
    game = Game(
        "response",
        Generalist("alpha0**2"),
        [Specialist("d", revenue, cost, outside_option=outside)],
    )
    (group,) = compile_payoffs(game).followers
    share = np.atleast_1d(np.asarray(shares, dtype=float))[None, :, None]
    base = np.atleast_1d(np.asarray(bases, dtype=float))[None, :]
    return best_responses(group, share, base, grid, cap)


def by_dense_grid(revenue, cost, share, base, top=8.0) -> tuple[float, float]:
    """Contribution and profit on a fine grid, magnified."""
    low, high = 0.0, top
    for _ in range(6):
        extra = np.linspace(low, high, 20_001)
        with np.errstate(all="ignore"):
            profit = (1 - share) * revenue(base + extra) - cost(base + extra, base)
        best = int(np.nanargmax(profit))
        low, high = extra[max(best - 2, 0)], extra[min(best + 2, extra.size - 1)]
    return float(extra[best]), float(profit[best])


@settings(max_examples=25)
@given(st.floats(1.2, 4.0), st.floats(-2.0, 2.0).map(lambda x: 10.0**x))
def test_costs_that_are_powers(power, cost):
    extra = ((1 - SHARES) / (power * cost)) ** (1 / (power - 1))
    grid = np.append(GRID[GRID < 8], [8.0, 2 * extra.max()]) if extra.max() > 8 else GRID
    found = respond("alpha1", f"{cost!r} * (alpha1 - alpha0)**{power!r}", grid=np.unique(grid))
    wanted = np.broadcast_to(extra[:, None], (5, 5))
    # a contribution far below the base level is known to the base level's rounding only
    assert np.abs(found.contribution[0] - wanted) == pytest.approx(
        0.0, abs=1e-14
    ) or found.contribution[0] == pytest.approx(wanted, rel=1e-9, abs=1e-14)
    profit = (1 - SHARES)[:, None] * (BASES + wanted) - cost * wanted**power
    assert found.payoff[0] == pytest.approx(profit, rel=1e-11)
    assert (found.state == State.STATIONARY).all()
    assert found.revenue[0] == pytest.approx(BASES + wanted, rel=1e-9)
    told_apart = wanted > 1e-12 * BASES
    assert found.slope[0][told_apart] == pytest.approx(1.0, rel=1e-6)


def test_who_keeps_nothing_stays_at_every_base_level():
    bases = np.concatenate([[0.0], np.geomspace(1e-6, 1e6, 49)])
    for cost in ("0.5", "100", "1e6"):
        found = respond("alpha1", f"{cost} * (alpha1 - alpha0)**2", [1.0], bases)
        assert (found.state == State.BASE).all(), (cost, bases[(found.state != State.BASE)[0, 0]])
        assert (found.contribution == 0.0).all()
        assert (found.payoff == 0.0).all()


def test_free_riding():
    found = respond("alpha1", "0.3 * (alpha1 - alpha0) + (alpha1 - alpha0)**2", [0.71, 0.69, 0.9])
    assert found.state[0, :, 2].tolist() == [State.BASE, State.STATIONARY, State.BASE]
    assert found.contribution[0, 2].tolist() == [0.0] * 5
    assert found.slope[0, 2].tolist() == [1.0] * 5
    assert found.contribution[0, 1] == pytest.approx(0.005, rel=1e-9)


def test_infinite_marginal_revenue_at_zero():
    found = respond("sqrt(alpha1)", "(alpha1 - alpha0)**2", [0.0, 0.5, 1.0], [0.0])
    assert found.contribution[0, :, 0] == pytest.approx(
        [0.25 ** (2 / 3), 0.125 ** (2 / 3), 0.0], rel=1e-10
    )
    assert found.state[0, :, 0].tolist() == [State.STATIONARY, State.STATIONARY, State.BASE]
    log = respond("log(alpha1) + 5", "alpha1", [0.0, 0.5], [0.0])
    assert log.contribution[0, :, 0] == pytest.approx([1.0, 0.5], rel=1e-10)


def test_a_fixed_cost_keeps_out():
    # profit 0.6 base + 0.18 - 0.4: from base 0.22 / 0.6 on
    edge = 0.22 / 0.6
    found = respond(
        "alpha1", "0.5 * (alpha1 - alpha0)**2 + 0.4", [0.4], [0.0, edge - 1e-9, edge + 1e-9]
    )
    assert found.state[0, 0].tolist() == [State.ABSTAIN, State.ABSTAIN, State.STATIONARY]
    assert found.revenue[0, 0, :2].tolist() == [0.0, 0.0]
    assert found.payoff[0, 0] == pytest.approx([0.0, 0.0, 6e-10], abs=1e-14)
    # exactly indifferent: it takes part
    even = respond("alpha1", "0.5 * (alpha1 - alpha0)**2 + 0.125", [0.5], [0.0])
    assert even.state.item() == State.STATIONARY
    assert even.payoff.item() == 0.0


def test_an_outside_option_is_what_it_earns_when_it_abstains():
    found = respond("alpha1", "0.5 * (alpha1 - alpha0)**2", [0.4], [0.0, 1.0], outside=0.5)
    assert found.state[0, 0].tolist() == [State.ABSTAIN, State.STATIONARY]
    assert found.payoff[0, 0] == pytest.approx([0.5, 0.78])


def test_a_highest_level():
    found = respond("alpha1", "0.1 * (alpha1 - alpha0)**2", [0.2], [0.0, 1.0, 2.5, 3.0], cap=3.0)
    assert (found.contribution[0, 0] == [3.0, 2.0, 0.5, 0.0]).all()
    assert found.state[0, 0, :3].tolist() == [State.CAP] * 3
    assert found.state[0, 0, 3] in (State.CAP, State.BASE)
    assert found.slope[0, 0, :3].tolist() == [0.0] * 3


@pytest.mark.parametrize(
    ("revenue", "corner"),
    [("min(alpha1, 1)", 1.0), ("3 - abs(alpha1 - 2)", 2.0), ("min(2 * alpha1, 1 + alpha1)", 1.0)],
)
def test_kinks(revenue, corner):
    slope = 0.5 if revenue.startswith("min(a") else 0.1
    cost = (
        f"{slope} * (alpha1 - alpha0)"
        if corner != 1.0 or slope == 0.5
        else "1.1 * (alpha1 - alpha0)"
    )
    found = respond(revenue, cost, [0.2], [0.0, 0.5])
    assert found.state[0, 0].tolist() == [State.KINK, State.KINK]
    assert found.contribution[0, 0] == pytest.approx([corner, corner - 0.5], rel=1e-12)
    beyond = respond(revenue, cost, [0.2], [3.0])
    assert beyond.contribution.item() == 0.0
    assert beyond.state.item() == State.BASE


TWO_PEAKED = {
    "sine": ("alpha1 + sin(3 * alpha1)", lambda a: a + np.sin(3 * a)),
    "s-shaped": ("3 * alpha1**4 / (1 + alpha1**4)", lambda a: 3 * a**4 / (1 + a**4)),
    "two bumps": (
        "exp(-8 * (alpha1 - 1)**2) + 1.2 * exp(-8 * (alpha1 - 3)**2)",
        lambda a: np.exp(-8 * (a - 1) ** 2) + 1.2 * np.exp(-8 * (a - 3) ** 2),
    ),
}


@pytest.mark.parametrize("name", TWO_PEAKED)
@pytest.mark.parametrize("slope", [0.05, 0.3])
def test_several_peaks_against_a_dense_grid(name, slope):
    text, revenue = TWO_PEAKED[name]

    def cost(final, base):
        return slope * (final - base) + 0.1 * (final - base) ** 2

    found = respond(text, f"{slope} * (alpha1 - alpha0) + 0.1 * (alpha1 - alpha0)**2", outside=-9.0)
    for i, share in enumerate(SHARES):
        for j, base in enumerate(BASES):
            extra, profit = by_dense_grid(revenue, cost, share, base)
            got = found.payoff[0, i, j]
            assert got == pytest.approx(profit, rel=1e-10, abs=1e-12), (share, base)
            # away from ties the level is the same, too
            assert found.contribution[0, i, j] == pytest.approx(extra, abs=2e-6), (share, base)


def test_of_two_equal_peaks_the_one_that_pays_the_generalist_more():
    # kept: 1 - (x - 1)^2 (x - 2)^2
    tied = "0.5 * ({0}) + (alpha1 - 1)**2 * (alpha1 - 2)**2 - 1"
    more = respond("alpha1", tied.format("alpha1"), [0.5], [0.0])
    less = respond("3 - alpha1", tied.format("3 - alpha1"), [0.5], [0.0])
    assert more.contribution.item() == pytest.approx(2.0, abs=1e-7)
    assert less.contribution.item() == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("unit", [1e-6, 1e3, 1e9])
def test_units(unit):
    bases = BASES * unit
    plain = respond("sqrt(alpha1)", "0.5 * (alpha1 - alpha0)**2 + 0.1 * (alpha1 - alpha0) + 0.3")
    x = f"((alpha1 - alpha0) / {unit})"
    found = respond(
        f"sqrt(alpha1 / {unit})", f"0.5 * {x}**2 + 0.1 * {x} + 0.3", bases=bases, grid=GRID * unit
    )
    assert (found.state == plain.state).all()
    taking = plain.state != State.ABSTAIN
    assert found.contribution[taking] == pytest.approx(plain.contribution[taking] * unit, rel=1e-9)
    assert found.payoff == pytest.approx(plain.payoff, rel=1e-10, abs=1e-14)


def test_the_slope_of_the_response():
    step = 1e-5
    text = ("alpha1 + sqrt(alpha1)", "0.4 * (alpha1 - alpha0)**3 + 0.1 * (alpha1 - alpha0)")
    middle = respond(*text, [0.3], [0.5])
    up, down = (respond(*text, [0.3], [0.5 + s]) for s in (step, -step))
    final = [
        each.contribution.item() + base for each, base in ((up, 0.5 + step), (down, 0.5 - step))
    ]
    assert middle.slope.item() == pytest.approx((final[0] - final[1]) / (2 * step), rel=1e-6)
