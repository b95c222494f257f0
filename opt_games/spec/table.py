"""Tables of specialists: one row each, in CSV or Parquet."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from opt_games.errors import SpecError
from opt_games.names import quoted, why_not_a_name


@dataclass(frozen=True)
class Row:
    """One specialist of a table: its name, if the table names it, and its parameters."""

    name: str | None
    parameters: Mapping[str, float]


def read_table(path: Path, refused: Mapping[str, str] = MappingProxyType({})) -> list[Row]:
    r"""Read the rows of a table of specialists.

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
    ...     [(row.name, dict(row.parameters)) for row in read_table(path)]
    [('law', {'rho': 2.0}), ('film', {'rho': 3.0})]
    """
    readers: dict[str, Callable[[Path], _Columns]] = {".csv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise SpecError("expected a table in .csv or .parquet", file=str(path))
    try:
        columns = reader(path)
    except OSError as error:
        reason = error.strerror or str(error).partition("\n")[0]
        raise SpecError(f"cannot read the table: {reason}", file=str(path)) from None
    return columns.rows(refused)


@dataclass(frozen=True)
class _Columns:
    """A table by column, with the number of the line that each row is on, where it has one."""

    file: str
    header: Sequence[str]
    cells: Sequence[Sequence[Any]]
    lines: Sequence[int] | None = None

    def rows(self, refused: Mapping[str, str]) -> list[Row]:
        self.check_header(refused)
        if not self.cells[0]:
            raise SpecError("the table has no rows: a row is a specialist", file=self.file)
        by_name = dict(zip(self.header, self.cells, strict=True))
        names = self.names(by_name.pop("name")) if "name" in by_name else None
        columns = [self.numbers(column, cells) for column, cells in by_name.items()]
        return [
            Row(
                names[row] if names else None,
                {column: cells[row] for column, cells in zip(by_name, columns, strict=True)},
            )
            for row in range(len(self.cells[0]))
        ]

    def check_header(self, refused: Mapping[str, str]) -> None:
        seen: set[str] = set()
        for position, column in enumerate(self.header, start=1):
            if column in seen:
                raise self.error(f'two columns are called "{column}": rename one')
            reason = why_not_a_name(column) or refused.get(column)
            if reason:
                raise self.error(
                    f"the name {quoted(column)} of column {position} {reason}: rename the column"
                )
            seen.add(column)

    def names(self, cells: Sequence[Any]) -> list[str]:
        seen: dict[str, int] = {}
        for row, name in enumerate(cells, start=1):
            if not isinstance(name, str) or not name:
                raise self.error("expected a name", row, "name")
            if name in seen:
                raise self.error(f"{quoted(name)} is in row {seen[name]} already", row, "name")
            seen[name] = row
        return list(cells)

    def numbers(self, column: str, cells: Sequence[Any]) -> list[float]:
        try:
            numbers = [float(cell) for cell in cells]
        except (TypeError, ValueError):
            numbers = []
        if numbers and all(map(math.isfinite, numbers)):
            return numbers
        row, cell = next((n, c) for n, c in enumerate(cells, start=1) if not _is_number(c))
        what = "an empty cell" if cell is None or cell == "" else quoted(cell)
        raise self.error(f"expected a finite number, not {what}", row, column)

    def error(self, message: str, row: int | None = None, column: str | None = None) -> SpecError:
        key = None
        if row is not None:
            line = f" (line {self.lines[row - 1]})" if self.lines else ""
            key = f'row {row}{line}, column "{column}"'
        return SpecError(message, file=self.file, key=key)


def _is_number(cell: Any) -> bool:
    try:
        return math.isfinite(float(cell))
    except (TypeError, ValueError):
        return False


def _read_csv(path: Path) -> _Columns:
    lines: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            if not any(header):
                raise SpecError(
                    "the table is empty: its first line names the columns", file=str(path)
                )
            cells = list(zip(*_csv_rows(reader, len(header), lines, str(path)), strict=True))
    except UnicodeDecodeError as error:
        raise SpecError(
            f"not UTF-8 at byte {error.start}: save it as UTF-8", file=str(path)
        ) from None
    except csv.Error as error:
        raise SpecError(f"line {reader.line_num} is not CSV: {error}", file=str(path)) from None
    return _Columns(str(path), header, cells or [()] * len(header), lines)


def _csv_rows(reader: Any, width: int, lines: list[int], file: str) -> Iterator[list[str]]:
    for cells in reader:
        if not cells:
            continue
        lines.append(reader.line_num)
        if len(cells) != width:
            raise SpecError(
                f"expected {width} cells, as in the first line, not {len(cells)}",
                file=file,
                key=f"row {len(lines)} (line {reader.line_num})",
            )
        yield [cell.strip() for cell in cells]


def _read_parquet(path: Path) -> _Columns:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise SpecError(
            "reading Parquet needs pyarrow: pip install 'opt_games[parquet]'", file=str(path)
        ) from None
    try:
        with path.open("rb") as stream:
            table = pyarrow.parquet.read_table(stream)
    except pyarrow.ArrowException as error:
        reason = str(error).partition("\n")[0]
        raise SpecError(f"not a Parquet file: {reason}", file=str(path)) from None
    if not table.num_columns:
        raise SpecError("the table has no columns", file=str(path))
    for field in table.schema:
        if field.name != "name" and not _is_numeric(field.type):
            raise SpecError(
                f"expected numbers, not {field.type}: remove the column or convert it",
                file=str(path),
                key=f'column "{field.name}"',
            )
    return _Columns(str(path), table.column_names, [column.to_pylist() for column in table.columns])


def _is_numeric(kind: Any) -> bool:
    from pyarrow import types

    tests = (types.is_integer, types.is_floating, types.is_decimal)
    return any(test(kind) for test in tests)
