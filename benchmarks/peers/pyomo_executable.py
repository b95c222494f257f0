"""Pyomo and a solver executable, one process and one NL file per solve.

The programs are those of `casadi_ipopt`, cold: one Pyomo model per family and regime, whose
parameters are mutable, so that a game costs no new model. The executable is ``ipopt`` where there
is one on the path, else POUNCE, a port of IPOPT (``pip install pyomo-pounce``).
"""

from __future__ import annotations

import importlib.util
import shutil
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.opt import check_optimal_termination
from random_games import PARAMETERS, Array, Games

from peers.answers import Answers, Solve
from peers.first_order import alone, chosen, may_ride
from peers.formulas import curvature, marginal_revenue, revenue

OPTIONS = {"tol": 1e-10, "max_iter": 200, "print_level": 0}


def executable() -> str | None:
    """Return the name of the solver for which there is an executable."""
    if shutil.which("ipopt"):
        return "ipopt"
    return "pounce" if importlib.util.find_spec("pyomo_pounce") else None


def prepare(family: str) -> Solve:
    """Return a solver of games of this family; raise if there is no executable."""
    name = executable()
    if name is None:
        raise RuntimeError("no executable: install IPOPT, or `pip install pyomo-pounce`")
    if name == "pounce":
        import pyomo_pounce  # noqa: F401  (this registers it)
    solver = pyo.SolverFactory(name)
    solver.options.update(OPTIONS)
    models = [_model(family, rides=rides) for rides in (False, True)]

    def solve(games: Games) -> Answers:
        contributing = _outcomes(games, models[0], solver)
        riding = np.full((5, games.size), np.nan)
        where = may_ride(games)
        riding[:, where] = _outcomes(games.select(where), models[1], solver)
        return chosen(games, contributing, riding)

    return solve


def _model(family: str, *, rides: bool) -> Any:
    m = pyo.ConcreteModel()
    m.p = pyo.Param(PARAMETERS, mutable=True, initialize=1.0)
    R, k, c0, q0, c1, q1, m1, f1 = (m.p[name] for name in PARAMETERS)
    m.logit, m.log_base, m.log_extra = pyo.Var(), pyo.Var(), pyo.Var()
    m.share = pyo.Expression(expr=1 / (1 + pyo.exp(-m.logit)))
    kept = 1 / (1 + pyo.exp(m.logit))
    m.base = pyo.Expression(expr=pyo.exp(m.log_base))
    extra = 0.0 if rides else pyo.exp(m.log_extra)
    m.final = pyo.Expression(expr=m.base + extra)
    earned = revenue(family, m.final, R, k, pyo.exp)
    slope = marginal_revenue(family, m.final, R, k, pyo.exp)
    base_slope = pyo.log(c0 * q0) + (q0 - 1) * m.log_base
    m.generalist = pyo.Expression(expr=m.share * earned - c0 * m.base**q0)
    if rides:
        m.specialist = pyo.Expression(expr=kept * earned - f1)
        m.leader = pyo.Constraint(expr=pyo.log(m.share * slope) == base_slope)
    else:
        rising = c1 * q1 * extra ** (q1 - 1)
        m.specialist = pyo.Expression(expr=kept * earned - c1 * extra**q1 - m1 * extra - f1)
        m.follower = pyo.Constraint(expr=pyo.log(kept * slope) == pyo.log(rising + m1))
        followed = (q1 - 1) * rising
        pulled = extra * curvature(family, m.final, k) * (rising + m1)
        m.leader = pyo.Constraint(
            expr=pyo.log(m.share * slope) + pyo.log(followed / (followed + pulled)) == base_slope
        )
    m.product = pyo.Objective(
        expr=pyo.log(m.generalist) + pyo.log(m.specialist), sense=pyo.maximize
    )
    return m


def _outcomes(games: Games, model: Any, solver: Any) -> Array:
    """Outcomes of the games as columns, ``nan`` where the solver failed."""
    found = np.full((5, games.size), np.nan)
    bases, extras = alone(games, 0.5)
    for game, row in enumerate(games.table().T.tolist()):
        model.p.store_values(dict(zip(PARAMETERS, row, strict=True)))
        model.logit.value = 0.0
        model.log_base.value = float(np.log(bases[game]))
        model.log_extra.value = float(np.log(extras[game]))
        result = solver.solve(model, load_solutions=False)
        if check_optimal_termination(result):
            model.solutions.load_from(result)
            outcome = (model.share, model.generalist, model.specialist, model.base, model.final)
            found[:, game] = [pyo.value(each) for each in outcome]
    return found
