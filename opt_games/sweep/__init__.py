"""Sweeps: many games as labelled data."""

from opt_games.sweep.api import sweep
from opt_games.sweep.frame import to_frame

__all__ = ["sweep", "to_frame"]
