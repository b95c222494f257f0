"""The generalist's best base level in many games."""

import numpy as np
from engines.quadratics import C0, entry, levels, many, spread, utilities

from opt_games.branch import Closure
from opt_games.engines.confirm import THOROUGH
from opt_games.engines.lines import QUICK
from opt_games.engines.peaks import last_of_each, leader_peaks
from opt_games.kernels.leader import LeaderState


def test_the_quadratic_equilibrium():
    games, share = many(), np.array([0.2, 0.5, 0.7, 0.4])
    best, rival = leader_peaks(games, share, spread(games), THOROUGH)
    base, extra = levels(share)
    assert np.allclose(best.base, base, rtol=1e-12)
    assert np.allclose(best.contribution[0], extra, rtol=1e-12)
    assert np.allclose([best.payoff, best.profit[0]], utilities(share), rtol=1e-12)
    assert (best.leader == LeaderState.STATIONARY).all()
    assert np.all(rival.payoff < best.payoff)
    quick, _ = leader_peaks(games, share, spread(games), QUICK)
    assert np.allclose(quick.base, base, rtol=1e-3)


def test_without_a_share_the_generalist_does_nothing():
    games = many()
    best, _ = leader_peaks(games, np.zeros(4), spread(games), THOROUGH)
    assert best.base.tolist() == [0.0] * 4
    assert best.branch(0).leader == (Closure.LOWER,)


def test_the_generalist_goes_as_high_as_keeps_the_specialist_in():
    """Free-riding: own profit (1 - share) base - entry is 0 at the base level it needs."""
    fixed = np.array([0.14, 0.01, 0.3])
    games = many(entry(linear="2"), f1=fixed)
    share = np.full(3, 0.5)
    best, _ = leader_peaks(games, share, spread(games), THOROUGH)
    assert np.allclose(best.base, [0.28, 0.25, 0.0], rtol=1e-12)
    assert best.leader.tolist() == [LeaderState.EDGE, LeaderState.STATIONARY, LeaderState.FLOOR]
    branch = best.branch(0)
    assert branch.binding == (0,)
    assert branch.followers == ((Closure.LOWER,),)
    assert best.branch(2).followers == (None,)
    assert best.profit[0, 0] == 0.0
    # it would rather go lower, and loses what that is worth
    assert best.pull[0] < 0.0 == round(best.pull[1], 12)


def test_two_peaks_are_told_apart():
    """Contributing saves base level: between its two peaks the generalist is nearly indifferent."""
    games = many(entry(linear="1 * (1 - exp(-3 * (alpha1 - alpha0)))"), c0=C0)
    best, rival = leader_peaks(games, np.full(4, 0.5), spread(games), THOROUGH)
    apart = np.isfinite(rival.payoff)
    assert np.all(np.abs(best.base - rival.base)[apart] > 1e-6 * best.base[apart])
    assert np.all(best.payoff >= rival.payoff)


def test_the_last_of_each_run():
    assert last_of_each(np.array([0, 0, 2, 3, 3])).tolist() == [False, True, True, False, True]
    assert last_of_each(np.array([], dtype=np.int64)).size == 0
