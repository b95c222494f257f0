"""Who works on the parts of a sweep: this process, processes of its own, or any executor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from opt_games.errors import OptGamesError, SpecError
from opt_games.names import quoted

IN_PROCESS, PROCESSES, DASK = "in-process", "processes", "dask"


@dataclass(frozen=True)
class Workers:
    """Who works on a sweep.

    Attributes
    ----------
    count : int
        Processes on this machine; 1 stands for this process itself.
    executor : Executor or None
        Works instead of them.
    """

    count: int
    executor: Executor | None = None


@contextmanager
def open_workers(executor: Any = None, workers: int | None = None) -> Iterator[Workers]:
    """Find out who works on a sweep, and let go of them at the end.

    Parameters
    ----------
    executor : Executor, dask Client or str, optional
        ``"processes"`` (the default), ``"in-process"``, ``"dask://host:port"``, anything that
        submits as a `concurrent.futures.Executor` does, or a Dask ``Client``.
    workers : int, optional
        Processes on this machine, by default one per core.

    Yields
    ------
    Workers

    Raises
    ------
    SpecError
        If there is no such executor.
    OptGamesError
        If the cluster cannot be reached.

    Examples
    --------
    >>> with open_workers("in-process") as found:
    ...     found.count
    1
    """
    if workers is not None and workers < 1:
        raise SpecError(f"expected 1 worker or more, not {workers}", key="workers")
    cores = workers or _cores()
    if executor is None or executor == PROCESSES:
        yield Workers(cores)
    elif executor == IN_PROCESS:
        yield Workers(1)
    elif isinstance(executor, str):
        with _cluster(executor) as client:
            yield Workers(cores, client.get_executor(pure=False))
    elif hasattr(executor, "get_executor"):
        yield Workers(cores, executor.get_executor(pure=False))
    elif hasattr(executor, "submit"):
        yield Workers(cores, executor)
    else:
        raise SpecError(
            f"expected an Executor, a dask Client, {quoted(PROCESSES)}, {quoted(IN_PROCESS)} or "
            f"'dask://host:port', not {type(executor).__name__}",
            key="executor",
        )


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    scheme, sign, place = address.partition("://")
    if scheme != DASK or not sign or not place.rpartition(":")[2].isdecimal():
        raise SpecError(
            f"expected {PROCESSES}, {IN_PROCESS} or dask://host:port, not {quoted(address)}",
            key="executor",
        )
    try:
        import distributed
    except ImportError:
        raise OptGamesError(
            "a Dask cluster needs dask: pip install 'opt_games[dask]', here and on the workers"
        ) from None
    try:
        client: Any = distributed.Client(f"tcp://{place}")
    except OSError as error:
        raise OptGamesError(f"cannot reach the Dask scheduler at {place}: {error}") from None
    try:
        yield client
    finally:
        client.close()
