"""Random quadratic games of performance and safety, and those of a file of examples."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from regulation.games import NAMES, game

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.pair import Pairs
from opt_games.kernels.policy.pairs_of import pairs_of
from opt_games.kernels.policy.payoffs import Numbers, compile_policy_game


def examples() -> list[dict[str, str]]:
    path = Path(__file__).parent / "data" / "regulation_examples.csv"
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def parameters_of(row: Mapping[str, str]) -> dict[str, float]:
    found = {name: float(row[name]) for name in NAMES}
    return found | {"theta_G": float(row["thetaG"]), "theta_D": float(row["thetaD"])}


def random_columns(rng: np.random.Generator, size: int, *, concave: bool) -> dict[str, Array]:
    """Costs with cross terms of both signs, many shares, floors from none to prohibitive."""
    columns: dict[str, Array] = {}
    for who in "01":
        first, second = rng.uniform(0.3, 2.5, (2, size))
        cross = rng.uniform(-0.95, 0.95 if concave else 1.6, size) * np.sqrt(first * second)
        cross = np.where(rng.random(size) < 0.25, 0.0, cross)
        columns |= {f"c{who}aa": first, f"c{who}ab": cross, f"c{who}bb": second}
    columns |= {"ra": rng.uniform(0.2, 2.5, size), "rb": rng.uniform(0.2, 2.5, size)}
    columns["delta"] = np.where(rng.random(size) < 0.05, 1.0, rng.uniform(0.0, 1.0, size))
    lead = np.where(rng.random(size) < 0.5, 0.0, rng.uniform(0.0, 2.0, size))
    above = rng.uniform(0.0, 4.0, size) * rng.choice([0.0, 0.3, 1.0, 2.0], size)
    return columns | {"theta_G": lead, "theta_D": lead * rng.integers(0, 2, size) + above}


def pairs(columns: Mapping[str, Any]) -> Pairs:
    base = game()
    size = len(next(iter(columns.values())))
    numbers = Numbers.of(base, columns, size)
    return pairs_of(compile_policy_game(base), numbers, np.asarray(columns["delta"]))
