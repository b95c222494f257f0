"""The common share that a leader and very many followers agree on.

Shares are sampled, and the best stretch is magnified. Where the score is smooth, a polynomial
through it soon predicts its own top; at a jump or a kink the stretch is narrowed to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray

from opt_games.bargaining.solutions import Stakes, score_utilities
from opt_games.errors import OptGamesError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Reply, Shares
from opt_games.kernels.crowd_leader import Search

_FEW = 512  # followers up to which many shares are sampled
_SHARES = {True: 97, False: 17}
_CLOSER = {True: 1025, False: 129}
_PEAKS = 4
_OPTIMISM = 4.0
_NODES = 9
_ROUNDS = 24
_LOOSE = 1e-5
_FITS = 1e-12
_TIE = 1e-10
_ON_BOUND = 1e-9  # of the range of shares
_NARROW = {True: 1e-14, False: 1e-8}


class NotCoveredError(OptGamesError):
    """Raised where a market is beyond this method."""


@dataclass(frozen=True)
class Outcome:
    """The equilibrium of a share, or of one per follower; `utilities` has shape (players,)."""

    share: Shares
    active: bool
    reply: Reply
    profits: Array
    utilities: Array
    performance: float


@dataclass
class CrowdLine:
    """Equilibria along the common share of a game with very many specialists."""

    game: Game
    search: Search
    scores: dict[float, tuple[float, float]] = field(default_factory=dict)

    @property
    def few(self) -> bool:
        """Whether the specialists are so few that equilibria cost little."""
        return self.search.crowd.market.size <= _FEW

    def outcome(self, share: Shares, sharp: float = 1e-13) -> Outcome:
        """Return the equilibrium of a share, or of one per follower."""
        reply = self.search.optimum(share, sharp)
        if reply is None or not reply.settled or not np.isfinite(reply.payoff):
            raise NotCoveredError
        return self.judged(share, reply)

    def judged(self, share: Shares, reply: Reply) -> Outcome:
        """Return what the followers' reply to the leader's best base level is worth to all."""
        market = self.search.crowd.market
        outside = market.outside[:, 0]
        # a generalist indifferent between taking part and not takes part
        slack = _TIE * (reply.turnover + abs(outside[0]))
        active = bool(reply.payoff >= outside[0] - slack)
        profits = np.append(reply.payoff, reply.profit) if active else outside.copy()
        utilities, _ = market.utility(profits[:, None])
        final = np.where(reply.contributes, reply.extra, 0.0) + reply.base
        performance = float(final[reply.takes].sum()) if active else 0.0
        return Outcome(share, active, reply, profits, utilities[:, 0], performance)

    def score(self, solution: str, stakes: Stakes, share: float, sharp: float = 1e-13) -> float:
        """Return the score of a share, and remember it."""
        if share not in self.scores:
            found = self.outcome(share, sharp)
            self._remember(solution, stakes, share, found.utilities, found.performance)
        return self.scores[share][0]

    def _remember(
        self, solution: str, stakes: Stakes, share: float, utilities: Array, performance: float
    ) -> None:
        value = score_utilities(solution, stakes, utilities[:, None], np.array([performance]))
        self.scores[share] = (float(value[0]), float(utilities.sum()))

    def best_share(self, solution: str) -> float | None:
        """Find the share of a bargaining solution; None without agreement."""
        low, high = self.game.contract.bounds
        for points in (_SHARES[self.few], _CLOSER[self.few]):
            shares = _grid(low, high, points)
            sharp = 1e-13 if self.few else _LOOSE
            utilities = np.empty((len(self.game.players), shares.size))
            performance = np.empty(shares.size)
            taking = []
            for k, share in enumerate(shares.tolist()):
                found = self.outcome(share, sharp)
                utilities[:, k], performance[k] = found.utilities, found.performance
                taking.append(found.reply.takes & found.active)
            stakes = Stakes.of_utilities(self.game, utilities)
            if stakes is not None:
                break
        else:
            return None
        if solution == "kalai-smorodinsky":
            stakes = stakes.with_ideal(self._ideal(shares, taking, utilities, stakes))
        for k, share in enumerate(shares.tolist()):
            self._remember(solution, stakes, share, utilities[:, k], performance[k])
        del utilities, taking, found
        values = np.array([self.scores[float(share)][0] for share in shares])
        if np.ptp(values[np.isfinite(values)]) == 0.0 and solution != "utilitarian":
            # what ties everywhere, such as a product with a zero, leaves the sum to decide
            self.scores.clear()
            return self.best_share("utilitarian")
        for peak in _peaks(values):
            self._climb(solution, stakes, shares, int(peak))
        return self._best()

    def _best(self) -> float:
        top = max(value for value, _ in self.scores.values())
        slack = 1e-13 * abs(top) if np.isfinite(top) else 0.0
        tied = [share for share, (value, _) in self.scores.items() if value >= top - slack]
        share = max(tied, key=lambda each: self.scores[each][1])
        low, high = self.game.contract.bounds
        for bound in (low, high):
            near = abs(share - bound) <= _ON_BOUND * (high - low)
            if near and self.scores[bound][0] >= top - 10.0 * slack:
                return bound
        return share

    def _climb(self, solution: str, stakes: Stakes, shares: Array, peak: int) -> None:
        """Magnify a stretch around a sampled share."""
        low, high = shares[max(peak - 1, 0)], shares[min(peak + 1, shares.size - 1)]
        rough = not self.few
        for _ in range(_ROUNDS):
            if high - low <= _NARROW[self.few]:
                return
            middle, half = 0.5 * (low + high), 0.5 * (high - low)
            t = np.cos(np.pi * np.arange(_NODES - 1, -1, -1) / (_NODES - 1))
            nodes = np.unique(np.clip(middle + half * t, low, high))
            if rough:
                # the ends are known loosely only
                self.scores.pop(float(low), None)
                self.scores.pop(float(high), None)
            values = np.array([self.score(solution, stakes, float(each)) for each in nodes])
            rough = False
            at = int(values.argmax())
            best = max(value for value, _ in self.scores.values())
            finite = values[np.isfinite(values) & (values > -1e299)]
            if finite.size and values[at] + _OPTIMISM * np.ptp(finite) < best:
                return
            if np.isfinite(values).all() and values.min() > -1e299:
                top = _top(nodes, values)
                if top is not None:
                    share, expected = top
                    value = self.score(solution, stakes, share)
                    if abs(value - expected) <= _FITS * abs(expected):
                        return
            low, high = nodes[max(at - 1, 0)], nodes[min(at + 1, nodes.size - 1)]

    def _ideal(
        self,
        shares: Array,
        taking: list[NDArray[np.bool_]],
        utilities: Array,
        stakes: Stakes,
    ) -> Array:
        """Every player's best utility over the acceptable shares, by parabolas of degree four."""
        signed = stakes.acceptable(utilities)
        all_in = all(bool(takes.all()) for takes in taking[1:-1])
        if not (self.few and signed[1:-1].all() and all_in):
            raise NotCoveredError
        values = np.where(signed, utilities, -np.inf)
        ideal: Array = values.max(axis=1)
        at = values.argmax(axis=1)
        for k in np.unique(at):
            rows = np.flatnonzero((at == k) & stakes.bargainers)
            if not rows.size or k in (0, shares.size - 1):
                continue
            first = min(max(k - 3, 0), shares.size - 7)
            near = np.arange(first, first + 7)
            t = (shares[near] - shares[k]) / (shares[k + 1] - shares[k - 1])
            powers = np.linalg.solve(np.vander(t, increasing=True), utilities[np.ix_(rows, near)].T)
            x = np.zeros(rows.size)
            for _ in range(8):
                order = np.arange(7)[:, None]
                rate = (order[1:] * powers[1:] * x ** (order[1:] - 1)).sum(axis=0)
                bend = (order[2:] * (order[2:] - 1) * powers[2:] * x ** (order[2:] - 2)).sum(axis=0)
                x = np.clip(x - rate / bend, -1.0, 1.0)
            ideal[rows] = np.maximum(ideal[rows], (powers * x ** np.arange(7)[:, None]).sum(axis=0))
        return ideal


def _grid(low: float, high: float, points: int) -> Array:
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
    rise = np.where(np.isfinite(rise) & (rise < 1e299), rise, 0.0)
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
