"""Deviations: none from an equilibrium, one from anything else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lockstep_games import FAMILIES, Known

from opt_games.kernels.lockstep.audit import deviation_gain
from opt_games.kernels.lockstep.bargain import Answer, given
from opt_games.kernels.lockstep.nodes import COARSE
from opt_games.kernels.lockstep.point import STATIONARY, converge


@pytest.fixture(scope="module", params=FAMILIES)
def solved(request):
    known = Known(request.param)
    market = known.market()
    return market, given(market, known.share, COARSE)


def test_nobody_deviates_from_an_equilibrium(solved):
    market, answer = solved
    gain = deviation_gain(market, answer)
    assert gain.shape == (market.games,)
    assert (gain >= 0).all()
    assert gain.max() <= 1e-12


def test_a_leader_that_is_off_would_move(solved):
    market, answer = solved
    points = replace(answer.points, base=5.0 * answer.points.base)
    points = replace(points, closure=np.ones_like(points.closure))
    points, measure = converge(market, points, 40)
    moved = Answer(points, measure, answer.known, answer.agreed, answer.active, answer.near)
    # a base level next to nothing earns next to nothing
    matters = answer.points.base > 1e-3 * points.extra[0]
    assert matters.sum() > 150
    assert (deviation_gain(market, moved)[matters] > 1e-9).all()


def test_a_follower_that_is_off_would_move(solved):
    market, answer = solved
    points = replace(answer.points, extra=1.5 * answer.points.extra)
    _, measure = converge(market, points, 0)
    moved = Answer(points, measure, answer.known, answer.agreed, answer.active, answer.near)
    adds = points.contributes[0] & (points.closure == STATIONARY) & (points.extra[0] > 1e-3)
    assert adds.sum() > 50
    assert (deviation_gain(market, moved)[adds] > 1e-9).all()


def test_a_leader_that_stays_out_of_a_profitable_game_would_join(solved):
    market, answer = solved
    out = replace(answer, active=np.zeros(market.games, dtype=bool))
    assert (deviation_gain(market, out) > 1e-3).all()
