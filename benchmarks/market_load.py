"""Time a market from its file to the arrays of the kernels, for n = 100 to 1,000,000.

Run it from anywhere with the package and pyarrow installed::

    python benchmarks/market_load.py
    python benchmarks/market_load.py --format csv --largest 100000

Every size has a process of its own, so that the peak of memory is its own, too. The memory is what
the market takes beyond the interpreter and its libraries.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

import opt_games
from opt_games.kernels.payoffs import compile_payoffs

SPEC = """
schema = 1
name = "A market"
[parameters]
c0 = 1.0
[generalist]
cost = "c0 * alpha0**2"
[[specialists]]
name = "app"
table = "{table}"
revenue = "rho * (1 - exp(-k * alpha1))"
cost = "c1 * (alpha1 - alpha0)**2 + m * alpha1"
outside_option = "0.01 * rho"
utility = "1 - exp(-profit / rho)"
"""
STEPS = ("load", "change", "payoffs", "compile", "answer")

Result = TypeVar("Result")


def write_market(folder: Path, size: int, form: str) -> Path:
    """Write a table of random domains, and the spec that reads it; return the spec."""
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    rng = np.random.default_rng(size)
    columns = {"name": [f"domain {k}" for k in range(size)]}
    numbers = {name: rng.uniform(0.5, 2.0, size) for name in ("rho", "k", "c1", "m")}
    table = pyarrow.table(columns | numbers)
    path = folder / f"domains.{form}"
    if form == "csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pyarrow.parquet.write_table(table, path)
    spec = folder / "market.toml"
    spec.write_text(SPEC.format(table=path.name))
    return spec


def peak() -> float:
    """Return the most memory that this process has had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def measure(spec: Path) -> tuple[list[float], float]:
    """Return the seconds of every step, and the MB that they took."""
    warm = opt_games.load("quadratic")  # what is imported and compiled once is not counted
    compile_payoffs(warm)
    if spec.with_name("domains.parquet").exists():
        import pyarrow.parquet  # noqa: F401
    before = peak()
    seconds: list[float] = []

    def timed(work: Callable[[], Result]) -> Result:
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
        return result

    game = timed(lambda: opt_games.load(spec))
    changed = timed(lambda: game.with_parameters(c0=2.0))
    timed(lambda: (changed.outside_array(), changed.disagreement_array(), changed.weight_array()))
    payoffs = timed(lambda: compile_payoffs(changed))
    profits = np.ones(payoffs.size + 1)
    timed(lambda: dict(zip(game.players, payoffs.utilities(profits).tolist(), strict=True)))
    return seconds, peak() - before


def main(form: str, largest: int) -> None:
    size = 100
    heading = "".join(f"{step:>10}" for step in (*STEPS, "total"))
    print(f"{form:>9}{heading}   seconds{'us each':>10}{'MB':>8}")
    while size <= largest:
        context = multiprocessing.get_context("spawn")
        with (
            tempfile.TemporaryDirectory() as folder,
            ProcessPoolExecutor(1, mp_context=context) as writing,
            ProcessPoolExecutor(1, mp_context=context) as measuring,
        ):
            spec = writing.submit(write_market, Path(folder), size, form).result()
            seconds, memory = measuring.submit(measure, spec).result()
        total = sum(seconds)
        row = "".join(f"{each:>10.4f}" for each in (*seconds, total))
        print(f"{size:>9,}{row}{1e6 * total / size:>20.2f}{memory:>8.0f}", flush=True)
        size *= 10


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--largest", type=int, default=1_000_000)
    arguments = parser.parse_args()
    main(arguments.format, arguments.largest)
