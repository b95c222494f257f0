"""Base levels at which followers enter or leave, and the leader's payoff there.

Between two base levels those who neither enter nor leave are interpolated by a cubic, the others by
parabolas of their own; sorted by where they enter, the payoff at all these levels comes from
running sums.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd, Reply, Shares
from opt_games.kernels.crowd_response import respond

_HALVINGS = 60
_SHARP = 1e-14


@dataclass(frozen=True)
class Events:
    """Base levels that may be best in a stretch; arrays of shape (levels,).

    Attributes
    ----------
    base, payoff : ndarray
        Where, and what the leader gets there.
    inside : ndarray of bool
        Whether the slope is zero there; else somebody enters or leaves.
    low, high : ndarray
        The piece between two events to which a zero of the slope belongs.
    """

    base: Array
    payoff: Array
    inside: NDArray[np.bool_]
    low: Array
    high: Array


def levels_of_entry(crowd: Crowd, replies: list[Reply]) -> Events:
    """Levels between neighbouring nodes at which the payoff may peak."""
    pairs = list(itertools.pairwise(replies))
    rows = [np.flatnonzero(left.takes != right.takes) for left, right in pairs]
    few = crowd.rows(np.concatenate(rows))
    few.extra = np.concatenate(
        [left.extra[which] for (left, _), which in zip(pairs, rows, strict=True)]
    )
    enters = np.concatenate(
        [right.takes[which] for (_, right), which in zip(pairs, rows, strict=True)]
    )
    sizes = [which.size for which in rows]
    low, high = (np.repeat([each[k].base for each in pairs], sizes) for k in (0, 1))
    share = replies[0].share
    edge = _edges(few, low, high, share, enters)
    found = np.zeros((2, 3, enters.size))
    for k, base in enumerate((low, edge, high)):
        for chunk in few.chunks:
            at = chunk.members
            own = few.own(share, at)
            paid, marginal = respond(chunk, base[at], own, few.extra[at]).paid(own)
            # what members pay where they take part, however many each stands for
            found[0, k, at] = chunk.weight * paid
            found[1, k, at] = chunk.weight * marginal
    ends = np.cumsum(sizes)[:-1]
    cells = (np.split(each, ends, axis=-1) for each in (edge, enters, found))
    parts = [_cell(*pair, *cell) for pair, *cell in zip(pairs, *cells, strict=True)]
    columns = zip(*parts, strict=True)
    return Events(*(np.concatenate(column) for column in columns))


def _cell(
    left: Reply, right: Reply, edge: Array, enters: NDArray[np.bool_], found: Array
) -> tuple[Array, ...]:
    """Levels between two nodes; `found` is what is paid and its slope at both ends and between."""
    width = right.base - left.base
    revenue, marginal = found
    # those who neither enter nor leave: a cubic
    fixed = np.array([left.payoff - revenue[0].sum(), right.payoff - revenue[2].sum()])
    slopes = np.array([left.slope - marginal[0].sum(), right.slope - marginal[2].sum()])
    u = (edge - left.base) / width
    # those who do: a parabola through both ends of where they take part, with the slope at one
    other = np.where(enters, revenue[2], revenue[0])
    end = np.where(enters, 1.0, 0.0)
    a, b = revenue[1], marginal[1] * width
    with np.errstate(all="ignore"):
        c = (other - a - b * (end - u)) / (end - u) ** 2
    c = np.where(np.isfinite(c), c, 0.0)
    polynomial = np.array([a - b * u + c * u * u, b - 2.0 * c * u, c])
    order = np.argsort(u, kind="stable")
    u, enters, polynomial = u[order], enters[order], polynomial[:, order]
    entered = np.cumsum(np.where(enters, polynomial, 0.0), axis=1)
    leaving = np.where(enters, 0.0, polynomial)
    # at its own level a follower that leaves is still there
    stays = leaving.sum(axis=1, keepdims=True) - np.cumsum(leaving, axis=1) + leaving
    at_edge = entered + stays
    after = np.concatenate([leaving.sum(axis=1, keepdims=True), at_edge], axis=1)
    after[:, 1:] -= leaving

    def value(at: Array, piece: Array) -> Array:
        smooth = _cubic(fixed, slopes * width, at)
        return np.asarray(smooth + piece[0] + piece[1] * at + piece[2] * at * at)

    def rate(at: Array, piece: Array) -> Array:
        smooth = _cubic_slope(fixed, slopes * width, at)
        return np.asarray(smooth + piece[1] + 2.0 * piece[2] * at)

    starts, stops = np.append(0.0, u), np.append(u, 1.0)
    up, down = rate(starts, after), rate(stops, after)
    with np.errstate(all="ignore"):
        turns = (up > 0) & (down < 0) & (stops > starts)
        top = starts + (stops - starts) * np.where(turns, up / (up - down), 0.0)
    pieces = np.flatnonzero(turns)
    edges_base = edge[order]
    base = np.concatenate([edges_base, left.base + width * top[pieces]])
    payoff = np.concatenate([value(u, at_edge), value(top, after)[pieces]])
    inside = np.concatenate([np.zeros(u.size, dtype=bool), np.ones(pieces.size, dtype=bool)])
    first = np.append(left.base, edges_base)
    last = np.append(edges_base, right.base)
    low = np.concatenate([edges_base, first[pieces]])
    high = np.concatenate([edges_base, last[pieces]])
    nodes = np.array([left.base, right.base])
    return (
        np.concatenate([base, nodes]),
        np.concatenate([payoff, [left.payoff, right.payoff]]),
        np.concatenate([inside, [False, False]]),
        np.concatenate([low, nodes]),
        np.concatenate([high, nodes]),
    )


def _edges(
    few: Crowd, left: Array, right: Array, share: Shares, enters: NDArray[np.bool_]
) -> Array:
    """Return the levels at which followers enter or leave, on the side where they take part."""
    ends = np.array([left, right])
    gains = np.array([_gains(few, each, share) for each in ends])
    inside, each = np.where(enters, 1, 0), np.arange(enters.size)
    open_ = np.ones(enters.size, dtype=bool)
    before = np.full(enters.size, -1)
    edge = ends[inside, each]
    for k in range(_HALVINGS):
        with np.errstate(all="ignore"):
            cut = gains[0] / (gains[0] - gains[1])
        cut = np.where((cut > 0.0) & (cut < 1.0) & (k % 8 < 7), cut, 0.5)
        middle = np.where(open_, ends[0] + cut * (ends[1] - ends[0]), edge)
        gain = _gains(few, middle, share)
        side = np.where(gain >= 0.0, inside, 1 - inside)
        moved = np.abs(ends[side, each] - middle)
        ends[side, each], gains[side, each] = middle, gain
        # an end that stays twice counts half: else secants stop short of it (Illinois)
        gains[1 - side, each] *= np.where(side == before, 0.5, 1.0)
        before = side
        edge = np.where(open_, middle, edge)
        open_ &= (moved > _SHARP * middle) & (ends[1] - ends[0] > _SHARP * middle)
        if not open_.any():
            break
    # to rounding, on the side where they take part
    return np.asarray(edge * np.where(enters, 1.0 + _SHARP, 1.0 - _SHARP))


def _gains(few: Crowd, base: Array, share: Shares) -> Array:
    """Return what taking part is better than abstaining, each at its own base level."""
    gains = np.zeros(base.size)
    for chunk in few.chunks:
        rows = chunk.members
        found = respond(chunk, base[rows], few.own(share, rows), few.extra[rows])
        few.extra[rows], gains[rows] = found.extra, found.gain
    return gains


def _cubic(values: Array, slopes: Array, t: Array) -> Array:
    s = 1.0 - t
    return np.asarray(
        values[0] * s * s * (1.0 + 2.0 * t)
        + values[1] * t * t * (3.0 - 2.0 * t)
        + slopes[0] * t * s * s
        - slopes[1] * t * t * s
    )


def _cubic_slope(values: Array, slopes: Array, t: Array) -> Array:
    s = 1.0 - t
    return np.asarray(
        6.0 * (values[1] - values[0]) * t * s
        + slopes[0] * s * (1.0 - 3.0 * t)
        + slopes[1] * t * (3.0 * t - 2.0)
    )
