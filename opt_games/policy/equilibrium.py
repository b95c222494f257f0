"""The equilibrium of a contract in a game of several attributes or under a policy.

With one specialist and everything quadratic, `solve_pairs` gives it in closed form; otherwise base
levels are searched. The solver then solves the equilibrium problem on the branch found, from there.
Both points are checked by a search of deviations, and the one with less regret stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyomo.environ as pyo

from opt_games.branch import Branch, Closure
from opt_games.equilibrium import SolveLog
from opt_games.errors import UnsupportedGameError
from opt_games.formulations.equilibrium_problem import equilibrium_problem
from opt_games.game import GENERALIST, Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.exact import solve_pairs
from opt_games.kernels.policy.pair import TIE
from opt_games.kernels.policy.pairs_of import pairs_of, why_no_pairs
from opt_games.kernels.policy.payoffs import Numbers, PolicyGame, compile_policy_game
from opt_games.kernels.policy.response import Contest
from opt_games.kernels.policy.settle import Search
from opt_games.policy.society import society
from opt_games.result import (
    ABSTAIN,
    COMPLY,
    CONTRIBUTE,
    FREE_RIDE,
    REGRET_TOLERANCE,
    Equilibrium,
    Levels,
)
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.registry import get_solver

MOST_ATTRIBUTES = 4
_AMBIGUOUS = 1e-3  # of the window: a level this close to its bound may be free after all
_BRANCHES = 8  # tried by the solver
_AGREES = 1e-10  # of turnover: methods whose regrets differ by less agree


@dataclass(frozen=True)
class Place:
    """Levels at an equilibrium; the last axis of `finals` is the attribute.

    Attributes
    ----------
    base : ndarray, shape (attributes,)
    finals : ndarray, shape (specialists, attributes)
    takes : tuple of bool
    """

    base: Array
    finals: Array
    takes: tuple[bool, ...]


@dataclass(frozen=True)
class Checked:
    """Profits at a place and what deviations gain; arrays of shape (players,)."""

    place: Place
    profit: Array
    gain: Array
    turnover: Array

    @property
    def relative(self) -> float:
        """The largest regret, of the player's turnover."""
        scale = np.where(self.turnover > 0.0, self.turnover, 1.0)
        return float((self.gain / scale).max())


@dataclass(frozen=True)
class PolicyMap:
    """The map from contracts to equilibria of one game, with all formulas compiled."""

    game: Game
    compiled: PolicyGame
    numbers: Numbers
    log: SolveLog

    @classmethod
    def of(
        cls, game: Game, *, solver: str = "ipopt", options: SolverOptions | None = None
    ) -> PolicyMap:
        """Compile a game."""
        if len(game.attributes) > MOST_ATTRIBUTES:
            raise UnsupportedGameError(
                f"{game.name}: {len(game.attributes)} attributes are more than the search over "
                f"levels can cover; use at most {MOST_ATTRIBUTES}"
            )
        log = SolveLog(get_solver(solver), replace(options or SolverOptions(), close_start=True))
        return cls(game, compile_policy_game(game), Numbers.of(game, {}, 1), log)

    @cached_property
    def exact(self) -> bool:
        """Whether the equilibrium has a closed form."""
        if why_no_pairs(self.compiled) is not None:
            return False
        return bool(pairs_of(self.compiled, self.numbers, np.full(1, 0.5)).bounded()[0])

    def equilibrium(self, shares: Array) -> Equilibrium:
        """Return the equilibrium of one contract; `shares` has shape (specialists,)."""
        return _Solving.of(self, shares).equilibrium()


@dataclass(frozen=True)
class _Solving:
    """One contract."""

    map: PolicyMap
    contest: Contest
    search: Search

    @classmethod
    def of(cls, policy_map: PolicyMap, shares: Array) -> _Solving:
        contest = Contest(policy_map.compiled, policy_map.numbers, shares[:, None])
        return cls(policy_map, contest, Search.of(contest))

    def equilibrium(self) -> Equilibrium:
        """Find the equilibrium, by closed form or search, and by the solver."""
        found = self._exact() or self._searched()
        highest = float(self.search.highest_payoff()[0])
        best = self._checked(found, highest)
        outside = float(self.map.numbers.outside[0, 0])
        if best.profit[0] < outside - TIE * (best.turnover[0] + abs(outside)):
            return self._nobody(highest)
        solved = [self._checked(place, highest) for place in self._solved(found)]
        least = min(each.relative for each in [best, *solved])
        if best.relative > least + _AGREES or not self.map.exact:
            # a search places levels less sharply than payoffs: the solver is preferred to it
            good = [each for each in solved if each.relative <= least + _AGREES]
            best = max(good, key=lambda each: each.profit[0], default=best)
        return self._result(best)

    def _exact(self) -> Place | None:
        if not self.map.exact:
            return None
        contest = self.contest
        found = solve_pairs(pairs_of(contest.compiled, contest.numbers, contest.shares[0]))
        d = contest.attributes
        return Place(found.base[:d, 0], found.final[:d].T, (bool(found.takes[0]),))

    def _searched(self) -> Place:
        found = self.search.settle()
        return Place(
            found.base[:, 0], found.finals[..., 0], tuple(bool(each) for each in found.takes[:, 0])
        )

    def _checked(self, place: Place, highest: float) -> Checked:
        """Evaluate a place by the original formulas, and let everybody deviate."""
        contest, window = self.contest, self.search.window
        base, only = place.base[:, None], np.zeros(1, dtype=np.int64)
        cost = float(contest.cost(base, only)[0])
        profit, gain, turnover = [0.0 - cost], [0.0], [abs(cost)]
        outside = contest.numbers.outside[:, 0]
        for k, adapter in enumerate(self.search.adapters):
            final = place.finals[k][:, None]
            response = adapter.respond(base, only, window.reach[k])
            own, size = outside[k + 1], float(response.size[0])
            if place.takes[k]:
                own = float(adapter.profit(final, base, only)[0])
                earned, spent, liable = (float(x[0]) for x in adapter.money(final, base, only))
                size = max(size, abs(earned) + abs(spent))
                profit[0] += float(adapter.led(final, base, only)[0])
                turnover[0] += abs(earned) + abs(liable)
            profit.append(own)
            best = max(float(response.own[0]), outside[k + 1])
            gain.append(max(best - own, 0.0))
            turnover.append(size)
        gain[0] = max(highest - profit[0], outside[0] - profit[0], 0.0)
        turnover[0] += abs(outside[0])
        return Checked(place, np.array(profit), np.array(gain), np.array(turnover))

    def _solved(self, found: Place) -> Iterator[Place]:
        """Solve the equilibrium problem on the branch of a place, and on those next to it."""
        names = self.map.game.specialists.names
        contract = dict(zip(names, self.contest.shares[:, 0].tolist(), strict=True))
        log = self.map.log
        for number, branch in enumerate(self._branches(found)):
            failures = len(log.failures)
            model = equilibrium_problem(self.map.game, contract, branch)
            self._set_levels(model, found)
            if log.solve(model, "equilibrium", explain=number == 0):
                yield self._levels_of(model, found)
            elif number > 0:
                # a branch next to the one found may well hold no point
                del log.failures[failures:]

    def _branches(self, place: Place) -> list[Branch]:
        """Return the branch of a place, and those of levels that are close to another closure."""
        contest, window = self.contest, self.search.window
        floor, lead_floor = contest.final_floor[:, 0], contest.base_floor[:, 0]
        highest = contest.highest[:, 0]
        scale = (window.base + np.max([*window.reach], axis=0))[:, 0]
        own: list[list[list[Closure]]] = []
        for takes, final in zip(place.takes, place.finals, strict=True):
            options: list[list[Closure]] = []
            for j in range(self.contest.attributes if takes else 0):
                near = _AMBIGUOUS * scale[j]
                bound = Closure.LOWER if place.base[j] >= floor[j] else Closure.FLOOR
                gap = final[j] - max(place.base[j], floor[j])
                here = bound if gap <= 0.0 else Closure.STATIONARY
                if final[j] >= highest[j]:
                    here = Closure.UPPER
                close = [here]
                if gap <= near and here is not Closure.UPPER:
                    close.append(bound if here is Closure.STATIONARY else Closure.STATIONARY)
                    if abs(place.base[j] - floor[j]) <= near and floor[j] > 0.0:
                        close += [Closure.LOWER, Closure.FLOOR]
                options.append(list(dict.fromkeys(close)))
            own.append(options)
        leader = tuple(
            Closure.LOWER
            if place.base[j] <= lead_floor[j]
            else Closure.UPPER
            if place.base[j] >= highest[j]
            else Closure.STATIONARY
            for j in range(self.contest.attributes)
        )
        first = [tuple(options[0] for options in each) for each in own]
        branches = [self._branch(leader, first, place)]
        if not self.map.exact:
            # an interior point keeps off bounds that hardly hold anybody
            low = place.base - lead_floor <= _AMBIGUOUS * scale
            lowest = tuple(
                Closure.LOWER if close else here for here, close in zip(leader, low, strict=True)
            )
            if lowest != leader:
                branches.append(self._branch(lowest, first, place))
            for k, each in enumerate(own):
                for j, others in enumerate(each):
                    for other in others[1:]:
                        changed = list(first)
                        changed[k] = (*first[k][:j], other, *first[k][j + 1 :])
                        branches.append(self._branch(leader, changed, place))
        return branches[:_BRANCHES]

    def _branch(
        self, leader: tuple[Closure, ...], own: list[tuple[Closure, ...]], place: Place
    ) -> Branch:
        pairs = zip(own, place.takes, strict=True)
        return Branch(leader, tuple(each if takes else None for each, takes in pairs))

    def _set_levels(self, model: Any, place: Place) -> None:
        attributes = self.map.game.attributes
        for attribute, level in zip(attributes, place.base, strict=True):
            if not model.base[attribute].fixed:
                model.base[attribute].set_value(float(level), skip_validation=True)
        for name, final in zip(self.map.game.specialists.names, place.finals, strict=True):
            if name in model.domain:
                free = model.domain[name].free_level
                for attribute, level in zip(attributes, final, strict=True):
                    if attribute in free:
                        free[attribute].set_value(float(level), skip_validation=True)

    def _levels_of(self, model: Any, found: Place) -> Place:
        attributes = self.map.game.attributes
        base = np.array([float(pyo.value(model.base[name])) for name in attributes])
        base = np.clip(base, self.contest.base_floor[:, 0], self.contest.highest[:, 0])
        low = np.maximum(base, self.contest.final_floor[:, 0])
        finals = found.finals.copy()
        for k, name in enumerate(self.map.game.specialists.names):
            if found.takes[k]:
                levels = model.domain[name].level
                finals[k] = np.maximum([float(pyo.value(levels[a])) for a in attributes], low)
        return Place(base, finals, found.takes)

    def _result(self, best: Checked) -> Equilibrium:
        game, place = self.map.game, best.place
        levels: dict[str, Levels] = {GENERALIST: self._named(place.base)}
        regimes = {GENERALIST: CONTRIBUTE}
        for name, final, takes in zip(
            game.specialists.names, place.finals, place.takes, strict=True
        ):
            levels[name] = self._named(final) if takes else None
            regimes[name] = self._regime(place.base, final) if takes else ABSTAIN
        branch = self._branches(place)[0]
        certified = best.relative <= REGRET_TOLERANCE
        return self._filled(
            levels, best.profit, regimes, branch, best.gain, best.turnover, certified
        )

    def _named(self, levels: Array) -> Mapping[str, float]:
        return dict(zip(self.map.game.attributes, levels.tolist(), strict=True))

    def _regime(self, base: Array, final: Array) -> str:
        if np.all(final <= base):
            return FREE_RIDE
        return (
            COMPLY
            if np.all(final <= np.maximum(base, self.contest.final_floor[:, 0]))
            else CONTRIBUTE
        )

    def _nobody(self, highest: float) -> Equilibrium:
        players = self.map.game.players
        profits = self.map.numbers.outside[:, 0]
        gain = np.zeros(len(players))
        gain[0] = max(highest - profits[0], 0.0)
        turnover = np.abs(profits) + gain
        nobody: Mapping[str, Levels] = dict.fromkeys(players)
        regimes = dict.fromkeys(players, ABSTAIN)
        certified = bool(gain[0] <= 1e-9 * max(turnover[0], abs(highest)))
        return self._filled(nobody, profits, regimes, None, gain, turnover, certified)

    def _filled(
        self,
        levels: Mapping[str, Levels],
        profits: Array,
        regimes: Mapping[str, str],
        branch: Branch | None,
        gain: Array,
        turnover: Array,
        certified: bool,
    ) -> Equilibrium:
        game = self.map.game
        names = game.players
        contract = dict(zip(names[1:], self.contest.shares[:, 0].tolist(), strict=True))

        def by_player(values: Array) -> dict[str, float]:
            return dict(zip(names, (float(each) for each in values), strict=True))

        utilities = np.array([game.utility_of(p, x) for p, x in zip(names, profits, strict=True)])
        after = np.array(
            [game.utility_of(p, x) for p, x in zip(names, profits + gain, strict=True)]
        )
        return Equilibrium(
            contract,
            levels,
            by_player(profits),
            by_player(utilities),
            regimes,
            branch,
            by_player(after - utilities),
            by_player(turnover),
            certified,
            society(game, levels, utilities),
        )
