"""The command line: ``opt-games``.

Answers go to standard output, messages to standard error. What only some commands need is imported
by them: the start should not cost much more than Pyomo and CasADi do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

import opt_games
from opt_games.commands.bench import bench
from opt_games.commands.conditions import conditions
from opt_games.commands.pareto import pareto
from opt_games.commands.plot import plot as plot_command
from opt_games.commands.regulate import regulate
from opt_games.commands.shared import (
    PROGRAM,
    AsJson,
    Bargain,
    Plot,
    Set,
    Share,
    SolverName,
    Spec,
    TimeLimit,
    check_picture_file,
    print_json,
    print_report,
    read_contract,
    read_game,
    solver_options,
    tell,
)
from opt_games.commands.sweep import sweep
from opt_games.commands.verify import verify
from opt_games.errors import OptGamesError, SpecError
from opt_games.solvers import solvers

WRONG_INPUT, NO_ANSWER, INTERRUPTED = 2, 3, 130

app = typer.Typer(
    name=PROGRAM,
    help="Solve fine-tuning games: equilibria, bargains and Pareto sets.",
    epilog="Exit codes: 0 done, 2 wrong input, 3 no answer could be computed, 130 interrupted.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of this process.

    Returns
    -------
    int
        The exit code: 0 done, 2 wrong input, 3 no answer could be computed, 130 interrupted.
    """
    try:
        code = app(args=arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        return _complain(f"{error.format_message()} (see {PROGRAM} --help)", WRONG_INPUT)
    except SpecError as error:
        return _complain(str(error), WRONG_INPUT)
    except OptGamesError as error:
        return _complain(str(error), NO_ANSWER)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader has had enough, as in `opt-games models | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def _complain(message: str, code: int) -> int:
    lines = message.splitlines() if code != WRONG_INPUT else [" ".join(message.split())]
    print("\n".join([f"{PROGRAM}: {lines[0] if lines else ''}", *lines[1:]]), file=sys.stderr)
    return code


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"opt_games {opt_games.__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command("solve")
def _solve(
    spec: Spec,
    share: Share = None,
    bargain: Bargain = None,
    set_: Set = None,
    solver: SolverName = "ipopt",
    plot: Plot = None,
    time_limit: TimeLimit = None,
    as_json: AsJson = False,
) -> None:
    """Solve one contract: a given one, or the one that the players bargain for.

    Without --share and --bargain: the solution or share that the spec gives, else nash.
    """
    given, solution = read_contract(share, bargain)
    game, options = read_game(spec, set_), solver_options(solver, time_limit)
    if plot is not None:
        check_picture_file(plot)
    found = opt_games.solve(game, share=given, bargain=solution, solver=solver, options=options)
    if found.equilibrium is not None and not found.equilibrium.certified:
        _warn_uncertified(found.equilibrium.regret)
    if as_json:
        print_json(found.to_dict())
    else:
        from opt_games.report import bargain_report

        print_report(bargain_report(game, found))
    if plot is not None:
        from opt_games.plot import bargain_figure, save

        save(bargain_figure(game, found, solver=solver, options=options), plot)
        tell(f"wrote {plot}")


app.command("pareto")(pareto)


app.command("conditions")(conditions)


app.command("sweep")(sweep)


app.command("regulate")(regulate)


app.command("plot")(plot_command)


app.command("verify")(verify)


app.command("bench")(bench)


@app.command("models")
def _models(as_json: AsJson = False) -> None:
    """List the shipped games."""
    from opt_games.report import models_report

    games = [
        {
            "name": name,
            "title": (game := opt_games.load(path)).name,
            "note": _note(path),
            "source": game.source,
            "path": str(path),
        }
        for name, path in opt_games.shipped_games().items()
    ]
    if as_json:
        print_json(games)
    else:
        print_report(models_report(games))


@app.command("solvers")
def _solvers(as_json: AsJson = False) -> None:
    """List the solvers: which are here, what they can do, and how to get the others."""
    from opt_games.report import solvers_report

    entries = []
    for name, solver in solvers().items():
        here, can = solver.availability(), solver.capabilities
        entries.append(
            {
                "name": name,
                "available": here.available,
                "version": here.version,
                "global": can.global_,
                "needs_derivatives": can.needs_derivatives,
                "needs_bounds": can.needs_bounds,
                "needs_domain": can.needs_domain,
                "integers": can.integers,
                "in_process": can.in_process,
                "warm_start": can.warm_start,
                "refuses": sorted(can.refuses),
                "licence": can.licence,
                "how_to_get": here.how_to_get,
            }
        )
    if as_json:
        print_json(entries)
    else:
        print_report(solvers_report(entries))


def _note(path: Path) -> str:
    """Return the first comment of a spec file: what the game shows, in a line."""
    with path.open(encoding="utf-8") as lines:
        return next((line.lstrip("# ").rstrip() for line in lines if line.startswith("#")), "")


def _warn_uncertified(regret: Mapping[str, float]) -> None:
    player = max(regret, key=lambda each: regret[each])
    tell(
        f"warning: not certified: {player} could gain {regret[player]:.3g} in utility by deviating "
        "from the equilibrium shown"
    )


if __name__ == "__main__":
    sys.exit(main())
