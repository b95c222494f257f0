"""Base levels at which to look for the leader's optimum."""

from __future__ import annotations

import numpy as np

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.forms import STAY
from opt_games.kernels.lockstep.market import Market

_SCALE_STEPS = 40
# in units of the level at which the leader alone, with all the revenue, would stop
MULTIPLES = {
    12: np.array([1e-10, 1e-6, 1e-4, 3e-3, 0.03, 0.1, 0.22, 0.4, 0.6, 0.8, 1.0, 1.5]),
    40: np.concatenate(
        [
            10.0 ** np.linspace(-10, -2, 13)[:-1],
            np.linspace(0.01, 1.2, 23),
            [1.5, 2.0, 3.0, 5.0, 10.0],
        ]
    ),
}


_FAR = {12: np.array([2.3, 5.0, 12.0, 30.0, 80.0]), 40: np.geomspace(15.0, 300.0, 8)}


def search_levels(market: Market, levels: int) -> Array:
    """Return the base levels at which to look for the leader's optimum; shape (nodes, games).

    Where followers may stay out, the leader may have to go far to bring them in, as long as their
    contributions pay for it.

    Parameters
    ----------
    market : Market
    levels : int
        One of `MULTIPLES`: how many levels to look at where nobody stays out.
    """
    scale = own_scale(market)
    multiples = MULTIPLES[levels]
    if may_stay_out(market, scale):
        multiples = np.concatenate([multiples, _FAR[levels]])
    return np.asarray(multiples[:, None] * scale)


def may_stay_out(market: Market, scale: Array) -> bool:
    """Whether a follower may have to be brought in: it has a cost of entry, or an outside option.

    Parameters
    ----------
    market : Market
    scale : ndarray, shape (games,)
        Base levels at which to ask what a contribution of zero costs.
    """
    if (market.outside[1:] > 0).any():
        return True
    for form, parameters in zip(market.forms.followers, market.followers, strict=True):
        at = dict(zip(STAY, form.stay(scale, *parameters), strict=True))
        if (at["cost"] > 0).any():
            return True
    return False


def own_scale(market: Market) -> Array:
    """Return the base level at which the leader alone, with all the revenue, would stop.

    Its shape is (games,); it is ``nan`` where there is none within some hundred decades.
    """
    games = market.games
    log = np.zeros(games)
    for _ in range(_SCALE_STEPS):
        base = np.exp(log)
        first, second = np.zeros(games), np.zeros(games)
        for form, parameters in zip(market.forms.followers, market.followers, strict=True):
            at = dict(zip(STAY, form.stay(base, *parameters), strict=True))
            first = first + np.broadcast_to(at["marginal_revenue"], (form.members.size, games)).sum(
                axis=0
            )
            second = second + np.broadcast_to(at["bend"], (form.members.size, games)).sum(axis=0)
        _, cost1, cost2 = market.forms.leader_cost(base, *market.leader)
        with np.errstate(all="ignore"):
            ratio = np.log(first / cost1)
            step = -ratio / (base * (second / first - cost2 / cost1))
        # no revenue to be had any more, or none yet to pay for
        step = np.where(first > 0, step, -2.0)
        step = np.where(cost1 > 0, step, 2.0)
        step = np.clip(
            np.where(np.isnan(step), np.where(first > cost1, 1.0, -1.0), step), -4.0, 4.0
        )
        log = log + step
        if np.all(np.abs(step) < 0.05):
            break
    # a leader that would never start by itself may do so for contributions: any scale will do
    never = (step < 0) & (first <= cost1)
    return np.where(np.abs(step) < 0.05, np.exp(log), np.where(never, 1.0, np.nan))
