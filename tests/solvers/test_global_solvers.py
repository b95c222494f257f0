"""Global solvers against brute force: a fine grid finds nothing better than what they prove."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

from opt_games.solvers import Quality, SolverOptions, solvers
from opt_games.testing import integers

from .conftest import AVAILABLE

GLOBAL = [name for name in AVAILABLE if solvers()[name].capabilities.global_]
POINTS = 401


def landscape(seed, lib, x, y):
    """Return a function with several optima, by Pyomo's or by NumPy's functions."""
    rng = np.random.default_rng(seed)
    a, b, c, d, e = rng.uniform(-2, 2, 5).tolist()
    p, q = rng.uniform(0.3, 2.7, 2).tolist()
    return (
        a * x**p
        + b * y**q
        + c * lib.sin(2 * x + 3 * y)
        + d * lib.exp(-((x - 1) ** 2) - 2 * (y - e) ** 2)
        + lib.log(1 + x * y) * lib.tanh(e * (x - y))
        + 0.3 * (x - y) ** 3 / (1 + y**2)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", GLOBAL)
@pytest.mark.parametrize("seed", range(12))
def test_no_point_of_a_grid_is_better_than_the_bound(name, seed):
    sense = pyo.maximize if seed % 2 else pyo.minimize
    sign = -1.0 if seed % 2 else 1.0
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0.05, 3), initialize=2), pyo.Var(bounds=(0.05, 3), initialize=2)
    m.value = pyo.Objective(expr=landscape(seed, pyo, m.x, m.y), sense=sense)
    m.share = pyo.Constraint(expr=m.x * m.y <= 4)
    result = solvers()[name].compile(m, SolverOptions(time_limit=60)).solve().require()
    assert result.holds is Quality.GLOBALLY_OPTIMAL

    x, y = np.meshgrid(*[np.linspace(0.05, 3, POINTS)] * 2)
    values = np.where(x * y <= 4, sign * landscape(seed, np, x, y), np.inf)
    assert sign * result.bound <= values.min() + 1e-9
    assert sign * result.objective <= values.min() + 1e-6
    assert sign * result.objective >= values.min() - 0.05  # the grid is that fine


@pytest.mark.skipif("maingo" not in GLOBAL, reason="no MAiNGO here")
def test_a_tolerance_below_that_of_the_linear_programs_of_maingo():
    """Why MAiNGO begins at 1e-6: should this fail, it can be asked for more."""
    tight = SolverOptions(options={"deltaEq": 1e-9, "deltaIneq": 1e-9})
    wrong = solvers()["maingo"].compile(integers.follower(), tight).solve()
    right = solvers()["maingo"].compile(integers.follower()).solve()
    assert wrong.objective == pytest.approx(0.17296, abs=1e-4)
    assert right.objective == pytest.approx(-4.25)
