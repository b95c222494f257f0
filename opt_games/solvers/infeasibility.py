"""Why a model has no feasible point: the constraints that would have to give way, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyomo.environ as pyo

from opt_games.errors import SolverError
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.flat import flat_copy
from opt_games.solvers.ipopt import Ipopt
from opt_games.solvers.model_view import (
    ModelView,
    bounded,
    contradiction,
    number_of,
    shortfall,
)
from opt_games.solvers.result import FEASIBILITY_TOLERANCE, Quality

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData


@dataclass(frozen=True)
class Infeasibility:
    """What stands in the way.

    Attributes
    ----------
    violations : mapping of str to float
        By how much each constraint that cannot hold with the others is violated at the nearest
        point, relative to ``max(1, |bound|)``, the largest first. Empty if that point is feasible.
    point : mapping of str to float
        The values of the Vars there. Their bounds hold.
    contradiction : str or None
        Bounds that contradict each other by themselves; then there is no point.
    """

    violations: Mapping[str, float]
    point: Mapping[str, float]
    contradiction: str | None = None

    def __str__(self) -> str:
        """Say it in a line."""
        if self.contradiction is not None:
            return self.contradiction
        if not self.violations:
            return "a feasible point was found: start from it"
        named = ", ".join(f"{name} by {by:.3g}" for name, by in list(self.violations.items())[:3])
        rest = len(self.violations) - 3
        return f"at the nearest point violated: {named}" + (f", {rest} more" if rest > 0 else "")


def explain_infeasibility(model: BlockData, options: SolverOptions | None = None) -> Infeasibility:
    """Find the point that comes closest to holding all constraints, and what it breaks.

    The constraints of a copy are relaxed by slack variables (Pyomo's
    ``core.add_slack_variables``) whose sum IPOPT minimises from the present values of the Vars.
    Sums of slacks put the blame on few constraints. IPOPT is a local solver: where the constraints
    are not convex, a feasible point may exist elsewhere.

    Parameters
    ----------
    model : ConcreteModel or Block
        Left as it is.
    options : SolverOptions, optional
        Of the search.

    Returns
    -------
    Infeasibility

    Raises
    ------
    SolverError
        If IPOPT fails at the relaxed problem, too.

    Examples
    --------
    >>> m = pyo.ConcreteModel()
    >>> m.x = pyo.Var(bounds=(0, 3))
    >>> m.floor = pyo.Constraint(expr=m.x >= 5)
    >>> print(explain_infeasibility(m))
    at the nearest point violated: floor by 0.4
    """
    view = ModelView(model)
    broken = contradiction(view.variables, *view.bounds())
    broken = broken or contradiction(view.constraints, *view.constraint_bounds())
    if broken is not None:
        return Infeasibility({}, {}, broken)
    copy = flat_copy(view)
    copied = list(copy.component_data_objects(pyo.Var))
    for objective in copy.component_data_objects(pyo.Objective):
        objective.deactivate()
    if any(True for _ in copy.component_data_objects(pyo.Constraint)):
        pyo.TransformationFactory("core.add_slack_variables").apply_to(copy)
    result = Ipopt().compile(copy, options or SolverOptions(tolerance=1e-8)).solve()
    if result.holds not in (Quality.FEASIBLE, Quality.LOCALLY_OPTIMAL):
        raise SolverError(f"no nearest point was found: {result.message}")
    point = [
        min(max(float(var.value), low), high)
        for var, low, high in zip(copied, *view.bounds(), strict=True)
    ]
    violations = {}
    with view.at(point):
        for each in view.constraints:
            low, body, high = bounded(each)
            least = -float("inf") if low is None else number_of(low)
            most = float("inf") if high is None else number_of(high)
            by = shortfall(number_of(body), least, most)
            if by > FEASIBILITY_TOLERANCE:
                violations[each.name] = by
    ordered = dict(sorted(violations.items(), key=lambda item: -item[1]))
    names = [var.name for var in view.variables]
    return Infeasibility(ordered, dict(zip(names, point, strict=True)))
