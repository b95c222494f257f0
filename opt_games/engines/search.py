"""The engine of games of any formulas under a policy: all of them searched side by side.

It covers several attributes and specialists, floors, liability, harm and taxes, with a common
share; see `opt_games.kernels.policy.search`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.cases import Cases
from opt_games.engines.outcomes import Outcomes, join
from opt_games.engines.policy import PolicyEngine
from opt_games.errors import OptGamesError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.payoffs import Numbers, PolicyGame
from opt_games.kernels.policy.response import Contest
from opt_games.kernels.policy.settle import Search as Searched
from opt_games.kernels.policy.settle import Settled, settle_by_search
from opt_games.policy.bargain import EFFORT
from opt_games.policy.equilibrium import MOST_ATTRIBUTES

_GAMES = {1: 128, 2: 32}  # by attributes


class Search(PolicyEngine):
    """Solves many games under a policy by search; see the module.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> from opt_games.engines import Cases
    >>> game = opt_games.load("liability")
    >>> Search().solve(Cases(game, {"part": np.array([0.5, 0.8])}, "given")).levels[1, 0].round(6)
    array([0.655743, 0.70877 ])
    """

    name = "search"
    effort = EFFORT

    def uncovered(self, compiled: PolicyGame) -> str | None:
        """Say why games of this form are not covered, None if they are."""
        if len(compiled.game.attributes) > MOST_ATTRIBUTES:
            return f"more than {MOST_ATTRIBUTES} attributes"
        return None

    def at_a_time(self, game: Game) -> int:
        """Return how many games are searched at a time."""
        return _GAMES.get(len(game.attributes), 8)

    def bounded(self, compiled: PolicyGame, numbers: Numbers, shares: Array) -> NDArray[np.bool_]:
        """Leave it to the search, which raises where levels are not bounded."""
        return np.ones(numbers.size, dtype=bool)

    def settle(self, compiled: PolicyGame, numbers: Numbers, shares: Array) -> Settled:
        """Find the equilibria of contracts."""
        return settle_by_search(compiled, numbers, shares)

    def gain(self, compiled: PolicyGame, numbers: Numbers, shares: Array, found: Settled) -> Array:
        """Return the most that a player gains by deviating, by a search of its own."""
        return Searched.of(Contest(compiled, numbers, shares)).gain(found)

    def _solve(self, cases: Cases) -> Outcomes:
        try:
            return super()._solve(cases)
        except OptGamesError:
            if cases.size == 1:
                return self._slowly(cases)
        # one game that has no answer must not stop the others
        half = cases.size // 2
        return join([self._solve(cases.select(part)) for part in (slice(half), slice(half, None))])
