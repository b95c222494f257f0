"""Time one bargain, a re-solve with changed parameters, and the command line's start.

Run it from anywhere with the package installed::

    python benchmarks/bargain_times.py

Everything is measured side by side in one run, in turn, and the medians are compared: machines
differ, ratios less so.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

import opt_games
from opt_games.equilibrium import EquilibriumMap
from opt_games.formulations.bargaining_problem import bargaining_problem
from opt_games.formulations.game_model import set_parameters

BASE = "import pyomo.environ, casadi"


def seconds(work: Callable[[], object], runs: int) -> list[float]:
    """Wall-clock seconds of each run, after one that does not count."""
    work()
    found = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return found


def process(*command: str) -> None:
    """Run a command to its end, silently."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def bargains(runs: int) -> None:
    """Time one bargain with all that belongs to it, and its parts."""
    game = opt_games.load("exponential")
    rng = np.random.default_rng(0)
    values = [{"c0": game.parameters["c0"] * f} for f in rng.uniform(0.8, 1.25, 10_000)]
    drawn = iter(values)

    def changed() -> opt_games.Game:
        return game.with_parameters(**next(drawn))

    model = bargaining_problem(game, "nash")
    found = opt_games.solve(game, bargain="nash")
    assert found.equilibrium is not None
    levels = found.equilibrium.levels
    specialist = game.specialists[0].name

    def start_at_answer() -> None:
        base, final = levels["generalist"], levels[specialist]
        assert base is not None
        assert final is not None
        model.common_share.value = found.equilibrium.shares[specialist]
        model.base["alpha"].value = base["alpha"]
        model.domain[specialist].free_level["alpha"].value = final["alpha"]

    start_at_answer()
    problem = opt_games.get_solver("ipopt").compile(model, opt_games.SolverOptions())

    def resolve() -> None:
        set_parameters(model, changed())
        start_at_answer()
        assert problem.solve().ok

    equilibria = EquilibriumMap.of(game)
    share = np.array([0.4])
    grid = np.tile(np.linspace(0.0, 1.0, 97), (1, 1))
    rows = {
        "solve(): Nash bargain, searched globally, with regret": lambda: opt_games.solve(
            changed(), bargain="nash"
        ),
        "solve(): equilibrium of a given share, with regret": lambda: opt_games.solve(
            changed(), share=0.4
        ),
        "equilibria of 97 shares by the array engine": lambda: equilibria.sample(grid),
        "equilibrium of one share, formulas compiled": lambda: equilibria.equilibrium(share),
        "IPOPT: build and compile the bargaining problem": lambda: opt_games.get_solver(
            "ipopt"
        ).compile(bargaining_problem(game, "nash"), opt_games.SolverOptions()),
        "IPOPT: re-solve with changed parameters": resolve,
    }
    print(f"{'one bargain':<56}{'median':>10}{'fastest':>10}   ms")
    for name, work in rows.items():
        times = seconds(work, runs)
        print(f"{name:<56}{1e3 * statistics.median(times):>10.1f}{1e3 * min(times):>10.1f}")


def starts(runs: int) -> None:
    """Compare the command line with the imports that it cannot do without, run by run in turn."""
    python = sys.executable
    cli = "from opt_games.cli import main; import sys; sys.exit(main())"
    commands = {
        f"python -c '{BASE}'": (python, "-c", BASE),
        "opt-games --help": (python, "-c", cli, "--help"),
        "opt-games models": (python, "-c", cli, "models"),
        "opt-games solve quadratic --share 0.4": (
            *(python, "-c", cli, "solve", "quadratic"),
            *("--share", "0.4"),
        ),
        "opt-games solve quadratic": (python, "-c", cli, "solve", "quadratic"),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(runs + 1):
        for name, command in commands.items():
            begin = time.perf_counter()
            process(*command)
            if run:
                times[name].append(time.perf_counter() - begin)
    base = next(iter(times.values()))
    print(f"\n{'start of the command line':<56}{'median':>10}{'ratio':>10}   s, pairwise median")
    for name, found in times.items():
        ratio = statistics.median(a / b for a, b in zip(found, base, strict=True))
        print(f"{name:<56}{statistics.median(found):>10.2f}{ratio:>10.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    bargains(arguments.runs)
    starts(arguments.runs)
