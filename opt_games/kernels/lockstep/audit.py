"""A last look at answers: what anybody could gain by another level."""

from __future__ import annotations

import numpy as np

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.bargain import Answer
from opt_games.kernels.lockstep.levels import own_scale
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.table import table

# Deviations tried: other than the nodes of the search
_LEVELS = np.array(
    [1e-8, 3e-5, 1e-3, 0.015, 0.06, 0.16, 0.3, 0.5, 0.7, 0.9, 1.2, 2.5, 7.0, 20.0, 60.0]
)
_FACTORS = np.array([0.0, 0.03, 0.3, 0.7, 0.93, 0.99, 1.01, 1.07, 1.4, 3.0, 30.0])


def deviation_gain(market: Market, answer: Answer) -> Array:
    """Return the most that a player could gain by a deviation that was tried.

    Parameters
    ----------
    market : Market
    answer : Answer
        One lane per game.

    Returns
    -------
    ndarray, shape (games,)
        Relative to the size of the terms of the player's profit; 0 if nothing was better.
    """
    points, measure = answer.points, answer.measure
    scale = own_scale(market)
    tried = table(market, _LEVELS[:, None] * scale, points.share[None, :], exact=True)
    best = tried.payoff[:, 0].max(axis=0)
    with np.errstate(all="ignore"):
        now = np.where(answer.active, measure.profits[0], market.outside[0])
        gain = (best - now) / (measure.turnover + np.abs(now))
        gain = np.where(np.isfinite(gain), np.maximum(gain, 0.0), 0.0)
        for form, parameters in zip(market.forms.followers, market.followers, strict=True):
            rows = form.members
            contribution = np.where(points.contributes[rows], points.extra[rows], scale)
            profit = measure.profits[rows + 1]
            for factor in _FACTORS:
                revenue, cost = form.values(points.base, contribution * factor, *parameters)
                other = (1.0 - points.share) * revenue - cost
                size = np.abs(revenue) + np.abs(cost) + np.abs(profit)
                better = np.where(answer.active, (other - profit) / size, 0.0)
                better = np.where(np.isnan(better), 0.0, better)
                gain = np.maximum(gain, better.max(axis=0))
    return np.asarray(gain)
