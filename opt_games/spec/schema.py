"""The shape of a spec file: which keys there are, and what type each has.

Meaning is not checked here: `opt_games.game` does that for games from files and from Python alike.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr
from pydantic_core import PydanticCustomError


def _problem(message: str) -> PydanticCustomError:
    return PydanticCustomError("spec", "{message}", {"message": message})


def _kind(value: object) -> str:
    """Return what a TOML user would call a value."""
    names: dict[type, str] = {
        str: "text",
        bool: "true or false",
        list: "a list",
        dict: "a table",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), "a date or time")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = ": remove the quotes" if isinstance(value, str) else ""
        raise _problem(f"expected a number, not {_kind(value)}{hint}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _problem(f"expected a finite number, not {number}")
    return number


def _formula(value: object) -> str | float:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _problem(f"expected a formula in quotes or a number, not {_kind(value)}")
    return _number(value)


def _cost(value: object) -> Any:
    """Return a formula, or the matrix of a quadratic form."""
    if not (isinstance(value, list) and value):
        return _formula(value)
    if not all(isinstance(row, list) and row for row in value):
        raise _problem("expected a formula, or a matrix such as [[1.0, 0.2], [0.2, 1.0]]")
    return [[_formula(entry) for entry in row] for row in value]


def _revenue(value: object) -> Any:
    """Return a formula, or the entries of a linear form."""
    if not (isinstance(value, list) and value):
        return _formula(value)
    return [_formula(entry) for entry in value]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _problem(f"expected text in quotes, not {_kind(value)}")
    return value


def _version(value: object) -> int:
    if isinstance(value, bool) or value != 1 or not isinstance(value, int):
        raise _problem(f"expected 1, the format that this version reads, not {value!r:.20}")
    return 1


Number = Annotated[float, BeforeValidator(_number)]
Text = Annotated[str, BeforeValidator(_text)]
Formula = Annotated[Any, BeforeValidator(_formula)]
Cost = Annotated[Any, BeforeValidator(_cost)]
Revenue = Annotated[Any, BeforeValidator(_revenue)]
Formulas = dict[StrictStr, Formula]


class Table(BaseModel):
    """A table of a spec file; every key that it does not name is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LevelTable(Table):
    """``[levels]``: one attribute's."""

    max: Formula


class GeneralistTable(Table):
    """``[generalist]``."""

    cost: Cost
    utility: Formula = None
    outside_option: Formula = 0.0


class SpecialistTable(Table):
    """``[[specialists]]``."""

    name: Text
    revenue: Revenue
    cost: Cost
    parameters: dict[StrictStr, Number] = {}
    utility: Formula = None
    outside_option: Formula = 0.0
    harm: Formula = None
    table: Text | None = None


class ContractTable(Table):
    """``[contract]``."""

    shares: Text = "common"
    bounds: list[Number] = [0.0, 1.0]
    share: Formula = None


class BargainingTable(Table):
    """``[bargaining]``."""

    solution: Text | None = None
    weights: Formulas | None = None
    disagreement: Formulas | None = None


class RegulationTable(Table):
    """``[regulation]``."""

    generalist: Formulas = {}
    specialists: Formulas = {}


class HarmTable(Table):
    """``[harm]``."""

    expected: Formula
    liability: Formulas = {}


class WelfareTable(Table):
    """``[welfare]``."""

    consumer_surplus: Formula = 0.0
    harm_weight: Formula = 1.0
    tax_weight: Formula = 1.0


class TaxTable(Table):
    """``[taxes]``."""

    generalist: Formula = 0.0
    specialists: Formula = 0.0
    revenue: Formula = 0.0


class SpecFile(Table):
    """A whole spec file."""

    version: Annotated[int, BeforeValidator(_version)] = Field(alias="schema")
    name: Text
    source: Text = ""
    attributes: list[Text] = ["alpha"]
    parameters: dict[StrictStr, Number] = {}
    levels: dict[StrictStr, LevelTable] = {}
    generalist: GeneralistTable
    specialists: Annotated[list[SpecialistTable], Field(min_length=1)]
    contract: ContractTable = ContractTable()
    bargaining: BargainingTable = BargainingTable()
    regulation: RegulationTable | None = None
    harm: HarmTable | None = None
    taxes: TaxTable | None = None
    welfare: WelfareTable | None = None
