"""Sweeps: many games as labelled data."""

from opt_games.sweeps.api import sweep
from opt_games.sweeps.frame import to_frame

__all__ = ["sweep", "to_frame"]
