"""How many pairs of exponential and logarithm the machine evaluates: a bound on any engine.

A game of the two families costs about `PAIRS` of them if nothing but the evaluations of a tight
scheme is counted: 8 shares with 2 Newton steps each on the way, 4 with 3 on the last stretch, 2 to
3 powers a step, of which each is an exponential and a logarithm, and no safety.
"""

from __future__ import annotations

import multiprocessing
import time

import numpy as np

STEPS = 8 * 2 + 4 * 3
POWERS = 2.5
EXTRA = 60  # payoffs and slopes of the bargain, starts and corners
PAIRS = round(STEPS * POWERS) + EXTRA
SIZE = 4096  # numbers, so that arrays stay in the cache nearest to the core


def pairs_per_second(processes: int = 1, seconds: float = 0.5) -> float:
    """Return how many pairs per second numpy evaluates on this many processes together."""
    if processes == 1:
        return _measured(seconds)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(_measured, [0.01] * processes, chunksize=1)  # so that all have started
        return sum(pool.map(_measured, [seconds] * processes, chunksize=1))


def games_per_second(processes: int = 1) -> float:
    """Return how many games per second there would be if they cost `PAIRS` only."""
    return pairs_per_second(processes) / PAIRS


def _measured(seconds: float) -> float:
    x = np.linspace(0.1, 3.0, SIZE)
    out = np.empty_like(x)
    done = 0
    begin = time.perf_counter()
    while (spent := time.perf_counter() - begin) < seconds:
        for _ in range(50):
            np.exp(x, out=out)
            np.log(out, out=out)
        done += 50 * SIZE
    return done / spent
