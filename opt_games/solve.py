"""The questions a user asks of a game: its bargain, its Pareto set, its utilities by share."""

from __future__ import annotations

from collections.abc import Mapping

from opt_games.game import Game
from opt_games.result import Bargain, ParetoSet, UtilityCurve
from opt_games.solvers.base import SolverOptions


def solve(
    game: Game,
    *,
    share: float | Mapping[str, float] | None = None,
    bargain: str | None = None,
    solver: str = "ipopt",
    options: SolverOptions | None = None,
) -> Bargain:
    """Solve a game for one contract: a given one, or the one that the players bargain for."""
    raise NotImplementedError


def pareto(
    game: Game, *, solver: str = "ipopt", options: SolverOptions | None = None
) -> ParetoSet:
    """Find the Pareto-optimal common shares of a game."""
    raise NotImplementedError


def utility_curve(game: Game, *, points: int = 201) -> UtilityCurve:
    """Evaluate the equilibrium along the common share."""
    raise NotImplementedError
