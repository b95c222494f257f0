"""The sparse programs of a market, and what their contracts lead to.

A program places a contract on given regimes; IPOPT calls it a local optimum. What counts is the
equilibrium of the contract, with the generalist's best base level searched globally. Where that is
another than the program's, it becomes a rival that the next program keeps the generalist off.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from opt_games.bargaining.crowd_line import NotCoveredError
from opt_games.bargaining.market_edges import rival_at
from opt_games.bargaining.market_equilibria import MarketEquilibria, Outcome
from opt_games.bargaining.market_prices import highest_shares, leader_worth
from opt_games.bargaining.market_terms import SMALLEST_GAIN, Place, Rival, Standing, Terms, assemble
from opt_games.bargaining.solutions import score_utilities
from opt_games.formulations.specialist_block import Goal
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.lockstep.forms import STAY
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.columns import solve_columns

_ITERATIONS = 200
_MOST = 400  # iterations, in a second try
_OPTIONS = {"mu_strategy": "adaptive", "bound_push": 1e-3, "bound_frac": 1e-3}
_TRUST = 0.15  # of the range of shares, with rivals
_STILL = 1e-8  # change of shares at which rivals are exact
_EXCHANGES = 8
SAME = 1e-6
"""Relative difference of base levels that are one."""
_NEAR = 0.02
_INSIDE = 1e-3  # of the range of shares: where programs start at the nearest
_SNAP = 1e-5
_NEXT_TO_NOTHING = (1.0 - 1e-6, 1.0 - 2e-6)  # shares, the second leaving twice as much
_RAISES = np.array([0.0, 1e-3, 0.01, 0.1, 1.0, 10.0])


@dataclass
class Progress:
    """What a search did, for the record.

    Attributes
    ----------
    solves, iterations, flips : int
    build_seconds, solve_seconds : float
        Of the sparse programs.
    gap : float
        What the choices at the last prices leave open, in units of the objective: an estimate, as
        they are made on a grid of shares.
    failures : list of str
    notes : tuple of str
        What is known of the answer, and what is not.
    """

    solves: int = 0
    iterations: int = 0
    flips: int = 0
    build_seconds: float = 0.0
    solve_seconds: float = 0.0
    gap: float = np.inf
    failures: list[str] = field(default_factory=list)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placed:
    """A contract that a program proposes, with its prices."""

    place: Place
    slope_price: float
    profit_price: float
    least: float
    outcome: Outcome
    score: float
    rivals: tuple[float, ...]
    gap: float = np.inf


@dataclass(frozen=True)
class Start:
    """Where a search begins: regimes and levels, and lower base levels to keep off."""

    place: Place
    edge: bool = False
    rivals: tuple[float, ...] = ()


@dataclass
class MarketPrograms:
    """The programs of one solution in one market.

    Attributes
    ----------
    equilibria : MarketEquilibria
        Answers contracts with equilibria.
    terms : Terms
    scale : float
        The base level at which the generalist alone, with all the revenue, would stop.
    options : SolverOptions
    progress : Progress
    known : sequence of Outcome
        Contracts that the answer must not be worse than.
    """

    equilibria: MarketEquilibria
    terms: Terms
    scale: float
    options: SolverOptions
    progress: Progress = field(default_factory=Progress)
    known: Sequence[Outcome] = ()

    @property
    def crowd(self) -> Crowd:
        """All specialists."""
        return self.equilibria.search.crowd

    def inside(self, place: Place) -> Place:
        """Take shares off their bounds, and answer to them.

        Who gives up everything, and so contributes nothing, stays there.
        """
        low, high = self.terms.game.contract.bounds
        near = _INSIDE * (high - low)
        inside = np.clip(place.shares, low + near, high - near)
        shares = np.where(place.takes & (place.shares < 1.0), inside, place.shares)
        reply = self.crowd.reply(place.base, shares)
        takes = place.takes & reply.takes
        extra = np.where(reply.contributes, reply.extra, 0.0)
        profit = float((shares * reply.revenue)[takes].sum()) - self.crowd.cost(place.base)[0]
        return Place(shares, place.base, extra, takes, takes & reply.contributes, profit)

    def size(self) -> float:
        """Return the size of the objective, against which gains are small."""
        stakes = self.terms.stakes
        if self.terms.solution == "nash":
            return float(self.terms.weights.sum())
        if self.terms.solution in SMALLEST_GAIN:
            return float(stakes.scale[0])
        if self.terms.solution == "max-performance":
            return self.scale * stakes.scale.size
        return float(self.terms.weights @ stakes.scale)

    def solve(self, start: Start) -> Placed | None:
        """Solve the program of some regimes; add base levels that the generalist prefers."""
        low, high = self.terms.game.contract.bounds
        place, bases = start.place, list(start.rivals)
        best: Placed | None = None
        trust = _TRUST * (high - low)
        for _ in range(_EXCHANGES):
            rivals = [rival_at(self.crowd, base, place.shares, low, high) for base in bases]
            found = self._program(place, start.edge, rivals, trust if bases else np.inf)
            if found is None:
                break
            before = place.shares
            place, prices, settled = found
            placed = self._judge(place, prices, tuple(bases), start.edge)
            if placed is None:
                break
            if best is None or placed.score > best.score:
                best = placed
            if not settled:
                break
            elsewhere = placed.outcome.reply.base
            stays = abs(elsewhere - place.base) <= SAME * place.base
            if stays and (not bases or np.abs(place.shares - before).max() <= _STILL):
                break
            if not stays:
                bases = [each for each in bases if abs(each - elsewhere) > _NEAR * elsewhere]
                bases.append(float(elsewhere))
                trust *= 0.5
            place = self._answered(place)
        return best

    def _answered(self, place: Place) -> Place:
        """Let everybody answer to the shares of a program, as far as it takes part there."""
        reply = self.crowd.reply(place.base, place.shares)
        extra = np.where(place.contributes & reply.contributes, reply.extra, place.extra)
        return replace(place, extra=extra)

    def _program(
        self,
        place: Place,
        edge: bool,
        rivals: list[Rival],
        trust: float,
    ) -> tuple[Place, tuple[float, float, float], bool] | None:
        began = time.perf_counter()
        place = self._gaining(place)
        program = assemble(
            self.terms, place, self.standing(place.base), edge=edge, rivals=rivals, trust=trust
        )
        functions, progress = program.problem.functions(), self.progress
        # the plain options are slower, and safer; an edge has its plan to fall back on
        tries = (self.tuned(),) if edge else (self.tuned(), self._plain())
        spent = 0.0
        for options in tries:
            found = solve_columns(functions, program.bounds, options)
            progress.solves += 1
            progress.iterations += found.iterations
            spent += found.seconds
            if found.ok:
                break
            progress.failures.append(f"{self.terms.solution} bargain: {found.message}")
        progress.solve_seconds += spent
        progress.build_seconds += time.perf_counter() - began - spent
        # where none converged the last point is a proposal like any other, if it is one
        if not (np.isfinite(found.point).all() and (found.ok or not edge)):
            return None
        scales = program.problem.scales
        smallest = self.terms.solution in SMALLEST_GAIN
        size = 1.0 if smallest else scales.objective
        prices = (
            -size * float(found.prices[0]) / scales.slope,
            -size * float(found.prices[1]) / scales.profit,
            float(found.point[2]) if smallest else -np.inf,
        )
        return program.unpack(found.point, place), prices, found.ok

    def _gaining(self, place: Place) -> Place:
        """Raise the generalist's profit to where the logarithm of its gain is a number."""
        if self.terms.goal(0) is not Goal.LOG_GAIN:
            return place
        unit = abs(place.profit) + self.crowd.cost(place.base)[0]
        profits = place.profit + unit * _RAISES
        worth, _ = leader_worth(self.crowd, profits)
        stakes = self.terms.stakes
        gains = worth > stakes.disagreement[0] + _RAISES[1] * stakes.scale[0]
        return replace(place, profit=float(profits[gains.argmax()]))

    def _plain(self) -> SolverOptions:
        return replace(self.options, iteration_limit=self.options.iteration_limit or _MOST)

    def tuned(self) -> SolverOptions:
        """Return IPOPT's options; where most shares are at bounds, it stays near its start."""
        tuning = {} if self.terms.solution in SMALLEST_GAIN else _OPTIONS
        return replace(
            self.options,
            iteration_limit=self.options.iteration_limit or _ITERATIONS,
            options={**tuning, **self.options.options},
        )

    def _judge(
        self,
        place: Place,
        prices: tuple[float, float, float],
        rivals: tuple[float, ...],
        edge: bool,
    ) -> Placed | None:
        low, high = self.terms.game.contract.bounds
        near = _SNAP * (high - low)
        plain = np.clip(place.shares, low, high)
        if edge:
            # who is just willing is so to rounding, at one base level for all
            most = highest_shares(self.crowd, np.array([place.base]), low, high)[0]
            with np.errstate(invalid="ignore"):
                bound = place.takes & (np.abs(plain - most) <= near)
            plain = np.where(bound, most, plain)
        snapped = np.where(plain - low < near, low, plain)
        snapped = np.where(high - snapped < near, high, snapped)
        best: tuple[float, Outcome] | None = None
        for shares in (snapped, plain):
            try:
                outcome = self.equilibria.outcome(shares)
            except NotCoveredError:
                continue
            score = self.score(outcome)
            if best is None or score > best[0] + self.terms.stakes.rounding(self.terms.solution):
                best = (score, outcome)
        if best is None:
            return None
        return Placed(place, *prices, best[1], best[0], rivals)

    def as_placed(self, outcome: Outcome) -> Placed:
        """Return a contract that no program has placed, with its equilibrium."""
        reply = outcome.reply
        adds = reply.takes & reply.contributes
        shares = np.array(np.broadcast_to(outcome.share, adds.shape))
        extra = np.where(adds, reply.extra, 0.0)
        place = Place(shares, reply.base, extra, reply.takes, adds, reply.payoff)
        return Placed(place, 0.0, 0.0, -np.inf, outcome, self.score(outcome), ())

    def score(self, outcome: Outcome) -> float:
        """Score a contract's equilibrium."""
        utilities, performance = outcome.utilities[:, None], np.array([outcome.performance])
        value = score_utilities(self.terms.solution, self.terms.stakes, utilities, performance)
        return float(value[0])

    def standing(self, base: float) -> Standing:
        """Return where specialists stand at a base level."""
        low, _ = self.terms.game.contract.bounds
        marginal = np.ones(self.crowd.market.size)
        tempted = np.zeros(marginal.size, dtype=bool)
        for chunk in self.crowd.chunks:
            at = dict(zip(STAY, chunk.form.stay(base, *chunk.parameters), strict=True))
            marginal[chunk.members] = at["marginal_revenue"]
            tempted[chunk.members] = at["marginal_cost"] <= 0.0
        all_, little, more = (
            np.where(reply.contributes, reply.extra, 0.0)
            for reply in (self.crowd.reply(base, share) for share in (low, *_NEXT_TO_NOTHING))
        )
        with np.errstate(all="ignore"):
            power = np.log2(more / little)
        # a variable is smooth at 0 if the share is; else its square root and the like would not be
        power = np.where(tempted & np.isfinite(power), np.maximum(power, 1.0), 1.0)
        return Standing(
            np.where(marginal > 0, marginal, 1.0),
            tempted,
            np.where(all_ > 0.0, all_, 1.0),
            power.round(3).astype(float),
        )
