"""The sweep itself: from a game and values to a Dataset."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opt_games.engines import STATUSES, Engine
from opt_games.errors import SpecError
from opt_games.game import Game
from opt_games.spec.writer import has_functions
from opt_games.sweeps.assemble import in_memory, write_netcdf
from opt_games.sweeps.crosscheck import Check, cross_check
from opt_games.sweeps.executors import Workers, open_workers
from opt_games.sweeps.layout import Layout
from opt_games.sweeps.plan import Plan, difference
from opt_games.sweeps.run import Tell, solve_parts
from opt_games.sweeps.store import Folder, Memory, Store
from opt_games.sweeps.tally import Tally
from opt_games.sweeps.values import Values

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd
    import xarray as xr

CHECKED = 4
"""So many points are solved by a second engine, too, unless another number is given."""


@dataclass(frozen=True)
class Swept:
    """What a sweep found.

    Attributes
    ----------
    dataset : xarray.Dataset
    tally : Tally
    check : Check
    resumed : int
        Points that were there before.
    """

    dataset: xr.Dataset
    tally: Tally
    check: Check
    resumed: int


def sweep(
    game: Game,
    vary: Mapping[str, Any] | None = None,
    *,
    points: pd.DataFrame | Mapping[str, Any] | None = None,
    bargain: str | Sequence[str] | None = None,
    share: float | None = None,
    engine: str | Engine = "auto",
    executor: Executor | Any = None,
    workers: int | None = None,
    check: int = CHECKED,
    seed: int = 0,
    path: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    chunk: int | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    """Solve a game for many values of its parameters.

    Parameters
    ----------
    game : Game
    vary : mapping, optional
        Values by name of a parameter, or of ``"share"``: a list of numbers, or text such as
        ``"0.1:10:50"``, ``"0.1:10:50:log"`` or ``"1,2,5"``. All combinations are solved.
    points : pandas.DataFrame or mapping, optional
        One game per row instead; the columns are parameters, or ``"share"``.
    bargain : str or sequence of str, optional
        Bargaining solutions, see `opt_games.SOLUTIONS`.
    share : float, optional
        The generalist's share, instead. With neither, as in `opt_games.solve`.
    engine : str or Engine
        ``"batch"``, ``"batch-numba"``, ``"ipopt"``, ``"one-by-one"``; ``"auto"`` takes the first
        that covers the game, of the two batch engines the one that is faster for so many games.
        One that does not cover it is replaced by one that does.
    executor : Executor, dask Client or str, optional
        Who works: by default processes on this machine; ``"in-process"``; ``"dask://host:port"``.
        Solvers take turns within a process, so give Dask workers one thread each.
    workers : int, optional
        Processes on this machine, by default one per core.
    check : int
        So many points are solved by a second engine, too, and compared.
    seed : int
        Of the choice of these points.
    path : str or Path, optional
        A netCDF file to write. Finished parts are kept beside it until it is complete.
    resume : bool
        Go on with the parts that an interrupted sweep left.
    overwrite : bool
        Replace what is there.
    chunk : int, optional
        Points that are solved and kept together.
    progress : bool, optional
        Show a bar on standard error, by default if that is a terminal.

    Returns
    -------
    xarray.Dataset
        One dimension for each name that varies, or ``point``; ``solution``, where several are
        asked for; ``player`` and ``attribute``. Read from the file, if there is one.

    Raises
    ------
    SpecError
        If what is asked for makes no sense. A point that cannot be solved is ``nan``, its status
        ``failed``, and `reason` says why.
    OptGamesError
        If the sweep cannot go on; what was solved is kept, if there is a path.

    Warns
    -----
    UserWarning
        If the engines disagree, or the work goes on in another way than asked for.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> found = opt_games.sweep(game, {"c1": [0.5, 1.0]}, bargain="utilitarian", progress=False)
    >>> found["share"].sel(player="law").values.round(6)
    array([0.333333, 0.5     ])
    """
    plan = Plan.of(
        game,
        _values(game, vary, points),
        bargain=bargain,
        share=share,
        engine=engine,
        part_size=chunk,
        seed=seed,
    )

    told: list[str] = []
    try:
        found = run(
            plan,
            executor=executor,
            workers=workers,
            check=check,
            path=None if path is None else Path(path),
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            tell=told.append,
        )
    finally:
        for message in told:
            warnings.warn(message, stacklevel=2)
    return found.dataset


def run(
    plan: Plan,
    *,
    executor: Any = None,
    workers: int | None = None,
    check: int = CHECKED,
    path: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool | None = None,
    tell: Tell,
) -> Swept:
    """Run a plan; the options are those of `sweep`.

    Parameters
    ----------
    tell : callable
        What the user should know is told to this.
    """
    if check < 0:
        raise SpecError(f"expected 0 points or more, not {check}", key="check")
    tally = Tally()
    if path is None:
        if resume or overwrite:
            name = "resume" if resume else "overwrite"
            raise SpecError("there is no file: give a path", key=name)
        memory = Memory()
        with open_workers(executor, workers) as found:
            _solve(plan, memory, tally, range(plan.parts), found, progress, tell)
        header, layout, compared = _described(plan, memory, tally, check, tell)
        return Swept(in_memory(layout, memory, header), tally, compared, 0)
    if resume and has_functions(plan.job.game):
        raise SpecError(
            "functions cannot be compared with those of the interrupted sweep: write the formulas "
            "as text",
            key="resume",
        )
    folder = Folder(path)
    check_output(path, folder, resume=resume, overwrite=overwrite)
    if resume and path.exists() and not folder.path.exists():
        return _complete(path, plan)
    try:
        with open_workers(executor, workers) as found:
            folder.begin(plan, resume=resume)
            todo = dict.fromkeys(range(plan.parts))
            for number, part in folder.finished(plan):
                tally.add(part)
                del todo[number]
            resumed = tally.points
            _solve(plan, folder, tally, list(todo), found, progress, tell)
        header, layout, compared = _described(plan, folder, tally, check, tell)
        write_netcdf(path, layout, folder, header)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted: {tally.points} of {plan.values.size} points are kept in {folder.path}; "
            "go on with --resume (in Python: resume=True)"
        ) from None
    folder.remove()
    return Swept(_opened(path), tally, compared, resumed)


def _values(game: Game, vary: Mapping[str, Any] | None, points: Mapping[Any, Any] | None) -> Values:
    if points is None:
        return Values.grid(game, vary or {})
    if vary:
        raise SpecError("give a grid or a list of points, not both", key="points")
    return Values.points(game, points)


def _solve(
    plan: Plan,
    store: Store,
    tally: Tally,
    todo: Sequence[int],
    workers: Workers,
    progress: bool | None,
    tell: Tell,
) -> None:
    """Solve the parts to do, keep and count them."""
    from tqdm import tqdm

    shown = sys.stderr.isatty() if progress is None else progress
    with (
        tqdm(
            total=plan.values.size,
            initial=tally.points,
            unit=" points",
            unit_scale=True,
            disable=not shown,
            file=sys.stderr,
        ) as bar,
        closing(solve_parts(plan, todo, workers, tell)) as solved,
    ):
        bar.set_postfix(failed=tally.failed)
        for number, part in solved:
            store.write(number, part)
            tally.add(part)
            bar.set_postfix(failed=tally.failed, refresh=False)
            bar.update(part.size)


def _described(
    plan: Plan, store: Store, tally: Tally, check: int, tell: Tell
) -> tuple[xr.Dataset, Layout, Check]:
    """Check what was solved, and return the Dataset without variables."""
    for note in tally.notes:
        tell(note)
    compared = cross_check(plan, store, check)
    if not compared.agrees:
        tell(
            f"the engines {', '.join(tally.engines)} and {', '.join(compared.engines)} differ by "
            f"{compared.largest_difference:.3g} at point {compared.worst}"
        )
    layout = Layout.of(plan, store, tally)
    return layout.header(tally, compared), layout, compared


def _complete(path: Path, plan: Plan) -> Swept:
    """Return a sweep that is complete already, or raise `SpecError` if it is another one."""
    dataset = _opened(path)
    facts = dataset.attrs
    try:
        found = difference(json.loads(facts["sweep"]), plan.manifest())
    except (KeyError, ValueError):
        found = "it was not written by this command"
    if found:
        dataset.close()
        raise SpecError(f"of another sweep: {found}", file=str(path), key="resume")
    counts = Counter({status: int(facts[status.replace("-", "_")]) for status in STATUSES})
    tally = Tally(int(facts["points"]), counts, engines={str(facts["engine"]): None})
    compared = Check(
        int(facts["check_points"]),
        (str(facts["check_engine"]),) if "check_engine" in facts else (),
        float(facts["check_largest_difference"]),
        -1,
        int(facts["check_failed"]),
    )
    return Swept(dataset, tally, compared, tally.points)


def _opened(path: Path) -> xr.Dataset:
    import xarray as xr

    try:
        return xr.open_dataset(path, engine="h5netcdf")
    except OSError as error:
        raise SpecError(f"cannot read the file: {error}", file=str(path)) from None


def check_output(path: Path, folder: Folder, *, resume: bool, overwrite: bool) -> None:
    """Raise `SpecError` if a sweep cannot be written there, before any work."""
    if resume and overwrite:
        raise SpecError("resume or overwrite, not both", key="resume")
    if path.is_dir():
        raise SpecError("a folder: name a file in it", file=str(path), key="path")
    if not path.parent.is_dir():
        raise SpecError(f"no folder {path.parent}: make it first", key="path")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise SpecError(f"the folder {path.parent} cannot be written to", key="path")
    if resume or overwrite:
        return
    if folder.path.exists():
        raise SpecError(
            "an interrupted sweep: resume goes on with it, overwrite starts anew",
            file=str(folder.path),
            key="path",
        )
    if path.exists():
        raise SpecError("there already: overwrite replaces it", file=str(path), key="path")
