"""A brute force over levels and shares, written apart from the package's own methods.

Players are plain callables on arrays. Every maximum is found by a grid and by magnifying around its
best nodes, so that nothing has to be smooth or single-peaked. Slow, and good to about 1e-8 in
utilities.

A generalist's base levels and a specialist's contributions are looked for on `GRID`, geometric and
with 0, times the scale that the game gives. Features narrower than a cell of it are missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Array = Any
GRID = np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 241)])
SIDE = 6  # new nodes on either side of a best node, when magnifying
KEPT = 6  # best nodes magnified
TIE = 1e-11


def identity(profit: Array) -> Array:
    return profit


@dataclass(frozen=True)
class Adapter:
    """A specialist: revenue of the final level, cost of the final and the base level."""

    revenue: Callable[[Array], Array]
    cost: Callable[[Array, Array], Array]
    utility: Callable[[Array], Array] = identity
    outside: float = 0.0


@dataclass(frozen=True)
class Market:
    """A game; no level worth looking at is above `scale`."""

    cost: Callable[[Array], Array]
    adapters: Sequence[Adapter]
    scale: float
    utility: Callable[[Array], Array] = identity
    outside: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """Equilibria for m contracts: arrays end in an axis of length m, players come first."""

    base: Array
    final: Array  # of the specialists; nan where one abstains
    profits: Array
    utilities: Array


def magnified(left: Array, middle: Array, right: Array) -> Array:
    """Nodes between the neighbours of a node, along a new last axis."""
    step = np.arange(1, SIDE + 1) / (SIDE + 1)
    low = left[..., None] + (middle - left)[..., None] * np.concatenate([[0.0], step])
    high = middle[..., None] + (right - middle)[..., None] * np.concatenate([[0.0], step, [1.0]])
    return np.concatenate([low, high], axis=-1)


def around(nodes: Array, best: Array) -> tuple[Array, Array, Array]:
    """A best node and its neighbours."""
    last = nodes.shape[-1] - 1
    picked = [np.maximum(best - 1, 0), best, np.minimum(best + 1, last)]
    return tuple(np.take_along_axis(nodes, at[..., None], -1)[..., 0] for at in picked)


def stationary(
    value: Callable[[Array], Array], left: Array, right: Array, step: float | None = None
) -> Array:
    """Where the slope, from four values around a point, turns from rising to falling."""
    for _ in range(32):
        centre = (left + right) / 2
        by = (1e-3 * centre if step is None else np.full_like(centre, step))[..., None] * np.array(
            [-2, -1, 1, 2]
        )
        slope = value(centre[..., None] + by) @ np.array([1, -8, 8, -1])
        left, right = np.where(slope > 0, centre, left), np.where(slope > 0, right, centre)
    return (left + right) / 2


def response(adapter: Adapter, share: Array, base: Array, scale: float) -> tuple[Array, Array]:
    """The best contribution to each base level, and its profit; ties go to the higher level."""

    def profit(extra: Array) -> Array:
        final = base[..., None] + extra
        with np.errstate(all="ignore"):
            gain = (1 - share[..., None]) * adapter.revenue(final)
            found = gain - adapter.cost(final, base[..., None])
        return np.where(np.isnan(found), -np.inf, found)

    def last_best(values: Array) -> Array:
        return values.shape[-1] - 1 - np.argmax(values[..., ::-1], axis=-1)

    nodes = np.broadcast_to(GRID * scale, (*base.shape, GRID.size))
    at_zero = profit(np.zeros((*base.shape, 1)))[..., 0]
    for _ in range(3):
        nodes = magnified(*around(nodes, last_best(profit(nodes))))
    left, middle, right = around(nodes, last_best(profit(nodes)))
    polished = stationary(profit, left, right)
    ends = np.stack([np.zeros_like(middle), middle, polished], axis=-1)
    values = profit(ends)
    values[..., 2] += 1e-13 * np.abs(values[..., 1])  # preferred to its neighbour within rounding
    values[..., 0] = at_zero
    best = last_best(values)
    extra = np.take_along_axis(ends, best[..., None], -1)[..., 0]
    return extra, profit(extra[..., None])[..., 0]


def _evaluate(market: Market, shares: Array, base: Array) -> tuple[Array, Array, Array, Array]:
    """The generalist's profit at base levels (m, nodes), and each specialist's answer to them."""
    earned = np.zeros(base.shape)
    levels, profits, joins = [], [], []
    for adapter, share in zip(market.adapters, shares, strict=True):
        wide = np.broadcast_to(share[:, None], base.shape)
        extra, profit = response(adapter, wide, base, market.scale)
        joined = profit >= adapter.outside - TIE
        with np.errstate(all="ignore"):
            earned += np.where(joined, wide * adapter.revenue(base + extra), 0.0)
        levels.append(base + extra)
        profits.append(np.where(joined, profit, adapter.outside))
        joins.append(joined)
    return earned - market.cost(base), np.array(levels), np.array(profits), np.array(joins)


def equilibria(market: Market, shares: Array) -> Outcome:
    """The subgame-perfect equilibria for contracts of shape (specialists, m) or (m,) if common."""
    shares = np.atleast_1d(np.asarray(shares, dtype=float))
    if shares.ndim == 1:
        shares = np.broadcast_to(shares, (len(market.adapters), shares.size))
    pieces = [_equilibria(market, shares[:, k : k + 64]) for k in range(0, shares.shape[1], 64)]
    return Outcome(
        *(
            np.concatenate([getattr(piece, name) for piece in pieces], axis=-1)
            for name in ("base", "final", "profits", "utilities")
        )
    )


def _equilibria(market: Market, shares: Array) -> Outcome:
    count = shares.shape[1]
    nodes = np.broadcast_to(GRID * market.scale, (count, GRID.size))
    own, _, _, joined = _evaluate(market, shares, nodes)
    void = np.full((count, 1), -np.inf)
    peak = (own >= np.hstack([void, own[:, :-1]])) & (own >= np.hstack([own[:, 1:], void]))
    flips = (joined[..., 1:] != joined[..., :-1]).any(axis=0)  # a peak may hide beside a jump
    peak[:, 1:] |= flips
    peak[:, :-1] |= flips
    rank = np.argsort(np.argsort(np.where(peak, -own, np.inf), axis=1), axis=1)
    case, best = np.nonzero(peak & (rank < KEPT))
    place = rank[case, best]
    at, offered = nodes[case], shares[:, case]
    for turn in range(13):
        at = magnified(*around(at, best))
        value, _, others, _ = _evaluate(market, offered, at)
        best = _preferred(value, others.sum(axis=0))
        left, middle, right = around(at, best)
        if turn == 2:
            smooth = stationary(lambda x: _evaluate(market, offered, x)[0], left, right)
    value, *_ = _evaluate(market, offered, np.stack([middle, smooth], axis=1))
    placed = np.where(value[:, 1] >= value[:, 0] - 1e-12 * np.abs(value[:, 0]), smooth, middle)
    finalists = np.zeros((count, KEPT))
    finalists[case, place] = placed
    own, levels, others, joined = _evaluate(market, shares, finalists)
    best = _preferred(own, others.sum(axis=0), TIE)

    def pick(values: Array) -> Array:
        at = np.broadcast_to(best[:, None], (*values.shape[:-1], 1))
        return np.take_along_axis(values, at, -1)[..., 0]

    produces = pick(own) >= market.outside - TIE
    base = np.where(produces, pick(finalists), np.nan)
    profits = np.vstack([np.where(produces, pick(own), market.outside)[None], pick(others)])
    outside = np.array([adapter.outside for adapter in market.adapters])[:, None]
    profits[1:] = np.where(produces, profits[1:], outside)
    final = np.where(pick(joined) & produces, pick(levels), np.nan)
    worth = [market.utility, *(adapter.utility for adapter in market.adapters)]
    utilities = np.array([u(p) for u, p in zip(worth, profits, strict=True)])
    return Outcome(base, final, profits, utilities)


def _preferred(own: Array, others: Array, tie: float = 0.0) -> Array:
    """The best node along the last axis; among equals, the one that the others prefer."""
    highest = own.max(axis=-1, keepdims=True)
    return np.argmax(np.where(own >= highest - tie, others, -np.inf), axis=-1)


# --- bargaining ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """What contracts lead to: shares (n, m), gains (players, m) over disagreement, and more."""

    shares: Array
    outcome: Outcome
    disagreement: Array
    weights: Array
    ideal: Array = None

    @property
    def gains(self) -> Array:
        return self.outcome.utilities - self.disagreement[:, None]

    @property
    def bargainers(self) -> Array:
        """Players who can gain by some acceptable contract; the others have no say."""
        return self.ideal > self.disagreement + 1e-9

    @property
    def acceptable(self) -> Array:
        """Contracts that leave nobody below disagreement and somebody above."""
        return (self.gains >= -1e-9).all(axis=0) & (self.gains > 1e-9).any(axis=0)


def _relative(table: Table) -> Array:
    who = table.bargainers
    best = (table.ideal - table.disagreement)[who]
    return (table.gains[who] / best[:, None]).min(axis=0)


def _log_product(table: Table, weights: Array) -> Array:
    counted = table.bargainers & (weights > 0)
    with np.errstate(divide="ignore"):
        logs = np.log(np.maximum(table.gains[counted], 0.0))
    return weights[counted] @ logs


OBJECTIVES: Mapping[str, Callable[[Table], Array]] = {
    "utilitarian": lambda t: t.outcome.utilities.sum(axis=0),
    "weighted": lambda t: t.weights @ t.outcome.utilities,
    "nash": lambda t: _log_product(t, np.ones_like(t.weights)),
    "asymmetric-nash": lambda t: _log_product(t, t.weights),
    "kalai-smorodinsky": _relative,
    "egalitarian": lambda t: t.gains[t.bargainers].min(axis=0),
    "max-performance": lambda t: np.nansum(t.outcome.final, axis=0),
    "powerful-generalist": lambda t: t.outcome.utilities[0],
    "powerful-specialist": lambda t: t.outcome.utilities[1:].sum(axis=0),
}
"""What each bargaining solution makes as large as it can, over the acceptable contracts."""


@dataclass(frozen=True)
class Agreement:
    """The best contract found, or none."""

    share: float | None
    value: float
    utilities: Array


def tabulate(
    market: Market, shares: Array, *, disagreement: Array = None, weights: Array = None
) -> Table:
    """Evaluate contracts for bargaining."""
    players = len(market.adapters) + 1
    if disagreement is None:
        own = market.utility(market.outside)
        disagreement = [own, *(each.utility(each.outside) for each in market.adapters)]
    outcome = equilibria(market, shares)
    table = Table(
        np.asarray(shares, dtype=float),
        outcome,
        np.asarray(disagreement, dtype=float),
        np.ones(players) if weights is None else np.asarray(weights, dtype=float),
    )
    kept = np.where(table.acceptable, outcome.utilities, -np.inf).max(axis=1)
    return replace(table, ideal=kept)


def bargain(market: Market, solution: str, *, coarse: int = 401, **more: Array) -> Agreement:
    """Find the best common share by a grid, magnified around its best few nodes."""
    first = tabulate(market, np.linspace(0.0, 1.0, coarse), **more)
    if not first.acceptable.any():
        return Agreement(None, -np.inf, first.disagreement)
    if solution == "kalai-smorodinsky":
        best = [
            _best(market, first, lambda t, p=p: t.outcome.utilities[p], more).value
            for p in range(first.disagreement.size)
        ]
        first = replace(first, ideal=np.array(best))
    return _best(market, first, OBJECTIVES[solution], more)


def _best(
    market: Market, first: Table, objective: Callable[[Table], Array], more: Mapping[str, Array]
) -> Agreement:
    def values(nodes: Array) -> tuple[Array, Table]:
        flat = nodes.ravel()
        table = replace(tabulate(market, flat, **more), ideal=first.ideal)
        found = np.where(table.acceptable, objective(table), -np.inf)
        return found.reshape(nodes.shape), table

    scan = np.where(first.acceptable, objective(first), -np.inf)
    peak = (scan >= np.r_[-np.inf, scan[:-1]]) & (scan >= np.r_[scan[1:], -np.inf])
    starts = np.argsort(np.where(peak, scan, -np.inf))[:-5:-1]
    nodes = np.broadcast_to(first.shares, (starts.size, first.shares.size))
    left, middle, right = around(nodes, starts)
    for turn in range(6):
        nodes = magnified(left, middle, right)
        found, _ = values(nodes)
        left, middle, right = around(nodes, np.argmax(found, axis=1))
        if turn == 1:
            first_best = [int(np.argmax(found.max(axis=1)))]
            left, middle, right = left[first_best], middle[first_best], right[first_best]
            low, high = left, right
    smooth = stationary(lambda x: values(np.clip(x, 0.0, 1.0))[0], low, high, step=1e-3)
    found, table = values(np.stack([middle, smooth], axis=1)[0])
    at = int(found[1] >= found[0] - 1e-10)
    return Agreement(float(table.shares[at]), float(found[at]), table.outcome.utilities[:, at])


def undominated(utilities: Array, tolerance: float = 1e-9) -> Array:
    """Which columns no other weakly dominates: at least as good for all, better for one."""
    kept = np.ones(utilities.shape[1], dtype=bool)
    for k in range(utilities.shape[1]):
        ahead = utilities - utilities[:, [k]]
        kept[k] = not (
            (ahead >= -tolerance).all(axis=0) & (ahead > 10 * tolerance).any(axis=0)
        ).any()
    return kept
