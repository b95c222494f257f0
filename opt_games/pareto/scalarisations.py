"""Scalarised problems, each solved by the solver from a contract whose equilibrium is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo

from opt_games.bargaining.polish import close_rivals
from opt_games.branch import Branch
from opt_games.equilibrium import EquilibriumMap, set_levels, shares_of
from opt_games.formulations.frontier_problem import (
    NO_FLOOR,
    PASCOLETTI_SERAFINI,
    WEIGHTED_SUM,
    frontier_problem,
)
from opt_games.formulations.game_model import share_of
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import Optima
from opt_games.kernels.sample import Sample
from opt_games.pareto.clock import Clock
from opt_games.solvers.base import CompiledProblem

_ITERATIONS = 200  # a solve from so close that takes more is lost
_ON_BOUND = 1e-8  # of the range of shares
_SLACK = 1e-9  # of a player's scale: room below a floor that the start is on


@dataclass(frozen=True)
class Target:
    """One scalarised problem.

    Attributes
    ----------
    method : str
        ``"weighted-sum"``, ``"epsilon-constraint"`` or ``"pascoletti-serafini"``.
    weight : ndarray, shape (players,)
        Of the first two; of the third the direction.
    floor : ndarray, shape (players,)
        Least utilities; ``-inf`` for none.
    """

    method: str
    weight: Array
    floor: Array


@dataclass
class Scalariser:
    """Solves targets, on models that are compiled once per branch and rivals."""

    equilibria: EquilibriumMap
    scale: Array
    clock: Clock
    _models: dict[Any, tuple[pyo.ConcreteModel, CompiledProblem]] = field(default_factory=dict)

    def solve(self, targets: Sequence[Target], starts: Sample) -> Sample:
        """Solve every target from the start of its number; return the contracts reached.

        Where the generalist would leave the branch of the start, the branch it would go to joins
        the problem, and it is solved once more.
        """
        game = self.equilibria.game
        reached: list[Array] = []
        again: list[int] = []
        for number, target in enumerate(targets):
            if self.clock.over:
                break
            start = starts.select(np.array([number]))
            shares = self._one(target, start, close_rivals(start))
            if shares is not None:
                reached.append(shares)
                again.append(number)
        found = self.equilibria.sample(_columns(reached, game))
        second: list[Array] = []
        for at, number in enumerate(again):
            start = starts.select(np.array([number]))
            if found.key[at] == start.key[0] or not found.active[at] or self.clock.over:
                continue
            rival = found.branch(at)
            known = close_rivals(start)
            if rival.smooth and all(rival != other for other, _ in known):
                levels = found.optima.select(np.array([at]))
                shares = self._one(target, start, [*known, (rival, levels)])
                if shares is not None:
                    second.append(shares)
        return self.equilibria.sample(_columns(reached + second, game))

    def _one(
        self, target: Target, start: Sample, rivals: Sequence[tuple[Branch, Optima]]
    ) -> Array | None:
        game = self.equilibria.game
        branch = start.branch(0)
        if not branch.smooth or not start.active[0]:
            return None
        form = PASCOLETTI_SERAFINI if target.method == PASCOLETTI_SERAFINI else WEIGHTED_SUM
        key = (form, branch, tuple(rival for rival, _ in rivals))
        model, compiled = self._models.get(key) or self._compile(key)
        utilities = start.utilities[:, 0]
        room = _SLACK * self.scale
        for k, player in enumerate(game.players):
            open_ = player in model.floor
            if not open_ and utilities[k] < target.floor[k] - room[k]:
                return None  # what the branch fixes is too little
            if open_:
                floor = target.floor[k]
                model.floor[player] = floor if np.isfinite(floor) else NO_FLOOR
                which = model.weight if form == WEIGHTED_SUM else model.direction
                which[player] = float(target.weight[k])
        if form == WEIGHTED_SUM and not any(model.weight[p].value for p in model.weight):
            return None
        set_levels(model, game, *start.optima.levels(0))
        for k, (_, levels) in enumerate(rivals):
            set_levels(model.rival[k], game, *levels.levels(0))
        for multiplier in (model.multiplier, model.pressure):
            for variable in multiplier.values():
                variable.set_value(0.0)
        for k, specialist in enumerate(game.specialists):
            share_of(model, specialist.name).value = float(start.shares[k, 0])
        if form == PASCOLETTI_SERAFINI:
            model.step.value = self._step(target, utilities)
        if not self.equilibria.log.solve_again(compiled, target.method):
            return None
        return on_bounds(shares_of(model, game), game.contract.bounds)

    def _compile(self, key: Any) -> tuple[pyo.ConcreteModel, CompiledProblem]:
        form, branch, rivals = key
        model = frontier_problem(self.equilibria.game, form, branch, rivals=rivals)
        log = self.equilibria.log
        options = replace(log.options, iteration_limit=log.options.iteration_limit or _ITERATIONS)
        self._models[key] = model, log.solver.compile(model, options)
        return self._models[key]

    @staticmethod
    def _step(target: Target, utilities: Array) -> float:
        moving = target.weight > 0
        steps = (utilities - target.floor)[moving] / target.weight[moving]
        return float(steps.min()) if steps.size else 0.0


def on_bounds(shares: Array, bounds: tuple[float, float]) -> Array:
    """Put shares on the bounds that an interior point only approaches."""
    low, high = bounds
    near = _ON_BOUND * (high - low)
    shares = np.where(shares <= low + near, low, shares)
    return np.where(shares >= high - near, high, shares)


def _columns(shares: Sequence[Array], game: Any) -> Array:
    if not shares:
        return np.zeros((len(game.specialists), 0))
    return np.column_stack(shares)
