"""The leader's optimum: the random games at their share, ties, rivals, edges, units."""

from __future__ import annotations

import numpy as np
import pytest
from data.games import every_row

from opt_games import Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.leader import LeaderState, evaluate, leader_optima
from opt_games.kernels.response import State

DATA = every_row()


def optima(game: Game, *shares: float):
    equilibria = EquilibriumMap.of(game)
    contract = np.array(shares, dtype=float)[:, None]
    return leader_optima(equilibria.payoffs, equilibria.window, contract)


def game_of(leader: str, *domains: tuple[str, str], **more) -> Game:
    specialists = [Specialist(f"d{i}", *domain) for i, domain in enumerate(domains)]
    return Game("leader", Generalist(leader), specialists, **more)


PLAIN = ("alpha1", "0.5 * (alpha1 - alpha0)**2")
ENTRY = ("alpha1", "0.5 * (alpha1 - alpha0)**2 + 0.4")
FREE_RIDER = ("alpha1", "10 * (alpha1 - alpha0)")


@pytest.mark.parametrize("part", range(8))
def test_the_random_games_at_the_share_of_their_nash_bargain(part):
    """At a jump the generalist is indifferent at the share given, to its rounding."""
    for row in DATA[part::8]:
        best, rival = optima(row.game(), row.delta)
        choices = [best] if row.kind != "jump" else [best, rival]
        errors = []
        for choice in choices:
            base = choice.base[0]
            final = base + choice.contribution[0, 0]
            exact = np.array([*row.utilities, *row.levels])
            found = np.array([choice.payoff[0], choice.profit[0, 0], base, final])
            scale = np.array([*row.utilities, row.levels[1], row.levels[1]])
            errors.append(np.abs(found - exact) / scale)
        error = np.min([each.max() for each in errors])
        # the share in the table has 1e-6 of error itself, and a level moves with it
        assert error <= (1e-8 if row.kind != "jump" else 1e-6), (row.label, row.kind, errors)
        if row.kind == "free-ride":
            assert best.state[0, 0] == State.BASE


def test_what_determines_the_level():
    states = {
        "inside": (optima(game_of("alpha0**2", PLAIN), 0.4), LeaderState.STATIONARY, 0.2),
        "edge": (optima(game_of("alpha0**2", ENTRY), 0.4), LeaderState.EDGE, 0.22 / 0.6),
        "floor": (optima(game_of("alpha0", PLAIN), 0.4), LeaderState.FLOOR, 0.0),
        "cap": (
            optima(game_of("0.01 * alpha0**2", FREE_RIDER, level_bounds={"alpha": 3.0}), 0.4),
            LeaderState.CAP,
            3.0,
        ),
    }
    for name, ((best, _), state, base) in states.items():
        assert best.leader[0] == state, name
        assert best.base[0] == pytest.approx(base, rel=1e-10), name


def test_at_an_edge_the_states_of_both_sides_are_known():
    best, _ = optima(game_of("alpha0**2", ENTRY), 0.4)
    assert best.left_state[0, 0] == State.ABSTAIN
    assert best.state[0, 0] == best.right_state[0, 0] == State.STATIONARY
    assert best.profit[0, 0] == 0.0


def test_a_corner_of_the_own_cost():
    best, _ = optima(game_of("0.2 * alpha0 + max(alpha0 - 1, 0)", FREE_RIDER), 0.5)
    assert best.base[0] == pytest.approx(1.0, rel=1e-12)


def test_several_peaks():
    """A cost with two dips; the deeper one wins, the other is its rival."""
    dips = "alpha0**2 - 0.5 * exp(-50 * (alpha0 - 1)**2) - {} * exp(-50 * (alpha0 - 2)**2)"
    base = np.linspace(0.0, 4.0, 4_000_001)
    for depth in (2.7, 3.6):
        text = dips.format(depth)
        best, _ = optima(game_of(text, FREE_RIDER), 0.5)
        cost = base**2 - 0.5 * np.exp(-50 * (base - 1) ** 2) - depth * np.exp(-50 * (base - 2) ** 2)
        exact = (0.5 * base - cost).argmax()
        assert best.base[0] == pytest.approx(base[exact], abs=2e-6)
        assert best.payoff[0] == pytest.approx((0.5 * base - cost)[exact], rel=1e-10)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_tie_goes_to_the_followers_liking(sign):
    revenue = {1: "alpha1", -1: "3 - alpha1"}[sign]
    cost = f"0.5 * ({revenue.replace('1', '0')}) + (alpha0 - 1)**2 * (alpha0 - 2)**2"
    best, rival = optima(game_of(cost, (revenue, "10 * (alpha1 - alpha0)")), 0.5)
    assert best.base[0] == pytest.approx(2.0 if sign == 1 else 1.0, abs=1e-6)
    assert rival.base[0] == pytest.approx(1.0 if sign == 1 else 2.0, abs=1e-6)


def test_no_rival_of_a_single_peak():
    _, rival = optima(game_of("alpha0**2", PLAIN), 0.4)
    assert rival.payoff[0] == -np.inf


def test_many_contracts_at_once_are_each_as_alone():
    game = game_of("alpha0**2", ENTRY, PLAIN)
    equilibria = EquilibriumMap.of(game)
    shares = np.random.default_rng(0).random((2, 40))
    together, _ = leader_optima(equilibria.payoffs, equilibria.window, shares)
    for k in range(0, 40, 7):
        alone, _ = leader_optima(equilibria.payoffs, equilibria.window, shares[:, [k]])
        assert together.base[k] == pytest.approx(alone.base[0], rel=1e-12)
        assert together.payoff[k] == pytest.approx(alone.payoff[0], rel=1e-13)
        assert (together.state[:, k] == alone.state[:, 0]).all()
    some = together.select(np.array([3, 1]))
    assert some.base.tolist() == [together.base[3], together.base[1]]


def test_an_evaluation_and_its_slope():
    equilibria = EquilibriumMap.of(game_of("alpha0**2", ENTRY, PLAIN))
    shares, step = np.array([[0.4], [0.7]]), 1e-6
    nodes = np.array([[0.1, 0.2, 0.5, 0.9]])
    at, up, down = (
        evaluate(equilibria.payoffs, equilibria.window, shares, nodes + s) for s in (0, step, -step)
    )
    assert at.slope == pytest.approx((up.payoff - down.payoff) / (2 * step), rel=1e-6)
    joined = nodes[0] >= 0.22 / 0.6
    base = nodes[0]
    exact = 0.4 * joined * (base + 0.6) + 0.7 * (base + 0.3) - base**2
    assert at.payoff[0] == pytest.approx(exact, rel=1e-12)
    assert (at.state[0, 0] == np.where(joined, State.STATIONARY, State.ABSTAIN)).all()
    assert len(set(at.signature[0])) == 2


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e4, 1e9])
def test_units_scale_the_answer(unit):
    plain, _ = optima(game_of("alpha0**2", ENTRY), 0.4)
    x = f"((alpha1 - alpha0) / {unit})"
    scaled, _ = optima(
        game_of(f"(alpha0 / {unit})**2", (f"alpha1 / {unit}", f"0.5 * {x}**2 + 0.4")), 0.4
    )
    assert scaled.base[0] == pytest.approx(unit * plain.base[0], rel=1e-10)
    assert scaled.contribution[0, 0] == pytest.approx(unit * plain.contribution[0, 0], rel=1e-10)
    assert scaled.payoff[0] == pytest.approx(plain.payoff[0], rel=1e-10)
