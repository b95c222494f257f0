from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import opt_games
from opt_games import cli

SLOW = ("quadratic", "--vary", "share=0:1:40", "--engine", "one-by-one", "--chunk", "2")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.nc"


@pytest.fixture
def run(capsys, out):
    """Sweep in this process; return exit code, standard output and error."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["sweep", *arguments, "-o", str(out), "--workers", "1"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def wrong(result: tuple[int, str, str], *parts: str) -> None:
    """Check for exit code 2 with one line on standard error and nothing on standard output."""
    code, printed, told = result
    assert (code, printed) == (2, "")
    assert told.startswith("opt-games: ")
    assert told.count("\n") == 1
    for part in parts:
        assert part in told


def start(out, *arguments, **options) -> subprocess.Popen[str]:
    """Sweep in a process of its own, slowly."""
    command = [sys.executable, "-m", "opt_games.cli", "sweep", *SLOW, "-o", str(out), *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


def parts_of(out) -> list[str]:
    return sorted(file.name for file in out.with_name("out.nc.parts").glob("*.npz"))


def wait_for_parts(process, out, number=3) -> None:
    give_up = time.monotonic() + 60
    while len(parts_of(out)) < number:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_a_grid_to_a_file(run, out):
    code, printed, told = run(
        "quadratic", "--vary", "c0=0.5:2:4", "--vary", "c1=0.5,1", "--bargain", "utilitarian"
    )
    assert (code, printed) == (0, "")
    assert "8 points: 8 ok, 0 no-agreement, 0 failed" in told
    assert f"wrote {out}" in told
    with xr.open_dataset(out) as found:
        assert found["share"].dims == ("c0", "c1", "player")
        expected = found["c1"] / (found["c0"] + found["c1"])
        np.testing.assert_allclose(found["share"].sel(player="law"), expected.T, atol=1e-7)


def test_several_solutions_and_json(run, out):
    code, printed, _ = run(
        "quadratic", "--vary", "c0=1,2", "--bargain", "nash, ks", "--set", "c1=1", "--json",
        "--seed", "3",
    )  # fmt: skip
    document = json.loads(printed)
    assert code == 0
    assert document["solutions"] == ["nash", "kalai-smorodinsky"]
    assert document["path"] == str(out)
    assert document["points"] == 2
    assert document["counts"] == {"ok": 4, "no-agreement": 0, "failed": 0}
    assert document["check"]["points"] == 4
    assert document["check"]["largest_difference"] < 1e-6
    assert document["check"]["agrees"] is True
    with xr.open_dataset(out) as found:
        assert found.attrs["seed"] == 3
        assert opt_games.loads(found.attrs["spec"]).parameters["c1"] == 1.0
        assert found["utility"].dims == ("c0", "solution", "player")


def test_a_given_share(run, out):
    assert run("quadratic", "--vary", "c0=1,2", "--share", "0.4")[0] == 0
    with xr.open_dataset(out) as found:
        assert found["utility"].sel(c0=1.0).values == pytest.approx([0.28, 0.3], rel=1e-8)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_points_of_a_table(run, out, tmp_path, suffix):
    frame = pd.DataFrame({"c0": [1.0, 2.0, 1.0], "share": [0.4, 0.4, 7.0]})
    table = tmp_path / f"points.{suffix}"
    frame.to_csv(table, index=False) if suffix == "csv" else frame.to_parquet(table)
    code, _, told = run("quadratic", "--points", str(table))
    assert code == 0
    assert "2 ok, 0 no-agreement, 1 failed" in told
    assert "failed 1 times: share: expected a share within the bounds [0, 1], not 7" in told
    with xr.open_dataset(out) as found:
        assert found["status"].values.tolist() == [0, 0, 2]
        assert found["utility"].values[0] == pytest.approx([0.28, 0.3], rel=1e-8)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("c0\n1\nx\n", ["points.csv", "row 2", 'column "c0"', "'x'"]),
        ("c0,c1\n1\n", ["points.csv", "2 cells"]),
        ("c0\n", ["points.csv", "no rows"]),
        ("c0,c9\n1,2\n", ["points.csv", 'did you mean "c']),
        ("name,c0\nlaw,1\n", ["points.csv", "is no parameter"]),
        ("", ["points.csv", "empty"]),
    ],
)
def test_what_is_wrong_with_a_table_is_said(run, tmp_path, text, parts):
    table = tmp_path / "points.csv"
    table.write_text(text)
    wrong(run("quadratic", "--points", str(table)), *parts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ["--vary", "nothing varies", "c0=0.1:10:50"]),
        (["--vary", "c0"], ["--vary", "c0=0.1:10:50"]),
        (["--vary", "c0=1:2"], ["--vary", "c0=0.1:10:50"]),
        (["--vary", "d0=1:2:3"], ["--vary", 'did you mean "c0"?']),
        (["--vary", "c0=1", "--vary", "c0=2"], ["--vary", "varies twice"]),
        (["--vary", "c0=1", "--bargain", "nsh"], ["--bargain", 'did you mean "nash"?']),
        (["--vary", "share=1", "--bargain", "nash"], ["--share", "not both"]),
        (["--vary", "c0=1", "--bargain", "nash", "--share", "0.4"], ["--share", "not both"]),
        (["--vary", "c0=1", "--share", "law=0.4"], ["--share", "one share"]),
        (["--vary", "c0=1", "--engine", "fast"], ["--engine", "batch"]),
        (["--vary", "c0=1", "--executor", "dask://"], ["--executor", "dask://host:port"]),
        (["--vary", "c0=1", "--chunk", "0"], ["--chunk"]),
        (["--vary", "c0=1", "--check", "-1"], ["--check"]),
        (["--vary", "c0=1", "--points", "a.csv"], ["--points", "not both"]),
        (["--vary", "c0=1", "--solver", "cyipopt"], ["--solver", "opt-games solve"]),
        (["--vary", "c0=1", "--solver", "ipop"], ["--solver", 'did you mean "ipopt"?']),
        (["--points", "missing.csv"], ["missing.csv", "cannot read"]),
        (["--points", "points.txt"], ["points.txt", ".csv or .parquet"]),
    ],
)
def test_wrong_options_are_one_clear_line(run, out, arguments, parts):
    wrong(run("quadratic", *arguments), *parts)
    assert not list(out.parent.iterdir())


def test_the_output_is_checked_first(run, out, tmp_path):
    assert run("quadratic", "--vary", "c0=1")[0] == 0
    wrong(run("quadratic", "--vary", "c0=1"), "-o", str(out), "overwrite")
    assert run("quadratic", "--vary", "c0=2", "--overwrite")[0] == 0
    code = cli.main(["sweep", "quadratic", "--vary", "c0=1", "-o", str(tmp_path / "no" / "o.nc")])
    assert code == 2


def test_only_if_all_points_failed_there_is_no_answer(run):
    assert run("quadratic", "--vary", "share=0.5,1.5")[0] == 0
    code, printed, told = run("quadratic", "--vary", "share=1.5,2.5", "--overwrite", "--json")
    assert code == 3
    assert json.loads(printed)["counts"]["failed"] == 2
    assert "2 failed" in told


def test_kill_and_resume(run, out, tmp_path):
    process = start(out, "--workers", "1")
    wait_for_parts(process, out)
    process.kill()
    process.communicate()
    kept = parts_of(out)
    assert 3 <= len(kept) < 20
    assert not out.exists()
    first, second = (out.with_name("out.nc.parts") / name for name in kept[:2])
    first.write_bytes(first.read_bytes()[:-20])
    untouched = second.stat().st_mtime_ns

    wrong(run(*SLOW), "interrupted sweep", "resume")
    wrong(run(*SLOW, "--resume", "--set", "c1=3"), "spec.parameters.c1 is 0.5 there and 3.0 here")
    wrong(
        run(*SLOW[:2], "share=0:1:41", *SLOW[3:], "--resume"),
        "the values of share differ: 40 from 0 to 1 there, 41 from 0 to 1 here",
    )
    assert second.stat().st_mtime_ns == untouched
    code, _, told = run(*SLOW, "--resume")
    assert code == 0
    assert f"{2 * len(kept) - 2} of them before" in told
    assert not out.with_name("out.nc.parts").exists()

    whole = tmp_path / "whole.nc"
    assert cli.main(["sweep", *SLOW, "-o", str(whole), "--workers", "1"]) == 0
    sums = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (out, whole)}
    assert len(sums) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_says_how_to_go_on(run, out, workers):
    process = start(out, "--workers", workers)
    wait_for_parts(process, out)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "points are kept in" in told
    assert "--resume" in told
    assert "Traceback" not in told
    assert run(*SLOW, "--resume")[0] == 0


def test_workers_leave_when_their_parent_is_killed(out):
    process = start(out, "--workers", "2")
    wait_for_parts(process, out)
    children = children_of(process.pid)
    assert children
    process.kill()
    process.communicate()
    give_up = time.monotonic() + 30
    while any(map(is_running, children)):
        assert time.monotonic() < give_up
        time.sleep(0.05)


def children_of(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = (map(int, line.split()) for line in listed.stdout.splitlines())
    return [pid for pid, ppid in pairs if ppid == parent]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("limit", [1000, 20_000])
def test_a_full_disk_loses_nothing(run, out, limit):
    """At the first limit no part can be written, at the second the parts, but not the result."""

    def few_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    process = start(out, "--workers", "1", "--chunk", "20", preexec_fn=few_bytes)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "File too large" in told
    assert "--resume" in told
    assert "Traceback" not in told
    assert not out.exists()
    assert len(parts_of(out)) == (2 if limit == 20_000 else 0)
    assert run(*SLOW, "--chunk", "20", "--resume")[0] == 0
    assert [file.name for file in out.parent.iterdir()] == ["out.nc"]


def test_progress_is_quiet_where_nobody_watches(run):
    _, _, told = run("quadratic", "--vary", "share=0.5", "--check", "0")
    assert "it/s" not in told
    assert "\r" not in told
