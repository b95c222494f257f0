"""The command ``opt-games verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import opt_games
from opt_games.commands.shared import (
    AsJson,
    Bargain,
    Set,
    Share,
    SolverName,
    print_json,
    print_report,
    read_contract,
    read_game,
    solver_options,
)
from opt_games.errors import SpecError

if TYPE_CHECKING:
    from opt_games.certificates.certificate import Certificate

NOT_CERTIFIED = 3


def verify(
    spec: Annotated[
        str | None,
        typer.Argument(
            metavar="SPEC", help="A spec file, or the name of a shipped game.", show_default=False
        ),
    ] = None,
    share: Share = None,
    bargain: Bargain = None,
    set_: Set = None,
    solver: SolverName = "ipopt",
    tolerance: Annotated[
        float, typer.Option(metavar="NUMBER", help="The largest regret allowed, in utility.")
    ] = 1e-6,
    time_limit: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Stop proving then; what is proven stands."),
    ] = None,
    recheck: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Prove again what `verify --json` wrote; no solving."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Solve and certify: prove how much any player could gain by deviating.

    Exits with 0 if certified, with 3 if not; the bounds are valid in both cases.
    """
    if not tolerance > 0.0:
        raise SpecError("expected a number above 0", key="--tolerance")
    if time_limit is not None and not time_limit > 0.0:
        raise SpecError("expected a number of seconds above 0", key="--time-limit")
    if recheck is not None:
        if spec or share or bargain or set_:
            raise SpecError("the file says what to check: give nothing else", key="--recheck")
        certificate = opt_games.recheck(recheck, time_limit=time_limit)
        if as_json:
            print_json(certificate.to_dict())
    else:
        if spec is None:
            raise SpecError("name a spec file or a shipped game, or give --recheck", key="SPEC")
        given, solution = read_contract(share, bargain)
        game, options = read_game(spec, set_), solver_options(solver, None)
        found = opt_games.solve(game, share=given, bargain=solution, solver=solver, options=options)
        found = opt_games.certify(game, found, tolerance=tolerance, time_limit=time_limit)
        certificate = _of(found)
        if as_json:
            print_json(found.to_dict())
        else:
            from opt_games.report import bargain_report

            print_report(bargain_report(game, found))
    if not as_json:
        from opt_games.certificates.report import certificate_report

        print_report(certificate_report(certificate))
    if not certificate.certified:
        raise typer.Exit(NOT_CERTIFIED)


def _of(found: opt_games.Bargain) -> Certificate:
    assert found.certificate is not None
    return found.certificate
