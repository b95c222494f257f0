"""A certificate as data: what is proven of an equilibrium, by what, and of which numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

METHOD = "interval branch and bound"


@dataclass(frozen=True)
class BargainGap:
    """How far from the best contract the agreed one can be.

    Attributes
    ----------
    solution : str
        The bargaining solution.
    measure : str
        What `score` is, in words, with its unit.
    score : float or None
        Of the contract agreed on, at least.
    upper : float or None
        No contract scores more; None if no bound is proven.
    tolerance : float
    boxes : int
    reason : str
        Why there is no bound, or why it is not closer.
    better : tuple of float, or None
        A range of shares all of which are proven to score more, by more than the tolerance.
    """

    solution: str
    measure: str = ""
    score: float | None = None
    upper: float | None = None
    tolerance: float = 0.0
    boxes: int = 0
    reason: str = ""
    better: tuple[float, float] | None = None

    @property
    def gap(self) -> float | None:
        """How much better another contract can be at most; None if that is unknown."""
        if self.upper is None or self.score is None:
            return None
        return max(self.upper - self.score, 0.0)

    @property
    def certified(self) -> bool:
        """Whether the gap is proven to be within the tolerance."""
        return self.gap is not None and self.gap <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        """Return the ``bargain`` entry of a certificate."""
        return {
            "solution": self.solution,
            "available": self.gap is not None,
            "certified": self.certified,
            "measure": self.measure,
            "score": self.score,
            "upper_bound": self.upper,
            "gap": self.gap,
            "tolerance": self.tolerance,
            "boxes": self.boxes,
            "reason": self.reason,
            "better_shares": None if self.better is None else list(self.better),
        }


@dataclass(frozen=True)
class Certificate:
    """What is proven of the equilibrium of a contract.

    Attributes
    ----------
    regret : mapping of str to float
        By player: it cannot gain more by deviating, in units of its utility. Infinite if nothing
        is proven.
    tolerance : float
        The equilibrium is certified if every regret is at most that.
    shares, levels : mappings
        The contract and the levels that this is proven of; levels are None for who abstains.
    profits : mapping of str to float
        By player, what it surely earns at these levels.
    bounds : mapping of str to float
        By player, the most it can earn by deviating.
    deviations : mapping
        By player, a choice that is proven to gain more than the tolerance: its ``levels`` (None
        for abstaining) and the ``gain`` in money, at least.
    reasons : tuple of str
        Why it is not certified, where it is not.
    boxes : int
        How many were bounded.
    seconds : float
    version : str
        Of opt_games.
    spec : str or None
        The game as a spec file; None if it has no text, as with formulas that are functions.
    fingerprint : str
        SHA-256 of the game's text.
    farthest : float
        Nothing is proven of levels higher than that; most often infinite.
    bargain : BargainGap or None
        None for a contract that was given.

    Notes
    -----
    The generalist's deviations are all base levels, to which every specialist answers at its best
    (if indifferent, as the generalist prefers), and abstaining. A specialist's are all final levels
    from the base level, or its floor, up, and abstaining.
    """

    regret: Mapping[str, float]
    tolerance: float
    shares: Mapping[str, float] | None
    levels: Mapping[str, Mapping[str, float] | None] | None
    profits: Mapping[str, float]
    bounds: Mapping[str, float]
    deviations: Mapping[str, Mapping[str, Any]]
    reasons: tuple[str, ...]
    boxes: int
    seconds: float
    version: str
    spec: str | None
    fingerprint: str
    farthest: float = math.inf
    bargain: BargainGap | None = None

    @property
    def certified(self) -> bool:
        """Whether no player can gain more than the tolerance, and no reason stands against it.

        A contract that is proven to be better than the one agreed on stands against it. That there
        is none is certified apart, by `BargainGap.certified`; only without agreement, where nobody
        can deviate, it is what is certified, if it can be had at all.
        """
        small = all(regret <= self.tolerance for regret in self.regret.values())
        return small and not self._refuted and not self.reasons

    @property
    def _refuted(self) -> bool:
        if self.bargain is None or self.bargain.gap is None:
            return False
        if self.shares is None:
            return not self.bargain.certified
        return self.bargain.better is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the ``certificate`` entry of ``opt-games verify --json``."""
        return {
            "certified": self.certified,
            "regret": _finite(self.regret),
            "tolerance": self.tolerance,
            "solver": {
                "name": METHOD,
                "version": self.version,
                "boxes": self.boxes,
                "seconds": self.seconds,
            },
            "shares": None if self.shares is None else dict(self.shares),
            "levels": None
            if self.levels is None
            else {name: None if at is None else dict(at) for name, at in self.levels.items()},
            "profits": dict(self.profits),
            "bounds": _finite(self.bounds),
            "deviations": {name: dict(each) for name, each in self.deviations.items()},
            "reasons": list(self.reasons),
            "levels_up_to": self.farthest if math.isfinite(self.farthest) else None,
            "bargain": None if self.bargain is None else self.bargain.to_dict(),
            "fingerprint": self.fingerprint,
            "spec": self.spec,
        }


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """Write None where nothing is proven: JSON has no infinity."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
