"""The leader's best base level in a game with very many followers.

Its payoff jumps wherever a follower enters or leaves, and there may be a million such levels. A
scan over base levels, of a sample of the followers if they are many, shows the humps. Around each,
the entry levels of those followers that enter or leave there are computed and sorted, and the
payoff at all of them comes from running sums; between two of them it is smooth.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd, Reply, Shares
from opt_games.kernels.crowd_events import Events, levels_of_entry
from opt_games.kernels.lockstep.levels import MULTIPLES

_SAMPLE = 2048
_FINER = 512  # followers up to which the scan is finer
_ROUGHLY = 1e-3  # Newton steps that a scan leaves
_PEAKS = 5
_OPTIMISM = 2.0  # a hump may rise this many times the last step above its highest node
_POINTS = 12
_NEAR = {True: 0.1, False: 0.02}  # relative width at which events are sorted; of all, of a sample
_NOISE = 0.1  # what the payoff of a sample, or between two nodes, may be off
_CELLS, _MOST_CELLS = 4, 32
_CELL = 0.03  # relative width of a cell
_WIDER = 0.1  # where a sample found the stretch
_ROUNDS = 9
_CANDIDATES = 6  # so few levels are compared by the payoff itself
_TIE = 1e-12
_SHARP = 1e-14
_NARROWINGS = 80
_SECANTS = 12
_SAMPLE_STEPS = 5
_FAR = 1.2  # how far beyond a stretch secants may lead


@dataclass
class Search:
    """What a search for the leader's best base levels goes by.

    Attributes
    ----------
    crowd, screen : Crowd
        All followers, and those that stand for them in scans.
    nodes : ndarray
        Base levels of the scan, ascending from 0.
    start : ndarray
        Contributions at the nodes.
    bias : float
        The last best level in units of that of the sample.
    """

    crowd: Crowd
    screen: Crowd
    nodes: Array
    start: Array
    bias: float = 1.0

    @classmethod
    def of(cls, crowd: Crowd, scale: float, share: Shares) -> Search:
        """Prepare for base levels around a scale."""
        levels = MULTIPLES[40]
        if crowd.extra.size <= _FINER:
            levels = np.unique(np.concatenate([levels, np.linspace(0.01, 2.0, 100)]))
        nodes = np.append(0.0, levels * scale)
        screen = crowd.sample(_SAMPLE, np.abs(crowd.reply(scale, share).revenue))
        return cls(crowd, screen, nodes, screen.extra)

    def of_screen(self) -> Search:
        """Return a search that takes the sample for all."""
        return Search(self.screen, self.screen, self.nodes, self.screen.extra)

    @classmethod
    def within(cls, crowd: Crowd, low: float, high: float, levels: int) -> Search:
        """Search a range of base levels only; the best is to be inside."""
        return cls(crowd, crowd, np.linspace(low, high, levels), crowd.extra)

    @property
    def whole(self) -> bool:
        """Whether scans look at all followers."""
        return self.screen.extra.size == self.crowd.extra.size

    def optimum(self, share: Shares, sharp: float = 1e-13) -> Reply | None:
        """Return the followers' reply to the leader's best base level; None if it is unbounded.

        Parameters
        ----------
        share : float or ndarray, shape (followers,)
        sharp : float
            Relative error of the level that is allowed where the payoff is smooth.
        """
        payoff, slope, self.start = self.screen.lanes(self.nodes, share, self.start, _ROUGHLY)
        payoff = np.where(np.isnan(payoff), -np.inf, payoff)
        if payoff.argmax() == payoff.size - 1 or not np.isfinite(payoff.max()):
            return None
        if payoff.argmax() == 0 and self.nodes[0] > 0.0:
            return None
        padded = np.concatenate([[-np.inf], payoff, [-np.inf]])
        with np.errstate(invalid="ignore"):
            rise = np.nan_to_num(np.abs(np.diff(padded)), nan=0.0, posinf=0.0)
        hope = payoff + _OPTIMISM * np.maximum(rise[:-1], rise[1:])
        local = (payoff >= padded[:-2]) & (payoff >= padded[2:]) & (hope >= payoff.max())
        peaks = np.flatnonzero(local)
        peaks = peaks[np.argsort(-payoff[peaks], kind="stable")[:_PEAKS]]
        if peaks.size == 1 and peaks[0] > 0:
            k = int(peaks[0]) if slope[peaks[0]] > 0.0 else int(peaks[0]) - 1
            up, down = float(slope[k]), float(slope[k + 1])
            if up > 0.0 > down:
                at = self._of_sample(share, k, up, down)
                start = at * self.bias
                smooth = self._smooth(share, 0.97 * start, 1.03 * start, sharp)
                if smooth is not None:
                    self.bias = smooth.base / at
                    return smooth
        if self.whole:
            stretches = self._stretches(np.flatnonzero(hope >= payoff.max()))
            found = [self._sharpened(share, *stretch) for stretch in stretches]
            return _likeliest(found)
        near = [self._magnified(share, int(k), float(payoff[k])) for k in peaks]
        top = max(value for *_, value in near)
        width = [value >= top - _NOISE * abs(top) for *_, value in near]
        found = [
            self._smooth(share, low, high, sharp) or self._sharpened(share, low, high)
            for (low, high, _), close in zip(near, width, strict=True)
            if close
        ]
        best = _likeliest(found)
        if not best.takes.all():
            # once more around it: the sample may have put it near one end of where it looked
            found.append(self._sharpened(share, best.base, best.base))
        return _likeliest(found)

    def _stretches(self, nodes: NDArray[np.int64]) -> list[tuple[float, float]]:
        """Return the stretches that some nodes and their neighbours span."""
        apart = np.split(nodes, np.flatnonzero(np.diff(nodes) > 2) + 1)
        last = self.nodes.size - 1
        ends = [(max(each[0] - 1, 0), min(each[-1] + 1, last)) for each in apart]
        return [(float(self.nodes[a]), float(self.nodes[b])) for a, b in ends]

    def _of_sample(self, share: Shares, node: int, up: float, down: float) -> float:
        """Return where the slope of the sample is zero beyond a node."""
        a, b = float(self.nodes[node]), float(self.nodes[node + 1])
        start = self.start[node]
        at = a
        for _ in range(_SAMPLE_STEPS):
            at = a + (b - a) * up / (up - down)
            _, slope, extra = self.screen.lanes(np.array([at]), share, start, _ROUGHLY)
            start = extra[0]
            if slope[0] > 0.0:
                a, up, down = at, float(slope[0]), 0.5 * down
            else:
                b, down, up = at, float(slope[0]), 0.5 * up
        return at

    def _magnified(self, share: Shares, peak: int, value: float) -> tuple[float, float, float]:
        """Return a short stretch around a peak of the scan, and the payoff there."""
        last = self.nodes.size - 1
        low, high = self.nodes[max(peak - 1, 0)], self.nodes[min(peak + 1, last)]
        start = self.start if self.start.ndim == 1 else self.start[max(peak, 1)]
        while high - low > _NEAR[self.whole] * high:
            base = np.linspace(low, high, _POINTS)
            payoff, _, extra = self.screen.lanes(base, share, start, _ROUGHLY)
            payoff = np.where(np.isnan(payoff), -np.inf, payoff)
            at = int(payoff.argmax())
            value, start = max(value, float(payoff[at])), extra[at]
            low, high = base[max(at - 1, 0)], base[min(at + 1, base.size - 1)]
            if high <= 1e-12 * self.nodes[-1]:
                break
        return float(low), float(high), value

    def _sharpened(self, share: Shares, low: float, high: float) -> Reply:
        """Find the best base level of a stretch, or nearby."""
        crowd = self.crowd
        if low <= 0.0 and high <= 1e-12 * self.nodes[-1]:
            return crowd.reply(0.0, share)
        least, most = self.nodes[0], self.nodes[-1]
        best: Reply | None = None
        if not self.whole:
            low, high = low * (1.0 - _WIDER), high * (1.0 + _WIDER)
        for rest in range(_ROUNDS - 1, -1, -1):
            cells = int(np.clip((high - low) / (_CELL * high), _CELLS, _MOST_CELLS))
            base = np.linspace(low, high, cells + 1)
            replies = [crowd.reply(float(each), share) for each in base]
            top = max(replies, key=lambda each: each.payoff)
            best = top if best is None or top.payoff > best.payoff else best
            if rest and not any((a.takes != b.takes).any() for a, b in itertools.pairwise(replies)):
                width = high - low
                if replies[-1].slope > 0.0 and replies[-1] is top and high < most:
                    low, high = base[-2], min(high + 2.0 * width, most)
                    continue
                if replies[0].slope < 0.0 and replies[0] is top and low > least:
                    low, high = max(low - 2.0 * width, least), base[1]
                    continue
                return self._stationary(share, replies, best)
            candidates = levels_of_entry(crowd, replies)
            order = np.argsort(-candidates.payoff)
            first = order[0]
            size = abs(candidates.payoff[first]) * ((high - low) / (cells * high)) ** 4
            close = order[candidates.payoff[order] >= candidates.payoff[first] - size]
            if not rest or close.size <= _CANDIDATES or high - low <= 1e-5 * high:
                for which in close[:_CANDIDATES]:
                    best = self._within(share, candidates, which, best)
                return best
            spread = candidates.base[close]
            width = 0.05 * (high - low)
            low, high = max(spread.min() - width, least), min(spread.max() + width, most)
        raise AssertionError("the last round returns")

    def _stationary(self, share: Shares, replies: list[Reply], best: Reply) -> Reply:
        """Find the zero of the slope between two nodes around a peak."""
        for left, right in itertools.pairwise(replies):
            if left.slope > 0.0 >= right.slope:
                found = self._zero(share, left, right)
                best = found if found.payoff >= best.payoff - 1e-13 * best.turnover else best
        return best

    def _within(self, share: Shares, events: Events, which: int, best: Reply) -> Reply:
        """Look at a level of entry, or at the zero of the slope in its piece."""
        found = self.crowd.reply(float(events.base[which]), share)
        if events.inside[which]:
            left, right = (
                self.crowd.reply(float(ends[which]), share) for ends in (events.low, events.high)
            )
            if left.slope > 0.0 > right.slope:
                found = self._zero(share, left, right)
        return found if found.payoff >= best.payoff else best

    def _zero(self, share: Shares, left: Reply, right: Reply) -> Reply:
        """Narrow a stretch in which the slope falls through zero, by secants and halving."""
        a, b, up, down = left.base, right.base, left.slope, right.slope
        found = left
        for k in range(_NARROWINGS):
            at = a + (b - a) * up / (up - down) if k % 4 < 3 else 0.5 * (a + b)
            found = self.crowd.reply(min(max(at, a), b), share)
            # the end that stays counts half: else secants stop short of it (Illinois)
            if found.slope > 0.0:
                step, a, up, down = at - a, at, found.slope, 0.5 * down
            else:
                step, b, down, up = b - at, at, found.slope, 0.5 * up
            if found.slope == 0.0 or b - a <= _SHARP * b or abs(step) <= _SHARP * b:
                break
        return found

    def _smooth(self, share: Shares, low: float, high: float, sharp: float) -> Reply | None:
        """Find the zero of the slope by secants where all take part; None if that fails."""
        _, slopes, _ = self.screen.lanes(np.array([low, high]), share, self.screen.extra)
        bend = float(slopes[1] - slopes[0]) / (high - low)
        at = 0.5 * (low + high)
        last: Reply | None = None
        for _ in range(_SECANTS):
            found = self.crowd.reply(at, share)
            if not found.takes.all():
                return None
            if last is not None and found.base != last.base:
                bend = (found.slope - last.slope) / (found.base - last.base)
            if not bend < 0.0:
                return None
            step = -found.slope / bend
            if abs(step) <= sharp * at:
                return found
            if not low / _FAR <= at + step <= high * _FAR:
                return None
            last, at = found, at + step
        return None


def _likeliest(found: list[Reply]) -> Reply:
    """Return the best for the leader; an indifferent one does what the followers like."""
    best = max(each.payoff for each in found)
    tied = [each for each in found if each.payoff >= best - _TIE * each.turnover]
    return max(tied, key=lambda each: float(each.profit.sum()))
