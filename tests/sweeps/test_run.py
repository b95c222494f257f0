from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import threading

import dask
import distributed
import numpy as np
import pytest
from instant_engine import Instant

import opt_games
from opt_games import OptGamesError
from opt_games.sweeps.executors import Workers
from opt_games.sweeps.part import ARRAYS
from opt_games.sweeps.plan import Plan
from opt_games.sweeps.run import DIED, solve_parts
from opt_games.sweeps.values import Values

GAME = opt_games.load("quadratic")


def plan_of(engine, points=40, part_size=4, game=GAME):
    values = Values.grid(game, {"c0": np.arange(1.0, points + 1)})
    return Plan.of(game, values, bargain="nash", engine=engine, part_size=part_size)


def solved(plan, workers, todo=None, told=None):
    told = [] if told is None else told
    numbers = range(plan.parts) if todo is None else todo
    return dict(solve_parts(plan, numbers, workers, told.append))


def same(one, other):
    assert sorted(one) == sorted(other)
    for number, part in one.items():
        for name in ARRAYS:
            assert getattr(part, name).tobytes() == getattr(other[number], name).tobytes()


@pytest.fixture(scope="module")
def expected():
    return solved(plan_of(Instant()), Workers(1))


def test_a_swallowed_interrupt_stops_after_the_part():
    class Swallowing(Instant):
        def solve(self, cases):
            if np.any(cases.parameters["c0"] == 6.0):
                with contextlib.suppress(KeyboardInterrupt):
                    os.kill(os.getpid(), signal.SIGINT)
            return super().solve(cases)

    finished = []
    parts = solve_parts(plan_of(Swallowing()), range(10), Workers(1), print)
    with pytest.raises(KeyboardInterrupt):
        finished.extend(number for number, _ in parts)
    assert finished == [0]


@pytest.mark.parametrize("count", [2, 3])
def test_processes_find_what_one_finds(expected, count):
    same(solved(plan_of(Instant()), Workers(count)), expected)


@pytest.mark.parametrize(
    "executor", [concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor]
)
def test_any_executor_finds_the_same(expected, executor):
    spawned = executor is concurrent.futures.ProcessPoolExecutor
    options = {"mp_context": multiprocessing.get_context("spawn")} if spawned else {}
    with executor(2, **options) as pool:
        same(solved(plan_of(Instant()), Workers(1, pool)), expected)


def test_one_of_several_processes_is_killed(expected, tmp_path):
    fuse = tmp_path / "fuse"
    fuse.touch()
    found = solved(plan_of(Instant(kills_at=20.0, fuse=str(fuse))), Workers(2))
    assert not fuse.exists()
    same(found, expected)


def test_a_killed_executor_is_replaced_by_processes(expected, tmp_path):
    fuse, told = tmp_path / "fuse", []
    fuse.touch()
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        plan = plan_of(Instant(kills_at=20.0, fuse=str(fuse)))
        same(solved(plan, Workers(2, pool), told=told), expected)
    assert "going on with 2 processes" in told[0]


@pytest.mark.slow
def test_a_part_that_always_kills_fails_and_the_others_do_not(expected):
    found = solved(plan_of(Instant(kills_at=20.0)), Workers(2))
    number = 19 // 4
    assert found[number].counts() == {"ok": 0, "no-agreement": 0, "failed": 4}
    assert list(found[number].reasons()) == [DIED]
    del found[number]
    same(found, {k: part for k, part in expected.items() if k != number})


def test_only_the_parts_to_do_are_done():
    assert sorted(solved(plan_of(Instant()), Workers(2), [3, 5])) == [3, 5]


def test_a_mistake_in_an_engine_stops_the_sweep():
    class Wrong(Instant):
        def solve(self, cases):
            raise ZeroDivisionError("a mistake")

    with pytest.raises(ZeroDivisionError):
        solved(plan_of(Wrong()), Workers(1))


def test_games_of_local_functions_stay_in_this_process():
    law = opt_games.Specialist("law", lambda alpha1: alpha1, "c0 * (alpha1 - alpha0)**2")
    game = opt_games.Game("g", opt_games.Generalist("c0 * alpha0**2"), [law], parameters={"c0": 1})
    told = []
    found = solved(plan_of(Instant(), 8, 4, game), Workers(2), told=told)
    assert sorted(found) == [0, 1]
    assert "one process solves all" in told[0]
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        pytest.raises(OptGamesError, match="as text or as functions of a module"),
    ):
        solved(plan_of(Instant(), 8, 4, game), Workers(2, pool))


def test_processes_leave_when_the_sweep_stops():
    parts = solve_parts(plan_of(Instant(seconds=0.2)), range(10), Workers(2), print)
    next(parts)
    assert multiprocessing.active_children()
    parts.close()
    assert not multiprocessing.active_children()


def test_a_worker_of_another_version_is_refused(monkeypatch):
    plan = plan_of(Instant(name="of this version"))
    monkeypatch.setattr(opt_games, "__version__", "0.0.0")
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        pytest.raises(OptGamesError, match=r"a worker runs opt_games 0\.0\.0"),
    ):
        solved(plan, Workers(1, pool))


@pytest.mark.slow
def test_a_dask_cluster_that_loses_a_worker(expected):
    plan = plan_of(Instant(seconds=0.3))
    with (
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(3)
        workers = client.scheduler_info()["workers"]
        victim = next(iter(client.run(os.getpid, workers=[next(iter(workers))]).values()))
        killer = threading.Timer(0.5, os.kill, (victim, signal.SIGKILL))
        killer.start()
        found = solved(plan, Workers(1, client.get_executor(pure=False)))
        killer.join()
    with pytest.raises(ProcessLookupError):
        os.kill(victim, 0)
    same(found, expected)


@pytest.mark.slow
def test_a_part_that_always_kills_dask_workers_fails(expected):
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        plan = plan_of(Instant(kills_at=20.0))
        found = solved(plan, Workers(1, client.get_executor(pure=False)))
    assert sorted(found) == sorted(expected)
    assert [number for number, part in found.items() if part.counts()["failed"]] == [4]


def test_a_cancelled_executor_is_explained():
    class Gone(concurrent.futures.Executor):
        def submit(self, function, /, *arguments, **options):
            future = concurrent.futures.Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(OptGamesError, match="is the cluster gone"):
        solved(plan_of(Instant()), Workers(1, Gone()))
