from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from instant_engine import Instant

import opt_games
from opt_games.engines import Cases, Outcomes, get_engine
from opt_games.sweeps.choice import Engines
from opt_games.sweeps.crosscheck import cross_check
from opt_games.sweeps.plan import Plan
from opt_games.sweeps.store import Memory
from opt_games.sweeps.values import Values

GAME = opt_games.load("quadratic")


@dataclass(frozen=True)
class Off(Instant):
    """Differs from `Instant` at c0 = 7."""

    utility: float = 0.0
    share: float = 0.0
    fails: bool = False
    disagrees: bool = False
    name: str = "off"

    def solve(self, cases: Cases) -> Outcomes:
        found = super().solve(cases)
        here = cases.parameters["c0"] == 7.0
        found.utilities[0, here] += self.utility
        found.shares[0, here] += self.share
        found.status[here] = 2 if self.fails else 1 if self.disagrees else 0
        return found


def checked(monkeypatch, second, points=10, seed=0):
    values = Values.grid(GAME, {"c0": np.arange(1.0, 11.0)})
    plan = Plan.of(GAME, values, bargain="nash", engine=Instant(), part_size=3, seed=seed)
    memory = Memory()
    for number in range(plan.parts):
        memory.write(number, plan.job.solve(plan.columns(number), plan.engines))
    monkeypatch.setattr(Engines, "other", lambda self, used, cases: second)
    return cross_check(plan, memory, points)


def test_equal_engines_agree(monkeypatch):
    found = checked(monkeypatch, Off())
    assert (found.points, found.engines, found.largest_difference) == (10, ("off",), 0.0)
    assert found.agrees


@pytest.mark.parametrize(
    ("second", "difference"),
    [
        (Off(utility=1e-5), 1e-5 / np.sqrt(7.0)),
        (Off(share=1e-5), 1e-5),
        (Off(disagrees=True), np.inf),
    ],
)
def test_a_difference_is_found_where_it_is(monkeypatch, second, difference):
    found = checked(monkeypatch, second)
    assert found.largest_difference == pytest.approx(difference, rel=1e-4)
    assert found.worst == 6
    assert not found.agrees


def test_a_point_that_the_second_cannot_solve_is_counted_apart(monkeypatch):
    found = checked(monkeypatch, Off(fails=True))
    assert (found.points, found.failed, found.largest_difference) == (9, 1, 0.0)


def test_no_points_and_no_engine_are_no_check(monkeypatch):
    for found in (checked(monkeypatch, Off(), points=0), checked(monkeypatch, None)):
        assert (found.points, found.worst) == (0, -1)
        assert np.isnan(found.largest_difference)
        assert found.agrees


def test_the_seed_draws_the_points(monkeypatch):
    drawn = set()

    @dataclass(frozen=True)
    class Noting(Instant):
        def solve(self, cases):
            drawn.add(tuple(cases.parameters["c0"]))
            return super().solve(cases)

    for seed in (0, 0, 1):
        checked(monkeypatch, Noting(), points=4, seed=seed)
    assert len(drawn) == 2
    assert all(len(set(points)) == 4 for points in drawn)


def test_a_sweep_says_that_the_engines_disagree():
    with pytest.warns(UserWarning, match="engines instant and .* differ by"):
        found = opt_games.sweep(GAME, {"c0": [2.0, 3.0]}, bargain="nash", engine=Instant(), check=2)
    assert found.attrs["check_points"] == 2
    assert found.attrs["check_engine"] in ("batch", "ipopt", "one-by-one")
    assert found.attrs["check_largest_difference"] > 0.01


def test_a_real_engine_checks_another():
    found = opt_games.sweep(GAME, {"share": [0.2, 0.4, 0.6]}, engine=Renamed(), check=2, workers=1)
    assert found.attrs["check_largest_difference"] < 1e-9


@dataclass(frozen=True)
class Renamed:
    """The slow engine by another name."""

    name: str = "renamed"

    def why_not(self, cases: Cases) -> str | None:
        return None

    def solve(self, cases: Cases) -> Outcomes:
        return get_engine("one-by-one").solve(cases)


def test_an_engine_that_refuses_the_games_does_not_stop_the_sweep(monkeypatch):
    class Refusing(Off):
        def solve(self, cases: Cases) -> Outcomes:
            raise opt_games.UnsupportedGameError("no such games")

    found = checked(monkeypatch, Refusing())
    assert (found.points, found.failed) == (0, 10)
