"""Bargains over the separate shares of very many specialists.

A scan of base levels, on a sample of the specialists, finds prices at which everybody's share can
be chosen alone (`opt_games.bargaining.market_prices`). Where the choices are worth most, the sparse
program of their regimes places the contract. At its multipliers, which are such prices again,
everybody chooses afresh; who gains by another regime or a share far off is flipped, all at once,
and the program is solved again, until nobody is. Contracts are judged by their equilibrium, with
the generalist's best base level searched globally; the program only proposes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from opt_games.bargaining.crowd_share import CrowdLine, NotCoveredError, Outcome
from opt_games.bargaining.market_prices import Choices, find_prices, place_of, share_grid
from opt_games.bargaining.market_terms import SMALLEST_GAIN, Mask, Place, Terms, assemble
from opt_games.bargaining.solutions import Stakes, score_utilities
from opt_games.formulations.market_problem import Scales
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.crowd_leader import Search
from opt_games.kernels.lockstep.concavity import concave
from opt_games.kernels.lockstep.forms import STAY, compile_forms
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.scan import own_scale
from opt_games.kernels.payoffs import refuse_what_is_not_built
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.columns import Solution, solve_columns

_COMMON = np.array([0.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98, 1.0])
_SCREEN = 64
_SHARES = 17
_FINER = 33
_ROUNDS = 12
_INSIDE = 1e-3  # of the range of shares: where programs start at the nearest
_GAINS = 1e-9  # of the size of the objective: a gain at prices that calls for a flip
_SNAP = 1e-5
_LEVELS = np.concatenate([np.geomspace(1e-3, 0.08, 6), np.linspace(0.1, 1.2, 18), [1.5, 2.0, 3.0]])


@dataclass
class Progress:
    """What a search did, for the record.

    Attributes
    ----------
    solves, iterations, flips : int
    build_seconds, solve_seconds : float
        Of the sparse programs.
    gap : float
        What the choices at the last prices leave open, in units of the objective.
    failures : list of str
    """

    solves: int = 0
    iterations: int = 0
    flips: int = 0
    build_seconds: float = 0.0
    solve_seconds: float = 0.0
    gap: float = np.inf
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Placed:
    """A contract that a program proposes, with its prices."""

    place: Place
    slope_price: float
    profit_price: float
    least: float
    outcome: Outcome
    score: float


@dataclass
class MarketSearch:
    """The search for one solution in one market.

    Attributes
    ----------
    line : CrowdLine
        Answers contracts with equilibria.
    terms : Terms
    scale : float
        The base level at which the generalist alone, with all the revenue, would stop.
    options : SolverOptions
    progress : Progress
    """

    line: CrowdLine
    terms: Terms
    scale: float
    options: SolverOptions
    progress: Progress = field(default_factory=Progress)

    @property
    def crowd(self) -> Crowd:
        """All specialists."""
        return self.line.search.crowd

    def best(self) -> Outcome | None:
        """Return the best contract found, with its equilibrium; None if nothing was."""
        found: Placed | None = None
        for start in self._starts():
            placed = self._settle(start)
            if placed is not None and (found is None or placed.score > found.score):
                found = placed
        return None if found is None else found.outcome

    def _starts(self) -> list[Place]:
        """Choose regimes by prices at the base levels that promise most."""
        low, high = self.terms.game.contract.bounds
        importance = np.abs(self.crowd.reply(self.scale, 0.5 * (low + high)).revenue)
        screen = self.crowd.sample(_SCREEN, importance)
        grid = share_grid(low, high, _SHARES)[:, None]
        choices = Choices.of(screen, self.terms, _LEVELS * self.scale, grid)
        prices = find_prices(choices, self.terms, self.crowd)
        if not np.isfinite(prices.bound).any():
            return []
        at = int(prices.bound.argmax())
        base = np.array([choices.base[at]])
        full = Choices.of(self.crowd, self.terms, base, share_grid(low, high, _FINER)[:, None])
        prices = find_prices(full, self.terms, self.crowd)
        return [self._inside(place_of(full, prices, 0))]

    def _inside(self, place: Place) -> Place:
        """Take shares off their bounds, and answer to them."""
        low, high = self.terms.game.contract.bounds
        near = _INSIDE * (high - low)
        shares = np.where(place.takes, np.clip(place.shares, low + near, high - near), place.shares)
        reply = self.crowd.reply(place.base, shares)
        takes = place.takes & reply.takes
        extra = np.where(reply.contributes, reply.extra, 0.0)
        profit = float((shares * reply.revenue)[takes].sum()) - self.crowd.cost(place.base)[0]
        return Place(shares, place.base, extra, takes, takes & reply.contributes, profit)

    def _settle(self, start: Place) -> Placed | None:
        """Solve, flip and solve again, until nobody gains by a flip at the prices."""
        best: Placed | None = None
        place, part = start, 1.0
        for _ in range(_ROUNDS):
            placed = self._solve(place)
            if placed is not None and (best is None or placed.score > best.score):
                best, part = placed, 1.0
            else:
                part *= 0.5
            if best is None:
                return None
            gains, choices, chosen = self._gains(best)
            size = self._size()
            wanting = np.flatnonzero(gains > _GAINS * size)
            self.progress.gap = float(gains.sum()) / size
            count = int(np.ceil(part * wanting.size))
            if not wanting.size or (part < 1.0 and count * 2 < 1) or part < 1e-3:
                return best
            flipped = wanting[np.argsort(-gains[wanting], kind="stable")[:count]]
            self.progress.flips += flipped.size
            place = self._flipped(best.place, choices, chosen, flipped)
        return best

    def _size(self) -> float:
        stakes = self.terms.stakes
        if self.terms.solution == "nash":
            return float(self.terms.weights.sum())
        if self.terms.solution in SMALLEST_GAIN:
            return float(stakes.scale[0])
        if self.terms.solution == "max-performance":
            return self.scale * stakes.scale.size
        return float(self.terms.weights @ stakes.scale)

    def _solve(self, place: Place) -> Placed | None:
        """Solve the program of some regimes and judge its contract."""
        began = time.perf_counter()
        marginal, tempted = self._stay(place.base)
        program = assemble(self.terms, place, marginal, tempted, edge=False)
        functions = program.problem.functions()
        found = solve_columns(functions, program.bounds, self.options)
        progress = self.progress
        progress.solves += 1
        progress.iterations += found.iterations
        progress.solve_seconds += found.seconds
        progress.build_seconds += time.perf_counter() - began - found.seconds
        if not found.ok:
            progress.failures.append(f"{self.terms.solution} bargain: {found.message}")
            return None
        return self._judge(program.unpack(found.point, place), found, program.problem.scales)

    def _judge(self, place: Place, found: Solution, scales: Scales) -> Placed | None:
        low, high = self.terms.game.contract.bounds
        near = _SNAP * (high - low)
        snapped = np.where(place.shares - low < near, low, place.shares)
        snapped = np.where(high - place.shares < near, high, snapped)
        best: tuple[float, Outcome] | None = None
        for shares in (snapped, np.clip(place.shares, low, high)):
            try:
                outcome = self.line.outcome(shares)
            except NotCoveredError:
                continue
            score = self.score(outcome)
            if best is None or score > best[0] + self.terms.stakes.rounding(self.terms.solution):
                best = (score, outcome)
        if best is None:
            return None
        size = scales.objective
        smallest = self.terms.solution in SMALLEST_GAIN
        size = 1.0 if smallest else size
        return Placed(
            place,
            -size * found.prices[0] / scales.slope,
            -size * found.prices[1] / scales.profit,
            float(found.point[2]) if smallest else -np.inf,
            best[1],
            best[0],
        )

    def score(self, outcome: Outcome) -> float:
        """Score a contract's equilibrium."""
        utilities, performance = outcome.utilities[:, None], np.array([outcome.performance])
        value = score_utilities(self.terms.solution, self.terms.stakes, utilities, performance)
        return float(value[0])

    def _stay(self, base: float) -> tuple[Array, Mask]:
        """Return marginal revenue at a base level, and who would contribute at shares below 1."""
        marginal = np.ones(self.crowd.market.size)
        tempted = np.zeros(marginal.size, dtype=bool)
        for chunk in self.crowd.chunks:
            at = dict(zip(STAY, chunk.form.stay(base, *chunk.parameters), strict=True))
            marginal[chunk.members] = at["marginal_revenue"]
            tempted[chunk.members] = at["marginal_cost"] <= 0.0
        return np.where(marginal > 0, marginal, 1.0), tempted

    def _gains(self, placed: Placed) -> tuple[Array, Choices, Array]:
        """Return what everybody's best choice at the prices adds to the present one."""
        low, high = self.terms.game.contract.bounds
        base = np.array([placed.place.base])
        prices = [np.array([each]) for each in (placed.slope_price, placed.profit_price)]
        least = np.array([placed.least])
        grid = share_grid(low, high, _FINER)[:, None]
        choices = Choices.of(self.crowd, self.terms, base, grid)
        value = choices.priced(*prices, least - 1e-9)[0]
        chosen = value.argmax(axis=0)
        own = Choices.of(self.crowd, self.terms, base, placed.place.shares[None, :])
        now = own.priced(*prices, least - 1e-6)[0, 0]
        top = np.take_along_axis(value, chosen[None, :], axis=0)[0]
        return np.where(top > -1e29, np.maximum(top - now, 0.0), 0.0), choices, chosen

    def _flipped(self, place: Place, choices: Choices, chosen: Array, who: Array) -> Place:
        shares, takes = place.shares.copy(), place.takes.copy()
        shares[who] = choices.shares[chosen[who], 0]
        takes[who] = choices.takes[0][chosen[who], who]
        return self._inside(replace(place, shares=shares, takes=takes))


@dataclass(frozen=True)
class Agreed:
    """What a search in a market came to.

    Attributes
    ----------
    outcome : Outcome or None
        None without agreement.
    search : Search
        The search for base levels, with all specialists.
    scale : float
    progress : Progress
    notes : tuple of str
        What is known of the answer, and what is not.
    """

    outcome: Outcome | None
    search: Search
    scale: float
    progress: Progress
    notes: tuple[str, ...]


def best_market_contract(game: Game, solution: str, options: SolverOptions) -> Agreed | None:
    """Find the separate shares of a bargaining solution, for any number of specialists.

    Parameters
    ----------
    game : Game
    solution : str
        Canonical name.
    options : SolverOptions

    Returns
    -------
    Agreed or None
        None for games that this method does not cover.
    """
    prepared = crowd_line(game)
    if prepared is None:
        return None
    line, scale = prepared
    market = line.search.crowd.market
    progress = Progress()
    try:
        stakes = market_stakes(line)
        if stakes is None:
            return Agreed(None, line.search, scale, progress, ())
        outside = market.utility(market.outside)[0][:, 0]
        search = MarketSearch(line, Terms(game, solution, stakes, outside), scale, options)
        found = search.best()
    except NotCoveredError:
        return None
    if found is None:
        return None
    return Agreed(found, line.search, scale, search.progress, ())


def crowd_line(game: Game) -> tuple[CrowdLine, float] | None:
    """Prepare a game of one attribute; None unless it is smooth, unbounded in levels and concave.

    The second value is the base level at which the generalist alone, with all the revenue, stops.
    """
    refuse_what_is_not_built(game)
    if np.isfinite(list(game.highest_levels().values())).any():
        return None
    forms = compile_forms(game)
    if not forms.smooth:
        return None
    market = Market.of(game, forms, {}, 1)
    scale = float(own_scale(market)[0])
    if not (np.isfinite(scale) and concave(market)[0]):
        return None
    search = Search.of(Crowd.of(market, scale), scale, float(np.mean(game.contract.bounds)))
    return CrowdLine(game, search), scale


def market_stakes(line: CrowdLine) -> Stakes | None:
    """Read what is at stake off common shares; None if nobody gains by any of them."""
    low, high = line.game.contract.bounds
    found = [line.outcome(float(share)) for share in low + (high - low) * _COMMON]
    return Stakes.of_utilities(line.game, np.array([each.utilities for each in found]).T)
