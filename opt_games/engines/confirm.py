"""Regrets of many contracts: what anybody gains by deviating, whatever branch they came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.engines.grids import Grids
from opt_games.engines.many_games import ManyGames
from opt_games.engines.peaks import Effort, Peaks, leader_peaks
from opt_games.engines.responses import WILLING, respond
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import TIE_TOLERANCE

_APART = 1e-6
_LIKED = 1e-8  # of all turnover: a preference that is more than rounding

THOROUGH = Effort(responses=6, zeros=12, rounds=5, halvings=40)


@dataclass(frozen=True)
class Checked:
    """Profits at given levels and what deviations would add, one column per case.

    Attributes
    ----------
    profits : ndarray, shape (players, cases)
    regret : ndarray, shape (cases,)
        The largest gain of a player, relative to the terms of its profit.
    leader_gain : ndarray, shape (cases,)
        Of the generalist alone, in money.
    deviation : Peaks
        Where it would go.
    passed_over : ndarray of bool, shape (cases,)
        Whether it is indifferent to a level that the specialists prefer.
    """

    profits: Array
    regret: Array
    leader_gain: Array
    deviation: Peaks
    passed_over: NDArray[np.bool_]


def check(
    games: ManyGames,
    grids: Grids,
    share: Array,
    base: Array,
    contribution: Array,
    taking: NDArray[np.bool_],
) -> Checked:
    """Search for profitable deviations from levels under a contract.

    Parameters
    ----------
    games : ManyGames
    grids : Grids
    share, base : ndarray, shape (cases,)
    contribution : ndarray, shape (specialists, cases)
    taking : ndarray of bool, shape (specialists, cases)
        Who takes part.
    """
    profits = np.array(games.outside)
    turnover = np.abs(games.outside)
    earned = np.zeros(base.shape)
    gross = np.zeros(base.shape)
    for domains in games.domains:
        rows = domains.members
        level = np.broadcast_to(base, (rows.size, base.size))
        revenue, cost = domains.values(level + contribution[rows], level)
        here = taking[rows]
        kept = np.where(share == 1.0, 0.0, (1.0 - share) * revenue)
        turnover[rows + 1] += np.where(here, np.abs(revenue) + np.abs(cost), 0.0)
        gain = kept - cost - domains.outside
        # who is kept just willing gets the outside option, to the last bit
        gain = np.where(np.abs(gain) <= WILLING * turnover[rows + 1], 0.0, gain)
        profits[rows + 1] += np.where(here, gain, 0.0)
        paid = np.where(here & (share != 0.0), share * revenue, 0.0)
        earned += paid.sum(axis=0)
        gross += np.where(here, np.abs(revenue), 0.0).sum(axis=0)
    cost, _ = games.leader_cost(base)
    profits[0] = earned - cost
    turnover[0] += gross + np.abs(cost)
    answer = respond(games, share, base[:, None], grids.steps, rounds=12)
    gains = np.maximum(answer.profit[:, :, 0] - profits[1:], 0.0)
    best, rival = leader_peaks(games, share, grids, THOROUGH)
    with np.errstate(invalid="ignore"):
        gain = np.maximum(np.maximum(best.payoff, games.outside[0]) - profits[0], 0.0)
    every = np.vstack([gain, gains])
    with np.errstate(all="ignore"):
        relative = np.where(every > 0.0, every / np.where(turnover > 0.0, turnover, 1.0), 0.0)
    relative = np.where(np.isfinite(profits) & ~np.isnan(relative), relative, np.inf)
    liking = games.utilities(profits)[1:].sum(axis=0)
    passed_over = np.zeros(base.shape, dtype=bool)
    for other in (best, rival):
        tied = other.payoff >= profits[0] - TIE_TOLERANCE * turnover[0]
        tied &= np.abs(other.base - base) > _APART * base
        theirs = games.utilities(np.vstack([other.payoff, other.profit]))[1:].sum(axis=0)
        passed_over |= tied & (theirs > liking + _LIKED * turnover.sum(axis=0))
    return Checked(profits, relative.max(axis=0), gain, best, passed_over)
