from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import opt_games
from opt_games import cli


@pytest.fixture
def run(capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["plot", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A sweep over three parameters."""
    path = tmp_path_factory.mktemp("sweep") / "out.nc"
    values = {"c0": [0.5, 1.0], "c1": [0.2, 0.5, 1.0], "share": [0.25, 0.75]}
    game = opt_games.load("quadratic")
    opt_games.sweep(
        game, values, progress=False, engine="one-by-one", executor="in-process", check=0, path=path
    )
    return path


def test_the_picture_stands_beside_the_file(run, file):
    code, out, err = run(str(file), "--at", "share=0.3", "--player", "law")
    target = file.with_suffix(".png")
    assert (code, out, err) == (0, "", f"opt-games: wrote {target}\n")
    assert target.read_bytes().startswith(b"\x89PNG")


def test_options_reach_the_picture(run, file, tmp_path, monkeypatch):
    import opt_games.plot as pictures

    seen = {}

    def noted(sweep, variable, **options):
        seen.update(
            options, variable=variable, share=float(sweep["share"]), dims=set(sweep["status"].dims)
        )
        return drawn(sweep, variable, **options)

    drawn = pictures.plot_sweep
    monkeypatch.setattr(pictures, "plot_sweep", noted)
    target = tmp_path / "level.svg"
    code, _, err = run(
        str(file),
        "--variable",
        "level",
        "--player",
        "law",
        "--at",
        "share=0.7",
        "--x",
        "c1",
        "-o",
        str(target),
    )
    assert (code, err) == (0, f"opt-games: wrote {target}\n")
    assert seen == {
        "variable": "level",
        "player": "law",
        "solution": None,
        "x": "c1",
        "y": None,
        "share": 0.75,
        "dims": {"c0", "c1"},
    }
    assert "c1" in target.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a picture shows two: fix the others, as with --at"),
        (("--at", "share=0.25"), "choose one player for the picture: generalist, law"),
        (("--at", "shore=0.25"), 'did you mean "share"'),
        (("--at", "share"), "expected NAME=NUMBER"),
        (("--at", "share=x"), "expected a number"),
        (("-o", "picture.txt"), "a picture's name ends in one of"),
        (("--variable", "levels"), 'did you mean "level"'),
    ],
)
def test_wrong_input_exits_2_in_a_line(run, file, arguments, message):
    code, out, err = run(str(file), *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_files_that_are_no_sweeps_are_refused(run, tmp_path):
    import xarray as xr

    assert "no file" in run(str(tmp_path / "none.nc"))[2]
    text = tmp_path / "text.nc"
    text.write_text("no netCDF")
    code, _, err = run(str(text))
    assert (code, err.count("\n")) == (2, 1)
    other = tmp_path / "other.nc"
    xr.Dataset({"a": ("x", np.ones(2))}).to_netcdf(other, engine="h5netcdf")
    assert "holds no sweep" in run(str(other))[2]


def test_other_commands_need_no_pictures():
    code = "import sys, opt_games.cli; sys.exit(bool({'matplotlib', 'xarray'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
