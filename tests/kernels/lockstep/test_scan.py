"""The table of base levels and shares, and that no optimum lies outside its humps."""

from __future__ import annotations

import numpy as np
import pytest
from lockstep_games import FAMILIES, Known, Quadratic

from opt_games import Game, Generalist, Specialist
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.scan import MULTIPLES, own_scale, seeds, table


def market(cost: str, *domains: tuple[str, str], games: int = 1) -> Market:
    specialists = [Specialist(f"d{k}", *domain) for k, domain in enumerate(domains)]
    game = Game("scan", Generalist(cost), specialists)
    return Market.of(game, compile_forms(game), {}, games)


@pytest.mark.parametrize("c0", [1e-4, 0.3, 1e5])
@pytest.mark.parametrize(("k", "q0"), [(0.3, 1.3), (0.9, 3.0)])
def test_the_scale_of_a_power_game(c0, k, q0):
    games = market(f"{c0} * alpha0**{q0}", (f"2 * alpha1**{k}", "(alpha1 - alpha0)**2"))
    expected = (2 * k / (q0 * c0)) ** (1 / (q0 - k))
    assert own_scale(games)[0] == pytest.approx(expected, rel=0.05)


def test_the_scale_of_several_followers():
    games = market("2 * alpha0**2", *[("alpha1", "(alpha1 - alpha0)**2")] * 3, games=2)
    np.testing.assert_allclose(own_scale(games), [0.75, 0.75], rtol=0.05)


def test_no_scale_where_the_leader_would_never_stop():
    games = market("alpha0", ("2 * alpha1", "(alpha1 - alpha0)**2"))
    assert np.isnan(own_scale(games)).all()


def test_cells_of_the_quadratic_game():
    quadratic = Quadratic(20)
    games = quadratic.market()
    base = np.linspace(0.1, 2.0, 7)[:, None] * own_scale(games)
    share = np.tile(np.array([[0.1], [0.6], [1.0]]), 20)
    at = table(games, base, share, exact=True)
    x, d = base[:, None, :], share[None]
    extra = (1 - d) / (2 * quadratic.c1)
    expected = d * (x + extra) - quadratic.c0 * x**2
    np.testing.assert_allclose(at.payoff, expected, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(at.slope, d - 2 * quadratic.c0 * x, rtol=1e-11, atol=1e-11)
    assert at.takes.all()
    np.testing.assert_array_equal(at.contributes[:, 0], np.broadcast_to(d < 1, expected.shape))
    whole = np.broadcast_to(extra, expected.shape)[:, :2]
    np.testing.assert_allclose(at.extra[:, 0, :2], whole, rtol=1e-11)


def test_who_stays_and_who_abstains():
    games = market(
        "alpha0**2",
        ("alpha1", "0.7 * (alpha1 - alpha0) + (alpha1 - alpha0)**2"),
        ("0.5 * alpha1", "0.2 + (alpha1 - alpha0)**2"),
    )
    base = np.array([[0.01], [0.3], [1.0]])
    at = table(games, base, np.array([[0.1], [0.5]]), exact=True)
    # the first contributes while 1 - d > 0.7; the second enters once the base level is high
    np.testing.assert_array_equal(at.contributes[:, 0, :, 0], [[True, False]] * 3)
    np.testing.assert_array_equal(
        at.takes[:, 1, :, 0], [[False, False], [False, False], [True, True]]
    )
    assert at.takes[:, 0].all()
    assert len(np.unique(at.branch)) == 4


def test_tables_of_blocks_are_tables_of_games():
    games = Known("power").market()
    share = np.broadcast_to(np.array([[0.2], [0.7]]), (2, games.games))
    base = MULTIPLES[12][:, None] * own_scale(games)
    whole = table(games, base, share, exact=True)
    chosen = np.array([150, 3])
    part = table(games.take(chosen), base[:, chosen], share[:, chosen], exact=True)
    np.testing.assert_allclose(part.payoff, whole.payoff[..., chosen], rtol=1e-11)
    np.testing.assert_array_equal(part.branch, whole.branch[..., chosen])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("levels", MULTIPLES)
def test_the_optimum_is_at_a_hump(family, levels):
    known = Known(family)
    games = known.market()
    base = MULTIPLES[levels][:, None] * own_scale(games)
    found, tempted = seeds(games, base, known.share[None, :])
    optimum, best = known.levels[0][found.game], known.utilities[0][found.game]
    near = (found.low <= optimum) & (optimum <= found.high) & (found.hope >= best * (1 - 1e-9))
    caught = np.zeros(games.games, dtype=bool)
    np.logical_or.at(caught, found.game, near)
    assert np.flatnonzero(~caught).tolist() == []
    np.testing.assert_array_equal(found.lane, found.game)
    assert tempted.all()
