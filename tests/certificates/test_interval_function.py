"""Enclosures: whatever the formula and the box, no value within escapes."""

from __future__ import annotations

from fractions import Fraction

import casadi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opt_games.certificates.interval_function import IntervalFunction
from opt_games.expression import Expression
from opt_games.kernels.array_function import ArrayFunction, Symbols

FORMULAS = [
    "x + y", "x - y", "x * y", "x / y", "-x", "x**2", "x**3", "x**-1", "x**-2", "x**0.3",
    "x**1.7", "x**-0.5", "x**y", "2**x", "exp(x)", "log(x)", "log10(x)", "sqrt(x)", "sin(3 * x)",
    "cos(2 * x + y)", "tan(x)", "sinh(x)", "cosh(x)", "tanh(x)", "atan(x)", "abs(x - y)",
    "min(x, y)", "max(x, 2 * y, 0.5)", "(x - y)**2", "x * exp(-y) - x**2",
    "2 * (1 - exp(-1.5 * x)) - 0.3 * y**1.3", "min(x, y)**2 - abs(x)", "x / (1 + x**2)",
]  # fmt: skip


def compiled(text):
    symbols = Symbols.named(["x", "y"])
    inputs = list(symbols.casadi.values())
    value = symbols.of(Expression.parse(text))
    hessian, gradient = casadi.hessian(value, casadi.vertcat(*inputs))
    outputs = [value, gradient[0], gradient[1], hessian[0, 0], hessian[0, 1]]
    return (
        IntervalFunction.compile(inputs, [value]),
        IntervalFunction.compile(inputs, outputs),
        ArrayFunction.compile(inputs, outputs),
    )


PAIRS = {text: compiled(text) for text in FORMULAS}
number = st.one_of(st.floats(-4.0, 4.0), st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e-8, 1e-200, 3.0]))


@settings(max_examples=400)
@given(
    text=st.sampled_from(FORMULAS),
    corner=st.tuples(number, number),
    width=st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)),
    seed=st.integers(0, 10**6),
)
def test_values_and_derivatives_within_a_box_lie_in_their_enclosures(text, corner, width, seed):
    plain, enclose, evaluate = PAIRS[text]
    low = np.array(corner)
    high = low + np.array(width)
    box = [(np.array([a]), np.array([b])) for a, b in zip(low, high, strict=True)]
    alone, found = plain(*box), enclose(*box)
    part = np.random.default_rng(seed).uniform(size=(2, 60))
    part[:, :4] = [[0, 1, 0, 1], [0, 0, 1, 1]]
    points = np.clip(low[:, None] + part * (high - low)[:, None], low[:, None], high[:, None])
    values = [np.broadcast_to(each, 60) for each in evaluate(*points)]
    partial, kinked = (bool(np.any(flag)) for flag in (found.domain.partial, found.domain.kinked))
    defined = np.isfinite(values[0])
    if np.any(alone.domain.nowhere):  # of the value: a derivative may be undefined at an end
        assert not defined.any()
    if not np.any(alone.domain.partial):  # on an edge of the box it may have a limit only
        inner = np.all((points > low[:, None]) & (points < high[:, None]), axis=0)
        assert not np.isnan(values[0][inner]).any()
    enclosures = [alone.values[0], *found.values[1:]]
    for order, (value, (lower, upper)) in enumerate(zip(values, enclosures, strict=True)):
        if order > 0 and partial:
            continue  # derivatives are not used across an edge of the domain
        if order > 2 and kinked:
            continue  # nor second ones across a corner
        good = np.isfinite(value) & defined
        slack = 1e-12 * np.abs(value[good])  # of the plain evaluation
        assert np.all(value[good] >= lower - slack), (text, order)
        assert np.all(value[good] <= upper + slack), (text, order)


def test_ends_are_rounded_outward():
    _, enclose, _ = PAIRS["x + y"]
    (low, high), *_ = enclose((np.array([0.1]), np.array([0.1])), (np.array([0.2]),) * 2).values
    exact = Fraction(0.1) + Fraction(0.2)
    assert Fraction(float(low[0])) < exact < Fraction(float(high[0]))
    assert high[0] - low[0] < 1e-15


def test_zero_stays_zero_so_that_powers_of_nothing_are_defined():
    _, enclose, _ = PAIRS["(x - y)**2"]
    nothing = np.array([0.0])
    (low, high), *_ = enclose((nothing, nothing), (nothing, nothing)).values
    assert low[0] == high[0] == 0.0


@pytest.mark.parametrize("text", ["exp(-x)", "x**0.5", "1 / x", "x**2", "atan(x)", "log(x)"])
def test_boxes_may_be_unbounded(text):
    symbols = Symbols.named(["x"])
    (x,) = symbols.casadi.values()
    enclose = IntervalFunction.compile([x], [symbols.of(Expression.parse(text))])
    ((low, high),) = enclose((np.array([2.0]), np.array([np.inf]))).values
    for value in (2.0, 10.0, 1e6, 1e100):
        assert low[0] <= Expression.parse(text).evaluate({"x": value}) <= high[0]


def test_corner_of_a_minimum_has_all_slopes_between():
    _, enclose, _ = PAIRS["min(x, y)"]
    found = enclose((np.array([0.5]), np.array([2.0])), (np.array([1.0]), np.array([1.0])))
    low, high = found.values[1]
    assert (np.ravel(low)[0], np.ravel(high)[0]) == (0.0, 1.0)
    assert np.all(found.domain.kinked)
