"""Conditions along one parameter: intervals of like outcomes, their ends bisected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from opt_games.errors import SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.regions.condition import Condition
from opt_games.regions.survey import Codes, Survey
from opt_games.regions.trace import trace
from opt_games.sweeps.values import SHARE

POINTS = 201


@dataclass(frozen=True)
class Interval:
    """A stretch of a parameter along which one condition holds.

    Attributes
    ----------
    low, high : float
    condition : Condition
    reason : str
        Why there is no answer, where there is none.
    """

    low: float
    high: float
    condition: Condition
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return an entry of ``intervals`` in the JSON output."""
        document = {"from": self.low, "to": self.high, **self.condition.to_dict()}
        return {**document, "reason": self.reason} if self.reason else document


@dataclass(frozen=True)
class Conditions:
    """How the outcome of a game changes in kind along one parameter.

    Attributes
    ----------
    game, parameter : str
    solution : str
        Canonical name of the bargaining solution, or ``"given"``.
    intervals : tuple of Interval
        In order, without gaps; where one ends, the next begins.
    players : tuple of str
    log : bool
        Whether the scan was even in the logarithm.
    solved, failures : int
        How many games were solved, and how many of them have no answer.
    """

    game: str
    parameter: str
    solution: str
    intervals: tuple[Interval, ...]
    players: tuple[str, ...]
    log: bool
    solved: int
    failures: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of ``opt-games conditions``."""
        return {
            "parameter": self.parameter,
            "solution": self.solution,
            "intervals": [interval.to_dict() for interval in self.intervals],
        }


def conditions(
    game: Game,
    parameter: str,
    low: float,
    high: float,
    *,
    bargain: str | None = None,
    share: float | Mapping[str, float] | None = None,
    points: int = POINTS,
    log: bool = False,
    tolerance: float = 1e-6,
    engine: str = "auto",
) -> Conditions:
    """Find where along one parameter the outcome changes in kind.

    The range is scanned, and between any two neighbours that differ every change is bisected: of
    somebody's regime, of agreement, of whether revenue is shared.

    Parameters
    ----------
    game : Game
    parameter : str
        A parameter of the game, or ``"share"``, the common share.
    low, high : float
        The range.
    bargain : str, optional
        A bargaining solution.
    share : float or mapping of str to float, optional
        The generalist's share, for all domains or by specialist. With neither, the solution or
        the share that the game gives, else ``"nash"``.
    points : int
        How many values are scanned. A stretch that lies wholly between two of them, and has the
        same condition on its two sides, is missed.
    log : bool
        Whether the scan is even in the logarithm.
    tolerance : float
        How accurate the ends of intervals are, absolutely and relative to the range. A stretch
        narrower than that is left out, such as a single value at which two shares tie.
    engine : str
        ``"auto"``, or the name of an engine.

    Returns
    -------
    Conditions
        Where a stretch of values has no answer, its interval has no condition but a reason.

    Raises
    ------
    SpecError
        If the parameter, the range, the share or the solution make no sense for the game.
    SolverError
        If there is no answer at any of the values scanned.

    Examples
    --------
    The specialist of the quadratic game leaves all the work to the generalist if that is as cheap:

    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> found = opt_games.conditions(game, "c1", 0.5, 2.0, bargain="max-performance", points=5)
    >>> [round(interval.high, 5) for interval in found.intervals]
    [1.0, 2.0]
    >>> found.intervals[1].condition.in_words()
    'law free-rides, revenue not shared'
    """
    values = check_range(game, parameter, low, high, points, log, tolerance)
    survey = Survey(game, (parameter,), bargain=bargain, share=share, engine=engine)
    codes = survey(values[:, None])
    survey.require_an_answer()
    closeness = tolerance * min(1.0, high - low)
    found = trace(
        survey,
        values[:-1, None],
        values[1:, None],
        (codes[:-1], codes[1:]),
        np.array([closeness]),
    )
    ends = np.concatenate([[low], found.points[:, 0], [high]])
    kinds = np.append(codes[:1], found.after)
    ends, kinds = without_slivers(ends, kinds, closeness)
    return Conditions(
        game.name,
        parameter,
        survey.solution,
        tuple(
            _interval(survey, float(a), float(b), int(kind))
            for a, b, kind in zip(ends[:-1], ends[1:], kinds, strict=True)
        ),
        game.players,
        log,
        survey.solved,
        survey.failures,
    )


def check_range(
    game: Game, name: str, low: float, high: float, points: int, log: bool, tolerance: float
) -> Array:
    """Return the values to scan, or raise `SpecError` if the range makes no sense."""
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise SpecError(
            f"expected two numbers, the lower first, not {low:g} and {high:g}", key=name
        )
    if points < 2:
        raise SpecError(f"expected at least 2 points, not {points}", key=name)
    if not 0.0 < tolerance < 1.0:
        raise SpecError(f"expected a tolerance between 0 and 1, not {tolerance:g}", key=name)
    if log and low <= 0.0:
        raise SpecError(f"a logarithmic range begins above 0, not at {low:g}", key=name)
    first, last = game.contract.bounds
    if name == SHARE and not first <= low < high <= last:
        raise SpecError(
            f"expected shares within the bounds [{first:g}, {last:g}], not {low:g} to {high:g}",
            key=name,
        )
    return np.geomspace(low, high, points) if log else np.linspace(low, high, points)


def without_slivers(ends: Array, kinds: Codes, width: float) -> tuple[Array, Codes]:
    """Join stretches no wider than `width` to their neighbours, the narrowest first.

    Examples
    --------
    >>> without_slivers(np.array([0.0, 0.5, 0.50001, 1.0]), np.array([3, 7, 3]), 1e-4)
    (array([0., 1.]), array([3]))
    """
    kept_ends, kept = [float(end) for end in ends], [int(kind) for kind in kinds]
    while len(kept) > 1:
        widths = np.diff(kept_ends)
        k = int(np.argmin(widths))
        if widths[k] > width:
            break
        if k == 0:
            del kept_ends[1]
        elif k == len(kept) - 1:
            del kept_ends[-2]
        else:
            kept_ends[k : k + 2] = [(kept_ends[k] + kept_ends[k + 1]) / 2]
        del kept[k]
        if 0 < k < len(kept) and kept[k - 1] == kept[k]:
            del kept[k], kept_ends[k]
    return np.array(kept_ends), np.array(kept, dtype=np.int64)


def _interval(survey: Survey, low: float, high: float, code: int) -> Interval:
    condition = survey.conditions[code]
    reason = "" if condition.solved else survey.why_failed(np.array([low]), np.array([high]))
    return Interval(low, high, condition, reason)
