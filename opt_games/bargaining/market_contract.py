"""The contract of a whole market with separate shares: from a game to what its players agree on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from opt_games.bargaining.crowd_line import NotCoveredError
from opt_games.bargaining.market_equilibria import (
    MarketEquilibria,
    Outcome,
    market_equilibria,
)
from opt_games.bargaining.market_few import FEW, few_search
from opt_games.bargaining.market_ideals import specialist_ideals
from opt_games.bargaining.market_programs import Progress
from opt_games.bargaining.market_search import MarketSearch
from opt_games.bargaining.market_terms import SMALLEST_GAIN, Terms
from opt_games.bargaining.solutions import ACCEPTANCE, Stakes, nobody_gains
from opt_games.game import Game
from opt_games.kernels.crowd_leader import Search
from opt_games.kernels.lockstep.levels import may_stay_out
from opt_games.solvers.base import SolverOptions

_NOBODY = (
    "No contract was found that lets everybody gain who could gain by some contract: the sum of "
    "utilities decides."
)
_FEW = (
    "The best of thousands of contracts tried, climbed from and placed by programs; no proof that "
    "there is no better one."
)
_LOOKED = (
    "That every specialist's profit has one peak in its final level is seen on a grid of levels, "
    "not proven."
)
_NONE = "No contract was found by which anybody gains; that there is none is not proven."
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
    prepared = market_equilibria(game)
    if prepared is None:
        return None
    equilibria, scale = prepared
    market = equilibria.search.crowd.market
    progress = Progress()
    outside = market.utility(market.outside)[0][:, 0]
    try:
        if market.size <= FEW:
            few, stakes = few_search(equilibria, scale)
            if stakes is None:
                return Agreed(None, equilibria.search, scale, progress)
            terms = Terms(game, solution, stakes, outside)
            if solution == "kalai-smorodinsky":
                terms = replace(terms, stakes=few.with_ideals(terms))
            progress.notes = (_FEW,) if equilibria.concave else (_FEW, _LOOKED)
            agreed = few.outcome(few.best(terms))
            search = MarketSearch(equilibria, terms, scale, options, progress)
            agreed = search.sharper(agreed)
            return Agreed(agreed, equilibria.search, scale, progress)
        known = common_outcomes(equilibria)
        stakes = _stakes(game, known)
        if stakes is None:
            blank = Stakes.blank_of_utilities(game, np.array([each.utilities for each in known]).T)
            terms = Terms(game, "utilitarian", blank, outside)
            more = MarketSearch(equilibria, terms, scale, options, progress).best()
            known = known if more is None else [*known, more]
            stakes = _stakes(game, known)
            if stakes is None:
                progress.notes = (_NONE,)
                return Agreed(None, equilibria.search, scale, progress)
        everybody = solution in (*SMALLEST_GAIN, "nash")
        if everybody:
            alone = Terms(game, "player 0", stakes, outside)
            stakes = _with_ideals(equilibria, alone, scale, options, solution)
        terms = Terms(game, solution, stakes, outside)
        search = MarketSearch(equilibria, terms, scale, options, progress, known)
        found = search.best()
        if everybody and (found is None or nobody_gains(solution, search.score(found))):
            # every product and every smallest gain found is zero: the sum of utilities decides
            terms = Terms(game, "utilitarian", stakes, outside)
            search = MarketSearch(equilibria, terms, scale, options, progress, known)
            found = search.best()
            progress.notes += (_NOBODY,)
    except NotCoveredError:
        return None
    if found is None:
        return None
    if not equilibria.concave:
        progress.notes += (_LOOKED,)
    return Agreed(found, equilibria.search, scale, progress)


def common_outcomes(equilibria: MarketEquilibria) -> list[Outcome]:
    """Return what some common shares lead to."""
    low, high = equilibria.game.contract.bounds
    return [equilibria.outcome(float(share)) for share in low + (high - low) * _COMMON]


def _stakes(game: Game, known: Sequence[Outcome]) -> Stakes | None:
    return Stakes.of_utilities(game, np.array([each.utilities for each in known]).T)


def market_stakes(equilibria: MarketEquilibria) -> Stakes | None:
    """Read what is at stake off common shares; None if nobody gains by any of them."""
    return _stakes(equilibria.game, common_outcomes(equilibria))


def _with_ideals(
    equilibria: MarketEquilibria, alone: Terms, scale: float, options: SolverOptions, solution: str
) -> Stakes:
    """Return stakes with every player's best utility that was found, and who can gain at all."""
    low, high = equilibria.game.contract.bounds
    market, stakes = equilibria.search.crowd.market, alone.stakes
    everybody_in = not may_stay_out(market, np.array([scale]))
    if solution != "kalai-smorodinsky" and everybody_in:
        return stakes
    ideal, own = stakes.ideal.copy(), market.outside[0, 0]
    if solution == "kalai-smorodinsky":
        best = MarketSearch(equilibria, alone, scale, options).best()
        if best is not None:
            ideal[0] = max(ideal[0], float(best.utilities[0]))
    profits = specialist_ideals(equilibria.search.crowd, scale, low, high)
    if profits is not None:
        utilities, _ = market.utility(np.append(own, profits)[:, None])
        ideal[1:] = np.maximum(ideal[1:], utilities[1:, 0])
    scale_ = np.maximum(stakes.scale, ideal - stakes.disagreement)
    can = ideal > stakes.disagreement + ACCEPTANCE * scale_
    return replace(stakes, ideal=ideal, scale=scale_, bargainers=can)
