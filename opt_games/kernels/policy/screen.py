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
from opt_games.kernels.policy.pair import APART, TIE, Answers, Pairs, answers, evaluate, pick
from opt_games.kernels.policy.pieces import BASE, FLOOR, FREE, Kind, Piece, axes_of
from opt_games.kernels.policy.quadratic import Line, Point, Quadratic, placed_on_zero

_LAX = 1e-9
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

    def offer(self, x: Array, y: Array, leader: Array, follower: Array) -> None:
        """Take what is better for the leader, or as good and better for the follower."""
        rise = leader - self.leader
        tied = np.abs(rise) <= TIE * np.abs(self.leader)
        gap = np.abs(x - self.x) + np.abs(y - self.y)
        tied &= gap > APART * (np.abs(self.x) + np.abs(self.y))
        better = np.where(tied, follower > self.follower, rise > 0.0)
        self.x = np.where(better, x, self.x)
        self.y = np.where(better, y, self.y)
        self.leader = np.where(better, leader, self.leader)
        self.follower = np.where(better, follower, self.follower)


def settle(games: Pairs, pieces: dict[Kind, Piece]) -> tuple[Answers, NDArray[np.bool_]]:
    """Return equilibria, and which of them are settled.

    Parameters
    ----------
    games : Pairs
    pieces : dict
        Of `pieces_of`.
    """
    with np.errstate(all="ignore"):
        axes = axes_of(games)
        best = _Best.none(games)
        for kind, piece in pieces.items():
            _offer_all(games, kind, piece, _inside(kind, piece, axes), best)
        forced = replace(games, follower_outside=np.full(games.size, -np.inf))
        x, y = _corners(axes)
        corners = evaluate(forced, x, y)
        for k in range(x.shape[0]):
            best.offer(x[k], y[k], corners.leader[k], corners.follower[k])
        at = evaluate(games, best.x, best.y)
        settled = games.concave() & at.takes & _kept(at.leader, best.leader, at.size)
        settled &= _highest_alone(games, axes) <= at.leader + TIE * at.size
        result = answers(games, best.x, best.y, at)
    return result, settled


def settle_on_edge(games: Pairs, pieces: dict[Kind, Piece]) -> tuple[Answers, NDArray[np.bool_]]:
    """Return equilibria of games whose follower is just willing, and which are settled."""
    with np.errstate(all="ignore"):
        axes = axes_of(games)
        best = _Best.none(games)
        fine = games.concave()
        for kind, piece in pieces.items():
            edge = piece.follower.less(games.follower_outside)
            bent = piece.leader
            fine &= (bent.a < 0) & (bent.a * bent.d - bent.b**2 > 1e-12 * bent.a * bent.d)
            _offer_all(games, kind, piece, _on_edge(kind, piece, edge, axes), best)
            # also the smooth tops at which it takes part after all
            willing = -1e-12 * (1.0 + np.abs(games.follower_outside))
            points = _inside(kind, piece, axes)
            _offer_all(games, kind, piece, points, best, edge, willing)
        # where the follower stays out, and the corners
        points = [*_corner_points(axes), *_alone_points(games, axes), (best.x, best.y)]
        x = np.stack([np.broadcast_to(each[0], best.x.shape) for each in points])
        y = np.stack([np.broadcast_to(each[1], best.x.shape) for each in points])
        x, y = np.fmax(x, games.leader_floor[0]), np.fmax(y, games.leader_floor[1])
        at = evaluate(games, x, y)
        best_row, rows = pick(x, y, at), np.arange(games.size)
        chosen = at.at(best_row, rows)
        fine &= _kept(at.leader[-1], best.leader, at.size[-1]) | np.isneginf(best.leader)
        result = answers(games, x[best_row, rows], y[best_row, rows], chosen)
    return result, fine


def _kept(found: Array, promised: Array, size: Array) -> NDArray[np.bool_]:
    return np.asarray(np.abs(found - promised) <= 1e-8 * size)


def _offer_all(
    games: Pairs,
    kind: Kind,
    piece: Piece,
    points: Iterable[Point],
    best: _Best,
    edge: Quadratic | None = None,
    least: Array | float = 0.0,
) -> None:
    """Offer those points that meet the conditions of their piece."""
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
        if edge is not None:
            good &= follower >= games.follower_outside + least
        leader = np.where(good, piece.leader.value(x, y), -np.inf)
        best.offer(np.fmax(x, low[0]), np.fmax(y, low[1]), leader, follower)


def _inside(kind: Kind, piece: Piece, axes: list[Line]) -> Iterator[Point]:
    """Return where the leader's payoff is stationary on a piece and its borders, and corners."""
    yield piece.leader.stationary()
    lines = _lines(kind, piece, axes)
    for line in lines:
        yield piece.leader.on_line(line)
    for k, line in enumerate(piece.kinks):
        for other in (*axes, *piece.kinks[k + 1 :]):
            yield line.crossing(other)


def _on_edge(kind: Kind, piece: Piece, edge: Quadratic, axes: list[Line]) -> Iterator[Point]:
    yield _top_on_edge(piece.leader, edge)
    for line in _lines(kind, piece, axes):
        yield from edge.zeros_on_line(line)


def _lines(kind: Kind, piece: Piece, axes: list[Line]) -> list[Line]:
    """Return the lines that border a piece; at the follower's floor two pieces share one."""
    floors = [axes[2 + j] for j in (0, 1) if kind[j] != BASE]
    return [*axes[:2], *floors, *piece.kinks]


def _top_on_edge(goal: Quadratic, edge: Quadratic) -> Point:
    """Return the highest point of a concave function where a concave function is zero.

    It is where ``(1 - t) goal + t edge`` is stationary for the t at which `edge` is zero there, and
    `edge` rises with t.
    """
    low, high = np.zeros(goal.c.shape), np.full(goal.c.shape, _LAST)
    t, step = np.full(goal.c.shape, 0.5), np.inf
    x, y = goal.stationary()
    for turn in range(_STEPS):
        a, b, d = (
            (1 - t) * u + t * v for u, v in ((goal.a, edge.a), (goal.b, edge.b), (goal.d, edge.d))
        )
        p, q = (1 - t) * goal.p + t * edge.p, (1 - t) * goal.q + t * edge.q
        det = a * d - b * b
        x, y = (b * q - d * p) / det, (b * p - a * q) / det
        value = edge.value(x, y)
        # derivative of the stationary point: -H^-1 (grad edge - grad goal)
        ex, ey = edge.slope(x, y)
        gx, gy = goal.slope(x, y)
        ux, uy = gx - ex, gy - ey
        dx, dy = (d * ux - b * uy) / det, (a * uy - b * ux) / det
        rise = ex * dx + ey * dy
        low, high = np.where(value < 0, t, low), np.where(value < 0, high, t)
        newton = t - value / rise
        inside = (newton > low) & (newton < high)
        new = np.where(inside, newton, 0.5 * (low + high))
        step = np.abs(new - t)
        t = new
        if turn >= 5 and not np.any(step > 1e-14 * t):
            break
    return placed_on_zero(goal, edge, x, y, 1)


def _corner_points(axes: list[Line]) -> list[Point]:
    return [one.crossing(two) for one in (axes[0], axes[2]) for two in (axes[1], axes[3])]


def _corners(axes: list[Line]) -> Point:
    points = _corner_points(axes)
    x = np.fmax(np.stack([point[0] for point in points]), axes[0].e)
    return x, np.fmax(np.stack([point[1] for point in points]), axes[1].e)


def _alone_points(games: Pairs, axes: list[Line]) -> list[Point]:
    """Return where the leader's payoff without the follower may be highest."""
    if not (games.alone.gradient.any() or _uphill(games.alone.hessian[2:, 2:])):
        return []
    alone = games.alone.along(np.zeros((2, 2, games.size)), np.zeros((2, games.size)))
    return [alone.stationary(), *(alone.on_line(line) for line in axes[:2])]


def _uphill(hessian: Array) -> bool:
    """Whether some game's payoff may rise from 0 in some direction."""
    a, b, d = hessian[0, 0], hessian[0, 1], hessian[1, 1]
    return bool(np.any((a > 0) | (d > 0) | ((b > 0) & (b * b > a * d))))


def _highest_alone(games: Pairs, axes: list[Line]) -> Array:
    """Return the most the leader could get without the follower, were that possible anywhere."""
    points = [(axes[0].e, axes[1].e), *_alone_points(games, axes)]
    low = games.leader_floor
    best = np.full(games.size, -np.inf)
    zero = np.zeros(games.size)
    for x, y in points:
        inside = (x >= low[0]) & (y >= low[1])
        value, _ = games.alone.value((zero, zero), (np.fmax(x, low[0]), np.fmax(y, low[1])))
        best = np.fmax(best, np.where(inside, value, -np.inf))
    return best
