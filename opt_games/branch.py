"""Branches: which equations determine each player's level at an equilibrium, as data.

A leader-follower equilibrium is smooth in its parameters as long as every level is determined by
the same equation: a zero of the player's own marginal payoff, or a bound. A branch names these
equations. Formulations turn it into constraints, the array engine finds it, certificates check it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Closure(Enum):
    """The equation that determines one level of a player."""

    STATIONARY = "stationary"
    """The player's marginal payoff in this level is zero."""
    LOWER = "lower"
    """At the lower bound: a follower's is the leader's level, a leader's its floor."""
    FLOOR = "floor"
    """Of a follower only: at its own lower bound, which is above the leader's level."""
    UPPER = "upper"
    """At the largest level allowed."""
    FOLLOWER = "follower"
    """Of a leader only: a follower would leave, or change its closure, beyond this level."""
    KINK = "kink"
    """At a corner of the player's payoff, where it has no derivative."""


@dataclass(frozen=True)
class Branch:
    """One smooth piece of the equilibria of a leader with independent followers.

    Attributes
    ----------
    leader : tuple of Closure
        One per attribute.
    followers : tuple of (tuple of Closure or None)
        One entry per follower: a closure per attribute, or None if it abstains.
    binding : tuple of int
        The followers that the leader keeps just willing to take part.
    turning : tuple of int
        The followers at whose change of closure the leader stops.

    Examples
    --------
    >>> branch = Branch((Closure.STATIONARY,), ((Closure.STATIONARY,), None))
    >>> branch.participants
    (0,)
    >>> str(branch)
    'leader stationary; followers stationary, abstain'
    """

    leader: tuple[Closure, ...]
    followers: tuple[tuple[Closure, ...] | None, ...]
    binding: tuple[int, ...] = ()
    turning: tuple[int, ...] = ()

    @property
    def participants(self) -> tuple[int, ...]:
        """Positions of the followers that take part."""
        return tuple(k for k, closures in enumerate(self.followers) if closures is not None)

    @property
    def smooth(self) -> bool:
        """Whether equations determine every level, so that a formulation can state the branch."""
        kinked = any(Closure.KINK in closures for closures in self.followers if closures)
        stopped = Closure.FOLLOWER in self.leader and not (self.binding or self.turning)
        return not (kinked or stopped or Closure.KINK in self.leader)

    def __str__(self) -> str:
        followers = (
            "abstain" if closures is None else "/".join(closure.value for closure in closures)
            for closures in self.followers
        )
        leader = "/".join(closure.value for closure in self.leader)
        return f"leader {leader}; followers {', '.join(followers)}"
