"""Answers: equilibria, bargains and utility curves, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.branch import Branch
from opt_games.certificates.certificate import Certificate

Array = NDArray[np.float64]
Levels = Mapping[str, float] | None

CONTRIBUTE, FREE_RIDE, ABSTAIN, COMPLY = "contribute", "free-ride", "abstain", "comply"
REGRET_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Work:
    """What an answer took.

    Attributes
    ----------
    name, version : str
        The solver.
    solves : int
        Nonlinear programs solved.
    failures : tuple of str
        Solves that gave no answer, in the solver's words; the search went on without them.
    seconds : float
        Wall-clock time of the whole answer.
    """

    name: str
    version: str
    solves: int
    failures: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the ``solver`` entry of the JSON output."""
        document: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "solves": self.solves,
            "seconds": self.seconds,
        }
        if self.failures:
            document["failures"] = list(self.failures)
        return document


@dataclass(frozen=True)
class Equilibrium:
    """The subgame-perfect equilibrium of a contract.

    Mappings are by player: ``"generalist"``, then the specialists in order; `shares` by specialist.

    Attributes
    ----------
    shares : the generalist's share of each domain's revenue
    levels : by attribute; None for a player that abstains
    profits, utilities : in money, in the player's own utility
    regimes : ``"contribute"``, ``"free-ride"``, ``"comply"`` or ``"abstain"``; a specialist
        complies that raises levels to the floors of the regulation, and none beyond
    branch : the equations that determine the levels; None if the generalist abstains
    regret : the most that the player could gain by deviating, in utility, as found by a search of
        its own over the original functions; 0 where nothing better was found
    turnover : the size of the terms of the player's profit, the scale against which regret counts
    certified : whether every regret is at most 1e-8 of the player's turnover
    society : what it means for the public, see `opt_games.policy.society`; often empty
    """

    shares: Mapping[str, float]
    levels: Mapping[str, Levels]
    profits: Mapping[str, float]
    utilities: Mapping[str, float]
    regimes: Mapping[str, str]
    branch: Branch | None
    regret: Mapping[str, float]
    turnover: Mapping[str, float]
    certified: bool
    society: Mapping[str, float] = field(default_factory=dict)

    @property
    def welfare(self) -> float:
        """Sum of the players' utilities."""
        return float(sum(self.utilities.values()))


@dataclass(frozen=True)
class Bargain:
    """What the players agree on, or what a given contract leads to.

    Attributes
    ----------
    game : str
        Name of the game.
    solution : str
        Canonical name of the bargaining solution, or ``"given"`` for a given contract.
    agreement : bool
        False if no contract gives everybody at least disagreement and somebody more.
    equilibrium : Equilibrium or None
        None without agreement.
    disagreement : mapping of str to float
        Utilities without agreement, by player.
    work : Work
    notes : tuple of str
        How the answer was found and what is not proven, where that differs from other answers.
    certificate : Certificate or None
        What is proven of it, if that was asked for.
    """

    game: str
    solution: str
    agreement: bool
    equilibrium: Equilibrium | None
    disagreement: Mapping[str, float]
    work: Work
    notes: tuple[str, ...] = ()
    certificate: Certificate | None = None

    @property
    def shares(self) -> Mapping[str, float] | None:
        """The shares agreed on, None without agreement."""
        return None if self.equilibrium is None else self.equilibrium.shares

    @property
    def utilities(self) -> Mapping[str, float]:
        """Utilities by player; the disagreement payoffs without agreement."""
        return self.disagreement if self.equilibrium is None else self.equilibrium.utilities

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of ``opt-games solve``."""
        found = self.equilibrium
        players = list(self.disagreement)
        public = {} if found is None or not found.society else {"society": dict(found.society)}
        proof = {} if self.certificate is None else {"certificate": self.certificate.to_dict()}
        return {
            "game": self.game,
            "solution": self.solution,
            "agreement": self.agreement,
            "shares": None if found is None else dict(found.shares.items()),
            "levels": None
            if found is None
            else {p: None if at is None else dict(at) for p, at in found.levels.items()},
            "profits": None if found is None else dict(found.profits.items()),
            "utilities": dict(self.utilities.items()),
            "regimes": dict.fromkeys(players, ABSTAIN)
            if found is None
            else dict(found.regimes.items()),
            "welfare": float(sum(self.utilities.values())),
            "regret": None if found is None else dict(found.regret.items()),
            "certified": None if found is None else found.certified,
            "notes": list(self.notes),
            **public,
            "solver": self.work.to_dict(),
            **proof,
        }


@dataclass(frozen=True)
class UtilityCurve:
    """Equilibria along the common share, for pictures and tables.

    Attributes
    ----------
    players : tuple of str
        ``"generalist"``, then the specialists.
    shares : ndarray, shape (points,)
        Ascending. At a jump of the equilibrium the share stands twice, once for each side.
    utilities : ndarray, shape (players, points)
    regimes : ndarray of str, shape (players, points)
    piece : ndarray of int, shape (points,)
        Numbers the pieces between jumps; a line drawn across two pieces would be wrong.
    """

    players: tuple[str, ...]
    shares: Array
    utilities: Array
    regimes: NDArray[np.str_]
    piece: NDArray[np.int64]

    @property
    def welfare(self) -> Array:
        """Sum of utilities at every point."""
        total: Array = self.utilities.sum(axis=0)
        return total
