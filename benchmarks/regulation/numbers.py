"""The numbers behind the figures: sweeps of the shipped games, and what they show.

Where a figure is of a grid, so are the numbers. Thresholds are placed to 1e-10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import opt_games
from opt_games.policy.effects import anarchy, effects

Array = Any
SHARES = np.linspace(0.01, 0.99, 98)
VARIANTS: Mapping[str, Mapping[str, float]] = {
    "c = 0, delta = 0.5": {},
    "c = 0, delta = 0.25": {"delta": 0.25},
    "c = 0, delta = 0.75": {"delta": 0.75},
    **{f"c = {c:g}": {"c0": c, "c1": c} for c in (0.1, -0.1, 0.25, -0.25, 0.75, 1.25)},
}
"""The costs and shares of figure 3."""


def figure1(theta_G: float, theta_D: float) -> opt_games.Equilibrium:
    """Solve the game of three specialists under one regulation."""
    game = opt_games.load("three-domains").with_parameters(theta_G=theta_G, theta_D=theta_D)
    found = opt_games.solve(game).equilibrium
    assert found is not None
    return found


def triangle(first: Array, second: Array) -> dict[str, Array]:
    """Return all policies with theta_D >= theta_G of a grid."""
    theta_G, theta_D = np.meshgrid(first, second, indexing="ij")
    kept = theta_D >= theta_G - 1e-12
    return {"theta_G": theta_G[kept], "theta_D": theta_D[kept]}


def grid(stop: float, step: float) -> Array:
    """Return 0 to a stop in even steps, without the rounding of many additions."""
    return np.round(np.arange(round(stop / step) + 1) * step, 12)


def figure2(step: float = 0.005, **options: Any) -> Any:
    """Sweep both floors; 105,651 games at the step of the figure."""
    points = triangle(grid(1.5, step), grid(2.5, step))
    return effects(opt_games.load("safety"), points=points, check=0, **options)


@dataclass(frozen=True)
class Thresholds:
    """Floors on the specialist at which the outcome changes in kind; nan for never."""

    backfires: float
    binds: float
    abstains: float
    anarchy: float


def figure3(parameters: Mapping[str, float]) -> Thresholds:
    """Sweep the floor on the specialist alone, and place the thresholds."""
    game = opt_games.load("safety").with_parameters(**parameters)
    free = opt_games.solve(anarchy(game)).equilibrium
    assert free is not None
    level = free.levels["domain"]

    def first(test: Callable[[Any], Array]) -> float:
        low, high = 0.0, 3.2
        for nodes in (641, *[101] * 5):
            floors = np.linspace(low, high, nodes)
            found = effects(game, {"theta_D": floors}, check=0, executor="in-process")
            true = np.flatnonzero(test(found))
            if true.size == 0:
                return float("nan")
            if true[0] == 0:
                return float(floors[0])
            low, high = floors[true[0] - 1], floors[true[0]]
        return 0.5 * (low + high)

    def domain(found: Any, name: str) -> Array:
        return found[name].sel(player="domain").values

    return Thresholds(
        first(lambda found: domain(found, "backfiring")[:, 1]),
        first(lambda found: ~domain(found, "abstention") & (domain(found, "utility") < 1e-9)),
        first(lambda found: domain(found, "abstention")),
        float(level["beta"]) if level else float("nan"),
    )


@dataclass(frozen=True)
class Maps:
    """What a bargain leads to by policy; arrays of shape (policies,)."""

    lead_floor: Array
    floor: Array
    share: Array
    utilities: Array
    abstention: Array
    backfiring: Array
    mutualism: Array
    objective: float
    """That of the bargain in anarchy."""


OBJECTIVES: Mapping[str, Callable[[Array], Array]] = {
    "utilitarian": lambda utilities: utilities.sum(axis=-1),
    "nash": lambda utilities: utilities.prod(axis=-1),
    "egalitarian": lambda utilities: utilities.min(axis=-1),
}


def figure4_games(**options: Any) -> Any:
    """Solve every policy of the grid at every share: 49,686 games, and anarchy at every share."""
    policies = triangle(grid(1.2, 0.1), grid(2.5, 0.05))
    points = {name: np.repeat(values, SHARES.size) for name, values in policies.items()}
    points["share"] = np.tile(SHARES, policies["theta_G"].size)
    return effects(opt_games.load("safety"), points=points, check=0, **options)


def figure4(games: Any, solution: str) -> Maps:
    """Let the players bargain over the shares under every policy.

    Where no share is better than another by the objective, the sum of utilities decides.
    """
    count = SHARES.size

    def table(name: str) -> Array:
        values = games[name].values
        return values.reshape(-1, count, *values.shape[1:])

    utility, free = table("utility"), table("anarchy_utility")[0]
    level, before = table("level"), table("anarchy_level")[0]

    def bargained(utilities: Array) -> Array:
        value, total = OBJECTIVES[solution](utilities), utilities.sum(axis=-1)
        tied = value >= value.max(axis=-1, keepdims=True) - 1e-12
        return np.where(tied, total, -np.inf).argmax(axis=-1)

    chosen, base = bargained(utility), int(bargained(free))
    rows = np.arange(chosen.size)
    gained = utility[rows, chosen] - free[base]
    return Maps(
        games["theta_G"].values[::count],
        games["theta_D"].values[::count],
        SHARES[chosen],
        utility[rows, chosen],
        table("abstention")[rows, chosen, 1],
        level[rows, chosen, 1, 1] < before[base, 1, 1] - 1e-9,
        (gained > 1e-9).all(axis=-1),
        float(OBJECTIVES[solution](free)[base]),
    )


def figure5(games: Any) -> dict[str, Array]:
    """Return corners of the hulls of attainable utilities, by who is regulated."""
    from scipy.spatial import ConvexHull

    theta_G, theta_D = games["theta_G"].values, games["theta_D"].values
    which = {
        "none": (theta_G == 0) & (theta_D == 0),
        "generalist": theta_D == theta_G,
        "specialist": theta_G == 0,
        "both": np.ones(theta_G.size, dtype=bool),
    }
    utilities = games["utility"].values
    found = {}
    for name, rows in which.items():
        points = np.vstack([utilities[rows], np.zeros((1, 2))])
        found[name] = points[ConvexHull(points).vertices]
    return found
