"""Time one Nash bargain over a common share, for n = 1 to 1,000,000 specialists.

Run it from anywhere with the package and pyarrow installed::

    python benchmarks/many_specialists.py
    python benchmarks/many_specialists.py --entry 0.3 --largest 10

The specialists come from a table in Parquet that is drawn by chance. Every size has a process of
its own, and the memory is the peak of that process beyond the interpreter and its libraries.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import opt_games

SPEC = """
schema = 1
name = "A market"
[parameters]
c0 = {size}.0
[generalist]
cost = "c0 * alpha0**2"
[[specialists]]
name = "app"
table = "domains.parquet"
revenue = "rho * (1 - exp(-k * alpha1))"
cost = "entry + c1 * (alpha1 - alpha0)**2"
"""


def write_market(folder: Path, size: int, entry: float) -> Path:
    """Write a table of random domains, and the spec that reads it; return the spec."""
    import pyarrow
    import pyarrow.parquet

    rng = np.random.default_rng(size)
    numbers = {name: rng.uniform(0.5, 2.0, size) for name in ("rho", "k", "c1")}
    numbers["entry"] = entry * rng.uniform(0.0, 1.0, size)
    names = {"name": [f"domain {k}" for k in range(size)]}
    pyarrow.parquet.write_table(pyarrow.table(names | numbers), folder / "domains.parquet")
    spec = folder / "market.toml"
    spec.write_text(SPEC.format(size=size))
    return spec


def peak() -> float:
    """Return the most memory that this process has had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(spec: Path) -> tuple[float, float, float, float, bool, int]:
    """Return seconds to load and to solve, MB, the share, whether it is certified, and replies."""
    import pyarrow.parquet  # noqa: F401

    opt_games.solve(opt_games.load("quadratic"), share=0.5)  # what is imported once is not counted
    before = peak()
    begin = time.perf_counter()
    game = opt_games.load(spec)
    loaded = time.perf_counter()
    found = opt_games.solve(game, bargain="nash")
    solved = time.perf_counter()
    share = next(iter((found.shares or {"": np.nan}).values()))
    certified = found.equilibrium is not None and found.equilibrium.certified
    memory = peak() - before
    return loaded - begin, solved - loaded, memory, share, certified, found.work.solves


def main(largest: int, entry: float) -> None:
    heading = ("specialists", "load s", "solve s", "us each", "MB", "solves", "share", "certified")
    print(("{:>12}" * len(heading)).format(*heading))
    size = 1
    while size <= largest:
        context = multiprocessing.get_context("spawn")
        with (
            tempfile.TemporaryDirectory() as folder,
            ProcessPoolExecutor(1, mp_context=context) as writing,
            ProcessPoolExecutor(1, mp_context=context) as measuring,
        ):
            spec = writing.submit(write_market, Path(folder), size, entry).result()
            load, solve, memory, share, certified, solves = measuring.submit(measure, spec).result()
        each = 1e6 * (load + solve) / size
        print(
            f"{size:>12,}{load:>12.3f}{solve:>12.2f}{each:>12.1f}{memory:>12.0f}{solves:>12}"
            f"{share:>12.8f}{certified!s:>12}",
            flush=True,
        )
        size *= 10


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--largest", type=int, default=1_000_000)
    parser.add_argument("--entry", type=float, default=0.0, help="the largest cost of entry")
    arguments = parser.parse_args()
    main(arguments.largest, arguments.entry)
