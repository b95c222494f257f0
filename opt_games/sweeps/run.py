"""Solving the parts of a sweep, wherever, until all are there."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from queue import SimpleQueue

from opt_games.errors import OptGamesError
from opt_games.solvers.interruption import interruptible
from opt_games.sweeps.executors import Workers
from opt_games.sweeps.part import Part, solve_part
from opt_games.sweeps.plan import Plan

Tell = Callable[[str], None]
Solved = Generator[tuple[int, Part], None, None]

MOST_ATTEMPTS = 3
"""A part whose workers died so often is given up: its points failed."""

DIED = f"the process that solved this point and its neighbours died, {MOST_ATTEMPTS} times"
_SUBMITTED = 1000  # parts that wait at a cluster, so that it never waits for us


def solve_parts(plan: Plan, todo: Sequence[int], workers: Workers, tell: Tell) -> Solved:
    """Yield the parts to do with their numbers, as they finish.

    Parts whose worker died are tried again.

    Parameters
    ----------
    plan : Plan
    todo : sequence of int
        Numbers of the parts.
    workers : Workers
    tell : callable
        What the user should know is told to this.

    Raises
    ------
    OptGamesError
        If no worker can be started, or the executor lets the work go.

    Examples
    --------
    >>> import opt_games
    >>> from opt_games.sweeps.values import Values
    >>> game = opt_games.load("quadratic")
    >>> plan = Plan.of(game, Values.grid(game, {"share": [0.2, 0.4]}), part_size=1)
    >>> [number for number, part in solve_parts(plan, [0, 1], Workers(1), print)]
    [0, 1]
    """
    alone = workers.executor is None and (workers.count == 1 or len(todo) <= 1)
    pickled = None if alone or not todo else _pickled(plan, workers, tell)
    if pickled is None:
        for number in todo:
            with interruptible():
                part = plan.job.solve(plan.columns(number), plan.engines)
            yield number, part
    elif workers.executor is None:
        yield from _on_processes(plan, pickled, todo, workers.count, Counter())
    else:
        left, attempts = dict.fromkeys(todo), Counter[int]()
        try:
            for number, part in _on_executor(workers.executor, plan, pickled, todo, _SUBMITTED):
                del left[number]
                yield number, part
            attempts.update(dict.fromkeys(left, MOST_ATTEMPTS - 1))
        except _WorkersDiedError as died:
            tell(f"the executor broke ({died}): going on with {workers.count} processes here")
        yield from _on_processes(plan, pickled, left, workers.count, attempts)


class _WorkersDiedError(Exception):
    """An executor is of no more use."""

    def __init__(self, error: BrokenExecutor, flying: Iterable[int]) -> None:
        super().__init__(str(error))
        self.flying = tuple(flying)


def _pickled(plan: Plan, workers: Workers, tell: Tell) -> bytes | None:
    """Return the job as bytes, None if it cannot leave this process."""
    try:
        return pickle.dumps(plan.job)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        reason = f"the game cannot be sent to other processes ({error})"
        if workers.executor is not None:
            raise OptGamesError(
                f"{reason}: write its formulas as text or as functions of a module, or leave the "
                "executor out"
            ) from None
        tell(f"{reason}: one process solves all")
        return None


def _on_processes(
    plan: Plan, pickled: bytes, todo: Iterable[int], count: int, attempts: Counter[int]
) -> Solved:
    """Solve parts on processes of our own, and replace those that die.

    Nobody says which part a process died of. Who was there twice runs alone.
    """
    left = dict.fromkeys(todo)
    while left:
        suspect = next((number for number in left if attempts[number] > 1), None)
        now = list(left) if suspect is None else [suspect]
        with _processes(count if suspect is None else 1) as pool:
            try:
                for number, part in _on_executor(pool, plan, pickled, now, 2 * count):
                    del left[number]
                    yield number, part
            except _WorkersDiedError as died:
                attempts.update(died.flying)
        if suspect is not None and attempts[suspect] >= MOST_ATTEMPTS:
            del left[suspect]
            start, stop = plan.span(suspect)
            yield suspect, plan.job.failed_part(stop - start, DIED)


def _on_executor(
    executor: Executor, plan: Plan, pickled: bytes, todo: Iterable[int], window: int
) -> Solved:
    """Solve parts on any executor, a window of them at a time.

    Those for which Dask gave up, as several workers died over them, are left out.
    """
    waiting = deque(todo)
    flying: dict[Future[Part], int] = {}
    finished: SimpleQueue[Future[Part]] = SimpleQueue()
    try:
        while waiting or flying:
            while waiting and len(flying) < window:
                number = waiting.popleft()
                future = executor.submit(solve_part, pickled, plan.columns(number))
                flying[future] = number
                future.add_done_callback(finished.put)
            future = finished.get()
            number = flying[future]
            error = CancelledError() if future.cancelled() else future.exception()
            if error is None:
                yield number, future.result()
            elif isinstance(error, CancelledError):
                raise OptGamesError("the executor cancelled the work: is the cluster gone?")
            elif not _is_killed_worker(error):
                raise error
            del flying[future]
    except BrokenExecutor as error:
        raise _WorkersDiedError(error, flying.values()) from error
    finally:
        for future in flying:
            future.cancel()


def _is_killed_worker(error: BaseException) -> bool:
    """Tell whether Dask gave up on a part because too many workers died over it."""
    distributed = sys.modules.get("distributed")
    return distributed is not None and isinstance(error, distributed.KilledWorker)


@contextmanager
def _processes(count: int) -> Iterator[Executor]:
    """Start processes that leave with this one, even if it is killed."""
    context = multiprocessing.get_context("spawn")
    for last in (False, True):
        reader, writer = context.Pipe(duplex=False)
        pool = ProcessPoolExecutor(count, context, _follow, (reader,))
        try:
            pool.submit(os.getpid).result()
            break
        except BrokenExecutor:
            writer.close()
            pool.shutdown()
            if last:
                raise OptGamesError(
                    "the worker processes die when they start; in a script, sweep under "
                    'if __name__ == "__main__":, or with workers=1'
                ) from None
    try:
        yield pool
        pool.shutdown()
    finally:
        writer.close()  # whoever still works leaves now
        pool.shutdown(cancel_futures=True)
        reader.close()


def _follow(reader: Connection) -> None:
    """Make a worker leave when the pipe from its parent closes, and not before."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_after, args=(reader,), daemon=True).start()


def _leave_after(reader: Connection) -> None:
    try:
        reader.recv_bytes()
    except EOFError:
        os._exit(1)
