"""The file of a benchmark, for pydantic to check."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Problem(_Checked):
    name: str
    objective: float
    scale: float
    gap: float | None
    variables: int
    constraints: int


class _Run(_Checked):
    solver: str
    problem: str
    start: int
    verdict: str
    claim: str
    objective: float | None
    violation: float | None
    build: float | None
    translate: float | None
    solve: float | None
    iterations: int | None
    reason: str


class File(BaseModel):
    """A whole file; its number of the schema is `schema_`."""

    schema_: int
    settings: dict[str, Any]
    machine: dict[str, Any]
    solvers: dict[str, str]
    problems: list[_Problem]
    left_out: dict[str, str]
    runs: list[_Run]
    complete: bool
