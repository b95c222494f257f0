"""Programs with their own derivatives."""

from __future__ import annotations

import casadi
import numpy as np
import pytest

from opt_games.errors import SolverError
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.columns import Bounds, solve_columns


def functions(wrong: bool = False):
    """min (x - 1)^2 + (y - 2)^2 with x + y = 2."""
    x, p = casadi.MX.sym("x", 2), casadi.MX.sym("p", 0)
    lam, sigma = casadi.MX.sym("lam", 1), casadi.MX.sym("sigma")
    f, g = (x[0] - 1) ** 2 + (x[1] - 2) ** 2, x[0] + x[1]
    slope = casadi.vertcat(2 * (x[0] - 1), 2 * (x[1] - 2)) * (-1 if wrong else 1)
    return {
        "problem": {"x": x, "p": p, "f": f, "g": g},
        "grad_f": casadi.Function("grad_f", [x, p], [f, slope]),
        "jac_g": casadi.Function("jac_g", [x, p], [g, casadi.MX(casadi.DM.ones(1, 2))]),
        "hess_lag": casadi.Function("h", [x, p, sigma, lam], [2 * sigma * casadi.MX.eye(2)]),
    }


def bounds(start: tuple[float, float] = (0.0, 0.0)) -> Bounds:
    free = np.full(2, np.inf)
    return Bounds(np.array(start), -free, free, np.array([2.0]), np.array([2.0]))


def test_the_optimum_and_its_price():
    found = solve_columns(functions(), bounds(), SolverOptions())
    assert found.ok
    np.testing.assert_allclose(found.point, [0.5, 1.5], atol=1e-9)
    assert found.prices[0] == pytest.approx(1.0)


def test_the_derivatives_given_are_those_used():
    found = solve_columns(functions(wrong=True), bounds(), SolverOptions(iteration_limit=50))
    assert not found.ok or abs(found.point[0] - 0.5) > 1e-3


def test_an_option_that_ipopt_does_not_know():
    with pytest.raises(SolverError, match="no option"):
        solve_columns(functions(), bounds(), SolverOptions(options={"nonsense": 1}))
