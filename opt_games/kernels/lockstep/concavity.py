"""Proof, game by game, that no follower's payoff has two peaks: interval arithmetic on arrays.

If revenue is concave and cost convex in the final level, at every level and share, a zero of the
marginal payoff is the global best response. Bounds of both second derivatives over all levels show
it where they have one sign.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import casadi
import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.market import Market

Interval = tuple[Array, Array]

_ROWS = 2_000  # followers looked at together


def concave(market: Market) -> NDArray[np.bool_]:
    """Whether every follower's payoff is proven concave in its final level; shape (games,)."""
    return np.asarray(each_concave(market).all(axis=0))


def each_concave(market: Market) -> NDArray[np.bool_]:
    """Return the same, follower by follower; shape (followers, games)."""
    proven = np.ones((market.size, market.games), dtype=bool)
    for form, parameters in zip(market.forms.followers, market.followers, strict=True):
        levels = (np.zeros((1, 1)), np.full((1, 1), np.inf))
        inputs = [levels, levels, *((each, each) for each in parameters)]
        revenue, cost = bounds(form.curvature, inputs)
        with np.errstate(invalid="ignore"):
            right = (revenue[1] <= 0) & (cost[0] >= 0)
        proven[form.members] = np.broadcast_to(right, (form.members.size, market.games))
    return proven


def concave_where_looked(market: Market, scale: float) -> NDArray[np.bool_]:
    """Return for every follower of one game whether its payoff is concave at levels of a grid.

    That proves nothing. It tells apart what has two peaks from what bounds are too wide for.

    Parameters
    ----------
    market : Market
        With one game.
    scale : float
        A base level of the size that matters.
    """
    bases = scale * np.array([0.0, 1e-3, 0.03, 0.1, 0.3, 1.0, 3.0])
    extra = scale * np.geomspace(1e-6, 1e3, 91)
    base, extra = (each.ravel() for each in np.meshgrid(bases, extra))
    levels = ((base, base), (extra, extra))
    looks = np.ones(market.size, dtype=bool)
    for form, parameters in zip(market.forms.followers, market.followers, strict=True):
        for start in range(0, form.members.size, _ROWS):
            rows = slice(start, start + _ROWS)
            columns = [each if each.shape[0] == 1 else each[rows] for each in parameters]
            inputs = [*levels, *((each, each) for each in columns)]
            revenue, cost = bounds(form.curvature, inputs)
            with np.errstate(invalid="ignore"):
                right = (revenue[1] <= 0) & (cost[0] >= 0)
            members = form.members[rows]
            looks[members] = np.broadcast_to(right, (members.size, base.size)).all(axis=1)
    return looks


def bounds(function: Any, inputs: list[Interval]) -> list[Interval]:
    """Bound the outputs of a CasADi function over boxes, one box per array element.

    Rounding is not accounted for: a bound may be off in the last digits, not in its sign, unless
    terms cancel.
    """
    registers: list[Any] = [None] * function.sz_w()
    results: list[Any] = [(np.zeros(()), np.zeros(()))] * function.n_out()
    with np.errstate(all="ignore"):
        for k in range(function.n_instructions()):
            kind = function.instruction_id(k)
            target = function.instruction_output(k)
            source = function.instruction_input(k)
            if kind == casadi.OP_CONST:
                constant = np.float64(function.instruction_constant(k))
                registers[target[0]] = (constant, constant)
            elif kind == casadi.OP_INPUT:
                registers[target[0]] = inputs[source[0]]
            elif kind == casadi.OP_OUTPUT:
                results[target[0]] = registers[source[0]]
            elif kind in _RULES:
                rule = _RULES[kind]
                low, high = rule(*(registers[each] for each in source[: rule.__code__.co_argcount]))
                registers[target[0]] = (
                    np.where(np.isnan(low), -np.inf, low),
                    np.where(np.isnan(high), np.inf, high),
                )
            else:
                registers[target[0]] = (np.float64(-np.inf), np.float64(np.inf))
    return results


def _times(a: Interval, b: Interval) -> Interval:
    corners = [np.where((x == 0) | (y == 0), 0.0, x * y) for x in a for y in b]
    return np.minimum.reduce(np.broadcast_arrays(*corners)), np.maximum.reduce(
        np.broadcast_arrays(*corners)
    )


def _inverse(a: Interval) -> Interval:
    low, high = a
    inside = (low < 0) & (high > 0)
    # 1 / [0, b] is [1 / b, inf]
    top = np.where(low == 0, np.inf, 1.0 / low)
    bottom = np.where(high == 0, -np.inf, 1.0 / high)
    return np.where(inside, -np.inf, bottom), np.where(inside, np.inf, top)


def _square(a: Interval) -> Interval:
    low, high = a
    largest = np.maximum(low * low, high * high)
    return np.where((low <= 0) & (high >= 0), 0.0, np.minimum(low * low, high * high)), largest


def _power(a: Interval, b: Interval) -> Interval:
    if np.ndim(b[0]) == 0 and b[0] == b[1] and b[0] == np.round(b[0]) and b[0] > 0:
        if b[0] % 2 == 1:
            return a[0] ** b[0], a[1] ** b[0]
        low, high = _square(a)
        return low ** (b[0] / 2), high ** (b[0] / 2)
    corners = np.broadcast_arrays(*(np.power(x, y) for x in a for y in b))
    real = a[0] >= 0
    low, high = np.minimum.reduce(corners), np.maximum.reduce(corners)
    return np.where(real, low, np.nan), np.where(real, high, np.nan)


def _monotone(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    def rule(a: Interval) -> Interval:
        return function(a[0]), function(a[1])

    return rule


def _add(a: Interval, b: Interval) -> Interval:
    return a[0] + b[0], a[1] + b[1]


def _subtract(a: Interval, b: Interval) -> Interval:
    return a[0] - b[1], a[1] - b[0]


def _negative(a: Interval) -> Interval:
    return -a[1], -a[0]


def _divide(a: Interval, b: Interval) -> Interval:
    return _times(a, _inverse(b))


def _cosh(a: Interval) -> Interval:
    low, high = np.cosh(a[0]), np.cosh(a[1])
    least = np.where((a[0] <= 0) & (a[1] >= 0), 1.0, np.minimum(low, high))
    return least, np.maximum(low, high)


_RULES: dict[int, Any] = {
    casadi.OP_ADD: _add,
    casadi.OP_SUB: _subtract,
    casadi.OP_MUL: _times,
    casadi.OP_DIV: _divide,
    casadi.OP_POW: _power,
    casadi.OP_CONSTPOW: _power,
    casadi.OP_NEG: _negative,
    casadi.OP_SQ: _square,
    casadi.OP_INV: _inverse,
    casadi.OP_COSH: _cosh,
    casadi.OP_TWICE: _monotone(lambda x: 2.0 * x),
    casadi.OP_EXP: _monotone(np.exp),
    casadi.OP_EXPM1: _monotone(np.expm1),
    casadi.OP_LOG: _monotone(np.log),
    casadi.OP_LOG1P: _monotone(np.log1p),
    casadi.OP_SQRT: _monotone(np.sqrt),
    casadi.OP_TANH: _monotone(np.tanh),
    casadi.OP_ATAN: _monotone(np.arctan),
    casadi.OP_SINH: _monotone(np.sinh),
}
