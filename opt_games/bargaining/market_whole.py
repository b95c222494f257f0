r"""Contracts that hold the generalist at an edge, one share for each, by integer programs.

The linear program of `opt_games.bargaining.market_edges` mixes shares. In a market of thousands
that decides nothing; in one of dozens what is left of the mixtures costs percents. Here everybody
gets one of the shares, which makes it a mixed-integer linear program: who takes part, and who is
held just willing at which base level, come out of it together.

The generalist is kept off a grid of base levels only. Where its best lies beside them, that level
joins the program, which is solved again. Then base level and shares are looked at more closely.
What is found is best among the shares and levels that were looked at, to the gap of the programs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, kron

from opt_games.bargaining.crowd_line import NotCoveredError
from opt_games.bargaining.market_edges import Plan, edge_table
from opt_games.bargaining.market_equilibria import MarketEquilibria, Outcome
from opt_games.bargaining.market_prices import share_grid
from opt_games.bargaining.market_terms import Terms
from opt_games.kernels.array_function import Array
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.vendor_words import to_standard_error

WHOLE = 200
"""Specialists up to which everybody's share is chosen as a whole."""

_SHARES = 17
_LOOKS = (
    (np.array([1.0, 0.97, 1.03]), 1e-3),
    (np.array([1.0, 0.99, 1.01]), 5e-4),
    (np.array([1.0]), 2e-4),
)
"""Base levels, of that of the plan, then of the best; and relative gaps of the programs."""
_BESIDE = np.linspace(-1.0, 1.0, 9)  # shares looked at more closely, of a step of the grid
_NARROWER = 0.25
_EXCHANGES = 6
_SAME = 1e-6
_NEVER = -1e29
_NODES = 500


@dataclass
class WholeShares:
    """The search for one solution in one market.

    Attributes
    ----------
    equilibria : MarketEquilibria
    terms : Terms
    score : function of Outcome
    levels : ndarray, ascending
        Base levels that the generalist is kept off.
    options : SolverOptions
        Of which a limit of time holds for every program.
    best : Outcome or None
        The best contract so far.
    """

    equilibria: MarketEquilibria
    terms: Terms
    score: Callable[[Outcome], float]
    levels: Array
    options: SolverOptions
    best: Outcome | None = field(default=None, init=False)

    def search(self, plan: Plan) -> Outcome | None:
        """Choose everybody's share at the base level of a plan and beside it, ever more closely."""
        low, high = self.terms.game.contract.bounds
        grid = np.tile(
            share_grid(low, high, _SHARES)[:, None], self.equilibria.search.crowd.extra.size
        )
        base, step = plan.base, (high - low) / _SHARES
        for around, gap in _LOOKS:
            for each in base * around:
                self._held(float(each), grid, plan.profit_price, gap)
            if self.best is None or self.best.reply.base <= 0.0:
                break
            base = self.best.reply.base
            near = np.asarray(self.best.share) + step * _BESIDE[:, None]
            grid = np.sort(np.clip(near, low, high), axis=0)
            step *= _NARROWER
        return self.best

    def _held(self, base: float, grid: Array, price: float, gap: float) -> None:
        """Hold the generalist at a base level; levels that it prefers join the others."""
        for _ in range(_EXCHANGES):
            levels = np.union1d(self.levels, base)
            shares = self._chosen(levels, int(np.searchsorted(levels, base)), grid, price, gap)
            if shares is None:
                return
            try:
                outcome = self.equilibria.outcome(shares)
            except NotCoveredError:
                return
            if self.best is None or self.score(outcome) > self.score(self.best):
                self.best = outcome
            elsewhere = outcome.reply.base
            if abs(elsewhere - base) <= _SAME * base or elsewhere in self.levels:
                return
            self.levels = np.union1d(self.levels, elsewhere)

    def _chosen(
        self, levels: Array, at: int, grid: Array, price: float, gap: float
    ) -> Array | None:
        """Solve the integer program of one base level among others."""
        crowd = self.equilibria.search.crowd
        choices, there = edge_table(crowd, self.terms, levels, grid)
        rows, size = choices.paid.shape[1:]
        goal, paid = choices.goal[at], choices.paid[at]
        open_ = goal > _NEVER
        worth = np.where(open_, goal + price * paid, 0.0)
        others = np.arange(levels.size) != at
        # what it gets elsewhere, or outside, is no more than what it gets here
        more = np.concatenate([there[others] - paid, -paid[None]])
        outside = float(crowd.market.outside[0, 0])
        limits = np.append(choices.cost[others] - choices.cost[at], -choices.cost[at] - outside)
        scale = max(float(np.abs(paid).max(axis=0).sum()), 1e-300)
        unit = max(float(np.abs(worth).max()), 1e-300)
        one = kron(csr_array(np.eye(size)), np.ones((1, rows)), format="csr")
        limit = self.options.time_limit
        limited = {} if limit is None else {"time_limit": limit}
        kept_off = more.transpose(0, 2, 1).reshape(more.shape[0], -1) / scale
        with to_standard_error():
            found = milp(
                -worth.T.ravel() / unit,
                integrality=np.ones(rows * size),
                bounds=Bounds(np.zeros(rows * size), open_.T.ravel().astype(float)),
                constraints=[
                    LinearConstraint(kept_off, -np.inf, limits / scale),
                    LinearConstraint(one, 1.0, 1.0),
                ],
                options={"mip_rel_gap": gap, "node_limit": _NODES, **limited},
            )
        if found.x is None:
            return None
        chosen = found.x.reshape(size, rows).argmax(axis=1)
        return np.asarray(choices.shares[0][chosen, np.arange(size)])
