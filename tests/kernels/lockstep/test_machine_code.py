"""Machine code: polynomials against numpy, and formulas against CasADi's own evaluation."""

import casadi
import numpy as np
import pytest

machine_code = pytest.importorskip("opt_games.kernels.lockstep.machine_code")


def in_units_of_the_last_place(found, right):
    return np.abs(found - right) / np.spacing(np.abs(right))


@pytest.fixture(scope="module")
def arguments():
    return np.random.default_rng(1).normal(size=2000) * 50


def test_exponential(arguments):
    found = np.array([machine_code.exp_(x) for x in arguments])
    assert in_units_of_the_last_place(found, np.exp(arguments)).max() <= 2


def test_logarithm(arguments):
    levels = np.exp(arguments)
    found = np.array([machine_code.log_(x) for x in levels])
    assert in_units_of_the_last_place(found, np.log(levels)).max() <= 2


@pytest.mark.parametrize("x", [-np.inf, -800.0, 0.0, 800.0, np.inf, np.nan])
def test_exponential_at_its_ends(x):
    np.testing.assert_equal(machine_code.exp_(x), np.exp(x))


@pytest.mark.parametrize("x", [-1.0, 0.0, 1.0, 1e-300, 1e300, np.inf, np.nan])
def test_logarithm_at_its_ends(x):
    with np.errstate(all="ignore"):
        right = np.log(x)
    np.testing.assert_allclose(machine_code.log_(x), right, rtol=4e-16)


@pytest.mark.parametrize(
    ("x", "power"), [(0.0, 0.0), (0.0, 1.5), (0.0, -0.5), (2.0, 0.5), (3.0, -2.0), (1e-8, 0.1)]
)
def test_power(x, power):
    with np.errstate(divide="ignore"):
        right = np.power(x, power)
    np.testing.assert_allclose(machine_code.pow_(x, power), right, rtol=1e-14)


def test_a_formula_of_every_kind():
    x, y = casadi.SX.sym("x"), casadi.SX.sym("y")
    formulas = [
        casadi.sqrt(x) + casadi.log1p(y) * casadi.expm1(x) - casadi.atan(y),
        casadi.fmin(x, y) / casadi.fmax(x, 2 * y) + x**2 + x**3 - 1 / y + x**2.5 + x**y,
        casadi.sin(x) * casadi.cos(y) + casadi.tan(x) + casadi.tanh(y) + casadi.cosh(x),
        casadi.sinh(x) - casadi.exp(-y) * casadi.log(x),
        casadi.SX(np.inf),
    ]
    function = casadi.Function("formulas", [x, y], formulas)
    compiled = machine_code.scalar_function(function, "formulas")
    right = [float(value) for value in function(0.7, 1.3)]
    np.testing.assert_allclose(compiled(0.7, 1.3), right, rtol=1e-13)


def test_what_has_no_rule_is_refused():
    x = casadi.SX.sym("x")
    function = casadi.Function("formula", [x], [casadi.erf(x)])
    with pytest.raises(Exception, match="no rule for CasADi operation"):
        machine_code.scalar_function(function, "formula")
