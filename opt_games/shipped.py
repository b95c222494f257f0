"""The games that come with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def shipped_games() -> dict[str, Path]:
    """Return the shipped games: their files by name, in alphabetical order.

    They lie in ``opt_games/models`` where the package is installed, and in ``models`` beside the
    package in a checkout.

    Examples
    --------
    >>> all(path.suffix == ".toml" for path in shipped_games().values())
    True
    """
    for folder in _folders():
        files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
        if files:
            return {file.stem: file for file in files}
    return {}


def _folders() -> list[Path]:
    package = Path(str(resources.files("opt_games")))
    checkout = package.parent
    folders = [package / "models"]
    if (checkout / "pyproject.toml").is_file():
        folders.append(checkout / "models")
    return folders
