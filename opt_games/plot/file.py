"""Writing a figure to a file."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure, SubFigure

from opt_games.errors import SpecError
from opt_games.plot.style import STYLE


def save(drawn: Figure | SubFigure, path: str | Path) -> None:
    """Write a figure to a file, whole or not at all.

    Parameters
    ----------
    drawn : Figure
        Or a part of one, such as ``axes.figure``; the whole is written.
    path : str or Path
        Its suffix says the format.

    Raises
    ------
    SpecError
        If the file cannot be written.
    """
    target = Path(path)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    kind = target.suffix[1:].lower()
    stamped = {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else {}
    try:
        try:
            with mpl.rc_context(STYLE):
                drawn.figure.savefig(unfinished, format=kind, dpi=200, metadata=stamped or None)
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise SpecError(f"cannot write {target}: {error.strerror or error}", key="--plot") from None
