"""Running a benchmark: every solver, on every problem, from every start."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pyomo

import opt_games
from opt_games.benchmark.families import random_games
from opt_games.benchmark.problems import BenchProblem, Stated
from opt_games.benchmark.reference import known_problems, problems_of
from opt_games.benchmark.result import BenchResult, Posed, Run
from opt_games.benchmark.starts import start_points
from opt_games.benchmark.store import read, save
from opt_games.benchmark.verdicts import judge
from opt_games.benchmark.worker import Report, Worker
from opt_games.errors import SolverError, SpecError
from opt_games.game import Game
from opt_games.shipped import shipped_games
from opt_games.solvers.base import Solver, SolverOptions
from opt_games.solvers.model_view import ModelView
from opt_games.solvers.registry import get_solver
from opt_games.solvers.registry import solvers as all_solvers
from opt_games.solvers.result import SolverResult

TOLERANCE = 1e-6
GRACE = 10.0
_SAVE_EVERY = 5.0  # seconds
_TELL_EVERY = 30.0

Tell = Callable[[str], object]


def bench(
    games: Iterable[str | Path | Game] | None = None,
    *,
    solvers: Iterable[str | Solver] | None = None,
    random: int = 0,
    seed: int = 0,
    starts: int = 3,
    time_limit: float = 10.0,
    tolerance: float = TOLERANCE,
    known: bool = False,
    path: str | Path | None = None,
    resume: bool = False,
    grace: float = GRACE,
    tell: Tell | None = None,
) -> BenchResult:
    """Try solvers on the formulations of games, from several starts.

    An answer is right if it agrees with that of `opt_games.solve` with its certificate: what a
    solver says of its own answer counts for nothing. Every solver works in a process of its
    own, so one that crashes or hangs is named and the benchmark goes on. A script needs
    ``if __name__ == "__main__":`` around the call, as for all of `multiprocessing`.

    Parameters
    ----------
    games : iterable of str, Path or Game, optional
        Shipped games by name, spec files, or games. By default all shipped games, unless `random`
        or `known` is given with an empty list.
    solvers : iterable of str or Solver, optional
        By default all that are available here.
    random : int
        How many random games to add, see `opt_games.benchmark.families`.
    seed : int
        Of the random games and the starts.
    starts : int
        Starting points for each problem, the model's own first, see
        `opt_games.benchmark.starts`.
    time_limit : float
        Seconds of a solve. A process that takes `grace` seconds more, with the time to build and
        translate the model in it, is killed.
    tolerance : float
        How far an objective may be off, relative to the size of its terms.
    known : bool
        Add the problems with known optima of `opt_games.testing`; needs pytest.
    path : str or Path, optional
        A JSON file that is kept up to date.
    resume : bool
        Keep the runs of that file, if it is there and has the same settings.
    grace : float
    tell : callable, optional
        Is told in words what is going on.

    Returns
    -------
    BenchResult

    Raises
    ------
    SpecError
        If an argument makes no sense, or the file is of another benchmark.
    SolverError
        If a solver is not available.
    KeyboardInterrupt
        After Ctrl-C, once what there is stands in the file.

    Examples
    --------
    >>> import opt_games
    >>> found = opt_games.bench(["quadratic"], solvers=["ipopt"], starts=1)
    >>> [(run.problem, run.verdict.value) for run in found.runs]  # doctest: +NORMALIZE_WHITESPACE
    [('quadratic: bargain', 'right'), ('quadratic: equilibrium', 'right'),
     ('quadratic: invest law', 'right')]
    """
    say = tell or (lambda _message: None)
    for key, number, least in (("random", random, 0), ("starts", starts, 1), ("seed", seed, 0)):
        if number < least:
            raise SpecError(f"expected at least {least}, not {number}", key=key)
    for key, size in (("time_limit", time_limit), ("tolerance", tolerance)):
        if not 0.0 < size < numpy.inf:
            raise SpecError(f"expected a number above 0, not {size}", key=key)
    chosen = _solvers(solvers)
    named = _games(shipped_games() if games is None else games) | random_games(random, seed)
    settings = {
        "games": list(named),
        "random": random,
        "seed": seed,
        "starts": starts,
        "time_limit": time_limit,
        "tolerance": tolerance,
        "known": known,
    }
    before = _before(path, settings) if resume else ()
    problems, left_out = _problems(named, known, say)
    if not problems:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise SpecError(f"nothing to solve: {reasons or 'no games'}", key="games")
    posed = {
        each.name: (each, stated := each.state(), ModelView(stated.model)) for each in problems
    }
    result = BenchResult(
        settings,
        _machine(),
        {name: str(each.availability().version or "unknown") for name, each in chosen.items()},
        tuple(_posed(*each) for each in posed.values()),
        left_out,
        tuple(run for run in before if run.solver in chosen and run.problem in posed),
        complete=False,
    )
    done = {(run.solver, run.problem, run.start) for run in result.runs}
    runs = list(result.runs)
    options = SolverOptions(time_limit=time_limit)
    saved = told = time.monotonic()
    try:
        with ExitStack() as stack:
            # by turns, so that whatever else the machine does slows all of them alike
            workers = {
                name: stack.enter_context(Worker(each, options, grace))
                for name, each in chosen.items()
            }
            for number, (problem, stated, view) in enumerate(posed.values()):
                for k, start in enumerate(start_points(view, problem.name, starts, seed)):
                    for name, worker in workers.items():
                        if (name, problem.name, k) in done:
                            continue
                        report = worker.solve(problem, start)
                        runs.append(_run(name, problem, k, stated, view, report, tolerance))
                if path is not None and time.monotonic() > saved + _SAVE_EVERY:
                    save(replace(result, runs=tuple(runs)), path)
                    saved = time.monotonic()
                if time.monotonic() > told + _TELL_EVERY:
                    say(f"{number + 1} of {len(posed)} problems done")
                    told = time.monotonic()
    except BaseException:
        if path is not None:
            save(replace(result, runs=tuple(runs)), path)
        raise
    for name in chosen:
        say(f"{name}: {_counts(runs, name)}")
    result = replace(result, runs=tuple(runs), complete=True)
    if path is not None:
        save(result, path)
    return result


def _solvers(wanted: Iterable[str | Solver] | None) -> dict[str, Solver]:
    if wanted is None:
        return {name: each for name, each in all_solvers().items() if each.availability().available}
    found: dict[str, Solver] = {}
    for each in wanted:
        solver = get_solver(each) if isinstance(each, str) else each
        if not solver.availability().available:
            raise SolverError(f"{solver.name}: {solver.availability().how_to_get}")
        if solver.name in found:
            raise SpecError(f"{solver.name} is given twice", key="solver")
        found[solver.name] = solver
    if not found:
        raise SpecError("name a solver", key="solver")
    return found


def _games(wanted: Iterable[str | Path | Game]) -> dict[str, Game]:
    found: dict[str, Game] = {}
    for each in wanted:
        name = each.name if isinstance(each, Game) else Path(each).stem
        if name in found:
            raise SpecError(f"two games are called {name!r}: rename one", key="game")
        found[name] = each if isinstance(each, Game) else opt_games.load(each)
    return found


def _problems(
    games: Mapping[str, Game], known: bool, say: Tell
) -> tuple[list[BenchProblem], dict[str, str]]:
    problems: list[BenchProblem] = known_problems() if known else []
    left_out: dict[str, str] = {}
    began = time.monotonic()
    say(f"certifying the answers of {len(games)} games")
    for name, game in games.items():
        stated, reasons = problems_of(name, game)
        problems += stated
        left_out |= reasons
    say(
        f"{len(problems)} problems of {len(games)} games, {len(left_out)} left out; "
        f"{time.monotonic() - began:.1f} s for their answers"
    )
    return problems, left_out


def _before(path: str | Path | None, settings: Mapping[str, Any]) -> tuple[Run, ...]:
    """Return the runs that a file holds."""
    if path is None:
        raise SpecError("name the file to go on with", key="resume")
    if not Path(path).exists():
        return ()
    old = read(path)
    for key, value in settings.items():
        if old.settings.get(key) != value:
            raise SpecError(
                f"its {key} was {old.settings.get(key)}, not {value}: use the same settings, or "
                "another file",
                file=str(path),
                key="resume",
            )
    return old.runs


def _posed(problem: BenchProblem, _stated: Stated, view: ModelView) -> Posed:
    free = sum(not var.fixed for var in view.variables)
    return Posed(
        problem.name, problem.objective, problem.scale, problem.gap, free, len(view.constraints)
    )


def _run(
    solver: str,
    problem: BenchProblem,
    start: int,
    stated: Stated,
    view: ModelView,
    report: Report,
    tolerance: float,
) -> Run:
    judged = judge(problem, stated, view, report, tolerance)
    result = report.result if isinstance(report.result, SolverResult) else None
    seconds = report.seconds
    return Run(
        solver,
        problem.name,
        start,
        judged.verdict,
        "" if result is None else result.holds.value,
        judged.objective,
        judged.violation,
        None if seconds is None else seconds.build,
        None if seconds is None else seconds.translate,
        None if seconds is None else seconds.solve,
        None if result is None else result.iterations,
        judged.reason,
    )


def _machine() -> dict[str, Any]:
    return {
        "opt_games": opt_games.__version__,
        "python": platform.python_version(),
        "pyomo": pyomo.__version__,
        "numpy": numpy.__version__,
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
    }


def _counts(runs: Sequence[Run], name: str) -> str:
    own = [run.verdict.value for run in runs if run.solver == name]
    return ", ".join(f"{own.count(each)} {each}" for each in dict.fromkeys(own))
