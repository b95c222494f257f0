"""The first best: what the players could reach if levels could be contracted on.

Its frontier lies beyond the one that equilibrium allows, and the ratio of the best totals is the
price of not committing. Where utility is money the best total is found by a search over base levels
(`opt_games.pareto.planner`); all else is by local solves of
`opt_games.formulations.first_best_problem`, from the plan and from the best equilibria.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo

from opt_games.equilibrium import EquilibriumMap, set_levels
from opt_games.formulations.first_best_problem import first_best_problem
from opt_games.formulations.frontier_problem import (
    NO_FLOOR,
    PASCOLETTI_SERAFINI,
    WEIGHTED_SUM,
)
from opt_games.formulations.game_model import share_of
from opt_games.kernels.sample import Sample
from opt_games.pareto.answer import ContractPoint, FirstBest
from opt_games.pareto.clock import Clock
from opt_games.pareto.coverage import simplex
from opt_games.pareto.dominance import scale_of, undominated
from opt_games.pareto.planner import Plan, all_would_sign, best_plan

_RAYS = 45
MOST_PLAYERS = 5  # of whom the frontier is computed


def first_best(equilibria: EquilibriumMap, best: Sample, clock: Clock) -> FirstBest | None:
    """Find the best total, and for few players the frontier.

    Parameters
    ----------
    equilibria : EquilibriumMap
    best : Sample
        The equilibrium with the largest total found: one contract. It can be contracted on, too.
    clock : Clock

    Returns
    -------
    FirstBest or None
        None where time was up, or there are too many players and utility is not money.
    """
    if clock.over:
        return None
    game = equilibria.game
    plan = best_plan(equilibria)
    money = game.generalist.utility is None and all(
        group.form.utility is None for group in game.specialists.groups
    )
    proven = money and all_would_sign(equilibria, plan)
    total = float(best.utilities[:, 0].sum())
    if proven:
        total = max(total, plan.total)
    if len(game.players) > MOST_PLAYERS:
        return FirstBest(total, True) if proven else None
    found = _Frontier(equilibria, plan, best).find(clock)
    if found:
        utilities = np.array([list(point.utilities.values()) for point in found]).T
        if not proven:
            total = max(total, float(utilities.sum(axis=0).max()))
        kept = np.flatnonzero(undominated(utilities, scale_of(utilities)))
        found = [found[k] for k in kept]
    return FirstBest(total, proven, tuple(found))


@dataclass
class _Frontier:
    equilibria: EquilibriumMap
    plan: Plan
    best: Sample

    def find(self, clock: Clock) -> list[ContractPoint]:
        """Solve weighted sums, then rays from the outside options."""
        game = self.equilibria.game
        taking = [
            s.name
            for s, final in zip(game.specialists, self.plan.finals, strict=True)
            if final is not None
        ]
        if self.plan.base is None or not taking:
            return []
        log = self.equilibria.log
        sums = first_best_problem(game, WEIGHTED_SUM, taking)
        rays = first_best_problem(game, PASCOLETTI_SERAFINI, taking)
        players = list(sums.weight)
        found: list[ContractPoint] = []
        compiled = log.solver.compile(sums, log.options)
        for weights in [np.ones(len(players)), *np.eye(len(players))]:
            for player, weight in zip(players, weights, strict=True):
                sums.weight[player] = float(weight)
                sums.floor[player] = NO_FLOOR
            self._start(sums)
            if not clock.over and log.solve_again(compiled, "first best, weighted-sum"):
                found.append(self._point(sums, taking))
        if not found:
            return found
        utilities = np.array([[point.utilities[p] for p in players] for point in found]).T
        outside = game.outside_options()
        low = np.array([game.utility_of(player, outside[player]) for player in players])
        span = np.maximum(utilities.max(axis=1) - low, 1e-9 * np.abs(utilities).max())
        compiled = log.solver.compile(rays, log.options)
        for ray in simplex(len(players), _RAYS):
            if clock.over:
                break
            for k, player in enumerate(players):
                rays.floor[player] = float(low[k])
                rays.direction[player] = float(ray[k] * span[k])
            self._start(rays)
            rays.step.value = 0.0
            if log.solve_again(compiled, "first best, pascoletti-serafini"):
                found.append(self._point(rays, taking))
        return found

    def _start(self, model: pyo.ConcreteModel) -> None:
        """Start at the planner's levels, and shares that leave everybody something."""
        game = self.equilibria.game
        set_levels(model, game, float(self.plan.base or 0.0), list(self.plan.finals))
        for k, specialist in enumerate(game.specialists):
            share_of(model, specialist.name).value = float(self.best.shares[k, 0])

    def _point(self, model: pyo.ConcreteModel, taking: list[str]) -> ContractPoint:
        game = self.equilibria.game
        outside = game.outside_options()
        low, high = game.contract.bounds
        shares = {
            s.name: float(np.clip(pyo.value(share_of(model, s.name)), low, high))
            for s in game.specialists
        }
        utilities = {"generalist": float(pyo.value(model.utility))}
        for name in game.specialists.names:
            utilities[name] = (
                float(pyo.value(model.domain[name].utility))
                if name in taking
                else game.utility_of(name, outside[name])
            )
        return ContractPoint(shares, utilities)
