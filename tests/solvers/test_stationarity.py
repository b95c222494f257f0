from __future__ import annotations

import math

import numpy as np
import pytest

from opt_games.solvers.casadi_model import CasadiModel
from opt_games.solvers.stationarity import stationarity, violation_is_stationary
from opt_games.testing import problems, unsolvable
from opt_games.testing.problems import PROBLEMS


def residual(model, point):
    compiled = CasadiModel.from_pyomo(model)
    return stationarity(compiled, compiled.read(), np.array(point, dtype=float))


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("equality", [0.5, 0.5]),
        ("active bounds", [1.0, 0.0]),
        ("linear corner", [1.0, 1.0]),
        ("twice the same", [2.0, 1.0]),
        ("ranged", [1.0, 1.0]),
        ("hs035", [4 / 3, 7 / 9, 4 / 9]),
        ("utilities", [2.0, 1.0]),
    ],
)
def test_optima_are_stationary_and_points_beside_them_are_not(name, point):
    assert residual(PROBLEMS[name].build(), point) < 1e-7
    beside = residual(PROBLEMS[name].build(), [each + 0.1 for each in point])
    assert beside > 1e-3


def test_a_bound_pushes_one_way_only():
    # at its upper bound y costs, so that it would rather be less
    assert residual(problems.active_bounds(), [1.0, 9.0]) == pytest.approx(1.0)


def test_an_infinite_slope_cannot_be_judged():
    assert math.isnan(residual(problems.root_at_zero(), [0.0, 0.5]))


def test_the_nearest_point_to_a_disc_that_is_not_there():
    compiled = CasadiModel.from_pyomo(unsolvable.no_disc())
    numbers = compiled.read()
    assert violation_is_stationary(compiled, numbers, np.array([0.0, 0.0]))
    assert not violation_is_stationary(compiled, numbers, np.array([0.5, 0.0]))


def test_a_corner_of_the_bounds_may_be_the_nearest():
    compiled = CasadiModel.from_pyomo(unsolvable.out_of_reach())
    numbers = compiled.read()
    assert violation_is_stationary(compiled, numbers, np.array([2.0, 2.0]))
    assert not violation_is_stationary(compiled, numbers, np.array([1.0, 2.0]))
