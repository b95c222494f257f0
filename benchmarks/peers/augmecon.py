"""The frontier by pyaugmecon: the augmented epsilon-constraint method on a grid of floors.

Its Pyomo model is the package's own: a contract with its equilibrium inside, on one branch. It is
solved by POUNCE, a port of IPOPT that pyaugmecon can call. pyaugmecon asks for numpy 1, but runs
with numpy 2: install it with ``pip install --no-deps``.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile

import numpy as np
import pyomo.environ as pyo
import pyomo_pounce  # noqa: F401  (registers the solver)
from pyaugmecon import PyAugmecon

from opt_games.equilibrium import EquilibriumMap, set_levels
from opt_games.formulations.bargaining_problem import contract_problem, utilities_of
from opt_games.formulations.game_model import share_of
from opt_games.kernels.array_function import Array
from peers.processor import processor_seconds


def grid(equilibria: EquilibriumMap, points: int) -> tuple[float, Array]:
    """Return seconds, and the utilities that pyaugmecon finds with so many points a side."""
    game = equilibria.game
    low, high = game.contract.bounds
    start = equilibria.sample(np.full((equilibria.payoffs.size, 1), 0.5 * (low + high)))
    begin = processor_seconds()
    model = contract_problem(game, start.branch(0))
    utilities = utilities_of(model, game, start.branch(0))
    model.obj_list = pyo.ObjectiveList()
    for utility in utilities.values():
        model.obj_list.add(expr=utility, sense=pyo.maximize)
        model.obj_list[len(model.obj_list)].deactivate()
    set_levels(model, game, *start.optima.levels(0))
    for specialist in game.specialists:
        share_of(model, specialist.name).value = 0.5 * (low + high)
    options = {
        "name": "frontier",
        "grid_points": points,
        "nadir_points": [0.0] * (len(utilities) - 1),
        "solver_name": "pounce",
        "solver_io": None,
        "output_excel": False,
        "cpu_count": 1,
        "early_exit": False,  # a local solver's word that a problem is infeasible proves nothing
    }
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                solver = PyAugmecon(model, options, {"MIPGap": True, "NonConvex": True})
                solver.solve()
        finally:
            logging.shutdown()
            os.chdir(here)
    found = np.array(list(solver.unique_pareto_sols)).T
    return processor_seconds() - begin, found
