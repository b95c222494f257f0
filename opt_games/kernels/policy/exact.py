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

import numpy as np

from opt_games.kernels.policy.pair import Answers, Pairs, answers, evaluate, pick
from opt_games.kernels.policy.pieces import BASE, FLOOR, FREE, Kind, Piece, axes_of, pieces_of
from opt_games.kernels.policy.quadratic import Point, Quadratic, common_zeros, highest_on_zero
from opt_games.kernels.policy.screen import settle


def _smooth_candidates(games: Pairs, pieces: dict[Kind, Piece]) -> Iterator[Point]:
    """Stationary points of pieces and lines, and where lines meet."""
    axes = axes_of(games)
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
    games: Pairs, pieces: dict[Kind, Piece], edge: Quadratic, *goals: Quadratic
) -> Iterator[Point]:
    """Points of a curve that are stationary along it, and where lines meet it."""
    for goal in goals:
        xs, ys = highest_on_zero(goal, edge)
        yield from zip(xs, ys, strict=True)
    kinks = [line for piece in pieces.values() for line in piece.kinks]
    for line in (*axes_of(games), *kinks):
        for x, y in edge.zeros_on_line(line):
            yield edge.onto_zero(x, y, 2)


def _all_edges(games: Pairs, pieces: dict[Kind, Piece]) -> Iterator[Point]:
    """Candidates on the curves where the follower leaves."""
    for piece in pieces.values():
        edge = piece.follower.less(games.follower_outside)
        yield from _edge_candidates(games, pieces, edge, piece.leader)


def _jumps(games: Pairs, pieces: dict[Kind, Piece]) -> Iterator[Point]:
    """Candidates where a follower with more than one top is indifferent between two."""
    for first in ((FREE, BASE), (FREE, FLOOR)):
        for second in ((BASE, FREE), (FLOOR, FREE)):
            one, two = pieces[first], pieces[second]
            edge = one.follower - two.follower
            yield from _edge_candidates(games, pieces, edge, one.leader, two.leader)
            xs, ys = common_zeros(edge, one.follower.less(games.follower_outside))
            yield from zip(xs, ys, strict=True)


def solve_pairs(games: Pairs) -> Answers:
    """Find the equilibrium of every game.

    Parameters
    ----------
    games : Pairs
        All of them `Pairs.bounded`.
    """
    found, settled = settle(games)
    rest = np.flatnonzero(~settled)
    if rest.size == 0:
        return found
    return found.replaced(rest, solve_thoroughly(games.take(rest)))


def solve_thoroughly(games: Pairs) -> Answers:
    """Evaluate every candidate of every game in full."""
    with np.errstate(all="ignore"):
        pieces = pieces_of(games)
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
    best, rows = pick(x, y, at), np.arange(games.size)
    return answers(games, x[best, rows], y[best, rows], at.at(best, rows))
