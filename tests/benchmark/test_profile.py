"""Performance profiles, against one by hand and against their laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opt_games.benchmark.profile import Profile
from opt_games.errors import SpecError

INF = math.inf


def test_by_hand():
    # ratios: a 1, 1, inf, inf, inf; b 2, 4, 1, inf, 1; c 1, inf, 3, inf, 10
    profile = Profile.of(
        {
            "a": [1.0, 0.5, INF, INF, INF],
            "b": [2.0, 2.0, 1.0, INF, 0.3],
            "c": [1.0, INF, 3.0, INF, 3.0],
        }
    )
    factors = [1.0, 1.999, 2.0, 3.0, 4.0, 9.99, 10.0, INF]
    assert profile.part("a", factors) == pytest.approx([0.4] * 8)
    assert profile.part("b", factors) == pytest.approx([0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 0.8, 0.8])
    assert profile.part("c", factors) == pytest.approx([0.2, 0.2, 0.2, 0.4, 0.4, 0.4, 0.6, 0.6])
    assert profile.largest == pytest.approx(10.0)
    where, parts = profile.steps("b")
    assert where == pytest.approx([1.0, 2.0, 4.0])
    assert parts == pytest.approx([0.4, 0.6, 0.8])


@st.composite
def tables(draw):
    solvers = draw(st.integers(1, 5))
    problems = draw(st.integers(0, 8))
    time = st.one_of(st.floats(1e-6, 1e6), st.just(INF))
    row = st.lists(time, min_size=problems, max_size=problems)
    return {f"s{k}": draw(row) for k in range(solvers)}


@given(tables(), st.lists(st.floats(1.0, 1e13), min_size=1, max_size=6))
def test_laws(times, factors):
    profile = Profile.of(times)
    factors = [1.0, *sorted(factors), INF]
    count = len(times["s0"])
    solvable = sum(min(row[p] for row in times.values()) < INF for p in range(count))
    firsts = 0.0
    for solver, row in times.items():
        parts = profile.part(solver, factors)
        assert np.all(np.diff(parts) >= 0)
        assert np.all((parts >= 0) & (parts <= 1))
        assert parts[-1] * max(count, 1) == pytest.approx(sum(t < INF for t in row))
        firsts += parts[0] * max(count, 1)
        assert np.all(profile.ratios[solver] >= 1)
    # on every problem that somebody solves, somebody is the fastest
    assert firsts >= solvable - 1e-9
    # only the ratios matter: a machine twice as fast changes nothing
    faster = Profile.of({name: [t / 2 for t in row] for name, row in times.items()})
    for solver in times:
        assert faster.part(solver, factors) == pytest.approx(profile.part(solver, factors))


def test_nobody_and_nothing():
    assert Profile.of({}).largest == 1.0
    profile = Profile.of({"a": [INF], "b": [INF]})
    assert profile.part("a", INF) == 0.0
    assert Profile.of({"a": []}).part("a", 1.0) == 0.0


def test_wrong_times():
    with pytest.raises(SpecError, match="different numbers"):
        Profile.of({"a": [1.0], "b": []})
    for time in (0.0, -1.0, math.nan):
        with pytest.raises(SpecError, match="positive"):
            Profile.of({"a": [time]})
