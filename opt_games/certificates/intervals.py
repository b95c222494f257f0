"""Interval arithmetic on numpy arrays, rounded outward.

An interval is a pair of arrays, its lower and upper ends; infinite ends are limits, never values.
Sums, products, quotients and roots are widened by an ulp, what the mathematics library computes by
eight, which is more than its documented errors. Written here because the interval packages for
Python known to us take one number at a time, are no longer kept, or do not round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.integer[Any]]
Interval: TypeAlias = tuple[Any, Any]

_ULP = 2.0**-52
_LIBRARY = 2.0**-49
_TINY = 1e-300
_FAR = 1e8
_LARGEST = float(np.finfo(float).max)


@dataclass
class Domain:
    """What is known of the boxes on which a formula is being enclosed; one entry per box.

    Attributes
    ----------
    kinked : whether the formula may have a corner in the box, so that second derivatives are void
    partial : whether it may be undefined, or jump, somewhere in the box
    nowhere : whether it is defined nowhere in the box
    """

    kinked: Any = field(default=False)
    partial: Any = field(default=False)
    nowhere: Any = field(default=False)


def point(value: Any) -> Interval:
    """Return numbers as intervals."""
    array = np.asarray(value, dtype=float)
    return array, array


def _down(value: Any) -> Any:
    return np.where(value == np.inf, _LARGEST, value - np.abs(value) * _ULP)


def _up(value: Any) -> Any:
    return np.where(value == -np.inf, -_LARGEST, value + np.abs(value) * _ULP)


def _ends(low: Any, high: Any) -> Interval:
    """Read undefined differences of infinities as no bound."""
    return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)


def add(a: Interval, b: Interval) -> Interval:
    """Enclose a sum."""
    return _ends(_down(a[0] + b[0]), _up(a[1] + b[1]))


def negative(a: Interval) -> Interval:
    """Enclose the negative."""
    return -a[1], -a[0]


def subtract(a: Interval, b: Interval) -> Interval:
    """Enclose a difference."""
    return _ends(_down(a[0] - b[1]), _up(a[1] - b[0]))


def multiply(a: Interval, b: Interval) -> Interval:
    """Enclose a product; 0 times an infinite end is 0."""
    if a[0] is a[1]:
        a, b = b, a
    pairs = [(x, b[0]) for x in a] if b[0] is b[1] else [(x, y) for x in a for y in b]
    products = [x * y for x, y in pairs]
    if np.isnan(sum(products)).any():
        products = [np.where(np.isnan(each), 0.0, each) for each in products]
    low, high = products[0], products[0]
    for each in products[1:]:
        low, high = np.minimum(low, each), np.maximum(high, each)
    # a product that is too small to write keeps its sign, and 0 is exact where a factor is 0
    positive = ((a[0] >= 0.0) & (b[0] >= 0.0)) | ((a[1] <= 0.0) & (b[1] <= 0.0))
    negative = ((a[0] >= 0.0) & (b[1] <= 0.0)) | ((a[1] <= 0.0) & (b[0] >= 0.0))
    nothing = ((a[0] == 0.0) & (a[1] == 0.0)) | ((b[0] == 0.0) & (b[1] == 0.0))
    low = np.where(positive, np.maximum(_down(low), 0.0), _down(low) - _TINY)
    high = np.where(negative, np.minimum(_up(high), 0.0), _up(high) + _TINY)
    return np.where(nothing, 0.0, low), np.where(nothing, 0.0, high)


def square(a: Interval) -> Interval:
    """Enclose the square."""
    inside = (a[0] <= 0.0) & (a[1] >= 0.0)
    near = np.where(inside, 0.0, np.minimum(np.abs(a[0]), np.abs(a[1])))
    far = np.maximum(np.abs(a[0]), np.abs(a[1]))
    high = np.where(far == 0.0, 0.0, _up(far * far) + _TINY)
    return np.maximum(_down(near * near), 0.0), high


def inverse(a: Interval, domain: Domain) -> Interval:
    """Enclose the reciprocal; without bounds across a pole."""
    low = np.where(a[0] == 0.0, 0.0, a[0])  # plain zeros, without a sign
    high = np.where(a[1] == 0.0, 0.0, a[1])
    across = (low < 0.0) & (high > 0.0)
    both = (low == 0.0) & (high == 0.0)
    domain.partial = domain.partial | across | both
    domain.nowhere = domain.nowhere | both
    lower = np.where(high == 0.0, -np.inf, _down(1.0 / high))
    upper = np.where(low == 0.0, np.inf, _up(1.0 / low))
    none = across | both
    return np.where(none, -np.inf, lower), np.where(none, np.inf, upper)


def divide(a: Interval, b: Interval, domain: Domain) -> Interval:
    """Enclose a quotient."""
    return multiply(a, inverse(b, domain))


def _increasing(function: Callable[[Any], Any], a: Interval) -> Interval:
    low, high = function(a[0]), function(a[1])
    return (
        np.where(low == np.inf, _LARGEST, low - np.abs(low) * _LIBRARY - _TINY),
        np.where(high == -np.inf, -_LARGEST, high + np.abs(high) * _LIBRARY + _TINY),
    )


def exponential(a: Interval) -> Interval:
    """Enclose the exponential."""
    low, high = _increasing(np.exp, a)
    return np.maximum(np.where(np.isnan(low), 0.0, low), 0.0), high


def increasing(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    """Return the enclosure of an increasing library function that is defined everywhere."""

    def enclosed(a: Interval) -> Interval:
        return _ends(*_increasing(function, a))

    return enclosed


def logarithm(a: Interval, domain: Domain) -> Interval:
    """Enclose the natural logarithm on the part of an interval where it is defined."""
    low, high = _clipped(a, domain)
    return _ends(*_increasing(np.log, (low, high)))


def _clipped(a: Interval, domain: Domain) -> Interval:
    domain.partial = domain.partial | (a[0] < 0.0)
    domain.nowhere = domain.nowhere | (a[1] < 0.0)
    return np.maximum(a[0], 0.0), np.maximum(a[1], 0.0)


def root(a: Interval, domain: Domain) -> Interval:
    """Enclose the square root."""
    low, high = _clipped(a, domain)
    return np.maximum(_down(np.sqrt(low)), 0.0), _up(np.sqrt(high))


def hyperbolic_cosine(a: Interval) -> Interval:
    """Enclose the hyperbolic cosine."""
    inside = (a[0] <= 0.0) & (a[1] >= 0.0)
    near = np.where(inside, 0.0, np.minimum(np.abs(a[0]), np.abs(a[1])))
    far = np.maximum(np.abs(a[0]), np.abs(a[1]))
    low, high = _increasing(np.cosh, (near, far))
    return np.maximum(low, 1.0), high


def cosine(a: Interval) -> Interval:
    """Enclose the cosine."""
    return _wave(np.cos, a, 0.0)


def sine(a: Interval) -> Interval:
    """Enclose the sine."""
    return _wave(np.sin, a, 0.5 * np.pi)


def _turns(a: Interval, offset: float, period: float) -> Any:
    """Whether ``offset + k period`` lies in an interval for some k, on the safe side."""
    slack = 1e-12 + 1e-14 * np.maximum(np.abs(a[0]), np.abs(a[1]))
    far = ~(np.maximum(np.abs(a[0]), np.abs(a[1])) < _FAR)
    first = np.floor((a[0] - slack - offset) / period)
    return far | ~(np.floor((a[1] + slack - offset) / period) == first)


def _wave(function: Callable[[Any], Any], a: Interval, top: float) -> Interval:
    ends = (
        function(np.where(np.isfinite(a[0]), a[0], 0.0)),
        function(np.where(np.isfinite(a[1]), a[1], 0.0)),
    )
    low = np.minimum(*ends) - _LIBRARY
    high = np.maximum(*ends) + _LIBRARY
    low = np.where(_turns(a, top + np.pi, 2.0 * np.pi), -1.0, low)
    high = np.where(_turns(a, top, 2.0 * np.pi), 1.0, high)
    return np.maximum(low, -1.0), np.minimum(high, 1.0)


def tangent(a: Interval, domain: Domain) -> Interval:
    """Enclose the tangent; without bounds across a pole."""
    pole = _turns(a, 0.5 * np.pi, np.pi)
    domain.partial = domain.partial | pole
    low, high = _increasing(np.tan, (np.where(pole, 0.0, a[0]), np.where(pole, 0.0, a[1])))
    return np.where(pole, -np.inf, low), np.where(pole, np.inf, high)


def absolute(a: Interval, domain: Domain) -> Interval:
    """Enclose the absolute value."""
    inside = (a[0] <= 0.0) & (a[1] >= 0.0)
    domain.kinked = domain.kinked | inside
    near = np.where(inside, 0.0, np.minimum(np.abs(a[0]), np.abs(a[1])))
    return near, np.maximum(np.abs(a[0]), np.abs(a[1]))


def sign(a: Interval, domain: Domain) -> Interval:
    """Enclose the slopes of the absolute value: all of [-1, 1] at its corner."""
    inside = (a[0] <= 0.0) & (a[1] >= 0.0)
    domain.kinked = domain.kinked | inside
    return np.where(a[0] > 0.0, 1.0, -1.0), np.where(a[1] < 0.0, -1.0, 1.0)


def minimum(a: Interval, b: Interval, domain: Domain) -> Interval:
    """Enclose the smaller of two."""
    domain.kinked = domain.kinked | _overlap(a, b)
    return np.minimum(a[0], b[0]), np.minimum(a[1], b[1])


def maximum(a: Interval, b: Interval, domain: Domain) -> Interval:
    """Enclose the larger of two."""
    domain.kinked = domain.kinked | _overlap(a, b)
    return np.maximum(a[0], b[0]), np.maximum(a[1], b[1])


def _overlap(a: Interval, b: Interval) -> Any:
    return (a[0] <= b[1]) & (b[0] <= a[1])


def at_most(a: Interval, b: Interval, domain: Domain) -> Interval:
    """Enclose 1 where a <= b, else 0."""
    domain.kinked = domain.kinked | _overlap(a, b)
    return np.where(a[1] < b[0], 1.0, 0.0), np.where(a[0] > b[1], 0.0, 1.0)


def power(a: Interval, b: Interval, domain: Domain) -> Interval:
    """Enclose a power; of negative numbers whole exponents only."""
    if not (b[0] is b[1] or np.array_equal(b[0], b[1])):
        return exponential(multiply(b, logarithm(a, domain)))
    exponent = np.asarray(b[0])
    whole = (exponent == np.round(exponent)) & (np.abs(exponent) < 2.0**53)
    below = np.asarray(a[0] < 0.0)
    real = whole | ~below
    domain.partial = domain.partial | ~real
    domain.nowhere = domain.nowhere | (~whole & (np.asarray(a[1]) < 0.0))
    low: Any = np.where(real, a[0], 0.0)
    high: Any = np.where(whole, a[1], np.maximum(a[1], 0.0))
    first, last = _raised(low, exponent), _raised(high, exponent)
    lower = np.minimum(first[0], last[0])
    upper = np.maximum(first[1], last[1])
    if not below.any():
        return lower, upper
    even = np.mod(exponent, 2.0) == 0.0
    inside = (low <= 0.0) & (high >= 0.0) & below & whole
    positive = exponent > 0.0
    lower = np.where(inside & even & positive, 0.0, lower)
    pole = inside & (exponent < 0.0)
    domain.partial = domain.partial | pole
    upper = np.where(pole, np.inf, upper)
    lower = np.where(pole & ~even, -np.inf, lower)
    one = exponent == 0.0
    return np.where(one, 1.0, lower), np.where(one, 1.0, upper)


def _raised(a: Any, exponent: Any) -> tuple[Any, Any]:
    value = np.power(a, exponent)
    exact = (a == 0.0) | (exponent == 0.0) | (a == 1.0) | (exponent == 1.0) | np.isinf(a)
    slack = np.where(exact, 0.0, np.abs(value) * _LIBRARY + _TINY)
    low, high = value - slack, value + slack
    # a power never changes sign by rounding, and what is too large to write has an infinite end
    low = np.where(value >= 0.0, np.maximum(low, 0.0), low)
    high = np.where(value < 0.0, np.minimum(high, 0.0), high)
    return (
        np.where(value == np.inf, _LARGEST, low),
        np.where(value == -np.inf, -_LARGEST, high),
    )
