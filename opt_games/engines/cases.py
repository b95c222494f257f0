"""Many games that differ in the values of some parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.checks import check_known
from opt_games.errors import SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.parts import canonical_solution

GIVEN = "given"
"""The solution of cases whose shares are given."""


@dataclass(frozen=True)
class Cases:
    """Many games of one form, and the contract to find for each.

    Attributes
    ----------
    game : Game
        Gives the formulas, and the values of all parameters that do not vary.
    parameters : mapping of str to ndarray, shape (cases,)
        The values of those that do.
    solution : str
        Canonical name of a bargaining solution, or ``"given"``.
    shares : ndarray, shape (cases,), or None
        The common share of the generalist where the solution is ``"given"``; by default the share
        that the game's contract gives.

    Raises
    ------
    SpecError
        If a parameter is unknown, or the lengths differ.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> cases = Cases(opt_games.load("quadratic"), {"c1": np.array([0.5, 1.0])}, "nash")
    >>> cases.size, cases.game_of(1).parameters["c1"]
    (2, 1.0)
    """

    game: Game
    parameters: Mapping[str, Array]
    solution: str
    shares: Array | None = None

    def __post_init__(self) -> None:
        known = tuple(self.game.parameters)
        check_known(self.parameters, known, key="parameters", what="parameter")
        columns = list(self.parameters.values()) + ([] if self.shares is None else [self.shares])
        if not columns:
            raise SpecError("no parameter and no share varies: there are no cases")
        if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
            raise SpecError("the columns of cases must have one common length")
        solution = GIVEN if self.solution == GIVEN else canonical_solution(self.solution)
        object.__setattr__(self, "solution", solution)
        if solution != GIVEN and self.shares is not None:
            raise SpecError("give shares or a bargaining solution, not both")
        if solution == GIVEN and self.shares is None and self.game.contract.share is None:
            raise SpecError("no share is given, and the contract has none", key="contract.share")

    @property
    def size(self) -> int:
        """Number of cases."""
        if self.shares is not None:
            return int(self.shares.size)
        return int(next(iter(self.parameters.values())).size)

    def select(self, where: NDArray[np.int64] | slice) -> Cases:
        """Return some of the cases."""
        return Cases(
            self.game,
            {name: values[where] for name, values in self.parameters.items()},
            self.solution,
            None if self.shares is None else self.shares[where],
        )

    def game_of(self, case: int) -> Game:
        """Return the game of one case; raise `SpecError` if its values are out of range."""
        values = {name: float(column[case]) for name, column in self.parameters.items()}
        return self.game.with_parameters(**values) if values else self.game

    def share_of(self, case: int) -> float | None:
        """Return the share given for one case, None where it is bargained for."""
        if self.solution != GIVEN:
            return None
        if self.shares is not None:
            return float(self.shares[case])
        return self.game_of(case).shares_given()

    def parts(self, size: int) -> Iterator[Cases]:
        """Cut the cases into parts of at most this many."""
        for start in range(0, self.size, size):
            yield self.select(slice(start, start + size))
