"""Conditions over two parameters: a map whose boundaries are bisected."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from opt_games.errors import SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.regions.cells import Cells, Piece, cut_cells
from opt_games.regions.condition import Condition
from opt_games.regions.edges import find_crossings, without_thin_points
from opt_games.regions.line import check_range
from opt_games.regions.survey import Codes, Survey

POINTS = 41


@dataclass(frozen=True)
class ConditionMap:
    """How the outcome of a game changes in kind over two parameters.

    Attributes
    ----------
    game : str
    parameters : (str, str)
    solution : str
        Canonical name of the bargaining solution, or ``"given"``.
    values : (ndarray, ndarray)
        The grid: the values scanned of each parameter.
    conditions : tuple of Condition
        The distinct ones, in the order met.
    codes : ndarray of int, shape (first values, second values)
        Positions in `conditions`.
    crossings : ndarray, shape (crossings, 2)
        Where boundaries cross the lines of the grid, bisected.
    cells : Cells
        The plane cut up by the boundaries, which join the crossings.
    players : tuple of str
    solved, failures : int
        How many games were solved, and how many of them have no answer.
    """

    game: str
    parameters: tuple[str, str]
    solution: str
    values: tuple[Array, Array]
    conditions: tuple[Condition, ...]
    codes: Codes
    crossings: Array
    cells: Cells
    players: tuple[str, ...]
    solved: int
    failures: int

    def to_dict(self) -> dict[str, Any]:
        """Return the map as a document for JSON."""
        return {
            "parameters": list(self.parameters),
            "solution": self.solution,
            "conditions": [condition.to_dict() for condition in self.conditions],
            "values": [values.tolist() for values in self.values],
            "codes": self.codes.tolist(),
            "boundaries": [
                {"between": sides.tolist(), "from": ends[0].tolist(), "to": ends[1].tolist()}
                for sides, ends in zip(self.cells.between, self.cells.boundaries, strict=True)
            ],
        }


def condition_map(
    game: Game,
    ranges: Mapping[str, tuple[float, float]],
    *,
    bargain: str | None = None,
    share: float | Mapping[str, float] | None = None,
    points: int | tuple[int, int] = POINTS,
    log: Collection[str] = (),
    tolerance: float = 1e-6,
    engine: str = "auto",
) -> ConditionMap:
    """Find how the outcome of a game changes in kind over two parameters.

    A grid is scanned. Wherever two neighbours on it differ, the changes between them are bisected,
    and the boundaries are drawn from crossing to crossing.

    Parameters
    ----------
    game : Game
    ranges : mapping of str to (float, float)
        Two parameters, or one and ``"share"``, and how far each goes.
    bargain, share, tolerance, engine : optional
        As in `conditions`.
    points : int or (int, int)
        How many values of each are scanned. What lies wholly between the lines of the grid is
        missed. Within a cell boundaries are straight, and three of them meet in the middle.
    log : collection of str
        The parameters whose scan is even in the logarithm.

    Returns
    -------
    ConditionMap

    Raises
    ------
    SpecError
        If the parameters, the ranges, the share or the solution make no sense for the game.
    SolverError
        If there is no answer anywhere on the grid.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> found = opt_games.condition_map(
    ...     game, {"c0": (0.5, 2.0), "share": (0.1, 0.9)}, points=2
    ... )
    >>> [condition.in_words() for condition in found.conditions]
    ['law contributes, revenue shared']
    """
    if len(ranges) != 2:
        raise SpecError(f"a map has two parameters, not {len(ranges)}: give two ranges")
    first, second = names = tuple(ranges)
    counts = (points, points) if isinstance(points, int) else points
    for name in log:
        if name not in names:
            raise SpecError(f"the map has {first} and {second}, no {name}", key="log")
    values = [
        check_range(game, name, *ranges[name], count, name in log, tolerance)
        for name, count in zip(names, counts, strict=True)
    ]
    survey = Survey(game, names, bargain=bargain, share=share, engine=engine)
    grid = np.stack(np.meshgrid(*values, indexing="ij"), axis=-1)
    codes = survey(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    survey.require_an_answer()
    width = tolerance * np.minimum(1.0, [high - low for low, high in ranges.values()])
    crossings = find_crossings(survey, grid, codes, width)
    codes, crossings = without_thin_points(grid, codes, crossings, width)
    cells = cut_cells(grid, codes, crossings, survey)
    left, codes, cells = _numbered_anew(codes, cells)
    return ConditionMap(
        game.name,
        (first, second),
        survey.solution,
        (values[0], values[1]),
        tuple(survey.conditions[code] for code in left),
        codes,
        np.array([each.point for along in crossings.values() for each in along]).reshape(-1, 2),
        cells,
        game.players,
        survey.solved,
        survey.failures,
    )


def _numbered_anew(codes: Codes, cells: Cells) -> tuple[list[int], Codes, Cells]:
    """Renumber the conditions that are left on a map; return which these are, and the map."""
    kinds = [codes.ravel(), cells.between.ravel(), np.array([p.code for p in cells.pieces])]
    left = np.unique(np.concatenate(kinds)).astype(np.int64)
    numbers = np.full(left[-1] + 2, -1)  # the last stands for -1, a cell that is cut
    numbers[left] = np.arange(left.size)
    pieces = tuple(Piece(int(numbers[p.code]), p.corners) for p in cells.pieces)
    whole, between = numbers[cells.whole], numbers[cells.between]
    return left.tolist(), numbers[codes], Cells(whole, pieces, cells.boundaries, between)
