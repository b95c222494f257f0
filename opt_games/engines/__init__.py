"""Engines: ways to solve many games of one form, behind one call."""

from opt_games.engines.cases import Cases
from opt_games.engines.engine import ENGINES, Engine, get_engine
from opt_games.engines.outcomes import REGIMES, STATUSES, Outcomes

__all__ = ["ENGINES", "REGIMES", "STATUSES", "Cases", "Engine", "Outcomes", "get_engine"]
