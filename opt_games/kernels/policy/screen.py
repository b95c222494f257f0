"""A quick look at pairs whose follower has a concave payoff; what it does not settle is left.

The candidates are those of `opt_games.kernels.policy.exact`, but each is held against the
conditions of its own piece only, by a lax tolerance, instead of finding the follower's answer to
it. First the follower is made to take part: if it is willing to at the best base level of this
easier problem, that is the answer. Otherwise the best level lies on the curve where it is just
willing. Where both payoffs are concave on a piece, there is one such point, a root of a rising
function of one multiplier. Whatever looks best is then evaluated in full, and where that does not
give the payoff promised, the game is not settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.pair import (
    APART,
    TIE,
    WILLING,
    Answers,
    Pairs,
    answers,
    evaluate,
    pick,
)
from opt_games.kernels.policy.pieces import BASE, FLOOR, FREE, Kind, Piece, axes_of, pieces_of
from opt_games.kernels.policy.quadratic import Line, Point, Quadratic, placed_on_zero

_LAX = 1e-9
_ROUNDING = 1e-13
_STEPS = 60
_LAST = 1.0 - 1e-12  # of the way from the leader's payoff to the follower's


@dataclass
class _Best:
    """The best candidates so far, one per game."""

    x: Array
    y: Array
    leader: Array
    follower: Array

    @classmethod
    def none(cls, games: Pairs) -> _Best:
        low = games.leader_floor
        nothing = np.full(games.size, -np.inf)
        return cls(low[0].copy(), low[1].copy(), nothing, nothing.copy())

    def take(self, games: NDArray[np.int64]) -> _Best:
        return _Best(self.x[games], self.y[games], self.leader[games], self.follower[games])

    def offer(self, x: Array, y: Array, leader: Array, follower: Array) -> None:
        """Take what is better for the leader, or as good and better for the follower."""
        rise = leader - self.leader
        slack = TIE * np.where(np.isinf(self.leader), 0.0, np.abs(self.leader))
        tied = np.abs(rise) <= slack
        gap = np.abs(x - self.x) + np.abs(y - self.y)
        tied &= gap > APART * (np.abs(self.x) + np.abs(self.y))
        more = follower - self.follower
        liked = (more > slack) | ((more >= -slack) & (x > self.x))
        better = np.where(tied, liked, rise > 0.0)
        self.x = np.where(better, x, self.x)
        self.y = np.where(better, y, self.y)
        self.leader = np.where(better, leader, self.leader)
        self.follower = np.where(better, follower, self.follower)


def settle(games: Pairs) -> tuple[Answers, NDArray[np.bool_]]:
    """Return equilibria, and which of them are settled.

    Parameters
    ----------
    games : Pairs
    """
    with np.errstate(all="ignore"):
        pieces = pieces_of(games)
        axes = _useful_axes(games)
        forced, willing = _Best.none(games), _Best.none(games)
        for kind, piece in _useful(games, pieces):
            _offer_all(games, kind, piece, _inside(kind, piece, axes), forced, willing)
        everybody = replace(games, follower_outside=np.full(games.size, -np.inf))
        x, y = _corners(axes)
        at = evaluate(everybody, x, y)
        for k in range(x.shape[0]):
            forced.offer(x[k], y[k], at.leader[k], at.follower[k])
            stays = at.follower[k] >= games.follower_outside - WILLING * at.size[k]
            leader = np.where(stays, at.leader[k], -np.inf)
            willing.offer(x[k], y[k], leader, at.follower[k])
        at = evaluate(games, forced.x, forced.y)
        settled = at.takes & _kept(at.leader, forced.leader, at.size)
        settled &= _highest_alone(games) <= at.leader + TIE * at.size
        settled &= games.concave()
        found = answers(games, forced.x, forced.y, at)
        rest = np.flatnonzero(~settled)
        if rest.size:
            some = games.take(rest)
            less = {kind: piece.take(rest) for kind, piece in _useful(games, pieces)}
            again, good = _on_the_edge(some, less, _useful_axes(some), willing.take(rest))
            found = found.replaced(rest[good], again.take(good))
            settled[rest[good]] = True
    return found, settled


def _on_the_edge(
    games: Pairs, pieces: dict[Kind, Piece], axes: list[Line | None], best: _Best
) -> tuple[Answers, NDArray[np.bool_]]:
    """Settle games whose follower is just willing, or the best candidates so far."""
    fine = games.concave()
    for kind, piece in pieces.items():
        edge = piece.follower.less(games.follower_outside)
        bent = piece.leader
        fine &= (bent.a < 0) & (bent.a * bent.d - bent.b**2 > 1e-12 * bent.a * bent.d)
        _offer_all(games, kind, piece, _on_edge(kind, piece, edge, axes), best)
    points = [*_alone_points(games), (games.leader_floor[0], games.leader_floor[1])]
    points.append((best.x, best.y))
    x = np.stack([np.broadcast_to(each[0], best.x.shape) for each in points])
    y = np.stack([np.broadcast_to(each[1], best.x.shape) for each in points])
    x, y = np.fmax(x, games.leader_floor[0]), np.fmax(y, games.leader_floor[1])
    at = evaluate(games, x, y)
    row, rows = pick(x, y, at), np.arange(games.size)
    fine &= _kept(at.leader[-1], best.leader, at.size[-1]) | np.isneginf(best.leader)
    return answers(games, x[row, rows], y[row, rows], at.at(row, rows)), fine


def _useful(games: Pairs, pieces: dict[Kind, Piece]) -> list[tuple[Kind, Piece]]:
    """Leave out pieces at a floor of the follower's that no floor of the leader's is below."""
    idle = np.all(games.follower_floor <= games.leader_floor, axis=1).tolist()
    return [
        (kind, piece)
        for kind, piece in pieces.items()
        if not any(kind[j] == FLOOR and idle[j] for j in (0, 1))
    ]


def _useful_axes(games: Pairs) -> list[Line | None]:
    """Return the lines of `axes_of`, but None for those that say nothing new."""
    idle = np.all(games.follower_floor <= games.leader_floor, axis=1).tolist()
    axes = axes_of(games)
    return [*axes[:2], *(None if idle[j] else axes[2 + j] for j in (0, 1))]


def _kept(found: Array, promised: Array, size: Array) -> NDArray[np.bool_]:
    return np.asarray(np.abs(found - promised) <= 1e-8 * size)


def _offer_all(
    games: Pairs,
    kind: Kind,
    piece: Piece,
    points: Iterable[Point],
    best: _Best,
    willing: _Best | None = None,
) -> None:
    """Offer those points that meet the conditions of their piece.

    `willing` is offered those at which the follower takes part of its own accord.
    """
    low, floor = games.leader_floor, games.follower_floor
    f = games.follower
    for x, y in points:
        at = x, y
        final = [
            at[j]
            if kind[j] == BASE
            else floor[j]
            if kind[j] == FLOOR
            else piece.matrix[j, 0] * x + piece.matrix[j, 1] * y + piece.shift[j]
            for j in (0, 1)
        ]
        slack = _LAX * (np.abs(x) + np.abs(y) + np.abs(final[0]) + np.abs(final[1]))
        good = (x >= low[0] - slack) & (y >= low[1] - slack)
        for j in (0, 1):
            if kind[j] == FREE:
                good &= (final[j] >= at[j] - slack) & (final[j] >= floor[j] - slack)
                continue
            if kind[j] == BASE:
                good &= at[j] >= floor[j] - slack
            else:
                good &= at[j] <= floor[j] + slack
            terms = [f.gradient[j]]
            terms += [f.hessian[j, k] * level for k, level in enumerate((*final, x, y))]
            slope = terms[0] + terms[1] + terms[2] + terms[3] + terms[4]
            good &= slope <= _LAX * (np.abs(terms[0]) + np.abs(terms[1]) + np.abs(terms[2]))
        follower = piece.follower.value(x, y)
        leader = np.where(good, piece.leader.value(x, y), -np.inf)
        x, y = np.fmax(x, low[0]), np.fmax(y, low[1])
        best.offer(x, y, leader, follower)
        if willing is not None:
            slack = _ROUNDING * (np.abs(leader) + np.abs(games.follower_outside))
            leader = np.where(follower >= games.follower_outside - slack, leader, -np.inf)
            willing.offer(x, y, leader, follower)


def _inside(kind: Kind, piece: Piece, axes: list[Line | None]) -> Iterator[Point]:
    """Return where the leader's payoff is stationary on a piece and its borders, and corners."""
    yield piece.leader.stationary()
    for line in _lines(kind, piece, axes):
        yield piece.leader.on_line(line)
    kinks = _kinks(kind, piece, axes)
    for k, line in enumerate(kinks):
        for other in (*filter(None, axes), *kinks[k + 1 :]):
            yield line.crossing(other)


def _on_edge(kind: Kind, piece: Piece, edge: Quadratic, axes: list[Line | None]) -> Iterator[Point]:
    yield _top_on_edge(piece.leader, edge)
    for line in _lines(kind, piece, axes):
        yield from edge.zeros_on_line(line)


def _lines(kind: Kind, piece: Piece, axes: list[Line | None]) -> list[Line]:
    """Return the lines that border a piece; at the follower's floor two pieces share one."""
    floors = [axes[2 + j] for j in (0, 1) if kind[j] != BASE]
    return [*filter(None, axes[:2]), *filter(None, floors), *_kinks(kind, piece, axes)]


def _kinks(kind: Kind, piece: Piece, axes: list[Line | None]) -> list[Line]:
    """Return the kinks of a piece, without those at floors that do not matter."""
    free = [j for j in (0, 1) if kind[j] == FREE]
    return [
        line
        for k, line in enumerate(piece.kinks)
        if k % 2 == 0 or axes[2 + free[k // 2]] is not None
    ]


def _top_on_edge(goal: Quadratic, edge: Quadratic) -> Point:
    """Return the highest point of a concave function where a concave function is zero.

    It is where ``(1 - t) goal + t edge`` is stationary for the t at which `edge` is zero there, and
    `edge` rises with t.
    """
    x, y = np.full(goal.c.shape, np.nan), np.full(goal.c.shape, np.nan)
    first, _ = _rising(goal, edge, np.zeros(goal.c.shape))
    last, _ = _rising(goal, edge, np.full(goal.c.shape, _LAST))
    todo = np.flatnonzero((first < 0.0) & ~(last < 0.0))
    low, high = np.zeros(todo.size), np.full(todo.size, _LAST)
    t = np.full(todo.size, 0.5)
    goals, edges = goal[todo], edge[todo]
    for _ in range(_STEPS):
        value, rise = _rising(goals, edges, t)
        below = value < 0.0
        low, high = np.where(below, t, low), np.where(below, high, t)
        newton = t - value / rise
        inside = (newton > low) & (newton < high)
        new = np.where(inside, newton, 0.5 * (low + high))
        # the point is sharpened afterwards
        done = np.abs(new - t) <= 1e-9 * np.minimum(new, 1.0 - new)
        t = new
        if done.any():
            x[todo[done]], y[todo[done]] = _pencil(goals[done], edges[done], t[done]).stationary()
            more = ~done
            todo, t, low, high = todo[more], t[more], low[more], high[more]
            goals, edges = goals[more], edges[more]
            if todo.size == 0:
                break
    return placed_on_zero(goal, edge, x, y, 2)


def _pencil(goal: Quadratic, edge: Quadratic, t: Array) -> Quadratic:
    pairs = zip(goal.coefficients, edge.coefficients, strict=True)
    return Quadratic(*(one + t * (two - one) for one, two in pairs))


def _rising(goal: Quadratic, edge: Quadratic, t: Array) -> tuple[Array, Array]:
    """Return `edge` where the pencil at t is stationary, and its derivative in t."""
    mixed = _pencil(goal, edge, t)
    x, y = mixed.stationary()
    ex, ey = edge.slope(x, y)
    gx, gy = goal.slope(x, y)
    ux, uy = gx - ex, gy - ey
    det = mixed.a * mixed.d - mixed.b * mixed.b
    rise = ex * (mixed.d * ux - mixed.b * uy) + ey * (mixed.a * uy - mixed.b * ux)
    return edge.value(x, y), rise / det


def _corners(axes: list[Line | None]) -> Point:
    """Return where floors meet, along a new first axis."""
    first = [line.e for line in (axes[0], axes[2]) if line is not None]
    second = [line.e for line in (axes[1], axes[3]) if line is not None]
    pairs = [(one, two) for one in first for two in second]
    x = np.fmax(np.stack([one for one, _ in pairs]), first[0])
    return x, np.fmax(np.stack([two for _, two in pairs]), second[0])


def _alone_points(games: Pairs) -> list[Point]:
    """Return where the leader's payoff without the follower may be highest."""
    if not (games.alone.gradient.any() or _uphill(games.alone.hessian[2:, 2:])):
        return []
    alone = games.alone.along(np.zeros((2, 2, games.size)), np.zeros((2, games.size)))
    return [alone.stationary(), *(alone.on_line(line) for line in axes_of(games)[:2])]


def _uphill(hessian: Array) -> bool:
    """Whether some game's payoff may rise from 0 in some direction."""
    a, b, d = hessian[0, 0], hessian[0, 1], hessian[1, 1]
    return bool(np.any((a > 0) | (d > 0) | ((b > 0) & (b * b > a * d))))


def _highest_alone(games: Pairs) -> Array:
    """Return the most the leader could get without the follower, were that possible anywhere."""
    low = games.leader_floor
    points = [(low[0], low[1]), *_alone_points(games)]
    best = np.full(games.size, -np.inf)
    zero = np.zeros(games.size)
    for x, y in points:
        inside = (x >= low[0]) & (y >= low[1])
        value = games.alone.value((zero, zero), (np.fmax(x, low[0]), np.fmax(y, low[1])))
        best = np.fmax(best, np.where(inside, value, -np.inf))
    return best
