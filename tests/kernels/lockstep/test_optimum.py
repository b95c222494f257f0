"""The leader's global optimum at given shares: known games, closed forms, edges, ties."""

from __future__ import annotations

import numpy as np
import pytest
from lockstep_games import FAMILIES, Known, Quadratic

from opt_games import Game, Generalist, Specialist
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.levels import MULTIPLES, search_levels
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.optimum import Optima, consistent, leader_optima
from opt_games.kernels.lockstep.point import EDGE, FLOOR, STATIONARY


def optima(games: Market, share, levels: int = 12) -> Optima:
    share = np.broadcast_to(np.asarray(share, dtype=float), (np.shape(share)[0], games.games))
    return leader_optima(games, search_levels(games, levels), share)


def market(cost: str, *domains: tuple[str, str], games: int = 1, **columns) -> Market:
    specialists = [Specialist(f"d{k}", *domain) for k, domain in enumerate(domains)]
    parameters = {name: float(values[0]) for name, values in columns.items()}
    game = Game("optimum", Generalist(cost), specialists, parameters)
    return Market.of(game, compile_forms(game), columns, games)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("levels", MULTIPLES)
def test_known_games_at_the_share_of_their_nash_bargain(family, levels):
    known = Known(family)
    found = optima(known.market(), known.share[None, :], levels)
    assert found.found.all()
    # a jump's share is where the leader is indifferent, to rounding: both humps are right
    sure = known.kind != "jump"
    np.testing.assert_allclose(found.measure.profits[:, sure], known.utilities[:, sure], rtol=1e-8)
    final = found.points.base + np.where(found.points.contributes, found.points.extra, 0.0)[0]
    levels_ = np.array([found.points.base, final])
    np.testing.assert_allclose(
        levels_[:, sure] / known.levels[1, sure],
        (known.levels / known.levels[1])[:, sure],
        atol=1e-6,
    )
    np.testing.assert_allclose(found.measure.profits[0], known.utilities[0], rtol=1e-8)


def test_the_quadratic_game_at_many_shares():
    quadratic = Quadratic(30)
    shares = np.array([1e-3, 0.3, 0.6, 0.99])
    found = optima(quadratic.market(), shares[:, None])
    assert found.found.all()
    base = found.points.base.reshape(4, 30)
    np.testing.assert_allclose(base, shares[:, None] / (2 * quadratic.c0), rtol=1e-11)
    for row, share in enumerate(shares):
        profits = found.measure.profits.reshape(2, 4, 30)[:, row]
        np.testing.assert_allclose(profits, quadratic.utilities(share), rtol=1e-11)


def test_bounds_of_the_share():
    quadratic = Quadratic(30)
    found = optima(quadratic.market(), np.array([[0.0], [1.0]]))
    assert found.found.all()
    base, extra = found.points.base.reshape(2, 30), found.points.extra[0].reshape(2, 30)
    adds = found.points.contributes[0].reshape(2, 30)
    np.testing.assert_array_equal(base[0], 0.0)
    np.testing.assert_allclose(extra[0], 1 / (2 * quadratic.c1), rtol=1e-11)
    np.testing.assert_allclose(base[1], 1 / (2 * quadratic.c0), rtol=1e-11)
    assert adds[0].all()
    assert not adds[1].any()


PLAIN = ("alpha1", "0.5 * (alpha1 - alpha0)**2")
ENTRY = ("alpha1", "0.5 * (alpha1 - alpha0)**2 + 0.4")


def test_what_determines_the_level():
    cases = {
        "stationary": (market("alpha0**2", PLAIN), STATIONARY, 0.2),
        "edge": (market("alpha0**2", ENTRY), EDGE, 0.22 / 0.6),
        "floor": (market("alpha0", PLAIN), FLOOR, 0.0),
    }
    for name, (games, closure, base) in cases.items():
        found = optima(games, [[0.4]])
        assert found.found.all(), name
        assert found.points.closure[0] == closure, name
        assert found.points.base[0] == pytest.approx(base, rel=1e-11), name
    assert found.points.takes.all()


def edge(fixed: float, share: float) -> tuple[float, float]:
    """Base level and profit of the leader in ``alpha0**2``, `PLAIN` with a fixed cost."""
    base = max((fixed - (1 - share) ** 2 / 2) / (1 - share), share / 2)
    return base, share * (base + 1 - share) - base**2


@pytest.mark.parametrize("fixed", [0.1, 0.3, 0.5, 0.7])
def test_who_is_kept_in_and_who_is_let_go(fixed):
    games = market("alpha0**2", ("alpha1", f"0.5 * (alpha1 - alpha0)**2 + {fixed}"))
    shares = np.linspace(0.02, 0.95, 40)
    found = optima(games, shares[:, None])
    assert found.found.all()
    kinds = set()
    for k, share in enumerate(shares):
        base, profit = edge(fixed, share)
        takes = profit >= 0
        kinds.add((takes, base > share / 2))
        assert found.points.takes[0, k] == takes, share
        if takes:
            assert found.points.base[k] == pytest.approx(base, rel=1e-10), share
        assert found.measure.profits[0, k] == pytest.approx(max(profit, 0.0), abs=1e-12)
    assert len(kinds) >= 2


def test_a_follower_kept_in_far_above_where_the_leader_alone_would_stop():
    """The base level must grow to 0.6241, beyond 1.5 of that at which the leader would stop."""
    games = market("alpha0**1.5", ("alpha1**0.4", "4 * (alpha1 - alpha0)**2 + 0.25"))
    found = optima(games, [[0.7]])
    assert not found.found[0] or found.measure.profits[0, 0] == pytest.approx(0.09382859, abs=1e-7)


def test_a_narrow_hump_between_two_branches():
    """Between abstaining and free-riding, the follower contributes for a short while."""
    games = market(
        "1.1746742288598477 * alpha0**2.595125168112272",
        (
            "2.796660650804293 * (1 - exp(-1.0878488360122593 * alpha1))",
            "0.3485314956390421 * (alpha1 - alpha0)**1.6260437574537168"
            " + 1.19640418242681 * (alpha1 - alpha0) + 0.5986852014936491",
        ),
    )
    found = optima(games, [[0.38356116333688206]])
    assert not found.found[0] or found.measure.profits[0, 0] == pytest.approx(0.27294740, abs=1e-7)


def test_of_equals_the_followers_choice():
    """At every share of nothing at all the leader is indifferent between nothing and nothing."""
    games = market("alpha0**2", ("alpha1", "0.5 * (alpha1 - alpha0)**2"))
    found = optima(games, [[0.0]])
    assert found.measure.profits[:, 0].tolist() == pytest.approx([0.0, 0.5])


@pytest.mark.parametrize("family", FAMILIES)
def test_optima_are_consistent_and_others_are_not(family):
    known = Known(family)
    games = known.market()
    found = optima(games, known.share[None, :])
    assert consistent(games, found.points, found.measure).all()
    wrong = found.points.where(np.True_, found.points)
    wrong.takes[:] = False
    assert not consistent(games, wrong, found.measure).any()


def test_lanes_of_many_shares_are_lanes_of_one():
    known = Known("power")
    games = known.market().take(np.arange(20))
    shares = np.array([[0.2], [0.5], [0.8]])
    together = optima(games, shares)
    for row, share in enumerate(shares):
        alone = optima(games, share[None])
        np.testing.assert_allclose(
            alone.points.base, together.points.base.reshape(3, 20)[row], rtol=1e-11
        )


def test_no_scale_no_answer():
    """A leader that would never stop is not found, whoever stands beside it."""
    games = market(
        "c0 * alpha0", ("2 * alpha1", "(alpha1 - alpha0)**2"), games=2, c0=np.array([1.0, 3.0])
    )
    found = optima(games, [[0.9]])
    assert not found.found[0]
