"""The cells of a grid, cut up by the boundaries that cross their edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from opt_games.kernels.array_function import Array
from opt_games.regions.edges import Crossings
from opt_games.regions.survey import Codes


@dataclass(frozen=True)
class Piece:
    """A part of a cell in which one condition holds: a polygon, shape (corners, 2)."""

    code: int
    corners: Array


@dataclass(frozen=True)
class Cells:
    """A rectangle of the plane, cut up by boundaries.

    Attributes
    ----------
    whole : ndarray of int
        The condition of every cell that no boundary crosses, else -1.
    pieces : tuple of Piece
        The parts of the other cells.
    boundaries : ndarray, shape (segments, 2, 2)
    between : ndarray of int, shape (segments, 2)
        The conditions on the two sides.
    """

    whole: Codes
    pieces: tuple[Piece, ...]
    boundaries: Array
    between: Codes


def cut_cells(
    grid: Array, codes: Codes, crossings: Crossings, survey: Callable[[Array], Codes]
) -> Cells:
    """Join the crossings of every cell by straight segments.

    Two crossings are joined. Three or more meet in the middle, unless the condition found there
    shows that one region runs through.

    Parameters
    ----------
    grid : ndarray, shape (first, second, 2)
    codes : ndarray of int, shape (first, second)
    crossings : mapping of edge to list of Crossing
    survey : callable
        From points, shape (points, 2), to codes.
    """
    whole = codes[:-1, :-1].copy()
    cut: list[list[Piece]] = []
    for i, j in sorted(_crossed(crossings, whole.shape)):
        whole[i, j] = -1
        cut.append(_around(grid, crossings, i, j))
    many = [k for k, pieces in enumerate(cut) if len(pieces) > 3]
    middles = np.array([_middle(cut[k]) for k in many]).reshape(-1, 2)
    found = dict(zip(many, survey(middles).tolist(), strict=True))
    pieces: list[Piece] = []
    segments: list[tuple[Array, Array]] = []
    between: list[tuple[int, int]] = []
    for k, around in enumerate(cut):
        parts, lines, sides = _divide(around, found.get(k))
        pieces += parts
        segments += lines
        between += sides
    return Cells(
        whole,
        tuple(pieces),
        np.array(segments).reshape(-1, 2, 2),
        np.array(between, dtype=np.int64).reshape(-1, 2),
    )


def _crossed(crossings: Crossings, shape: tuple[int, ...]) -> set[tuple[int, int]]:
    """Cells with a crossing on an edge."""
    beside = set()
    for (axis, i, j), found in crossings.items():
        if found:
            beside |= {(i, j), (i, j - 1) if axis == 0 else (i - 1, j)}
    return {(i, j) for i, j in beside if 0 <= i < shape[0] and 0 <= j < shape[1]}


def _around(grid: Array, crossings: Crossings, i: int, j: int) -> list[Piece]:
    """Cut the rim of a cell at its crossings, going round once."""
    rim: list[tuple[Array, int | None]] = []
    for corner, edge, forward in (
        ((i, j), (0, i, j), True),
        ((i + 1, j), (1, i + 1, j), True),
        ((i + 1, j + 1), (0, i, j + 1), False),
        ((i, j + 1), (1, i, j), False),
    ):
        rim.append((grid[corner], None))
        along = crossings.get(edge, [])
        rim += [(each.point, each.after) for each in along] if forward else []
        rim += [] if forward else [(each.point, each.before) for each in reversed(along)]
    starts = [k for k, (_, code) in enumerate(rim) if code is not None]
    rim = rim[starts[0] :] + rim[: starts[0] + 1]
    starts = [k for k, (_, code) in enumerate(rim) if code is not None]
    return [
        Piece(int(rim[a][1] or 0), np.array([point for point, _ in rim[a : b + 1]]))
        for a, b in pairwise(starts)
    ]


def _middle(pieces: list[Piece]) -> Array:
    middle: Array = np.mean([piece.corners[0] for piece in pieces], axis=0)
    return middle


def _divide(
    around: list[Piece], middle: int | None
) -> tuple[list[Piece], list[tuple[Array, Array]], list[tuple[int, int]]]:
    """Return the parts of a cell, its boundaries, and the conditions on their two sides."""
    if len(around) == 2:
        first, second = around
        chord = (first.corners[0], first.corners[-1])
        return around, [chord], [(first.code, second.code)]
    through = [piece.code == middle for piece in around]
    alone = all(a or b for a, b in zip(through, through[1:] + through[:1], strict=True))
    if middle is not None and sum(through) > 1 and alone:
        joined = np.concatenate(
            [p.corners for p, inside in zip(around, through, strict=True) if inside]
        )
        others = [piece for piece, inside in zip(around, through, strict=True) if not inside]
        return (
            [Piece(middle, joined), *others],
            [(piece.corners[0], piece.corners[-1]) for piece in others],
            [(middle, piece.code) for piece in others],
        )
    centre = _middle(around)
    before = around[-1:] + around[:-1]
    return (
        [Piece(piece.code, np.vstack([piece.corners, centre])) for piece in around],
        [(piece.corners[0], centre) for piece in around],
        [(left.code, piece.code) for left, piece in zip(before, around, strict=True)],
    )
