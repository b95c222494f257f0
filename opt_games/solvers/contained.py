"""Any solver, contained: whatever it does, a result comes back that says what it did.

A back end may raise, hang, crash the process, return NaN or claim an optimum that is none. Here it
runs in a process of its own with a limit on the clock, and what it says is checked on the model.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import signal
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import numpy as np

from opt_games.errors import SolverError
from opt_games.solvers.base import Availability, CompiledProblem, Solver, SolverOptions
from opt_games.solvers.casadi_model import CasadiModel
from opt_games.solvers.flat import flat_copy
from opt_games.solvers.model_view import ModelView, conclude
from opt_games.solvers.result import Outcome, Quality, SolverInfo, SolverResult, Termination
from opt_games.solvers.stationarity import stationarity

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData

GRACE = 10.0
"""Seconds that a process has beyond the time limit of the solve: to start, and to stop."""

LIE = 1e-3
"""Residual of the first-order conditions at which a claim of optimality is not believed."""


class Contained(Solver):
    """A solver that runs in a process of its own and is not believed unseen.

    Starting that process takes a second or so, as it imports Pyomo and the vendor afresh. A script
    needs ``if __name__ == "__main__":`` around what it does, as for all of `multiprocessing`.

    Parameters
    ----------
    solver : Solver
        The one to contain. Its class must be importable, as `pickle` wants it.
    time_limit : float
        Wall-clock seconds of a solve where the options have no limit.
    grace : float
        Seconds beyond the limit after which the process is killed.

    Examples
    --------
    >>> from opt_games.solvers import get_solver
    >>> Contained(get_solver("ipopt")).name
    'ipopt'
    """

    def __init__(self, solver: Solver, *, time_limit: float = 300.0, grace: float = GRACE) -> None:
        self.solver = solver
        self.time_limit = time_limit
        self.grace = grace
        self.name = solver.name  # type: ignore[misc]
        self.capabilities = replace(  # type: ignore[misc]
            solver.capabilities, in_process=False, warm_start=False
        )

    def availability(self) -> Availability:
        """Return that of the solver inside."""
        return self.solver.availability()

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> ContainedProblem:
        """Make a model ready to be solved; the solver inside sees it at the first solve only."""
        here = self.availability()
        if not here.available:
            raise SolverError(f"the solver {self.name} is not installed: {here.how_to_get}")
        view = ModelView(model, integers=self.capabilities.integers)
        return ContainedProblem(self, view, options or SolverOptions())


class ContainedProblem(CompiledProblem):
    """A model that is sent to a process at each solve."""

    def __init__(self, contained: Contained, view: ModelView, options: SolverOptions) -> None:
        self.variables = view.variables
        self._contained = contained
        self._view = view
        limit = contained.time_limit if options.time_limit is None else options.time_limit
        self._options = replace(options, time_limit=limit, options=dict(options.options))
        self._hard_limit = limit + contained.grace
        self._info = SolverInfo(contained.name, contained.availability().version or "unknown")

    def solve(self, *, load: bool = True, warm: bool = False) -> SolverResult:
        """Solve for the present data of the model: see `CompiledProblem.solve`."""
        began = time.perf_counter()
        answer = self._asked(flat_copy(self._view))
        if isinstance(answer, SolverResult):
            result = checked(self._view, answer, self._options, began)
        else:
            result, _ = conclude(self._view, answer, self._info, began)
        if load and result.holds is not Quality.NOTHING:
            self._view.load(result.values)
        return result

    def _asked(self, model: BlockData) -> SolverResult | Outcome:
        """Return the answer of the process, or what became of it."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        settings = dict(self._options.options)
        shared = replace(self._options, options={})
        try:
            work = pickle.dumps((model, self._contained.solver, _plain(shared), settings))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise SolverError(f"{self._info.name} cannot be sent to a process: {error}") from None
        process = context.Process(target=_work, args=(theirs, work), daemon=True)
        process.start()
        theirs.close()
        try:
            if not ours.poll(self._hard_limit):
                message = f"did not stop within {self._hard_limit:g} s and was killed"
                return Outcome(Termination.TIME_LIMIT, None, None, message)
            answer = ours.recv()
        except (EOFError, OSError):
            process.join(GRACE)
            return Outcome(Termination.ERROR, None, None, death(process.exitcode))
        finally:
            ours.close()
            process.kill()
            process.join()
        if isinstance(answer, SolverError):
            raise answer
        if isinstance(answer, BaseException):
            return Outcome(Termination.ERROR, None, None, f"raised {answer!r}")
        if not isinstance(answer, SolverResult):
            message = f"returned a {type(answer).__name__} in place of a SolverResult"
            return Outcome(Termination.ERROR, None, None, message)
        return answer


def checked(
    view: ModelView, claim: SolverResult, options: SolverOptions, began: float
) -> SolverResult:
    """Return what a result is worth by the model itself.

    Parameters
    ----------
    view : ModelView
        The model.
    claim : SolverResult
        What the solver says.
    options : SolverOptions
        What it was asked.
    began : float
        ``time.perf_counter()`` when the solve began.

    Returns
    -------
    SolverResult
        Never of more quality than the claim. A point with a violation is no optimum; one that is
        not stationary is feasible at most, and the message says so; a bound that the point refutes
        is dropped, and with it the proof.
    """
    bound = None if claim.bound is None else view.sign * claim.bound
    point = list(claim.values) if len(claim.values) == len(view.variables) else None
    outcome = Outcome(claim.termination, point, claim.iterations, claim.message, bound=bound)
    proven = claim.holds is Quality.GLOBALLY_OPTIMAL
    gap = options.gap if proven or bound is not None else None
    result, judgement = conclude(view, outcome, claim.solver, began, gap=gap)
    if not claim.ok:
        if result.ok:
            result = replace(result, holds=Quality.FEASIBLE)
        return result
    if not result.ok:
        return replace(result, message=f"{result.message}; it claimed {claim.holds.value}")
    residual = _residual(view, result.values)
    if residual > LIE:
        message = f"{result.message}; it claimed {claim.holds.value}, but the point is not "
        message += f"stationary ({residual:.1e})"
        return replace(
            result,
            termination=Termination.NUMERICAL_FAILURE,
            holds=Quality.FEASIBLE,
            message=message,
        )
    if claim.objective is None or not math.isclose(
        claim.objective, judgement.objective, rel_tol=1e-6, abs_tol=1e-6
    ):
        message = f"{result.message}; it gave the objective as {claim.objective}"
        return replace(result, message=message)
    return result


def _residual(view: ModelView, point: tuple[float, ...]) -> float:
    """Return how far a point is from the first-order conditions; 0 where that cannot be told."""
    try:
        with view.fixed_at(point):
            compiled = CasadiModel.from_pyomo(view.model)
            residual = stationarity(compiled, compiled.read(), np.array(point))
    except SolverError:
        return 0.0  # an expression without derivatives
    return 0.0 if math.isnan(residual) else residual


def _plain(options: SolverOptions) -> dict[str, object]:
    """Return options as what can be pickled, without the vendor's."""
    return {
        "time_limit": options.time_limit,
        "tolerance": options.tolerance,
        "iteration_limit": options.iteration_limit,
        "close_start": options.close_start,
        "gap": options.gap,
    }


def _work(answers: Connection, work: bytes) -> None:
    """Solve in the process, silently, and send what comes of it."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    try:
        model, solver, shared, settings = pickle.loads(work)
        options = SolverOptions(**shared, options=settings)
        answer: object = solver.compile(model, options).solve(load=False)
    except BaseException as error:
        answer = error
    try:
        answers.send(answer)
    except (pickle.PicklingError, AttributeError, TypeError):
        answers.send(RuntimeError(repr(answer)))


def death(code: int | None) -> str:
    """Return how a process ended.

    Parameters
    ----------
    code : int or None
        Its exit code, as `multiprocessing` has it.

    Examples
    --------
    >>> death(-9), death(3)
    ('its process was killed by SIGKILL', 'its process ended without an answer (exit code 3)')
    """
    if code is not None and code < 0:
        try:
            return f"its process was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"its process was killed by signal {-code}"
    return f"its process ended without an answer (exit code {code})"
