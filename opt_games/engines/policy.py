"""What the engines of games under a policy share: from cases over contracts to outcomes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.cases import GIVEN, Cases
from opt_games.engines.one_by_one import OneByOne
from opt_games.engines.outcomes import FAILED, NO_AGREEMENT, OK, REGIMES, Outcomes, join
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.payoffs import Numbers, PolicyGame, compile_policy_game
from opt_games.kernels.policy.settle import Settled
from opt_games.policy.shares import agreed_shares
from opt_games.policy.utilities import of_players, utilities_of
from opt_games.result import ABSTAIN, COMPLY, CONTRIBUTE, FREE_RIDE

_REGRET = 1e-9


class PolicyEngine(ABC):
    """Solves many games of several attributes or under a policy."""

    name: ClassVar[str]
    effort: ClassVar[Mapping[str, Any]] = {}
    """How thoroughly shares are searched: see `agreed_shares`."""

    def __init__(self) -> None:
        self._compiled: tuple[Game, PolicyGame] | None = None

    @abstractmethod
    def uncovered(self, compiled: PolicyGame) -> str | None:
        """Say why games of this form are not covered, None if they are."""

    @abstractmethod
    def at_a_time(self, game: Game) -> int:
        """Return how many games are solved at a time: numpy likes long arrays, caches short."""

    @abstractmethod
    def bounded(self, compiled: PolicyGame, numbers: Numbers, shares: Array) -> NDArray[np.bool_]:
        """Tell, by game, whether the method can be sure that levels are bounded."""

    @abstractmethod
    def settle(self, compiled: PolicyGame, numbers: Numbers, shares: Array) -> Settled:
        """Find the equilibria of contracts, shares of shape (specialists, games)."""

    @abstractmethod
    def gain(self, compiled: PolicyGame, numbers: Numbers, shares: Array, found: Settled) -> Array:
        """Return the most that a player gains by deviating, of its turnover."""

    def why_not(self, cases: Cases) -> str | None:
        """Say why such games are not covered, None if they are."""
        game = cases.game
        if not game.has_policy:
            return "neither several attributes nor a policy"
        if cases.solution == "weighted" and game.bargaining.weights is None:
            return "the weighted solution needs weights"
        if len(game.specialists) > 1 and game.contract.shares == "separate":
            return "separate shares of several specialists"
        return self.uncovered(self._forms(game))

    def solve(self, cases: Cases) -> Outcomes:
        """Solve all cases, in order."""
        if self.why_not(cases) is not None:
            return self._slowly(cases)
        return join([self._solve(part) for part in cases.parts(self.at_a_time(cases.game))])

    def _slowly(self, cases: Cases) -> Outcomes:
        return replace(OneByOne().solve(cases), slow=np.ones(cases.size, dtype=bool))

    def _forms(self, game: Game) -> PolicyGame:
        if self._compiled is None or not _same_formulas(self._compiled[0], game):
            self._compiled = (game, compile_policy_game(game))
        return self._compiled[1]

    def _solve(self, cases: Cases) -> Outcomes:
        game, compiled = cases.game, self._forms(cases.game)
        numbers = Numbers.of(game, cases.parameters, cases.size)
        disagreement = of_players(game, numbers, "disagreement")
        weights = of_players(game, numbers, "weights")
        low, high = game.contract.bounds
        share = _given(cases, numbers)
        good = numbers.in_range() & np.isfinite(disagreement).all(axis=0)
        good &= np.isfinite(weights).all(axis=0) & (weights >= 0).all(axis=0)
        good &= (weights > 0).any(axis=0)
        if share is not None:
            good &= (share >= low) & (share <= high)
        middle = np.full(cases.size, 0.5 * (low + high)) if share is None else share
        wide = self._wide(game, np.where(good, middle, 0.5))
        good &= self.bounded(compiled, numbers, wide)
        usable = np.flatnonzero(good)
        outcomes = Outcomes.empty(len(game.specialists), len(game.attributes), cases.size)
        if usable.size:
            some = numbers.take(usable)
            if share is None:
                shares = self._agreed(
                    compiled, some, cases.solution, disagreement[:, usable], weights[:, usable]
                )
            else:
                shares = share[usable]
            found = self._outcomes(compiled, some, shares, disagreement[:, usable])
            outcomes = outcomes.replaced(usable, found)
        # what is out of range, not confirmed, or grows without limit, gets its reason
        rest = np.flatnonzero(outcomes.status == FAILED)
        return outcomes.replaced(rest, self._slowly(cases.select(rest))) if rest.size else outcomes

    def _agreed(
        self,
        compiled: PolicyGame,
        numbers: Numbers,
        solution: str,
        disagreement: Array,
        weights: Array,
    ) -> Array:
        game = compiled.game
        size = self.at_a_time(game)

        def evaluate(games: NDArray[np.int64], shares: Array) -> tuple[Array, Array]:
            utilities, performance = [], []
            for start in range(0, games.size, size):
                part = slice(start, start + size)
                some = numbers.take(games[part])
                found = self.settle(compiled, some, self._wide(game, shares[part]))
                utilities.append(utilities_of(game, some, found.profits))
                performance.append(found.performance)
            return np.concatenate(utilities, axis=1), np.concatenate(performance)

        bounds = game.contract.bounds
        return agreed_shares(evaluate, solution, bounds, disagreement, weights, **self.effort)

    def _wide(self, game: Game, shares: Array) -> Array:
        return np.tile(shares, (len(game.specialists), 1))

    def _outcomes(
        self, compiled: PolicyGame, numbers: Numbers, shares: Array, disagreement: Array
    ) -> Outcomes:
        """Return the outcomes of contracts; a share of ``nan`` is no agreement."""
        game = compiled.game
        agreed = np.isfinite(shares)
        wide = self._wide(game, np.where(agreed, shares, 0.5))
        found = self.settle(compiled, numbers, wide)
        result = Outcomes.empty(len(game.specialists), len(game.attributes), shares.size)
        produced = agreed & found.active
        takes = produced & found.takes
        result.shares[:] = shares
        result.profits[:] = np.where(produced, found.profits, numbers.outside)
        utilities = utilities_of(game, numbers, result.profits)
        result.utilities[:] = np.where(agreed, utilities, disagreement)
        result.levels[0] = np.where(produced, found.base, np.nan)
        result.levels[1:] = np.where(takes[:, None], found.finals, np.nan)
        code = {name: REGIMES.index(name) for name in (CONTRIBUTE, FREE_RIDE, COMPLY, ABSTAIN)}
        lower = np.maximum(found.base, numbers.floors["specialists"])
        complies = (found.finals <= lower).all(axis=1)
        rides = (found.finals <= found.base).all(axis=1)
        regime = np.where(complies, code[COMPLY], code[CONTRIBUTE])
        regime = np.where(rides, code[FREE_RIDE], regime)
        result.regimes[0] = np.where(produced, code[CONTRIBUTE], code[ABSTAIN])
        result.regimes[1:] = np.where(takes, regime, code[ABSTAIN])
        gain = self.gain(compiled, numbers, wide, found)
        status = np.where(gain <= _REGRET, OK, FAILED)
        result.status[:] = np.where(agreed, status, NO_AGREEMENT)
        result.regret[:] = np.where(agreed, gain, np.nan)
        return result


def _same_formulas(one: Game, other: Game) -> bool:
    """Whether what was compiled for one game serves for another."""
    names = ("specialists", "generalist", "attributes", "harm", "taxes", "level_bounds")
    return one is other or all(getattr(one, name) is getattr(other, name) for name in names)


def _given(cases: Cases, numbers: Numbers) -> Array | None:
    """Return the shares that are given, None where they are bargained for."""
    if cases.solution != GIVEN:
        return None
    if cases.shares is not None:
        return cases.shares
    formula = cases.game.contract.share
    assert formula is not None
    return np.broadcast_to(formula.evaluate_columns(numbers.parameters), (cases.size,))
