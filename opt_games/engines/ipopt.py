"""The engine that solves the formulations themselves: IPOPT on every game, checks on every answer.

For each game a quick scan along the share says on which branches the contract may lie. The
bargaining problem of each of them, built and compiled once, is solved by IPOPT from there. What it
finds is held against the first-order conditions, against deviations of all players, and against
the scan; where the generalist would deviate, the branch that it would go to is added to the problem
as a rival. What cannot be confirmed goes to `OneByOne`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opt_games.engines.cases import Cases
from opt_games.engines.many_games import kinked
from opt_games.engines.one_by_one import OneByOne
from opt_games.engines.outcomes import Outcomes, join
from opt_games.engines.part import NODES, Part
from opt_games.engines.solving import Compiled
from opt_games.errors import OptGamesError
from opt_games.game import Game
from opt_games.kernels.payoffs import compile_payoffs

_CELLS = 600_000  # of a scan at a time; numpy likes long arrays, caches short ones


class Ipopt:
    """Solves each game by IPOPT on the formulations, checked, many games at a time.

    The compiled formulations stay with the engine: keep it for further cases of the same game.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> from opt_games.engines import Cases
    >>> game = opt_games.load("quadratic")
    >>> found = Ipopt().solve(Cases(game, {"c1": np.array([0.5, 1.0])}, "utilitarian"))
    >>> found.shares.round(6)
    array([[0.333333, 0.5     ]])
    """

    name = "ipopt"

    def __init__(self) -> None:
        self._compiled: Compiled | None = None
        self._safe = OneByOne()

    def why_not(self, cases: Cases) -> str | None:
        """Say why this engine does not cover such games, None if it does."""
        game = cases.game
        if game.contract.shares == "separate" and len(game.specialists) > 1:
            return "separate shares of several specialists"
        varied = set(cases.parameters)
        if any(bound.names & varied for bound in game.level_bounds.values()):
            return "the largest level varies"
        if cases.solution == "weighted" and game.bargaining.weights is None:
            return "the weighted solution needs weights"
        try:
            compiled = self._compile(game)
        except OptGamesError as error:
            return str(error)
        if kinked(compiled.payoffs):
            return "formulas with abs, min, max or a condition"
        return None

    def solve(self, cases: Cases) -> Outcomes:
        """Solve all cases, in order."""
        if self.why_not(cases) is not None:
            found = self._safe.solve(cases)
            return replace(found, slow=np.ones(cases.size, dtype=bool))
        if cases.size == 0:
            return Outcomes.empty(len(cases.game.specialists), 1, 0)
        most = max(1, _CELLS // (NODES * NODES * len(cases.game.specialists)))
        size = -(-cases.size // -(-cases.size // most))  # parts of one length
        compiled = self._compile(cases.game)
        return join([self._part(compiled, part) for part in cases.parts(size)])

    def _compile(self, game: Game) -> Compiled:
        if self._compiled is None or self._compiled.game is not game:
            self._compiled = Compiled(game, compile_payoffs(game))
        return self._compiled

    def _part(self, compiled: Compiled, cases: Cases) -> Outcomes:
        result = Part(compiled, cases).outcomes()
        slow = np.flatnonzero(result.slow)
        if slow.size:
            safe = self._safe.solve(cases.select(slow))
            result = result.replaced(slow, replace(safe, slow=np.ones(slow.size, dtype=bool)))
        return result
