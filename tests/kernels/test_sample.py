"""Samples of equilibria: who takes part, branches, performance, joining and selecting."""

from __future__ import annotations

import numpy as np
import pytest

from opt_games import Branch, Closure, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.sample import Sample, join

PLAIN = ("alpha1", "0.5 * (alpha1 - alpha0)**2")
ENTRY = ("alpha1", "0.5 * (alpha1 - alpha0)**2 + 0.4")
FREE_RIDER = ("0.5 * alpha1", "alpha1 - alpha0")
FADING = ("alpha1", "0.5 * (alpha1 - alpha0) + (alpha1 - alpha0)**2")
OUT = ("alpha1", "(alpha1 - alpha0)**2 + 100")
STATIONARY, LOWER = (Closure.STATIONARY,), (Closure.LOWER,)


def sampled(leader: str, *domains: tuple[str, str], shares=(0.4,), **more) -> Sample:
    specialists = [Specialist(f"d{i}", *domain) for i, domain in enumerate(domains)]
    game = Game("sample", Generalist(leader, outside_option=0.01), specialists, **more)
    return EquilibriumMap.of(game).sample(np.tile(shares, (len(domains), 1)))


def test_branches_of_every_kind():
    found = sampled("alpha0**2", PLAIN, FREE_RIDER, OUT)
    assert found.branch(0) == Branch(STATIONARY, (STATIONARY, LOWER, None))
    assert found.rival_branch(0) is None
    edge = sampled("alpha0**2", ENTRY).branch(0)
    assert edge == Branch((Closure.FOLLOWER,), (STATIONARY,), binding=(0,))
    capped = sampled("alpha0**2", PLAIN, level_bounds={"alpha": 0.5}).branch(0)
    assert capped.followers == ((Closure.UPPER,),)
    kinked = sampled("alpha0**2", ("min(alpha1, 1)", "0.1 * (alpha1 - alpha0)")).branch(0)
    assert kinked.followers == ((Closure.KINK,),)
    assert not kinked.smooth


def test_profits_and_performance():
    found = sampled("alpha0**2", PLAIN, OUT, shares=(0.0, 0.4, 1.0))
    base = np.array([0.0, 0.2, 0.5])
    final = base + np.array([1.0, 0.6, 0.0])
    # without a share the generalist prefers its outside option
    assert found.active.tolist() == [False, True, True]
    assert found.performance[1:] == pytest.approx(final[1:])
    assert found.performance[0] == 0.0
    assert found.profits[:, 0].tolist() == [0.01, 0.0, 0.0]
    assert found.profits[0, 1:] == pytest.approx(np.array([0.4, 1.0]) * final[1:] - base[1:] ** 2)
    assert (found.utilities == found.profits).all()


def test_keys_tell_who_does_what():
    shares = np.array([0.05, 0.3, 0.4, 0.9, 0.95])
    found = sampled("alpha0**2", PLAIN, FADING, shares=shares)
    # it keeps less than its first unit costs from a share of 1/2
    assert (found.optima.state[1] == 1).tolist() == [False, False, False, True, True]
    for i in range(shares.size):
        for j in range(shares.size):
            same = bool((found.optima.state[:, i] == found.optima.state[:, j]).all())
            assert (found.key[i] == found.key[j]) == (same and found.active[i] == found.active[j])


def test_select_and_join():
    found = sampled("alpha0**2", PLAIN, shares=np.linspace(0.1, 0.9, 9))
    back = join([found.select(np.array([0, 1, 2, 3])), found.select(np.array([4, 5, 6, 7, 8]))])
    for name in ("shares", "profits", "utilities", "performance", "key", "active"):
        assert (getattr(back, name) == getattr(found, name)).all()
    assert (back.optima.base == found.optima.base).all()
    turned = found.select(np.array([8, 0]))
    assert turned.shares[0].tolist() == [pytest.approx(0.9), pytest.approx(0.1)]


def test_more_contracts_than_are_searched_at_a_time():
    shares = np.linspace(0.01, 1.0, 600)
    found = sampled("alpha0**2", PLAIN, shares=shares)
    exact = shares**2 / 4 + shares * (1 - shares)
    exact = np.where(exact >= 0.01, exact, 0.01)
    assert found.utilities[0] == pytest.approx(exact, rel=1e-10)


def test_no_contracts():
    found = sampled("alpha0**2", PLAIN, shares=np.array([]))
    assert found.utilities.shape == (2, 0)
