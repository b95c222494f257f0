"""CasADi and IPOPT as an expert writes it, cold and warm.

One parametric nonlinear program per family and regime: the Nash product over (log alpha0, log x,
logit share), with both players' first-order conditions, in logarithms, as constraints. Games in
which the specialist may free-ride are solved a second time with x = 0, and the better product
counts. Cold starts are the levels that each player would pick alone. Warm ones are the solution of
the game before, multipliers included, in an order that makes neighbours similar; where that fails,
the game is started cold.
"""

from __future__ import annotations

from typing import Any

import casadi as ca
import numpy as np
from numpy.typing import NDArray
from random_games import Array, Games

from peers.answers import Answers, Solve
from peers.first_order import Conditions, chosen, may_ride

IPOPT: dict[str, Any] = {"print_level": 0, "sb": "yes", "tol": 1e-10, "max_iter": 200}
COLD: dict[str, Any] = {
    "print_time": False,
    "error_on_fail": False,
    "show_eval_warnings": False,
    "ipopt": IPOPT,
}
WARM: dict[str, Any] = {
    **COLD,
    "ipopt": {**IPOPT, "warm_start_init_point": "yes", "mu_init": 1e-8},
}


def prepare(family: str) -> Solve:
    """Return a solver that starts every game cold."""
    return _prepared(family, warm=False)


def prepare_warm(family: str) -> Solve:
    """Return a solver that starts a game from a similar one."""
    return _prepared(family, warm=True)


def _prepared(family: str, *, warm: bool) -> Solve:
    regimes = [Conditions.of(family, rides=rides) for rides in (False, True)]
    solvers = [_solvers(each, warm=warm) for each in regimes]

    def solve(games: Games) -> Answers:
        contributing = _outcomes(games, regimes[0], *solvers[0])
        riding = np.full((5, games.size), np.nan)
        where = may_ride(games)
        riding[:, where] = _outcomes(games.select(where), regimes[1], *solvers[1])
        return chosen(games, contributing, riding)

    return solve


def _solvers(conditions: Conditions, *, warm: bool) -> tuple[ca.Function, ca.Function | None]:
    program = {
        "x": conditions.unknowns,
        "p": conditions.parameters,
        "f": -conditions.log_product,
        "g": conditions.players,
    }
    cold = ca.nlpsol("cold", "ipopt", program, COLD)
    return cold, ca.nlpsol("warm", "ipopt", program, WARM) if warm else None


def _outcomes(
    games: Games, conditions: Conditions, cold: ca.Function, warm: ca.Function | None
) -> Array:
    """Outcomes of the games as columns, ``nan`` where IPOPT failed."""
    table, starts = games.table(), conditions.start(games)
    found = np.full((5, games.size), np.nan)
    near = None
    for game in range(games.size) if warm is None else by_similarity(games).tolist():
        here: dict[str, Any] = {"p": table[:, game], "lbg": 0.0, "ubg": 0.0}
        solver = cold
        start: dict[str, Any] = {"x0": starts[:, game]}
        if warm is not None and near is not None:
            solver, start = warm, {"x0": near["x"], "lam_g0": near["lam_g"]}
        solution = solver(**start, **here)
        if solver is warm and not solver.stats()["success"]:
            solver = cold
            solution = cold(x0=starts[:, game], **here)
        if solver.stats()["success"]:
            near = solution
            found[:, game] = np.array(conditions.outcome(solution["x"], here["p"]))[:, 0]
    return found


def by_similarity(games: Games) -> NDArray[np.int64]:
    """Order games so that each is followed by the one most like it among the rest."""
    table = games.table()[:-1].copy()
    table[[2, 4]] = np.log(table[[2, 4]])
    points = (table / np.maximum(table.std(axis=1), 1e-12)[:, None]).T
    left = np.ones(games.size, dtype=bool)
    order = np.zeros(games.size, dtype=np.int64)
    for place in range(1, games.size):
        left[order[place - 1]] = False
        rest = np.flatnonzero(left)
        distance = ((points[rest] - points[order[place - 1]]) ** 2).sum(axis=1)
        order[place] = rest[distance.argmin()]
    return order
