"""``opt-games bench``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from opt_games.commands.shared import (
    AsJson,
    check_picture_file,
    print_json,
    print_report,
    solver_options,
    tell,
)
from opt_games.errors import SpecError

INTERRUPTED = 130

Solvers = Annotated[
    list[str] | None,
    typer.Option("--solver", metavar="NAME", help="By default all that are here. Repeatable."),
]
Games = Annotated[
    list[str] | None,
    typer.Option(
        "--game",
        metavar="SPEC",
        help="A shipped game or a spec file; by default all shipped games. Repeatable.",
    ),
]
Random = Annotated[int, typer.Option(metavar="N", help="Random games to add.")]
Seed = Annotated[int, typer.Option(metavar="S", help="Of the random games and the starts.")]
Starts = Annotated[
    int, typer.Option(metavar="K", help="Starting points: the model's own, then others.")
]
Limit = Annotated[
    float, typer.Option("--time-limit", metavar="SECONDS", help="Of every single solve.")
]
Known = Annotated[
    bool, typer.Option("--known", help="Add the problems with known optima; needs pytest.")
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE.json", help="Keep the results.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with that file.")]
Compare = Annotated[
    Path | None, typer.Option(metavar="OLD.json", help="Say what changed since then.")
]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw the performance profile: png, pdf, svg, eps or jpg."),
]


def bench(
    solver: Solvers = None,
    game: Games = None,
    random: Random = 0,
    seed: Seed = 0,
    starts: Starts = 3,
    time_limit: Limit = 10.0,
    known: Known = False,
    output: Output = None,
    resume: Resume = False,
    compare: Compare = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Compare solvers: right answers, wrong claims, failures and time.

    Every game is solved and certified first; its formulations are then solved by every solver, in
    a process of its own, from every start. Right is what agrees with the certified answer.
    """
    from opt_games.benchmark.comparison import compare as compared
    from opt_games.benchmark.report import bench_report, comparison_report
    from opt_games.benchmark.run import bench as run
    from opt_games.benchmark.store import read

    for name in solver or []:
        solver_options(name, None)
    if plot is not None:
        check_picture_file(plot)
    if output is not None:
        _check_output(output, resume)
    before = None if compare is None else read(compare)
    try:
        found = run(
            game,
            solvers=solver,
            random=random,
            seed=seed,
            starts=starts,
            time_limit=time_limit,
            known=known,
            path=output,
            resume=resume,
            tell=tell,
        )
    except SpecError as error:
        option = None if error.key is None else _OPTIONS.get(error.key, error.key)
        raise SpecError(error.message, file=error.file, key=option) from None
    except KeyboardInterrupt:
        kept = "" if output is None else f": {output} holds what is done, --resume goes on"
        tell(f"interrupted{kept}")
        raise typer.Exit(INTERRUPTED) from None
    comparison = None if before is None else compared(before, found)
    if as_json:
        document = found.to_dict()
        print_json(
            document if comparison is None else {**document, "comparison": comparison.to_dict()}
        )
    else:
        print_report(bench_report(found))
        if comparison is not None:
            print_report(comparison_report(comparison))
    if output is not None:
        tell(f"wrote {output}")
    if plot is not None:
        from opt_games.plot import plot_profile, save

        save(plot_profile(found.profile()).figure, plot)
        tell(f"wrote {plot}")


_OPTIONS = {
    name: f"--{name.replace('_', '-')}"
    for name in ("solver", "game", "random", "seed", "starts", "time_limit", "known", "resume")
} | {"games": "--game"}
"""Options by the names of the arguments that they stand for."""


def _check_output(path: Path, resume: bool) -> None:
    """Find out before the work whether the results can be written there."""
    if path.is_dir():
        raise SpecError(f"{path} is a folder: name a file", key="-o")
    if not path.parent.is_dir():
        raise SpecError(f"no folder {path.parent}: make it first", key="-o")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise SpecError(f"cannot write into {path.parent}", key="-o")
    if path.exists() and not resume:
        raise SpecError(
            f"{path} is there: --resume goes on with it, or name another file", key="-o"
        )
