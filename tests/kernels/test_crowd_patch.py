"""Patches: inside their box the crowd that is left must be the crowd that was."""

from __future__ import annotations

import numpy as np
import pytest

from opt_games import Game, Generalist, Specialist, SpecialistTable
from opt_games.bargaining.crowd_stakes import Contract, CrowdStakes
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.crowd_patch import Box, with_patch
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market

BOX = Box((0.19, 0.21), (0.38, 0.42))
SOLUTIONS = (
    "utilitarian",
    "weighted",
    "nash",
    "egalitarian",
    "max-performance",
    "powerful-generalist",
    "powerful-specialist",
)


def crowd() -> tuple[Game, Crowd]:
    rng = np.random.default_rng(3)
    form = Specialist("app", "rho * (1 - exp(-k * alpha1))", "c1 * (alpha1 - alpha0)**2")
    columns = {name: rng.uniform(0.5, 2.0, 2000) for name in ("rho", "k", "c1")}
    game = Game("m", Generalist("2000 * alpha0**2"), SpecialistTable(form, columns))
    return game, Crowd.of(Market.of(game, compile_forms(game), {}, 1), 1.0)


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_payoffs_and_scores_are_those_of_all(solution):
    game, whole = crowd()
    stakes = CrowdStakes.of(game, whole.market)
    first = Contract(0.4, True, whole.reply(0.2, 0.4))
    stakes = stakes.settled(whole, [first])
    few = with_patch(whole, BOX, 6, stakes.sums(solution))
    assert few.extra.size < 0.3 * whole.extra.size
    for base, share in ((0.2, 0.4), (0.192, 0.413), (0.209, 0.381)):
        one, other = whole.reply(base, share), few.reply(base, share)
        assert other.payoff == pytest.approx(one.payoff, rel=1e-9)
        assert other.slope == pytest.approx(one.slope, rel=1e-8)
        scores = [
            stakes.score(solution, each, Contract(share, True, reply))
            for each, reply in ((whole, one), (few, other))
        ]
        assert scores[1] == pytest.approx(scores[0], rel=1e-9)


def test_a_patch_inside_a_patch_is_no_worse():
    game, whole = crowd()
    stakes = CrowdStakes.of(game, whole.market)
    stakes = stakes.settled(whole, [Contract(0.4, True, whole.reply(0.2, 0.4))])
    few = with_patch(whole, BOX, 6, stakes.sums("egalitarian"))
    inner = Box((0.199, 0.201), (0.398, 0.402))
    fewer = with_patch(few, inner, 4, stakes.sums("utilitarian"))
    assert few.extra.size > 0
    assert fewer.extra.size < 0.5 * few.extra.size
    one, other = whole.reply(0.2005, 0.401), fewer.reply(0.2005, 0.401)
    assert other.payoff == pytest.approx(one.payoff, rel=1e-9)
