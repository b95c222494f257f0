"""Best responses of many games."""

import numpy as np
import pytest
from engines.quadratics import C0, C1, entry, levels, many, spread

from opt_games.engines.responses import hold, respond
from opt_games.kernels.response import State

SHARE = np.array([0.2, 0.5, 0.7, 0.4])


def test_responses_of_the_quadratic_game():
    games = many()
    base = np.tile([0.0, 0.1, 3.0], (4, 1))
    found = respond(games, SHARE, base, spread(games).steps, rounds=8)
    extra = levels(SHARE)[1][:, None]
    assert np.allclose(found.contribution[0], extra, rtol=1e-12)
    assert (found.state == State.STATIONARY).all()
    expected = SHARE[:, None] * (base + extra) - C0[:, None] * base**2
    assert np.allclose(found.payoff, expected, rtol=1e-12)
    assert np.allclose(found.slope, SHARE[:, None] - 2 * C0[:, None] * base, rtol=1e-12)
    own = (1 - SHARE)[:, None] * (base + extra) - C1[:, None] * extra**2
    assert np.allclose(found.profit[0], own, rtol=1e-12)


def test_who_pays_more_than_it_gains_rides_or_stays_out():
    """Contributing pays if the kept part exceeds m1, taking part if it covers the entry."""
    games = many(entry(), m1=np.array([0.9, 0.0, 0.9]), f1=np.array([0.0, 0.5, 0.5]))
    share = np.full(3, 0.5)
    base = np.tile([0.5, 2.0], (3, 1))
    found = respond(games, share, base, spread(games).steps, rounds=4)
    assert found.state[0].tolist() == [
        [State.BASE, State.BASE],
        [State.ABSTAIN, State.STATIONARY],
        [State.ABSTAIN, State.BASE],
    ]
    assert found.profit[0, 1, 0] == 0.0
    assert found.payoff[2, 0] == -0.25  # revenue of nobody, cost of its own
    assert len(set(found.key.ravel().tolist())) == 3


def test_a_share_of_everything_leaves_no_reason_to_contribute():
    games = many()
    found = respond(games, np.ones(4), np.full((4, 1), 0.5), spread(games).steps, rounds=4)
    assert (found.state == State.BASE).all()
    assert (found.contribution == 0.0).all()


@pytest.mark.parametrize("start", [1e-3, 0.3, 20.0])
def test_held_states_are_solved_from_afar(start):
    games = many()
    y, found = hold(
        games,
        SHARE,
        np.full(4, 0.3),
        np.full((1, 4), start),
        np.full((1, 4), State.STATIONARY, dtype=np.int8),
        rounds=25,
    )
    assert np.allclose(y[0], levels(SHARE)[1], rtol=1e-12)
    assert np.allclose(found.slope[:, 0], SHARE - 0.6 * C0, rtol=1e-9)
