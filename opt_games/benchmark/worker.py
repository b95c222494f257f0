"""A process in which one solver works, so that it can hang, crash or be killed.

Unlike `opt_games.solvers.Contained`, which starts a process for every solve, it lives until it has
to be killed: what is measured is the solver, not the start of Python.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any

from opt_games.benchmark.problems import BenchProblem
from opt_games.errors import SolverError
from opt_games.solvers.base import Solver, SolverOptions
from opt_games.solvers.contained import death
from opt_games.solvers.result import SolverResult

START = 120.0
"""Seconds that a process has to start and import the package."""


@dataclass(frozen=True)
class Seconds:
    """What a solve took: to build the Pyomo model, to translate it for the solver, to solve it."""

    build: float
    translate: float
    solve: float


@dataclass(frozen=True)
class Report:
    """What became of a solve.

    Attributes
    ----------
    result : object
        What the solver returned, a `SolverResult` if all is well; None if it did not.
    seconds : Seconds or None
    refusal, crash, hang : str
        Words if the solver refused the problem, crashed, or did not stop; one of them at most.
    """

    result: object = None
    seconds: Seconds | None = None
    refusal: str = ""
    crash: str = ""
    hang: str = ""


class Worker:
    """A solver in a process of its own, which is started anew after each that died.

    Parameters
    ----------
    solver : Solver
        It has to survive `pickle`.
    options : SolverOptions
        With a time limit.
    grace : float
        Seconds beyond the time limit after which the process is killed.
    """

    def __init__(self, solver: Solver, options: SolverOptions, grace: float) -> None:
        assert options.time_limit is not None
        self._solver = solver
        self._settings = (options.time_limit, options.tolerance)
        self._limit = options.time_limit + grace
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._rehearsed = False

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def solve(self, problem: BenchProblem, start: Sequence[float]) -> Report:
        """Solve a problem from a starting point, whatever happens.

        The first of a process is solved twice, as the solver's libraries are loaded meanwhile.
        """
        report = self._asked(problem, start)
        if not self._rehearsed and not (report.crash or report.hang):
            self._rehearsed = True
            report = self._asked(problem, start)
        return report

    def _asked(self, problem: BenchProblem, start: Sequence[float]) -> Report:
        try:
            if self._process is None:
                self._start()
            assert self._pipe is not None
            self._pipe.send((problem, tuple(start)))
            if not self._pipe.poll(self._limit):
                self._stop()
                return Report(hang=f"did not stop within {self._limit:g} s and was killed")
            report = self._pipe.recv()
        except (EOFError, OSError):
            process = self._process
            if process is None:
                raise
            process.join(10.0)
            code = process.exitcode
            self._stop()
            return Report(crash=death(code))
        assert isinstance(report, Report)
        return report

    def _start(self) -> None:
        try:
            work = pickle.dumps((self._solver, *self._settings))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            name = self._solver.name
            raise SolverError(f"{name} cannot be sent to a process: {error}") from None
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, work), daemon=True)
        self._process.start()
        theirs.close()
        self._rehearsed = False
        if not self._pipe.poll(START):
            raise SolverError(f"{self._solver.name}: its process did not start in {START:g} s")
        self._pipe.recv()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def _work(pipe: Connection, work: bytes) -> None:
    """Solve what comes, silently, and send what became of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which kills this one
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    solver, time_limit, tolerance = pickle.loads(work)
    options = SolverOptions(time_limit=time_limit, tolerance=tolerance)
    pipe.send("ready")
    while True:
        try:
            problem, start = pipe.recv()
        except EOFError:
            return
        report = attempt(solver, options, problem, start)
        try:
            pipe.send(report)
        except (pickle.PicklingError, AttributeError, TypeError):
            pipe.send(Report(crash=f"returned what cannot be sent: {report.result!r}"))


def attempt(
    solver: Solver, options: SolverOptions, problem: BenchProblem, start: Sequence[float]
) -> Report:
    """Solve a problem in this process; only what ends the process or hangs it gets out of hand.

    Parameters
    ----------
    solver : Solver
    options : SolverOptions
    problem : BenchProblem
    start : sequence of float
        In the order of the solver's variables.
    """
    began = time.perf_counter()
    model: Any = problem.state().model
    built = time.perf_counter()
    try:
        compiled = solver.compile(model, options)
        translated = time.perf_counter()
        for var, number in zip(compiled.variables, start, strict=True):
            if not var.fixed:
                var.set_value(number, skip_validation=True)
        ready = time.perf_counter()
        result = compiled.solve(load=False)
        done = time.perf_counter()
    except SolverError as error:
        return Report(refusal=str(error))
    except BaseException as error:  # SystemExit and the like are the solver's, too
        return Report(crash=f"raised {error!r}")
    if not isinstance(result, SolverResult):
        return Report(crash=f"returned a {type(result).__name__} in place of a SolverResult")
    return Report(result, Seconds(built - began, translated - built, done - ready))
