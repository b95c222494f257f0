"""A leader and one follower with quadratic payoffs in two attributes, many games at once.

The leader sets ``x0``, at least its floors; the follower answers with ``x1``, at least ``x0`` and
its own floors, or stays out. `opt_games.kernels.policy.exact` solves such games.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.quadratic import Point, Quadratic

WILLING = 1e-13
"""A follower that loses less than this fraction of its turnover by taking part is indifferent."""
TIE = 1e-10
"""Base levels whose payoffs to the leader differ by less, of its turnover, are a tie."""
_ROUNDING = 2e-15

APART = 1e-4
"""Base levels that differ by less, relatively, are the same one, less well placed."""


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
        return Form4(self.constant[games], self.gradient[:, games], self.hessian[:, :, games])

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

    def value(self, x1: Point, x0: Point) -> Array:
        """Return values."""
        z = (*x1, *x0)
        value = self.constant
        for i in range(4):
            slope = self.gradient[i] + 0.5 * self.hessian[i, i] * z[i]
            for j in range(i + 1, 4):
                slope = slope + self.hessian[i, j] * z[j]
            value = value + z[i] * slope
        return value

    def size(self, x1: Point, x0: Point) -> Array:
        """Return the sizes of the terms: where they cancel, rounding is that of the terms."""
        z = [np.abs(each) for each in (*x1, *x0)]
        gradient, hessian = np.abs(self.gradient), np.abs(self.hessian)
        size = np.abs(self.constant)
        for i in range(4):
            slope = gradient[i] + 0.5 * hessian[i, i] * z[i]
            for j in range(i + 1, 4):
                slope = slope + hessian[i, j] * z[j]
            size = size + z[i] * slope
        return size


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

    def take(self, games: Any) -> Answers:
        """Return some of the games."""
        return Answers(*(getattr(self, name)[..., games] for name in self.__dataclass_fields__))

    def replaced(self, where: NDArray[np.int64], other: Answers) -> Answers:
        """Return these answers with those of some games taken from others."""
        result = []
        for name in self.__dataclass_fields__:
            values = getattr(self, name).copy()
            values[..., where] = getattr(other, name)
            result.append(values)
        return Answers(*result)


@dataclass(frozen=True)
class Evaluation:
    """The follower's best answer to base levels, and what it leads to."""

    final: Point
    takes: NDArray[np.bool_]
    leader: Array
    follower: Array
    size: Array

    def at(self, row: NDArray[np.int64], game: NDArray[np.int64]) -> Evaluation:
        """Return one row for each game."""
        where = row, game
        final = self.final[0][where], self.final[1][where]
        own = self.leader[where], self.follower[where], self.size[where]
        return Evaluation(final, self.takes[where], *own)


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
    own, leader = ([form.value(each, (x, y)) for each in answers] for form in (f, games.leader))
    own_size = f.size(answers[0], (x, y))
    margin = WILLING * own_size
    highest = np.maximum(np.maximum(own[0], own[1]), own[2])
    final0, final1 = answers[0]
    value, liked = own[0], np.where(own[0] >= highest - margin, leader[0], -np.inf)
    for (u, v), mine, theirs in zip(answers[1:], own[1:], leader[1:], strict=True):
        liking = np.where(mine >= highest - margin, theirs, -np.inf)
        # where nobody minds, the higher first attribute: that of the first answer
        better = liking > liked + 1e-13 * np.abs(theirs)
        liked, value = np.where(better, liking, liked), np.where(better, mine, value)
        final0, final1 = np.where(better, u, final0), np.where(better, v, final1)
    outside = games.follower_outside
    takes = value >= outside - WILLING * (own_size + np.abs(outside))
    zero = np.zeros_like(x)
    alone = games.alone.value((zero, zero), (x, y))
    return Evaluation(
        (final0, final1),
        takes,
        np.where(takes, liked, alone),
        np.where(takes, value, outside),
        np.where(
            takes,
            games.leader.size((final0, final1), (x, y)),
            games.alone.size((zero, zero), (x, y)),
        ),
    )


def pick(x: Array, y: Array, at: Evaluation) -> NDArray[np.int64]:
    """Return the row of the leader's best base level, per game.

    Of levels that are a tie, and apart from each other, the follower's favourite is taken, and if
    it has none, the one that is highest in the first attribute. Levels
    side by side are no tie: all but the best of them are the same level, less well placed. Of those
    that rounding cannot tell apart the first is taken.
    """
    rows = np.arange(x.shape[1])
    leader = np.where(np.isnan(at.leader), -np.inf, at.leader)
    best = (leader >= leader.max(axis=0) - _ROUNDING * at.size).argmax(axis=0)
    tied = leader >= leader[best, rows] - TIE * at.size
    # who is indifferent in everything takes part
    liking = at.follower + TIE * at.size * at.takes
    for _ in range(2):
        apart = tied & ~_near(x, y, best)
        rivals = np.where(apart, liking, -np.inf)
        alike = rivals >= rivals.max(axis=0) - 0.5 * TIE * at.size
        other = np.where(apart & alike, x, -np.inf).argmax(axis=0)
        around = np.where(tied & _near(x, y, other), leader, -np.inf)
        around = (around >= around.max(axis=0) - _ROUNDING * at.size).argmax(axis=0)
        rise = rivals[other, rows] - liking[best, rows]
        slack = 0.5 * TIE * at.size[best, rows]
        better = (rise > slack) | ((rise >= -slack) & (x[other, rows] > x[best, rows]))
        best = np.where(better, around, best)
    return np.asarray(best)


def _near(x: Array, y: Array, row: NDArray[np.int64]) -> NDArray[np.bool_]:
    rows = np.arange(x.shape[1])
    u, v = x[row, rows], y[row, rows]
    return np.asarray(np.abs(x - u) + np.abs(y - v) <= APART * (np.abs(u) + np.abs(v)))


def answers(games: Pairs, x: Array, y: Array, at: Evaluation) -> Answers:
    """Return the equilibria at base levels that are the best if the leader takes part."""
    outside = games.leader_outside
    active = at.leader >= outside - TIE * (at.size + np.abs(outside))
    return Answers(
        np.stack([x, y]),
        np.stack(at.final),
        at.takes,
        active,
        np.where(active, at.leader, outside),
        np.where(active, at.follower, games.follower_outside),
    )
