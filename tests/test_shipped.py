from __future__ import annotations

from pathlib import Path

import pytest

from opt_games import shipped
from opt_games.shipped import shipped_games
from opt_games.spec import load


def test_every_shipped_game_loads_by_name_and_has_a_source():
    games = shipped_games()
    for name, path in games.items():
        game = load(name)
        assert path.stem == name
        assert game.source, f"{path} has no source"
        assert load(path) == game


def test_every_model_in_a_checkout_is_shipped():
    models = Path(__file__).parent.parent / "models"
    assert sorted(shipped_games()) == sorted(path.stem for path in models.glob("*.toml"))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package without games, in place of opt_games."""
    folder = tmp_path / "opt_games"
    folder.mkdir()
    monkeypatch.setattr(shipped.resources, "files", lambda name: folder)
    return folder


def test_installed_games_come_first(package):
    for folder in (package / "models", package.parent / "models"):
        folder.mkdir()
        (folder / "quadratic.toml").touch()
        (folder / "notes.txt").touch()
    (package.parent / "pyproject.toml").touch()
    assert shipped_games() == {"quadratic": package / "models" / "quadratic.toml"}


def test_a_models_folder_beside_an_installed_package_is_none_of_ours(package):
    models = package.parent / "models"
    models.mkdir()
    (models / "quadratic.toml").touch()
    assert shipped_games() == {}
    (package.parent / "pyproject.toml").touch()
    assert shipped_games() == {"quadratic": models / "quadratic.toml"}
