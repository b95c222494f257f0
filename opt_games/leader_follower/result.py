"""What solving a leader-follower program gives: the point, and what is known of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from opt_games.errors import SolverError
from opt_games.solvers.result import SolverInfo, Termination


class Status(StrEnum):
    """What a result holds."""

    GLOBALLY_OPTIMAL = "globally-optimal"
    LOCALLY_OPTIMAL = "locally-optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


class ByFollower(tuple[float, ...]):
    """A number for each follower, found by its position or by its name.

    Examples
    --------
    >>> gains = ByFollower([0.5, 0.25], names=["first", "second"])
    >>> gains[0], gains["second"], gains.names
    (0.5, 0.25, ('first', 'second'))
    """

    names: tuple[str, ...]

    def __new__(cls, numbers: Iterable[float], names: Iterable[str]) -> ByFollower:
        """Return the numbers under the names, in the order of the followers."""
        self = super().__new__(cls, numbers)
        self.names = tuple(names)
        return self

    def __getitem__(self, key: Any) -> Any:
        """Return the number of a follower."""
        if isinstance(key, str):
            if key not in self.names:
                raise KeyError(f"no follower is called {key!r}: {', '.join(self.names)}")
            key = self.names.index(key)
        return super().__getitem__(key)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (tuple(self), self.names)


@dataclass(frozen=True)
class Proof:
    """What a global solver was made to prove, so that it can be done again.

    The bound holds for every point at which followers respond exactly best, within the solver's
    tolerance on constraints.

    Attributes
    ----------
    leader_bound : float or None
        What the leader's objective cannot go beyond, in its own sense; None without a bound.
    follower_gaps : ByFollower or None
        What each follower could gain at most at the point, in units of its objective.
    gap, follower_tolerance : float
        What was asked for: relative to ``max(1, |objective|)``.
    solver : SolverInfo
        Whose bounds they are.
    feasibility_tolerance : float
        That of the solver.
    rounds, cuts : int
        Bounding problems solved, and optimal-value cuts in the last.
    first_order : tuple of bool
        For which followers first-order conditions were part of the bounding problem.
    """

    leader_bound: float | None
    follower_gaps: ByFollower | None
    gap: float
    follower_tolerance: float
    solver: SolverInfo
    feasibility_tolerance: float
    rounds: int
    cuts: int
    first_order: tuple[bool, ...]


@dataclass(frozen=True)
class LeaderFollowerResult:
    """The outcome of `LeaderFollower.solve`.

    Attributes
    ----------
    status : Status
        ``globally-optimal`` only with a proof; ``locally-optimal`` for a point of the first-order
        conditions where no local search from several starts gave a follower anything better, nor
        small moves of one of its variables the leader, by more than 1e-3: neither is a proof;
        ``feasible`` for other points where followers respond best, as far as the search tells, or
        as proven in global mode; ``infeasible`` where there is proven to be none;
        ``unknown`` where there was no time to find one.
    termination : Termination
        Why the search ended.
    leader_objective : float or None
        In the leader's own sense; None where no point is held.
    follower_objectives : ByFollower or None
        By position, or by name of the follower's Block.
    values : mapping of str to float
        By name of the Var; empty where no point is held.
    follower_regrets : ByFollower or None
        What each follower can gain: proven bounds in global mode, otherwise what local searches
        from several starts found.
    constraint_violation : float
        The largest, of both levels; infinite where no point is held.
    proof : Proof or None
        None in local mode.
    seconds : float
    solver : SolverInfo
        Who found the point.
    message : str
        What was done, in one line.
    """

    status: Status
    termination: Termination
    leader_objective: float | None
    follower_objectives: ByFollower | None
    values: Mapping[str, float]
    follower_regrets: ByFollower | None
    constraint_violation: float
    proof: Proof | None
    seconds: float
    solver: SolverInfo
    message: str

    @property
    def ok(self) -> bool:
        """Whether a point is held at which followers respond best, as far as was checked."""
        return self.leader_objective is not None

    @property
    def leader_bound(self) -> float | None:
        """The proven bound on the leader's objective; None in local mode."""
        return None if self.proof is None else self.proof.leader_bound

    @property
    def gap(self) -> float:
        """How far the leader's objective is from its proven bound; infinite without one."""
        if self.leader_bound is None or self.leader_objective is None:
            return math.inf
        return abs(self.leader_objective - self.leader_bound)

    def require(self) -> LeaderFollowerResult:
        """Return the result itself if it is `ok`.

        Raises
        ------
        SolverError
            If it is not, with what is known.
        """
        if self.ok:
            return self
        raise SolverError(f"no solution of the leader-follower program: {self.message}")
