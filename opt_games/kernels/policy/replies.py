"""What base levels lead to, in many games: every specialist's best response, and the payoffs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.response import Adapter, Contest, Games, Response
from opt_games.kernels.policy.window import Window


@dataclass(frozen=True)
class Replies:
    """What base levels lead to; the last axis of every array is the point.

    Attributes
    ----------
    games : whose base levels they are
    base : ndarray, shape (attributes, points)
    payoff : the generalist's profit if it takes part; ``-inf`` where undefined
    liking : sum of the specialists' profits
    size : size of the terms of the payoff
    responses : tuple of Response
    """

    games: Games
    base: Array
    payoff: Array
    liking: Array
    size: Array
    responses: tuple[Response, ...]

    def select(self, points: NDArray[np.int64]) -> Replies:
        """Return some of the points."""
        responses = tuple(
            Response(*(getattr(each, name)[..., points] for name in each.__dataclass_fields__))
            for each in self.responses
        )
        return Replies(
            self.games[points],
            self.base[:, points],
            self.payoff[points],
            self.liking[points],
            self.size[points],
            responses,
        )


def replies(
    contest: Contest, adapters: list[Adapter], window: Window, games: Games, base: Array
) -> Replies:
    """Answer base levels, shape (attributes, points), by all specialists."""
    cost = contest.cost(base, games)
    payoff, size = -cost, np.abs(cost)
    liking = np.zeros(base.shape[1])
    found = []
    for adapter, reach in zip(adapters, window.reach, strict=True):
        response = adapter.respond(base, games, reach)
        payoff = payoff + response.leads
        size = size + np.abs(response.leads)
        liking = liking + response.own
        found.append(response)
    payoff = np.where(np.isnan(payoff), -np.inf, payoff)
    return Replies(games, base, payoff, liking, size, tuple(found))


def inside(contest: Contest, games: Games, base: Array) -> Array:
    """Return base levels that are allowed, next to those given."""
    return np.clip(base, contest.base_floor[:, games], contest.highest[:, games])


def joined(one: Replies, two: Replies) -> Replies:
    """Return the points of both."""
    return _mapped(lambda a, b: np.concatenate([a, b], axis=-1), one, two)


def replaced(best: Replies, rows: NDArray[np.int64], found: Replies) -> Replies:
    """Return points with some of them exchanged."""

    def put(old: Any, new: Any) -> Any:
        result = old.copy()
        result[..., rows] = new
        return result

    return _mapped(put, best, found)


def _mapped(make: Callable[[Any, Any], Any], one: Replies, two: Replies) -> Replies:
    """Combine all arrays of two."""
    responses = tuple(
        Response(*(make(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__))
        for a, b in zip(one.responses, two.responses, strict=True)
    )
    names = ("games", "base", "payoff", "liking", "size")
    games, base, payoff, liking, size = (make(getattr(one, n), getattr(two, n)) for n in names)
    return Replies(games, base, payoff, liking, size, responses)
