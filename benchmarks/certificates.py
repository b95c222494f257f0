"""Certificates of the shipped games and of random ones: proven regrets, and what they take.

    python benchmarks/certificates.py --games 100 --data tests/data

Every game is solved for its bargain (of the random games the share is that of the table), then
certified. A row tells whether everything was proven, the largest proven regret, the gap of the
bargain where one can be had, and seconds. A contradiction is a deviation that is proven to gain
more than the tolerance.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from pathlib import Path

import opt_games

REVENUES = {"exponential": "R * (1 - exp(-k * alpha1))", "power": "R * alpha1**k"}
COST = "c1 * (alpha1 - alpha0)**q1 + m1 * (alpha1 - alpha0)"
NAMES = ("R", "k", "c0", "q0", "c1", "q1", "m1")


def shipped(time_limit: float) -> None:
    print(f"{'game':<18} {'certified':<10} {'regret':>9} {'gap':>9} {'solve':>7} {'certify':>8}")
    for name in opt_games.shipped_games():
        game = opt_games.load(name)
        begin = time.perf_counter()
        found = opt_games.solve(game)
        solved = time.perf_counter() - begin
        certificate = opt_games.certify(game, found, time_limit=time_limit).certificate
        assert certificate is not None
        gap = None if certificate.bargain is None else certificate.bargain.gap
        print(
            f"{name:<18} {'yes' if certificate.certified else 'NO':<10} "
            f"{max(certificate.regret.values()):9.1e} {'-' if gap is None else f'{gap:.1e}':>9} "
            f"{solved:6.2f}s {certificate.seconds:7.2f}s"
        )


def random_games(family: str, table: Path, count: int, time_limit: float) -> None:
    seconds, regrets, failed, contradictions = [], [], [], 0
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))[:count]
    for number, row in enumerate(rows):
        game = opt_games.Game(
            f"{family}-{number}",
            opt_games.Generalist("c0 * alpha0**q0"),
            [opt_games.Specialist("domain", REVENUES[family], COST)],
            parameters={name: float(row[name]) for name in NAMES},
        )
        found = opt_games.solve(game, share=float(row["delta"]))
        certificate = opt_games.certify(game, found, time_limit=time_limit).certificate
        assert certificate is not None
        seconds.append(certificate.seconds)
        regrets.append(max(certificate.regret.values()))
        contradictions += bool(certificate.deviations)
        if not certificate.certified:
            failed.append(game.name)
    print(
        f"{family}: {len(rows) - len(failed)} of {len(rows)} certified, "
        f"{contradictions} contradictions, largest regret {max(regrets):.1e}; seconds: median "
        f"{statistics.median(seconds):.2f}, largest {max(seconds):.2f}"
    )
    if failed:
        print(f"  not certified: {', '.join(failed)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=100, help="random games of each family")
    parser.add_argument("--data", type=Path, default=Path("tests/data"), help="tables of games")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for each game")
    parser.add_argument("--skip-shipped", action="store_true")
    given = parser.parse_args()
    if not given.skip_shipped:
        shipped(given.time_limit)
    for family in REVENUES:
        random_games(family, given.data / f"nash_{family}.csv", given.games, given.time_limit)


if __name__ == "__main__":
    main()
