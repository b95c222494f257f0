"""Random games of two families, with a seed.

One specialist and one common share; outside options and disagreement are 0:

===========  =========================================================
exponential  revenue ``R * (1 - exp(-k * alpha1))``
power        revenue ``R * alpha1**k``
both         the generalist's cost ``c0 * alpha0**q0``, the specialist's
             ``c1 * x**q1 + m1 * x + f1`` with ``x = alpha1 - alpha0``
===========  =========================================================
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from opt_games.game import Game
from opt_games.parts import Generalist, Specialist

EXPONENTIAL = "exponential"
POWER = "power"
FAMILIES = (EXPONENTIAL, POWER)
REVENUES = {EXPONENTIAL: "R * (1 - exp(-k * alpha1))", POWER: "R * alpha1**k"}
COST = "c1 * (alpha1 - alpha0)**q1 + m1 * (alpha1 - alpha0)"
ENTRY = " + f1"
NO_LINEAR_COST = 0.5
"""Part of the games in which m1 = 0."""
FIXED_COST = 0.3
"""What f1 is at most, as a part of R."""


def draw(
    family: str, size: int, rng: np.random.Generator, *, fixed_costs: bool
) -> dict[str, NDArray[np.float64]]:
    """Draw the parameters of some games of a family.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    size : int
    rng : numpy.random.Generator
    fixed_costs : bool
        Whether the specialist has a cost of entry f1.

    Returns
    -------
    dict of str to ndarray, shape (size,)
    """
    R = rng.uniform(1.0, 5.0, size)
    linear = np.where(rng.random(size) < NO_LINEAR_COST, 0.0, rng.uniform(0.0, 2.0, size))
    return {
        "R": R,
        "k": rng.uniform(0.3, 2.0 if family == EXPONENTIAL else 0.9, size),
        "c0": np.exp(rng.uniform(np.log(0.05), np.log(2.0), size)),
        "q0": rng.uniform(1.3, 3.0, size),
        "c1": np.exp(rng.uniform(np.log(0.05), np.log(2.0), size)),
        "q1": rng.uniform(1.3, 3.0, size),
        "m1": linear,
        "f1": R * rng.uniform(0.0, FIXED_COST, size) if fixed_costs else np.zeros(size),
    }


def game_of(family: str, parameters: Mapping[str, float]) -> Game:
    """Return the game of a family with these parameters.

    Parameters
    ----------
    family : str
    parameters : mapping of str to float
        As `draw` names them. Without ``f1`` there is no cost of entry.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> drawn = draw("power", 1, rng, fixed_costs=False)
    >>> game = game_of("power", {name: each[0] for name, each in drawn.items()})
    >>> game.specialists[0].revenue.text
    'R * alpha1**k'
    """
    return Game(
        name=f"{family} game",
        generalist=Generalist("c0 * alpha0**q0"),
        specialists=[
            Specialist("domain", REVENUES[family], COST + (ENTRY if "f1" in parameters else ""))
        ],
        parameters={name: float(value) for name, value in parameters.items()},
    )


def random_games(number: int, seed: int) -> dict[str, Game]:
    """Draw games by name: by turns of each family, without and with a cost of entry.

    Parameters
    ----------
    number : int
    seed : int
        The first games of a longer list are those of a shorter one.

    Examples
    --------
    >>> list(random_games(4, seed=7))
    ['exponential 7.0', 'power 7.1', 'exponential 7.2', 'power 7.3']
    """
    games = {}
    for k in range(number):
        family, fixed_costs = FAMILIES[k % 2], k % 4 >= 2
        rng = np.random.default_rng([seed, k])
        drawn = {
            name: float(each[0])
            for name, each in draw(family, 1, rng, fixed_costs=fixed_costs).items()
        }
        if not fixed_costs:
            del drawn["f1"]
        games[f"{family} {seed}.{k}"] = game_of(family, drawn)
    return games
