"""Time the exact engine beside candidates in symbols, on the same games, in one run.

Run it from anywhere with the package and sympy installed::

    python benchmarks/regulation_speed.py
    python benchmarks/regulation_speed.py --symbolic 20

The two are compared game by game; where they differ, the one that gives the generalist less has
missed a candidate.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from regulation.games import game
from regulation.symbolic import solve

from opt_games.engines import Cases, get_engine


def columns(kind: str, size: int) -> dict[str, np.ndarray]:
    """Games with C = I as in figure 2, or with random costs and cross terms."""
    rng = np.random.default_rng(0)
    found = {name: np.full(size, value) for name, value in game().parameters.items()}
    found["theta_G"] = rng.uniform(0.0, 1.5, size).round(2)
    found["theta_D"] = (found["theta_G"] + rng.uniform(0.0, 1.5, size)).round(2)
    if kind == "cross terms":
        for who in "01":
            first, second = rng.uniform(0.5, 2.0, (2, size)).round(1)
            cross = (rng.uniform(-0.8, 0.8, size) * np.sqrt(first * second)).round(1)
            found |= {f"c{who}aa": first, f"c{who}bb": second, f"c{who}ab": cross}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", type=int, default=100_000, help="for the exact engine")
    parser.add_argument("--symbolic", type=int, default=6, help="for candidates in symbols")
    given = parser.parse_args()
    engine = get_engine("quadratic")
    for kind in ("C = I", "cross terms"):
        many = columns(kind, given.games)
        engine.solve(Cases(game(), {name: v[:64] for name, v in many.items()}, "given"))
        begin, busy = time.perf_counter(), time.process_time()
        found = engine.solve(Cases(game(), many, "given"))
        wall, busy = time.perf_counter() - begin, time.process_time() - busy
        begin = time.perf_counter()
        answers = [
            solve({name: float(values[k]) for name, values in many.items()})
            for k in range(given.symbolic)
        ]
        slow = given.symbolic / (time.perf_counter() - begin)
        gap = np.array([answer[0] for answer in answers]) - found.utilities[0, : given.symbolic]
        print(
            f"{kind}: exact {given.games / wall:,.0f} games/s, {given.games / busy:,.0f} a second "
            f"of one core, symbols {slow:.3g} games/s, ratio {given.games / wall / slow:,.0f}; "
            f"largest difference {np.abs(gap).max():.2g}, symbols better in {(gap > 1e-8).sum()}"
        )


if __name__ == "__main__":
    main()
