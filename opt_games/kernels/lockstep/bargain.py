"""The share that many games' players agree on, all games in lockstep.

The leader's global optimum is found on a grid of shares. Wherever the objective may peak between
two of them it is climbed along its branch; the top is then checked against the leader's other
humps at that share. Where the leader prefers another, the share is sought at which it is
indifferent. What stays unclear is said to be unknown, for a slower method.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.along import (
    Ends,
    Score,
    State,
    Stretches,
    climb,
    continuous,
    follow,
    predict,
    put_state,
)
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.objective import ACCEPTANCE, Stakes, Value, value
from opt_games.kernels.lockstep.optimum import TIE, Optima, leader_optima
from opt_games.kernels.lockstep.point import Measure, Points, stack
from opt_games.kernels.lockstep.scan import MULTIPLES, own_scale

FRACTIONS = {
    9: np.array([0.0, 0.03, 0.12, 0.3, 0.5, 0.7, 0.88, 0.97, 1.0]),
    33: 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 33)),
}
_ROUNDS = 8
_HOPE = 1e-13
_ON_BOUND = 1e-6
_SWITCHES = 40
_DAMPED = 1e-4


@dataclass(frozen=True)
class Density:
    """How finely to look: numbers of shares and of base levels."""

    shares: int
    levels: int


COARSE, FINE = Density(9, 12), Density(33, 40)


@dataclass(frozen=True)
class Answer:
    """What was found, one lane per game.

    Attributes
    ----------
    points, measure
        The equilibrium at the share found.
    known : ndarray of bool, shape (games,)
        Whether there is an answer; the rest means nothing where there is not.
    agreed : ndarray of bool, shape (games,)
    active : ndarray of bool, shape (games,)
        Whether the leader takes part.
    """

    points: Points
    measure: Measure
    known: NDArray[np.bool_]
    agreed: NDArray[np.bool_]
    active: NDArray[np.bool_]

    def take(self, games: NDArray[np.int64]) -> Answer:
        """Return some of the games."""
        return Answer(
            self.points.take(games),
            self.measure.take(games),
            self.known[games],
            self.agreed[games],
            self.active[games],
        )


@dataclass(frozen=True)
class Nodes:
    """Equilibria on a grid of shares; lanes are ``share * games + game``."""

    market: Market
    base: Array
    optima: Optima
    active: NDArray[np.bool_]
    measure: Measure
    stakes: Stakes
    unsure: NDArray[np.bool_]
    agreed: NDArray[np.bool_]


def sample(market: Market, density: Density) -> Nodes:
    """Find the equilibria on a grid of shares, and what the players bargain over."""
    games = market.games
    base = MULTIPLES[density.levels][:, None] * own_scale(market)
    fractions = FRACTIONS[density.shares] if market.high > market.low else np.zeros(1)
    shares = market.low + (market.high - market.low) * fractions
    optima = leader_optima(market, base, np.broadcast_to(shares[:, None], (shares.size, games)))
    wide = market.take(np.tile(np.arange(games), shares.size))
    active, measure = _with_abstention(wide, optima.measure)
    utility, _ = wide.utility(measure.profits)
    utility = utility.reshape(-1, shares.size, games)
    usable = optima.found.reshape(shares.size, games)
    gain = np.where(usable, utility - market.disagreement[:, None], 0.0)
    scale = np.maximum(np.ptp(gain, axis=1), np.abs(gain).max(axis=1))
    signed = (gain >= -ACCEPTANCE * scale[:, None]).all(axis=0) & usable
    top = np.where(signed, gain, 0.0).max(axis=1)
    say = top > ACCEPTANCE * scale
    agreed = say.any(axis=0)
    # a follower that could earn somewhere may yet gain by a contract between those of a coarse grid
    tempted = optima.tempted & (density.shares < FINE.shares)
    unsure = (~say[1:] & tempted).any(axis=0) | (~say[0] & tempted.any(axis=0))
    stakes = Stakes(scale, say, top + market.disagreement)
    return Nodes(market, base, optima, active, measure, stakes, unsure, agreed)


def _with_abstention(market: Market, measure: Measure) -> tuple[NDArray[np.bool_], Measure]:
    """Put outside options where the leader would rather stay out."""
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


def bargain(nodes: Nodes, solution: str) -> Answer:
    """Find the share of a bargaining solution in every game.

    Parameters
    ----------
    nodes : Nodes
    solution : str
        Canonical name, or ``"player k"``.
    """
    stakes = nodes.stakes
    market = nodes.market
    known = np.ones(market.games, dtype=bool)
    if solution == "kalai-smorodinsky":
        ideal = stakes.ideal.copy()
        for k in range(market.size + 1):
            best = bargain(nodes, f"player {k}")
            utility, _ = market.utility(best.measure.profits)
            ideal[k] = np.where(best.known, np.maximum(utility[k], ideal[k]), ideal[k])
            known &= best.known | ~stakes.say[k]
        stakes = stakes.with_ideal(ideal)

    def score(games: NDArray[np.int64], points: Points, measure: Measure) -> Value:
        return value(solution, market.take(games), stakes.take(games), points, measure)

    state, unknown = _Search(nodes, score).run()
    sensitive = solution in ("nash", "kalai-smorodinsky", "egalitarian")
    known &= ~unknown & ~(nodes.unsure & (sensitive | ~nodes.agreed))
    active, measure = _with_abstention(market, state.measure)
    return Answer(state.points, measure, known, nodes.agreed, active)


def given(market: Market, share: Array, density: Density) -> Answer:
    """Find the equilibria of given shares, one per game."""
    base = MULTIPLES[density.levels][:, None] * own_scale(market)
    optima = leader_optima(market, base, share[None, :])
    active, measure = _with_abstention(market, optima.measure)
    agreed = np.ones(market.games, dtype=bool)
    return Answer(optima.points, measure, optima.found, agreed, active)


class _Search:
    """The search for the top of one objective; `best` holds the best so far, one lane a game."""

    def __init__(self, nodes: Nodes, score: Score) -> None:
        self.nodes, self.score, self.market = nodes, score, nodes.market
        games = self.market.games
        lanes = nodes.active.size
        self.game = np.tile(np.arange(games), lanes // games)
        points = nodes.optima.points
        worth = score(self.game, points, nodes.measure)
        usable = nodes.optima.found
        worth = replace(worth, score=np.where(usable, worth.score, -np.inf))
        self.at_nodes = State(points, nodes.measure, worth)
        self.best = self.at_nodes.take(self._best_of(self.game, worth))
        # a hole in the grid may hide anything
        self.unknown = np.array(~usable.reshape(-1, games).all(axis=0))

    def _best_of(self, game: NDArray[np.int64], worth: Value) -> NDArray[np.int64]:
        top = np.full(self.market.games, -np.inf)
        np.maximum.at(top, game, worth.score)
        with np.errstate(invalid="ignore"):
            tied = worth.score >= top[game] - _noise(top[game])
        order = np.lexsort((worth.liking, tied, game))
        first = np.zeros(self.market.games, dtype=np.int64)
        first[game[order]] = order
        return first

    def run(self) -> tuple[State, NDArray[np.bool_]]:
        """Climb every stretch that may hold the top; return it, and where it stays unknown."""
        open_ = self._stretches()
        for _ in range(_ROUNDS):
            open_ = open_.take(self._wanted(open_))
            if open_.game.size == 0:
                break
            open_ = self._check(*climb(self.market, self.score, open_))
        self.unknown[open_.game[self._wanted(open_)]] = True
        self._to_bounds()
        return self.best, self.unknown

    def _to_bounds(self) -> None:
        """Put shares that are all but on a bound on it, if that is no worse."""
        games = np.arange(self.market.games)
        span = self.market.high - self.market.low
        for first in (0, self.game.size - games.size):
            at_bound = self.at_nodes.take(first + games)
            near = np.abs(self.best.share - at_bound.share) <= _ON_BOUND * span
            score = self.best.value.score
            with np.errstate(invalid="ignore"):
                near &= at_bound.value.score >= score - _HOPE * (1.0 + np.abs(score))
            chosen = np.flatnonzero(near)
            self.best = put_state(self.best, chosen, at_bound.take(chosen))

    def _wanted(self, stretches: Stretches) -> NDArray[np.int64]:
        """Return those stretches that may hold something better than the best so far."""
        best = self.best.value.score[stretches.game]
        with np.errstate(invalid="ignore"):
            return np.flatnonzero(stretches.hope > best + _noise(best))

    def _stretches(self) -> Stretches:
        """Find the stretches between neighbouring shares in which the objective may peak."""
        games = self.market.games
        count = self.game.size // games
        left = np.arange((count - 1) * games)
        active = self.nodes.active & self.nodes.optima.found
        ends = Ends.of(self.at_nodes, active & np.isfinite(self.at_nodes.value.score))
        low, high = ends.take(left), ends.take(left + games)
        points = self.at_nodes.points
        branch = points.same_branch_key
        same = (branch[left] == branch[left + games]) & low.known & high.known
        same &= (points.closure[left] == points.closure[left + games]) & continuous(low, high)
        with np.errstate(invalid="ignore"):
            rises = low.known & (low.slope > 0)
            falls = high.known & (high.slope < 0)
            width = high.share - low.share
            up, down = low.slope, -high.slope
            # where the tangents meet
            meet = np.clip((high.score - low.score + down * width) / (up + down), 0.0, width)
            both = same & rises & falls
            hope_low, hope_high = low.score + up * width, high.score + down * width
            # a smooth objective seldom rises above where its tangents meet
            concave = (meet > 0) & (meet < width)
            peak = np.maximum(low.score + up * meet, np.maximum(low.score, high.score))
            half = 0.5 * np.maximum(hope_low - low.score, hope_high - high.score)
            peak = np.maximum(peak, np.maximum(low.score, high.score) + half)
            hope_both = np.where(concave, peak, np.maximum(hope_low, hope_high))
        parts = []
        for mask, use_low, use_high, hope in (
            (both, True, True, hope_both),
            (~same & rises, True, False, hope_low),
            (~same & falls, False, True, hope_high),
        ):
            lanes = np.flatnonzero(mask)
            sides = points.take(left[lanes] if use_low else left[lanes] + games)
            one, other = low.take(lanes), high.take(lanes)
            one, other = (
                replace(one, known=one.known & use_low),
                replace(other, known=other.known & use_high),
            )
            parts.append(
                Stretches(
                    self.game[left[lanes]], sides, one, other, hope[lanes], one.share, other.share
                )
            )
        joined: Stretches = stack(parts)
        return joined

    def _offer(self, game: NDArray[np.int64], state: State) -> None:
        """Take states that are equilibria as the best where they are."""
        best = self.best.value
        order = np.lexsort((state.value.liking, state.value.score, game))
        last = order[np.append(game[order][1:] != game[order][:-1], True)] if order.size else order
        score, liking = state.value.score[last], state.value.liking[last]
        now, liked = best.score[game[last]], best.liking[game[last]]
        with np.errstate(invalid="ignore"):
            better = score > now + _noise(now)
            better |= (score >= now - _noise(now)) & (liking > liked + _noise(liked))
        chosen = last[better]
        self.best = put_state(self.best, game[chosen], state.take(chosen))

    def _optima(self, game: NDArray[np.int64], share: Array) -> tuple[State, NDArray[np.bool_]]:
        here = self.market.take(game)
        found = leader_optima(here, self.nodes.base[:, game], share[None, :])
        worth = self.score(game, found.points, found.measure)
        return State(found.points, found.measure, worth), found.found

    def _check(self, top: State, inside: NDArray[np.bool_], rest: Stretches) -> Stretches:
        """Hold tops against the leader's other humps, and go to where it is indifferent.

        Returns the stretches still to climb: what is left of unfinished ones, and those that begin
        on humps that the leader prefers.
        """
        game = rest.game
        leader, found = self._optima(game, top.share)
        margin = TIE * top.measure.turnover
        short = leader.measure.profits[0] - top.measure.profits[0]
        same = np.abs(leader.points.base - top.points.base) <= 1e-6 * top.points.base
        best = found & ((short < -margin) | same) & np.isfinite(rest.hope)
        kept = np.flatnonzero(best)
        self._offer(game[kept], top.take(kept))
        with np.errstate(invalid="ignore"):
            matters = rest.hope > self.best.value.score[game]
        self.unknown[game[~found & matters]] = True
        ended = rest.take(np.flatnonzero(best & ~inside))
        more = [ended, self._beyond(ended)]
        other = np.flatnonzero(found & ~best)
        if other.size:
            rival, part = leader.take(other), rest.take(other)
            self._offer(part.game, rival)
            self._switch(part.game, top.take(other), rival)
            more.append(_from(rival, part))
        joined: Stretches = stack(more)
        return joined

    def _beyond(self, ended: Stretches) -> Stretches:
        """Return the stretches that begin where branches end while the objective still climbs."""
        rising = ended.low.known
        share = np.where(rising, ended.high.share, ended.low.share)
        state, found = self._optima(ended.game, share)
        with np.errstate(invalid="ignore"):
            matters = ended.hope > self.best.value.score[ended.game]
        self.unknown[ended.game[~found & matters]] = True
        on = np.flatnonzero(found)
        self._offer(ended.game[on], state.take(on))
        with np.errstate(invalid="ignore"):
            climbs = found & np.where(rising, state.value.slope > 0, state.value.slope < 0)
        return _from(state, ended).take(np.flatnonzero(climbs))

    def _switch(self, game: NDArray[np.int64], one: State, other: State) -> None:
        """Find where the leader is indifferent between two humps; the better is an equilibrium."""
        for _ in range(3):
            if game.size == 0:
                return
            with np.errstate(invalid="ignore"):
                wanted = np.flatnonzero(one.value.score > self.best.value.score[game])
            game, one, other = game[wanted], one.take(wanted), other.take(wanted)
            if game.size == 0:
                return
            one, other, met = self._meet(game, one, other)
            self.unknown[game[~met]] = True
            met_at = np.flatnonzero(met)
            game, one, other = game[met_at], one.take(met_at), other.take(met_at)
            if game.size == 0:
                return
            leader, found = self._optima(game, one.share)
            margin = TIE * one.measure.turnover
            third = found & (leader.measure.profits[0] > one.measure.profits[0] + margin)
            right = np.flatnonzero(found & ~third)
            # of two humps between which the leader is indifferent the specialists' choice stands
            chosen = np.where(
                _liking(self.market, game, one) >= _liking(self.market, game, other), 0, 1
            )
            self._offer(game[right[chosen[right] == 0]], one.take(right[chosen[right] == 0]))
            self._offer(game[right[chosen[right] == 1]], other.take(right[chosen[right] == 1]))
            # a score that is neared but not reached, or nothing known: for a slower method
            open_ = (chosen == 1) & found & ~third
            with np.errstate(invalid="ignore"):
                open_ &= one.value.score > self.best.value.score[game] + 1e-12
            self.unknown[game[open_ | ~found]] = True
            again = np.flatnonzero(third)
            game, one, other = game[again], one.take(again), leader.take(again)
        with np.errstate(invalid="ignore"):
            self.unknown[game[one.value.score > self.best.value.score[game]]] = True

    def _move(
        self, game: NDArray[np.int64], state: State, share: Array
    ) -> tuple[State, NDArray[np.bool_]]:
        """Follow branches to other shares."""
        start = predict(state.points, Ends.of(state, np.ones(share.shape, dtype=bool)), share)
        return follow(self.market, game, self.score, start)

    def _meet(
        self, game: NDArray[np.int64], one: State, other: State
    ) -> tuple[State, State, NDArray[np.bool_]]:
        """Newton's method on the difference of the leader's payoffs along two branches."""
        low, high = self.market.low, self.market.high
        met = np.zeros(game.size, dtype=bool)
        damp = np.ones(game.size)
        for _ in range(_SWITCHES):
            lanes = np.flatnonzero(~met & (damp > _DAMPED))
            if lanes.size == 0:
                break
            a, b = one.take(lanes), other.take(lanes)
            with np.errstate(all="ignore"):
                gap = a.measure.profits[0] - b.measure.profits[0]
                rate = a.measure.profits_by_share[0] - b.measure.profits_by_share[0]
                step = np.clip(-gap / rate, -0.1, 0.1)
            share = np.clip(a.share + damp[lanes] * step, low, high)
            close = np.abs(gap) <= 4e-16 * a.measure.turnover
            close |= np.abs(step) <= 2e-16 * share
            new_a, holds_a = self._move(game[lanes], a, share)
            new_b, holds_b = self._move(game[lanes], b, share)
            fine = np.isfinite(share) & holds_a & (holds_b | ~np.isfinite(new_b.value.score))
            met[lanes[close]] = True
            # a branch that ends before the next share: a shorter step
            damp[lanes] = np.where(fine, 1.0, 0.5 * damp[lanes])
            go = np.flatnonzero(fine & ~close)
            one = put_state(one, lanes[go], new_a.take(go))
            other = put_state(other, lanes[go], new_b.take(go))
        return one, other, met


def _noise(score: Array) -> Array:
    """Return differences below which two scores are equal."""
    return np.where(np.isfinite(score), _HOPE * (1.0 + np.abs(score)), 0.0)


def _from(state: State, stretches: Stretches) -> Stretches:
    """Start at states, and climb to that side of the stretch to which they rise."""
    known = np.isfinite(state.value.score)
    up = state.value.slope > 0
    here = Ends.of(state, known)
    low = here.moved(~up, stretches.least)
    high = here.moved(up, stretches.most)
    with np.errstate(invalid="ignore"):
        hope = state.value.score + np.abs(state.value.slope) * (high.share - low.share)
    hope = np.where(known & (hope == hope), hope, -np.inf)
    return replace(stretches, branch=state.points, low=low, high=high, hope=hope)


def _liking(market: Market, game: NDArray[np.int64], state: State) -> Array:
    utility, _ = market.take(game).utility(state.measure.profits)
    total: Array = utility[1:].sum(axis=0)
    return total
