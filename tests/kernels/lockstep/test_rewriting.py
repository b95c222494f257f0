"""Formulas written in another way, against the formulas."""

from __future__ import annotations

import casadi
import pytest

from opt_games.kernels.lockstep.rewriting import as_exponentials, with_fractions_divided


def test_powers_become_exponentials():
    x, y = casadi.SX.sym("x"), casadi.SX.sym("y")
    formulas = [x**y, x**2.5, 3.0**x, x**y * casadi.log(x)]
    rewritten = as_exponentials([x, y], formulas, [x, y])
    for plain, other in zip(formulas, rewritten, strict=True):
        function = casadi.Function("f", [x, y], [other])
        kinds = {function.instruction_id(k) for k in range(function.n_instructions())}
        assert not kinds & {casadi.OP_POW, casadi.OP_CONSTPOW}
        both = [plain, other, casadi.gradient(plain, x), casadi.gradient(other, x)]
        for at in ((0.3, 1.7), (2.0, -0.5), (1e-8, 0.4)):
            value, same, slope_, same_slope = map(float, casadi.Function("g", [x, y], both)(*at))
            assert same == pytest.approx(value, rel=1e-12)
            assert same_slope == pytest.approx(slope_, rel=1e-12)


def test_whole_powers_stay_as_they_are():
    """They are exact at zero and of negative numbers."""
    x = casadi.SX.sym("x")
    formulas = [(x - 1) ** 2, (x - 1) ** 3, (x - 1) ** 4]
    function = casadi.Function("f", [x], as_exponentials([x], formulas, [x]))
    assert [float(value) for value in function(-1.0)] == [4.0, -8.0, 16.0]
    assert [float(value) for value in function(1.0)] == [0.0, 0.0, 0.0]


def test_other_operations_are_kept_and_inputs_replaced():
    names = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "fabs")
    names += ("asin", "acos", "log1p", "expm1")
    x, y, z = (casadi.SX.sym(name) for name in "xyz")
    formulas = [getattr(casadi, name)(x) for name in names]
    formulas += [x + y, x - y, x * y, x / y, -x, 1 / x, 2 * x, x * x, casadi.fmin(x, y)]
    formulas += [casadi.fmax(x, y), casadi.SX(3.0), x]
    rewritten = as_exponentials([x, y], formulas, [z + 0.1, y])
    plain = casadi.Function("plain", [x, y], formulas)(0.4, 0.7)
    other = casadi.Function("other", [z, y], rewritten)(0.3, 0.7)
    for one, two in zip(plain, other, strict=True):
        assert float(two) == pytest.approx(float(one), rel=1e-15)


def test_fractions_are_divided_out():
    x, k = casadi.SX.sym("x"), casadi.SX.sym("k")
    formulas = [
        3 * x / (k + 2 * x),
        casadi.log(1 + (1 + x) / (4 + k * x)),
        x**2 / (1 + x),
        k / (1 + x),
    ]
    rewritten = with_fractions_divided([x, k], formulas, x)
    plain = casadi.Function("plain", [x, k], formulas)
    other = casadi.Function("other", [x, k], rewritten)
    for at in ((0.0, 0.7), (0.3, 0.7), (5.0, 0.4), (1e6, 2.0)):
        for one, two in zip(plain(*at), other(*at), strict=True):
            assert float(two) == pytest.approx(float(one), rel=1e-9)
