"""What the frozen dataclasses are made of: read-only mappings, and fields that convert."""

from __future__ import annotations

import math
import numbers
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    Sequence,
    ValuesView,
)
from typing import Any, Generic, TypeVar, overload

from opt_games.errors import SpecError
from opt_games.expression import Expression, FormulaLike
from opt_games.names import as_key

Value = TypeVar("Value", covariant=True)
Given = TypeVar("Given")
Kept = TypeVar("Kept")


class FrozenMapping(Mapping[str, Value]):
    """A read-only mapping that keeps its order, hashes and pickles.

    Parameters
    ----------
    items : mapping, optional
        What it holds; a copy is kept.

    Examples
    --------
    >>> FrozenMapping({"c0": 1.0})["c0"]
    1.0
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Value] | None = None) -> None:
        self._items = dict(items or {})

    def __getitem__(self, key: str) -> Value:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def keys(self) -> KeysView[str]:
        """Return the names, in order."""
        return self._items.keys()

    def items(self) -> ItemsView[str, Value]:
        """Return the names with their values, in order."""
        return self._items.items()

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


class LateMapping(Mapping[str, Value]):
    """A read-only mapping whose values are made when it is first looked into.

    The answer for a million players has a dozen of these, of which most are never read.

    Parameters
    ----------
    names : sequence of str
    values : callable
        Returns the values, one per name.

    Examples
    --------
    >>> LateMapping(("law", "film"), lambda: [0.5, 0.25])["film"]
    0.25
    """

    __slots__ = ("_made", "_names", "_values")

    def __init__(self, names: Sequence[str], values: Callable[[], Iterable[Value]]) -> None:
        self._names = names
        self._values = values
        self._made: dict[str, Any] | None = None

    @property
    def _items(self) -> dict[str, Any]:
        if self._made is None:
            self._made = dict(zip(self._names, self._values(), strict=True))
        return self._made

    def __getitem__(self, key: str) -> Value:
        value: Value = self._items[key]
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def keys(self) -> KeysView[str]:
        """Return the names, in order."""
        return self._items.keys()

    def values(self) -> ValuesView[Value]:
        """Return the values, in order."""
        return self._items.values()

    def items(self) -> ItemsView[str, Value]:
        """Return the names with their values, in order."""
        return self._items.items()

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMapping, (self._items,)

    def __repr__(self) -> str:
        return repr(self._items)


class Converted(Generic[Given, Kept]):
    """A dataclass field that converts what it is given, and places what is wrong with it.

    The field is typed both ways: `Given` in the constructor, `Kept` when read. The owner's
    `_key` says under which key of the spec the field stands.

    Parameters
    ----------
    convert : callable
        From what is given to what is kept; raises `SpecError`.
    default : optional
        What is kept if nothing is given; a field without one is required.
    key : str, optional
        The key of the field in a spec file, by default its name.
    """

    def __init__(
        self, convert: Callable[[Given], Kept], *default: Kept, key: str | None = None
    ) -> None:
        self._convert = convert
        self._default = default
        self._key = key

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._key = self._key or name

    @overload
    def __get__(self, instance: None, owner: type) -> Kept: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Kept: ...
    def __get__(self, instance: object | None, owner: type) -> Kept:
        if instance is not None:
            kept: Kept = instance.__dict__[self._name]
            return kept
        if not self._default:
            raise AttributeError(self._name)  # tells dataclasses that the field is required
        return self._default[0]

    def __set__(self, instance: Any, value: Given) -> None:
        try:
            instance.__dict__[self._name] = self._convert(value)
        except SpecError as error:
            parts = (instance._key, self._key, error.key)
            raise SpecError(error.message, key=".".join(filter(None, parts))) from None


def number(value: object) -> float:
    """Return a finite float, or raise `SpecError`; truth values are not numbers.

    Examples
    --------
    >>> number(3)
    3.0
    """
    if type(value) is not float:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise SpecError(f"expected a number, not {type(value).__name__}")
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
    if not math.isfinite(value):
        raise SpecError(f"expected a finite number, not {value}")
    return value


def numbers_by_name(values: Mapping[str, float]) -> FrozenMapping[float]:
    """Return finite floats by name, or raise `SpecError` with the name as its key."""
    return _each(values, number)


def formula(value: FormulaLike) -> Expression:
    """Return an expression, or raise `SpecError`."""
    return Expression.of(value)


def optional_formula(value: FormulaLike | None) -> Expression | None:
    """Return an expression, or None for None."""
    return None if value is None else Expression.of(value)


def formulas(values: Mapping[str, FormulaLike]) -> FrozenMapping[Expression]:
    """Return expressions by name, or raise `SpecError` with the name as its key."""
    return _each(values, Expression.of)


def optional_formulas(values: Mapping[str, FormulaLike] | None) -> FrozenMapping[Expression] | None:
    """Return expressions by name, or None for None."""
    return None if values is None else formulas(values)


def _each(values: Mapping[str, Given], convert: Callable[[Given], Kept]) -> FrozenMapping[Kept]:
    if not isinstance(values, Mapping):
        raise SpecError(f"expected names with their values, not {type(values).__name__}")
    kept = {}
    for name, value in values.items():
        try:
            kept[name] = convert(value)
        except SpecError as error:
            raise SpecError(error.message, key=as_key(name)) from None
    return FrozenMapping(kept)
