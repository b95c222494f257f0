r"""The contract of a few specialists, placed exactly on one branch of the generalist's choice.

Say that the specialists :math:`T` take part. With :math:`e_i` the lowest base level at which
specialist i is willing, the generalist gets at least

.. math:: W_T(\delta) = \max_{x \ge \max_{i \in T} e_i} \sum_{i \in T} P_i(x, \delta_i) - \phi_0(x),

as whoever else comes in pays, too; its best is the largest of these. A branch is a set :math:`T`,
and whether the base level is stationary or that at which one of the set is just willing. On it all
is smooth, so that SLSQP finds the best contract that keeps every other :math:`W_S` below what the
generalist gets. What it finds is a local optimum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.optimize import minimize

from opt_games.bargaining.market_terms import SMALLEST_GAIN, Mask, Terms
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.crowd_response import Chunk, respond

_FORCED = -1e200  # an outside option that nobody takes
_SECANTS = 12
_STEP = 1e-6  # of differences
_TIE = 3e-9  # of turnover: what rivals, and staying out, are kept below, to be no ties
_ITERATIONS = 50
_APART = 1e-5
_EXACT = 1e-12
_CLEAR = 1e-3  # of turnover: what tells the two kinds of branches apart
_FLAT = 1e-8  # of the slopes around a maximum
_NEAR = 0.1  # of turnover


@dataclass(frozen=True)
class MarketBranch:
    """Who takes part, and where the generalist is.

    Attributes
    ----------
    takes : tuple of bool
        By specialist.
    edge : int or None
        Who is just willing at the generalist's base level; None if that is stationary.
    """

    takes: tuple[bool, ...]
    edge: int | None


@dataclass(frozen=True)
class _There:
    """Forced answers at base levels, arrays of shape (..., specialists)."""

    revenue: Array
    paid: Array
    marginal: Array
    profit: Array
    final: Array


@dataclass(frozen=True)
class MarketBranches:
    """The branches of a market of few.

    Attributes
    ----------
    crowd : Crowd
    terms : Terms
    nodes : ndarray
        Base levels at which to look, ascending.
    chunks : list of Chunk
        The specialists, all forced to take part.
    sets : ndarray of bool, shape (sets, specialists)
    """

    crowd: Crowd
    terms: Terms
    nodes: Array
    chunks: list[Chunk]
    sets: Mask

    @classmethod
    def of(cls, crowd: Crowd, terms: Terms, nodes: Array) -> MarketBranches:
        """Force everybody to take part, and list all sets of specialists."""
        chunks = [
            replace(each, outside=np.full(each.outside.shape, _FORCED)) for each in crowd.chunks
        ]
        every = np.array(list(product((False, True), repeat=crowd.market.size)))
        return cls(crowd, terms, nodes, chunks, every[1:])

    def answers(self, base: Array, shares: Array) -> _There:
        """Answer for all to base levels that broadcast to the shape of the shares."""
        shape = np.broadcast_shapes(base.shape, shares.shape)
        base, shares = np.broadcast_to(base, shape), np.broadcast_to(shares, shape)
        revenue, paid, marginal, profit, final = np.zeros((5, *shape))
        for chunk in self.chunks:
            rows = chunk.members
            start = np.broadcast_to(self.crowd.extra[rows], (*shape[:-1], rows.size))
            found = respond(chunk, base[..., rows], shares[..., rows], start)
            paid[..., rows], marginal[..., rows] = found.paid(shares[..., rows])
            revenue[..., rows], profit[..., rows] = found.revenue, found.profit
            final[..., rows] = base[..., rows] + np.where(found.contributes, found.extra, 0.0)
        return _There(revenue, paid, marginal, profit, final)

    @property
    def outside(self) -> Array:
        """What specialists earn when they abstain."""
        return np.asarray(self.crowd.market.outside[1:, 0])

    def entries(self, shares: Array) -> Array:
        """Return the lowest base levels at which each is willing; infinite beyond the highest."""
        nodes = self.nodes[:, None]
        gains = self.answers(nodes, shares[..., None, :]).profit - self.outside
        willing = gains >= 0.0
        k = willing.argmax(axis=-2)
        before = np.maximum(k - 1, 0)
        low, high = self.nodes[before], self.nodes[k]
        down = np.take_along_axis(gains, before[..., None, :], -2)[..., 0, :]
        up = np.take_along_axis(gains, k[..., None, :], -2)[..., 0, :]
        moves = (k > 0) & (down < 0.0)
        root = high
        for _ in range(_SECANTS if moves.any() else 0):
            with np.errstate(all="ignore"):
                root = np.where(moves, high - (high - low) * up / (up - down), high)
            here = self.answers(root, shares).profit - self.outside
            inside = here >= 0.0
            # the end that stays counts half (Illinois)
            up, down = np.where(inside, here, 0.5 * up), np.where(inside, 0.5 * down, here)
            low, high = np.where(inside, low, root), np.where(inside, root, high)
        return np.where(willing.any(axis=-2), high, np.inf)

    def cost(self, base: Array) -> tuple[Array, Array]:
        """Return the generalist's cost and marginal cost."""
        market = self.crowd.market
        cost, marginal, _ = market.forms.leader_cost(base[None], *market.leader)
        shape = (1, *base.shape)
        return np.broadcast_to(cost, shape)[0], np.broadcast_to(marginal, shape)[0]

    def tops(self, shares: Array) -> tuple[Array, Array]:
        """Return what the generalist gets with every set at least, and at which base level.

        Parameters
        ----------
        shares : ndarray, shape (contracts, specialists)

        Returns
        -------
        tuple of ndarray, shape (contracts, sets)
        """
        entries = self.entries(shares)
        first = np.where(self.sets, entries[:, None, :], 0.0).max(axis=2)
        reached = np.isfinite(first)
        first = np.where(reached, first, self.nodes[-1])
        there = self.answers(self.nodes[:, None], shares[:, None, :])
        value = there.paid @ self.sets.T - self.cost(self.nodes)[0][:, None]
        value = np.where(self.nodes[:, None] > first[:, None, :], value, -np.inf)
        own, _ = self._of_sets(first, shares)
        k = value.argmax(axis=1)
        best = np.take_along_axis(value, k[:, None, :], 1)[:, 0]
        left = np.maximum(self.nodes[np.maximum(k - 1, 0)], first)
        right = self.nodes[np.minimum(k + 1, self.nodes.size - 1)]
        # right of the lowest level if that is best, and the generalist would go on
        stays = own >= best
        beyond = self.nodes[
            np.minimum(np.searchsorted(self.nodes, first, side="right"), self.nodes.size - 1)
        ]
        left, right = np.where(stays, first, left), np.where(stays, beyond, right)
        up, down = self._of_sets(left, shares)[1], -self._of_sets(right, shares)[1]
        inside = (up > 0) & (down > 0)
        steep = np.abs(up) + np.abs(down)
        top = left
        for _ in range(_SECANTS):
            with np.errstate(all="ignore"):
                top = np.where(inside, left + (right - left) * up / (up + down), left)
            here = self._of_sets(top, shares)[1]
            rises = here > 0
            # the value is flat there: what is left counts as its square
            if (np.abs(here[inside]) <= _FLAT * steep[inside]).all():
                break
            up, down = np.where(rises, here, 0.5 * up), np.where(rises, 0.5 * down, -here)
            left, right = np.where(rises, top, left), np.where(rises, right, top)
        found = self._of_sets(top, shares)[0]
        levels = np.where(found >= own, top, first)
        return np.where(reached, np.maximum(found, own), -np.inf), levels

    def _of_sets(self, base: Array, shares: Array) -> tuple[Array, Array]:
        """Return the generalist's payoff and its slope, one base level per contract and set."""
        there = self.answers(base[..., None], shares[:, None, :])
        cost, marginal = self.cost(base)
        paid = np.where(self.sets, there.paid, 0.0).sum(axis=2)
        return paid - cost, np.where(self.sets, there.marginal, 0.0).sum(axis=2) - marginal

    def branches(self, base: float, shares: Array) -> list[MarketBranch]:
        """Return the branches that a contract with a base level may lie on."""
        there = self.answers(np.array([base]), shares)
        turnover = np.abs(there.revenue).sum() + self.cost(np.array([base]))[0][0]
        gain = there.profit - self.outside
        takes = gain >= -1e-9 * turnover
        if not takes.any():
            return []
        key = tuple(takes.tolist())
        edge = int(np.where(takes, gain, np.inf).argmin())
        slope = there.marginal[takes].sum() - self.cost(np.array([base]))[1][0]
        found = []
        if abs(slope) * base <= _CLEAR * turnover:
            found.append(MarketBranch(key, None))
        if gain[edge] <= _CLEAR * turnover or not found:
            found.append(MarketBranch(key, edge))
        return found

    def everybody(self, shares: Array) -> list[MarketBranch]:
        """Return the branches on which everybody takes part and one is just willing."""
        entries = self.entries(shares)
        key = (True,) * shares.size
        return [MarketBranch(key, int(k)) for k in np.flatnonzero(entries > self.nodes[0])]

    def highest_entry(self, shares: Array) -> float:
        """Return the base level from which on all are willing, or the highest looked at."""
        return float(min(self.entries(shares).max(), self.nodes[-1]))

    def best(
        self, branch: MarketBranch, base: float, shares: Array, iterations: int = _ITERATIONS
    ) -> Array:
        """Return the shares of a best contract on a branch; no better one if that fails.

        Parameters
        ----------
        branch : MarketBranch
        base : float
        shares : ndarray, shape (specialists,)
            Where to begin.
        iterations : int
            The most that SLSQP may take.
        """
        program = _BranchProgram.of(self, branch, base, shares)
        return program.solved(base, shares, iterations)


@dataclass
class _BranchProgram:
    """The program of one branch; columns of arrays are trial points."""

    market: MarketBranches
    branch: MarketBranch
    takes: Mask
    unit: float
    turnover: float
    values: dict[bytes, Array]
    slopes: dict[bytes, Array]

    @classmethod
    def of(
        cls, market: MarketBranches, branch: MarketBranch, base: float, shares: Array
    ) -> _BranchProgram:
        takes = np.array(branch.takes)
        there = market.answers(np.array([base]), shares)
        turnover = float(np.abs(there.revenue).sum() + market.cost(np.array([base]))[0][0])
        tops, levels = market.tops(shares[None])
        apart = np.abs(levels[0] - base) > _APART * base
        near = tops[0] > tops[0].max() - _NEAR * turnover
        rivals = apart & near & (market.sets != takes).any(axis=1)
        close = replace(market, sets=market.sets[rivals])
        return cls(close, branch, takes, max(base, _EXACT), max(turnover, _EXACT), {}, {})

    def rows(self, points: Array) -> Array:
        """Return objective, equality and inequalities, shape (points, 2 + inequalities)."""
        market, terms = self.market, self.market.terms
        base, shares = points[:, 0] * self.unit, points[:, 1 : 1 + self.takes.size]
        there = market.answers(base[:, None], shares)
        cost, marginal = market.cost(base)
        own = np.where(self.takes, there.paid, 0.0).sum(axis=1) - cost
        slope = np.where(self.takes, there.marginal, 0.0).sum(axis=1) - marginal
        slope = slope * self.unit / self.turnover
        gain = (there.profit - market.outside) / self.turnover
        profits = np.column_stack([own, np.where(self.takes, there.profit, market.outside)])
        utilities, _ = market.crowd.market.utility(profits.T)
        performance = np.where(self.takes, there.final, 0.0).sum(axis=1)
        goal, limits = self._goal(utilities, performance, points)
        members = self.takes.copy()
        columns = [goal, slope]
        if self.branch.edge is not None:
            members[self.branch.edge] = False
            columns = [goal, gain[:, self.branch.edge], -slope]
        columns += list(gain[:, members].T)
        columns.append((own - market.crowd.market.outside[0, 0]) / self.turnover - _TIE)
        if market.sets.size:
            tops, _ = market.tops(shares)
            above = (own[:, None] - tops) / self.turnover - _TIE
            columns += list(np.minimum(above, 1.0).T)
        # taking part already gives who disagrees for its outside option enough
        asks = terms.stakes.disagreement > terms.outside
        least = (utilities - terms.stakes.disagreement[:, None]) / self._scale[:, None]
        return np.column_stack([*columns, *least[asks], *limits])

    @property
    def _scale(self) -> Array:
        scale = self.market.terms.stakes.scale
        return np.where(scale > 0, scale, 1.0)

    def _goal(
        self, utilities: Array, performance: Array, points: Array
    ) -> tuple[Array, list[Array]]:
        terms, stakes = self.market.terms, self.market.terms.stakes
        gains = utilities - stakes.disagreement[:, None]
        if terms.solution in SMALLEST_GAIN:
            unit = float(self._scale.mean()) if terms.solution == "egalitarian" else 1.0
            who = stakes.bargainers
            worst = points[:, -1]
            return -worst, list((gains / terms.span[:, None])[who] / unit - worst)
        if terms.solution == "nash":
            say = stakes.bargainers & (terms.weights > 0)
            with np.errstate(all="ignore"):
                logs = np.log(np.maximum(gains / self._scale[:, None], 1e-300))
            return -(terms.weights[say] @ logs[say]) / terms.weights[say].sum(), []
        if terms.solution == "max-performance":
            return -performance / self.unit, []
        if terms.solution.startswith("player "):
            player = int(terms.solution.removeprefix("player "))
            return -utilities[player] / self._scale[player], []
        return -(terms.weights @ utilities) / float(terms.weights @ self._scale), []

    def at(self, point: Array) -> Array:
        """Return the rows of a point."""
        key = point.tobytes()
        if key not in self.values:
            self.values[key] = self.rows(point[None])[0]
        return self.values[key]

    def by(self, point: Array) -> Array:
        """Return the derivatives of the rows of a point, by central differences."""
        key = point.tobytes()
        if key not in self.slopes:
            low, high = self._bounds(point.size)
            steps = _STEP * np.eye(point.size)
            around = np.clip(np.vstack([point + steps, point - steps]), low, high)
            rows, count = self.rows(around), point.size
            wide = np.diag(around[:count] - around[count:])
            # a share with nowhere to go has no slope
            rise = rows[:count] - rows[count:]
            slopes = np.where(
                wide[:, None] > 0.0, rise / np.where(wide > 0.0, wide, 1.0)[:, None], 0.0
            )
            # SciPy's SLSQP reads the memory of its matrices in order
            self.slopes[key] = np.ascontiguousarray(slopes.T)
        return self.slopes[key]

    def _bounds(self, size: int) -> tuple[Array, Array]:
        low, high = self.market.terms.game.contract.bounds
        lower, upper = np.full(size, low), np.full(size, high)
        lower[0], upper[0] = 1e-3, np.inf
        lower[1 + self.takes.size :], upper[1 + self.takes.size :] = -np.inf, np.inf
        return lower, upper

    def solved(self, base: float, shares: Array, iterations: int) -> Array:
        point = np.append(base / self.unit, shares)
        if self.market.terms.solution in SMALLEST_GAIN:
            # feasible at the start: the smallest gain there
            point = np.append(point, 0.0)
            point[-1] = self.at(point)[-int(self.market.terms.stakes.bargainers.sum()) :].min()
        low, high = self._bounds(point.size)

        def part(which: slice | int, slopes: bool) -> Callable[[Array], Array]:
            rows = self.by if slopes else self.at
            return lambda x: rows(np.clip(x, low, high))[which]

        found = minimize(
            part(0, False),
            np.clip(point, low, high),
            jac=part(0, True),
            bounds=np.column_stack([low, high]),
            constraints=[
                {"type": "eq", "fun": part(slice(1, 2), False), "jac": part(slice(1, 2), True)},
                {
                    "type": "ineq",
                    "fun": part(slice(2, None), False),
                    "jac": part(slice(2, None), True),
                },
            ],
            method="SLSQP",
            options={"maxiter": iterations, "ftol": 1e-13},
        )
        count = self.takes.size
        bottom, top = self.market.terms.game.contract.bounds
        placed = found.x[1 : 1 + count]
        return np.clip(placed, bottom, top) if np.isfinite(placed).all() else shares
