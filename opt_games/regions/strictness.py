"""Whether revenue is really shared: strictly positive parts, strict gains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opt_games.engines import REGIMES, Cases, Outcomes
from opt_games.engines.outcomes import OK
from opt_games.expression import Expression
from opt_games.game import Game, Specialist
from opt_games.kernels.array_function import Array, ArrayFunction, Symbols
from opt_games.parts import GENERALIST
from opt_games.result import ABSTAIN

PART = 1e-8
"""A smaller part of the revenue is rounding of the share."""

GAIN = 1e-9
"""A gain that would not survive the loss of this part of the revenue is rounding of the profit."""


class Sharing:
    """Says of outcomes of a game whether their revenue is shared.

    It is if all who take part keep a strictly positive part of it and gain strictly over
    disagreement. Formulas are compiled once for all cases that follow.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> from opt_games.engines import get_engine
    >>> game = opt_games.load("quadratic")
    >>> cases = Cases(game, {}, "given", np.array([0.0, 0.4]))
    >>> Sharing(game)(cases, get_engine("one-by-one").solve(cases)).tolist()
    [False, True]
    """

    def __init__(self, game: Game) -> None:
        self.game = game
        self._compiled: dict[Expression, tuple[tuple[str, ...], ArrayFunction]] = {}

    def __call__(self, cases: Cases, outcomes: Outcomes) -> NDArray[np.bool_]:
        """Whether revenue is shared, shape (cases,); False where there is no agreement."""
        regimes = outcomes.regimes
        there = (regimes != REGIMES.index(ABSTAIN)) & (regimes >= 0)
        revenue = np.vstack(
            [
                self._values(specialist.revenue, cases, specialist, self._final(outcomes, k))
                for k, specialist in enumerate(self.game.specialists, start=1)
            ]
        )
        revenue = np.where(there[1:], revenue, 0.0)
        total = revenue.sum(axis=0)
        kept = np.where(there[1:], outcomes.shares, 0.0) * revenue
        parts = np.vstack([kept.sum(axis=0) > PART * total, 1.0 - outcomes.shares > PART])
        size = np.vstack([total, revenue])
        strict = (size > 0) & parts & self._gains(cases, outcomes.profits - GAIN * size)
        shared: NDArray[np.bool_] = np.all(strict | ~there, axis=0)
        shared &= there[1:].any(axis=0) & (outcomes.status == OK)
        return shared

    def _final(self, outcomes: Outcomes, player: int) -> dict[str, Array]:
        levels = outcomes.levels[player]
        return {f"{name}1": levels[k] for k, name in enumerate(self.game.attributes)}

    def _gains(self, cases: Cases, profits: Array) -> NDArray[np.bool_]:
        """Whether profits are worth more than disagreement, shape (players, cases)."""
        given = self.game.bargaining.disagreement or {}
        rows = []
        for k, player in enumerate(self.game.players):
            who = None if player == GENERALIST else self.game.specialists[k - 1]
            part = self.game.generalist if who is None else who
            if player not in given:
                # utilities increase in profit: money tells
                rows.append(profits[k] > self._values(part.outside_option, cases, who))
                continue
            worth = profits[k]
            if part.utility is not None:
                worth = self._values(part.utility, cases, who, {"profit": worth})
            rows.append(worth > self._values(given[player], cases, None))
        return np.vstack(rows)

    def _values(
        self,
        expression: Expression,
        cases: Cases,
        owner: Specialist | None,
        more: dict[str, Array] | None = None,
    ) -> Array:
        """Evaluate a formula at every case, with the parameters that its owner sees."""
        if expression not in self._compiled:
            names = tuple(sorted(expression.names))
            symbols = Symbols.named(names)
            compiled = ArrayFunction.compile(
                list(symbols.casadi.values()), [symbols.of(expression)]
            )
            self._compiled[expression] = (names, compiled)
        names, function = self._compiled[expression]
        values = {**self.game.parameters, **cases.parameters}
        values |= {} if owner is None else owner.parameters
        values |= more or {}
        (result,) = function(*(np.asarray(values[name]) for name in names))
        return np.broadcast_to(result, (cases.size,))
