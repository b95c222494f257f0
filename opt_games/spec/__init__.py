"""Spec files: games in TOML."""

from opt_games.spec.reader import load, loads

__all__ = ["load", "loads"]
