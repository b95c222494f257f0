"""Contracts solved on their branches, and checked."""

from dataclasses import replace

import numpy as np
from engines.quadratics import C0, C1, levels, many, spread, utilities

import opt_games
from opt_games.engines.found import Tasks
from opt_games.engines.lines import QUICK, Line, sample
from opt_games.engines.solving import Compiled, Solving
from opt_games.kernels.payoffs import compile_payoffs
from opt_games.kernels.response import State

GAME = opt_games.load("quadratic")
GAMES = many()
SHARE = np.array([0.2, 0.5, 0.7, 0.4])


def solving() -> Solving:
    compiled = Compiled(GAME, compile_payoffs(GAME))
    return Solving(compiled, GAMES, {"c0": C0, "c1": C1}, spread(GAMES, 56))


def tasks(*, fixed: bool) -> Tasks:
    peaks = sample(GAMES, spread(GAMES), SHARE, QUICK).peaks
    return Tasks(np.arange(4), SHARE, peaks, None, np.full(4, fixed), np.zeros(4), np.zeros(4))


def test_given_shares_are_solved_and_checked():
    found = solving().solve("given", tasks(fixed=True))
    assert found.good.all()
    assert np.allclose(found.base, levels(SHARE)[0], rtol=1e-12)
    assert np.allclose(found.utilities, utilities(SHARE), rtol=1e-12)
    assert found.taking.all()
    assert found.regret.max() <= 1e-12


def test_an_answer_on_the_wrong_branch_is_not_good():
    """As if the specialist rode free: it would rather contribute."""
    start = tasks(fixed=True)
    peaks = replace(start.peaks, state=np.full((1, 4), State.BASE, dtype=np.int8))
    peaks = replace(peaks, contribution=np.zeros((1, 4)))
    found = solving().solve("given", replace(start, peaks=peaks))
    assert not found.good.any()
    assert np.isneginf(found.score).all()


def test_bargains_are_scored_and_programs_kept():
    line = Line.of(GAMES, spread(GAMES), np.arange(4), 5, QUICK)
    at_work = solving()
    found = at_work.solve("utilitarian", tasks(fixed=False), line)
    best = C1 / (C0 + C1)
    near = np.abs(best - SHARE) < 0.3
    assert near.sum() == 2
    assert np.allclose(found.share[near], best[near], atol=1e-10)
    assert np.allclose(found.score[near], utilities(best).sum(axis=0)[near], rtol=1e-12)
    assert len(at_work.compiled.programs) == 1
    at_work.solve("utilitarian", tasks(fixed=False), line)
    assert len(at_work.compiled.programs) == 1
