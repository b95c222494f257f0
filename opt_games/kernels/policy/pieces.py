"""The nine ways in which a follower's two levels are determined, and the lines between them.

A level is free, at the leader's level, or at the follower's floor. In each way the answer is an
affine function of the base levels, and both payoffs are quadratic functions of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.pair import Pairs
from opt_games.kernels.policy.quadratic import Line, Quadratic

FREE, BASE, FLOOR = range(3)
"""How a level of the follower is determined."""

Kind = tuple[int, int]
KINDS: list[Kind] = [(one, two) for one in range(3) for two in range(3)]


@dataclass(frozen=True)
class Piece:
    """One way in which the follower's levels are determined.

    Attributes
    ----------
    matrix, shift : ndarray, shapes (2, 2, games) and (2, games)
        The answer is ``matrix x0 + shift``.
    leader, follower : Quadratic
        Payoffs as functions of the base levels.
    kinks : tuple of Line
        Where a free level meets the leader's level, and the floor; one pair for each free level.
    """

    matrix: Array
    shift: Array
    leader: Quadratic
    follower: Quadratic
    kinks: tuple[Line, ...]

    def take(self, games: Any) -> Piece:
        """Return some of the games."""
        return Piece(
            self.matrix[..., games],
            self.shift[..., games],
            self.leader[games],
            self.follower[games],
            tuple(line[games] for line in self.kinks),
        )


def pieces_of(games: Pairs) -> dict[Kind, Piece]:
    """Return the nine answers as functions of the base levels."""
    h, g = games.follower.hessian, games.follower.gradient
    zero, one = np.zeros(games.size), np.ones(games.size)
    at_base = [(np.stack([one, zero]), zero), (np.stack([zero, one]), zero)]
    at_floor = [(np.stack([zero, zero]), games.follower_floor[j]) for j in (0, 1)]
    own: dict[int, list[Any]] = {FREE: [None, None], BASE: at_base, FLOOR: at_floor}
    pieces = {}
    for kind in KINDS:
        rows: list[Any] = [own[k][j] for j, k in enumerate(kind)]
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
        pieces[kind] = Piece(
            matrix,
            shift,
            games.leader.along(matrix, shift),
            games.follower.along(matrix, shift),
            tuple(kinks),
        )
    return pieces


def axes_of(games: Pairs) -> list[Line]:
    """Return the floors of the leader, and the lines where it reaches those of the follower."""
    zero, one = np.zeros(games.size), np.ones(games.size)
    return [
        Line(one if j == 0 else zero, zero if j == 0 else one, level[j])
        for level in (games.leader_floor, games.follower_floor)
        for j in (0, 1)
    ]
