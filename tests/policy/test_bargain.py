"""Bargains that are searched for, against first-order conditions of their own."""

from __future__ import annotations

import math

import pytest
from scipy.optimize import brentq

import opt_games

PAID, PART, DECAY, C0, C1 = 0.9, 0.5, 2.0, 0.3, 0.5
LEAD, OWN = PAID * PART, PAID * (1 - PART)


def liability(share):
    """Profits of the shipped game `liability`, by nested first-order conditions."""

    def marginal(final, base):
        own = (1 - share) * 0.3 * math.exp(-final) + OWN * DECAY * math.exp(-DECAY * final)
        return own - 2 * C1 * (final - base)

    def response(base):
        return brentq(marginal, base, base + 10.0, args=(base,), xtol=1e-15, rtol=1e-15)

    def slope(base):
        final = response(base)
        revenue, harm = 0.3 * math.exp(-final), DECAY * math.exp(-DECAY * final)
        bend = -(1 - share) * revenue - OWN * DECAY * harm - 2 * C1
        follows = -2 * C1 / bend
        return (share * revenue + LEAD * harm) * follows - 2 * C0 * base

    base = brentq(slope, 0.0, 5.0, xtol=1e-15, rtol=1e-15)
    final = response(base)
    revenue, harm = 1 - 0.3 * math.exp(-final), math.exp(-DECAY * final)
    leader = share * revenue - LEAD * harm - C0 * base**2
    return leader, (1 - share) * revenue - OWN * harm - C1 * (final - base) ** 2


def test_nash_share_of_liability():
    def slope(share, step=1e-3):
        score = [math.log(a) + math.log(b) for a, b in map(liability, _stencil(share, step))]
        return score[0] - 8 * score[1] + 8 * score[2] - score[3]

    expected = brentq(slope, 0.4, 0.6, xtol=1e-14)
    found = opt_games.solve(opt_games.load("liability"), bargain="nash")
    assert found.equilibrium.certified
    assert found.equilibrium.shares["domain"] == pytest.approx(expected, abs=1e-8)
    here = found.utilities["generalist"], found.utilities["domain"]
    assert here == pytest.approx(liability(expected), abs=1e-9)


def _stencil(share, step):
    return (share - 2 * step, share - step, share + step, share + 2 * step)


@pytest.mark.slow
def test_kalai_smorodinsky_share_of_liability():
    game = opt_games.load("liability")
    ideal = [
        opt_games.solve(game, bargain=f"powerful-{who}").utilities[name]
        for who, name in (("generalist", "generalist"), ("specialist", "domain"))
    ]
    crossing = brentq(
        lambda share: liability(share)[0] / ideal[0] - liability(share)[1] / ideal[1], 0.4, 0.6
    )
    found = opt_games.solve(game, bargain="ks")
    assert found.equilibrium.shares["domain"] == pytest.approx(crossing, abs=1e-8)
