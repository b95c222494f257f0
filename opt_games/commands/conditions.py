"""``opt-games conditions``."""

from __future__ import annotations

from typing import Annotated

import typer

import opt_games
from opt_games.commands.shared import (
    AsJson,
    Bargain,
    Plot,
    Set,
    Share,
    Spec,
    check_picture_file,
    print_json,
    print_report,
    read_contract,
    read_game,
    read_number,
    tell,
)
from opt_games.errors import SpecError
from opt_games.names import quoted
from opt_games.regions.line import POINTS

Vary = Annotated[
    list[str],
    typer.Option(
        metavar="NAME=LOW:HIGH",
        help="The parameter and its range, such as c1=0.1:10; c1=0.1:10:500 scans 500 values "
        f"instead of {POINTS}, c1=0.1:10:log evenly in the logarithm.",
        show_default=False,
    ),
]


def conditions(
    spec: Spec,
    vary: Vary,
    share: Share = None,
    bargain: Bargain = None,
    set_: Set = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Find where along one parameter the outcome changes in kind.

    That is regimes, agreement, and whether the revenue is really shared. The range is scanned and
    every change bisected to 1e-6. Without --share and --bargain: as in `solve`.
    """
    if len(vary) > 1:
        raise SpecError("vary one parameter; in Python condition_map takes two", key="--vary")
    name, low, high, points, log = read_range(vary[0])
    given, solution = read_contract(share, bargain)
    game = read_game(spec, set_)
    if plot is not None:
        check_picture_file(plot)
    found = opt_games.conditions(
        game, name, low, high, bargain=solution, share=given, points=points, log=log
    )
    if found.failures:
        tell(f"warning: {found.failures} of {found.solved} games have no answer")
    if as_json:
        print_json(found.to_dict())
    else:
        from opt_games.report import conditions_report

        print_report(conditions_report(found))
    if plot is not None:
        from opt_games.plot import plot_conditions, save

        save(plot_conditions(found).figure, plot)
        tell(f"wrote {plot}")


def read_range(text: str) -> tuple[str, float, float, int, bool]:
    """Read ``c1=0.1:10``, ``c1=0.1:10:500``, ``c1=0.1:10:log`` or ``c1=0.1:10:500:log``.

    Returns
    -------
    name : str
    low, high : float
    points : int
    log : bool

    Examples
    --------
    >>> read_range("c1=0.1:10:log")
    ('c1', 0.1, 10.0, 201, True)
    """
    name, sign, values = text.partition("=")
    name, parts = name.strip(), [part.strip() for part in values.split(":")]
    log = len(parts) > 2 and parts[-1] == "log"
    parts = parts[:-1] if log else parts
    if not sign or not name or len(parts) not in (2, 3):
        raise SpecError(f"expected a range, such as c1=0.1:10, not {quoted(text)}", key="--vary")
    example = f"{name}=0.1:10"
    low, high = (read_number(part, "--vary", example) for part in parts[:2])
    points = POINTS
    if len(parts) == 3:
        if not parts[2].isdecimal():
            raise SpecError(f"expected a number of values, not {quoted(parts[2])}", key="--vary")
        points = int(parts[2])
    return name, low, high, points, log
