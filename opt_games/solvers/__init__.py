"""Solver back ends: one contract, one file per vendor, found by name.

>>> import pyomo.environ as pyo
>>> from opt_games.solvers import get_solver
>>> model = pyo.ConcreteModel()
>>> model.a = pyo.Param(initialize=2.0, mutable=True)
>>> model.x = pyo.Var(bounds=(0, None))
>>> model.cost = pyo.Objective(expr=(model.x - model.a) ** 2)
>>> problem = get_solver("ipopt").compile(model)
>>> round(problem.solve().require().values[0], 6)
2.0
>>> model.a = 3.0
>>> round(problem.solve(warm=True).require().values[0], 6)
3.0
"""

from opt_games.solvers.attempts import first_answer
from opt_games.solvers.base import (
    Availability,
    Capabilities,
    CompiledProblem,
    Solver,
    SolverOptions,
)
from opt_games.solvers.contained import Contained
from opt_games.solvers.infeasibility import Infeasibility, explain_infeasibility
from opt_games.solvers.model_view import ModelView, conclude
from opt_games.solvers.registry import get_solver, solvers
from opt_games.solvers.result import Outcome, Quality, SolverInfo, SolverResult, Termination

__all__ = [
    "Availability",
    "Capabilities",
    "CompiledProblem",
    "Contained",
    "Infeasibility",
    "ModelView",
    "Outcome",
    "Quality",
    "Solver",
    "SolverInfo",
    "SolverOptions",
    "SolverResult",
    "Termination",
    "conclude",
    "explain_infeasibility",
    "first_answer",
    "get_solver",
    "solvers",
]
