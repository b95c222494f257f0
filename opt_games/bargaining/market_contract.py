"""The contract of a whole market with separate shares: from a game to what its players agree on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from opt_games.bargaining.crowd_share import CrowdLine, NotCoveredError, Outcome
from opt_games.bargaining.market_few import FEW, few_search
from opt_games.bargaining.market_ideals import specialist_ideals
from opt_games.bargaining.market_programs import Progress
from opt_games.bargaining.market_search import MarketSearch
from opt_games.bargaining.market_terms import SMALLEST_GAIN, Terms
from opt_games.bargaining.solutions import ACCEPTANCE, Stakes
from opt_games.game import Game
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.crowd_leader import Search
from opt_games.kernels.lockstep.concavity import concave
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.scan import may_stay_out, own_scale
from opt_games.kernels.payoffs import refuse_what_is_not_built
from opt_games.solvers.base import SolverOptions

_NOBODY = (
    "No contract was found that lets everybody gain who could gain by some contract: the sum of "
    "utilities decides."
)
_COMMON = np.array([0.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98, 1.0])


@dataclass(frozen=True)
class Agreed:
    """What a search in a market came to.

    Attributes
    ----------
    outcome : Outcome or None
        None without agreement.
    search : Search
        The search for base levels, with all specialists.
    scale : float
    progress : Progress
    """

    outcome: Outcome | None
    search: Search
    scale: float
    progress: Progress


def best_market_contract(game: Game, solution: str, options: SolverOptions) -> Agreed | None:
    """Find the separate shares of a bargaining solution, for any number of specialists.

    Parameters
    ----------
    game : Game
    solution : str
        Canonical name.
    options : SolverOptions

    Returns
    -------
    Agreed or None
        None for games that this method does not cover.
    """
    prepared = crowd_line(game)
    if prepared is None:
        return None
    line, scale = prepared
    market = line.search.crowd.market
    progress = Progress()
    outside = market.utility(market.outside)[0][:, 0]
    try:
        few = None
        if market.size <= FEW:
            few, stakes = few_search(line, scale)
        else:
            stakes = market_stakes(line)
            if stakes is None and may_stay_out(market, np.array([scale])):
                return None
        if stakes is None:
            return Agreed(None, line.search, scale, progress)
        everybody = solution in (*SMALLEST_GAIN, "nash")
        if few is None and everybody:
            alone = Terms(game, "player 0", stakes, outside)
            stakes = _with_ideals(line, alone, scale, options, solution)
        elif few is not None and solution == "kalai-smorodinsky":
            stakes = few.with_ideals(stakes)
        search = MarketSearch(line, Terms(game, solution, stakes, outside), scale, options)
        found = search.best() if few is None else search.best_of_few(few)
        if found is None and everybody:
            # every product and every smallest gain found is zero: the sum of utilities decides
            terms = Terms(game, "utilitarian", stakes, outside)
            search = MarketSearch(line, terms, scale, options, search.progress)
            found = search.best()
            search.progress.notes += (_NOBODY,)
    except NotCoveredError:
        return None
    if found is None:
        return None
    return Agreed(found, line.search, scale, search.progress)


def crowd_line(game: Game) -> tuple[CrowdLine, float] | None:
    """Prepare a game of one attribute; None unless it is smooth, unbounded in levels and concave.

    The second value is the base level at which the generalist alone, with all the revenue, stops.
    """
    refuse_what_is_not_built(game)
    if np.isfinite(list(game.highest_levels().values())).any():
        return None
    forms = compile_forms(game)
    if not forms.smooth:
        return None
    market = Market.of(game, forms, {}, 1)
    scale = float(own_scale(market)[0])
    if not (np.isfinite(scale) and concave(market)[0]):
        return None
    search = Search.of(Crowd.of(market, scale), scale, float(np.mean(game.contract.bounds)))
    return CrowdLine(game, search), scale


def market_stakes(line: CrowdLine) -> Stakes | None:
    """Read what is at stake off common shares; None if nobody gains by any of them."""
    low, high = line.game.contract.bounds
    found = [line.outcome(float(share)) for share in low + (high - low) * _COMMON]
    return Stakes.of_utilities(line.game, np.array([each.utilities for each in found]).T)


def _with_ideals(
    line: CrowdLine, alone: Terms, scale: float, options: SolverOptions, solution: str
) -> Stakes:
    """Return stakes with every player's best utility that was found, and who can gain at all."""
    low, high = line.game.contract.bounds
    market, stakes = line.search.crowd.market, alone.stakes
    everybody_in = not may_stay_out(market, np.array([scale]))
    if solution != "kalai-smorodinsky" and everybody_in:
        return stakes
    ideal, own = stakes.ideal.copy(), market.outside[0, 0]
    if solution == "kalai-smorodinsky":
        best = MarketSearch(line, alone, scale, options).best()
        if best is not None:
            ideal[0] = max(ideal[0], float(best.utilities[0]))
    profits = specialist_ideals(line.search.crowd, scale, low, high)
    if profits is not None:
        utilities, _ = market.utility(np.append(own, profits)[:, None])
        ideal[1:] = np.maximum(ideal[1:], utilities[1:, 0])
    scale_ = np.maximum(stakes.scale, ideal - stakes.disagreement)
    can = ideal > stakes.disagreement + ACCEPTANCE * scale_
    return replace(stakes, ideal=ideal, scale=scale_, bargainers=can)
