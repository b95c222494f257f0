"""From what pydantic finds in a spec file to one line that says what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from opt_games.errors import SpecError
from opt_games.names import as_key, did_you_mean, quoted
from opt_games.spec.schema import SpecFile, Table

Location: TypeAlias = tuple[int | str, ...]


def check_shape(data: Mapping[str, Any]) -> SpecFile:
    """Return the parsed tables of a spec file, or raise `SpecError` for the worst mistake.

    Parameters
    ----------
    data : mapping
        What the TOML parser made of the file.

    Examples
    --------
    >>> check_shape({"schema": 1, "nmae": "g"})
    Traceback (most recent call last):
    ...
    opt_games.errors.SpecError: nmae: unknown key (did you mean "name"?)
    """
    if not isinstance(data.get("specialists", []), list):
        raise SpecError("write [[specialists]] with double brackets", key="specialists")
    try:
        return SpecFile.model_validate(data)
    except ValidationError as found:
        errors = found.errors(include_url=False, include_context=False)
        mistakes = [_Mistake(data, error) for error in errors]
        raise min(mistakes, key=lambda mistake: mistake.rank).as_error() from None


class _Mistake:
    """One thing wrong, in a file that may have others that follow from it."""

    def __init__(self, data: Mapping[str, Any], error: ErrorDetails) -> None:
        self.data = data
        self.location: Location = error["loc"]
        self.kind = error["type"]
        self.message = error["msg"]
        self.name = str(self.location[-1]) if self.location else ""
        self.model = _model_at(self.location[:-1])
        self.misplaced = self._is_misplaced()

    def _is_misplaced(self) -> bool:
        """Tell whether this is a top-level key that slid into a table."""
        return (
            len(self.location) > 1
            and self.name in _keys(SpecFile)
            and self.name not in self.data
            and self.kind != "missing"
        )

    @property
    def rank(self) -> int:
        """Causes before their consequences: a misspelt key before the key that it leaves out."""
        if self.location == ("schema",) and self.kind != "missing":
            return -1
        if self.misplaced or (self.kind == "missing" and self._found_in()):
            return 0
        if self.kind == "extra_forbidden":
            return 1 if self._close_key() or self._other_tables() else 2
        return 4 if self.kind == "missing" else 3

    def as_error(self) -> SpecError:
        return SpecError(self._advice(), key=_written(self.location, self.data))

    def _advice(self) -> str:
        if self.misplaced:
            return "a top-level key in a table: move it up, before the first table"
        if self.kind == "extra_forbidden":
            return self._unknown_key()
        if self.kind == "missing":
            return self._missing_key()
        if self.kind in ("model_type", "dict_type"):
            return f"expected a table of keys and values, not {quoted(self._value())}"
        if self.kind == "list_type":
            return f"expected a list in brackets, not {quoted(self._value())}"
        if self.kind == "too_short":
            return "the list is empty: a game has at least one specialist"
        return self.message

    def _value(self) -> object:
        value: Any = self.data
        for step in self.location:
            value = value[step]
        return value

    def _unknown_key(self) -> str:
        tables = self._other_tables()
        if tables:
            return f"unknown key here: it belongs in {' or '.join(tables)}"
        close = self._close_key()
        if close:
            return f"unknown key{close}"
        return f"unknown key: remove it; keys here are {', '.join(_keys(self.model))}"

    def _close_key(self) -> str:
        """Return a hint, if the key nearly is one of this table that is not given yet."""
        table: Any = self.data
        for step in self.location[:-1]:
            table = table[step]
        return did_you_mean(self.name, [key for key in _keys(self.model) if key not in table])

    def _other_tables(self) -> list[str]:
        tables = {name: model for name, model in _tables().items() if model is not self.model}
        return [_header(name) for name, model in tables.items() if self.name in _keys(model)]

    def _found_in(self) -> list[str]:
        """Return the tables that hold this top-level key by mistake."""
        if len(self.location) > 1:
            return []
        found = []
        for table, content in self.data.items():
            for part in content if isinstance(content, list) else [content]:
                allowed = _keys(_tables()[table]) if table in _tables() else ()
                if isinstance(part, dict) and self.name in part and self.name not in allowed:
                    found.append(_header(table))
        return found

    def _missing_key(self) -> str:
        found = self._found_in()
        if found:
            return (
                f"missing: it stands in {found[0]}, but top-level keys stand before the first table"
            )
        if self.name == "schema":
            return "missing: write schema = 1 at the top of the file"
        if len(self.location) == 1 and self.name in _tables():
            return f"missing: add a table {_header(self.name)}"
        return f"missing: add {self.name} = ..."


def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _tables() -> dict[str, type[Table]]:
    """Return the tables of a spec file that have fixed keys, by name."""
    models = {}
    for name, field in SpecFile.model_fields.items():
        model = next(iter(_models_in(field.annotation)), None)
        if model is not None:
            models[name] = model
    return models


def _models_in(annotation: object) -> Iterable[type[Table]]:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _model_at(location: Location) -> type[Table]:
    return _tables().get(str(location[0]), SpecFile) if location else SpecFile


def _header(table: str) -> str:
    return f"[[{table}]]" if table == "specialists" else f"[{table}]"


def _written(location: Location, data: Mapping[str, Any]) -> str:
    """Return a place in the file as a dotted path, with specialists by name where they have one."""
    path, value = "", data
    for step in location:
        value = _step_into(value, step)
        if path == "specialists" and isinstance(step, int):
            name = value.get("name") if isinstance(value, dict) else None
            path += f".{as_key(name)}" if name and isinstance(name, str) else f"[{step}]"
        elif isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{as_key(step)}" if path else as_key(step)
    return path


def _step_into(value: Any, step: int | str) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None
