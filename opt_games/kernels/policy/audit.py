"""Deviations from the equilibria of pairs: a check apart from the method that found them."""

from __future__ import annotations

import numpy as np

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.pair import Answers, Pairs, evaluate

_NEAR = 1e-3
_WAYS = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)]
_FAR = [(0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.6, 0.6)]
# a payoff without limit shows out there
_OUTSIDE = [(1e5, 0.0), (0.0, 1e5), (1e5, 1e5), (1e5, 3e4), (3e4, 1e5)]


def deviation_gain(games: Pairs, found: Answers) -> Array:
    """Return the most that a player gains by the deviations tried, of the leader's turnover.

    The follower answers again to the base levels found; the leader tries levels next to its own
    and far from them, to which the follower answers at its best.

    Parameters
    ----------
    games : Pairs
    found : Answers
    """
    low = games.leader_floor
    scale = np.abs(found.base).sum(axis=0) + np.abs(found.final).sum(axis=0) + 1e-6
    near = [found.base + _NEAR * scale * np.array(way)[:, None] for way in _WAYS]
    far = [low + scale * np.array(way)[:, None] for way in (*_FAR, *_OUTSIDE)]
    tried = np.maximum(np.stack([found.base, *near, *far], axis=1), low[:, None])
    with np.errstate(all="ignore"):
        at = evaluate(games, tried[0], tried[1])
    size = at.size[: 1 + len(near) + len(_FAR)].max(axis=0)
    size = np.where(size > 0.0, size, 1.0)
    leader = at.leader.max(axis=0) - found.leader
    own = np.where(found.active, at.follower[0] - found.follower, 0.0)
    result: Array = np.maximum(np.maximum(leader, own), 0.0) / size
    return result
