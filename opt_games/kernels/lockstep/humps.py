"""The humps of the leader's payoff, candidates for its optimum, read off a table.

They are wherever the slope turns from up to down, and beside every change of who contributes, stays
or abstains, where one may hide between two nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.lanes import Lanes, stack
from opt_games.kernels.lockstep.market import Index, Market
from opt_games.kernels.lockstep.point import EDGE, FLOOR, STATIONARY, Points
from opt_games.kernels.lockstep.table import ROUGHLY, Table, table

_CELLS = 8192  # shares, followers and games of one node at a time: what a cache holds
_OPTIMISM = 1.3  # a hump may rise this much higher than a parabola through its sides
_ROUGH = 1e-6  # payoffs of the table are this good, as responses are not settled


@dataclass(frozen=True)
class Seeds(Lanes):
    """Candidates for the leader's optimum, one entry each.

    Attributes
    ----------
    lane, game : ndarray of int
        The lane is ``share * games + game``.
    low, high : ndarray
        Base levels between which the candidate lies.
    hope : ndarray
        What the leader's payoff may reach there.
    points : Points
        Where to start.
    """

    lane: NDArray[np.int64]
    game: NDArray[np.int64]
    low: Array
    high: Array
    hope: Array
    points: Points


def seeds(
    market: Market, base: Array, share: Array, *, inside: bool = False, lower: bool = False
) -> tuple[Seeds, NDArray[np.bool_]]:
    """Find every hump that could hold the leader's optimum of its share and game.

    Parameters
    ----------
    market : Market
    base : ndarray, shape (nodes, games)
    share : ndarray, shape (shares, games)
    inside : bool
        Whether the nodes are only a part of all base levels, so that the first and the last are no
        bounds.
    lower : bool
        Whether to find the lower humps, too.

    Returns
    -------
    seeds : Seeds
    tempted : ndarray of bool, shape (followers, games)
        Whether the follower takes part at any node.
    """
    if market.forms.fused is not None and market.games and not inside:
        return _fused_seeds(market, base, share, lower)
    games = market.games
    size = max(1, _CELLS // (share.shape[0] * market.size))
    parts, tempted = [], []
    for start in range(0, max(games, 1), size):
        block = slice(start, start + size)
        at = table(market.take(block), base[:, block], share[:, block], exact=inside)
        found = _humps(at, inside, lower)
        points = _points(at, found, inside)
        entries, edge = _entries(at, lower)
        if entries.node.size:
            at_edge = replace(
                _points(at, entries, inside=True),
                closure=np.full(edge.size, EDGE, dtype=np.int8),
                edge=edge,
            )
            points = stack([points, at_edge])
            found = stack([found, entries])
        parts.append(
            Seeds(
                found.share * games + start + found.game,
                start + found.game,
                at.base[found.cell, found.game],
                at.base[found.cell + 1, found.game],
                found.hope,
                points,
            )
        )
        tempted.append(at.takes.any(axis=(0, 2)))
    return stack(parts), np.concatenate(tempted, axis=1)


def _fused_seeds(
    market: Market, base: Array, share: Array, lower: bool
) -> tuple[Seeds, NDArray[np.bool_]]:
    """Find the same in machine code."""
    fused = market.forms.fused
    assert fused is not None
    room = 4 * share.size + 64
    while True:
        size, lane, cell, hope, start, extra, contributes, takes, closure, edge, tempted = (
            fused.humps(
                base,
                share,
                market.outside[1:],
                *ROUGHLY,
                _OPTIMISM,
                -1.0 if lower else _ROUGH,
                room,
                *fused.arguments(market),
            )
        )
        if size <= room:
            break
        room = size
    lane, cell = lane[:size], cell[:size]
    game = lane % market.games
    points = Points(
        share.ravel()[lane],
        start[:size],
        extra[:, :size],
        contributes[:, :size],
        takes[:, :size],
        closure[:size],
        edge[:size],
    )
    return Seeds(lane, game, base[cell, game], base[cell + 1, game], hope[:size], points), tempted


@dataclass(frozen=True)
class _Places(Lanes):
    """Where humps may be, one entry each: nodes to start from, cells, shares and games.

    A cell lies between a node and the next; the hope is what the payoff may reach in it.
    """

    node: Index
    cell: Index
    share: Index
    game: Index
    hope: Array


def _enough(at: Table, lower: bool) -> Array:
    """Return what a payoff must reach to matter; shape (shares, games)."""
    with np.errstate(invalid="ignore"):
        highest = np.nanmax(at.payoff, axis=0)
    if lower:
        return np.full(highest.shape, np.finfo(float).min)
    return np.asarray(highest - _ROUGH * np.abs(highest))


def _entries(at: Table, lower: bool) -> tuple[_Places, Index]:
    """Find the cells in which a follower begins to take part, and which one.

    The payoff jumps up there, to what may be a peak if it falls afterwards.
    """
    enters = at.takes[1:] & ~at.takes[:-1]
    cell, follower, share, game = np.nonzero(enters)
    node = cell + 1
    width = at.base[node, game] - at.base[cell, game]
    with np.errstate(all="ignore"):
        here, before = at.slope[node, share, game], at.slope[cell, share, game]
        steepest = np.maximum(np.abs(here), np.abs(before))
        hope = at.payoff[node, share, game] + _OPTIMISM * steepest * width
        keep = np.flatnonzero(hope >= _enough(at, lower)[share, game])
    return _Places(node, cell, share, game, hope).take(keep), follower[keep]


def _humps(at: Table, inside: bool, lower: bool) -> _Places:
    """Find where the slope turns from up to down, or may do so beside a change of branch."""
    payoff, slope = at.payoff, at.slope
    width = np.diff(at.base, axis=0)[:, None, :]
    same = at.branch[1:] == at.branch[:-1]
    up, down = slope[:-1], -slope[1:]
    with np.errstate(all="ignore"):
        enough = _enough(at, lower)
        # a parabola through both slopes where one branch spans the cell, else all that is possible
        turns = same & (up > 0) & (down >= 0)
        part = 0.5 * _OPTIMISM * width / (up + down)
        within = np.maximum(up * up * part, payoff[1:] - payoff[:-1] + down * down * part)
        left = np.where(turns, within, np.where(~same & (up > 0), up * width, -np.inf))
        left += payoff[:-1]
        right = np.where(~same & (down > 0), down * width, -np.inf) + payoff[1:]
        found = []
        for hope, ahead in ((left, 0), (right, 1)):
            cell, share, game = np.nonzero(hope >= enough)
            found.append((cell + ahead, cell, share, game, hope[cell, share, game]))
        if not inside:
            # the lowest level, if the payoff falls from there; beyond the highest, whatever it is
            first = (slope[0] <= 0) & (payoff[0] >= enough)
            last = slope[-1] > 0
            share, game = np.nonzero(first)
            start = np.zeros(share.size, dtype=np.int64)
            found.append((start, start, share, game, payoff[0, share, game]))
            share, game = np.nonzero(last)
            end = np.full(share.size, width.shape[0])
            found.append((end, end - 1, share, game, np.full(share.size, np.inf)))
    return _Places(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _points(at: Table, found: _Places, inside: bool) -> Points:
    """Return where to start from humps, one lane each."""
    node, share, game = found.node, found.share, found.game
    base = at.base[node, game]
    extra = np.moveaxis(at.extra[node, :, share, game], 0, -1)
    contributes = np.moveaxis(at.contributes[node, :, share, game], 0, -1)
    takes = np.moveaxis(at.takes[node, :, share, game], 0, -1)
    # between two nodes of one branch the slope's zero is near that of the line through both
    last = at.base.shape[0] - 1
    after = np.minimum(node + 1, last)
    up, down = at.slope[node, share, game], -at.slope[after, share, game]
    turns = (at.branch[node, share, game] == at.branch[after, share, game]) & (up > 0) & (down > 0)
    with np.errstate(all="ignore"):
        weight = np.where(turns, up / (up + down), 0.0)
    next_extra = np.moveaxis(at.extra[after, :, share, game], 0, -1)
    base = base + weight * (at.base[after, game] - base)
    extra = extra + weight * (next_extra - extra)
    floor = (node == 0) & (up <= 0) & (not inside)
    return Points(
        at.share[share, game],
        np.where(floor, 0.0, base),
        extra,
        contributes,
        takes,
        np.where(floor, FLOOR, STATIONARY).astype(np.int8),
        np.zeros(node.size, dtype=np.int64),
    )
