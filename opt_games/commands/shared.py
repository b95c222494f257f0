"""What several commands share: their options, how these are read, where output goes."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
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
Share = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SHARE",
        help="A given contract: the generalist's share, such as 0.4, or law=0.4. Repeatable.",
    ),
]
Bargain = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A bargaining solution: nash, utilitarian, ks, ..."),
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


def read_game(spec: str, assignments: list[str] | None) -> Game:
    """Return the game of a spec, with the parameters that ``--set`` changes."""
    game = opt_games.load(spec)
    values: dict[str, float] = {}
    for text in assignments or []:
        name, sign, number = text.partition("=")
        name = name.strip()
        if not sign or not name:
            raise SpecError(f"expected NAME=NUMBER, such as c0=2, not {quoted(text)}", key="--set")
        if name in values:
            raise SpecError(f"{quoted(name)} is set twice: set it once", key="--set")
        values[name] = read_number(number, "--set", f"{name}=2")
    return game.with_parameters(**values) if values else game


def read_shares(given: list[str]) -> float | dict[str, float]:
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
        shares[name] = read_number(number, "--share", f"{name}=0.4" if name else "0.4")
        if not 0.0 <= shares[name] <= 1.0:
            raise SpecError(f"expected a share between 0 and 1, not {quoted(text)}", key="--share")
    if "" not in shares:
        return shares
    if len(shares) > 1:
        raise SpecError(
            "give one share for all specialists, or one by name for each", key="--share"
        )
    return shares[""]


def read_contract(
    share: list[str] | None, bargain: str | None
) -> tuple[float | dict[str, float] | None, str | None]:
    """Read ``--share`` and ``--bargain``, of which one may be given."""
    if share and bargain is not None:
        raise SpecError("give --share or --bargain, not both")
    given = read_shares(share) if share else None
    return given, None if bargain is None else canonical_solution(bargain)


def read_number(text: str, option: str, example: str) -> float:
    """Read a finite number; the example shows the user what was expected."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SpecError(f"expected a number, such as {example}, not {quoted(text)}", key=option)
    return number


def solver_options(solver: str, time_limit: float | None) -> SolverOptions | None:
    """Return the options of ``--time-limit``; raise `SpecError` for an unknown solver."""
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


def check_picture_file(path: Path, option: str = "--plot") -> None:
    """Find out before the work whether a picture can be written there."""
    formats = ("png", "pdf", "svg", "eps", "jpg")
    if path.suffix[1:].lower() not in formats:
        listed = ", ".join(f".{each}" for each in formats)
        raise SpecError(f"{path}: a picture's name ends in one of {listed}", key=option)
    if path.is_dir():
        raise SpecError(f"{path} is a folder: name a file", key=option)
    folder = path.parent
    if not folder.is_dir():
        raise SpecError(f"no folder {folder}: make it first", key=option)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SpecError(f"the folder {folder} cannot be written to", key=option)


def print_report(report: RenderableType) -> None:
    """Print a table."""
    from rich.console import Console

    Console(highlight=False).print(report)


def print_json(document: Any) -> None:
    """Print one JSON document."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    text = orjson.dumps(document, default=_plain, option=options).decode()
    # numbers that are not finite would come out as null
    if "null" in text and not _finite(document):
        raise OptGamesError("the answer holds numbers that are not finite: no JSON for it")
    if not text.isascii():  # the terminal may know no other characters
        text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    print(text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value.items())
    raise TypeError(f"no JSON for {type(value).__name__}")


def _finite(document: Any) -> bool:
    """Whether all numbers in a document are finite."""
    if isinstance(document, float):
        return math.isfinite(document)
    if isinstance(document, Mapping):
        document = list(document.values())
    if not isinstance(document, list | tuple):
        return True
    try:
        return all(map(math.isfinite, document))
    except TypeError:  # not all are numbers
        return all(map(_finite, document))


def tell(message: str) -> None:
    """Print a message to standard error."""
    print(f"{PROGRAM}: {message}", file=sys.stderr)
