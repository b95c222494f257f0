"""The common share that a leader and very many followers agree on.

Up to some thousand followers are looked at one by one. Of more, a sample shows where the best share
is; around it, nearly all of them become polynomials (`crowd_patch`), and the search goes on with
what is left.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opt_games.bargaining.crowd_line import CrowdLine, NotCoveredError, share_grid
from opt_games.bargaining.crowd_stakes import Contract, CrowdStakes
from opt_games.game import Game
from opt_games.kernels.crowd import Crowd, Reply, Shares
from opt_games.kernels.crowd_leader import Search
from opt_games.kernels.crowd_patch import Box, with_patch

DIRECT = 3_000
"""Followers up to which all are looked at one by one."""

_FEW = 512  # of which shares are sampled more finely
_SHARES = {True: 97, False: 33}
_CLOSER = {True: 1025, False: 257}
_SHARERS = ("nash", "egalitarian", "kalai-smorodinsky")
_SAMPLES = (65_536,)
_POLISH = 3e-4
_NODES = 6
_AGAIN = 6
_SAME = 1e-4
_LEVELS = 17
_SMOOTH, _KINKED = 9, 33
_SCANNED = 2048
_WORTH = 0.6  # a patch that leaves more than this part of the followers was the last
_EDGE = 0.02


def agree(game: Game, search: Search, solution: str) -> Contract | None:
    """Find the contract of a bargaining solution, with the reply of all; None without agreement.

    Parameters
    ----------
    game : Game
    search : Search
        Of the leader's best base levels among all followers.
    solution : str
        Canonical name.
    """
    crowd = search.crowd
    bounds = game.contract.bounds
    stakes = CrowdStakes.of(game, crowd.market)
    direct = crowd.extra.size <= DIRECT
    scan = search if direct else search.of_screen()
    few = scan.crowd.extra.size <= _FEW
    for points in (_SHARES[few], _CLOSER[few]):
        shares = share_grid(*bounds, points)
        line = CrowdLine(scan, stakes, solution, bounds)
        sharp = 1e-13 if direct else 1e-5
        found = [line.contract(float(share), sharp) for share in shares]
        contracts = [each for each in found if each is not None]
        if len(contracts) < len(found):
            raise NotCoveredError
        settled = stakes.settled(scan.crowd, contracts)
        if settled is not None:
            break
    else:
        return None
    line.stakes = settled
    if solution == "kalai-smorodinsky":
        line.stakes = _with_ideals(line, contracts)
    for each in contracts:
        line.remember(each)
    if direct:
        share = line.best(shares)
        return line.contract(_on_bound(line, share))
    if solution in _SHARERS:
        best_first = sorted(contracts, key=lambda each: -line.scored[each.share].score)
        whole = line.stakes.widened(crowd, best_first)
        line.stakes = replace(whole, bargainers=whole.bargainers | line.stakes.bargainers)
    del contracts, found
    share = line.best(shares, roughly=True)
    return _Closer(search, line.stakes, line.solution, bounds).settle(line, share)


def given(search: Search, share: float) -> Contract:
    """Return a given contract."""
    reply = reply_to(search, share)
    outside = search.crowd.market.outside[0, 0]
    active = bool(reply.payoff >= outside - 1e-12 * (reply.turnover + abs(outside)))
    return Contract(share, active, reply)


def reply_to(search: Search, share: Shares) -> Reply:
    """Return what a common share, or one per follower, leads to if the leader takes part."""
    reply = search.optimum(share)
    if reply is None or not reply.settled or not np.isfinite(reply.payoff):
        raise NotCoveredError
    return reply


class _Closer:
    """Looks closer and closer around the share that a sample agrees on."""

    def __init__(
        self,
        search: Search,
        stakes: CrowdStakes,
        solution: str,
        bounds: tuple[float, float],
    ) -> None:
        self.search, self.stakes, self.solution, self.bounds = search, stakes, solution, bounds

    def settle(self, line: CrowdLine, share: float) -> Contract:
        """Return the best contract, from a line along a sample and its best share."""
        everybody = self.search.crowd
        before = line.search.crowd.extra.size
        importance = np.abs(everybody.reply(line.at(share).base, share).revenue)
        sizes = [size for size in _SAMPLES if 2 * size < everybody.extra.size]
        for size in [*sizes, everybody.extra.size]:
            crowd = everybody.sample(size, importance)
            line, share = self._around(crowd, line, share, before)
            before = size
        # so close that what polynomials leave out is rounding
        box = self._box(line, share, _POLISH)
        fine = self._line(with_patch(everybody, box, 4, self.stakes.sums(self.solution)), box)
        if fine.search.crowd.extra.size <= DIRECT:
            fine.best(np.linspace(*box.share, 5))
            if not self._at_edge(fine.top(), box):
                line, share = fine, fine.top()
        return self._exactly(line, _on_bound(line, share))

    def _exactly(self, line: CrowdLine, share: float) -> Contract:
        """Return the equilibrium of all, which must be the one that was expected."""
        expected = line.at(share)
        reply = self.search.optimum(share)
        if reply is None or not (reply.settled and reply.takes.all()):
            raise NotCoveredError
        if abs(reply.base - expected.base) > _SAME * expected.base:
            raise NotCoveredError
        outside = self.stakes.market.outside[0, 0]
        active = bool(reply.payoff >= outside - 1e-10 * (reply.turnover + abs(outside)))
        return Contract(share, active, reply)

    def _around(
        self, crowd: Crowd, line: CrowdLine, share: float, size: int
    ) -> tuple[CrowdLine, float]:
        """Search a crowd around the best share of a sample of so many, and on from an end."""
        for _ in range(_AGAIN):
            box = self._box(line, share, 3.0 * size**-0.5)
            inner = self._inside(crowd, box)
            if inner.undecided():
                self.solution = "utilitarian"
                continue
            share = inner.top()
            if np.isfinite(inner.scored[share].score) and not self._at_edge(share, box):
                return inner, share
        raise NotCoveredError

    def _box(self, line: CrowdLine, share: float, reach: float) -> Box:
        """Return where to look around a share: a relative distance."""
        low, high = self.bounds
        width = reach * min(max(share, 1e-9), max(1.0 - share, 1e-9))
        box = max(share - width, low), min(share + width, high)
        bases = [
            found.base for each in np.linspace(*box, 5) if (found := line.search.optimum(each))
        ]
        return Box(((1.0 - reach) * min(bases), (1.0 + reach) * max(bases)), box)

    def _line(self, crowd: Crowd, box: Box) -> CrowdLine:
        search = Search.within(crowd, *box.base, _LEVELS)
        return CrowdLine(search, self.stakes, self.solution, self.bounds)

    def _inside(self, crowd: Crowd, box: Box) -> CrowdLine:
        """Search a box: with those left by a patch, or first a sample of them."""
        before = crowd.extra.size
        crowd = with_patch(crowd, box, _NODES, self.stakes.sums(self.solution))
        line = self._line(crowd, box)
        left = crowd.extra.size
        shares = np.linspace(*box.share, _KINKED if left else _SMOOTH)
        if left <= DIRECT or left > _WORTH * before:
            line.best(shares)
            return line
        importance = np.abs(crowd.reply(box.base[0], box.share[0]).revenue)
        scan = self._line(crowd.sample(_SCANNED, importance), box)
        share = scan.best(shares, roughly=True)
        a, b = box.share
        reach = 0.25 * (b - a)
        closer = max(share - reach, a), min(share + reach, b)
        bases = [each.base for at, each in scan.scored.items() if closer[0] <= at <= closer[1]]
        bases = [base for base in bases if np.isfinite(base)]
        margin = 0.25 * (box.base[1] - box.base[0])
        if not bases:
            line.best(shares)
            return line
        within = max(min(bases) - margin, box.base[0]), min(max(bases) + margin, box.base[1])
        return self._inside(crowd, Box(within, closer))

    def _at_edge(self, share: float, box: Box) -> bool:
        low, high = box.share
        margin = _EDGE * (high - low)
        return (share < low + margin and low > self.bounds[0]) or (
            share > high - margin and high < self.bounds[1]
        )


def _on_bound(line: CrowdLine, share: float) -> float:
    """Put a share that is all but on a bound on it, if that is as good."""
    low, high = line.bounds
    for bound in (low, high):
        if abs(share - bound) <= 1e-9 * (high - low):
            best = line.at(share).score
            return bound if line.at(bound).score >= best - 1e-12 * abs(best) else share
    return share


def _with_ideals(line: CrowdLine, contracts: list[Contract]) -> CrowdStakes:
    """Find every player's best utility over the acceptable shares, by polynomials of degree six.

    Raises
    ------
    NotCoveredError
        If the leader does not take part at every share between the bounds, or some followers are
        not looked at.
    """
    crowd, stakes = line.search.crowd, line.stakes
    shares = np.array([each.share for each in contracts])
    utilities = np.array([stakes.utilities(crowd, each) for each in contracts]).T
    players = np.append(0, crowd.ids + 1)
    inner = range(1, shares.size - 1)
    whole = crowd.extra.size == crowd.market.size
    if not whole or not all(
        contracts[k].active and stakes.acceptable(players, utilities[:, k]) for k in inner
    ):
        raise NotCoveredError
    signed = np.array([stakes.acceptable(players, column) for column in utilities.T])
    values = np.where(signed, utilities, -np.inf)
    ideal = values.max(axis=1)
    at = values.argmax(axis=1)
    order = np.arange(7)[:, None]
    for k in np.unique(at):
        rows = np.flatnonzero(at == k)
        if k in (0, shares.size - 1):
            continue
        near = np.arange(7) + min(max(k - 3, 0), shares.size - 7)
        t = (shares[near] - shares[k]) / (shares[k + 1] - shares[k - 1])
        powers = np.linalg.solve(np.vander(t, increasing=True), utilities[np.ix_(rows, near)].T)
        x = np.zeros(rows.size)
        for _ in range(8):
            rate = (order[1:] * powers[1:] * x ** (order[1:] - 1)).sum(axis=0)
            bend = (order[2:] * (order[2:] - 1) * powers[2:] * x ** (order[2:] - 2)).sum(axis=0)
            with np.errstate(all="ignore"):
                x = np.clip(np.nan_to_num(x - rate / bend), -1.0, 1.0)
        ideal[rows] = np.maximum(ideal[rows], (powers * x**order).sum(axis=0))
    return replace(stakes, ideal=ideal)
