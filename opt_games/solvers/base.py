"""The contract of a solver back end.

A back end is one file with a `Solver` that compiles a Pyomo model and a `CompiledProblem` that
solves it, as often as wanted, under changed data. Nothing else in the package knows a vendor.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from opt_games.errors import SpecError

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData
    from pyomo.core.base.var import VarData

    from opt_games.solvers.result import SolverResult


@dataclass(frozen=True)
class Capabilities:
    """What a solver promises and what it asks for.

    Attributes
    ----------
    global_ : bool
        Whether it proves global optimality; a solver that does not is a local one.
    needs_derivatives : bool
        Whether the problem must be twice differentiable for its answer to mean something.
    needs_bounds : bool
        Whether every variable needs finite bounds; `CompiledProblem.solve` raises SolverError
        naming one that has none.
    needs_domain : bool
        Whether every expression must be defined throughout the bounds of its variables, ends
        included: then a logarithm of what may be 0 is a SolverError.
    integers : bool
        Whether it takes integer and binary Vars. One that does not raises SolverError, naming the
        first that is not fixed.
    in_process : bool
        Whether it runs in this process, without files.
    warm_start : bool
        Whether ``solve(warm=True)`` reuses more than the point.
    refuses : frozenset of str
        What it cannot take: kinds of Pyomo expression node and names of functions, such as
        ``"ExternalFunction"``, ``"Expr_if"``, ``"abs"`` or ``"atan"``. `Solver.compile` raises
        SolverError for them.
    licence : str
        Under which licence the solver comes.
    """

    global_: bool = False
    needs_derivatives: bool = True
    needs_bounds: bool = False
    needs_domain: bool = False
    integers: bool = False
    in_process: bool = True
    warm_start: bool = False
    refuses: frozenset[str] = frozenset()
    licence: str = ""


@dataclass(frozen=True)
class Availability:
    """Whether a solver can be used here, and how to get it where it cannot."""

    available: bool
    version: str | None
    how_to_get: str


@dataclass(frozen=True)
class SolverOptions:
    """The options that all solvers share, and a door to each solver's own.

    Attributes
    ----------
    time_limit : float or None
        Wall-clock seconds for one solve.
    tolerance : float
        Optimality and feasibility tolerance asked of the solver.
    iteration_limit : int or None
        Most iterations of one solve; None leaves the solver's own limit.
    gap : float
        How far a global solver may leave its bound from its objective, relative to
        ``max(1, |objective|)``. A proof is never asked to be closer than 1e-6.
    options : mapping of str to object
        The vendor's options, passed straight through.
    close_start : bool
        The start is next to the answer, perhaps next to a bound too: stay there. An interior-point
        solver otherwise moves it well inside its bounds first.
    """

    time_limit: float | None = None
    tolerance: float = 1e-11
    iteration_limit: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    close_start: bool = False
    gap: float = 5e-7

    def __post_init__(self) -> None:
        if self.time_limit is not None and not self.time_limit > 0:
            raise SpecError("must be more than 0 seconds", key="time_limit")
        if not (math.isfinite(self.tolerance) and self.tolerance > 0):
            raise SpecError("must be a positive number", key="tolerance")
        if not (math.isfinite(self.gap) and self.gap > 0):
            raise SpecError("must be a positive number", key="gap")
        if self.iteration_limit is not None and self.iteration_limit < 0:
            raise SpecError("must not be negative", key="iteration_limit")
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))


class CompiledProblem(ABC):
    """A model made ready for one solver, to be solved many times.

    Each `solve` reads afresh from the model: mutable Params, start values, bounds and fixed flags
    of Vars. Its structure is read once: after adding, removing, (de)activating or rewriting
    constraints or objectives, compile again; `solve` raises SolverError where it sees that this was
    forgotten.

    Attributes
    ----------
    variables : tuple of VarData
        The Vars that the active objective and constraints use, fixed ones too, in the order of
        their declaration, then those that live outside the model. `SolverResult.values` follows it.
    """

    variables: tuple[VarData, ...]

    @abstractmethod
    def solve(self, *, load: bool = True, warm: bool = False) -> SolverResult:
        """Solve for the present data of the model, from the present values of its Vars.

        Parameters
        ----------
        load : bool
            Write the point into the Vars wherever one is held, feasible or not: look at the result
            before starting again from it.
        warm : bool
            Reuse the multipliers of the last successful solve. It pays where the data moved a
            little and the Vars hold the last solution (``load=True``); a solver without multipliers
            starts as always, and one that fails from a warm start tries again without.

        Returns
        -------
        SolverResult
            Also for a failure: call `SolverResult.require` to raise instead.

        Raises
        ------
        SolverError
            If the present data make no problem: a Param or fixed Var without a value, an unfixed
            integer Var, or a structure that changed since compiling.
        """


class Solver(ABC):
    """A back end: cheap to make, importing its vendor only in `compile`.

    Attributes
    ----------
    name : str
        What users call it.
    capabilities : Capabilities
        What it promises and asks for.
    """

    name: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    @abstractmethod
    def availability(self) -> Availability:
        """Tell whether the solver can be used here. Cheap, and never raises."""

    @abstractmethod
    def compile(self, model: BlockData, options: SolverOptions | None = None) -> CompiledProblem:
        """Make a model ready to be solved.

        Parameters
        ----------
        model : ConcreteModel or Block
            One active objective or none; Vars that live outside a Block count if it uses them.
        options : SolverOptions, optional
            Options of every solve.

        Raises
        ------
        SolverError
            If the solver is missing, cannot take the model, or does not know an option.
        """
