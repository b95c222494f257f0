"""The answer to which contracts are Pareto-optimal, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opt_games.result import Work

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ContractPoint:
    """A contract and the utilities that its equilibrium gives.

    Attributes
    ----------
    shares : the generalist's share of each domain's revenue, by specialist
    utilities : by player
    found_by : what found the contract, such as ``"lattice"``; empty along a common share
    """

    shares: Mapping[str, float]
    utilities: Mapping[str, float]
    found_by: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return an entry of ``points`` in the JSON output."""
        document: dict[str, Any] = {
            "shares": dict(self.shares),
            "utilities": dict(self.utilities),
        }
        return document | ({"found_by": self.found_by} if self.found_by else {})


@dataclass(frozen=True)
class PlacedBargain:
    """Where a bargaining solution lies.

    Attributes
    ----------
    shares, utilities : as of a `ContractPoint`
    on_frontier : whether no contract known dominates it
    """

    shares: Mapping[str, float]
    utilities: Mapping[str, float]
    on_frontier: bool

    def to_dict(self) -> dict[str, Any]:
        """Return an entry of ``bargains`` in the JSON output."""
        return {
            "shares": dict(self.shares),
            "utilities": dict(self.utilities),
            "on_frontier": self.on_frontier,
        }


@dataclass(frozen=True)
class Coverage:
    """How a finite set of contracts stands for the frontier, as far as that is known.

    Attributes
    ----------
    known : int
        Contracts that look undominated, reported or not.
    largest_gap, mean_gap : float
        Distance from a known one to the nearest reported, by the player it is furthest for, in the
        players' ranges along the frontier: 0.01 is 1% of a range.
    found_by : mapping of str to int
        How many of the reported contracts each method found.
    checked : int
        Reported contracts of which it is known that no small change betters all.
    """

    known: int
    largest_gap: float
    mean_gap: float
    found_by: Mapping[str, int]
    checked: int

    def to_dict(self) -> dict[str, Any]:
        """Return the ``coverage`` entry of the JSON output."""
        return {
            "known": self.known,
            "largest_gap": self.largest_gap,
            "mean_gap": self.mean_gap,
            "found_by": dict(self.found_by),
            "checked": self.checked,
        }


@dataclass(frozen=True)
class FirstBest:
    """What the players could reach if levels could be contracted on.

    Attributes
    ----------
    total : float
        The largest sum of utilities.
    proven : bool
        Whether a search over all base levels found it; otherwise local solves did.
    points : tuple of ContractPoint
        Undominated, by local solves.
    """

    total: float
    proven: bool
    points: tuple[ContractPoint, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the ``first_best`` entry of the JSON output."""
        return {
            "total": self.total,
            "global": self.proven,
            "points": [point.to_dict() for point in self.points],
        }


@dataclass(frozen=True)
class ParetoSet:
    """The contracts whose utilities no other contract weakly dominates.

    Attributes
    ----------
    game : str
    intervals : tuple of (float, float), or None
        Of a common share: closed, ascending and disjoint; an isolated share is an interval of
        length 0. None for separate shares.
    points : tuple of ContractPoint
        Contracts along the intervals, ends included, ascending in the share; or a set of contracts
        that is spread over the frontier.
    regret : float
        The largest regret at the points where it was computed, relative to the player's turnover.
    work : Work
    hypervolume : float or None
        Of the points, above `reference`: the product of gains that somebody dominated could have.
        None for more than five players.
    reference : mapping of str to float
        The disagreement payoffs, by player.
    best_total : float
        The largest sum of utilities of any equilibrium found.
    first_best : FirstBest or None
        None where time was up.
    bargains : mapping of str to (PlacedBargain or None)
        Where every bargaining solution lies, None without agreement.
    coverage : Coverage or None
        None for a common share.
    unfinished : tuple of str
        What a limit of time cut short.
    failed : tuple of str
        Steps of which no solve had an answer. `work` has every solve that failed.
    """

    game: str
    intervals: tuple[tuple[float, float], ...] | None
    points: tuple[ContractPoint, ...]
    regret: float
    work: Work
    hypervolume: float | None = None
    reference: Mapping[str, float] = field(default_factory=dict)
    best_total: float = float("nan")
    first_best: FirstBest | None = None
    bargains: Mapping[str, PlacedBargain | None] = field(default_factory=dict)
    coverage: Coverage | None = None
    unfinished: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether no limit of time cut the answer short, and no step failed altogether."""
        return not self.unfinished and not self.failed

    @property
    def missing(self) -> str:
        """What is missing of a partial answer, and why; empty if it is complete."""
        why = []
        if self.unfinished:
            why.append(f"time was up; missing: {', '.join(self.unfinished)}")
        if self.failed:
            why.append(f"no solve had an answer for: {', '.join(self.failed)}")
        return "; ".join(why)

    @property
    def efficiency(self) -> float | None:
        """The best total of an equilibrium over that of the first best.

        What it lacks to 1 is the price of not committing. None where there is no first best, or its
        total is not above 0.
        """
        if self.first_best is None or self.first_best.total <= 0.0:
            return None
        return self.best_total / self.first_best.total

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of ``opt-games pareto``."""
        document: dict[str, Any] = {"game": self.game}
        if self.intervals is not None:
            document["intervals"] = [list(interval) for interval in self.intervals]
        return document | {
            "points": [point.to_dict() for point in self.points],
            "hypervolume": self.hypervolume,
            "reference": dict(self.reference),
            "complete": self.complete,
            "unfinished": list(self.unfinished),
            "failed": list(self.failed),
            "coverage": None if self.coverage is None else self.coverage.to_dict(),
            "bargains": {
                name: None if found is None else found.to_dict()
                for name, found in self.bargains.items()
            },
            "efficiency": self.efficiency,
            "first_best": None if self.first_best is None else self.first_best.to_dict(),
            "regret": self.regret,
            "solver": self.work.to_dict(),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the points as a pandas table: a row each, a column per share and utility."""
        import pandas as pd

        return pd.DataFrame(
            [
                {f"share_{name}": share for name, share in point.shares.items()}
                | {f"utility_{name}": utility for name, utility in point.utilities.items()}
                | ({"found_by": point.found_by} if point.found_by else {})
                for point in self.points
            ]
        )
