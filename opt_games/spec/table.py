"""Tables of specialists: one row each, in CSV or Parquet, read by column."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.errors import SpecError
from opt_games.names import quoted, why_not_a_name

Array = NDArray[np.float64]

_ROWS = 500  # of CSV read at a time: freed before Python's garbage collector looks at them


@dataclass(frozen=True)
class Table:
    """Specialists by column.

    Attributes
    ----------
    names : sequence of str or None
        What the specialists are called, None if the table does not say.
    columns : mapping of str to ndarray
        Their parameters.
    """

    names: Sequence[str] | None
    columns: Mapping[str, Array]


def read_table(path: Path, refused: Mapping[str, str] = MappingProxyType({})) -> Table:
    r"""Read a table of specialists.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.parquet`` file. The columns are parameters, but for ``name``.
    refused : mapping of str to str, optional
        Names that no column may have, and why.

    Raises
    ------
    SpecError
        If the table cannot be read, or a cell is not a finite number.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "domains.csv")
    ...     _ = path.write_text("name,rho\nlaw,2\nfilm,3\n")
    ...     table = read_table(path)
    >>> table.names, table.columns["rho"].tolist()
    (['law', 'film'], [2.0, 3.0])
    """
    readers = {".csv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SpecError("expected a table in .csv or .parquet", file=str(path))
    try:
        return reader(path, refused)
    except OSError as error:
        reason = error.strerror or str(error).partition("\n")[0]
        raise SpecError(f"cannot read the table: {reason}", file=str(path)) from None


@dataclass(frozen=True)
class _Place:
    """Says where in a file something is wrong."""

    file: str
    line_of: Callable[[int], int] | None = None

    def error(self, message: str, row: int | None = None, column: str | None = None) -> SpecError:
        if row is None:
            return SpecError(message, file=self.file)
        line = f" (line {self.line_of(row)})" if self.line_of else ""
        of_column = f', column "{column}"' if column else ""
        return SpecError(message, file=self.file, key=f"row {row}{line}{of_column}")


def _check_header(header: Sequence[str], refused: Mapping[str, str], place: _Place) -> None:
    seen: set[str] = set()
    for position, column in enumerate(header, start=1):
        if column in seen:
            raise place.error(f'two columns are called "{column}": rename one')
        reason = why_not_a_name(column) or refused.get(column)
        if reason:
            raise place.error(
                f"the name {quoted(column)} of column {position} {reason}: rename the column"
            )
        seen.add(column)


def _check_names(names: Sequence[Any], place: _Place) -> None:
    if all(isinstance(name, str) for name in names) and len({"", *names}) == len(names) + 1:
        return
    seen: dict[str, int] = {}
    for row, name in enumerate(names, start=1):
        if not isinstance(name, str) or not name:
            raise place.error("expected a name", row, "name")
        if name in seen:
            raise place.error(f"{quoted(name)} is in row {seen[name]} already", row, "name")
        seen[name] = row


def _no_number(cell: Any, row: int, column: str, place: _Place) -> SpecError:
    what = "an empty cell" if cell is None or cell == "" else quoted(cell)
    return place.error(f"expected a finite number, not {what}", row, column)


def _no_rows(place: _Place) -> SpecError:
    return place.error("the table has no rows: a row is a specialist")


def _read_csv(path: Path, refused: Mapping[str, str]) -> Table:
    place = _Place(str(path), lambda row: _line_of(path, row))
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            if not any(header):
                raise place.error("the table is empty: its first line names the columns")
            _check_header(header, refused, place)
            names: list[str] = []
            parts: dict[str, list[Array]] = {name: [] for name in header if name != "name"}
            first = 1
            for rows in _csv_rows(reader, len(header), place):
                for column, cells in zip(header, zip(*rows, strict=True), strict=True):
                    if column == "name":
                        names += map(str.strip, cells)
                    else:
                        parts[column].append(_numbers(cells, first, column, place))
                first += len(rows)
    except UnicodeDecodeError as error:
        raise place.error(f"not UTF-8 at byte {error.start}: save it as UTF-8") from None
    except csv.Error as error:
        raise place.error(f"line {reader.line_num} is not CSV: {error}") from None
    if first == 1:
        raise _no_rows(place)
    _check_names(names, place)
    columns = {column: np.concatenate(part) for column, part in parts.items()}
    return Table(names if "name" in header else None, columns)


def _csv_rows(reader: Iterator[list[str]], width: int, place: _Place) -> Iterator[list[list[str]]]:
    """Yield the rows, some at a time, blank lines left out."""
    first = 1
    while lines := list(islice(reader, _ROWS)):
        rows = list(filter(None, lines))
        if set(map(len, rows)) - {width}:
            at = next(k for k, cells in enumerate(rows) if len(cells) != width)
            raise place.error(
                f"expected {width} cells, as in the first line, not {len(rows[at])}", first + at
            )
        if rows:
            yield rows
        first += len(rows)


def _numbers(cells: Sequence[str], first: int, column: str, place: _Place) -> Array:
    try:
        numbers = np.fromiter(map(float, cells), np.float64, len(cells))
        if np.isfinite(numbers).all():
            return numbers
    except ValueError:
        pass
    at = next(k for k, cell in enumerate(cells) if not _is_number(cell))
    raise _no_number(cells[at].strip(), first + at, column, place)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _line_of(path: Path, row: int) -> int:
    """Return the line of a CSV file that a row ends on."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        next(islice(filter(None, reader), row, None))  # the header is row 0
        return reader.line_num


def _read_parquet(path: Path, refused: Mapping[str, str]) -> Table:
    place = _Place(str(path))
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise place.error(
            "reading Parquet needs pyarrow: pip install 'opt_games[parquet]'"
        ) from None
    try:
        with path.open("rb") as stream:
            table = pyarrow.parquet.ParquetFile(stream).read()
    except pyarrow.ArrowException as error:
        reason = str(error).partition("\n")[0]
        raise place.error(f"not a Parquet file: {reason}") from None
    if not table.num_columns:
        raise place.error("the table has no columns")
    for field in table.schema:
        if field.name != "name" and not _is_numeric(field.type):
            raise SpecError(
                f"expected numbers, not {field.type}: remove the column or convert it",
                file=str(path),
                key=f'column "{field.name}"',
            )
    _check_header(table.column_names, refused, place)
    if not table.num_rows:
        raise _no_rows(place)
    names = table["name"].to_pylist() if "name" in table.column_names else None
    _check_names(names or [], place)
    columns = {
        name: _arrow_numbers(table[name], name, place)
        for name in table.column_names
        if name != "name"
    }
    return Table(names, columns)


def _arrow_numbers(cells: Any, column: str, place: _Place) -> Array:
    from pyarrow import types

    if cells.null_count:
        raise _no_number(None, cells.to_pylist().index(None) + 1, column, place)
    if types.is_decimal(cells.type):
        numbers = np.array(cells.to_pylist(), dtype=np.float64)
    else:  # not to_numpy, which imports pandas where there is one
        parts = [np.from_dlpack(part) for part in cells.chunks]
        numbers = np.concatenate(parts).astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        row = int(wrong[0])
        raise _no_number(numbers[row], row + 1, column, place)
    return numbers


def _is_numeric(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_decimal)
    return any(test(kind) for test in tests)
