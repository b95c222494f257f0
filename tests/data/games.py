"""The random games of this folder, for the package and for the brute force.

One specialist each; c1, q1 and m1 are of its cost, the columns delta to alpha1 of the Nash bargain:

=====================  ====================================================
nash_exponential.csv   revenue R * (1 - exp(-k * alpha1))
nash_power.csv         revenue R * alpha1**k
both                   the generalist's cost c0 * alpha0**q0, the specialist's
                       c1 * x**q1 + m1 * x with x = alpha1 - alpha0
=====================  ====================================================
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from brute_force import Adapter, Market

import opt_games

REVENUES = {"exponential": "R * (1 - exp(-k * alpha1))", "power": "R * alpha1**k"}
COST = "c1 * (alpha1 - alpha0)**q1 + m1 * (alpha1 - alpha0)"


@dataclass(frozen=True)
class Row:
    """One game and its Nash bargain."""

    family: str
    number: int
    parameters: Mapping[str, float]
    delta: float
    utilities: tuple[float, float]
    levels: tuple[float, float]
    kind: str

    @property
    def label(self) -> str:
        return f"{self.family}-{self.number}"

    def game(self, fixed: float = 0.0, **more: Any) -> opt_games.Game:
        cost = COST if fixed == 0.0 else f"{COST} + f1"
        return opt_games.Game(
            name=self.label,
            generalist=opt_games.Generalist("c0 * alpha0**q0"),
            specialists=[opt_games.Specialist("domain", REVENUES[self.family], cost)],
            parameters={**self.parameters, **({} if fixed == 0.0 else {"f1": fixed})},
            **more,
        )

    def market(self, fixed: float = 0.0) -> Market:
        p = self.parameters
        R, k, c0, q0 = p["R"], p["k"], p["c0"], p["q0"]
        c1, q1, m1 = p["c1"], p["q1"], p["m1"]
        # costs outrun even the whole revenue beyond these levels
        if self.family == "exponential":
            base, extra = (R / c0) ** (1 / q0), (R / c1) ** (1 / q1)
        else:
            base, extra = (R / c0) ** (1 / (q0 - k)), (R / c1) ** (1 / (q1 - k))

        def revenue(final):
            return R * final**k if self.family == "power" else -R * np.expm1(-k * final)

        def cost(final, base):
            return fixed + c1 * (final - base) ** q1 + m1 * (final - base)

        return Market(lambda base: c0 * base**q0, [Adapter(revenue, cost)], 2 * max(base, extra))


def rows(family: str) -> list[Row]:
    """The games of one family, in order."""
    with (Path(__file__).parent / f"nash_{family}.csv").open(newline="") as file:
        return [_row(family, number, line) for number, line in enumerate(csv.DictReader(file))]


def every_row() -> list[Row]:
    return [*rows("exponential"), *rows("power")]


def _row(family: str, number: int, line: dict[str, str]) -> Row:
    names = ("R", "k", "c0", "q0", "c1", "q1", "m1")
    return Row(
        family,
        number,
        {name: float(line[name]) for name in names},
        float(line["delta"]),
        (float(line["U_G"]), float(line["U_D"])),
        (float(line["alpha0"]), float(line["alpha1"])),
        line["kind"],
    )
