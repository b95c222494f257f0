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
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from opt_games.bargaining.crowd_share import CrowdLine, NotCoveredError, Outcome
from opt_games.bargaining.market_edges import EdgeTable, plan_edges, rival_at
from opt_games.bargaining.market_few import FEW, FewSearch, few_search
from opt_games.bargaining.market_ideals import specialist_ideals
from opt_games.bargaining.market_prices import (
    Choices,
    find_prices,
    highest_shares,
    place_of,
    share_grid,
)
from opt_games.bargaining.market_terms import SMALLEST_GAIN, Mask, Place, Rival, Terms, assemble
from opt_games.bargaining.solutions import Stakes, score_utilities
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Crowd
from opt_games.kernels.crowd_leader import Search
from opt_games.kernels.lockstep.concavity import concave
from opt_games.kernels.lockstep.forms import STAY, compile_forms
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.scan import may_stay_out, own_scale
from opt_games.kernels.payoffs import refuse_what_is_not_built
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.columns import solve_columns

_COMMON = np.array([0.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98, 1.0])
_SCREEN = 64
_SHARES = 17
_FINER = 33
_ROUNDS = 12
_ITERATIONS = 200
_OPTIONS = {"mu_strategy": "adaptive", "bound_push": 1e-3, "bound_frac": 1e-3}
_TRUST = 0.15  # of the range of shares, with rivals
_STILL = 1e-8  # change of shares at which rivals are exact
_REPAIRS = 2  # of a market of few: programs, and climbing after them
_SAMPLE = 512
_CLOSER = 2
_HARDER = 10  # contracts tried at rising prices of rivals
_RISE = 2.0
_EXCHANGES = 8
_SAME = 1e-6  # relative difference of base levels that are one
_NEAR = 0.02
_PARTS = (1.0, 0.25, 0.05, 0.0)
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
        low, high = self.terms.game.contract.bounds
        importance = np.abs(self.crowd.reply(self.scale, 0.5 * (low + high)).revenue)
        found: Placed | None = None
        if self._may_have_edges():
            found = self._edge_plan(importance)
            if found is not None:
                placed = self._solve(Start(found.place, True, found.rivals))
                if placed is not None and placed.score > found.score:
                    found = replace(placed, gap=found.gap)
        for start in self._starts(importance):
            placed = self._settle(start)
            if placed is not None and (found is None or placed.score > found.score):
                found = placed
        if found is None:
            return None
        self.progress.gap = found.gap
        self.progress.notes = self._notes(found)
        return found.outcome

    def _notes(self, found: Placed) -> tuple[str, ...]:
        """Say what is known of a contract, and what is not."""
        size = self.crowd.market.size
        levels = f"{min(size, _SCREEN)} specialists" if size > _SCREEN else "all specialists"
        notes = [
            "The best contract found. Not proven: that no other base level allows a better one; "
            f"{_LEVELS.size} were scanned, on {levels}, and the best of them more closely."
        ]
        if np.isfinite(found.gap):
            notes.append(
                "Bounded by prices, on a grid of shares: at this base level no other shares and "
                f"regimes add more than {max(found.gap, 1e-12):.1e} of the size of the objective."
            )
        if self.terms.solution == "kalai-smorodinsky":
            notes.append(
                "Every player's best, which gains are relative to, is the best found, too."
            )
        return tuple(notes)

    def best_of_few(self, few: FewSearch) -> Outcome | None:
        """Return the best contract of a market of few: climbed to, then placed by programs."""
        solution, stakes = self.terms.solution, self.terms.stakes
        found: Placed | None = None
        shares = few.climb(solution, stakes)
        for turn in range(_REPAIRS):
            base, near = few.leading_to(shares)
            if base is None:
                return self.line.outcome(shares)
            reply = self.crowd.reply(base, shares)
            outcome = self.line.judged(shares, reply)
            extra = np.where(reply.contributes & reply.takes, reply.extra, 0.0)
            place = Place(
                shares,
                reply.base,
                extra,
                reply.takes,
                reply.takes & reply.contributes,
                reply.payoff,
            )
            here = Placed(place, 0.0, 0.0, -np.inf, outcome, self.score(outcome), ())
            if found is None or here.score > found.score:
                found = here
            for edge, rivals in ((False, ()), (True, ()), (False, near), (True, near)):
                if rivals or not near:
                    placed = self._solve(Start(place, edge, rivals))
                    if placed is not None and placed.score >= found.score:
                        found = placed
            if turn < _REPAIRS - 1:
                best = np.broadcast_to(found.outcome.share, shares.shape)
                shares = few.refine(solution, stakes, np.array(best), 0.01)
        self.progress.notes = (
            "The best of thousands of contracts tried and climbed from; no proof that there is "
            "no better one.",
        )
        return None if found is None else found.outcome

    def _starts(self, importance: Array) -> list[Start]:
        """Choose regimes by prices at the base levels that promise most."""
        low, high = self.terms.game.contract.bounds
        screen = self.crowd.sample(_SCREEN, importance)
        grid = share_grid(low, high, _SHARES)
        levels = _LEVELS * self.scale
        found = []
        choices = Choices.of(screen, self.terms, levels, grid[:, None])
        prices = find_prices(choices, self.terms, self.crowd)
        if np.isfinite(prices.bound).any():
            base = self._sharper(levels, int(prices.bound.argmax()), importance)
            found.append(Start(self._repriced(base)))
        return found

    def _sharper(self, levels: Array, at: int, importance: Array) -> float:
        """Look more closely for the base level that promises most, on a larger sample."""
        low, high = self.terms.game.contract.bounds
        sample = self.crowd.sample(_SAMPLE, importance)
        grid = share_grid(low, high, _SHARES)[:, None]
        least, most = levels[max(at - 1, 0)], levels[min(at + 1, levels.size - 1)]
        best = float(levels[at])
        for _ in range(_CLOSER):
            nodes = np.linspace(least, most, 7)
            choices = Choices.of(sample, self.terms, nodes, grid)
            bound = find_prices(choices, self.terms, self.crowd).bound
            if not np.isfinite(bound).any():
                return best
            k = int(bound.argmax())
            best = float(nodes[k])
            least, most = nodes[max(k - 1, 0)], nodes[min(k + 1, nodes.size - 1)]
        return best

    def _repriced(self, base: float) -> Place:
        """Let everybody choose at the prices of a base level."""
        low, high = self.terms.game.contract.bounds
        grid = share_grid(low, high, _FINER)[:, None]
        choices = Choices.of(self.crowd, self.terms, np.array([base]), grid)
        prices = find_prices(choices, self.terms, self.crowd)
        return self._inside(place_of(choices, prices.chosen))

    def _may_have_edges(self) -> bool:
        """Whether somebody whose gain need not be above 0 may stay out."""
        if self.terms.solution in (*SMALLEST_GAIN, "nash"):
            return False
        return may_stay_out(self.crowd.market, np.array([self.scale]))

    def _edge_plan(self, importance: Array) -> Placed | None:
        """Choose shares that hold the generalist at an edge, and place them by programs."""
        few = self.crowd.market.size
        screen = self.crowd.sample(few if few <= 2 * _SCREEN else _SCREEN, importance)
        plan = plan_edges(screen, self.terms, _LEVELS * self.scale)
        if plan is None:
            return None
        table = EdgeTable.of(self.crowd, self.terms, plan)
        prices = table.sharpened()
        best: Placed | None = None
        low, high = 0.0, np.inf
        for _ in range(_HARDER):
            # the least rise of all prices that holds the generalist
            harder = _RISE * max(low, 0.01) if np.isinf(high) else 0.5 * (low + high)
            shares = table.shares(prices * (1.0 + harder if low else 1.0))
            outcome = self.line.outcome(shares)
            holds = abs(outcome.reply.base - plan.base) <= _SAME * plan.base
            low, high = (low, harder) if holds else (harder, high)
            score = self.score(outcome)
            if best is None or score > best.score:
                reply = outcome.reply
                adds = reply.takes & reply.contributes
                extra = np.where(adds, reply.extra, 0.0)
                place = Place(shares, reply.base, extra, reply.takes, adds, reply.payoff)
                best = Placed(
                    place, 0.0, plan.profit_price, -np.inf, outcome, score, tuple(plan.rivals)
                )
            if holds and not low:
                break
        if best is None:
            return None
        bound, _ = table.dual(prices)
        return replace(best, gap=max(bound - best.score, 0.0) / self._size())

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

    def _settle(self, start: Start) -> Placed | None:
        """Solve, choose again at the prices and solve again, until nobody gains by a flip."""
        best = self._solve(start)
        if best is None:
            return None
        for _ in range(_ROUNDS):
            gains, choices, chosen = self._gains(best)
            size = self._size()
            best = replace(best, gap=float(gains.sum()) / size)
            wanting = np.flatnonzero(gains > _GAINS * size)
            if not wanting.size:
                break
            better = None
            if not start.edge:
                prices = find_prices(choices, self.terms, self.crowd)
                if np.isfinite(prices.bound[0]):
                    place = self._inside(place_of(choices, prices.chosen))
                    better = self._better(best, replace(start, place=place))
            for part in _PARTS if better is None else ():
                count = max(int(np.ceil(part * wanting.size)), 1)
                flipped = wanting[np.argsort(-gains[wanting], kind="stable")[:count]]
                self.progress.flips += flipped.size
                place = self._flipped(best.place, choices, chosen, flipped)
                better = self._better(best, replace(start, place=place, rivals=best.rivals))
                if better is not None or count == 1:
                    break
            if better is None:
                break
            best = better
        return best

    def _better(self, best: Placed, start: Start) -> Placed | None:
        """Solve, and return what is better than the best so far."""
        found = self._solve(start)
        least = self.terms.stakes.rounding(self.terms.solution)
        return None if found is None or found.score <= best.score + least else found

    def _size(self) -> float:
        stakes = self.terms.stakes
        if self.terms.solution == "nash":
            return float(self.terms.weights.sum())
        if self.terms.solution in SMALLEST_GAIN:
            return float(stakes.scale[0])
        if self.terms.solution == "max-performance":
            return self.scale * stakes.scale.size
        return float(self.terms.weights @ stakes.scale)

    def _solve(self, start: Start) -> Placed | None:
        """Solve the program of some regimes; add base levels that the generalist prefers."""
        low, high = self.terms.game.contract.bounds
        place, bases = start.place, list(start.rivals)
        best: Placed | None = None
        trust = _TRUST * (high - low)
        for _ in range(_EXCHANGES):
            rivals = [rival_at(self.crowd, base, place.shares, low, high) for base in bases]
            marginal, tempted = self._stay(place.base)
            found = self._program(
                place, marginal, tempted, start.edge, rivals, trust if bases else np.inf
            )
            if found is None:
                break
            before = place.shares
            place, prices = found
            placed = self._judge(place, prices, tuple(bases), start.edge)
            if placed is None:
                break
            if best is None or placed.score > best.score:
                best = placed
            elsewhere = placed.outcome.reply.base
            stays = abs(elsewhere - place.base) <= _SAME * place.base
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
        marginal: Array,
        tempted: Mask,
        edge: bool,
        rivals: list[Rival],
        trust: float,
    ) -> tuple[Place, tuple[float, float, float]] | None:
        began = time.perf_counter()
        program = assemble(
            self.terms, place, marginal, tempted, edge=edge, rivals=rivals, trust=trust
        )
        functions = program.problem.functions()
        options = replace(
            self.options,
            iteration_limit=self.options.iteration_limit or _ITERATIONS,
            options={**self._tuning(), **self.options.options},
        )
        found = solve_columns(functions, program.bounds, options)
        progress = self.progress
        progress.solves += 1
        progress.iterations += found.iterations
        progress.solve_seconds += found.seconds
        progress.build_seconds += time.perf_counter() - began - found.seconds
        if not found.ok:
            progress.failures.append(f"{self.terms.solution} bargain: {found.message}")
            return None
        scales = program.problem.scales
        smallest = self.terms.solution in SMALLEST_GAIN
        size = 1.0 if smallest else scales.objective
        prices = (
            -size * float(found.prices[0]) / scales.slope,
            -size * float(found.prices[1]) / scales.profit,
            float(found.point[2]) if smallest else -np.inf,
        )
        return program.unpack(found.point, place), prices

    def _tuning(self) -> Mapping[str, object]:
        """Return IPOPT's options: where most shares are at bounds, those of the start are kept."""
        return {} if self.terms.solution in SMALLEST_GAIN else _OPTIONS

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
                outcome = self.line.outcome(shares)
            except NotCoveredError:
                continue
            score = self.score(outcome)
            if best is None or score > best[0] + self.terms.stakes.rounding(self.terms.solution):
                best = (score, outcome)
        if best is None:
            return None
        return Placed(place, *prices, best[1], best[0], rivals)

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
        value = choices.priced(*prices, least)[0]
        chosen = value.argmax(axis=0)
        own = Choices.of(self.crowd, self.terms, base, placed.place.shares[None, None, :])
        now = own.priced(*prices, least - 1e-6)[0, 0]
        top = np.take_along_axis(value, chosen[None, :], axis=0)[0]
        return np.where(top > -1e29, np.maximum(top - now, 0.0), 0.0), choices, chosen

    def _flipped(self, place: Place, choices: Choices, chosen: Array, who: Array) -> Place:
        shares, takes = place.shares.copy(), place.takes.copy()
        shares[who] = choices.shares[0][chosen[who], who]
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
    """

    outcome: Outcome | None
    search: Search
    scale: float
    progress: Progress


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
    outside = market.utility(market.outside)[0][:, 0]
    try:
        few = None
        if market.size <= FEW:
            few, stakes = few_search(line, scale)
        else:
            stakes = market_stakes(line)
            if stakes is not None and solution == "kalai-smorodinsky":
                stakes = _with_ideals(
                    line, stakes, Terms(game, "player 0", stakes, outside), scale, options
                )
        if stakes is None:
            return Agreed(None, line.search, scale, progress)
        if few is not None and solution == "kalai-smorodinsky":
            stakes = few.with_ideals(stakes)
        search = MarketSearch(line, Terms(game, solution, stakes, outside), scale, options)
        found = search.best() if few is None else search.best_of_few(few)
    except NotCoveredError:
        return None
    if found is None:
        return None
    return Agreed(found, line.search, scale, search.progress)


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


def _with_ideals(
    line: CrowdLine, stakes: Stakes, alone: Terms, scale: float, options: SolverOptions
) -> Stakes:
    """Return stakes with the best utility of every player that was found."""
    low, high = line.game.contract.bounds
    market = line.search.crowd.market
    ideal = stakes.ideal.copy()
    best = MarketSearch(line, alone, scale, options).best()
    if best is not None:
        ideal[0] = max(ideal[0], float(best.utilities[0]))
    profits = specialist_ideals(line.search.crowd, scale, low, high)
    if profits is not None:
        utilities, _ = market.utility(np.append(best.profits[0] if best else 0.0, profits)[:, None])
        ideal[1:] = np.maximum(ideal[1:], utilities[1:, 0])
    return stakes.with_ideal(ideal)
