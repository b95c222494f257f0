"""The leader's payoff over a table of shares and base levels, and the humps that it shows.

Every cell holds the followers' best responses. The humps, candidates for the leader's optimum, are
read off payoffs and slopes: wherever the slope turns from up to down, and beside every change of
who contributes, stays or abstains, where one may hide between two nodes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.forms import STAY
from opt_games.kernels.lockstep.lanes import Lanes, stack
from opt_games.kernels.lockstep.market import Index, Market
from opt_games.kernels.lockstep.point import EDGE, FLOOR, STATIONARY, Points, branch_key

_CELLS = 8192  # shares, followers and games of one node at a time: what a cache holds
_FIRST_STEPS = 12
_STEPS = 2
_EXACT_STEPS = 30
_ROUGHLY = (_FIRST_STEPS, _STEPS, 1e-6)
_OPTIMISM = 1.3  # a hump may rise this much higher than a parabola through its sides
_ROUGH = 1e-6  # payoffs of the table are this good, as responses are not settled
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


@dataclass(frozen=True)
class Table:
    """Payoffs over base levels and shares; arrays of shape (nodes, shares, games).

    Attributes
    ----------
    base : ndarray, shape (nodes, games)
    share : ndarray, shape (shares, games)
    payoff, slope : the leader's, in the base level
    branch : numbers that tell apart who contributes, stays and abstains
    extra : ndarray, shape (nodes, followers, shares, games)
        Contributions, also of those who stay or abstain.
    contributes, takes : ndarray of bool, the same shape
    """

    base: Array
    share: Array
    payoff: Array
    slope: Array
    branch: NDArray[np.int64]
    extra: Array
    contributes: NDArray[np.bool_]
    takes: NDArray[np.bool_]


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


def table(market: Market, base: Array, share: Array, *, exact: bool = False) -> Table:
    """Evaluate the game at every node.

    Parameters
    ----------
    market : Market
    base : ndarray, shape (nodes, games)
        Ascending base levels above 0.
    share : ndarray, shape (shares, games)
    exact : bool
        Whether responses are to be exact to rounding; else a few Newton steps do.
    """
    fused = market.forms.fused
    if fused is not None and market.games:
        limits = (_EXACT_STEPS, _EXACT_STEPS, 1e-12) if exact else _ROUGHLY
        payoff, slope, extras, contributes, takes = fused.table(
            base,
            share,
            market.outside[1:],
            *limits,
            *fused.arguments(market),
        )
        branch = branch_key(np.moveaxis(contributes, 1, 0), np.moveaxis(takes, 1, 0))
        return Table(base, share, payoff, slope, branch, extras, contributes, takes)
    nodes = base.shape[0]
    shape = (market.size, *share.shape)
    outside = market.outside[1:, None, :]
    payoff = np.empty((nodes, *share.shape))
    slope, branch = np.empty(payoff.shape), np.empty(payoff.shape, dtype=np.int64)
    extras = np.empty((nodes, *shape))
    contributes, takes = np.empty(extras.shape, dtype=bool), np.empty(extras.shape, dtype=bool)
    extra = np.broadcast_to(base[nodes // 2], shape).copy()
    change = np.zeros(shape)
    kept = 1.0 - share
    parameters = [tuple(each[:, None, :] for each in columns) for columns in market.followers]
    cost, marginal_cost, _ = market.forms.leader_cost(base, *market.leader)
    cost, marginal_cost = (
        np.broadcast_to(cost, base.shape),
        np.broadcast_to(marginal_cost, base.shape),
    )
    for k in range(nodes):
        here = base[k]
        received, gain = np.zeros(share.shape), np.zeros(share.shape)
        for form, given in zip(market.forms.followers, parameters, strict=True):
            rows = form.members if len(parameters) > 1 else slice(None)
            y = extra[rows]
            if k:
                with np.errstate(all="ignore"):
                    drift = np.clip(change[rows] * (here - base[k - 1]) / y, -1.0, 1.0)
                    y = y * np.exp(drift)
            at = dict(zip(STAY, form.stay(here, *given), strict=True))
            with np.errstate(all="ignore"):
                adds = kept * at["marginal_revenue"] > at["marginal_cost"]
            adds = np.broadcast_to(adds & (kept > 0), y.shape)
            steps = _EXACT_STEPS if exact else _STEPS if k else _FIRST_STEPS
            for _ in range(steps):
                step, revenue, spent, marginal = form.respond(here, y, share, *given)
                step = np.broadcast_to(np.where(np.isnan(step), 0.0, step), y.shape)
                y = np.where(adds, y * np.exp(step), y)
                if np.abs(step[adds]).max(initial=0.0) < (1e-12 if exact else 1e-6):
                    break
            with np.errstate(all="ignore"):
                revenue = np.where(adds, revenue, at["revenue"])
                spent = np.where(adds, spent, at["cost"])
                marginal = np.where(adds, marginal, at["marginal_revenue"])
                change[rows] = np.where(adds, marginal / at["marginal_revenue"] - 1.0, 0.0)
                profit = kept * revenue - spent
            enters = profit >= outside[rows]
            extra[rows] = y
            extras[k, rows], contributes[k, rows], takes[k, rows] = y, adds, enters
            received += np.where(enters, revenue, 0.0).sum(axis=0)
            gain += np.where(enters, marginal, 0.0).sum(axis=0)
        with np.errstate(all="ignore"):
            payoff[k] = share * received - cost[k]
            slope[k] = share * gain - marginal_cost[k]
        branch[k] = branch_key(contributes[k], takes[k])
    return Table(base, share, payoff, slope, branch, extras, contributes, takes)


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
                *_ROUGHLY,
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
