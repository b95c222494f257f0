"""``opt-games pareto``: the Pareto-optimal contracts."""

from __future__ import annotations

from typing import Annotated

import typer

import opt_games
from opt_games.commands.shared import (
    AsJson,
    Plot,
    Set,
    SolverName,
    Spec,
    check_picture_file,
    print_json,
    print_report,
    read_game,
    solver_options,
    tell,
)


def pareto(
    spec: Spec,
    set_: Set = None,
    solver: SolverName = "ipopt",
    points: Annotated[
        int,
        typer.Option(
            metavar="NUMBER", help="Contracts to spread over the frontier of separate shares."
        ),
    ] = 2000,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="Of random directions: the same, the same answer.")
    ] = 0,
    plot: Plot = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="Wall-clock limit of the answer: what there is then is shown."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the Pareto-optimal contracts: those that no other contract weakly dominates."""
    solver_options(solver, time_limit)
    game = read_game(spec, set_)
    if plot is not None:
        check_picture_file(plot)
    found = opt_games.pareto(game, points=points, seed=seed, time_limit=time_limit, solver=solver)
    if not found.complete:
        tell(f"warning: partial: {found.missing}")
    if as_json:
        print_json(found.to_dict())
    else:
        from opt_games.report import pareto_report

        print_report(pareto_report(game, found))
    if plot is not None:
        from opt_games.plot import pareto_figure, save

        save(pareto_figure(game, found, solver=solver), plot)
        tell(f"wrote {plot}")
