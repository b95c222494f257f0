"""Contracts along a range of common shares, of a crowd that is looked at member by member.

Shares are sampled, and the stretches that may hold the best are narrowed. Where the score is
smooth, a polynomial through it soon predicts its own top; at a jump or a kink the stretch is
narrowed to rounding. Markets of which followers may stay out are not covered: the score then jumps
at very many shares, and none of what is done here would find the best of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Chebyshev

from opt_games.bargaining.crowd_stakes import NOTHING, Contract, CrowdStakes
from opt_games.errors import OptGamesError
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd_leader import Search

_PEAKS = 3
_OPTIMISM = 2.0  # a score may rise this many times its last step before the next share
_NODES = 7
_ROUNDS = 24
_FITS = 1e-12
_TIE = 1e-12
_NARROW = 1e-12  # what the leader's tolerance of ties resolves


class NotCoveredError(OptGamesError):
    """Raised where a market is beyond this method."""


class Scored(NamedTuple):
    """A share: its score, the sum of utilities, and its equilibrium in short."""

    score: float
    total: float
    base: float
    active: bool


@dataclass
class CrowdLine:
    """Equilibria along the common share, and their scores.

    Attributes
    ----------
    search : Search
    stakes : CrowdStakes
    solution : str
    bounds : (float, float)
    scored : dict of float to Scored
    """

    search: Search
    stakes: CrowdStakes
    solution: str
    bounds: tuple[float, float]
    scored: dict[float, Scored] = field(default_factory=dict)

    def contract(self, share: float, sharp: float = 1e-13) -> Contract | None:
        """Return the equilibrium of a share; None if it is outside the levels looked at."""
        reply = self.search.optimum(share, sharp)
        if reply is None:
            return None
        if not (reply.settled and np.isfinite(reply.payoff) and reply.takes.all()):
            raise NotCoveredError
        outside = self.stakes.market.outside[0, 0]
        # a leader indifferent between taking part and not takes part
        active = bool(reply.payoff >= outside - _TIE * (reply.turnover + abs(outside)))
        return Contract(share, active, reply)

    def at(self, share: float, sharp: float = 1e-13) -> Scored:
        """Return the score of a share, and remember it."""
        if share not in self.scored:
            found = self.contract(share, sharp)
            if found is None:
                self.scored[share] = Scored(-np.inf, -np.inf, np.nan, False)
            else:
                self.remember(found)
        return self.scored[share]

    def remember(self, found: Contract) -> None:
        """Score an equilibrium."""
        value, total = self.stakes.score(self.solution, self.search.crowd, found)
        if self.solution == "utilitarian" and np.isfinite(value):
            value = total
        self.scored[found.share] = Scored(value, total, found.reply.base, found.active)

    def best(self, shares: Array, *, roughly: bool = False) -> float:
        """Find the best share of a range, of which some shares are sampled.

        Parameters
        ----------
        shares : ndarray
        roughly : bool
            Whether to stop after a closer look around the best shares.
        """
        values = np.array([self.at(float(each)).score for each in shares])
        if self.undecided():
            self.solution = "utilitarian"
            for share, each in self.scored.items():
                signed = each.total if np.isfinite(each.score) else -np.inf
                self.scored[share] = each._replace(score=signed)
            values = np.array([self.scored[float(each)].score for each in shares])
        for peak in _peaks(values)[: 2 if roughly else _PEAKS]:
            low, high = shares[max(peak - 1, 0)], shares[min(peak + 1, shares.size - 1)]
            self._climb(float(low), float(high), 2 if roughly else _ROUNDS)
        return self.top()

    def undecided(self) -> bool:
        """Whether nobody who has a say gains together with all others, so that the sum decides."""
        scores = [each.score for each in self.scored.values() if np.isfinite(each.score)]
        if self.solution == "nash":
            return bool(scores) and max(scores) <= NOTHING
        return bool(scores) and self.solution in _LEAST and max(scores) <= 0.0

    def top(self) -> float:
        """Return the best share so far."""
        top = max(each.score for each in self.scored.values())
        slack = 1e-13 * abs(top) if np.isfinite(top) else 0.0
        tied = [share for share, each in self.scored.items() if each.score >= top - slack]
        return max(tied, key=lambda each: self.scored[each].total)

    def _climb(self, low: float, high: float, rounds: int) -> None:
        """Narrow a stretch around its best share."""
        for _ in range(rounds):
            if high - low <= _NARROW:
                return
            t = np.cos(np.pi * np.arange(_NODES - 1, -1, -1) / (_NODES - 1))
            nodes = np.clip(0.5 * (low + high) + 0.5 * (high - low) * t, low, high)
            nodes = np.unique(nodes)
            found = [self.at(float(each)) for each in nodes]
            values = np.array([each.score for each in found])
            at = int(values.argmax())
            best = max(each.score for each in self.scored.values())
            finite = values[np.isfinite(values) & (values > NOTHING)]
            if finite.size and values[at] + _OPTIMISM * np.ptp(finite) < best:
                return
            alike = len({each.active for each in found}) == 1
            if alike and finite.size == values.size:
                top = _top(nodes, values)
                if top is not None:
                    share, expected = top
                    value = self.at(share).score
                    if abs(value - expected) <= _FITS * abs(expected):
                        return
                elif at in (0, nodes.size - 1) and nodes[at] in self.bounds:
                    return
            low, high = nodes[max(at - 1, 0)], nodes[min(at + 1, nodes.size - 1)]


_LEAST = ("egalitarian", "kalai-smorodinsky")


def share_grid(low: float, high: float, points: int) -> Array:
    """Even shares, and some close to the bounds: against a million, one gets a millionth."""
    if not high > low:
        return np.array([low])
    step = 10.0 ** np.arange(-8.0, -1.5, 0.5)
    near = step[step < 1.0 / (points - 1)] * (high - low)
    even = np.linspace(low, high, points)
    return np.asarray(np.unique(np.concatenate([even, low + near, high - near[near > 1e-5]])))


def _peaks(values: Array) -> Array:
    """Positions of the local peaks that may hold the highest score, best first."""
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    with np.errstate(invalid="ignore"):
        rise = np.abs(np.diff(padded))
    rise = np.where(np.isfinite(rise) & (rise < -0.5 * NOTHING), rise, 0.0)
    hope = values + _OPTIMISM * np.maximum(rise[:-1], rise[1:])
    local = (values >= padded[:-2]) & (values >= padded[2:]) & np.isfinite(values)
    found = np.flatnonzero(local & (hope >= values.max()))
    return np.asarray(found[np.argsort(-values[found], kind="stable")[:_PEAKS]])


def _top(nodes: Array, values: Array) -> tuple[float, float] | None:
    """Where the polynomial through some points is highest, if inside, and its value there."""
    middle = float(values.max())
    fit = Chebyshev.fit(nodes, values - middle, nodes.size - 1, domain=[nodes[0], nodes[-1]])
    roots = fit.deriv().roots()
    real = roots[np.abs(roots.imag) < 1e-9].real
    real = real[(real > nodes[0]) & (real < nodes[-1])]
    if not real.size:
        return None
    heights = fit(real)
    k = int(heights.argmax())
    if heights[k] < 0.0:
        return None
    return float(real[k]), float(heights[k] + middle)
