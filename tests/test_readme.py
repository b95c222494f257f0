"""What the README shows works: its Python, its commands, and the tables that they print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from opt_games import SOLUTIONS, cli, shipped_games

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the game of the README."""
    (spec,) = blocks("toml")
    (tmp_path / "markets.toml").write_text(spec, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python(folder, capsys):
    namespace: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, namespace)
    assert "0.8" in capsys.readouterr().out
    assert (folder / "utilities.pdf").is_file()


@pytest.mark.parametrize("block", blocks("console"))
def test_console(folder, capsys, monkeypatch, block):
    monkeypatch.setenv("COLUMNS", "80")
    for part in block.split("$ ")[1:]:
        command, _, shown = part.partition("\n")
        program, *arguments = shlex.split(command)
        assert program == "opt-games"
        assert cli.main(arguments) == 0
        printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
        stable, _, _ = shown.partition("Certified")  # what follows depends on the machine
        for line in stable.splitlines():
            assert line.rstrip() in printed


def test_the_first_command_is_the_one_of_the_table(folder, capsys):
    install, tests = blocks("sh")
    _, command = install.strip().split(" && ")
    assert cli.main(shlex.split(command)[1:]) == 0
    assert (folder / "quadratic.png").is_file()
    assert tests.strip() == "pip install '.[test]' && pytest -n auto"
    assert tests.strip().split(" && ")[1] in (ROOT / ".ci" / "run").read_text().splitlines()


def test_every_game_solution_and_picture_is_there():
    for name in (*shipped_games(), *SOLUTIONS):
        assert f"`{name}`" in README
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)
