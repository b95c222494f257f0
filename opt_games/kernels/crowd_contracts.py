"""Equilibria of many contracts at once, for a few followers with concave payoffs.

What `opt_games.kernels.crowd_leader` does for one contract and very many followers: the base levels
at which followers enter are found first, and between them the leader's payoff is smooth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.crowd_response import respond

_HALVINGS = 46
_PIECES = 2  # smooth humps of a contract that are placed
_SECANTS = 14
_STILL = 1e-12  # relative change of a base level at which secants have arrived
_FLAT = 1e-3  # slope there, of that where they began
_JUST = 1e-10
_TIE = 1e-9
_APART = 1e-4  # relative distance of base levels that are two
_FLOOR = 1e-12  # distance from 0, of the highest level, that is none
_CLOSE = 0.05  # of turnover
_CELLS = 300_000


@dataclass(frozen=True)
class Contracts:
    """Equilibria, one per contract.

    Attributes
    ----------
    base, payoff : ndarray, shape (contracts,)
        The leader's level, and what it gets.
    profit, final : ndarray, shape (followers, contracts)
        Outside options and 0 for who abstains.
    takes : ndarray of bool, shape (followers, contracts)
    near : ndarray, shape (levels, contracts)
        Other base levels that are almost as good for the leader; ``nan`` where there is none.
    """

    base: Array
    payoff: Array
    profit: Array
    final: Array
    takes: NDArray[np.bool_]
    near: Array


@dataclass(frozen=True)
class _Levels:
    """The game at base levels (contracts, levels), followers' arrays with one more axis."""

    payoff: Array
    slope: Array
    turnover: Array
    gain: Array
    profit: Array
    final: Array
    takes: NDArray[np.bool_]


def contract_equilibria(crowd: Crowd, nodes: Array, shares: Array) -> Contracts:
    """Find the equilibria of contracts.

    Parameters
    ----------
    crowd : Crowd
        With few followers.
    nodes : ndarray
        Base levels at which to look, ascending.
    shares : ndarray, shape (followers, contracts)
    """
    size = max(1, _CELLS // ((nodes.size + 2 * shares.shape[0]) * shares.shape[0]))
    parts = [
        _equilibria(crowd, nodes, shares[:, start : start + size].T)
        for start in range(0, shares.shape[1], size)
    ]
    return Contracts(
        *(
            np.concatenate([getattr(part, name) for part in parts], axis=-1)
            for name in Contracts.__dataclass_fields__
        )
    )


def _at(crowd: Crowd, base: Array, shares: Array) -> _Levels:
    """Answer to base levels of shape (contracts, levels)."""
    shape = (*base.shape, shares.shape[1])
    payoff, slope, turnover = np.zeros(base.shape), np.zeros(base.shape), np.zeros(base.shape)
    gain, profit, final = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    takes = np.zeros(shape, dtype=bool)
    for chunk in crowd.chunks:
        rows = chunk.members
        share = shares[:, None, rows]
        start = np.broadcast_to(crowd.extra[rows], (*base.shape, rows.size))
        found = respond(chunk, base[..., None], share, start)
        paid, gained = found.paid(share)
        payoff += paid.sum(axis=-1)
        turnover += found.revenue.sum(axis=-1)
        slope += gained.sum(axis=-1)
        added = np.where(found.contributes, found.extra, 0.0)
        gain[..., rows], profit[..., rows], takes[..., rows] = found.gain, found.profit, found.takes
        final[..., rows] = np.where(found.takes, base[..., None] + added, 0.0)
    market = crowd.market
    cost, marginal, _ = market.forms.leader_cost(base, *market.leader)
    with np.errstate(invalid="ignore"):
        payoff = payoff - cost
    payoff = np.where(np.isnan(payoff), -np.inf, payoff)
    return _Levels(payoff, slope - marginal, turnover + np.abs(cost), gain, profit, final, takes)


def _equilibria(crowd: Crowd, nodes: Array, shares: Array) -> Contracts:
    count = shares.shape[0]
    rows = np.arange(count)
    even = np.broadcast_to(nodes, (count, nodes.size))
    first = _at(crowd, even, shares)
    enters = first.takes[:, 1:] & ~first.takes[:, :-1]
    moves = np.asarray(enters.any(axis=1))
    at = enters.argmax(axis=1)
    low, high = nodes[at], nodes[at + 1]
    some = moves.any(axis=1)
    theirs, left, right = shares[some], low[some], high[some]
    for _ in range(_HALVINGS if some.any() else 0):
        middle = 0.5 * (left + right)
        takes = np.zeros(middle.shape, dtype=bool)
        for chunk in crowd.chunks:
            own = chunk.members
            start = np.broadcast_to(crowd.extra[own], (middle.shape[0], own.size))
            takes[:, own] = respond(chunk, middle[:, own], theirs[:, own], start).gain >= 0.0
        left, right = np.where(takes, left, middle), np.where(takes, middle, right)
    low[some], high[some] = left, right
    entry = np.where(moves, high, nodes[0])
    below = np.where(moves, low * (1.0 - _JUST), nodes[0])
    more = _at(crowd, np.hstack([entry, below]), shares)
    base = np.hstack([even, entry, below])
    order = np.argsort(base, axis=1, kind="stable")
    base = np.take_along_axis(base, order, 1)
    payoff, slope = (
        np.take_along_axis(np.hstack([getattr(first, name), getattr(more, name)]), order, 1)
        for name in ("payoff", "slope")
    )
    takes = np.take_along_axis(np.concatenate([first.takes, more.takes], 1), order[..., None], 1)
    smooth = (takes[:, 1:] == takes[:, :-1]).all(axis=2)
    up, down, width = slope[:, :-1], -slope[:, 1:], np.diff(base, axis=1)
    with np.errstate(all="ignore"):
        humps = smooth & (up > 0) & (down > 0)
        rise = np.where(humps, 0.5 * up * up * width / (up + down), 0.0)
    hope = np.where(humps, payoff[:, :-1] + rise, -np.inf)
    pieces = np.argsort(-hope, axis=1)[:, :_PIECES]
    left = np.take_along_axis(base, pieces, 1)
    right = np.take_along_axis(base, pieces + 1, 1)
    rising, falling = np.take_along_axis(up, pieces, 1), np.take_along_axis(down, pieces, 1)
    top, steep = left.copy(), rising.copy()
    open_ = np.ones(count, dtype=bool)
    for _ in range(_SECANTS):
        a, b, one, two = left[open_], right[open_], rising[open_], falling[open_]
        with np.errstate(all="ignore"):
            at = a + (b - a) * one / (one + two)
        at = np.where(np.isfinite(at), at, a)
        here = _at(crowd, at, shares[open_]).slope
        more_up = here > 0.0
        still = np.abs(at - top[open_]) > _STILL * at
        still |= np.abs(here) > _FLAT * steep[open_]
        top[open_] = at
        # the end that stays counts half (Illinois)
        rising[open_] = np.where(more_up, here, 0.5 * one)
        falling[open_] = np.where(more_up, 0.5 * two, -here)
        left[open_], right[open_] = np.where(more_up, at, a), np.where(more_up, b, at)
        open_[open_] = still.any(axis=1)
        if not open_.any():
            break
    finalists = np.hstack([top, entry, np.take_along_axis(base, payoff.argmax(axis=1)[:, None], 1)])
    last = _at(crowd, finalists, shares)
    highest = last.payoff.max(axis=1, keepdims=True)
    tied = last.payoff >= highest - _TIE * last.turnover
    # a contract that hangs on a tie is not relied on
    worst = np.where(tied, last.profit.sum(axis=2), np.inf).argmin(axis=1)
    chosen = finalists[rows, worst][:, None]
    beside = np.abs(finalists - chosen) <= _APART * chosen + _FLOOR * nodes[-1]
    best = np.where(beside, last.payoff, -np.inf).argmax(axis=1)
    outside = crowd.market.outside[:, 0]
    own = last.payoff[rows, best]
    slack = _TIE * (last.turnover[rows, best] + abs(outside[0]))
    active = own >= outside[0] + slack
    gap = own[:, None] - last.payoff
    apart = (
        np.abs(finalists - finalists[rows, best][:, None]) > _APART * finalists[rows, best][:, None]
    )
    near = np.where(apart & (gap <= _CLOSE * last.turnover[rows, best][:, None]), finalists, np.nan)
    return Contracts(
        np.where(active, finalists[rows, best], np.nan),
        np.where(active, own, outside[0]),
        np.where(active[:, None], last.profit[rows, best], outside[1:]).T,
        np.where(active[:, None], last.final[rows, best], 0.0).T,
        (active[:, None] & last.takes[rows, best]).T,
        near.T,
    )
