"""The specialists of a game: objects one by one, or whole tables of them in columns.

A market of a million domains is a `SpecialistTable`: formulas that all share, and one array per
parameter. `Specialists` is the sequence of all of a game, in which tables stand beside single
specialists; it yields ordinary `Specialist` objects, and `Specialists.groups` gives the same market
as arrays, one group per functional form.
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opt_games.errors import SpecError
from opt_games.expression import Expression
from opt_games.fields import FrozenMapping, number
from opt_games.names import as_key
from opt_games.parts import GENERALIST, Specialist, why_not_a_specialist

Array: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.int64]
_Form: TypeAlias = tuple[object, ...]

_WRITTEN_OUT = 20  # specialists that a repr writes out


@dataclass(frozen=True, eq=False)
class SpecialistTable(Sequence[Specialist]):
    """Specialists that share their formulas, one per row, their parameters in columns.

    Parameters
    ----------
    form : Specialist
        Gives the formulas, and the local parameters that are the same in every row.
    columns : mapping of str to array of numbers
        The other local parameters; all of one length.
    names : sequence of str, optional
        By default the name of `form` with the number of the row: ``app-1``, ``app-2``, ...

    Raises
    ------
    SpecError
        If a cell is not a finite number or a name cannot be one; its key is row and column.

    Examples
    --------
    >>> form = Specialist("app", "rho * alpha1", "(alpha1 - alpha0)**2")
    >>> apps = SpecialistTable(form, {"rho": [2.0, 3.0]})
    >>> len(apps), apps[1].name, apps[1].parameters["rho"]
    (2, 'app-2', 3.0)
    """

    form: Specialist
    columns: Mapping[str, Array]
    names: tuple[str, ...]

    def __init__(
        self,
        form: Specialist,
        columns: Mapping[str, ArrayLike],
        names: Sequence[str] | None = None,
    ) -> None:
        kept = {name: _column(name, values) for name, values in columns.items()}
        twice = next((name for name in kept if name in form.parameters), None)
        if twice is not None:
            raise SpecError(
                "is among the specialist's parameters, too: remove one", key=f'column "{twice}"'
            )
        sizes = [
            *(values.size for values in kept.values()),
            *([] if names is None else [len(names)]),
        ]
        if not sizes or not sizes[0] or len(set(sizes)) > 1:
            raise SpecError(
                "expected columns of one length with a row or more, not of lengths "
                f"{', '.join(map(str, sizes)) or 'none'}"
            )
        if names is None:
            names = [f"{form.name}-{row}" for row in range(1, sizes[0] + 1)]
        _check_names(names)
        object.__setattr__(self, "form", form)
        object.__setattr__(self, "columns", FrozenMapping(kept))
        object.__setattr__(self, "names", tuple(names))

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Specialist: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Specialist, ...]: ...
    def __getitem__(self, index: int | slice) -> Specialist | tuple[Specialist, ...]:
        if isinstance(index, slice):
            return tuple(self[row] for row in range(*index.indices(len(self))))
        cells = {name: float(values[index]) for name, values in self.columns.items()}
        return self._specialist(self.names[index], cells)

    def __iter__(self) -> Iterator[Specialist]:
        columns = [values.tolist() for values in self.columns.values()]
        rows = zip(*columns, strict=True) if columns else ((),) * len(self)
        for name, cells in zip(self.names, rows, strict=True):
            yield self._specialist(name, dict(zip(self.columns, cells, strict=True)))

    def _specialist(self, name: str, cells: Mapping[str, float]) -> Specialist:
        made = copy.copy(self.form)  # names and cells are checked already
        vars(made)["name"] = name
        vars(made)["parameters"] = FrozenMapping({**self.form.parameters, **cells})
        return made


@dataclass(frozen=True, eq=False)
class SpecialistGroup:
    """All specialists of a game that share their formulas and the names of their parameters.

    Attributes
    ----------
    form : Specialist
        The first of them, for the formulas.
    members : ndarray of int, ascending
        Their positions among the specialists of the game.
    columns : mapping of str to ndarray
        Their local parameters, in the order of `members`.
    names : tuple of str
        The names of all specialists of the game.
    """

    form: Specialist
    members: Rows
    columns: Mapping[str, Array]
    names: tuple[str, ...]

    def take(self, rows: NDArray[np.bool_]) -> SpecialistGroup:
        """Return some of the members as a group of their own."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return SpecialistGroup(self.form, self.members[rows], columns, self.names)

    def column(self, name: str, parameters: Mapping[str, float]) -> Array:
        """Return what each member sees under a name: its own parameter, or the game's."""
        own = self.columns.get(name)
        return np.full(self.members.size, parameters[name]) if own is None else own

    def evaluate(
        self, expression: Expression, values: Mapping[str, float | Array], part: str
    ) -> Array:
        """Return the value of a formula for every member.

        Parameters
        ----------
        expression : Expression
        values : mapping of str to float or ndarray
            Of the names that are not local parameters.
        part : str
            The key of the formula, for errors.

        Raises
        ------
        SpecError
            If a value is not a finite number; its key names the specialist.
        """
        seen = {**values, **self.columns}
        result = np.empty(self.members.size)
        result[:] = expression.evaluate_columns(seen)
        for row in np.flatnonzero(np.isnan(result)):
            try:
                result[row] = number(
                    expression.evaluate(
                        {
                            name: float(np.broadcast_to(seen[name], result.shape)[row])
                            for name in expression.names
                        }
                    )
                )
            except SpecError as error:
                name = as_key(self.names[self.members[row]])
                raise error.within(key=f"specialists.{name}.{part}") from None
        return result


class Specialists(Sequence[Specialist]):
    """The specialists of a game, in order; equal to a tuple of the same.

    Parameters
    ----------
    given : iterable of Specialist and SpecialistTable
        A table stands for as many specialists as it has rows.

    Examples
    --------
    >>> law = Specialist("law", "alpha1", "(alpha1 - alpha0)**2")
    >>> apps = SpecialistTable(law, {"rho": [2.0, 3.0]}, ["a", "b"])
    >>> market = Specialists([law, apps])
    >>> market.names
    ('law', 'a', 'b')
    >>> [group.members.tolist() for group in market.groups]
    [[0], [1, 2]]
    """

    @classmethod
    def of(cls, given: Iterable[Specialist | SpecialistTable]) -> Specialists:
        """Return the same object if it is one of this class already."""
        return given if isinstance(given, Specialists) else cls(given)

    def __init__(self, given: Iterable[Specialist | SpecialistTable]) -> None:
        self._given = (given,) if isinstance(given, SpecialistTable) else tuple(given)
        parts: list[list[Specialist] | SpecialistTable] = []
        for position, each in enumerate(self._given):
            if isinstance(each, SpecialistTable):
                parts.append(each)
            elif not isinstance(each, Specialist):
                raise SpecError(
                    f"expected a Specialist at position {position}, not {type(each).__name__}"
                )
            elif parts and isinstance(parts[-1], list):
                parts[-1].append(each)
            else:
                parts.append([each])
        self._parts = tuple(parts)
        self._starts = (0, *accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> Specialist: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Specialist, ...]: ...
    def __getitem__(self, index: int | slice) -> Specialist | tuple[Specialist, ...]:
        if isinstance(index, slice):
            return tuple(self[k] for k in range(*index.indices(len(self))))
        position = range(len(self))[index]
        part = bisect_right(self._starts, position) - 1
        return self._parts[part][position - self._starts[part]]

    def __iter__(self) -> Iterator[Specialist]:
        for part in self._parts:
            yield from part

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Specialists):
            return self._given is other._given or (
                self.names == other.names
                and len(self.groups) == len(other.groups)
                and all(map(_same, self.groups, other.groups))
            )
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        if len(self) <= _WRITTEN_OUT:
            return repr(tuple(self))
        return f"<{len(self)} specialists, {self.names[0]!r} to {self.names[-1]!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Specialists, (self._given,)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Their names, in order."""
        found: list[str] = []
        for part in self._parts:
            if isinstance(part, SpecialistTable):
                found += part.names
            else:
                found += [specialist.name for specialist in part]
        return tuple(found)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Their positions by name."""
        return {name: position for position, name in enumerate(self.names)}

    @cached_property
    def groups(self) -> tuple[SpecialistGroup, ...]:
        """The same specialists as arrays, by functional form in order of appearance."""
        pieces: dict[_Form, list[SpecialistGroup]] = {}
        for start, part in zip(self._starts[:-1], self._parts, strict=True):
            if isinstance(part, SpecialistTable):
                found = [_of_table(part, start, self.names)]
            else:
                found = _of_objects(part, start, self.names)
            for piece in found:
                pieces.setdefault(_form(piece.form), []).append(piece)
        return tuple(map(_merged, pieces.values()))


def _form(specialist: Specialist) -> _Form:
    return (
        specialist.revenue,
        specialist.cost,
        specialist.utility,
        specialist.outside_option,
        specialist.harm,
        frozenset(specialist.parameters),
    )


def _of_table(table: SpecialistTable, start: int, names: tuple[str, ...]) -> SpecialistGroup:
    size = len(table)
    same = {name: np.full(size, value) for name, value in table.form.parameters.items()}
    members = np.arange(start, start + size)
    return SpecialistGroup(table[0], members, {**same, **table.columns}, names)


def _of_objects(
    specialists: Sequence[Specialist], start: int, names: tuple[str, ...]
) -> list[SpecialistGroup]:
    rows: dict[_Form, list[int]] = {}
    for row, specialist in enumerate(specialists):
        rows.setdefault(_form(specialist), []).append(row)
    groups = []
    for members in rows.values():
        form = specialists[members[0]]
        columns = {
            name: np.array([specialists[row].parameters[name] for row in members])
            for name in form.parameters
        }
        groups.append(SpecialistGroup(form, np.array(members) + start, columns, names))
    return groups


def _merged(pieces: Sequence[SpecialistGroup]) -> SpecialistGroup:
    first = pieces[0]
    if len(pieces) == 1:
        return first
    return SpecialistGroup(
        first.form,
        np.concatenate([piece.members for piece in pieces]),
        {name: np.concatenate([piece.columns[name] for piece in pieces]) for name in first.columns},
        first.names,
    )


def _same(one: SpecialistGroup, other: SpecialistGroup) -> bool:
    """Whether two groups of equally named specialists are equal."""
    return (
        _form(one.form) == _form(other.form)
        and np.array_equal(one.members, other.members)
        and all(np.array_equal(one.columns[name], other.columns[name]) for name in one.columns)
    )


def _column(name: str, given: ArrayLike) -> Array:
    """Return a read-only copy of a column of finite numbers, or raise `SpecError`."""
    values = np.asarray(given)
    if values.ndim != 1 or (values.dtype.kind not in "iuf" and values.size):
        kind = "several axes" if values.ndim != 1 else values.dtype
        raise SpecError(f"expected a list of numbers, not {kind}", key=f'column "{name}"')
    kept = np.array(values, dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(kept))
    if wrong.size:
        raise SpecError(
            f"expected a finite number, not '{kept[wrong[0]]}'",
            key=f'row {wrong[0] + 1}, column "{name}"',
        )
    kept.flags.writeable = False
    return kept


def _check_names(names: Sequence[str]) -> None:
    if all(isinstance(name, str) for name in names) and _plain(names):
        return
    for row, name in enumerate(names, start=1):
        reason = why_not_a_specialist(name)
        if reason:
            raise SpecError(reason, key=f'row {row}, column "name"')


def _plain(names: Sequence[str]) -> bool:
    """Whether all names are right, seen at once: a million takes a moment only."""
    lines = "\n".join(["", *names, ""])
    wrong = ("=", "\n\n", "\n ", " \n", f"\n{GENERALIST}\n")
    return (
        lines.count("\n") == len(names) + 1
        and lines.replace("\n", "").isprintable()
        and not any(each in lines for each in wrong)
    )
