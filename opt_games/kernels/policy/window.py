"""How far the levels of games can reach, whatever the user's units."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from opt_games.errors import SolverError, UnboundedGameError
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.response import Adapter, Contest, Games

_COARSE = np.concatenate([[0.0], 10.0 ** np.linspace(-9.0, 15.0, 73)])


@dataclass(frozen=True)
class Window:
    """Where to look.

    Attributes
    ----------
    reach : tuple of ndarray, shape (attributes, games)
        By specialist: how far above its lower bounds it may want to go.
    base : ndarray, shape (attributes, games)
        How far above its floors the generalist may want to go.
    """

    reach: tuple[Array, ...]
    base: Array


def find_window(contest: Contest) -> Window:
    """Find the levels worth looking at.

    Raises
    ------
    UnboundedGameError
        If somebody's profit still grows at the largest levels tried, 1e15.
    SolverError
        If the generalist's profit is undefined everywhere.
    """
    every = [_window(contest.take(np.array([k]))) for k in range(contest.size)]
    reach = zip(*(window.reach for window in every), strict=True)
    return Window(
        tuple(np.hstack(each) for each in reach), np.hstack([window.base for window in every])
    )


def _window(contest: Contest) -> Window:
    """Find the window of a single game."""
    rays = _rays(contest.attributes)
    bases = np.concatenate([contest.base_floor + ray[:, None] * _COARSE for ray in rays], 1)
    bases = np.minimum(bases, contest.highest)
    payoff = _nearby(-contest.cost(bases, _only(bases)).reshape(len(rays), -1))
    reach = []
    for adapter in contest.adapters():
        far, leads = _follower_reach(contest, adapter, bases, rays)
        reach.append(far[:, None])
        # a specialist may begin to take part between two of these levels
        payoff = payoff + _nearby(leads.reshape(len(rays), -1))
    return Window(tuple(reach), _leader_reach(contest, payoff, rays)[:, None])


def _only(levels: Array) -> Games:
    """Return the number of the one game there is for every point."""
    return np.zeros(levels.shape[1:], dtype=np.int64)


def _rays(attributes: int) -> list[Array]:
    rays = [np.array(ray) for ray in product((0.0, 0.1, 1.0), repeat=attributes)]
    return rays[1:]


def _nearby(values: Array) -> Array:
    """Return the largest of every value and its neighbours along the last axis."""
    padded = np.pad(np.where(np.isnan(values), -np.inf, values), [(0, 0), (1, 1)], mode="edge")
    highest: Array = np.maximum(np.maximum(padded[:, :-2], padded[:, 1:-1]), padded[:, 2:])
    return highest


def _follower_reach(
    contest: Contest, adapter: Adapter, bases: Array, rays: list[Array]
) -> tuple[Array, Array]:
    """Return how far a specialist goes, and the most that the generalist may get from it."""
    games, many = _only(bases), _only(bases)[:, None]
    low = np.minimum(adapter.lower(bases, games), contest.highest)
    here = adapter.profit(low, bases, games)
    far = np.zeros(contest.attributes)
    most = np.where(here >= adapter.outside, adapter.led(low, bases, games), 0.0)
    most = np.where(np.isnan(most), 0.0, np.maximum(most, 0.0))
    for ray in rays:
        at = low[:, :, None] + ray[:, None, None] * _COARSE
        at = np.minimum(at, contest.highest[:, :, None])
        own = adapter.profit(at, bases[:, :, None], many)
        endless = not np.isfinite(contest.highest[ray > 0]).any()
        top = own.argmax(axis=1)
        pays = own.max(axis=1) >= adapter.outside
        grows = pays & (top == _COARSE.size - 1) & (own[:, -1] > own[:, -2])
        if endless and grows.any():
            _refuse(contest, f"the profit of specialist {adapter.name!r}", "final")
        gains = (own > here[:, None]) & pays[:, None]
        used = np.flatnonzero(gains.any(axis=0))
        if used.size:
            far = np.maximum(far, ray * _COARSE[min(used[-1] + 2, _COARSE.size - 1)])
        leads = adapter.led(at, bases[:, :, None], many)
        leads = np.where(gains | (own >= own.max(axis=1, keepdims=True)), leads, -np.inf)
        leads = np.where(np.isnan(leads), -np.inf, leads).max(axis=1)
        most = np.where(pays, np.maximum(most, leads), most)
    scale = max(float(far.max()), 1e-3 * float(np.abs(contest.final_floor).max()), 1e-9)
    return np.maximum(far, 1e-3 * scale), most


def _leader_reach(contest: Contest, hope: Array, rays: list[Array]) -> Array:
    """Return the largest base levels that could pay at least what the floors do."""
    if not np.isfinite(hope).any():
        raise SolverError(
            f"{contest.game.name}: the generalist's profit is undefined at every base level tried; "
            "check its cost and the revenues at small levels"
        )
    start = float(contest.numbers.outside[0, 0])
    far = np.zeros(contest.attributes)
    for ray, values in zip(rays, hope, strict=True):
        endless = not np.isfinite(contest.highest[ray > 0]).any()
        worth = np.flatnonzero(values >= start)
        if worth.size == 0:
            continue
        if endless and worth[-1] == _COARSE.size - 1 and values[-1] > values[-3]:
            _refuse(contest, "the generalist's profit", "base")
        far = np.maximum(far, ray * _COARSE[min(worth[-1] + 2, _COARSE.size - 1)])
    scale = max(float(far.max()), 1e-3 * float(np.abs(contest.final_floor).max()), 1e-9)
    far = np.maximum(far, 1e-3 * scale)
    return np.minimum(far, (contest.highest - contest.base_floor)[:, 0])


def _refuse(contest: Contest, what: str, which: str) -> None:
    raise UnboundedGameError(
        f"{contest.game.name}: {what} grows without limit in the {which} levels; give a cost a "
        f"faster growth, or set levels.{contest.game.attributes[0]}.max"
    )
