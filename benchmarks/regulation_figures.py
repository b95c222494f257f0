"""The figures of "The Backfiring Effect of Weak AI Safety Regulation" (arXiv 2503.20848), exactly.

One command each, from anywhere with the package installed::

    python benchmarks/regulation_figures.py 2 -o figure2.png

Figure 1 prints its table. The numbers behind the others are in `regulation.numbers`; they are
those of the paper's games, and not of its drawings where these are wrong: theorem 6.1 needs a floor
just below the safety that the specialist has in anarchy, games stay profitable up to a floor of
2.35 in figure 4, and nothing backfires there at a floor of 0.5.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from regulation.numbers import (
    OBJECTIVES,
    VARIANTS,
    figure1,
    figure2,
    figure3,
    figure4,
    figure4_games,
    figure5,
)

import opt_games
from opt_games.plot import plot_policy, save
from opt_games.plot.policy import LOOKS


def draw1(_: Path) -> None:
    for theta_G, theta_D in ((0, 0), (0, 1), (0.8, 0.8), (0.8, 1.2)):
        at = figure1(theta_G, theta_D)
        levels = "  ".join(
            f"{player} ({level['alpha']:.5f}, {level['beta']:.5f})"
            for player, level in at.levels.items()
            if level
        )
        print(f"({theta_G}, {theta_D}): {levels}, U_G {at.utilities['generalist']:.6f}")


def draw2(path: Path) -> None:
    begin, busy = time.perf_counter(), time.process_time()
    found = figure2()
    wall, busy = time.perf_counter() - begin, time.process_time() - busy
    games = found.sizes["point"]
    print(
        f"{games:,} games in {wall:.1f} s, {games / wall:,.0f} games/s (this process: {busy:.1f} s)"
    )
    save(plot_policy(found, x="theta_G", y="theta_D").figure, path)


def draw3(path: Path) -> None:
    game = opt_games.load("safety")
    figure = Figure(figsize=(9, 8), layout="constrained")
    floors = np.linspace(0, 3, 601)
    for axes, (name, parameters) in zip(figure.subplots(3, 3).flat, VARIANTS.items(), strict=True):
        marks = figure3(parameters)
        print(f"{name}: {marks}")
        here = game.with_parameters(**parameters)
        found = opt_games.effects(here, {"theta_D": floors}, check=0)
        for player in ("generalist", "domain"):
            axes.plot(
                floors, found["level"].sel(player=player, attribute="beta"), label=f"{player} beta"
            )
        axes.axhline(marks.anarchy, color="0.6", lw=0.7)
        axes.axvspan(marks.backfires, marks.anarchy, color=LOOKS["backfiring"])
        axes.axvspan(marks.abstains, 3, color=LOOKS["abstention"])
        axes.set(title=name, xlabel="theta_D", ylabel="safety")
    save(figure, path)


def draw4(path: Path) -> None:
    begin = time.perf_counter()
    games = figure4_games()
    maps = {name: figure4(games, name) for name in OBJECTIVES}
    print(f"{games.sizes['point']:,} games, 3 bargains: {time.perf_counter() - begin:.1f} s")
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    for axes, (name, found) in zip(figure.subplots(1, 3), maps.items(), strict=True):
        for effect, rows in (
            ("mutualism", found.mutualism),
            ("backfiring", found.backfiring),
            ("abstention", found.abstention),
        ):
            axes.scatter(
                found.lead_floor[rows],
                found.floor[rows],
                c=LOOKS[effect],
                s=14,
                marker="s",
                edgecolors="0.45",
                linewidths=0.3,
                label=effect,
            )
        axes.set(title=name, xlabel="theta_G", ylabel="theta_D", xlim=(-0.05, 1.25), ylim=(0, 2.55))
        print(
            f"{name}: {found.objective:.6f} in anarchy; abstention {found.abstention.sum()}, "
            f"backfiring {found.backfiring.sum()}, mutualism {found.mutualism.sum()}"
        )
    axes.legend(frameon=False)
    save(figure, path)


def draw5(path: Path) -> None:
    figure = Figure(figsize=(5, 4.5), layout="constrained")
    axes: Axes = figure.subplots()
    for name, corners in figure5(figure4_games()).items():
        axes.fill(*corners.T, alpha=0.25, label=name)
    axes.set(xlabel="utility of the generalist", ylabel="utility of the specialist")
    axes.legend(title="regulated", frameon=False)
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figure", type=int, choices=range(1, 6))
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    path = given.output or Path(f"figure{given.figure}.png")
    (draw1, draw2, draw3, draw4, draw5)[given.figure - 1](path)


if __name__ == "__main__":
    main()
