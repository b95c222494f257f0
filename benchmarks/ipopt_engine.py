"""Compare the engine ``ipopt`` with CasADi and IPOPT as an expert writes it, on the same games.

Run it from anywhere with the package installed, and SciPy::

    python benchmarks/ipopt_engine.py --games 2000 --seed 1

The expert's script solves one parametric nonlinear program per regime, without looking whether the
answer is an equilibrium; the engine checks every answer, and what it hands on to the slow engine
counts in its time. All are measured in turn, chunk by chunk, in one process, and judged by a brute
force of its own. Rates are per second of processor time; compiling is apart.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from peers import casadi_ipopt
from peers.answers import Answers, Solve
from peers.brute_force import bargains
from peers.judge import judged
from peers.package_engine import cases_of
from random_games import Games, form_of, random_games

from opt_games.engines.ipopt import Ipopt

COLD, WARM, ENGINE = "CasADi + IPOPT, cold", "CasADi + IPOPT, warm", "engine ipopt"
WARM_UP = 8  # games that are solved before the clock starts


@dataclass
class Record:
    """How one of them fared: seconds by chunk, answers in all."""

    seconds: list[float] = field(default_factory=list)
    answers: list[Answers] = field(default_factory=list)
    slow: int = 0


def prepare_engine(record: Record, _family: str) -> Solve:
    """Return the engine as a peer; it notes what it hands on."""
    engine = Ipopt()
    forms: dict[str, object] = {}

    def solve(games: Games) -> Answers:
        form = forms.setdefault("form", form_of(games))
        found = engine.solve(cases_of(form, games))  # type: ignore[arg-type]
        record.slow += int(found.slow.sum())
        return Answers(found.shares[0].copy(), found.utilities[0], found.utilities[1])

    return solve


def run(families: Sequence[Games], chunks: int) -> dict[str, Record]:
    """Let each of them solve chunk after chunk, in turn."""
    records = {name: Record() for name in (COLD, WARM, ENGINE)}
    prepare: dict[str, Callable[[str], Solve]] = {
        COLD: casadi_ipopt.prepare,
        WARM: casadi_ipopt.prepare_warm,
        ENGINE: partial(prepare_engine, records[ENGINE]),
    }
    for games in families:
        solvers = {name: each(games.family) for name, each in prepare.items()}
        for solve in solvers.values():
            solve(games.select(slice(0, WARM_UP)))
        records[ENGINE].slow = 0 if games is families[0] else records[ENGINE].slow
        for part in np.array_split(np.arange(games.size), chunks):
            for name, solve in solvers.items():
                begin = time.process_time()
                records[name].answers.append(solve(games.select(part)))
                records[name].seconds.append(time.process_time() - begin)
    return records


def joined(answers: Sequence[Answers]) -> Answers:
    """Put answers behind each other."""
    return Answers(
        np.concatenate([each.share for each in answers]),
        np.concatenate([each.generalist for each in answers]),
        np.concatenate([each.specialist for each in answers]),
    )


def report(families: Sequence[Games], records: dict[str, Record], chunks: int) -> None:
    """Print rates, ratios chunk by chunk, and wrong answers."""
    references = [bargains(games)[0] for games in families]
    total = sum(games.size for games in families)
    base = records[COLD].seconds
    print(f"{'':<24}{'games/s':>10}{'ratio':>8}{'wrong':>8}{'missing':>9}{'slow':>6}")
    for name, record in records.items():
        wrong = missing = 0
        for k, games in enumerate(families):
            answers = joined(record.answers[k * chunks : (k + 1) * chunks])
            verdicts = judged(games, answers, references[k])
            wrong += int(verdicts.wrong.sum())
            missing += int(verdicts.missing.sum())
        ratio = statistics.median(a / b for a, b in zip(base, record.seconds, strict=True))
        rate = total / sum(record.seconds)
        print(f"{name:<24}{rate:>10.0f}{ratio:>8.2f}{wrong:>8}{missing:>9}{record.slow:>6}")
    overall = sum(base) / sum(records[ENGINE].seconds)
    print(f"\n{total} games; over all of them the engine is {overall:.2f} times the cold script")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--games", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fixed-costs", action="store_true")
    parser.add_argument("--chunks", type=int, default=3, help="of each family, in turn")
    arguments = parser.parse_args()
    drawn = random_games(arguments.games, arguments.seed, fixed_costs=arguments.fixed_costs)
    report(drawn, run(drawn, arguments.chunks), arguments.chunks)
