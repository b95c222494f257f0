"""A second engine solves some points of a sweep again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.outcomes import FAILED, OK
from opt_games.kernels.array_function import Array
from opt_games.sweeps.part import Part
from opt_games.sweeps.plan import Plan
from opt_games.sweeps.store import Store

TOLERANCE = 1e-6
"""Engines that differ by more disagree."""


@dataclass(frozen=True)
class Check:
    """How two engines compare.

    Attributes
    ----------
    points : int
        Outcomes that both engines solved.
    engines : tuple of str
        Those that solved again.
    largest_difference : float
        Of shares, and of utilities relative to the largest one of the point; infinite where the
        engines do not agree on whether there is an agreement, ``nan`` without points.
    worst : int
        The point, counted in C order, where that is; -1 without points.
    failed : int
        Outcomes that only the second engine could not solve.
    """

    points: int
    engines: tuple[str, ...]
    largest_difference: float
    worst: int
    failed: int

    @property
    def agrees(self) -> bool:
        """Whether no difference is larger than the tolerance."""
        return not self.largest_difference > TOLERANCE


def cross_check(plan: Plan, store: Store, points: int) -> Check:
    """Solve some points again, drawn by the seed of the plan, and compare.

    Parameters
    ----------
    plan : Plan
    store : Store
        Has all the parts.
    points : int
        How many.
    """
    values = plan.values
    if points == 0:
        return Check(0, (), float("nan"), -1, 0)
    generator = np.random.default_rng(plan.seed)
    drawn = np.sort(generator.choice(values.size, min(points, values.size), replace=False))
    differences: list[tuple[float, int]] = []
    engines: dict[str, None] = {}
    failed = 0
    for position, solution in enumerate(plan.job.solutions):
        kept, used = _kept(plan, store, drawn, position)
        solved = kept.status[:, 0] != FAILED
        if not solved.any():
            continue
        cases = plan.job.cases(values.at(drawn[solved]), solution)
        engine = plan.engines.other(used, cases)
        if engine is None:
            continue
        engines[engine.name] = None
        again = Part.of([plan.job.outcomes(cases, engine)], [engine.name], [])
        found, both = _differences(kept, again, solved)
        failed += int(np.sum(~both))
        differences += zip(found[both].tolist(), drawn[solved][both].tolist(), strict=True)
    largest, worst = max(differences, default=(float("nan"), -1))
    return Check(len(differences), tuple(engines), largest, worst, failed)


def _kept(plan: Plan, store: Store, points: NDArray[np.int64], position: int) -> tuple[Part, str]:
    """Return what the sweep found at some points by one solution, and by which engine."""
    pieces = []
    numbers = points // plan.part_size
    for number in np.unique(numbers).tolist():
        part = store.read(number)
        places = points[numbers == number] - plan.span(number)[0]
        pieces.append((part, places))

    def chosen(name: str) -> NDArray[np.generic]:
        arrays = [getattr(part, name)[places, position] for part, places in pieces]
        return np.concatenate(arrays)[:, None]

    names = ("share", "utility", "profit", "level", "regime", "status", "regret", "slow", "reason")
    found = Part(**{name: chosen(name) for name in names})  # type: ignore[arg-type]
    return found, str(pieces[0][0].engines[position])


def _differences(
    kept: Part, again: Part, solved: NDArray[np.bool_]
) -> tuple[Array, NDArray[np.bool_]]:
    """Return by how much shares and utilities differ at most, and which both have solved.

    The second part has only the points that the first one has solved.
    """
    ours, theirs = kept.utility[solved], again.utility
    scale = np.maximum(np.abs(ours), np.abs(theirs)).max(axis=-1, keepdims=True)
    of_utility = np.abs(ours - theirs) / np.where(scale > 0.0, scale, 1.0)
    of_share = np.abs(kept.share[solved] - again.share)[..., 1:]
    both = np.concatenate([of_utility, np.where(np.isnan(of_share), 0.0, of_share)], axis=-1)
    other_kind = (kept.status[solved] == OK) != (again.status == OK)
    worst: Array = np.where(other_kind | np.isnan(both).any(axis=-1), np.inf, both.max(axis=-1))[
        :, 0
    ]
    return worst, again.status[:, 0] != FAILED
