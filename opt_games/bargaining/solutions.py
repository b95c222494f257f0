"""The bargaining solutions as scores of sampled contracts.

A score orders contracts: first by the solution's own objective, then, where that ties, by the sum
of utilities. Contracts that somebody would not sign score ``-inf``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.sample import Sample

# A contract is acceptable if nobody loses more than this fraction of what is at stake for him.
ACCEPTANCE = 1e-9
_ZERO_PRODUCT = -1e300


@dataclass(frozen=True)
class Stakes:
    """What the players bargain over.

    Attributes
    ----------
    disagreement, scale : ndarray, shape (players,)
        Payoffs without agreement; the range of each player's utility over the contracts sampled.
    weights : ndarray, shape (players,)
    bargainers : ndarray of bool, shape (players,)
        Whether the player can gain by any acceptable contract. The gains of those who cannot are
        zero whatever is agreed, and so do not decide.
    ideal : ndarray, shape (players,)
        Each player's best utility over acceptable contracts; only ``kalai-smorodinsky`` needs it.
    """

    disagreement: Array
    scale: Array
    weights: Array
    bargainers: NDArray[np.bool_]
    ideal: Array

    @classmethod
    def of(cls, game: Game, sampled: Sample) -> Stakes | None:
        """Read the stakes off a sample; None if no contract is acceptable and better for any."""
        return cls.of_utilities(game, sampled.utilities)

    @classmethod
    def of_utilities(cls, game: Game, utilities: Array) -> Stakes | None:
        """Read the stakes off utilities of contracts, shape (players, cases), as `of` does."""
        disagreement = game.disagreement_array()
        finite = np.where(np.isfinite(utilities), utilities, disagreement[:, None])
        scale = np.maximum(
            np.ptp(finite, axis=1), np.abs(finite - disagreement[:, None]).max(axis=1)
        )
        first = cls(
            disagreement,
            scale,
            game.weight_array(),
            np.ones(disagreement.size, dtype=bool),
            disagreement,
        )
        signed = first.acceptable(utilities)
        if not np.any(signed & first.better(utilities)):
            return None
        best = np.where(signed, utilities, -np.inf).max(axis=1)
        return cls(
            disagreement, scale, first.weights, best > disagreement + ACCEPTANCE * scale, best
        )

    @classmethod
    def blank(cls, game: Game, sampled: Sample) -> Stakes:
        """Return stakes of contracts none of which is acceptable, to look for one."""
        return cls.blank_of_utilities(game, sampled.utilities)

    @classmethod
    def blank_of_utilities(cls, game: Game, utilities: Array) -> Stakes:
        """Return blank stakes of contracts with utilities of shape (players, cases)."""
        disagreement = game.disagreement_array()
        scale = np.maximum(np.ptp(utilities, axis=1), 1e-300)
        everybody = np.ones(disagreement.size, dtype=bool)
        return cls(disagreement, scale, np.ones(disagreement.size), everybody, disagreement)

    def acceptable(self, utilities: Array) -> NDArray[np.bool_]:
        """Whether everybody gets at least disagreement; shape (cases,)."""
        gains = utilities - self.disagreement[:, None]
        return np.asarray(np.all(gains >= -ACCEPTANCE * self.scale[:, None], axis=0))

    def better(self, utilities: Array) -> NDArray[np.bool_]:
        """Whether somebody gets more than disagreement; shape (cases,)."""
        gains = utilities - self.disagreement[:, None]
        return np.asarray(np.any(gains > ACCEPTANCE * self.scale[:, None], axis=0))

    def rounding(self, solution: str) -> float:
        """Differences of score below which two contracts cannot be told apart."""
        if solution == "nash":
            return 1e-12 * float(self.weights.sum())
        return 1e-12 * float(self.scale.sum() + np.abs(self.disagreement).sum())

    def with_ideal(self, ideal: Array) -> Stakes:
        """Return the same stakes with better known ideal points."""
        return Stakes(self.disagreement, self.scale, self.weights, self.bargainers, ideal)


def score(solution: str, stakes: Stakes, sampled: Sample) -> Array:
    """Score sampled contracts by a bargaining solution, see `score_utilities`."""
    return score_utilities(solution, stakes, sampled.utilities, sampled.performance)


def score_utilities(solution: str, stakes: Stakes, utilities: Array, performance: Array) -> Array:
    """Score contracts by a bargaining solution.

    Parameters
    ----------
    solution : str
        Canonical name, or ``"player k"`` for the utility of player number k.
    stakes : Stakes
    utilities : ndarray, shape (players, cases)
    performance : ndarray, shape (cases,)

    Returns
    -------
    ndarray, shape (cases,)
        Higher is better; ``-inf`` where the contract is not acceptable.
    """
    wide = {
        name: getattr(stakes, name)[:, None]
        for name in ("disagreement", "scale", "weights", "bargainers", "ideal")
    }
    return score_contracts(solution, utilities, performance, **wide)


def score_contracts(
    solution: str,
    utilities: Array,
    performance: Array,
    *,
    disagreement: Array,
    scale: Array,
    weights: Array,
    bargainers: NDArray[np.bool_],
    ideal: Array,
) -> Array:
    """Score contracts of many games, each with stakes of its own: see `Stakes`.

    Parameters
    ----------
    solution : str
        Canonical name, or ``"player k"`` for the utility of player number k.
    utilities : ndarray, shape (players, contracts)
    performance : ndarray, shape (contracts,)
    disagreement, scale, weights, bargainers, ideal : ndarray, shape (players, contracts)
        Or whatever broadcasts to that.

    Returns
    -------
    ndarray, shape (contracts,)
        Higher is better; ``-inf`` where the contract is not acceptable.
    """
    gains = utilities - disagreement
    signed = (gains >= -ACCEPTANCE * scale).all(axis=0)
    gains = np.where(gains > ACCEPTANCE * scale, gains, 0.0)  # what is rounding is no gain
    with np.errstate(divide="ignore", invalid="ignore"):
        if solution.startswith("player "):
            value = utilities[int(solution.removeprefix("player "))]
        elif solution == "utilitarian":
            value = utilities.sum(axis=0)
        elif solution == "weighted":
            value = (weights * utilities).sum(axis=0)
        elif solution == "powerful-generalist":
            value = utilities[0]
        elif solution == "powerful-specialist":
            value = utilities[1:].sum(axis=0)
        elif solution == "max-performance":
            value = performance
        elif solution == "nash":
            power = np.where(bargainers, weights, 0.0)
            value = np.where(power > 0.0, power * np.log(gains), 0.0).sum(axis=0)
            # where every product is zero, the least bad is far below any positive product
            value = np.where(np.isfinite(value), value, _ZERO_PRODUCT)
        elif solution == "egalitarian":
            value = np.where(bargainers, gains, np.inf).min(axis=0)
        elif solution == "kalai-smorodinsky":
            value = np.where(bargainers, gains / (ideal - disagreement), np.inf).min(axis=0)
        else:
            raise ValueError(f"no score for {solution!r}")
    return np.where(signed & ~np.isnan(value), value, -np.inf)


def nobody_gains(solution: str, value: float) -> bool:
    """Whether a score of Nash's product or of a smallest gain says that some bargainer gains none.

    Parameters
    ----------
    solution : str
        ``"nash"``, ``"egalitarian"`` or ``"kalai-smorodinsky"``.
    value : float
        As `score_utilities` returns it.
    """
    return value <= (0.1 * _ZERO_PRODUCT if solution == "nash" else 0.0)


def favoured_player(solution: str, players: tuple[str, ...]) -> str | None:
    """Return the player whose utility alone a score follows, None for the named solutions."""
    if not solution.startswith("player "):
        return None
    return players[int(solution.removeprefix("player "))]


def best_case(values: Array, sampled: Sample) -> int:
    """Position of the highest score; ties go to the larger sum of utilities."""
    top = values.max()
    tied = values >= top - 1e-13 * abs(top) if np.isfinite(top) else values == top
    return int(np.argmax(np.where(tied, sampled.utilities.sum(axis=0), -np.inf)))
