"""``opt-games bench``."""

from __future__ import annotations

import json

import pytest

from opt_games.cli import main

FEW = ["bench", "--game", "safety", "--solver", "ipopt", "--starts", "1"]


@pytest.mark.slow
def test_everything(tmp_path, capsys):
    first, again, picture = (str(tmp_path / name) for name in ("a.json", "b.json", "p.png"))
    assert main([*FEW, "-o", first]) == 0
    out, err = capsys.readouterr()
    assert "Right: it claims an optimum" in " ".join(out.split())
    assert f"wrote {first}" in err
    given = [*FEW, "-o", again, "--compare", first, "--plot", picture, "--json"]
    assert main(given) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["summary"][0]["right"] == 2
    assert document["comparison"]["solvers"][0]["right_before"] == 2
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert main([*FEW, "-o", first, "--resume"]) == 0


@pytest.mark.slow
def test_ctrl_c(tmp_path, capsys, monkeypatch):
    from opt_games.benchmark import run

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "judge", stop)
    path = str(tmp_path / "a.json")
    assert main([*FEW, "-o", path]) == 130
    assert f"interrupted: {path} holds what is done" in capsys.readouterr().err
    assert json.loads((tmp_path / "a.json").read_text())["complete"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--solver", "ipot"], "--solver: no solver is called 'ipot' (did you mean \"ipopt\"?)"),
        (["--game", "quadratik"], "quadratik"),
        (["--random", "-1"], "--random: expected at least 0, not -1"),
        (["--starts", "0"], "--starts: expected at least 1, not 0"),
        (["--time-limit", "0"], "--time-limit: expected a number above 0"),
        (["--resume"], "--resume: name the file to go on with"),
        (["-o", "/nowhere/a.json"], "-o: no folder /nowhere"),
        (["-o", "."], "-o: . is a folder: name a file"),
        (["--compare", "/nowhere/a.json"], "/nowhere/a.json: cannot be read"),
        (["--plot", "a.bmp"], "--plot: a.bmp: a picture's name ends in"),
    ],
)
def test_wrong_input(arguments, words, capsys):
    assert main(["bench", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert words in err


def test_a_file_that_is_there_is_not_lost(tmp_path, capsys):
    (tmp_path / "a.json").write_text("mine")
    assert main([*FEW, "-o", str(tmp_path / "a.json")]) == 2
    assert "--resume goes on with it" in capsys.readouterr().err
    assert (tmp_path / "a.json").read_text() == "mine"
