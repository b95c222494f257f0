"""IPOPT as a separate program, through Pyomo's own interface and an NL file."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opt_games.errors import SolverError
from opt_games.solvers.base import (
    Availability,
    Capabilities,
    CompiledProblem,
    Solver,
    SolverOptions,
)
from opt_games.solvers.ipopt_terms import ipopt_options, pushed_start
from opt_games.solvers.model_view import ModelView, conclude, contradiction
from opt_games.solvers.refusals import refuse
from opt_games.solvers.result import Outcome, Quality, SolverInfo, SolverResult, Termination

if TYPE_CHECKING:
    from pyomo.core.base.block import BlockData

VARIABLE = "OPT_GAMES_IPOPT"
"""The environment variable that may hold the path of the program."""

HOW_TO_GET = (
    "pip install 'opt_games[idaes]' && idaes get-extensions, "
    "or conda install -c conda-forge ipopt, "
    f"or put an ipopt program on PATH or its path in {VARIABLE}"
)

VERSION_SECONDS = 5.0
"""How long the program may take to tell its version."""

_TO_START_AND_STOP = 5.0  # seconds, before a program that was told its time limit is killed

WORDS: tuple[tuple[str, Termination], ...] = (
    ("Optimal Solution Found", Termination.CONVERGED),
    ("Solved To Acceptable Level", Termination.ACCEPTABLE),
    ("Feasible point for square problem found", Termination.CONVERGED),
    ("locally infeasible point", Termination.INFEASIBLE),
    ("Iterates diverging", Termination.UNBOUNDED),
    ("Maximum Number of Iterations", Termination.ITERATION_LIMIT),
    ("Maximum CPU Time", Termination.TIME_LIMIT),
    ("Maximum Wallclock Time", Termination.TIME_LIMIT),
    ("requested by user", Termination.INTERRUPTED),
    ("too few degrees of freedom", Termination.INVALID_MODEL),
    ("Search Direction becomes Too Small", Termination.NUMERICAL_FAILURE),
    ("Restoration Phase Failed", Termination.NUMERICAL_FAILURE),
    ("Error in step computation", Termination.NUMERICAL_FAILURE),
    ("Invalid number", Termination.NUMERICAL_FAILURE),
)
"""What the program writes into its solution file, and what it means to us."""

CONDITIONS: Mapping[str, Termination] = {
    "convergenceCriteriaSatisfied": Termination.CONVERGED,
    "provenInfeasible": Termination.INFEASIBLE,
    "locallyInfeasible": Termination.INFEASIBLE,
    "unbounded": Termination.UNBOUNDED,
    "iterationLimit": Termination.ITERATION_LIMIT,
    "maxTimeLimit": Termination.TIME_LIMIT,
}
"""Pyomo's termination conditions, for words that we do not know."""

LOGGERS = (
    "pyomo.contrib.solver.solvers.ipopt",
    "pyomo.contrib.solver.solvers.asl_sol_reader",
    "pyomo.repn.plugins.nl_writer",
)
"""Loggers of Pyomo that write to the terminal about things which the result tells anyway."""


class IpoptExecutable(Solver):
    """The ``ipopt`` program of `idaes get-extensions`, conda or the system.

    Parameters
    ----------
    path : str or Path, optional
        The program; by default the environment variable OPT_GAMES_IPOPT, then PATH, then the folder
        where IDAES puts its programs.
    """

    name = "ipopt-executable"
    capabilities = Capabilities(
        in_process=False, refuses=frozenset({"ceil", "floor", "min", "max"}), licence="EPL-2.0"
    )

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = path

    def executable(self) -> Path | None:
        """Return the program that would be run, None where there is none."""
        given = str(self._path or os.environ.get(VARIABLE, ""))
        if given:
            found = shutil.which(given)
        else:
            found = shutil.which("ipopt") or shutil.which("ipopt", path=str(idaes_folder()))
        return Path(found).absolute() if found else None

    def availability(self) -> Availability:
        """Look for the program and ask it for its version."""
        path = self.executable()
        version = None if path is None else _version(path)
        return Availability(version is not None, version, HOW_TO_GET)

    def compile(self, model: BlockData, options: SolverOptions | None = None) -> ExecutableProblem:
        """Make a model ready to be solved: see `Solver.compile`."""
        path = self.executable()
        version = None if path is None else _version(path)
        if path is None or version is None:
            raise SolverError(f"the solver {self.name} is not installed: {HOW_TO_GET}")
        info = SolverInfo(self.name, version)
        view = ModelView(model)
        refuse(view, self.capabilities.refuses, self.name)
        return ExecutableProblem(view, options or SolverOptions(), info, path)


class ExecutableProblem(CompiledProblem):
    """A model that is written to an NL file at each solve; multipliers are not reused."""

    def __init__(
        self, view: ModelView, options: SolverOptions, solver: SolverInfo, path: Path
    ) -> None:
        self.variables = view.variables
        self._view = view
        self._solver = solver
        self._path = path
        self._vendor = ipopt_options(options)
        for silent in ("print_level", "sb"):  # its output is caught, and holds the iteration count
            del self._vendor[silent]
        # Pyomo's limit is one of processor time, and kills a second after as much wall-clock time
        self._killed_after = options.time_limit
        if options.time_limit is not None and _numbers(solver.version) >= (3, 14):
            self._vendor["max_wall_time"] = options.time_limit
            self._killed_after = options.time_limit + _TO_START_AND_STOP

    def solve(self, *, load: bool = True, warm: bool = False) -> SolverResult:
        """Solve for the present data of the model: see `CompiledProblem.solve`."""
        began = time.perf_counter()
        self._view.check()
        lower, upper = self._view.bounds()
        broken = contradiction(self.variables, lower, upper)
        broken = broken or contradiction(self._view.constraints, *self._view.constraint_bounds())
        if broken is not None:
            outcome = Outcome(Termination.INFEASIBLE, None, 0, broken)
        else:
            start = self._view.start(lower, upper)
            with self._view.at(pushed_start(start, lower, upper, self._vendor)):
                outcome = self._run()
        result, _ = conclude(self._view, outcome, self._solver, began)
        if load and result.holds is not Quality.NOTHING:
            self._view.load(result.values)
        return result

    def _run(self) -> Outcome:
        """Run the program once, turning everything that can go wrong into an outcome."""
        from pyomo.common.errors import PyomoException
        from pyomo.contrib.solver.solvers.ipopt import Ipopt

        try:
            with _quiet(), _library_path(self._path.parent):
                found = Ipopt().solve(
                    self._view.model,
                    executable=str(self._path),
                    load_solutions=False,
                    raise_exception_on_nonoptimal_result=False,
                    solver_options=self._vendor,
                    time_limit=self._killed_after,
                    writer_config={"linear_presolve": False},
                )
        except subprocess.TimeoutExpired:
            message = "the program did not stop in time and was killed"
            return Outcome(Termination.TIME_LIMIT, None, None, message)
        except PyomoException as error:
            return Outcome(Termination.ERROR, None, None, _one_line(str(error)))
        except (OSError, ValueError, TypeError, AssertionError, IndexError) as error:
            message = f"cannot read what the program wrote ({error!r})"
            return Outcome(Termination.ERROR, None, None, message)
        return self._outcome(found)

    def _outcome(self, found: Any) -> Outcome:
        """Translate Pyomo's results."""
        condition = found.termination_condition.name
        iterations = getattr(found.extra_info, "iteration_count", None)
        if condition == "emptyModel":
            fixed = [float(var.value) for var in self.variables]
            return Outcome(Termination.CONVERGED, fixed, 0, "no variable is free")
        if condition == "provenInfeasible":
            message = "a constraint cannot hold for the fixed variables"
            return Outcome(Termination.INFEASIBLE, None, 0, message)
        log = getattr(found, "solver_log", None) or ""
        unknown = re.search(r'Option: "(\S+?)"\. It is not a valid option', log)
        if unknown:
            raise SolverError(f"this IPOPT {self._solver.version} has no option {unknown.group(1)}")
        message = _one_line(getattr(found.extra_info, "solver_message", None) or "")
        code = getattr(found.extra_info, "return_code", 0)
        if code:
            message = f"exit code {code}; {message}; {_one_line(log[-300:])}"
        termination = CONDITIONS.get(condition, Termination.ERROR)
        for words, meaning in WORDS:
            if words.lower() in message.lower():
                termination = meaning
                break
        point = None
        if found.solution_loader.get_number_of_solutions():
            values = found.solution_loader.get_vars()
            point = [float(values.get(v, v.value)) for v in self.variables]
        return Outcome(termination, point, iterations, message)


def idaes_folder() -> Path:
    """Return the folder where ``idaes get-extensions`` puts programs, without importing IDAES."""
    if os.environ.get("IDAES_DATA"):
        return Path(os.environ["IDAES_DATA"]) / "bin"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "idaes" / "bin"
    return Path.home() / ".idaes" / "bin"


def _version(path: Path) -> str | None:
    """Return the version that the program tells, None where it is not IPOPT or does not run."""
    try:
        with _library_path(path.parent):
            said = subprocess.run(
                [str(path), "--version"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=VERSION_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"ipopt\s+(\d+(?:\.\d+)+)", said.stdout.strip(), re.IGNORECASE)
    return found.group(1) if found and said.returncode == 0 else None


@contextmanager
def _library_path(folder: Path) -> Iterator[None]:
    """Let the program find shared libraries beside it, as those of IDAES need."""
    if folder != idaes_folder() or os.name == "nt":
        yield
        return
    names = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    before = {name: os.environ.get(name) for name in names}
    try:
        for name, old in before.items():
            os.environ[name] = os.pathsep.join(filter(None, (old, str(folder))))
        yield
    finally:
        for name, old in before.items():
            if old is None:
                del os.environ[name]
            else:
                os.environ[name] = old


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pyomo's remarks about the program's output from the terminal."""
    loggers = [logging.getLogger(name) for name in LOGGERS]

    def nothing(_record: logging.LogRecord) -> bool:
        return False

    for logger in loggers:
        logger.addFilter(nothing)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(nothing)


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare."""
    return tuple(int(each) for each in re.findall(r"\d+", version)[:3])


def _one_line(text: str) -> str:
    """Return a text without line breaks."""
    return " ".join(text.split())
