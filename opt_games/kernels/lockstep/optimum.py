"""The leader's global optimum at given shares, one lane per (share, game)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.humps import Seeds, seeds
from opt_games.kernels.lockstep.lanes import Lanes, stack
from opt_games.kernels.lockstep.market import Index, Market
from opt_games.kernels.lockstep.point import (
    EDGE,
    FLOOR,
    STATIONARY,
    Measure,
    Points,
    converge,
    stay_gains,
)

SETTLED = 1e-9  # a Newton step, relative to the levels, below which a point has settled
TIE = 1e-12  # of turnover: the leader is indifferent
ROUNDING = 1e-12
_STEPS = 16
_LANES = 4096  # shares, followers and games settled at a time: what a cache holds
_ZOOMS = 16
_ZOOM_NODES = 9


@dataclass(frozen=True)
class Candidates(Lanes):
    """Local optima of the leader, one entry each; the last axis of every array.

    Attributes
    ----------
    lane, game : ndarray of int
        Which optimum is looked for; which game of the market it belongs to.
    low, high : ndarray
        Base levels between which it was looked for.
    hope : ndarray
        What the leader's payoff may reach there.
    points : Points
    measure : Measure
    good : ndarray of bool
        Whether it is a local optimum to which all followers respond as it supposes.
    liking : ndarray
        Sum of the followers' utilities.
    """

    lane: NDArray[np.int64]
    game: NDArray[np.int64]
    low: Array
    high: Array
    hope: Array
    points: Points
    measure: Measure
    good: NDArray[np.bool_]
    liking: Array


@dataclass(frozen=True)
class Optima:
    """The leader's optimum of every lane.

    Attributes
    ----------
    points : Points
    measure : Measure
    found : ndarray of bool, shape (lanes,)
        Whether the optimum is known; the other entries mean nothing where it is not.
    tempted : ndarray of bool, shape (followers, games)
        Whether the follower takes part at any base level and share that was looked at.
    """

    points: Points
    measure: Measure
    found: NDArray[np.bool_]
    tempted: NDArray[np.bool_]


def leader_optima(market: Market, base: Array, share: Array) -> Optima:
    """Find the leader's optimum of every share and game.

    Parameters
    ----------
    market : Market
    base : ndarray, shape (nodes, games)
        Ascending base levels at which to look.
    share : ndarray, shape (shares, games)
        The lanes are ``share * games + game``.
    """
    lanes = share.size
    start, tempted = seeds(market, base, share)
    game, shares = np.tile(np.arange(market.games), share.shape[0]), share.ravel()
    # most lanes have a single hump: settle it, and if it is the optimum that is all
    single = np.bincount(start.lane, minlength=lanes) == 1
    if not single.any():
        return _settled(market, base, game, shares, start, tempted)[0]
    first = np.full(lanes, np.argmax(single[start.lane]))
    alone = np.flatnonzero(single[start.lane])
    first[start.lane[alone]] = alone
    points = start.points.take(first)
    closure = np.where(single, points.closure, FLOOR).astype(np.int8)
    points = replace(points, share=shares, contributes=points.contributes & single, closure=closure)
    here = market.take(game)
    points, measure = converge(here, points, _STEPS)
    found = single & consistent(here, points, measure)
    rest = np.flatnonzero(~found)
    if rest.size:
        left = start.take(np.flatnonzero(~found[start.lane]))
        left = replace(left, lane=np.searchsorted(rest, left.lane))
        part, _ = _settled(market, base, game[rest], shares[rest], left, tempted)
        points, measure = points.put(rest, part.points), measure.put(rest, part.measure)
        found[rest] = part.found
    return Optima(points, measure, found, tempted)


def leader_humps(
    market: Market, base: Array, share: Array, *, lower: bool = False
) -> tuple[Optima, Candidates]:
    """Find the leader's optimum of every share and game, and other local optima.

    Parameters
    ----------
    market, base, share
        As for `leader_optima`.
    lower : bool
        Whether to look for lower humps, too, whatever the leader earns there.
    """
    start, tempted = seeds(market, base, share, lower=lower)
    game = np.tile(np.arange(market.games), share.shape[0])
    return _settled(market, base, game, share.ravel(), start, tempted)


def _settled(
    market: Market,
    base: Array,
    game: Index,
    share: Array,
    start: Seeds,
    tempted: NDArray[np.bool_],
) -> tuple[Optima, Candidates]:
    """Settle all humps of lanes that are games at shares, and order them."""
    lanes = share.size
    size = max(1, _LANES // market.size)
    found = stack(
        [
            _candidates(market, start.take(slice(first, first + size)))
            for first in range(0, max(start.lane.size, 1), size)
        ]
    )
    found, hidden = _zoomed(market, found, lanes)
    if found.lane.size == 0:
        return _nothing(market.take(game), base[:, game], share, tempted), found
    optima, others = _choose(found, lanes, hidden, tempted)
    return replace(optima, points=replace(optima.points, share=share)), others


def _zoomed(market: Market, found: Candidates, lanes: int) -> tuple[Candidates, Index]:
    """Look ever closer at cells that came to nothing, and tell which still do."""
    hidden = _hidden(found, lanes)
    done = []
    for _ in range(_ZOOMS):
        if hidden.size == 0:
            break
        # only lanes with hidden entries go on
        going = np.zeros(lanes, dtype=bool)
        going[found.lane[hidden]] = True
        done.append(found.take(np.flatnonzero(~going[found.lane])))
        # one look at every cell, whichever of its ends it was looked at from
        _, once = np.unique(
            np.array([found.lane[hidden], found.low[hidden]]), axis=1, return_index=True
        )
        part = found.take(hidden[once])
        nodes = part.low + (part.high - part.low) * np.linspace(0.0, 1.0, _ZOOM_NODES)[:, None]
        closer = market.take(part.game)
        inner, _ = seeds(closer, nodes, part.points.share[None, :], inside=True)
        more = _candidates(closer, inner)
        more = replace(more, lane=part.lane[more.game], game=part.game[more.game])
        rest = going[found.lane]
        rest[hidden] = False
        found = stack([found.take(np.flatnonzero(rest)), more])
        hidden = _hidden(found, lanes)
    return stack([found, *done]), hidden


def _nothing(market: Market, base: Array, share: Array, tempted: NDArray[np.bool_]) -> Optima:
    """Return that no optimum is known, at the lowest base levels."""
    out = np.zeros((market.size, share.size), dtype=bool)
    points = Points(
        share,
        base[0],
        np.ones(out.shape),
        out,
        out,
        np.full(share.size, FLOOR, dtype=np.int8),
        np.zeros(share.size, dtype=np.int64),
    )
    points, measure = converge(market, points, 0)
    return Optima(points, measure, np.zeros(share.size, dtype=bool), tempted)


def _candidates(market: Market, start: Seeds) -> Candidates:
    """Settle every hump."""
    here = market.take(start.game)
    points, measure = converge(here, start.points, _STEPS)
    points, measure = _to_edges(here, start, points, measure)
    utility, _ = here.utility(measure.profits)
    # where a follower enters and the payoff goes on rising, there is no peak
    with np.errstate(invalid="ignore"):
        passed = (points.closure == EDGE) & (measure.residual < SETTLED) & (measure.slope > 0)
    right = _respond_so(here, points, measure)
    passed &= right
    return Candidates(
        start.lane,
        start.game,
        start.low,
        start.high,
        np.where(passed, -np.inf, start.hope),
        points,
        measure,
        right & _on_peak(points, measure),
        utility[1:].sum(axis=0),
    )


def consistent(market: Market, points: Points, measure: Measure) -> NDArray[np.bool_]:
    """Whether a point has settled on a peak, and every follower does what is best for it."""
    return np.asarray(_respond_so(market, points, measure) & _on_peak(points, measure))


def _on_peak(points: Points, measure: Measure) -> NDArray[np.bool_]:
    """Whether a point has settled on a peak of the leader's payoff, as followers are supposed."""
    with np.errstate(invalid="ignore"):
        peak = np.where(points.closure == EDGE, measure.slope <= 0, measure.bend < 0)
        peak |= points.closure == FLOOR
        settled = measure.residual < SETTLED
    return np.asarray(settled & peak & np.isfinite(measure.profits[0]))


def _respond_so(market: Market, points: Points, measure: Measure) -> NDArray[np.bool_]:
    """Whether every follower contributes, stays or stays out as a point supposes."""
    gain = stay_gains(market, points.base, points.share)
    outside = market.outside[1:]
    with np.errstate(invalid="ignore"):
        margin = ROUNDING * (np.abs(measure.offer) + np.abs(outside))
        takes = np.where(points.takes, measure.offer >= outside - margin, measure.offer <= outside)
    at_edge = (points.closure == EDGE) & (points.edge == np.arange(market.size)[:, None])
    # next to no base level at all, what somebody who stays out would do first is rounding
    idle = (points.closure == FLOOR) & ~points.takes
    right = (takes | at_edge) & (((gain > 0) == points.contributes) | idle)
    return np.asarray(right.all(axis=0))


def _to_edges(
    market: Market, start: Seeds, points: Points, measure: Measure
) -> tuple[Points, Measure]:
    """Move to the edge where a follower of the hump's node would leave before its top."""
    outside = market.outside[1:]
    with np.errstate(invalid="ignore"):
        short = np.where(points.takes, outside - measure.offer, -np.inf)
        margin = ROUNDING * (np.abs(measure.offer) + np.abs(outside))
        leaves = (short > margin).any(axis=0) & (points.closure == STATIONARY)
    lanes = np.flatnonzero(leaves)
    if lanes.size == 0:
        return points, measure
    who = np.argmax(np.where(np.isnan(short[:, lanes]), -np.inf, short[:, lanes]), axis=0)
    edges = replace(
        start.points.take(lanes), closure=np.full(lanes.size, EDGE, dtype=np.int8), edge=who
    )
    moved, after = converge(market.take(lanes), edges, _STEPS)
    return points.put(lanes, moved), measure.put(lanes, after)


def _payoff(found: Candidates) -> Array:
    return np.where(found.good, found.measure.profits[0], -np.inf)


def _hidden(found: Candidates, lanes: int) -> NDArray[np.int64]:
    """Return the entries that came to nothing although the best might be near them."""
    top = np.full(lanes, -np.inf)
    np.maximum.at(top, found.lane, _payoff(found))
    scale = np.zeros(lanes)
    np.maximum.at(scale, found.lane, np.where(found.good, found.measure.turnover, 0.0))
    high_enough = found.hope > top[found.lane] + TIE * scale[found.lane]
    return np.flatnonzero(~found.good & high_enough)


def _choose(
    found: Candidates, lanes: int, hidden: Index, tempted: NDArray[np.bool_]
) -> tuple[Optima, Candidates]:
    """Return the best candidate of every lane, and the others.

    Of candidates between which the leader is indifferent, the one the specialists prefer is first.
    """
    payoff = _payoff(found)
    top = np.full(lanes, -np.inf)
    np.maximum.at(top, found.lane, payoff)
    tied = found.good & (payoff >= top[found.lane] - TIE * found.measure.turnover)
    order = np.lexsort((-found.liking, -np.where(tied, np.inf, payoff), found.lane))
    order = order[found.good[order]]
    known = np.isfinite(top)
    known[found.lane[hidden]] = False
    first = np.zeros(lanes, dtype=np.int64)
    first[found.lane[order[::-1]]] = order[::-1]
    rest = found.good.copy()
    rest[first] = False
    winner = found.points.base[first][found.lane]
    rest &= np.abs(found.points.base - winner) > 1e-7 * (found.points.base + winner)
    optima = Optima(found.points.take(first), found.measure.take(first), known, tempted)
    return optima, found.take(np.flatnonzero(rest))
