"""``opt-games sweep``."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from opt_games.commands.shared import (
    AsJson,
    Set,
    SolverName,
    Spec,
    print_json,
    read_game,
    read_shares,
    solver_options,
    tell,
)
from opt_games.errors import SpecError
from opt_games.game import Game
from opt_games.sweeps.api import CHECKED, Swept, run
from opt_games.sweeps.plan import Plan
from opt_games.sweeps.values import Values, parse_vary

NO_ANSWER, INTERRUPTED = 3, 130
_SHOWN = 5  # reasons of failures

Output = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="OUT.nc", help="The netCDF file.", show_default=False),
]
Vary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUES",
        help="c0=0.1:10:50 (50 values), c0=0.1:10:50:log or c0=1,2,5; also share=... "
        "Several make a grid.",
    ),
]
Points = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="One game per row of a CSV or Parquet file, instead."),
]
Bargains = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="Bargaining solutions: nash, or nash,ks, or ..."),
]
GivenShare = Annotated[
    list[str] | None,
    typer.Option(metavar="SHARE", help="The generalist's share, instead, such as 0.4."),
]
EngineName = Annotated[
    str, typer.Option(metavar="NAME", help="batch, ipopt or one-by-one; auto: what is fastest.")
]
ExecutorName = Annotated[
    str | None,
    typer.Option(metavar="WHERE", help="processes (the default), in-process, dask://host:port."),
]
Workers = Annotated[
    int | None,
    typer.Option(metavar="N", help="Processes on this machine; by default one per core."),
]
Checked = Annotated[
    int, typer.Option("--check", metavar="N", help="Points that a second engine solves, too.")
]
Seed = Annotated[int, typer.Option(metavar="N", help="Of the choice of these points.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on after an interruption.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Chunk = Annotated[
    int | None, typer.Option(metavar="N", help="Points that are solved and kept together.")
]


def sweep(
    spec: Spec,
    output: Output,
    vary: Vary = None,
    points: Points = None,
    bargain: Bargains = None,
    share: GivenShare = None,
    set_: Set = None,
    solver: SolverName = "ipopt",
    engine: EngineName = "auto",
    executor: ExecutorName = None,
    workers: Workers = None,
    check: Checked = CHECKED,
    seed: Seed = 0,
    resume: Resume = False,
    overwrite: Overwrite = False,
    chunk: Chunk = None,
    as_json: AsJson = False,
) -> None:
    """Solve a game for many values of its parameters, and write them to a netCDF file.

    Finished parts are kept in OUT.nc.parts until the file is complete. Without --bargain and
    --share: the solution or share that the spec gives, else nash.
    """
    begin = time.perf_counter()
    solver_options(solver, None)
    if solver != "ipopt":
        raise SpecError(
            f"the engines of a sweep are built on ipopt: leave it out, or use {solver} for single "
            "games with opt-games solve",
            key="--solver",
        )
    game = read_game(spec, set_)
    try:
        plan = Plan.of(
            game,
            _values(game, vary, points),
            bargain=None if bargain is None else [name.strip() for name in bargain.split(",")],
            share=_one_share(share),
            engine=engine,
            part_size=chunk,
            seed=seed,
        )
        found = run(
            plan,
            executor=executor,
            workers=workers,
            check=check,
            path=output,
            resume=resume,
            overwrite=overwrite,
            tell=tell,
        )
    except SpecError as error:
        raise SpecError(
            error.message, file=error.file, key=_OPTIONS.get(str(error.key), error.key)
        ) from None
    except KeyboardInterrupt as stop:
        tell(str(stop) or "interrupted")
        raise typer.Exit(INTERRUPTED) from None
    found.dataset.close()
    seconds = time.perf_counter() - begin
    _report(found, output, seconds)
    if as_json:
        print_json(_document(plan, found, output, seconds))
    if found.tally.all_failed:
        raise typer.Exit(NO_ANSWER)


_OPTIONS = {
    **{
        name: f"--{name}"
        for name in (
            *("vary", "points", "bargain", "share", "engine", "executor", "workers", "check"),
            *("resume", "overwrite", "chunk"),
        )
    },
    "path": "-o",
}
"""Options by the names of the arguments that they stand for."""


def _values(game: Game, vary: list[str] | None, points: Path | None) -> Values:
    if points is None:
        return Values.grid(game, parse_vary(vary or []))
    if vary:
        raise SpecError("give --vary or --points, not both", key="--points")
    from opt_games.spec.table import read_table

    columns = read_table(points, {"name": "is no parameter"}).columns
    try:
        return Values.points(game, columns)
    except SpecError as error:
        raise SpecError(error.message, file=str(points)) from None


def _one_share(given: list[str] | None) -> float | None:
    share = read_shares(given) if given else None
    if isinstance(share, dict):
        raise SpecError("a sweep takes one share for all specialists, such as 0.4", key="--share")
    return share


def _report(found: Swept, output: Path, seconds: float) -> None:
    tally, check = found.tally, found.check
    counts = ", ".join(f"{count} {status}" for status, count in tally.counts.items())
    before = f", {found.resumed} of them before" if found.resumed else ""
    tell(f"{tally.points} points{before}: {counts}; {seconds:.1f} s, by {', '.join(tally.engines)}")
    for reason, count in tally.reasons.most_common(_SHOWN):
        tell(f"failed {count} times: {reason}")
    if len(tally.reasons) > _SHOWN:
        tell(f"and for {len(tally.reasons) - _SHOWN} other reasons")
    if check.points:
        tell(
            f"{check.points} solved again by {', '.join(check.engines)}: largest difference "
            f"{check.largest_difference:.2g}"
        )
    tell(f"wrote {output}")


def _document(plan: Plan, found: Swept, output: Path, seconds: float) -> dict[str, Any]:
    tally, check = found.tally, found.check
    largest = check.largest_difference
    return {
        "game": plan.job.game.name,
        "path": str(output),
        "points": tally.points,
        "resumed": found.resumed,
        "solutions": list(plan.job.solutions),
        "counts": dict(tally.counts),
        "reasons": dict(tally.reasons),
        "engine": list(tally.engines),
        "check": {
            "points": check.points,
            "engine": list(check.engines),
            "largest_difference": largest if math.isfinite(largest) else None,
            "agrees": check.agrees,
        },
        "seconds": seconds,
    }
