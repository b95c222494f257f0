"""``opt-games plot``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from opt_games.commands.shared import check_picture_file, read_number, tell
from opt_games.errors import SpecError
from opt_games.names import did_you_mean, quoted

if TYPE_CHECKING:
    import xarray as xr

File = Annotated[
    Path, typer.Argument(metavar="OUT.nc", help="The file of a sweep.", show_default=False)
]
Variable = Annotated[
    str, typer.Option(metavar="NAME", help="utility, share, profit, level, regime, status, ...")
]
Player = Annotated[str | None, typer.Option(metavar="NAME", help="The player, such as law.")]
Solution = Annotated[str | None, typer.Option(metavar="NAME", help="One of several solutions.")]
At = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=NUMBER",
        help="Fix a parameter at the nearest value swept, where more than two vary. Repeatable.",
    ),
]
X = Annotated[str | None, typer.Option("--x", metavar="NAME", help="What runs across.")]
Y = Annotated[str | None, typer.Option("--y", metavar="NAME", help="What runs up.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="png, pdf, svg, eps or jpg; default OUT.png."
    ),
]


def plot(
    file: File,
    variable: Variable = "utility",
    player: Player = None,
    solution: Solution = None,
    at: At = None,
    x: X = None,
    y: Y = None,
    output: Output = None,
) -> None:
    """Draw a sweep: lines over one parameter, a heat map over two, with changes of regime."""
    target = file.with_suffix(".png") if output is None else output
    check_picture_file(target, "--output")
    sweep = _open(file)
    from opt_games.plot import plot_sweep, save

    with sweep:
        shown = _fixed(sweep, at or [])
        axes = plot_sweep(shown, variable, player=player, solution=solution, x=x, y=y)
        save(axes.figure, target)
    tell(f"wrote {target}")


def _open(file: Path) -> xr.Dataset:
    import xarray as xr

    if not file.is_file():
        raise SpecError(f"no file {file}: opt-games sweep writes one")
    try:
        sweep = xr.open_dataset(file, engine="h5netcdf")
    except (OSError, ValueError) as error:
        raise SpecError(f"{file} is no netCDF file that can be read: {error}") from None
    if "status" not in sweep:
        raise SpecError(f"{file} holds no sweep: it has no variable called status")
    return sweep


def _fixed(sweep: xr.Dataset, assignments: list[str]) -> xr.Dataset:
    """Return the part of a sweep that ``--at`` names."""
    for text in assignments:
        name, sign, number = (part.strip() for part in text.partition("="))
        if not sign or not name:
            raise SpecError(f"expected NAME=NUMBER, such as c0=2, not {quoted(text)}", key="--at")
        swept = [str(dim) for dim in sweep.dims if sweep[dim].dtype.kind == "f"]
        if name not in swept:
            raise SpecError(
                f"the sweep has no dimension {quoted(name)}{did_you_mean(name, swept)}: it has "
                f"{', '.join(swept) or 'none with numbers'}",
                key="--at",
            )
        value = read_number(number, "--at", f"{name}=2")
        sweep = sweep.isel({name: int(np.argmin(np.abs(sweep[name].values - value)))})
    return sweep
