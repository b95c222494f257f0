"""The exact engine: quadratic games of one specialist under a policy, in closed form.

It covers games of one or two attributes, with floors, liability and taxes, whose revenue, costs and
harm are quadratic in the levels; see `opt_games.kernels.policy.exact`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.policy import PolicyEngine
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.audit import deviation_gain
from opt_games.kernels.policy.pair import Answers
from opt_games.kernels.policy.pairs_of import pairs_of, why_no_pairs
from opt_games.kernels.policy.payoffs import Numbers, PolicyGame
from opt_games.kernels.policy.settle import Settled, settle_exactly

PAIRS = 8192
"""Games that are solved at a time: numpy likes long arrays, caches short ones."""


class Quadratic(PolicyEngine):
    """Solves many quadratic games of a generalist and a specialist exactly; see the module.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> from opt_games.engines import Cases
    >>> game = opt_games.load("safety")
    >>> cases = Cases(game, {"theta_D": np.array([0.0, 0.4, 1.0])}, "given")
    >>> Quadratic().solve(cases).levels[1, 1].round(6)
    array([0.5, 0.4, 1. ])
    """

    name = "quadratic"

    def uncovered(self, compiled: PolicyGame) -> str | None:
        """Say why closed forms do not cover games of this form, None if they do."""
        return why_no_pairs(compiled)

    def at_a_time(self, game: Game) -> int:
        """Return how many games are solved at a time."""
        return PAIRS

    def bounded(self, compiled: PolicyGame, numbers: Numbers, shares: Array) -> NDArray[np.bool_]:
        """Tell, by game, whether levels are bounded for sure."""
        return pairs_of(compiled, numbers, shares[0]).bounded()

    def settle(self, compiled: PolicyGame, numbers: Numbers, shares: Array) -> Settled:
        """Find the equilibria of contracts."""
        return settle_exactly(compiled, numbers, shares)

    def gain(self, compiled: PolicyGame, numbers: Numbers, shares: Array, found: Settled) -> Array:
        """Return the most that a player gains by the deviations tried."""
        pairs = pairs_of(compiled, numbers, shares[0])
        # a second attribute that the game has not is at its floor
        missing = 2 - found.base.shape[0]
        base = np.vstack([found.base, pairs.leader_floor[2 - missing :]])
        final = np.vstack([found.finals[0], pairs.leader_floor[2 - missing :]])
        answers = Answers(base, final, found.takes[0], found.active, *found.profits)
        return deviation_gain(pairs, answers)
