"""The slow, safe engine: every game through `opt_games.solve`."""

from __future__ import annotations

from opt_games.api import solve
from opt_games.engines.cases import Cases
from opt_games.engines.outcomes import NO_AGREEMENT, OK, REGIMES, Outcomes
from opt_games.errors import OptGamesError
from opt_games.game import Game
from opt_games.result import ABSTAIN, Bargain


class OneByOne:
    """Solves each game on its own, globally searched and checked; every game is covered.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> from opt_games.engines import Cases
    >>> game = opt_games.load("quadratic")
    >>> found = OneByOne().solve(Cases(game, {"c1": np.array([0.5, 1.0])}, "utilitarian"))
    >>> found.shares.round(6)
    array([[0.333333, 0.5     ]])
    """

    name = "one-by-one"

    def why_not(self, cases: Cases) -> str | None:
        """Return None: whatever can be solved at all can be solved so."""
        return None

    def solve(self, cases: Cases) -> Outcomes:
        """Solve all cases, in order."""
        game = cases.game
        result = Outcomes.empty(len(game.specialists), len(game.attributes), cases.size)
        reasons: dict[int, str] = {}
        for case in range(cases.size):
            try:
                here = cases.game_of(case)
                share = cases.share_of(case)
                bargain = None if share is not None else cases.solution
                found = solve(here, share=share, bargain=bargain)
            except OptGamesError as error:
                reasons[case] = str(error)
                continue
            record(result, case, here, found)
        return Outcomes(**{**vars(result), "reasons": reasons})


def record(result: Outcomes, case: int, game: Game, found: Bargain) -> None:
    """Write one answer into its place among the outcomes."""
    result.utilities[:, case] = [found.utilities[player] for player in game.players]
    equilibrium = found.equilibrium
    if equilibrium is None:
        outside = game.outside_options()
        result.profits[:, case] = [outside[player] for player in game.players]
        result.regimes[:, case] = REGIMES.index(ABSTAIN)
        result.status[case] = NO_AGREEMENT
        return
    result.shares[:, case] = [equilibrium.shares[player] for player in game.players[1:]]
    result.profits[:, case] = [equilibrium.profits[player] for player in game.players]
    for k, player in enumerate(game.players):
        levels = equilibrium.levels[player]
        if levels is not None:
            result.levels[k, :, case] = [levels[attribute] for attribute in game.attributes]
        result.regimes[k, case] = REGIMES.index(equilibrium.regimes[player])
    result.status[case] = OK
    relative = [
        equilibrium.regret[player] / max(equilibrium.turnover[player], 1e-300)
        for player in game.players
    ]
    result.regret[case] = max(relative)
