"""Equilibria at sampled shares, and what the players of each game bargain over."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.lanes import Lanes, stack
from opt_games.kernels.lockstep.levels import search_levels
from opt_games.kernels.lockstep.market import Index, Market
from opt_games.kernels.lockstep.objective import ACCEPTANCE, Stakes
from opt_games.kernels.lockstep.optimum import TIE, Optima, leader_humps, leader_optima
from opt_games.kernels.lockstep.point import EDGE, Measure, Points

FRACTIONS = {
    9: np.array([0.0, 0.03, 0.12, 0.3, 0.5, 0.7, 0.88, 0.97, 1.0]),
    33: 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 33)),
}
_CLOSER = 6  # rounds of looking for a share at which anybody agrees
_NEAR = 33  # nodes in the stretches of shares to look at more closely
_PARTS = 13  # into which stretches are cut where followers come and go


@dataclass(frozen=True)
class Density:
    """How finely to look: numbers of shares and of base levels."""

    shares: int
    levels: int


COARSE, FINE = Density(9, 12), Density(33, 40)
"""Densities to try one after the other."""


@dataclass(frozen=True)
class Nodes:
    """Equilibria at sampled shares, one lane each, by game and then by share.

    Attributes
    ----------
    market : Market
    base, finer : ndarray, shape (levels, games)
        Base levels at which to look for the leader's optimum; for its lower humps.
    game : ndarray of int, shape (lanes,)
    points, measure
        With outside options where the leader would rather stay out.
    found, active : ndarray of bool, shape (lanes,)
        Whether the equilibrium is known; whether the leader takes part in it.
    stakes : Stakes
    unsure : ndarray of bool, shape (games,)
        Whether a follower that gains nowhere might yet gain at a share between.
    agreed : ndarray of bool, shape (games,)
        Whether there is a contract that gives nobody less and somebody more than disagreement.
    """

    market: Market
    base: Array
    finer: Array
    game: Index
    points: Points
    measure: Measure
    found: NDArray[np.bool_]
    active: NDArray[np.bool_]
    stakes: Stakes
    unsure: NDArray[np.bool_]
    agreed: NDArray[np.bool_]

    @property
    def shifting(self) -> NDArray[np.bool_]:
        """Whether somebody stays out, or is just kept in, at a lane."""
        return np.asarray(_out(self.points, self.active) & self.found)

    def around(self, near: Array) -> Array:
        """Widen stretches of shares to the next nodes; to all shares where there is none.

        Parameters
        ----------
        near : ndarray, shape (2, games)
        """
        first = np.flatnonzero(np.append(True, self.game[1:] != self.game[:-1]))
        share = self.points.share
        below = np.where(share < near[0, self.game], share, -np.inf)
        above = np.where(share > near[1, self.game], share, np.inf)
        low = np.maximum.reduceat(below, first)
        high = np.minimum.reduceat(above, first)
        some = near[0] <= near[1]
        wider = np.array([np.where(some, low, -np.inf), np.where(some, high, np.inf)])
        return wider.clip(self.market.low, self.market.high)


def _out(points: Points, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(~points.takes.all(axis=0) | (points.closure == EDGE) | ~active)


@dataclass(frozen=True)
class _Sampled(Lanes):
    game: Index
    points: Points
    measure: Measure
    found: NDArray[np.bool_]
    active: NDArray[np.bool_]

    @classmethod
    def of(cls, market: Market, game: Index, optima: Optima) -> _Sampled:
        active, measure = with_abstention(market.take(game), optima.measure)
        return cls(game, optima.points, measure, optima.found, active)

    @classmethod
    def at(cls, market: Market, base: Array, game: Index, share: Array) -> _Sampled:
        """Find the equilibria of some games' shares, one lane each."""
        return cls.of(market, game, leader_optima(market.take(game), base[:, game], share[None, :]))


def sample(market: Market, density: Density, near: Array | None = None) -> Nodes:
    """Find the equilibria at sampled shares, and what the players bargain over.

    Where followers come and go between two shares, there are more of them.

    Parameters
    ----------
    market : Market
    density : Density
    near : ndarray, shape (2, games), optional
        Shares between which to look more closely: at the nodes that come on top.
    """
    games = market.games
    base = search_levels(market, density.levels)
    fractions = FRACTIONS[density.shares] if market.high > market.low else np.zeros(1)
    shares = market.low + (market.high - market.low) * fractions
    optima = leader_optima(market, base, np.broadcast_to(shares[:, None], (shares.size, games)))
    game = np.tile(np.arange(games), shares.size)
    lanes = _Sampled.of(market, game, optima)
    # by game, then by share
    order = np.arange(game.size).reshape(shares.size, games).T.ravel()
    lanes = lanes.take(order)
    finer = search_levels(market, FINE.levels)
    if near is not None:
        inner = np.linspace(0.0, 1.0, _NEAR + 2)[1:-1, None]
        closer = np.flatnonzero(near[1] - near[0] < market.high - market.low)
        low, high = near[:, closer]
        more = np.tile(closer, _NEAR)
        lanes = _joined(
            lanes, _Sampled.at(market, finer, more, (low + (high - low) * inner).ravel())
        )
    lanes = _joined(lanes, _between(market, base, lanes))
    stakes, unsure, agreed = _stakes(market, lanes, optima.tempted & (density == COARSE))
    nobody = np.flatnonzero(~agreed & optima.tempted.any(axis=0))
    if nobody.size and shares.size > 1:
        lanes = _joined(lanes, _closest(market, finer, lanes, nobody))
        stakes, unsure, agreed = _stakes(market, lanes, optima.tempted & (density == COARSE))
        # there is nothing to be had even where the leader is nearest to taking part
        unsure[nobody[~agreed[nobody]]] = False
    return Nodes(
        market,
        base,
        finer,
        lanes.game,
        lanes.points,
        lanes.measure,
        lanes.found,
        lanes.active,
        stakes,
        unsure,
        agreed,
    )


def _joined(lanes: _Sampled, more: _Sampled | None) -> _Sampled:
    """Add lanes, by game and then by share."""
    if more is None:
        return lanes
    both = stack([lanes, more])
    return both.take(np.lexsort((both.points.share, both.game)))


def _closest(market: Market, finer: Array, lanes: _Sampled, games: Index) -> _Sampled:
    """Return the shares at which the leader is nearest to taking part with somebody.

    Shares at which anybody agrees can be few, and lie between those sampled.
    """
    wanted = np.isin(lanes.game, games)
    game, share = lanes.game[wanted], lanes.points.share[wanted]
    # number the games from 0
    number = np.searchsorted(games, game)
    first = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
    last = np.append(first[1:], number.size) - 1
    for _ in range(_CLOSER):
        payoff = _taking_part(market, finer, game, share)
        top = np.full(games.size, -np.inf)
        np.maximum.at(top, number, payoff)
        best = np.zeros(games.size, dtype=np.int64)
        at_top = np.flatnonzero(payoff >= top[number])
        best[number[at_top[::-1]]] = at_top[::-1]
        low = share[np.maximum(best - 1, first)]
        high = share[np.minimum(best + 1, last)]
        grid = low + (high - low) * np.linspace(0.0, 1.0, _PARTS)[:, None]
        share = grid.T.ravel()
        number = np.repeat(np.arange(games.size), _PARTS)
        game = games[number]
        first = np.arange(games.size) * _PARTS
        last = first + _PARTS - 1
    return _Sampled.at(market, finer, game, share)


def _taking_part(market: Market, finer: Array, game: Index, share: Array) -> Array:
    """Return the leader's best payoff, over its outside option, with somebody taking part."""
    here = market.take(game)
    optima, others = leader_humps(here, finer[:, game], share[None, :], lower=True)
    payoff = np.full(game.size, -np.inf)
    with np.errstate(invalid="ignore"):
        won = optima.found & optima.points.takes.any(axis=0)
        payoff = np.where(won, optima.measure.profits[0], payoff)
        other = np.where(others.points.takes.any(axis=0), others.measure.profits[0], -np.inf)
        np.maximum.at(payoff, others.lane, other)
        return np.asarray(payoff - here.outside[0])


def _between(market: Market, base: Array, lanes: _Sampled) -> _Sampled | None:
    """Sample more shares in stretches at whose ends somebody stays out, or is just kept in."""
    points = lanes.points
    idle = ~points.takes.any(axis=0) | ~lanes.active
    out = _out(points, lanes.active)
    left = np.flatnonzero(lanes.game[1:] == lanes.game[:-1])
    cut = left[(out[left] | out[left + 1]) & ~(idle[left] & idle[left + 1])]
    if cut.size == 0:
        return None
    inner = np.arange(1, _PARTS)[:, None] / _PARTS
    share = (points.share[cut] + (points.share[cut + 1] - points.share[cut]) * inner).ravel()
    game = np.tile(lanes.game[cut], _PARTS - 1)
    return _Sampled.at(market, base, game, share)


def _stakes(
    market: Market, lanes: _Sampled, tempted: NDArray[np.bool_]
) -> tuple[Stakes, NDArray[np.bool_], NDArray[np.bool_]]:
    here = market.take(lanes.game)
    utility, _ = here.utility(lanes.measure.profits)
    gain = np.where(lanes.found, utility - here.disagreement, 0.0)
    first = np.flatnonzero(np.append(True, lanes.game[1:] != lanes.game[:-1]))
    highest = np.maximum.reduceat(gain, first, axis=1)
    lowest = np.minimum.reduceat(gain, first, axis=1)
    scale = np.maximum(highest - lowest, np.maximum(np.abs(highest), np.abs(lowest)))
    signed = (gain >= -ACCEPTANCE * scale[:, lanes.game]).all(axis=0) & lanes.found
    top = np.maximum.reduceat(np.where(signed, gain, 0.0), first, axis=1)
    say = top > ACCEPTANCE * scale
    # a follower that could earn somewhere may yet gain by a contract between those sampled
    unsure = (~say[1:] & tempted).any(axis=0) | (~say[0] & tempted.any(axis=0))
    return Stakes(scale, say, top + market.disagreement), unsure, say.any(axis=0)


def with_abstention(market: Market, measure: Measure) -> tuple[NDArray[np.bool_], Measure]:
    """Put outside options where the leader would rather stay out; tells where it takes part."""
    scale = measure.turnover + np.abs(market.outside[0])
    with np.errstate(invalid="ignore"):
        active = measure.profits[0] >= market.outside[0] - TIE * scale
    return active, replace(
        measure,
        profits=np.where(active, measure.profits, market.outside),
        profits_by_share=np.where(active, measure.profits_by_share, 0.0),
        performance=np.where(active, measure.performance, 0.0),
        performance_by_share=np.where(active, measure.performance_by_share, 0.0),
    )
