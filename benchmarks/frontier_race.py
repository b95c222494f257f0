"""Hypervolume against time: this package, pyaugmecon and NSGA-II on the same frontiers.

    pip install moocore pymoo pyomo-pounce && pip install --no-deps pyaugmecon
    python benchmarks/frontier_race.py --seconds 60

The best hypervolume known is that of the best set which any of the three returns, whatever time it
takes. Only its own choice of contracts counts for each: no archive of all that it tried. Seconds
are those of the processor, children included.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from peers.augmecon import grid
from peers.nsga2 import generations
from peers.processor import processor_seconds

from opt_games import Contract, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.pareto.clock import Clock
from opt_games.pareto.coverage import hypervolume
from opt_games.pareto.separate_shares import FrontierSearch

SEPARATE = Contract(shares="separate")
GAMES = [
    Game(
        "linear revenue, two specialists",
        Generalist("alpha0**2"),
        [
            Specialist("law", "alpha1", "(alpha1 - alpha0)**2"),
            Specialist("film", "0.6 * alpha1", "0.8 * (alpha1 - alpha0)**2"),
        ],
        contract=SEPARATE,
    ),
    Game(
        "saturating revenue and a cost of entry, two specialists",
        Generalist("alpha0**2"),
        [
            Specialist("law", "alpha1", "0.5 * (alpha1 - alpha0)**2"),
            Specialist("film", "2 * (1 - exp(-alpha1))", "0.1 + (alpha1 - alpha0)**2"),
        ],
        contract=SEPARATE,
    ),
    Game(
        "linear revenue, three specialists",
        Generalist("alpha0**2"),
        [
            Specialist("law", "alpha1", "(alpha1 - alpha0)**2"),
            Specialist("film", "0.6 * alpha1", "0.8 * (alpha1 - alpha0)**2"),
            Specialist("music", "1.5 * alpha1", "2 * (alpha1 - alpha0)**2"),
        ],
        contract=SEPARATE,
    ),
]
SIZES = (125, 250, 500, 1000, 2000, 4000, 8000)
GRIDS = {3: (8, 16, 32), 4: (5, 8)}


def package(game: Game) -> Iterator[tuple[float, Array]]:
    """Yield seconds and utilities of ever larger frontiers, each from the game on."""
    for size in SIZES:
        begin = processor_seconds()
        equilibria = EquilibriumMap.of(game)
        search = FrontierSearch.begin(equilibria, size, 0, Clock())
        yield processor_seconds() - begin, search.pool.utilities
        search.run()
        yield processor_seconds() - begin, search.pool.utilities


def volumes(game: Game, run: Iterator[tuple[float, Array]]) -> Array:
    """Return seconds, hypervolume and number of contracts, one column for each answer."""
    reference = game.disagreement_array()
    rows = [(s, hypervolume(found, reference), found.shape[1]) for s, found in run]
    return np.array(rows).T


def first_at(curve: Array, level: float) -> str:
    """Say when a curve reaches a level."""
    reached = curve[0][curve[1] >= level]
    return f"{reached.min():8.2f} s" if reached.size else "   never"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="for each run of NSGA-II")
    parser.add_argument("--populations", type=int, nargs="+", default=[200, 1000, 4000])
    parser.add_argument("--plot", help="file for a picture")
    arguments = parser.parse_args()
    curves: dict[str, dict[str, Array]] = {}
    for game in GAMES:
        equilibria = EquilibriumMap.of(game)
        equilibria.sample(np.full((equilibria.payoffs.size, 4), 0.5))
        runs = {"opt_games": volumes(game, package(game))}
        for size in arguments.populations:
            answers = generations(equilibria, size, arguments.seconds, 1)
            runs[f"NSGA-II, {size}"] = volumes(game, answers)
        sides = GRIDS[len(game.players)]
        runs["pyaugmecon"] = volumes(game, (grid(equilibria, side) for side in sides))
        curves[game.name] = runs
        best = max(curve[1].max() for curve in runs.values())
        print(f"\n{game.name}: best hypervolume known {best:.6f}")
        print(
            f"{'':16}{'reached':>9}{'contracts':>11}{'in':>10}{'97%':>11}{'99%':>11}{'99.9%':>11}"
        )
        for name, curve in runs.items():
            at = curve[1].argmax()
            print(
                f"{name:16}{curve[1, at] / best:9.4%}{curve[2, at]:11.0f}{curve[0, at]:8.2f} s",
                *(first_at(curve, level * best) for level in (0.97, 0.99, 0.999)),
            )
        peers = [curve for name, curve in runs.items() if name != "opt_games"]
        top = max(curve[1].max() for curve in peers)
        slow = min(
            curve[0][curve[1] >= 0.999 * top].min()
            for curve in peers
            if curve[1].max() >= 0.999 * top
        )
        ours = runs["opt_games"]
        fast = ours[0][ours[1] >= 0.999 * top]
        print(f"99.9% of the peers' best: {slow:.2f} s for the better peer", end="")
        print(
            f", {fast.min():.2f} s here, 1/{slow / fast.min():.0f}" if fast.size else ", never here"
        )
    if arguments.plot:
        draw(curves, arguments.plot)


def draw(curves: dict[str, dict[str, Array]], path: str) -> None:
    """Draw what each falls short of the best hypervolume, against time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.0 * len(curves), 3.2), layout="constrained")
    for axes, (name, runs) in zip(figure.subplots(1, len(curves)), curves.items(), strict=True):
        best = max(curve[1].max() for curve in runs.values())
        for label, curve in runs.items():
            order = np.argsort(curve[0])
            so_far = np.maximum.accumulate(curve[1][order])
            axes.step(curve[0][order], 1.0 - so_far / best + 1e-5, where="post", label=label)
        axes.set(xscale="log", yscale="log", xlabel="Processor seconds", title=name)
        axes.set_ylabel("Hypervolume missing, of the best known")
        axes.legend(frameon=False)
    figure.savefig(path)


if __name__ == "__main__":
    main()
