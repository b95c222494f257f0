"""Compare the sweeps' engines with what users would pick instead, side by side in one run.

Run it from anywhere with the package installed, and SciPy and xarray::

    python benchmarks/sweep_peers.py --games 100000 --seed 1

All solve the same random games: the Nash bargain of a generalist and one specialist. Slow peers
get the first of them only. Every peer is measured in turn, several rounds, and medians are shown:
machines differ, ratios less so. Answers are judged by a brute force of its own. Rates are of one
process, and compiling is apart; the sweeps at the end run on all cores, end to end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from peers import (
    casadi_ipopt,
    casadi_rootfinder,
    exp_log,
    nested_scipy,
    package_engine,
    pyomo_executable,
)
from peers.answers import Answers, Solve
from peers.brute_force import bargains
from peers.judge import TOLERANCE, Verdicts, judged
from random_games import Games, random_games

from opt_games.errors import OptGamesError

GROSS = 1e-3  # an answer as wrong as this is no matter of precision
WARM_UP = 8  # games of each family that are solved before the clock starts
CASADI, SCIPY = "CasADi + IPOPT, cold", "nested minimize_scalar"


@dataclass(frozen=True)
class Peer:
    """A way to solve games; `most` games a round are enough to time it."""

    name: str
    prepare: Callable[[str], Solve]
    most: int


def peers() -> list[Peer]:
    """Return all peers; slow ones solve fewer games."""
    engine = package_engine.prepare
    return [
        Peer(SCIPY, nested_scipy.prepare, 30),
        Peer("nested, brentq inside", nested_scipy.prepare_brentq, 200),
        Peer("Pyomo + executable", pyomo_executable.prepare, 40),
        Peer(CASADI, casadi_ipopt.prepare, 1000),
        Peer("CasADi + IPOPT, warm", casadi_ipopt.prepare_warm, 1000),
        Peer("CasADi rootfinder, mapped", casadi_rootfinder.prepare, 20_000),
        Peer("our one-by-one engine", partial(engine, name="one-by-one"), 10),
        Peer("our ipopt engine", partial(engine, name="ipopt"), 2000),
        Peer("our batch engine", partial(engine, name="batch"), 1_000_000),
        Peer("our batch-numba engine", partial(engine, name="batch-numba"), 1_000_000),
    ]


@dataclass
class Row:
    """What was measured of a peer."""

    name: str
    unavailable: str | None = None
    games: int = 0
    compile_seconds: float = 0.0
    rates: list[float] = field(default_factory=list)
    judged: int = 0
    wrong: int = 0
    gross: int = 0
    missing: int = 0
    beats_reference: int = 0
    wrong_games: list[str] = field(default_factory=list)
    share_1e8: float = np.nan
    share_1e6: float = np.nan

    @property
    def rate(self) -> float:
        """Games per second."""
        return statistics.median(self.rates) if self.rates else np.nan

    def document(self) -> dict[str, object]:
        """Return the numbers for JSON, `None` for what is not known."""
        known = {**asdict(self), "rate": self.rate}
        return {
            name: None if isinstance(each, float) and not np.isfinite(each) else each
            for name, each in known.items()
        }


Pair = tuple[Games, ...]


def first(games: Pair, number: int) -> Pair:
    """Return the first games of both families."""
    return tuple(each.select(slice(0, -(-number // len(games)))) for each in games)


def measured(chosen: Sequence[Peer], games: Pair, rounds: int, sample: int) -> list[Row]:
    """Time all peers and judge their answers."""
    reference = [bargains(each)[0] for each in first(games, sample)]
    rows, solvers = [], {}
    for peer in chosen:
        row = Row(peer.name)
        rows.append(row)
        begin = time.perf_counter()
        try:
            solvers[peer.name] = [peer.prepare(each.family) for each in games]
            for solve, each in zip(solvers[peer.name], first(games, 2 * WARM_UP), strict=True):
                solve(each)
        except (OptGamesError, RuntimeError) as error:
            solvers.pop(peer.name, None)
            row.unavailable = str(error)
        row.compile_seconds = time.perf_counter() - begin
    answers: dict[str, list[Answers]] = {}
    for _ in range(rounds):
        for peer, row in zip(chosen, rows, strict=True):
            if peer.name not in solvers:
                continue
            part = first(games, peer.most)
            row.games = sum(each.size for each in part)
            begin = time.perf_counter()
            answers[peer.name] = [
                solve(each) for solve, each in zip(solvers[peer.name], part, strict=True)
            ]
            row.rates.append(row.games / (time.perf_counter() - begin))
    for row in rows:
        if row.name in answers:
            _judge(row, games, answers[row.name], reference)
    return rows


def _judge(row: Row, games: Pair, answers: list[Answers], reference: list[Answers]) -> None:
    found: dict[float, list[Verdicts]] = {TOLERANCE: [], GROSS: []}
    for each, mine, right in zip(games, answers, reference, strict=True):
        part = slice(0, min(mine.size, right.size))
        for tolerance, verdicts in found.items():
            verdicts.append(
                judged(each.select(part), mine.select(part), right.select(part), tolerance)
            )
    fine = found[TOLERANCE]
    for each, verdict in zip(games, fine, strict=True):
        row.wrong_games += [f"{each.family}-{game}" for game in np.flatnonzero(verdict.wrong)]
    row.judged = sum(each.judged for each in fine)
    row.wrong = sum(int(each.wrong.sum()) for each in fine)
    row.gross = sum(int(each.wrong.sum()) for each in found[GROSS])
    row.missing = sum(int(each.missing.sum()) for each in fine)
    row.beats_reference = sum(int(each.better.sum()) for each in fine)
    sizes = [each.judged for each in fine]
    row.share_1e8 = float(np.average([each.close(1e-8) for each in fine], weights=sizes))
    row.share_1e6 = float(np.average([each.close(1e-6) for each in fine], weights=sizes))


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.3g}"


def show(rows: Sequence[Row], bound: float) -> None:
    """Print a table."""
    rates = {row.name: row.rate for row in rows}
    casadi, scipy = rates.get(CASADI, np.nan), rates.get(SCIPY, np.nan)
    print(
        f"{'':<28}{'games':>8}{'games/s':>11}{'/CasADi':>9}{'/SciPy':>9}{'bound/':>11}"
        f"{'wrong':>7}{'grossly':>9}{'no answer':>11}{'judged':>8}{'share 1e-8':>12}{'1e-6':>7}"
        f"{'compile s':>11}"
    )
    for row in rows:
        if row.unavailable is not None:
            print(f"{row.name:<28}  not available: {row.unavailable}")
            continue
        print(
            f"{row.name:<28}{row.games:>8}{_short(row.rate):>11}{_short(row.rate / casadi):>9}"
            f"{_short(row.rate / scipy):>9}{_short(bound / row.rate):>11}"
            f"{row.wrong:>7}{row.gross:>9}{row.missing:>11}{row.judged:>8}"
            f"{row.share_1e8:>12.1%}{row.share_1e6:>7.1%}{row.compile_seconds:>11.2f}"
        )
        if row.beats_reference:
            print(f"{'':<28}  {row.beats_reference} right answers beat the reference: it is wrong")


def sweeps(games: Pair, engine: str, bounds: dict[int, float]) -> list[dict[str, object]]:
    """Time whole sweeps, on one process and on all cores."""
    print(f"\n{'whole sweeps':<28}{'games':>8}{'games/s':>11}{'processes':>11}{'bound/':>10}")
    found: list[dict[str, object]] = []
    number = sum(each.size for each in games)
    for workers, bound in bounds.items():
        try:
            rate = package_engine.swept(games, engine=engine, workers=workers)
        except OptGamesError as error:
            print(f"{engine:<28}  not available: {error}")
            break
        print(f"{engine:<28}{number:>8}{rate:>11,.0f}{workers:>11}{_short(bound / rate):>10}")
        found.append({"engine": engine, "processes": workers, "games": number, "rate": rate})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--games", type=int, default=2000, help="random games (default 2000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judged", type=int, default=2000, help="games judged (default 2000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, help="at most so many games of any peer")
    parser.add_argument("--only", help="peers whose names contain this, and CasADi's and SciPy's")
    parser.add_argument("--fixed-costs", action="store_true", help="specialists may abstain")
    parser.add_argument("--no-sweep", action="store_true", help="leave the whole sweeps out")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    arguments = parser.parse_args()
    games = random_games(arguments.games, arguments.seed, fixed_costs=arguments.fixed_costs)
    limit = arguments.most or arguments.games
    chosen = [
        Peer(peer.name, peer.prepare, min(peer.most, limit))
        for peer in peers()
        if not arguments.only or arguments.only in peer.name or peer.name in (CASADI, SCIPY)
    ]
    cores = os.cpu_count() or 1
    bounds = {count: exp_log.games_per_second(count) for count in sorted({1, cores})}
    rows = measured(chosen, games, arguments.rounds, min(arguments.judged, arguments.games))
    print(
        f"{arguments.games} games, seed {arguments.seed}"
        f"{', with fixed costs' if arguments.fixed_costs else ''}; medians of {arguments.rounds} "
        f"rounds. Bound: {exp_log.PAIRS} pairs of exp and log a game, "
        + ", ".join(f"{rate:,.0f} games/s on {count}" for count, rate in bounds.items())
    )
    show(rows, bounds[1])
    swept = [] if arguments.no_sweep else sweeps(games, "batch", bounds)
    if arguments.json:
        document = {
            "arguments": {name: str(each) for name, each in vars(arguments).items()},
            "bounds": bounds,
            "peers": [row.document() for row in rows],
            "sweeps": swept,
        }
        arguments.json.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
