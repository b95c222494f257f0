"""The command line: ``opt-games``.

Answers go to standard output, messages to standard error. What only some commands need is imported
by them: the start should not cost much more than Pyomo and CasADi do.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import opt_games
from opt_games.errors import OptGamesError, SpecError
from opt_games.names import did_you_mean, quoted
from opt_games.parts import canonical_solution
from opt_games.solvers import SolverOptions, solvers

if TYPE_CHECKING:
    from rich.console import RenderableType

    from opt_games.game import Game

PROGRAM = "opt-games"
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

Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", help="A spec file, or the name of a shipped game.", show_default=False
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=NUMBER", help="Another value of a parameter. Repeatable."),
]
SolverName = Annotated[str, typer.Option("--solver", metavar="NAME", help="See `solvers`.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]
Plot = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Also draw a picture: png, pdf, svg, eps or jpg."),
]
TimeLimit = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Wall-clock limit of every single solve.")
]


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
    share: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SHARE",
            help="A given contract: the generalist's share, such as 0.4, or law=0.4. Repeatable.",
        ),
    ] = None,
    bargain: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A bargaining solution: nash, utilitarian, ks, ..."),
    ] = None,
    set_: Set = None,
    solver: SolverName = "ipopt",
    plot: Plot = None,
    time_limit: TimeLimit = None,
    as_json: AsJson = False,
) -> None:
    """Solve one contract: a given one, or the one that the players bargain for.

    Without --share and --bargain: the solution or share that the spec gives, else nash.
    """
    if share and bargain is not None:
        raise SpecError("give --share or --bargain, not both")
    given = _shares(share) if share else None
    solution = None if bargain is None else canonical_solution(bargain)
    game, options = _game(spec, set_), _options(solver, time_limit)
    if plot is not None:
        _check_plot_file(plot)
    found = opt_games.solve(game, share=given, bargain=solution, solver=solver, options=options)
    if found.equilibrium is not None and not found.equilibrium.certified:
        _warn_uncertified(found.equilibrium.regret)
    if as_json:
        _print_json(found.to_dict())
    else:
        from opt_games.report import bargain_report

        _print(bargain_report(game, found))
    if plot is not None:
        from opt_games.plot import bargain_figure, save

        save(bargain_figure(game, found, solver=solver, options=options), plot)
        _tell(f"wrote {plot}")


@app.command("pareto")
def _pareto(
    spec: Spec,
    set_: Set = None,
    solver: SolverName = "ipopt",
    plot: Plot = None,
    time_limit: TimeLimit = None,
    as_json: AsJson = False,
) -> None:
    """Find the Pareto-optimal shares: those that no other share weakly dominates."""
    game, options = _game(spec, set_), _options(solver, time_limit)
    if plot is not None:
        _check_plot_file(plot)
    found = opt_games.pareto(game, solver=solver, options=options)
    if as_json:
        _print_json(found.to_dict())
    else:
        from opt_games.report import pareto_report

        _print(pareto_report(game, found))
    if plot is not None:
        from opt_games.plot import pareto_figure, save

        save(pareto_figure(game, found, solver=solver, options=options), plot)
        _tell(f"wrote {plot}")


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
        _print_json(games)
    else:
        _print(models_report(games))


@app.command("solvers")
def _solvers(as_json: AsJson = False) -> None:
    """List the solvers: which are here, and how to get the others."""
    from opt_games.report import solvers_report

    entries = []
    for name, solver in solvers().items():
        here = solver.availability()
        entries.append(
            {
                "name": name,
                "available": here.available,
                "version": here.version,
                "global": solver.capabilities.global_,
                "how_to_get": here.how_to_get,
            }
        )
    if as_json:
        _print_json(entries)
    else:
        _print(solvers_report(entries))


def _game(spec: str, assignments: list[str] | None) -> Game:
    game = opt_games.load(spec)
    values: dict[str, float] = {}
    for text in assignments or []:
        name, sign, number = text.partition("=")
        name = name.strip()
        if not sign or not name:
            raise SpecError(f"expected NAME=NUMBER, such as c0=2, not {quoted(text)}", key="--set")
        if name in values:
            raise SpecError(f"{quoted(name)} is set twice: set it once", key="--set")
        values[name] = _number(number, "--set", f"{name}=2")
    return game.with_parameters(**values) if values else game


def _shares(given: list[str]) -> float | dict[str, float]:
    """Read ``--share 0.4``, or ``--share law=0.3 --share film=0.6``."""
    shares: dict[str, float] = {}
    for text in given:
        name, sign, number = text.rpartition("=")
        name = name.strip()
        if sign and not name:
            raise SpecError(f"expected 0.4 or law=0.4, not {quoted(text)}", key="--share")
        if name in shares:
            whose = f" for {quoted(name)}" if name else ""
            raise SpecError(f"a share{whose} is given twice: give it once", key="--share")
        shares[name] = _number(number, "--share", f"{name}=0.4" if name else "0.4")
        if not 0.0 <= shares[name] <= 1.0:
            raise SpecError(f"expected a share between 0 and 1, not {quoted(text)}", key="--share")
    if "" not in shares:
        return shares
    if len(shares) > 1:
        raise SpecError(
            "give one share for all specialists, or one by name for each", key="--share"
        )
    return shares[""]


def _number(text: str, option: str, example: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SpecError(f"expected a number, such as {example}, not {quoted(text)}", key=option)
    return number


def _options(solver: str, time_limit: float | None) -> SolverOptions | None:
    known = solvers()
    if solver not in known:
        raise SpecError(
            f"no solver is called {quoted(solver)}{did_you_mean(solver, known)}: choose from "
            f"{', '.join(known)}",
            key="--solver",
        )
    if time_limit is not None and not 0.0 < time_limit < math.inf:
        raise SpecError("expected a number of seconds above 0", key="--time-limit")
    # without a limit, the options that the answers choose for themselves, which are these
    return None if time_limit is None else SolverOptions(time_limit=time_limit, tolerance=1e-11)


def _check_plot_file(path: Path) -> None:
    """Find out before the work whether a picture can be written there."""
    formats = ("png", "pdf", "svg", "eps", "jpg")
    if path.suffix[1:].lower() not in formats:
        listed = ", ".join(f".{each}" for each in formats)
        raise SpecError(f"{path}: a picture's name ends in one of {listed}", key="--plot")
    if path.is_dir():
        raise SpecError(f"{path} is a folder: name a file", key="--plot")
    folder = path.parent
    if not folder.is_dir():
        raise SpecError(f"no folder {folder}: make it first", key="--plot")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SpecError(f"the folder {folder} cannot be written to", key="--plot")


def _note(path: Path) -> str:
    """Return the first comment of a spec file: what the game shows, in a line."""
    with path.open(encoding="utf-8") as lines:
        return next((line.lstrip("# ").rstrip() for line in lines if line.startswith("#")), "")


def _print(report: RenderableType) -> None:
    from rich.console import Console

    Console(highlight=False).print(report)


def _print_json(document: Any) -> None:
    try:
        text = json.dumps(document, indent=2, allow_nan=False)
    except ValueError:
        raise OptGamesError(
            "the answer holds numbers that are not finite: no JSON for it"
        ) from None
    print(text)


def _tell(message: str) -> None:
    print(f"{PROGRAM}: {message}", file=sys.stderr)


def _warn_uncertified(regret: Mapping[str, float]) -> None:
    player = max(regret, key=lambda each: regret[each])
    _tell(
        f"warning: not certified: {player} could gain {regret[player]:.3g} in utility by deviating "
        "from the equilibrium shown"
    )


if __name__ == "__main__":
    sys.exit(main())
