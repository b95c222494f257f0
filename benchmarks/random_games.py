"""Random games of the two families that the peers are compared on.

One specialist, one common share, Nash bargain, outside options and disagreement of 0:

===========  =========================================================
exponential  revenue ``R * (1 - exp(-k * alpha1))``
power        revenue ``R * alpha1**k``
both         the generalist's cost ``c0 * alpha0**q0``, the specialist's
             ``c1 * x**q1 + m1 * x + f1`` with ``x = alpha1 - alpha0``
===========  =========================================================

The parameters are drawn like those of ``tests/data/nash_*.csv``; there f1 = 0.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import opt_games
from opt_games.benchmark.families import EXPONENTIAL as EXPONENTIAL
from opt_games.benchmark.families import FAMILIES, draw, game_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Games:
    """Games of one family; every parameter is an array with one value per game."""

    family: str
    R: Array
    k: Array
    c0: Array
    q0: Array
    c1: Array
    q1: Array
    m1: Array
    f1: Array

    @property
    def size(self) -> int:
        """Number of games."""
        return int(self.R.size)

    @property
    def parameters(self) -> dict[str, Array]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def select(self, where: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Games:
        """Return some of the games."""
        return Games(self.family, **{name: each[where] for name, each in self.parameters.items()})

    def table(self) -> Array:
        """Return the parameters as rows, in the order of `PARAMETERS`."""
        return np.stack(list(self.parameters.values()))


PARAMETERS = tuple(each.name for each in fields(Games))[1:]


def random_games(number: int, seed: int, *, fixed_costs: bool = False) -> tuple[Games, Games]:
    """Draw games, half of them of each family."""
    rng = np.random.default_rng(seed)
    sizes = (number - number // 2, number // 2)
    exponential, power = (
        Games(family, **draw(family, size, rng, fixed_costs=fixed_costs))
        for family, size in zip(FAMILIES, sizes, strict=True)
    )
    return exponential, power


def known_games(folder: Path, family: str) -> tuple[Games, dict[str, Array]]:
    """Read the games of ``nash_FAMILY.csv``, and the columns that hold their Nash bargains."""
    with (folder / f"nash_{family}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    def column(name: str) -> Array:
        return np.array([float(row[name]) for row in rows])

    drawn = {name: column(name) for name in PARAMETERS if name != "f1"}
    answers = {name: column(name) for name in ("delta", "U_G", "U_D", "alpha0", "alpha1")}
    return Games(family, **drawn, f1=np.zeros(len(rows))), answers


def form_of(games: Games) -> opt_games.Game:
    """Return the package's game of which these differ in the parameters only.

    Examples
    --------
    >>> form_of(random_games(4, seed=0)[1]).specialists[0].revenue.text
    'R * alpha1**k'
    """
    names = PARAMETERS if games.f1.any() else PARAMETERS[:-1]
    return game_of(games.family, {name: float(games.parameters[name][0]) for name in names})
