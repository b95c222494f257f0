"""Regrets of many contracts."""

import numpy as np
import pytest
from engines.quadratics import C0, C1, entry, levels, many, spread, utilities

from opt_games.engines.confirm import check

SHARE = np.array([0.2, 0.5, 0.7, 0.4])
IN = np.ones((1, 4), dtype=bool)


def test_an_equilibrium_has_no_regret():
    games = many()
    base, extra = levels(SHARE)
    found = check(games, spread(games, 56), SHARE, base, extra[None], IN)
    assert np.allclose(found.profits, utilities(SHARE), rtol=1e-12)
    assert found.regret.max() <= 1e-14
    assert not found.passed_over.any()


def test_the_regret_of_a_wrong_base_level_is_what_the_right_one_would_add():
    games = many()
    base, extra = levels(SHARE)
    found = check(games, spread(games, 56), SHARE, base + 0.1, extra[None], IN)
    assert np.allclose(found.leader_gain, C0 * 0.01, rtol=1e-9)
    assert np.allclose(found.deviation.base, base, rtol=1e-9)


def test_the_regret_of_a_wrong_response_is_the_specialists():
    games = many()
    base, extra = levels(SHARE)
    found = check(games, spread(games, 56), SHARE, base, extra[None] + 0.1, IN)
    turnover = base + extra + 0.1 + C1 * (extra + 0.1) ** 2
    assert np.allclose(found.regret, C1 * 0.01 / turnover, rtol=1e-9)


def test_who_stays_out_regrets_what_taking_part_would_pay():
    games = many(entry(), f1=np.array([0.01, 5.0]))
    share, base = np.full(2, 0.5), np.full(2, 0.1)
    out = np.zeros((1, 2), dtype=bool)
    found = check(games, spread(games, 56), share, base, np.zeros((1, 2)), out)
    assert found.regret[0] > 0.1
    # in the second game entry never pays: but then the generalist has nothing to lead for
    assert found.leader_gain[1] == pytest.approx(0.01)


def test_an_indifferent_generalist_does_what_the_specialists_prefer():
    """At an entry of 0.125 it gains 0 by keeping the specialist in, as by doing nothing."""
    games = many(entry(linear="2"), f1=np.array([0.25]))
    share, none = np.full(1, 0.5), np.zeros((1, 1))
    there = check(
        games, spread(games, 56), share, np.full(1, 0.5), none, np.ones((1, 1), dtype=bool)
    )
    assert there.regret[0] <= 1e-12
    assert there.profits[:, 0].tolist() == [0.0, 0.0]
    assert not there.passed_over[0]
