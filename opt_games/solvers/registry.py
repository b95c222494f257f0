"""Which solvers there are, by name: the built-in ones and those of entry points."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING, NoReturn

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, Capabilities, Solver, SolverOptions
from opt_games.solvers.cyipopt import Cyipopt
from opt_games.solvers.gurobi import Gurobi
from opt_games.solvers.ipopt import Ipopt
from opt_games.solvers.ipopt_executable import IpoptExecutable
from opt_games.solvers.maingo import Maingo
from opt_games.solvers.pounce import Pounce
from opt_games.solvers.scip import Scip
from opt_games.solvers.slsqp import Slsqp
from opt_games.solvers.trust_constr import TrustConstr
from opt_games.solvers.uno import Uno

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData

GROUP = "opt_games.solvers"
"""The entry-point group in which other packages announce a `Solver` class."""

BUILT_IN: tuple[type[Solver], ...] = (
    Ipopt,
    Cyipopt,
    IpoptExecutable,
    Slsqp,
    TrustConstr,
    Uno,
    Pounce,
    Scip,
    Maingo,
    Gurobi,
)
"""Our own back ends, the default first. A new one is a new file and a name here."""


class BrokenSolver(Solver):
    """Stands for an entry point that could not be loaded, so that the others still work.

    Parameters
    ----------
    reason : str
        What went wrong, and whose it is.
    """

    name = "broken"
    capabilities = Capabilities()

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def availability(self) -> Availability:
        """Report the reason."""
        return Availability(available=False, version=None, how_to_get=self.reason)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> NoReturn:
        """Raise SolverError with the reason."""
        raise SolverError(self.reason)


def solvers() -> dict[str, Solver]:
    """Return every known solver by name, available or not, the default first.

    Returns
    -------
    dict of str to Solver
        An entry point that cannot be loaded, or takes a name that is taken, is in it as a solver
        that is not available and says why.
    """
    found: dict[str, Solver] = {kind.name: kind() for kind in BUILT_IN}
    for name, solver in _announced():
        if name in found:
            reason = f"the name {name} is taken: rename this entry point of {GROUP}"
            found[f"{name} (another)"] = BrokenSolver(reason)
        else:
            found[name] = solver
    return found


def _announced() -> Iterator[tuple[str, Solver]]:
    """Yield the solvers of entry points, sorted by name."""
    for entry in sorted(metadata.entry_points(group=GROUP), key=lambda each: each.name):
        try:
            solver = entry.load()()
        except Exception as error:  # whatever another package raises must not stop ours
            yield entry.name, BrokenSolver(f"{entry.value} cannot be loaded: {error!r}")
            continue
        if not isinstance(solver, Solver):
            yield entry.name, BrokenSolver(f"{entry.value} is not a subclass of Solver")
            continue
        yield entry.name, solver


def get_solver(name: str = "ipopt") -> Solver:
    """Return a solver that can be used here.

    Parameters
    ----------
    name : str
        One of the names of `solvers`.

    Raises
    ------
    SolverError
        If there is none of that name, with the nearest one and the list; or if it is not available,
        with how to get it.
    """
    known = solvers()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise SolverError(f"no solver is called {name!r}: {hint}choose from {', '.join(known)}")
    solver = known[name]
    availability = solver.availability()
    if not availability.available:
        usable = [each for each in known if known[each].availability().available]
        raise SolverError(
            f"the solver {name} is not available here: {availability.how_to_get} "
            f"(available: {', '.join(usable) or 'none'})"
        )
    return solver
