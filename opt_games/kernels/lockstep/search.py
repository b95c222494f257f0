"""The search for the top of an objective over shares, all games in lockstep.

Wherever the objective may peak between two sampled shares it is climbed along its branch; the top
is then checked against the leader's other humps at that share. Where the leader prefers another,
the share is sought at which it is indifferent. What stays unclear is said to be unknown.
"""

from __future__ import annotations

from dataclasses import replace

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
)
from opt_games.kernels.lockstep.indifference import lead, meeting
from opt_games.kernels.lockstep.lanes import stack
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.nodes import Nodes
from opt_games.kernels.lockstep.objective import Value
from opt_games.kernels.lockstep.optimum import TIE, leader_humps, leader_optima

_LOSSES = (4, 4, 8, 16, 40, 40, 40, 40)  # trials beyond the end of a branch, by round
_HOPE = 1e-13
_ON_BOUND = 1e-6
_GOOD = 2e-9  # error of a share that is good enough
_DENTS = 17
_FURTHER = 2.0  # payoffs of two humps may come together so much faster than their rates say


class Search:
    """The search for the top of one objective; `best` holds the best so far, one lane a game.

    What stays unclear is `unknown`, and `near` says between which shares; shape (2, games).
    """

    def __init__(self, nodes: Nodes, score: Score) -> None:
        self.nodes, self.score, self.market = nodes, score, nodes.market
        self.game = nodes.game
        worth = score(nodes.game, nodes.points, nodes.measure)
        worth = replace(worth, score=np.where(nodes.found, worth.score, -np.inf))
        self.at_nodes = State(nodes.points, nodes.measure, worth)
        self.best = self.at_nodes.take(self._best_of(nodes.game, worth))
        # a hole in the sample may hide anything
        self.unknown = np.zeros(self.market.games, dtype=bool)
        self.near = np.full((2, self.market.games), [[np.inf], [-np.inf]])
        self._unclear(nodes.game[~nodes.found], nodes.points.share[~nodes.found])
        # lanes of which the next one belongs to the same game
        self.left = np.flatnonzero(nodes.game[1:] == nodes.game[:-1])

    def _best_of(self, game: NDArray[np.int64], worth: Value) -> NDArray[np.int64]:
        top = np.full(self.market.games, -np.inf)
        np.maximum.at(top, game, worth.score)
        with np.errstate(invalid="ignore"):
            tied = worth.score >= top[game] - _noise(top[game])
        order = np.lexsort((worth.liking, tied, game))
        first = np.zeros(self.market.games, dtype=np.int64)
        first[game[order]] = order
        return first

    def run(self) -> State:
        """Climb every stretch that may hold the top, and return it."""
        open_ = stack([self._stretches(), self._windows()])
        for losses in _LOSSES:
            open_ = open_.take(self._wanted(open_))
            if open_.game.size == 0:
                break
            open_ = self._check(*climb(self.market, self.score, open_, losses))
        open_ = open_.take(self._wanted(open_))
        self._unclear(open_.game, open_.low.share)
        self._unclear(open_.game, open_.high.share)
        # what is unclear right beside the best hardly matters: the share is known well enough
        low, high = self.near
        with np.errstate(invalid="ignore"):
            self.unknown &= ~((high - low <= _GOOD) & (np.abs(self.best.share - low) <= _GOOD))
        self._to_bounds()
        return self.best

    def _unclear(self, game: NDArray[np.int64], share: Array) -> None:
        """Give games up, because of what is unclear at some shares."""
        self.unknown[game] = True
        np.minimum.at(self.near[0], game, share)
        np.maximum.at(self.near[1], game, share)

    def _to_bounds(self) -> None:
        """Put shares that are all but on a bound on it, if that is no worse."""
        span = self.market.high - self.market.low
        change = np.flatnonzero(self.game[1:] != self.game[:-1])
        for ends in (np.append(0, change + 1), np.append(change, self.game.size - 1)):
            at_bound = self.at_nodes.take(ends)
            near = np.abs(self.best.share - at_bound.share) <= _ON_BOUND * span
            score = self.best.value.score
            with np.errstate(invalid="ignore"):
                near &= at_bound.value.score >= score - _noise(score)
            chosen = np.flatnonzero(near)
            self.best = self.best.put(chosen, at_bound.take(chosen))

    def _wanted(self, stretches: Stretches) -> NDArray[np.int64]:
        """Return those stretches that may hold something better than the best so far."""
        best = self.best.value.score[stretches.game]
        with np.errstate(invalid="ignore"):
            return np.flatnonzero(stretches.hope > best + _noise(best))

    def _stretches(self) -> Stretches:
        """Find the stretches between neighbouring shares in which the objective may peak."""
        left = self.left
        active = self.nodes.active & self.nodes.found
        ends = Ends.of(self.at_nodes, active & np.isfinite(self.at_nodes.value.score))
        low, high = ends.take(left), ends.take(left + 1)
        points = self.at_nodes.points
        branch = points.same_branch_key
        same = (branch[left] == branch[left + 1]) & low.known & high.known
        same &= (points.closure[left] == points.closure[left + 1]) & continuous(low, high)
        with np.errstate(invalid="ignore"):
            rises = low.known & (low.slope > 0)
            falls = high.known & (high.slope < 0)
            width = high.share - low.share
            up, down = low.slope, -high.slope
            # where the tangents meet
            with np.errstate(divide="ignore"):
                meet = (high.score - low.score + down * width) / (up + down)
            meet = np.clip(meet, 0.0, width)
            both = same & rises & falls
            hope_low, hope_high = low.score + up * width, high.score + down * width
            # a smooth objective seldom rises above where its tangents meet
            concave = (meet > 0) & (meet < width)
            peak = np.maximum(low.score + up * meet, np.maximum(low.score, high.score))
            half = 0.5 * np.maximum(hope_low - low.score, hope_high - high.score)
            peak = np.maximum(peak, np.maximum(low.score, high.score) + half)
            hope_both = np.where(concave, peak, np.maximum(hope_low, hope_high))
        rest = same & ~both
        parts = [self._dents(left, low, high, rest)]
        for mask, use_low, use_high, hope in (
            (both, True, True, hope_both),
            (~same & rises, True, False, hope_low),
            (~same & falls, False, True, hope_high),
        ):
            lanes = np.flatnonzero(mask)
            sides = points.take(left[lanes] if use_low else left[lanes] + 1)
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
        return stack(parts)

    def _dents(
        self, left: NDArray[np.int64], low: Ends, high: Ends, cells: NDArray[np.bool_]
    ) -> Stretches:
        """Find peaks inside stretches at whose ends the slopes show no sign of one.

        The objective, or every function that it is the smallest of, is followed by a cubic through
        its values and slopes at both ends.
        """
        lanes = np.flatnonzero(cells)
        one, other = low.take(lanes), high.take(lanes)
        width = other.share - one.share
        t = np.linspace(0.0, 1.0, _DENTS)[:, None, None]
        with np.errstate(all="ignore"):
            change = other.parts - one.parts
            first, last = one.rates * width - change, other.rates * width - change
            cubic = one.parts + t * change + t * (1.0 - t) * (first * (1.0 - t) - last * t)
            smallest = cubic.min(axis=1)
            ends = np.maximum(one.score, other.score)
            inner = smallest[1:-1]
            peak = np.argmax(np.where(np.isnan(inner), -np.inf, inner), axis=0) + 1
            top = smallest[peak, np.arange(lanes.size)]
            rises, falls = one.slope > 0, other.slope < 0
            found = (top > ends + 1e-9 * (1.0 + np.abs(ends))) & (rises | falls)
        chosen = np.flatnonzero(found)
        start, end = one.take(chosen), other.take(chosen)
        # from the end that has the peak ahead, to beyond it
        rises, peak = rises[chosen], peak[chosen]
        span = width[chosen] / (_DENTS - 1)
        low_end = start.moved(~rises, start.share + span * (peak - 1.0))
        high_end = end.moved(rises, start.share + span * (peak + 1.0))
        hope = top[chosen] + (top - ends)[chosen]
        at = left[lanes[chosen]]
        return Stretches(
            self.game[at],
            self.at_nodes.points.take(at),
            low_end,
            high_end,
            hope,
            start.share,
            end.share,
        )

    def _windows(self) -> Stretches:
        """Find where a lower hump of the leader's overtakes the best one between two shares.

        Where followers stay out, or are just kept in, the score can be as good as none at all the
        shares of the grid, and yet not between them.
        """
        out = self.nodes.shifting
        near = out.copy()
        near[self.left + 1] |= out[self.left]
        near[self.left] |= out[self.left + 1]
        lane = np.flatnonzero(near)
        game, share = self.game[lane], self.at_nodes.share[lane]
        here = self.market.take(game)
        _, others = leader_humps(here, self.nodes.finer[:, game], share[None, :], lower=True)
        at = lane[others.lane]
        game = self.game[at]
        worth = self.score(game, others.points, others.measure)
        rival = State(others.points, others.measure, worth)
        best = self.at_nodes.take(at)
        parts = []
        for step in (-1, 1):
            beside = np.clip(at + step, 0, self.game.size - 1)
            beside = np.where(self.game[beside] == game, beside, at)
            far = self.at_nodes.share[beside]
            width = far - rival.share
            with np.errstate(invalid="ignore"):
                gap, rate = lead(best, rival)
                rate = np.where(self.nodes.active[at], rate, -rival.measure.profits_by_share[0])
                meets = (gap >= 0) & (gap + _FURTHER * rate * width < 0)
                hope = rival.value.score + np.abs(rival.value.slope * width)
                meets &= hope > self.best.value.score[game]
            chosen = np.flatnonzero(meets)
            start, end = rival.take(chosen), far[chosen]
            least, most = np.minimum(start.share, end), np.maximum(start.share, end)
            met = self._switch(game[chosen], start, best.take(chosen), strict=False)
            parts.append(_opened(game[chosen][met[0]], met[1], least[met[0]], most[met[0]]))
        return stack(parts)

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
        self.best = self.best.put(game[chosen], state.take(chosen))

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
        self._unclear(game[~found & matters], top.share[~found & matters])
        ended = rest.take(np.flatnonzero(best & ~inside))
        more = [ended, self._beyond(ended)]
        other = np.flatnonzero(found & ~best)
        if other.size:
            rival, part = leader.take(other), rest.take(other)
            self._offer(part.game, rival)
            self._switch(part.game, top.take(other), rival)
            more.append(_from(rival, part))
        return stack(more)

    def _beyond(self, ended: Stretches) -> Stretches:
        """Return the stretches that begin where branches end while the objective still climbs."""
        rising = ended.low.known
        share = np.where(rising, ended.high.share, ended.low.share)
        state, found = self._optima(ended.game, share)
        with np.errstate(invalid="ignore"):
            matters = ended.hope > self.best.value.score[ended.game]
        self._unclear(ended.game[~found & matters], share[~found & matters])
        on = np.flatnonzero(found)
        self._offer(ended.game[on], state.take(on))
        with np.errstate(invalid="ignore"):
            climbs = found & np.where(rising, state.value.slope > 0, state.value.slope < 0)
        return _from(state, ended).take(np.flatnonzero(climbs))

    def _switch(
        self, game: NDArray[np.int64], one: State, other: State, *, strict: bool = True
    ) -> tuple[NDArray[np.int64], State]:
        """Find where the leader is indifferent between two humps; the better is an equilibrium.

        Parameters
        ----------
        game : ndarray of int, shape (lanes,)
        one, other : State
            The hump with the better score, and the one that the leader prefers.
        strict : bool
            Whether the first score is to be better than the best so far from the outset, and games
            are unknown where no such share is found.

        Returns
        -------
        lanes, state
            Which lanes led to an equilibrium, and to which.
        """
        lane = np.arange(game.size)
        done: list[tuple[NDArray[np.int64], State]] = [(lane[:0], one.take(lane[:0]))]
        for _ in range(3):
            with np.errstate(invalid="ignore"):
                wanted = one.value.score > self.best.value.score[game]
            keep = np.flatnonzero(wanted | (not strict))
            lane, game, one, other = lane[keep], game[keep], one.take(keep), other.take(keep)
            if game.size == 0:
                break
            one, other, met = meeting(self.market, self.score, self._optima, game, one, other)
            if strict:
                self._unclear(game[~met], one.share[~met])
            keep = np.flatnonzero(met)
            lane, game, one, other = lane[keep], game[keep], one.take(keep), other.take(keep)
            if game.size == 0:
                break
            leader, found = self._optima(game, one.share)
            margin = TIE * one.measure.turnover
            third = found & (leader.measure.profits[0] > one.measure.profits[0] + margin)
            right = found & ~third
            # of two humps between which the leader is indifferent the specialists' choice stands
            first = _liking(self.market, game, one) >= _liking(self.market, game, other)
            for mask, state in ((right & first, one), (right & ~first, other)):
                some = np.flatnonzero(mask)
                self._offer(game[some], state.take(some))
                done.append((lane[some], state.take(some)))
            # a score that is neared but not reached, or nothing known: for a slower method
            with np.errstate(invalid="ignore"):
                better = one.value.score > self.best.value.score[game] + 1e-12
            doubtful = (right & ~first & better) | ~found
            self._unclear(game[doubtful], one.share[doubtful])
            keep = np.flatnonzero(third)
            lane, game, one, other = lane[keep], game[keep], one.take(keep), leader.take(keep)
        if strict:
            with np.errstate(invalid="ignore"):
                doubtful = one.value.score > self.best.value.score[game]
            self._unclear(game[doubtful], one.share[doubtful])
        return np.concatenate([part[0] for part in done]), stack([part[1] for part in done])


def _noise(score: Array) -> Array:
    """Return differences below which two scores are equal."""
    return np.where(np.isfinite(score), _HOPE * (1.0 + np.abs(score)), 0.0)


def _from(state: State, stretches: Stretches) -> Stretches:
    """Start at states, and climb to that side of the stretch to which they rise."""
    return _opened(stretches.game, state, stretches.least, stretches.most)


def _opened(game: NDArray[np.int64], state: State, least: Array, most: Array) -> Stretches:
    """Start at states, and climb to the bound to which they rise."""
    known = np.isfinite(state.value.score)
    up = state.value.slope > 0
    here = Ends.of(state, known)
    low, high = here.moved(~up, least), here.moved(up, most)
    with np.errstate(invalid="ignore"):
        hope = state.value.score + np.abs(state.value.slope) * (high.share - low.share)
    hope = np.where(known & (hope == hope), hope, -np.inf)
    return Stretches(game, state.points, low, high, hope, least, most)


def _liking(market: Market, game: NDArray[np.int64], state: State) -> Array:
    utility, _ = market.take(game).utility(state.measure.profits)
    total: Array = utility[1:].sum(axis=0)
    return total
