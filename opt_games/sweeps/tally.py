"""Counts of what a sweep has led to so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from opt_games.engines import STATUSES
from opt_games.sweeps.part import Part

MOST_REASONS = 1000
OTHER_REASONS = f"another reason than the first {MOST_REASONS - 2}"


@dataclass
class Tally:
    """Counts the outcomes of parts.

    Attributes
    ----------
    points : int
    counts : Counter
        Outcomes by status: one for each point and solution.
    reasons : Counter
        Failures by reason.
    engines, notes : dict
        Who solved, and why it was not the engine asked for; the keys count.
    """

    points: int = 0
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(STATUSES, 0)))
    reasons: Counter[str] = field(default_factory=Counter)
    engines: dict[str, None] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def add(self, part: Part) -> None:
        """Count a part."""
        self.points += part.size
        self.counts.update(part.counts())
        for text, count in part.reasons().items():
            known = text in self.reasons or len(self.reasons) < MOST_REASONS
            self.reasons[text if known else OTHER_REASONS] += count
        self.engines |= dict.fromkeys(filter(None, map(str, part.engines)))
        self.notes |= dict.fromkeys(map(str, part.notes))

    @property
    def failed(self) -> int:
        """Outcomes that failed."""
        return self.counts["failed"]

    @property
    def all_failed(self) -> bool:
        """Whether nothing was solved at all."""
        return self.failed == sum(self.counts.values())
