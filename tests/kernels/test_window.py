"""Where the search looks: far enough, and refusing what has no end."""

from __future__ import annotations

import numpy as np
import pytest

import opt_games
from opt_games import Game, Generalist, Specialist
from opt_games.kernels.payoffs import compile_payoffs
from opt_games.kernels.window import Window, find_window


def window_of(
    leader: str, *domains: tuple[str, str], shares=(0.0, 0.5, 1.0), density=1.0, **more
) -> Window:
    specialists = [Specialist(f"d{i}", *domain) for i, domain in enumerate(domains)]
    payoffs = compile_payoffs(Game("window", Generalist(leader), specialists, **more))
    return find_window(payoffs, np.tile(shares, (len(domains), 1)), density=density)


PLAIN = ("alpha1", "0.5 * (alpha1 - alpha0)**2")


@pytest.mark.parametrize("unit", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_it_reaches_beyond_the_optima_in_any_unit(unit):
    domain = (f"alpha1 / {unit}", f"0.5 * ((alpha1 - alpha0) / {unit})**2")
    found = window_of(f"(alpha0 / {unit})**2", domain)
    (contributions,) = found.contributions
    assert 0.5 * unit < found.base[-1] < 50 * unit  # the base is at most 1/2, the contribution 1
    assert unit < contributions[-1] < 50 * unit
    for grid in (found.base, contributions):
        assert grid[0] == 0.0
        assert (np.diff(grid) > 0).all()
        assert grid[1] <= 1e-6 * unit


def test_it_ends_at_a_highest_level():
    found = window_of("0.01 * alpha0**2", PLAIN, level_bounds={"alpha": 2.0})
    assert found.base[-1] == 2.0


def test_it_covers_a_narrow_entry():
    """Leading pays between two levels close together only."""
    # the specialist enters at base 0.6 and the generalist earns from there up to 0.625
    narrow = ("alpha1", "2 * (alpha1 - alpha0) + 0.3")
    assert window_of("0.8 * alpha0**2", narrow, shares=(0.5,)).base[-1] >= 0.6


def test_density_multiplies_the_nodes():
    coarse, fine = (window_of("alpha0**2", PLAIN, density=density) for density in (1.0, 3.0))
    assert fine.base.size > 2 * coarse.base.size
    assert fine.contributions[0].size > 2 * coarse.contributions[0].size


def test_one_grid_per_form():
    found = window_of("alpha0**2", PLAIN, ("alpha1", "50 * (alpha1 - alpha0)**2"))
    first, second = found.contributions
    assert first[-1] > second[-1]


@pytest.mark.parametrize(
    ("revenue", "cost"),
    [
        ("alpha1", "0.1 * (alpha1 - alpha0)"),
        ("alpha1**2", "(alpha1 - alpha0)**1.5"),
        ("exp(alpha1)", "(alpha1 - alpha0)**2"),
        ("log(1 + alpha1)", "0"),
    ],
)
def test_an_unbounded_specialist_is_named(revenue, cost):
    with pytest.raises(
        opt_games.UnboundedGameError,
        match=r"window: the profit of specialist 'd1' grows without limit in its final level "
        r"alpha1 .*levels\.alpha\.max",
    ):
        window_of("alpha0**2", PLAIN, (revenue, cost))
    found = window_of("alpha0**2", PLAIN, (revenue, cost), level_bounds={"alpha": 5.0})
    assert found.base[-1] <= 5.0


@pytest.mark.parametrize("cost", ["0.1 * alpha0", "0", "sqrt(alpha0)"])
def test_an_unbounded_generalist_is_named(cost):
    with pytest.raises(
        opt_games.UnboundedGameError,
        match=r"the generalist's profit grows without limit in its base level alpha0",
    ):
        window_of(cost, PLAIN)
    capped = window_of(cost, PLAIN, level_bounds={"alpha": 5.0})
    assert capped.base[-1] == 5.0


def test_a_profit_that_is_defined_nowhere():
    with pytest.raises(opt_games.SolverError, match="undefined at every base level"):
        window_of("log(-1 - alpha0)", PLAIN)
