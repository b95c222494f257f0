"""Equilibria of many games of any formulas, by search: who does what, and what it earns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.exact import solve_pairs
from opt_games.kernels.policy.pair import TIE
from opt_games.kernels.policy.pairs_of import pairs_of
from opt_games.kernels.policy.payoffs import Numbers, PolicyGame
from opt_games.kernels.policy.replies import Replies
from opt_games.kernels.policy.response import Adapter, Contest
from opt_games.kernels.policy.search import best_bases
from opt_games.kernels.policy.window import Window, find_window

_CHECKED = {1: 301, 2: 26, 3: 9}
"""Base levels per attribute from which a second search starts: not those of the first."""


@dataclass(frozen=True)
class Settled:
    """What happens in games; the last axis of every array is the game.

    Attributes
    ----------
    base : ndarray, shape (attributes, games)
    finals : ndarray, shape (specialists, attributes, games)
        Also where the specialist stays out: what it would choose.
    takes : ndarray of bool, shape (specialists, games)
    active : ndarray of bool, shape (games,)
        Whether the generalist takes part; nobody produces anything where it does not.
    profits : ndarray, shape (players, games)
        The outside options where the generalist stays out.
    """

    base: Array
    finals: Array
    takes: NDArray[np.bool_]
    active: NDArray[np.bool_]
    profits: Array

    @property
    def performance(self) -> Array:
        """The sum of the final levels of the first attribute, by game."""
        there = self.takes & self.active
        return np.asarray(np.where(there, self.finals[:, 0], 0.0).sum(axis=0))


@dataclass(frozen=True)
class Search:
    """Games with what their search needs.

    Examples
    --------
    >>> import opt_games
    >>> from opt_games.kernels.policy.payoffs import Numbers, compile_policy_game
    >>> game = opt_games.load("safety")
    >>> numbers = Numbers.of(game, {"theta_D": np.array([0.0, 0.4])}, 2)
    >>> contest = Contest(compile_policy_game(game), numbers, np.full((1, 2), 0.5))
    >>> Search.of(contest).settle().finals[0, 1].round(6)
    array([0.5, 0.4])
    """

    contest: Contest
    adapters: list[Adapter]
    window: Window

    @classmethod
    def of(cls, contest: Contest) -> Search:
        """Find out how far levels can reach, which may raise `UnboundedGameError`."""
        return cls(contest, contest.adapters(), find_window(contest))

    def settle(self) -> Settled:
        """Find the equilibria."""
        found = best_bases(self.contest, self.adapters, self.window)
        picked = [each.select(np.array([_preferred(each)])) for each in found]
        size = np.array([each.size[0] for each in picked])
        payoff = np.array([each.payoff[0] for each in picked])
        outside = self.contest.numbers.outside
        active = payoff >= outside[0] - TIE * (size + np.abs(outside[0]))
        own = np.array([[each.own[0] for each in one.responses] for one in picked]).T
        finals = np.array([[each.final[:, 0] for each in one.responses] for one in picked])
        return Settled(
            np.hstack([each.base for each in picked]),
            np.moveaxis(finals, 0, -1),
            np.array([[each.takes[0] for each in one.responses] for one in picked]).T,
            active,
            np.where(active, np.vstack([payoff, own]), outside),
        )

    def gain(self, found: Settled) -> Array:
        """Return the most that a player gains by deviating, of its turnover, by game."""
        games = np.arange(self.contest.size)
        outside = self.contest.numbers.outside
        cost = np.abs(self.contest.cost(found.base, games))
        size = cost + np.abs(outside[0])
        worst = np.zeros(games.size)
        for k, adapter in enumerate(self.adapters):
            answer = adapter.respond(found.base, games, self.window.reach[k])
            missed = answer.own - found.profits[k + 1]
            missed = np.where(found.active, missed / np.maximum(answer.size, 1e-300), 0.0)
            worst = np.maximum(worst, missed)
            size = size + np.abs(answer.leads)
        missed = np.maximum(self.highest_payoff(), outside[0]) - found.profits[0]
        return np.asarray(np.maximum(worst, missed / np.maximum(size, 1e-300)))

    def highest_payoff(self) -> Array:
        """Return the most that a search of its own finds for each generalist."""
        nodes = _CHECKED.get(self.contest.attributes, 6)
        found = best_bases(self.contest, self.adapters, self.window, seed=1, nodes=nodes)
        return np.array([each.payoff[0] for each in found])


def _preferred(found: Replies) -> int:
    """Return which of the best base levels the specialists like most."""
    tied = found.payoff >= found.payoff[0] - TIE * found.size[0]
    size = found.size[0] if found.size[0] > 0.0 else 1.0
    liking = np.round(found.liking / size, 9)
    return int(np.where(tied, liking, -np.inf).argmax())


def settle_by_search(compiled: PolicyGame, numbers: Numbers, shares: Array) -> Settled:
    """Find the equilibria of contracts, shares of shape (specialists, games), by search."""
    return Search.of(Contest(compiled, numbers, shares)).settle()


def settle_exactly(compiled: PolicyGame, numbers: Numbers, shares: Array) -> Settled:
    """Find those of games whose `why_no_pairs` is None, by their closed forms."""
    attributes = len(compiled.game.attributes)
    found = solve_pairs(pairs_of(compiled, numbers, shares[0]))
    return Settled(
        found.base[:attributes],
        found.final[None, :attributes],
        found.takes[None],
        found.active,
        np.where(found.active, np.stack([found.leader, found.follower]), numbers.outside),
    )
