"""Place base levels that a search by values has found, by the generalist's first-order conditions.

Values are flat at a top: they tell it to the square root of rounding. Its slope tells it to
rounding, with every best response differentiated as an implicit function. Where the generalist
keeps a specialist just willing to take part, the slope is that of its Lagrangian, as in
`opt_games.formulations.leader_followers`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.replies import Replies, inside, replaced, replies
from opt_games.kernels.policy.response import Adapter, Contest, Games, Response
from opt_games.kernels.policy.window import Window

_STEPS = 4
_STENCIL = 1e-4  # of a level above its floor: how far apart slopes are compared
_FAR = 1e-2  # of a level above its floor: what moves further was no top
_BINDS = 1e-7  # of turnover: a specialist that gains less may be kept just willing
_NO_WORSE = 1e-13  # of turnover
_IN_PLACE = 1e-11  # of turnover


@dataclass(frozen=True)
class _Conditions:
    """The generalist's first-order conditions at points.

    Attributes
    ----------
    payoff, value : ndarray, shape (attributes, points)
        Slopes in the base levels: of its profit, and of what taking part is worth to the specialist
        that may be kept just willing.
    surplus : ndarray, shape (points,)
        What that is worth, over the outside option.
    """

    payoff: Array
    value: Array
    surplus: Array


def polish(
    contest: Contest, adapters: list[Adapter], window: Window, found: Replies
) -> tuple[Replies, NDArray[np.bool_]]:
    """Move base levels to where the first-order conditions hold, where that is next to them.

    Returns
    -------
    Replies
        The same points, moved or not.
    ndarray of bool
        Which were moved, or are in place.
    """
    surplus = np.array(
        [
            np.where(
                response.takes,
                response.value - contest.numbers.outside[k + 1, found.games],
                np.inf,
            )
            / np.maximum(response.size, 1e-300)
            for k, response in enumerate(found.responses)
        ]
    )
    kept = surplus.argmin(axis=0)
    binds = (surplus <= _BINDS).sum(axis=0)
    free = _free(contest, found.games, found.base)
    rows = np.flatnonzero(np.isfinite(found.payoff) & free.any(axis=0) & (binds <= 1))
    done: NDArray[np.bool_] = np.asarray(~free.any(axis=0))
    if rows.size == 0:
        return found, done
    start = found.select(rows)
    here, whose, bound = start, kept[rows], binds[rows] == 1
    scale = np.abs(start.base - contest.base_floor[:, start.games])
    scale = np.maximum(scale, 1e-9 * window.base[:, start.games])
    at = _conditions(contest, adapters, here, whose)
    multiplier = _multiplier(at, free[:, rows], bound)
    before = _residual(at, multiplier, free[:, rows], bound, scale)
    for _ in range(_STEPS):
        step, change = _newton(
            contest, adapters, window, here, at, multiplier, whose, bound, _STENCIL * scale
        )
        base = inside(contest, here.games, here.base + step)
        here = replies(contest, adapters, window, here.games, base)
        multiplier = multiplier + change
        at = _conditions(contest, adapters, here, whose)
    after = _residual(at, multiplier, _free(contest, here.games, here.base), bound, scale)
    good = here.payoff >= start.payoff - _NO_WORSE * start.size
    good &= (np.abs(here.base - start.base) <= _FAR * scale).all(axis=0)
    good &= after <= np.maximum(before, _IN_PLACE * start.size)
    for one, two in zip(here.responses, start.responses, strict=True):
        good &= one.takes == two.takes
    done[rows[good]] = True
    return replaced(found, rows[good], here.select(np.flatnonzero(good))), done


def _free(contest: Contest, games: Games, base: Array) -> NDArray[np.bool_]:
    low, high = contest.base_floor[:, games], contest.highest[:, games]
    free: NDArray[np.bool_] = (base > low) & (base < high)
    return free


def _conditions(
    contest: Contest, adapters: list[Adapter], here: Replies, kept: NDArray[np.int64]
) -> _Conditions:
    payoff = -contest.cost_slope(here.base, here.games)
    value = np.zeros_like(payoff)
    surplus = np.zeros(here.games.size)
    for k, (adapter, response) in enumerate(zip(adapters, here.responses, strict=True)):
        slope = _led_slope(contest, adapter, response, here.base, here.games)
        payoff = payoff + np.where(response.takes, slope, 0.0)
        own = adapter.slope_of_value(response.final, here.base, here.games)
        value = np.where(kept == k, own, value)
        outside = contest.numbers.outside[k + 1, here.games]
        surplus = np.where(kept == k, response.value - outside, surplus)
    return _Conditions(payoff, value, surplus)


def _led_slope(
    contest: Contest, adapter: Adapter, response: Response, base: Array, games: Games
) -> Array:
    """Return the slope of what the generalist gets from a domain, through the best response."""
    d = contest.attributes
    final = response.final
    low, high = adapter.lower(base, games), contest.highest[:, games]
    follows = (final <= low) & (base >= contest.final_floor[:, games])
    moves: NDArray[np.bool_] = ((final > low) & (final < high)).T
    hessian = adapter.bend(final, base, games, whole=True)
    own = hessian[:, :d, :d]
    # d final / d base: 1 where a level stays at the generalist's, 0 at a floor or cap
    tied = follows.T[:, :, None] * np.eye(d)
    cross = hessian[:, :d, d:] + own @ tied
    matrix = np.where(moves[:, :, None] & moves[:, None, :], own, 0.0)
    matrix = matrix + np.where(moves, 0.0, 1.0)[:, :, None] * np.eye(d)
    right = np.where(moves[:, :, None], -cross, 0.0)
    usable: NDArray[np.bool_] = np.isfinite(np.concatenate([matrix, right], axis=2)).all((1, 2))
    matrix, right = (np.where(usable[:, None, None], each, 0.0) for each in (matrix, right))
    change = tied + np.linalg.pinv(matrix) @ right
    slope = adapter.led_slope(final, base, games)
    return np.asarray(slope[d:] + np.einsum("in,nij->jn", slope[:d], change))


def _multiplier(at: _Conditions, free: NDArray[np.bool_], bound: NDArray[np.bool_]) -> Array:
    """Return what the generalist would give for a willing specialist, nearest to a Lagrangian."""
    value = np.where(free, at.value, 0.0)
    weight = (value * value).sum(axis=0)
    found = -(value * at.payoff).sum(axis=0) / np.maximum(weight, 1e-300)
    return np.where(bound & np.isfinite(found), found, 0.0)


def _residual(
    at: _Conditions,
    multiplier: Array,
    free: NDArray[np.bool_],
    bound: NDArray[np.bool_],
    scale: Array,
) -> Array:
    """Return by how much money the conditions are off, over the scale of the levels."""
    slope = np.where(free, at.payoff + multiplier * at.value, 0.0)
    return np.asarray(np.abs(slope * scale).sum(axis=0) + np.where(bound, np.abs(at.surplus), 0.0))


def _newton(
    contest: Contest,
    adapters: list[Adapter],
    window: Window,
    here: Replies,
    at: _Conditions,
    multiplier: Array,
    kept: NDArray[np.int64],
    bound: NDArray[np.bool_],
    stencil: Array,
) -> tuple[Array, Array]:
    """Return steps of the base levels and of the multiplier."""
    d, count = here.base.shape
    free = _free(contest, here.games, here.base).T
    matrix = np.zeros((count, d + 1, d + 1))
    for j in range(d):
        slopes = []
        for sign in (1.0, -1.0):
            moved = here.base.copy()
            moved[j] += sign * stencil[j]
            moved = inside(contest, here.games, moved)
            there = replies(contest, adapters, window, here.games, moved)
            found = _conditions(contest, adapters, there, kept)
            slopes.append((moved[j], found.payoff + multiplier * found.value))
        (high, up), (low, down) = slopes
        matrix[:, :d, j] = ((up - down) / np.where(high > low, high - low, 1.0)).T
    matrix[:, :d, d] = matrix[:, d, :d] = at.value.T
    right = np.column_stack([-(at.payoff + multiplier * at.value).T, -at.surplus])
    used: NDArray[np.bool_] = np.column_stack([free, bound])
    matrix = np.where(used[:, :, None] & used[:, None, :], matrix, 0.0)
    right = np.where(used, right, 0.0)
    whole = np.concatenate([matrix, right[:, :, None]], axis=2)
    usable: NDArray[np.bool_] = np.isfinite(whole).all((1, 2))
    matrix = np.where(usable[:, None, None], matrix, 0.0)
    step = (np.linalg.pinv(matrix) @ np.where(usable[:, None], right, 0.0)[:, :, None])[:, :, 0]
    return step[:, :d].T, step[:, d]
