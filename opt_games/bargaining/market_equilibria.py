"""Equilibria of given separate shares, in a market of any number of specialists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opt_games.bargaining.crowd_share import reply_to
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd, Reply, Shares
from opt_games.kernels.crowd_leader import Search
from opt_games.kernels.lockstep.concavity import concave, concave_where_looked, each_concave
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.levels import own_scale
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.payoffs import refuse_what_is_not_built

SEVERAL = 4
"""Specialists with separate shares up to which there is another search, for any formulas."""
_TIE = 1e-10  # of turnover: programs hold a generalist where it is indifferent to taking part


@dataclass(frozen=True)
class Outcome:
    """A contract with its equilibrium, and what that is worth to all.

    Attributes
    ----------
    share : float or ndarray, shape (followers,)
    active : bool
        Whether the leader takes part.
    reply : Reply
    profits, utilities : ndarray, shape (players,)
    performance : float
        The sum of the final levels of those who take part.
    """

    share: Shares
    active: bool
    reply: Reply
    profits: Array
    utilities: Array
    performance: float


@dataclass(frozen=True)
class MarketEquilibria:
    """Answers contracts of a market with equilibria.

    Attributes
    ----------
    game : Game
    search : Search
        Of the leader's best base levels among all followers.
    concave : bool
        Whether the followers' profits are proven concave; else they are where it was looked.
    """

    game: Game
    search: Search
    concave: bool = True

    def outcome(self, share: Shares) -> Outcome:
        """Return the equilibrium of one share per follower, or of a common one."""
        return self.judged(share, reply_to(self.search, share))

    def judged(self, share: Shares, reply: Reply) -> Outcome:
        """Return what the followers' reply to the leader's best base level is worth to all."""
        market = self.search.crowd.market
        outside = market.outside[:, 0]
        # a generalist indifferent between taking part and not takes part
        slack = _TIE * (reply.turnover + abs(outside[0]))
        active = bool(reply.payoff >= outside[0] - slack)
        profits = np.append(reply.payoff, reply.profit) if active else outside.copy()
        utilities, _ = market.utility(profits[:, None])
        final = np.where(reply.contributes, reply.extra, 0.0) + reply.base
        performance = float(final[reply.takes].sum()) if active else 0.0
        return Outcome(share, active, reply, profits, utilities[:, 0], performance)


def why_not_covered(game: Game) -> str:
    """Say what keeps the separate shares of a game from being found as those of a market.

    Parameters
    ----------
    game : Game
        One that `market_equilibria` or a search after it gave up.
    """
    bounded = [name for name, most in game.highest_levels().items() if np.isfinite(most)]
    if bounded:
        return f"levels of {' and '.join(bounded)} have a max"
    forms = compile_forms(game)
    if not forms.smooth:
        return "some formula is not smooth (abs, min or max)"
    market = Market.of(game, forms, {}, 1)
    scale = float(own_scale(market)[0])
    if not np.isfinite(scale):
        return "the generalist alone, with all the revenue, would stop at no base level"
    doubtful = np.flatnonzero(~(each_concave(market)[:, 0] | concave_where_looked(market, scale)))
    if doubtful.size:
        name = game.specialists.names[int(doubtful[0])]
        return f"the profit of {name} is not concave in its final level"
    return "the generalist's best base level was not found for some shares"


def market_equilibria(game: Game) -> tuple[MarketEquilibria, float] | None:
    """Prepare a game of one attribute; None unless it is smooth, unbounded in levels and concave.

    Profits that bounds do not prove concave are looked at on a grid of levels.

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
    if not np.isfinite(scale):
        return None
    proven = bool(concave(market)[0])
    # of few, and of a common share, there is a search that takes any formulas
    enough = game.contract.shares == "separate" and market.size > SEVERAL
    if not (proven or (enough and concave_where_looked(market, scale).all())):
        return None
    search = Search.of(Crowd.of(market, scale), scale, float(np.mean(game.contract.bounds)))
    return MarketEquilibria(game, search, proven), scale
