"""One game with very many followers: all their best responses to a base level, in columns.

Nothing here loops over followers: a reply of all of them takes a few passes of array operations
over chunks that a cache holds. Every reply decides afresh who contributes, stays or abstains; only
the Newton iterations start from the reply before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd_response import SETTLED, Chunk, Found, respond
from opt_games.kernels.lockstep.market import Market

Shares = float | Array
"""The leader's share of revenue: of all domains, or one per follower of the market."""

_CHUNK = 4_096


@dataclass(frozen=True)
class Reply:
    """What followers do at a base level and a contract, and what it leaves to the leader.

    Attributes
    ----------
    base : float
    share : float or ndarray, shape (followers of the market,)
        The leader's share of revenue, of all domains or by follower.
    payoff : float
        The leader's.
    slope : float
        Its derivative in the base level, while nobody enters or leaves.
    turnover : float
        The revenue of those who take part, and the leader's cost.
    extra, revenue, profit : ndarray, shape (followers,)
        Contributions, also those that abstainers would make; revenue if they take part; and
        profits, outside options for abstainers.
    contributes, takes : ndarray of bool, shape (followers,)
    settled : bool
        Whether all responses were found.
    """

    base: float
    share: Shares
    payoff: float
    slope: float
    turnover: float
    extra: Array
    revenue: Array
    profit: Array
    contributes: NDArray[np.bool_]
    takes: NDArray[np.bool_]
    settled: bool


class Background(Protocol):
    """What followers bring who are not looked at one by one, at a common share."""

    def revenue(self, base: Array, share: float) -> tuple[Array, Array]:
        """Return their revenue at base levels, and its derivative in the base level."""
        ...


@dataclass
class Crowd:
    """The followers of one game in chunks; remembers the last contributions.

    Attributes
    ----------
    market : Market
        With one game.
    chunks : tuple of Chunk
    extra : ndarray, shape (followers,)
        Where Newton iterations start.
    ids : ndarray of int, shape (followers,)
        Their positions among the followers of the market.
    background : Background, optional
        What followers who are not in the chunks bring, as a function of base level and share.
    replies : int
        How many were computed.
    """

    market: Market
    chunks: tuple[Chunk, ...]
    extra: Array
    ids: NDArray[np.int64]
    background: Background | None = None
    replies: int = 0

    @classmethod
    def of(cls, market: Market, scale: float) -> Crowd:
        """Cut a market into chunks; `scale` is a level to start from."""
        chunks = []
        for form, columns in zip(market.forms.followers, market.followers, strict=True):
            size = form.members.size
            flat = tuple(np.broadcast_to(column[:, 0], size) for column in columns)
            for start in range(0, form.members.size, _CHUNK):
                rows = slice(start, start + _CHUNK)
                members = form.members[rows]
                chunks.append(
                    Chunk(
                        form,
                        members,
                        tuple(each[rows] for each in flat),
                        market.outside[members + 1, 0],
                        np.ones(members.size),
                    )
                )
        return cls(market, tuple(chunks), np.full(market.size, scale), np.arange(market.size))

    def sample(self, size: int, importance: Array) -> Crowd:
        """Return about `size` followers that stand for all.

        The more important half stand for themselves; of the others some are drawn by chance.

        Parameters
        ----------
        size : int
        importance : ndarray, shape (followers,)
        """
        count = importance.size
        if size >= count:
            return replace(self, extra=self.extra.copy(), replies=0)
        kept = np.zeros(count, dtype=bool)
        kept[np.argpartition(importance, count - size // 2)[count - size // 2 :]] = True
        rng = np.random.default_rng(0)
        weight = np.where(kept, 1.0, 0.0)
        for form in self.market.forms.followers:
            mine = [chunk.members for chunk in self.chunks if chunk.form is form]
            members = np.concatenate([np.zeros(0, dtype=np.int64), *mine])
            others = members[~kept[members]]
            if others.size:
                # no form goes without one that stands for it
                drawn = -(-(size - size // 2) * others.size // (count - size // 2))
                weight[rng.choice(others, drawn, replace=False)] = others.size / drawn
        return self.only(weight > 0, weight)

    def only(self, members: NDArray[np.bool_], weight: Array | None = None) -> Crowd:
        """Return some of the followers, by a mask over all, with other weights."""
        renumbered = np.cumsum(members) - 1
        chunks = []
        for chunk in self.chunks:
            rows = members[chunk.members]
            if rows.any():
                part = chunk.take(rows)
                heavy = part.weight if weight is None else weight[part.members]
                chunks.append(replace(part, members=renumbered[part.members], weight=heavy))
        ids = self.ids[members]
        return Crowd(self.market, _joined(chunks), self.extra[members], ids, self.background)

    def rows(self, rows: NDArray[np.int64]) -> Crowd:
        """Return some of the followers by their positions, also repeatedly."""
        owner = np.empty(self.extra.size, dtype=np.int64)
        place = np.empty(self.extra.size, dtype=np.int64)
        for k, chunk in enumerate(self.chunks):
            owner[chunk.members], place[chunk.members] = k, np.arange(chunk.members.size)
        chunks = []
        order = np.argsort(owner[rows], kind="stable")
        ends = np.searchsorted(owner[rows][order], np.arange(len(self.chunks) + 1))
        for k, chunk in enumerate(self.chunks):
            mine = order[ends[k] : ends[k + 1]]
            if mine.size:
                chunks.append(replace(chunk.take(place[rows[mine]]), members=mine))
        return Crowd(self.market, _joined(chunks), self.extra[rows], self.ids[rows])

    def own(self, share: Shares, rows: NDArray[np.int64]) -> Shares:
        """Return the share of these followers, by position: a common one, or one for each."""
        return share[self.ids[rows]] if isinstance(share, np.ndarray) else share

    def reply(self, base: float, share: Shares) -> Reply:
        """Find all best responses to a base level, for a common share or one per follower."""
        self.replies += 1
        size = self.extra.size
        revenue, profit = np.zeros(size), np.zeros(size)
        contributes, takes = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
        received, gained, earned = [], [], []
        settled = True
        common = self._common(share)
        for chunk in self.chunks:
            rows = chunk.members
            own = self.own(share, rows)
            found = respond(chunk, base, own, self.extra[rows])
            revenue_here, marginal_here = _summed(found, own)
            self.extra[rows] = found.extra
            revenue[rows], profit[rows] = found.revenue, found.profit
            contributes[rows], takes[rows] = found.contributes, found.takes
            received.append(float(chunk.weight @ revenue_here))
            gained.append(float(chunk.weight @ marginal_here))
            earned.append(float(chunk.weight @ found.revenue))
            settled &= found.settled
        if self.background is not None:
            revenue_there, marginal_there = self.background.revenue(np.array(base), common)
            received.append(float(revenue_there))
            earned.append(float(revenue_there))
            gained.append(float(marginal_there))
        cost, marginal_cost = self.cost(base)
        # a leader without a share gets nothing of marginal revenue that may be infinite
        slope = (common * math.fsum(gained) if common > 0.0 else 0.0) - marginal_cost
        return Reply(
            base,
            share,
            common * math.fsum(received) - cost,
            slope,
            abs(math.fsum(earned)) + abs(cost),
            self.extra.copy(),
            revenue,
            profit,
            contributes,
            takes,
            settled,
        )

    def lanes(
        self, base: Array, share: Shares, start: Array, settled_at: float = SETTLED
    ) -> tuple[Array, Array, Array]:
        """Return the leader's payoff and slope at many base levels, and all contributions.

        Parameters
        ----------
        base : ndarray, shape (lanes,)
        share : float or ndarray, shape (followers of the market,)
        start : ndarray, shape (lanes, followers) or (followers,)
        settled_at : float
            The last Newton step that is allowed; its square is left.
        """
        received, gained = np.zeros(base.size), np.zeros(base.size)
        common = self._common(share)
        extra = np.array(np.broadcast_to(start, (base.size, self.extra.size)))
        for chunk in self.chunks:
            size = max(1, _CHUNK // chunk.members.size)
            own = self.own(share, chunk.members)
            for first in range(0, base.size, size):
                at = slice(first, first + size)
                cells = np.ix_(np.arange(base.size)[at], chunk.members)
                found = respond(chunk, base[at, None], own, extra[cells], settled_at)
                extra[cells] = found.extra
                revenue_here, marginal_here = _summed(found, own)
                received[at] += revenue_here @ chunk.weight
                gained[at] += marginal_here @ chunk.weight
        if self.background is not None:
            revenue, marginal = self.background.revenue(base, common)
            received += revenue
            gained += marginal
        cost, slope = (np.array(each) for each in zip(*map(self.cost, base.tolist()), strict=True))
        with np.errstate(invalid="ignore"):
            return common * received - cost, common * gained - slope, extra

    def _common(self, share: Shares) -> float:
        """Return by what sums over followers are multiplied: 1 if each has a share of its own."""
        if not isinstance(share, np.ndarray):
            return share
        if self.background is not None:
            raise TypeError("a background knows common shares only")
        return 1.0

    def cost(self, base: float) -> tuple[float, float]:
        """Return the leader's cost and its derivative."""
        arguments = [np.array([base]), *self.market.leader]
        cost, slope, _ = self.market.forms.leader_cost(*arguments)
        return float(np.ravel(cost)[0]), float(np.ravel(slope)[0])


def _summed(found: Found, own: Shares) -> tuple[Array, Array]:
    """Return what to sum over followers: revenue and marginal revenue, or the leader's parts."""
    if isinstance(own, np.ndarray):
        return found.paid(own)
    return found.revenue, found.marginal


def _joined(chunks: list[Chunk]) -> tuple[Chunk, ...]:
    """Merge neighbouring small chunks of one form."""
    merged: list[Chunk] = []
    for chunk in chunks:
        last = merged[-1] if merged else None
        if (
            last is None
            or last.form is not chunk.form
            or last.members.size + chunk.members.size > _CHUNK
        ):
            merged.append(chunk)
            continue
        merged[-1] = Chunk(
            chunk.form,
            np.concatenate([last.members, chunk.members]),
            tuple(
                np.concatenate([each, other])
                for each, other in zip(last.parameters, chunk.parameters, strict=True)
            ),
            np.concatenate([last.outside, chunk.outside]),
            np.concatenate([last.weight, chunk.weight]),
        )
    return tuple(merged)
