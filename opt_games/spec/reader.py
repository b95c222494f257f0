"""From a spec file to a game."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opt_games.checks import RESERVED
from opt_games.errors import SpecError
from opt_games.game import (
    Bargaining,
    Contract,
    Game,
    Generalist,
    Harm,
    Regulation,
    Specialist,
    SpecialistTable,
    Taxes,
    Welfare,
)
from opt_games.names import as_key, did_you_mean, quoted
from opt_games.shipped import shipped_games
from opt_games.spec.forms import as_formula
from opt_games.spec.table import read_table

if TYPE_CHECKING:
    from opt_games.spec import schema


def load(path_or_name: str | Path) -> Game:
    """Read a game from a spec file, or a shipped game by its name.

    Parameters
    ----------
    path_or_name : str or Path
        A path, or the name of a shipped game, such as ``"quadratic"``.

    Raises
    ------
    SpecError
        If there is no such game, or anything in it is wrong: in one line, with file, key and fix.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "game.toml")
    ...     _ = path.write_text('''
    ...     schema = 1
    ...     name = "A game"
    ...     [generalist]
    ...     cost = "alpha0**2"
    ...     [[specialists]]
    ...     name = "law"
    ...     revenue = "alpha1"
    ...     cost = "(alpha1 - alpha0)**2"
    ...     ''')
    ...     load(path).players
    ('generalist', 'law')
    """
    path = _find(path_or_name)
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError(f"cannot read the file: {reason}", file=str(path)) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError(
            f"not UTF-8 at byte {error.start}: save the file as UTF-8", file=str(path)
        ) from None
    return loads(text, file=str(path), folder=path.parent)


def loads(text: str, *, file: str = "<text>", folder: Path | None = None) -> Game:
    """Read a game from the text of a spec file.

    Parameters
    ----------
    text : str
        The spec, in TOML.
    file : str, optional
        What errors call it.
    folder : Path, optional
        Where tables of specialists are looked for; without one they need absolute paths.

    Raises
    ------
    SpecError
        If anything in the spec is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"not valid TOML: {_explained(str(error))}", file=file) from None
    except (RecursionError, ValueError):
        raise SpecError("not valid TOML: too deep, or a number too long", file=file) from None
    try:
        # pydantic takes a while to import: only a spec file needs it
        from opt_games.spec.mistakes import check_shape

        return _game(check_shape(data), folder)
    except SpecError as error:
        raise error.within(file=file) from None


def _find(path_or_name: str | Path) -> Path:
    """Return the file that a path or the name of a shipped game stands for."""
    path, written = Path(path_or_name), str(path_or_name)
    try:
        folder = path.is_dir()
        if path.exists() and not folder:
            return path
    except (OSError, ValueError):  # too long, or not a path at all
        folder = False
    games = shipped_games()
    if path.name == written and path.suffix != ".toml" and written in games:
        return games[written]
    listed = f"shipped games are {', '.join(games)}" if games else "there are no shipped games"
    if folder:
        raise SpecError(f"a folder: name a file in it, such as {path / 'game.toml'}", file=written)
    if path.name == written and path.suffix != ".toml":
        hint = did_you_mean(written, games)
        problem = f"neither a file nor a shipped game{hint}: {listed}"
    else:
        hint = did_you_mean(path.stem, games)
        problem = f"no such file{hint}: {listed}"
    plain = written.isprintable() and len(written) <= 200
    raise SpecError(problem, file=written if plain else quoted(written))


def _explained(reason: str) -> str:
    """Add a fix to those messages of the TOML parser that give none."""
    fixes = {
        "Cannot overwrite a value": "a key is given twice: remove one",
        "Cannot declare": "a table is given twice: merge the two",
        "Invalid value (at end": "close every bracket and quote",
        "Cannot mutate immutable": "a key is given twice: remove one",
        "Expected newline": "one key = value to a line, and digits on both sides of a point",
        "Invalid value": "text stands in quotes, and numbers need a digit before the point",
        "Expected '=' after a key": "write key = value",
        "Unescaped '\\' in a string": "use single quotes, or / in paths",
        "Invalid statement": "write key = value, or a [table]",
    }
    fix = next((fix for start, fix in fixes.items() if reason.startswith(start)), None)
    return f"{reason}: {fix}" if fix else reason


def _game(spec: schema.SpecFile, folder: Path | None) -> Game:
    regulation, harm, taxes, welfare = spec.regulation, spec.harm, spec.taxes, spec.welfare
    base = [f"{attribute}0" for attribute in spec.attributes]
    leads = dict(spec.generalist)
    leads["cost"] = as_formula(leads["cost"], base, "generalist.cost")
    return Game(
        name=spec.name,
        generalist=Generalist(**leads),
        specialists=[
            _specialists(entry, position, spec.attributes, folder)
            for position, entry in enumerate(spec.specialists)
        ],
        parameters=spec.parameters,
        attributes=spec.attributes,
        level_bounds={name: level.max for name, level in spec.levels.items()},
        contract=Contract(**dict(spec.contract)),
        bargaining=Bargaining(**dict(spec.bargaining)),
        regulation=Regulation(**dict(regulation)) if regulation else None,
        harm=Harm(**dict(harm)) if harm else None,
        taxes=Taxes(**dict(taxes)) if taxes else None,
        welfare=Welfare(**dict(welfare)) if welfare else None,
        source=spec.source,
    )


def _specialists(
    entry: schema.SpecialistTable, position: int, attributes: list[str], folder: Path | None
) -> Specialist | SpecialistTable:
    """Return the specialists that one ``[[specialists]]`` stands for."""
    fields: dict[str, Any] = dict(entry)
    table: str | None = fields.pop("table")
    final = [f"{attribute}1" for attribute in attributes]
    added = [f"{attribute}1 - {attribute}0" for attribute in attributes]
    for part, variables in (("revenue", final), ("cost", added)):
        place = f"specialists.{as_key(entry.name)}.{part}"
        fields[part] = as_formula(fields[part], variables, place)
    try:
        form = Specialist(**fields)
    except SpecError as error:
        of_name = error.key == "specialists.name"
        key = f"specialists[{position}].name" if of_name else error.key
        raise SpecError(error.message, key=key) from None
    if table is None:
        return form
    path = Path(table)
    if folder is None and not path.is_absolute():
        raise SpecError(
            f"no folder to look for {quoted(table)} in: give an absolute path, or `folder`",
            key=f"specialists.{as_key(entry.name)}.table",
        )
    path = (folder or Path()) / path
    refused = {
        **RESERVED,
        **{f"{attribute}{end}": "is a level" for attribute in attributes for end in "01"},
        **dict.fromkeys(form.parameters, "is among the specialist's parameters in the spec, too"),
    }
    read = read_table(path, refused)
    try:
        return SpecialistTable(form, read.columns, read.names)
    except SpecError as error:
        raise error.within(file=str(path)) from None
