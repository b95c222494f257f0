"""Which values vary in a sweep: a grid, or a list of points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.errors import SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.names import did_you_mean, quoted

SHARE = "share"
"""The name under which the generalist's common share varies; no parameter can be called so."""

POINT = "point"
GIVEN_SHARE = "given_share"
"""What the column `SHARE` of a list of points is called, beside the shares that came out."""

RESULTS = (
    "utility",
    "level",
    "regime",
    "status",
    "reason",
    "regret",
    "slow",
    "player",
    "attribute",
    "solution",
    POINT,
    GIVEN_SHARE,
)
"""Names that a result has itself, so that no coordinate can."""

MOST_POINTS = 10**9
_RANGE = "c0=0.1:10:50, c0=0.1:10:50:log or c0=1,2,5"


@dataclass(frozen=True)
class Values:
    """The values that vary, by name of parameter or `SHARE`.

    Build one with `Values.grid` or `Values.points`.

    Attributes
    ----------
    columns : mapping of str to ndarray
        Of a grid the values along each axis, of a list one value for each point.
    is_grid : bool

    Examples
    --------
    >>> import opt_games
    >>> values = Values.grid(opt_games.load("quadratic"), {"c0": [1, 2], "c1": "0.1:0.3:3"})
    >>> values.shape, values.size
    ((2, 3), 6)
    >>> {name: column.round(3).tolist() for name, column in values.run(2, 4).items()}
    {'c0': [1.0, 2.0], 'c1': [0.3, 0.1]}
    """

    columns: Mapping[str, Array]
    is_grid: bool

    @classmethod
    def grid(cls, game: Game, vary: Mapping[str, Any]) -> Values:
        """Return all combinations of the values given by name, the last name fastest.

        Parameters
        ----------
        game : Game
        vary : mapping
            Numbers, or text such as ``"0.1:10:50"`` (a range of 50 values), ``"0.1:10:50:log"``
            or ``"1,2,5"``, by name of a parameter or ``"share"``.

        Raises
        ------
        SpecError
            If there is no such parameter, or the values are no numbers.
        """
        if not vary:
            raise SpecError(f"nothing varies: give values such as {_RANGE}", key="vary")
        _check_names(game, vary, "vary")
        axes = {name: _axis(name, given) for name, given in vary.items()}
        values = cls(axes, True)
        if values.size > MOST_POINTS:
            raise SpecError(
                f"the grid has {values.size:.3g} points, and {MOST_POINTS:.0e} is the most: take "
                "fewer values",
                key="vary",
            )
        return values

    @classmethod
    def points(cls, game: Game, columns: Mapping[Any, Any]) -> Values:
        """Return a list of points, one column of numbers for each name.

        Parameters
        ----------
        game : Game
        columns : mapping or pandas.DataFrame
            Of parameters or ``"share"``.

        Raises
        ------
        SpecError
            If there is no such parameter, or a value is no finite number.
        """
        names = list(columns)
        if not names:
            raise SpecError("there are no columns: a column is a parameter", key="points")
        _check_names(game, names, "points")
        kept = {name: _column(name, columns[name]) for name in names}
        lengths = {column.size for column in kept.values()}
        if len(lengths) > 1:
            raise SpecError("the columns differ in length", key="points")
        if lengths == {0}:
            raise SpecError("there are no rows: a row is a game", key="points")
        return cls(kept, False)

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions of the result: the names that vary, or ``point``."""
        return tuple(self.columns) if self.is_grid else (POINT,)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of these dimensions."""
        sizes = tuple(column.size for column in self.columns.values())
        return sizes if self.is_grid else sizes[:1]

    @property
    def size(self) -> int:
        """Number of points."""
        return math.prod(self.shape)

    def run(self, start: int, stop: int) -> dict[str, Array]:
        """Return the values of a contiguous run of points, in C order."""
        if not self.is_grid:
            return {name: column[start:stop] for name, column in self.columns.items()}
        return self.at(np.arange(start, min(stop, self.size)))

    def at(self, points: NDArray[np.int64]) -> dict[str, Array]:
        """Return the values of some points."""
        if not self.is_grid:
            return {name: column[points] for name, column in self.columns.items()}
        places = np.unravel_index(points, self.shape)
        return {
            name: axis[place]
            for (name, axis), place in zip(self.columns.items(), places, strict=True)
        }


def parse_vary(texts: Iterable[str]) -> dict[str, str]:
    """Read the texts of ``--vary``: a name and its values each.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    dict of str to str
        The values as written, by name.

    Raises
    ------
    SpecError
        If there is no name, or one comes twice.

    Examples
    --------
    >>> parse_vary(["c0=0.1:10:50", "c1=1,2"])
    {'c0': '0.1:10:50', 'c1': '1,2'}
    """
    vary: dict[str, str] = {}
    for text in texts:
        name, sign, values = (part.strip() for part in text.partition("="))
        if not sign or not name or not values:
            raise SpecError(f"expected {_RANGE}, not {quoted(text)}", key="vary")
        if name in vary:
            raise SpecError(f"{quoted(name)} varies twice: give all its values at once", key="vary")
        vary[name] = values
    return vary


def _check_names(game: Game, names: Iterable[Any], key: str) -> None:
    for name in names:
        if name != SHARE and name not in game.parameters:
            message = f"{game.no_such_parameter(str(name))}, and share may vary"
            if did_you_mean(str(name), [*game.parameters, SHARE]).endswith(f'"{SHARE}"?)'):
                message = f'unknown parameter {quoted(name)} (did you mean "{SHARE}"?)'
            raise SpecError(message, key=key)
        if name in RESULTS:
            raise SpecError(
                f"{quoted(name)} is what a part of the result is called: rename the parameter",
                key=key,
            )


def _axis(name: str, given: Any) -> Array:
    written = isinstance(given, str)
    values = _values_of_text(name, given) if written else _column(name, given, "vary")
    if not values.size:
        raise SpecError(f"{name} has no values", key="vary")
    ordered = np.sort(values)
    twice = np.flatnonzero(ordered[1:] == ordered[:-1])
    if twice.size:
        raise SpecError(f"{name} has the value {ordered[twice[0]]:g} twice", key="vary")
    return values


def _values_of_text(name: str, text: str) -> Array:
    if ":" not in text:
        return np.array([_number(name, part) for part in text.split(",")])
    parts = [part.strip() for part in text.split(":")]
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "log"):
        raise SpecError(f"expected {_RANGE}, not {quoted(f'{name}={text}')}", key="vary")
    first, last = _number(name, parts[0]), _number(name, parts[1])
    if not parts[2].isdecimal() or not 1 <= int(parts[2]) <= MOST_POINTS:
        raise SpecError(
            f"{name}: expected how many values, such as 50, not {quoted(parts[2])}", key="vary"
        )
    count = int(parts[2])
    if count == 1 and first != last:
        raise SpecError(
            f"{name}: one value cannot reach from {first:g} to {last:g}: take 2 or more", key="vary"
        )
    space: Callable[..., Array] = np.linspace
    if len(parts) == 4:
        space = np.geomspace
        if first * last <= 0.0:
            raise SpecError(
                f"{name}: a logarithmic range has both ends above 0, not {first:g} and {last:g}",
                key="vary",
            )
    return space(first, last, count)


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SpecError(f"{name}: expected a number, not {quoted(text.strip())}", key="vary")
    return number


def _column(name: str, given: Any, key: str = "points") -> Array:
    try:
        raw = np.asarray(given)
        if raw.dtype.kind not in "iufO":
            raise TypeError
        values = np.atleast_1d(raw).astype(np.float64)
    except (TypeError, ValueError):
        raise SpecError(f"{name}: expected numbers, not {_shown(given)}", key=key) from None
    if values.ndim != 1:
        raise SpecError(f"{name}: expected a list of numbers, not a table", key=key)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise SpecError(
            f"{name}: expected finite numbers, not {values[wrong[0]]} at position {wrong[0]}",
            key=key,
        )
    return values


def _shown(given: Any) -> str:
    first = given[0] if isinstance(given, Sequence) and not isinstance(given, str) else given
    return quoted(first)
