"""The fast engine: all games in lockstep on arrays.

It covers games of one attribute and one common share, with smooth formulas. Every game is searched
globally: followers' payoffs must be proven concave, the leader's base level is scanned at every
share, tops are checked against its other humps, and deviations from the answer are tried. What is
not clear at a first, coarse look gets closer ones, and what is not clear then goes to the slow
engine.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.cases import GIVEN, Cases
from opt_games.engines.one_by_one import OneByOne
from opt_games.engines.outcomes import FAILED, NO_AGREEMENT, OK, REGIMES, Outcomes, join
from opt_games.errors import OptGamesError, SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.audit import deviation_gain
from opt_games.kernels.lockstep.bargain import Answer, bargain, given
from opt_games.kernels.lockstep.concavity import concave
from opt_games.kernels.lockstep.forms import GameForms, compile_forms
from opt_games.kernels.lockstep.market import Index, Market, evaluate
from opt_games.kernels.lockstep.nodes import COARSE, FINE, Density, sample
from opt_games.kernels.payoffs import refuse_what_is_not_built
from opt_games.names import quoted
from opt_games.result import ABSTAIN, CONTRIBUTE, FREE_RIDE

LANES = 32768
"""Games times followers that are worked on at a time."""

_REGRET = 1e-9
_CLOSER = 8  # looks at what is not clear at the first, each closer than the one before

ARRAYS = ("numpy", "numba")
"""What can do the work on arrays: numpy alone, or kernels in machine code that numba compiles."""


class Batch:
    """Solves many games in lockstep; see the module.

    Parameters
    ----------
    arrays : {"numpy", "numba"}
        numba is some three times faster, and takes some seconds to compile first.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> from opt_games.engines import Cases
    >>> game = opt_games.load("quadratic")
    >>> found = Batch().solve(Cases(game, {"c1": np.array([0.5, 1.0])}, "utilitarian"))
    >>> found.shares.round(6)
    array([[0.333333, 0.5     ]])
    """

    def __init__(self, arrays: str = "numpy") -> None:
        if arrays not in ARRAYS:
            raise SpecError(f"no arrays by {quoted(arrays)}: choose from {', '.join(ARRAYS)}")
        if arrays == "numba" and importlib.util.find_spec("numba") is None:
            raise SpecError(
                "the engine batch-numba needs numba: pip install 'opt_games[numba]', or take batch",
                key="engine",
            )
        self.arrays = arrays
        self._compiled: tuple[Game, GameForms] | None = None

    @property
    def name(self) -> str:
        """``"batch"``, or ``"batch-numba"``."""
        return "batch" if self.arrays == "numpy" else f"batch-{self.arrays}"

    def why_not(self, cases: Cases) -> str | None:
        """Say why lockstep does not cover such games, None if it does."""
        game = cases.game
        try:
            refuse_what_is_not_built(game)
        except OptGamesError as error:
            return str(error)
        if game.contract.shares == "separate" and len(game.specialists) > 1:
            return "the contract has separate shares"
        if game.level_bounds:
            return "levels are bounded from above"
        forms = self._forms(game)
        if not forms.smooth:
            return "a formula has corners (abs, min or max)"
        first = cases.select(slice(0, 64))
        if not concave(Market.of(game, forms, first.parameters, first.size)).any():
            return "the specialists' profits are not proven concave in their own levels"
        return None

    def solve(self, cases: Cases) -> Outcomes:
        """Solve all cases, in order."""
        if self.why_not(cases) is not None:
            slow = OneByOne().solve(cases)
            return replace(slow, slow=np.ones(cases.size, dtype=bool))
        game = cases.game
        market = Market.of(game, self._forms(game), cases.parameters, cases.size)
        share = _shares(cases)
        usable = _in_range(market, cases, share) & concave(market)
        outcomes = Outcomes.empty(market.size, 1, cases.size)
        looker = _Looker(market, cases.solution, share)
        todo, near = np.flatnonzero(usable), None
        for density in (COARSE, *([FINE] * (_CLOSER if share is None else 1))):
            if todo.size == 0:
                break
            found, near = looker.look(todo, density, near)
            outcomes = outcomes.replaced(todo, found)
            left = found.status == FAILED
            todo, near = todo[left], near[:, left]
        rest = np.flatnonzero(outcomes.status == FAILED)
        if rest.size:
            slow = OneByOne().solve(cases.select(rest))
            slow = replace(slow, slow=np.ones(rest.size, dtype=bool))
            outcomes = outcomes.replaced(rest, slow)
        return outcomes

    def _forms(self, game: Game) -> GameForms:
        if self._compiled is None or not _same_formulas(self._compiled[0], game):
            self._compiled = (game, compile_forms(game, fuse=self.arrays == "numba"))
        return self._compiled[1]


@dataclass(frozen=True)
class _Looker:
    """Looks for answers, a block of games at a time."""

    market: Market
    solution: str
    share: Array | None

    def look(self, todo: Index, density: Density, near: Array | None) -> tuple[Outcomes, Array]:
        """Return what is found for some games, and where to look closer where nothing is."""
        size = max(1, LANES // self.market.size)
        parts = []
        for start in range(0, todo.size, size):
            block = slice(start, start + size)
            closer = None if near is None else near[:, block]
            parts.append(self._look(todo[block], density, closer))
        return join([found for found, _ in parts]), np.concatenate([at for _, at in parts], axis=1)

    def _look(self, todo: Index, density: Density, near: Array | None) -> tuple[Outcomes, Array]:
        part = self.market.take(todo)
        if self.share is None:
            answer = bargain(sample(part, density, near), self.solution)
        else:
            answer = given(part, self.share[todo], density)
        regret = deviation_gain(part, answer)
        known = np.flatnonzero(answer.known & (regret <= _REGRET))
        found = Outcomes.empty(part.size, 1, part.games)
        return (
            found.replaced(known, _outcomes(part.take(known), answer.take(known), regret[known])),
            answer.near,
        )


def _same_formulas(one: Game, other: Game) -> bool:
    """Whether what was compiled for one game serves for another."""
    return one is other or (
        one.specialists is other.specialists
        and one.generalist is other.generalist
        and one.attributes == other.attributes
    )


def _shares(cases: Cases) -> Array | None:
    """Return the shares that are given, None where they are bargained for."""
    if cases.solution != GIVEN:
        return None
    if cases.shares is not None:
        return cases.shares
    formula = cases.game.contract.share
    assert formula is not None
    values: Mapping[str, Array] = {
        name: np.array([number]) for name, number in cases.game.parameters.items()
    } | dict(cases.parameters)
    names = sorted(formula.names)
    share = evaluate(formula, names, [values[name] for name in names])
    return np.broadcast_to(share, (cases.size,))


def _in_range(market: Market, cases: Cases, share: Array | None) -> NDArray[np.bool_]:
    """Whether all numbers of a game are in their range; others get their reason one by one."""
    fine = np.array(np.isfinite(market.outside).all(axis=0))
    fine &= np.isfinite(market.disagreement).all(axis=0)
    fine &= (market.weights >= 0).all(axis=0) & (market.weights > 0).any(axis=0)
    for column in cases.parameters.values():
        fine &= np.isfinite(column)
    if cases.solution == "weighted" and cases.game.bargaining.weights is None:
        fine[:] = False
    if share is not None:
        fine &= (share >= market.low) & (share <= market.high)
    return np.asarray(fine)


def _outcomes(market: Market, answer: Answer, regret: Array) -> Outcomes:
    """Return answers as outcomes."""
    points, measure = answer.points, answer.measure
    result = Outcomes.empty(market.size, 1, market.games)
    agreed, active = answer.agreed, answer.active
    produced = agreed & active
    profits = np.where(produced, measure.profits, market.outside)
    utility, _ = market.utility(profits)
    result.shares[:] = np.where(agreed, points.share, np.nan)
    result.profits[:] = profits
    result.utilities[:] = np.where(agreed, utility, market.disagreement)
    base = points.base
    final = base + np.where(points.contributes, points.extra, 0.0)
    takes = points.takes & produced
    result.levels[0, 0] = np.where(produced, base, np.nan)
    result.levels[1:, 0] = np.where(takes, final, np.nan)
    code = {name: REGIMES.index(name) for name in (CONTRIBUTE, FREE_RIDE, ABSTAIN)}
    result.regimes[0] = np.where(produced, code[CONTRIBUTE], code[ABSTAIN])
    working = np.where(final > base, code[CONTRIBUTE], code[FREE_RIDE])
    result.regimes[1:] = np.where(takes, working, code[ABSTAIN])
    result.status[:] = np.where(agreed, OK, NO_AGREEMENT)
    result.regret[:] = regret
    return result
