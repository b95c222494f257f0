"""One solver after another, until one has an answer; if none has, what each of them said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opt_games.errors import SolverError
from opt_games.solvers.base import Solver, SolverOptions
from opt_games.solvers.contained import Contained
from opt_games.solvers.infeasibility import explain_infeasibility
from opt_games.solvers.registry import get_solver
from opt_games.solvers.result import SolverResult, Termination

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData


def first_answer(
    model: BlockData,
    solvers: Sequence[str | Solver],
    options: SolverOptions | None = None,
    *,
    contain: bool = False,
) -> SolverResult:
    """Solve a model by the first solver that can.

    Parameters
    ----------
    model : ConcreteModel or Block
        Loaded with the point of the solver that succeeded; otherwise with its old values.
    solvers : sequence of str or Solver
        Their names, or solvers, in the order in which to try.
    options : SolverOptions, optional
        For each of them. The vendor's own options belong to one solver: leave them out here.
    contain : bool
        Run each in a process of its own: see `Contained`.

    Returns
    -------
    SolverResult
        One that is ``ok``.

    Raises
    ------
    SolverError
        If there is none, with everything that was tried, and what stands in the way where a solver
        says that the model is infeasible.

    Examples
    --------
    >>> import pyomo.environ as pyo
    >>> m = pyo.ConcreteModel(); m.x = pyo.Var(bounds=(0, 1)); m.cost = pyo.Objective(expr=m.x)
    >>> m.floor = pyo.Constraint(expr=m.x >= 3)
    >>> first_answer(m, ["ipopt", "slsqp"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    opt_games.errors.SolverError: no solver had an answer: ... violated: floor by 0.667
    """
    tried = []
    infeasible = False
    for each in solvers:
        name = each if isinstance(each, str) else each.name
        try:
            solver = get_solver(each) if isinstance(each, str) else each
            solver = Contained(solver) if contain else solver
            problem = solver.compile(model, options)
            result = problem.solve(load=False)
        except SolverError as error:
            tried.append(f"{name}: {error}")
            continue
        except Exception as error:  # a third party's solver must not stop the next one
            tried.append(f"{name}: raised {error!r}")
            continue
        if result.ok:
            for var, number in zip(problem.variables, result.values, strict=True):
                if not var.fixed:
                    var.set_value(number, skip_validation=True)
            return result
        infeasible = infeasible or result.termination is Termination.INFEASIBLE
        tried.append(f"{name}: {result.termination.value} ({result.message})")
    message = f"no solver had an answer: {'; '.join(tried) or 'none was given'}"
    if infeasible:
        try:
            message += f". {explain_infeasibility(model)}"
        except SolverError as error:
            message += f". {error}"
    raise SolverError(message)
