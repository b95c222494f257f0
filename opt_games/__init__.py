"""Solve fine-tuning games: equilibria, bargains and Pareto sets.

A generalist builds a technology, domain specialists adapt it, and before anyone invests they
bargain over how to share the revenue.

>>> import opt_games
>>> bargain = opt_games.solve(opt_games.load("quadratic"), bargain="utilitarian")
>>> round(bargain.shares["law"], 6)
0.333333
"""

from opt_games.api import pareto, solve, utility_curve
from opt_games.benchmark.result import BenchResult
from opt_games.benchmark.run import bench
from opt_games.branch import Branch, Closure
from opt_games.certificates.answer import certify, recheck
from opt_games.certificates.certificate import Certificate
from opt_games.errors import (
    OptGamesError,
    SolverError,
    SpecError,
    UnboundedGameError,
    UnsupportedGameError,
)
from opt_games.expression import Expression
from opt_games.formulations.bargaining_problem import bargaining_problem
from opt_games.formulations.equilibrium_problem import equilibrium_problem
from opt_games.formulations.investment import investment_problem
from opt_games.game import Game
from opt_games.leader_follower import LeaderFollower, LeaderFollowerResult
from opt_games.pareto.answer import ParetoSet
from opt_games.parts import (
    SOLUTIONS,
    Bargaining,
    Contract,
    Generalist,
    Harm,
    Regulation,
    Specialist,
    Taxes,
    Welfare,
)
from opt_games.policy.best import BestPolicy, best_policy
from opt_games.policy.effects import effects
from opt_games.policy.robustness import Robustness, robustness
from opt_games.regions.condition import Condition
from opt_games.regions.line import Conditions, Interval, conditions
from opt_games.regions.plane import ConditionMap, condition_map
from opt_games.result import Bargain, Equilibrium, UtilityCurve, Work
from opt_games.shipped import shipped_games
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.registry import get_solver
from opt_games.spec import load, loads
from opt_games.spec.forms import quadratic_form
from opt_games.specialists import SpecialistTable
from opt_games.sweeps import sweep, to_frame

__version__ = "0.1.0"

__all__ = [
    "SOLUTIONS",
    "Bargain",
    "Bargaining",
    "BenchResult",
    "BestPolicy",
    "Branch",
    "Certificate",
    "Closure",
    "Condition",
    "ConditionMap",
    "Conditions",
    "Contract",
    "Equilibrium",
    "Expression",
    "Game",
    "Generalist",
    "Harm",
    "Interval",
    "LeaderFollower",
    "LeaderFollowerResult",
    "OptGamesError",
    "ParetoSet",
    "Regulation",
    "Robustness",
    "SolverError",
    "SolverOptions",
    "SpecError",
    "Specialist",
    "SpecialistTable",
    "Taxes",
    "UnboundedGameError",
    "UnsupportedGameError",
    "UtilityCurve",
    "Welfare",
    "Work",
    "bargaining_problem",
    "bench",
    "best_policy",
    "certify",
    "condition_map",
    "conditions",
    "effects",
    "equilibrium_problem",
    "get_solver",
    "investment_problem",
    "load",
    "loads",
    "pareto",
    "quadratic_form",
    "recheck",
    "robustness",
    "shipped_games",
    "solve",
    "sweep",
    "to_frame",
    "utility_curve",
]
