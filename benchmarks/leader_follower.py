"""How many bilevel problems of the literature are solved, how well and how fast.

    python benchmarks/leader_follower.py --solver scip --solver maingo --csv results.csv

Solved by a global solver means: proven to a gap of 5e-4, and the leader's objective within 1e-3 of
the best known value, relative to ``max(1, |value|)``. For a local solver only the latter counts.
Each problem runs in a process of its own, which is ended some time after its time limit.
"""

from __future__ import annotations

import argparse
import csv
import math
import multiprocessing
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from bilevel import PROBLEMS, Problem

GAP = 5e-4
CLOSE = 1e-3
GRACE = 30.0


@dataclass(frozen=True)
class Row:
    """One problem by one solver."""

    problem: str
    solver: str
    solved: bool
    status: str
    objective: float
    best: float
    bound: float
    gap: float
    rounds: int
    cuts: int
    seconds: float
    said: str = ""


def run(name: str, solver: str, time_limit: float, found: Any) -> None:
    """Solve one problem and put its row into a queue."""
    from opt_games import LeaderFollower, OptGamesError

    problem = next(each for each in PROBLEMS if each.name == name)
    model = problem.model()
    began = time.perf_counter()
    try:
        result = LeaderFollower(model, followers=model.follower).solve(
            solver, time_limit=time_limit, gap=GAP
        )
    except OptGamesError as error:
        seconds = time.perf_counter() - began
        found.put(_unsolved(problem, solver, "error", seconds, str(error)))
        return
    proof = result.proof
    objective = math.nan if result.leader_objective is None else result.leader_objective
    row = Row(
        problem=name,
        solver=solver,
        solved=solved(problem, str(result.status), objective, local=proof is None),
        status=str(result.status),
        objective=objective,
        best=math.nan if problem.best is None else problem.best,
        bound=math.nan if result.leader_bound is None else result.leader_bound,
        gap=result.gap,
        rounds=0 if proof is None else proof.rounds,
        cuts=0 if proof is None else proof.cuts,
        seconds=result.seconds,
    )
    found.put(row)


def solved(problem: Problem, status: str, objective: float, *, local: bool) -> bool:
    """Tell whether an answer is right, and proven where it should be."""
    if problem.best is None:
        return status == "infeasible"
    right = abs(objective - problem.best) <= CLOSE * max(1.0, abs(problem.best))
    return right and (local or status == "globally-optimal")


def _unsolved(problem: Problem, solver: str, status: str, seconds: float, said: str) -> Row:
    nan, best = math.nan, math.nan if problem.best is None else problem.best
    return Row(problem.name, solver, False, status, nan, best, nan, math.inf, 0, 0, seconds, said)


def contained(problem: Problem, solver: str, time_limit: float) -> Row:
    """Solve one problem in a process of its own."""
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    process = context.Process(target=run, args=(problem.name, solver, time_limit, found))
    process.start()
    process.join(time_limit + GRACE)
    if process.is_alive():
        process.kill()
        process.join()
        return _unsolved(problem, solver, "killed", time_limit + GRACE, "did not stop in time")
    if found.empty():
        return _unsolved(problem, solver, "crashed", 0.0, f"exit code {process.exitcode}")
    row: Row = found.get()
    return row


def line(row: Row) -> str:
    """Return a row of the table."""
    verdict = "" if row.solved else f"  <- not solved {row.said[:120]}"
    return (
        f"{row.problem:14} {row.solver:7} {row.status:17} {row.objective:12.6g} "
        f"{row.best:11.6g} {row.gap:8.1e} {row.cuts:5d} {row.seconds:8.2f}{verdict}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--solver", action="append", help="scip, maingo, ipopt; repeatable")
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds each")
    parser.add_argument("--only", nargs="*", help="names of problems")
    parser.add_argument("--csv", type=Path, help="file for the table")
    options = parser.parse_args()
    rows = []
    head = (
        "problem        solver  status               objective        best      gap  cuts  seconds"
    )
    print(head)
    for solver in options.solver or ["scip"]:
        chosen = [each for each in PROBLEMS if not options.only or each.name in options.only]
        for problem in chosen:
            row = contained(problem, solver, options.time_limit)
            rows.append(row)
            print(line(row), flush=True)
        mine = [row for row in rows if row.solver == solver]
        done = sum(row.solved for row in mine)
        total = sum(row.seconds for row in mine)
        print(f"{solver}: {done} of {len(mine)} solved, in {total:.0f} s")
    if options.csv:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [each.name for each in fields(Row)])
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)


if __name__ == "__main__":
    main()
