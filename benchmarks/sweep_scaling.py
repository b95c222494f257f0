"""Time and memory of sweeps as they grow, and of bargains as markets grow.

Run it from anywhere with the package installed, and xarray and pyarrow::

    python benchmarks/sweep_scaling.py --points 10000 100000 1000000
    python benchmarks/sweep_scaling.py --specialists 1 10 100 1000 10000 100000 1000000

Every sweep runs in a fresh process, writes its netCDF file, and reports the most memory that this
process and its workers have held.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from peers.package_engine import cases_of
from random_games import form_of, random_games

import opt_games
from opt_games.engines import Cases, get_engine

RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in a unit of ru_maxrss
MARKET = """
schema = 1
name = "A market"

[parameters]
c0 = {cost}

[generalist]
cost = "c0 * alpha0**2"

[[specialists]]
name = "app"
table = "domains.parquet"
revenue = "rho * (1 - exp(-k * alpha1))"
cost = "c1 * (alpha1 - alpha0)**2 + m1 * (alpha1 - alpha0)"
"""


def swept(points: int, seed: int, workers: int, engine: str) -> dict[str, float]:
    """Sweep random games of one family, and return seconds and bytes."""
    games = random_games(2 * points, seed)[0]
    form = form_of(games)
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        opt_games.sweep(
            form,
            points=dict(cases_of(form, games).parameters),
            bargain="nash",
            engine=engine,
            workers=workers,
            path=Path(folder) / "out.nc",
            progress=False,
        ).close()
        seconds = time.perf_counter() - begin
    own, children = (
        resource.getrusage(who).ru_maxrss * RSS_UNIT
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    # of the children, what the largest one held
    return {"points": points, "seconds": seconds, "bytes": own + workers * children}


def bargained(specialists: int, seed: int, engine: str) -> dict[str, float]:
    """Bargain in a market of a Parquet table, and return seconds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    columns = {
        "rho": rng.uniform(1.0, 5.0, specialists),
        "k": rng.uniform(0.3, 2.0, specialists),
        "c1": np.exp(rng.uniform(np.log(0.05), np.log(2.0), specialists)),
        "m1": np.where(rng.random(specialists) < 0.5, 0.0, rng.uniform(0.0, 2.0, specialists)),
    }
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(pa.table(columns), Path(folder) / "domains.parquet")
        spec = Path(folder) / "market.toml"
        spec.write_text(MARKET.format(cost=float(specialists)), encoding="utf-8")
        begin = time.perf_counter()
        game = opt_games.load(spec)
        loaded = time.perf_counter()
    one = Cases(game, {"c0": np.array([game.parameters["c0"]])}, "nash")
    found = get_engine(engine).solve(one)
    done = time.perf_counter()
    return {
        "specialists": specialists,
        "load_seconds": loaded - begin,
        "seconds": done - loaded,
        "share": float(found.shares[0, 0]),
        "slow": bool(found.slow[0]),
    }


def sweeps_table(
    numbers: Sequence[int], seed: int, workers: int, engine: str
) -> list[dict[str, float]]:
    """Print a table of sweeps of so many points."""
    print(f"{'points':>10}{'seconds':>10}{'points/s':>11}{'MB':>8}")
    rows = []
    spawn = multiprocessing.get_context("spawn")
    for number in numbers:
        with ProcessPoolExecutor(1, mp_context=spawn) as fresh:
            row = fresh.submit(swept, number, seed, workers, engine).result()
        rows.append(row)
        print(
            f"{number:>10}{row['seconds']:>10.1f}{number / row['seconds']:>11,.0f}"
            f"{row['bytes'] / 1e6:>8.0f}"
        )
    return rows


def markets_table(numbers: Sequence[int], seed: int, engine: str) -> list[dict[str, float]]:
    """Print a table of markets of so many specialists."""
    print(f"{'specialists':>12}{'load s':>9}{'bargain s':>11}{'us each':>9}{'share':>10}")
    rows = []
    for number in numbers:
        row = bargained(number, seed, engine)
        rows.append(row)
        print(
            f"{number:>12}{row['load_seconds']:>9.2f}{row['seconds']:>11.2f}"
            f"{1e6 * row['seconds'] / number:>9.2f}{row['share']:>10.6f}"
            f"{'  by the slow engine' if row['slow'] else ''}"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--points", type=int, nargs="*", default=[])
    parser.add_argument("--specialists", type=int, nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="batch")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    arguments = parser.parse_args()
    seed, engine = arguments.seed, arguments.engine
    document = {}
    if arguments.points:
        document["sweeps"] = sweeps_table(arguments.points, seed, arguments.workers, engine)
    if arguments.specialists:
        document["markets"] = markets_table(arguments.specialists, seed, engine)
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
