r"""A leader and one follower with quadratic payoffs in two attributes: exact, many games at once.

The leader sets :math:`x_0 \ge \theta_0`, the follower answers with :math:`x_1 \ge \max(x_0,
\theta_1)` or stays out. A level of the follower is free, at the leader's level, or at the floor, so
that its answer is one of nine affine functions of :math:`x_0`. On each of them the leader's payoff
is a quadratic function, and the pieces meet along straight lines, save where the follower leaves
(its payoff is what it gets outside) or, if its payoff is not concave, jumps from one answer to
another. Wherever the best base level is, it is stationary on a piece, on one of these curves, or a
point where two of them meet. All such points are computed in closed form, the follower's true
answer to each is found, and the best one stands. Points outside of their piece do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.quadratic import (
    Line,
    Point,
    Quadratic,
    common_zeros,
    highest_on_zero,
)

WILLING = 1e-11
"""A follower that loses less than this fraction of its turnover by taking part is indifferent."""
TIE = 1e-10
"""Base levels whose payoffs to the leader differ by less, of its turnover, are a tie."""

FREE, BASE, FLOOR = range(3)
"""How a level of the follower is determined."""

_PIECES = [(one, two) for one in range(3) for two in range(3)]


@dataclass(frozen=True)
class Form4:
    """Quadratic functions of ``(x1, x0)``: constant, gradient and Hessian at 0.

    Arrays of shape (games,), (4, games) and (4, 4, games).
    """

    constant: Array
    gradient: Array
    hessian: Array

    def take(self, games: Any) -> Form4:
        """Return some of the games."""
        return Form4(
            self.constant[games], self.gradient[:, games], self.hessian[:, :, games]
        )

    def along(self, matrix: Array, shift: Array) -> Quadratic:
        """Return the functions of ``x0`` alone, with ``x1 = matrix x0 + shift``.

        Parameters
        ----------
        matrix, shift : ndarray, shapes (2, 2, games) and (2, games)
        """
        one = np.ones_like(self.constant)
        wide = np.concatenate([matrix, np.stack([[one, 0 * one], [0 * one, one]])])
        full = np.concatenate([shift, np.zeros_like(shift)])
        slope = self.gradient + np.einsum("ijn,jn->in", self.hessian, full)
        value = self.constant + 0.5 * np.einsum("in,in->n", self.gradient + slope, full)
        p, q = np.einsum("ijn,in->jn", wide, slope)
        bent = np.einsum("ikn,ijn,jln->kln", wide, self.hessian, wide, optimize=True)
        return Quadratic(value, p, q, bent[0, 0], bent[0, 1], bent[1, 1])

    def value(self, x1: Point, x0: Point) -> tuple[Array, Array]:
        """Return values, and the sizes of the terms they are made of."""
        z = (*x1, *x0)
        linear, curved = np.zeros(z[0].shape), np.zeros(z[0].shape)
        for i in range(4):
            slope = 0.5 * self.hessian[i, i] * z[i]
            for j in range(i + 1, 4):
                slope = slope + self.hessian[i, j] * z[j]
            linear = linear + self.gradient[i] * z[i]
            curved = curved + slope * z[i]
        size = np.abs(self.constant) + np.abs(linear) + np.abs(curved)
        return self.constant + linear + curved, size


@dataclass(frozen=True)
class Pairs:
    """Games of a leader and a follower; the last axis of every array is the game.

    Attributes
    ----------
    follower, leader : Form4
        Payoffs if both take part.
    alone : Form4
        The leader's if the follower stays out; of ``x0`` only.
    leader_floor, follower_floor : ndarray, shape (2, games)
    leader_outside, follower_outside : ndarray, shape (games,)
        Payoffs of staying out.
    """

    follower: Form4
    leader: Form4
    alone: Form4
    leader_floor: Array
    follower_floor: Array
    leader_outside: Array
    follower_outside: Array

    @property
    def size(self) -> int:
        """Number of games."""
        return int(self.leader_outside.size)

    def take(self, games: Any) -> Pairs:
        """Return some of the games."""
        return Pairs(
            self.follower.take(games),
            self.leader.take(games),
            self.alone.take(games),
            self.leader_floor[:, games],
            self.follower_floor[:, games],
            self.leader_outside[games],
            self.follower_outside[games],
        )

    def bounded(self) -> NDArray[np.bool_]:
        """Whether the follower's payoff falls without limit as its levels grow."""
        h = self.follower.hessian
        a, b, d = h[0, 0], h[0, 1], h[1, 1]
        with np.errstate(invalid="ignore"):
            return np.asarray((a < 0) & (d < 0) & ((b < 0) | (b * b < a * d)))

    def concave(self) -> NDArray[np.bool_]:
        """Whether the follower's payoff is strictly concave in its own levels."""
        h = self.follower.hessian
        return np.asarray(
            (h[0, 0] < 0) & (h[0, 0] * h[1, 1] - h[0, 1] ** 2 > 1e-12 * h[0, 0] * h[1, 1])
        )


@dataclass(frozen=True)
class Answers:
    """Equilibria; the last axis of every array is the game.

    Attributes
    ----------
    base, final : ndarray, shape (2, games)
        Levels, also of those that stay out: what they would choose.
    takes, active : ndarray of bool, shape (games,)
        Whether the follower, the leader takes part.
    leader, follower : ndarray, shape (games,)
        Payoffs.
    """

    base: Array
    final: Array
    takes: NDArray[np.bool_]
    active: NDArray[np.bool_]
    leader: Array
    follower: Array


@dataclass(frozen=True)
class Evaluation:
    """The follower's best answer to base levels, and what it leads to."""

    final: Point
    takes: NDArray[np.bool_]
    leader: Array
    follower: Array
    size: Array


def evaluate(games: Pairs, x: Array, y: Array) -> Evaluation:
    """Answer base levels of shape (..., games) by the follower's best response."""
    f, h = games.follower, games.follower.hessian
    low = np.maximum(x, games.follower_floor[0]), np.maximum(y, games.follower_floor[1])
    p = f.gradient[0] + h[0, 2] * x + h[0, 3] * y
    q = f.gradient[1] + h[1, 2] * x + h[1, 3] * y
    a, b, d = h[0, 0], h[0, 1], h[1, 1]
    with np.errstate(all="ignore"):
        first = np.fmax(-(p + b * low[1]) / a, low[0])
        second = np.fmax(-(q + b * low[0]) / d, low[1])
        det = a * d - b * b
        free = (b * q - d * p) / det, (b * p - a * q) / det
        inside = (free[0] > low[0]) & (free[1] > low[1]) & (det > 0)
    # a free level next to a bound includes that bound; both free is a top only if concave
    answers = [
        (first, low[1]),
        (low[0], second),
        (np.where(inside, free[0], low[0]), np.where(inside, free[1], low[1])),
    ]
    found = [(f.value(each, (x, y)), games.leader.value(each, (x, y))) for each in answers]
    highest = np.maximum(np.maximum(found[0][0][0], found[1][0][0]), found[2][0][0])
    final0, final1 = answers[0]
    (own, own_size), (leader, leader_size) = found[0]
    liked = np.where(own >= highest - WILLING * own_size, leader, -np.inf)
    for (u, v), ((value, size), (theirs, their_size)) in zip(answers[1:], found[1:], strict=True):
        liking = np.where(value >= highest - WILLING * size, theirs, -np.inf)
        better = liking > liked
        liked = np.where(better, liking, liked)
        final0, final1 = np.where(better, u, final0), np.where(better, v, final1)
        own, own_size = np.where(better, value, own), np.where(better, size, own_size)
        leader_size = np.where(better, their_size, leader_size)
    outside = games.follower_outside
    takes = own >= outside - WILLING * (own_size + np.abs(outside))
    zero = np.zeros_like(x)
    alone, alone_size = games.alone.value((zero, zero), (x, y))
    return Evaluation(
        (final0, final1),
        takes,
        np.where(takes, liked, alone),
        np.where(takes, own, outside),
        np.where(takes, leader_size, alone_size),
    )


@dataclass(frozen=True)
class _Piece:
    """One way in which the follower's levels are determined."""

    leader: Quadratic
    follower: Quadratic
    kinks: tuple[Line, ...]


def _pieces(games: Pairs) -> dict[tuple[int, int], _Piece]:
    """Return the nine answers as functions of the base levels."""
    h, g = games.follower.hessian, games.follower.gradient
    zero, one = np.zeros(games.size), np.ones(games.size)
    own = {
        BASE: lambda j: (np.stack([one, zero] if j == 0 else [zero, one]), zero),
        FLOOR: lambda j: (np.stack([zero, zero]), games.follower_floor[j]),
    }
    pieces = {}
    for kind in _PIECES:
        rows: list[Any] = [own[k](j) if k != FREE else None for j, k in enumerate(kind)]
        if kind == (FREE, FREE):
            det = h[0, 0] * h[1, 1] - h[0, 1] ** 2
            ways = [
                np.stack([(h[0, 1] * h[1, k] - h[1, 1] * h[0, k]) / det for k in (2, 3)]),
                np.stack([(h[0, 1] * h[0, k] - h[0, 0] * h[1, k]) / det for k in (2, 3)]),
            ]
            shifts = [
                (h[0, 1] * g[1] - h[1, 1] * g[0]) / det,
                (h[0, 1] * g[0] - h[0, 0] * g[1]) / det,
            ]
            rows = list(zip(ways, shifts, strict=True))
        elif FREE in kind:
            j = kind.index(FREE)
            way, shift = rows[1 - j]
            rows[j] = (
                -(h[j, 2:] + h[0, 1] * way) / h[j, j],
                -(g[j] + h[0, 1] * shift) / h[j, j],
            )
        matrix, shift = (np.stack(part) for part in zip(*rows, strict=True))
        kinks = []
        for j, k in enumerate(kind):
            if k == FREE:
                m, n = matrix[j]
                kinks.append(Line(m - (j == 0), n - (j == 1), -shift[j]))
                kinks.append(Line(m, n, games.follower_floor[j] - shift[j]))
        pieces[kind] = _Piece(
            games.leader.along(matrix, shift),
            games.follower.along(matrix, shift),
            tuple(kinks),
        )
    return pieces


def _axes(games: Pairs) -> list[Line]:
    """Return the floors of the leader, and the lines where it reaches those of the follower."""
    zero, one = np.zeros(games.size), np.ones(games.size)
    return [
        Line(one if j == 0 else zero, zero if j == 0 else one, level[j])
        for level in (games.leader_floor, games.follower_floor)
        for j in (0, 1)
    ]


def _smooth_candidates(games: Pairs, pieces: dict[tuple[int, int], _Piece]) -> Iterator[Point]:
    """Stationary points of pieces and lines, and where lines meet."""
    axes = _axes(games)
    kinks = [line for piece in pieces.values() for line in piece.kinks]
    for piece in pieces.values():
        yield piece.leader.stationary()
        for line in (*axes, *piece.kinks):
            yield piece.leader.on_line(line)
    for k, line in enumerate(axes):
        for other in (*axes[k + 1 :], *kinks):
            yield line.crossing(other)
    inside = pieces[FREE, FREE].kinks
    for k, line in enumerate(inside):
        for other in inside[k + 1 :]:
            yield line.crossing(other)
    # without the follower
    zero = np.zeros((2, games.size))
    alone = games.alone.along(np.zeros((2, 2, games.size)), zero)
    yield alone.stationary()
    for line in axes[:2]:
        yield alone.on_line(line)


def _edge_candidates(
    games: Pairs, pieces: dict[tuple[int, int], _Piece], edge: Quadratic, *goals: Quadratic
) -> Iterator[Point]:
    """Points of a curve that are stationary along it, and where lines meet it."""
    for goal in goals:
        xs, ys = highest_on_zero(goal, edge)
        yield from zip(xs, ys, strict=True)
    kinks = [line for piece in pieces.values() for line in piece.kinks]
    for line in (*_axes(games), *kinks):
        for x, y in edge.zeros_on_line(line):
            yield edge.onto_zero(x, y, 2)


def _all_edges(games: Pairs, pieces: dict[tuple[int, int], _Piece]) -> Iterator[Point]:
    """Candidates on the curves where the follower leaves."""
    for piece in pieces.values():
        edge = _shifted(piece.follower, games.follower_outside)
        yield from _edge_candidates(games, pieces, edge, piece.leader)


def _jumps(games: Pairs, pieces: dict[tuple[int, int], _Piece]) -> Iterator[Point]:
    """Candidates where a follower with more than one top is indifferent between two."""
    for first in ((FREE, BASE), (FREE, FLOOR)):
        for second in ((BASE, FREE), (FLOOR, FREE)):
            one, two = pieces[first], pieces[second]
            edge = one.follower - two.follower
            yield from _edge_candidates(games, pieces, edge, one.leader, two.leader)
            xs, ys = common_zeros(edge, _shifted(one.follower, games.follower_outside))
            yield from zip(xs, ys, strict=True)


def _shifted(f: Quadratic, outside: Array) -> Quadratic:
    return Quadratic(f.c - outside, f.p, f.q, f.a, f.b, f.d)


def solve_pairs(games: Pairs) -> Answers:
    """Find the equilibrium of every game.

    Parameters
    ----------
    games : Pairs
        All of them `Pairs.bounded`.
    """
    with np.errstate(all="ignore"):
        pieces = _pieces(games)
        points = list(_smooth_candidates(games, pieces))
        if not games.concave().all():
            points += _jumps(games, pieces)
        points += _all_edges(games, pieces)
        return _best(games, points)


def _best(games: Pairs, points: list[Point]) -> Answers:
    x = np.stack([np.broadcast_to(point[0], (games.size,)) for point in points])
    y = np.stack([np.broadcast_to(point[1], (games.size,)) for point in points])
    # what is below a floor by rounding alone is on it
    x, y = (
        np.where(np.abs(each - floor) <= 1e-13 * (1.0 + np.abs(floor)), floor, each)
        for each, floor in zip((x, y), games.leader_floor, strict=True)
    )
    good = (x >= games.leader_floor[0]) & (y >= games.leader_floor[1])
    good &= np.isfinite(x) & np.isfinite(y)
    x = np.where(good, x, games.leader_floor[0])
    y = np.where(good, y, games.leader_floor[1])
    at = evaluate(games, x, y)
    payoff = np.where(np.isnan(at.leader), -np.inf, at.leader)
    top = payoff.max(axis=0)
    tied = payoff >= top - TIE * at.size
    liking = np.where(tied, at.follower, -np.inf)
    tied &= liking >= liking.max(axis=0) - TIE * (np.abs(at.follower) + at.size)
    # who is indifferent in everything takes part, and at the higher payoff to the leader
    rank = np.where(tied, payoff + at.takes * TIE * at.size, -np.inf)
    best = rank.argmax(axis=0)

    def picked(values: Array) -> Array:
        return np.take_along_axis(values, best[None, :], axis=0)[0]

    leader = picked(at.leader)
    active = leader >= games.leader_outside - TIE * (picked(at.size) + np.abs(games.leader_outside))
    return Answers(
        np.stack([picked(x), picked(y)]),
        np.stack([picked(each) for each in at.final]),
        picked(at.takes),
        active,
        np.where(active, leader, games.leader_outside),
        np.where(active, picked(at.follower), games.follower_outside),
    )
