"""Quadratic functions of two variables, many at once, and where they are highest on curves.

Coefficients are arrays that broadcast against each other, one function per element; points are
pairs of such arrays. Where there is no answer the point is ``nan``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from opt_games.kernels.array_function import Array

Point = tuple[Array, Array]

_TILT = (0.8117, 0.5841)  # a generic direction in the pencil of two conics: no root lies there


@dataclass(frozen=True)
class Quadratic:
    """``c + p x + q y + (a x**2 + 2 b x y + d y**2) / 2``, elementwise.

    Examples
    --------
    >>> bowl = Quadratic(*(np.array([float(k)]) for k in (0, 2, 4, -2, 0, -2)))
    >>> [float(each[0]) for each in bowl.stationary()]
    [1.0, 2.0]
    """

    c: Array
    p: Array
    q: Array
    a: Array
    b: Array
    d: Array

    def __getitem__(self, key: Any) -> Quadratic:
        return Quadratic(*(each[key] for each in self.coefficients))

    def __sub__(self, other: Quadratic) -> Quadratic:
        pairs = zip(self.coefficients, other.coefficients, strict=True)
        return Quadratic(*(one - two for one, two in pairs))

    def less(self, constant: Array) -> Quadratic:
        """Return the function minus a constant."""
        return Quadratic(self.c - constant, *self.coefficients[1:])

    @property
    def coefficients(self) -> tuple[Array, ...]:
        """All six, in order."""
        return self.c, self.p, self.q, self.a, self.b, self.d

    def value(self, x: Array, y: Array) -> Array:
        """Return the value at points."""
        slant = self.p + 0.5 * self.a * x + self.b * y
        return np.asarray(self.c + x * slant + y * (self.q + 0.5 * self.d * y))

    def slope(self, x: Array, y: Array) -> Point:
        """Return the gradient at points."""
        return self.p + self.a * x + self.b * y, self.q + self.b * x + self.d * y

    def stationary(self) -> Point:
        """Return where the gradient is zero."""
        return _solved(self.a, self.b, self.d, -self.p, -self.q)

    def on_line(self, line: Line) -> Point:
        """Return where the gradient along a line is zero."""
        x, y, u, v = line.traced()
        gx, gy = self.slope(x, y)
        t = -(gx * u + gy * v) / self._bend(u, v)
        return x + t * u, y + t * v

    def zeros_on_line(self, line: Line) -> tuple[Point, Point]:
        """Return the two points of a line at which the function is zero."""
        x, y, u, v = line.traced()
        gx, gy = self.slope(x, y)
        half, rise, level = 0.5 * self._bend(u, v), gx * u + gy * v, self.value(x, y)
        root = -0.5 * (rise + np.copysign(np.sqrt(rise * rise - 4.0 * half * level), rise))
        first, second = root / half, level / root
        return (x + first * u, y + first * v), (x + second * u, y + second * v)

    def onto_zero(self, x: Array, y: Array, steps: int = 3) -> Point:
        """Move points that are all but on the zero curve onto it, by Newton steps across it."""
        for _ in range(steps):
            gx, gy = self.slope(x, y)
            step = self.value(x, y) / (gx * gx + gy * gy)
            step = np.where(np.isfinite(step), step, 0.0)
            x, y = x - step * gx, y - step * gy
        return x, y

    def _bend(self, u: Array, v: Array) -> Array:
        return self.a * u * u + 2.0 * self.b * u * v + self.d * v * v


@dataclass(frozen=True)
class Line:
    """The points with ``m x + n y = e``, elementwise."""

    m: Array
    n: Array
    e: Array

    def __getitem__(self, key: Any) -> Line:
        return Line(self.m[key], self.n[key], self.e[key])

    def traced(self) -> tuple[Array, Array, Array, Array]:
        """Return a point of the line, and its direction."""
        norm = self.m * self.m + self.n * self.n
        x, y = self.m * self.e / norm, self.n * self.e / norm
        size = np.sqrt(norm)
        return x, y, -self.n / size, self.m / size

    def crossing(self, other: Line) -> Point:
        """Return where two lines meet."""
        det = self.m * other.n - self.n * other.m
        x = (self.e * other.n - self.n * other.e) / det
        return x, (self.m * other.e - self.e * other.m) / det


def _solved(a: Array, b: Array, d: Array, e: Array, f: Array) -> Point:
    det = a * d - b * b
    return (e * d - b * f) / det, (a * f - b * e) / det


def highest_on_zero(goal: Quadratic, edge: Quadratic) -> Point:
    """Return the points of the curve ``edge = 0`` at which `goal` is stationary along it.

    There are up to four; a new first axis holds them. They solve ``grad(goal) + nu grad(edge) = 0``
    with ``edge = 0``, which is a polynomial of degree four in the multiplier. It is written in
    homogeneous form, ``mu grad(goal) + nu grad(edge)``, so that no degree is lost.

    Parameters
    ----------
    goal, edge : Quadratic
        Of one shape.
    """
    c, s = _TILT
    # along t: mu = c - s t, nu = s + c t
    at0 = [c * one + s * two for one, two in zip(goal.coefficients, edge.coefficients, strict=True)]
    at1 = [c * two - s * one for one, two in zip(goal.coefficients, edge.coefficients, strict=True)]
    _, p, q, a, b, d = zip(at0, at1, strict=True)
    det = _minus(_times(a, d), _times(b, b))
    # numerators of the stationary point of the pencil
    x = _minus(_times(b, q), _times(d, p))
    y = _minus(_times(b, p), _times(a, q))
    e = edge
    total = [
        e.c * dd + e.p * xd + e.q * yd + 0.5 * e.a * xx + e.b * xy + 0.5 * e.d * yy
        for dd, xd, yd, xx, xy, yy in zip(
            _times(det, det),
            _times(x, det),
            _times(y, det),
            _times(x, x),
            _times(x, y),
            _times(y, y),
            strict=True,
        )
    ]
    root = real_roots(total)
    scale = _at(det, root)
    return placed_on_zero(goal, edge, _at(x, root) / scale, _at(y, root) / scale)


def placed_on_zero(goal: Quadratic, edge: Quadratic, x: Array, y: Array, steps: int = 3) -> Point:
    """Sharpen points at which `goal` is all but stationary along ``edge = 0``, by Newton steps."""
    for _ in range(steps):
        ex, ey = edge.slope(x, y)
        gx, gy = goal.slope(x, y)
        norm = ex * ex + ey * ey
        nu = -(gx * ex + gy * ey) / norm
        across = -edge.value(x, y) / norm
        dx, dy = across * ex, across * ey
        a, b, d = (
            one + nu * two for one, two in ((goal.a, edge.a), (goal.b, edge.b), (goal.d, edge.d))
        )
        # along the tangent (-ey, ex)
        rise = gy * ex - gx * ey + (b * dx + d * dy) * ex - (a * dx + b * dy) * ey
        along = -rise / (a * ey * ey - 2.0 * b * ex * ey + d * ex * ex)
        dx, dy = dx - along * ey, dy + along * ex
        # a step that leads far away is no correction
        fine = dx * dx + dy * dy <= 1e-4 * (x * x + y * y)
        x, y = np.where(fine, x + dx, x), np.where(fine, y + dy, y)
    return edge.onto_zero(x, y, 1)


def common_zeros(one: Quadratic, two: Quadratic) -> Point:
    """Return the up to four points at which two functions are zero; a new first axis holds them."""
    # turned by a generic angle, no two of the points lie above each other
    c, s = _TILT
    f, g = _turned(one, c, s), _turned(two, c, s)
    # as polynomials in x with coefficients in y: the resultant is of degree four
    f0, f1, f2 = (f.c, f.q, 0.5 * f.d), (f.p, f.b), (0.5 * f.a,)
    g0, g1, g2 = (g.c, g.q, 0.5 * g.d), (g.p, g.b), (0.5 * g.a,)
    first = _minus(_times(f2, g0), _times(f0, g2))
    cross = _minus(_times(f2, g1), _times(f1, g2))
    last = _minus(_times(f1, g0), _times(f0, g1))
    y = real_roots(_minus(_times(first, first), _times(cross, last)))
    x = -_at(first, y) / _at(cross, y)
    for _ in range(3):
        fx, fy = f.slope(x, y)
        gx, gy = g.slope(x, y)
        u, v = f.value(x, y), g.value(x, y)
        det = fx * gy - fy * gx
        dx, dy = (u * gy - fy * v) / det, (fx * v - u * gx) / det
        x = x - np.where(np.isfinite(dx), dx, 0.0)
        y = y - np.where(np.isfinite(dy), dy, 0.0)
    return c * x - s * y, s * x + c * y


def _turned(f: Quadratic, c: float, s: float) -> Quadratic:
    """Return f as a function of coordinates (u, v) with x = c u - s v, y = s u + c v."""
    return Quadratic(
        f.c,
        c * f.p + s * f.q,
        c * f.q - s * f.p,
        c * c * f.a + 2 * c * s * f.b + s * s * f.d,
        c * s * (f.d - f.a) + (c * c - s * s) * f.b,
        s * s * f.a - 2 * c * s * f.b + c * c * f.d,
    )


def real_roots(coefficients: Any) -> Array:
    """Return the real roots of polynomials of degree four, constant first, on a new first axis.

    Roots that are complex by rounding alone count as real.
    """
    coefficients = np.stack(np.broadcast_arrays(*coefficients))
    shape = coefficients.shape[1:]
    flat = coefficients.reshape(5, -1)
    roots = np.full((4, flat.shape[1]), np.nan)
    good = np.flatnonzero(np.isfinite(flat).all(axis=0) & (flat[4] != 0.0))
    if good.size:
        monic = flat[:4, good] / flat[4, good]
        fine = np.isfinite(monic).all(axis=0)
        good, monic = good[fine], monic[:, fine]
        companion = np.zeros((good.size, 4, 4))
        companion[:, [1, 2, 3], [0, 1, 2]] = 1.0
        companion[:, :, 3] = -monic.T
        found = np.linalg.eigvals(companion)
        real = np.abs(found.imag) <= 1e-5 * (1.0 + np.abs(found))
        roots[:, good] = np.where(real, found.real, np.nan).T
    return roots.reshape(4, *shape)


def _times(one: Any, two: Any) -> list[Any]:
    result: list[Any] = [0.0] * (len(one) + len(two) - 1)
    for i, left in enumerate(one):
        for j, right in enumerate(two):
            result[i + j] = result[i + j] + left * right
    return result


def _minus(one: Any, two: Any) -> list[Any]:
    return [left - right for left, right in zip(one, two, strict=True)]


def _at(polynomial: Any, t: Array) -> Array:
    result = np.zeros_like(t)
    for coefficient in reversed(polynomial):
        result = result * t + coefficient
    return result
