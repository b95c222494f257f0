"""The exact engine: quadratic games of one specialist under a policy, in closed form.

It covers games of one or two attributes, with floors, liability and taxes, whose revenue, costs and
harm are quadratic in the levels; see `opt_games.kernels.policy.exact`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.cases import GIVEN, Cases
from opt_games.engines.one_by_one import OneByOne
from opt_games.engines.outcomes import FAILED, NO_AGREEMENT, OK, REGIMES, Outcomes, join
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.audit import deviation_gain
from opt_games.kernels.policy.exact import solve_pairs
from opt_games.kernels.policy.pair import Answers
from opt_games.kernels.policy.pairs_of import pairs_of, why_no_pairs
from opt_games.kernels.policy.payoffs import Numbers, PolicyGame, compile_policy_game
from opt_games.policy.shares import agreed_shares
from opt_games.policy.utilities import of_players, utilities_of
from opt_games.result import ABSTAIN, COMPLY, CONTRIBUTE, FREE_RIDE

PAIRS = 8192
"""Games that are solved at a time: numpy likes long arrays, caches short ones."""

_REGRET = 1e-9


class Quadratic:
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

    def __init__(self) -> None:
        self._compiled: tuple[Game, PolicyGame] | None = None

    def why_not(self, cases: Cases) -> str | None:
        """Say why closed forms do not cover such games, None if they do."""
        if not cases.game.has_policy:
            return "neither several attributes nor a policy"
        if cases.solution == "weighted" and cases.game.bargaining.weights is None:
            return "the weighted solution needs weights"
        return why_no_pairs(self._forms(cases.game))

    def solve(self, cases: Cases) -> Outcomes:
        """Solve all cases, in order."""
        if self.why_not(cases) is not None:
            slow = OneByOne().solve(cases)
            return replace(slow, slow=np.ones(cases.size, dtype=bool))
        return join([self._solve(part) for part in cases.parts(PAIRS)])

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
        good &= pairs_of(compiled, numbers, np.where(good, middle, 0.5)).bounded()
        usable = np.flatnonzero(good)
        outcomes = Outcomes.empty(1, len(game.attributes), cases.size)
        if usable.size:
            some = numbers.take(usable)
            if share is None:
                shares = self._agreed(
                    compiled, some, cases.solution, disagreement[:, usable], weights[:, usable]
                )
            else:
                shares = share[usable]
            found = _outcomes(compiled, some, shares, disagreement[:, usable])
            outcomes = outcomes.replaced(usable, found)
        # what is out of range, not confirmed, or grows without limit, gets its reason
        rest = np.flatnonzero(outcomes.status == FAILED)
        if rest.size == 0:
            return outcomes
        slow = OneByOne().solve(cases.select(rest))
        return outcomes.replaced(rest, replace(slow, slow=np.ones(rest.size, dtype=bool)))

    def _agreed(
        self,
        compiled: PolicyGame,
        numbers: Numbers,
        solution: str,
        disagreement: Array,
        weights: Array,
    ) -> Array:
        def evaluate(games: NDArray[np.int64], shares: Array) -> tuple[Array, Array]:
            utilities, performance = [], []
            for start in range(0, games.size, PAIRS):
                part = slice(start, start + PAIRS)
                some = numbers.take(games[part])
                found = solve_pairs(pairs_of(compiled, some, shares[part]))
                profits = np.stack([found.leader, found.follower])
                utilities.append(utilities_of(compiled.game, some, profits))
                performance.append(np.where(found.takes & found.active, found.final[0], 0.0))
            return np.concatenate(utilities, axis=1), np.concatenate(performance)

        bounds = compiled.game.contract.bounds
        return agreed_shares(evaluate, solution, bounds, disagreement, weights)


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


def _outcomes(
    compiled: PolicyGame, numbers: Numbers, shares: Array, disagreement: Array
) -> Outcomes:
    """Return the outcomes of contracts; a share of ``nan`` is no agreement."""
    game = compiled.game
    count, attributes = shares.size, len(game.attributes)
    agreed = np.isfinite(shares)
    pairs = pairs_of(compiled, numbers, np.where(agreed, shares, 0.5))
    found: Answers = solve_pairs(pairs)
    result = Outcomes.empty(1, attributes, count)
    produced = agreed & found.active
    takes = produced & found.takes
    profits = np.where(produced, np.stack([found.leader, found.follower]), numbers.outside)
    result.shares[0] = shares
    result.profits[:] = profits
    utilities = utilities_of(game, numbers, profits)
    result.utilities[:] = np.where(agreed, utilities, disagreement)
    base, final = found.base[:attributes], found.final[:attributes]
    result.levels[0] = np.where(produced, base, np.nan)
    result.levels[1] = np.where(takes, final, np.nan)
    code = {name: REGIMES.index(name) for name in (CONTRIBUTE, FREE_RIDE, COMPLY, ABSTAIN)}
    lower = np.maximum(base, numbers.floors["specialists"])
    regime = np.where((final <= lower).all(axis=0), code[COMPLY], code[CONTRIBUTE])
    regime = np.where((final <= base).all(axis=0), code[FREE_RIDE], regime)
    result.regimes[0] = np.where(produced, code[CONTRIBUTE], code[ABSTAIN])
    result.regimes[1] = np.where(takes, regime, code[ABSTAIN])
    gain = deviation_gain(pairs, found)
    status = np.where(gain <= _REGRET, OK, FAILED)
    result.status[:] = np.where(agreed, status, NO_AGREEMENT)
    result.regret[:] = np.where(agreed, gain, np.nan)
    return result
