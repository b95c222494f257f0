"""Bargains over the separate shares of very many specialists.

A scan of base levels, on a sample of the specialists, finds prices at which everybody's share can
be chosen alone (`opt_games.bargaining.market_prices`). Where the choices are worth most, the sparse
program of their regimes places the contract. At its multipliers, which are such prices again,
everybody chooses afresh; who gains by another regime or a share far off is flipped, all at once,
and the program is solved again, until nobody is. Where specialists may stay out, contracts that
hold the generalist at an edge are planned, too (`opt_games.bargaining.market_edges`), in markets of
up to 200 by integer programs (`opt_games.bargaining.market_whole`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opt_games.bargaining.crowd_line import NotCoveredError
from opt_games.bargaining.market_edges import EdgeTable, plan_edges
from opt_games.bargaining.market_equilibria import Outcome
from opt_games.bargaining.market_prices import (
    Choices,
    closer_grid,
    find_prices,
    place_of,
    share_grid,
)
from opt_games.bargaining.market_programs import SAME, MarketPrograms, Placed, Start
from opt_games.bargaining.market_terms import SMALLEST_GAIN, Place
from opt_games.bargaining.market_whole import WHOLE, WholeShares
from opt_games.kernels.array_function import Array
from opt_games.kernels.lockstep.levels import may_stay_out

Index = NDArray[np.int64]

_SCREEN = 64
_SHARES = 17
_ROUNDS = 12
_FAILURES = 4  # programs that do not converge, after which no others are tried
_SAMPLE = 512
_CLOSER = 2
_HARDER = 10  # contracts tried at rising prices of rivals
_RISE = 2.0
_PARTS = (1.0, 0.25, 0.05, 0.0)
_GAINS = 1e-9  # of the size of the objective: a gain at prices that calls for a flip
_LEVELS = np.concatenate([np.geomspace(1e-3, 0.08, 6), np.linspace(0.1, 1.2, 18), [1.5, 2.0, 3.0]])


class MarketSearch(MarketPrograms):
    """The search for one solution in one market; see `MarketPrograms` for its attributes."""

    def best(self) -> Outcome | None:
        """Return the best contract found, with its equilibrium; None if nothing was."""
        low, high = self.terms.game.contract.bounds
        importance = np.abs(self.crowd.reply(self.scale, 0.5 * (low + high)).revenue)
        found: Placed | None = None
        if self._may_have_edges():
            found = self._edge_plan(importance)
            if found is not None and found.place.base > 0.0:
                placed = self.solve(Start(found.place, True, found.rivals))
                if placed is not None and placed.score > found.score:
                    found = replace(placed, gap=found.gap)
        for start in self.starts(importance):
            placed = self._settle(start)
            if placed is not None and (found is None or placed.score > found.score):
                found = placed
        found = self._no_worse_than_known(found)
        if found is None:
            return None
        self.progress.gap = found.gap
        self.progress.notes = self._notes(found)
        return found.outcome

    def _no_worse_than_known(self, found: Placed | None) -> Placed | None:
        """Begin at the best known contract, too, where the others end below it."""
        active = [self.as_placed(each) for each in self.known if each.active]
        best = max(active, key=lambda each: each.score, default=None)
        if best is None or (found is not None and found.score >= best.score):
            return found
        if best.place.base > 0.0:
            placed = self._settle(Start(self.inside(best.place)))
            if placed is not None and placed.score >= best.score:
                return placed
        return best

    def sharper(self, outcome: Outcome) -> Outcome:
        """Place a contract by the program of its regimes, where that is no worse."""
        here = self.as_placed(outcome)
        if not (outcome.active and here.place.base > 0.0):
            return outcome
        placed = self.solve(Start(here.place))
        least = here.score - self.terms.stakes.rounding(self.terms.solution)
        return outcome if placed is None or placed.score < least else placed.outcome

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
                "Estimated by prices on a grid of shares, which proves nothing: at this base level "
                f"other shares and regimes add about {max(found.gap, 1e-12):.1e} of the size of "
                "the objective at most."
            )
        if self.progress.failures:
            notes.append(
                f"IPOPT did not converge on {len(self.progress.failures)} of "
                f"{self.progress.solves} programs: shares may be placed loosely."
            )
        if self.terms.solution == "kalai-smorodinsky":
            notes.append(
                "Every player's best, which gains are relative to, is the best found, too."
            )
        return tuple(notes)

    def starts(self, importance: Array) -> list[Start]:
        """Choose regimes by prices at the base levels that promise most."""
        low, high = self.terms.game.contract.bounds
        screen = self.crowd.sample(_SCREEN, importance)
        grid = share_grid(low, high, _SHARES)
        levels = _LEVELS * self.scale
        found = []
        choices = Choices.of(screen, self.terms, levels, grid[:, None])
        prices = find_prices(choices, self.terms, self.crowd)
        if np.isfinite(prices.promise).any():
            base = self._sharper(levels, int(prices.promise.argmax()), importance)
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
            promise = find_prices(choices, self.terms, self.crowd).promise
            if not np.isfinite(promise).any():
                return best
            k = int(promise.argmax())
            best = float(nodes[k])
            least, most = nodes[max(k - 1, 0)], nodes[min(k + 1, nodes.size - 1)]
        return best

    def _repriced(self, base: float) -> Place:
        """Let everybody choose at the prices of a base level."""
        low, high = self.terms.game.contract.bounds
        grid = closer_grid(low, high)[:, None]
        choices = Choices.of(self.crowd, self.terms, np.array([base]), grid)
        prices = find_prices(choices, self.terms, self.crowd)
        return self.inside(place_of(choices, prices.chosen))

    def _may_have_edges(self) -> bool:
        """Whether somebody whose gain need not be above 0 may stay out."""
        if self.terms.solution in (*SMALLEST_GAIN, "nash"):
            return False
        return may_stay_out(self.crowd.market, np.array([self.scale]))

    def _edge_plan(self, importance: Array) -> Placed | None:
        """Choose shares that hold the generalist at an edge, and place them by programs."""
        few = self.crowd.market.size
        screen = self.crowd.sample(few if few <= 2 * _SCREEN else _SCREEN, importance)
        levels = _LEVELS * self.scale
        plan = plan_edges(screen, self.terms, levels)
        if plan is None:
            return None
        table = EdgeTable.of(self.crowd, self.terms, plan)
        prices = table.sharpened()
        if few <= WHOLE:
            levels = np.union1d(levels, plan.rivals)
            whole = WholeShares(self.equilibria, self.terms, self.score, levels, self.options)
            best = whole.search(plan)
        else:
            best = self._at_rising_prices(table, prices)
        if best is None:
            return None
        promise, _ = table.dual(prices)
        placed = self.as_placed(best)
        return replace(
            placed,
            profit_price=plan.profit_price,
            rivals=tuple(plan.rivals.tolist()),
            gap=max(promise - placed.score, 0.0) / self.size(),
        )

    def _at_rising_prices(self, table: EdgeTable, prices: Array) -> Outcome | None:
        """Let everybody choose at prices of rivals that rise until the generalist is held."""
        best: Outcome | None = None
        low, high = 0.0, np.inf
        for _ in range(_HARDER):
            # the least rise of all prices that holds the generalist
            harder = _RISE * max(low, 0.01) if np.isinf(high) else 0.5 * (low + high)
            outcome = self.equilibria.outcome(table.shares(prices * (1.0 + harder if low else 1.0)))
            base = table.plan.base
            holds = abs(outcome.reply.base - base) <= SAME * base
            low, high = (low, harder) if holds else (harder, high)
            if best is None or self.score(outcome) > self.score(best):
                best = outcome
            if holds and not low:
                break
        return best

    def _settle(self, start: Start) -> Placed | None:
        """Solve, choose again at the prices and solve again, until nobody gains by a flip."""
        best = self.solve(start) or self._judged(start.place)
        if best is None:
            return None
        for _ in range(_ROUNDS):
            gains, choices, chosen = self._gains(best)
            size = self.size()
            best = replace(best, gap=float(gains.sum()) / size)
            wanting = np.flatnonzero(gains > _GAINS * size)
            if not wanting.size or len(self.progress.failures) >= _FAILURES:
                break
            better = None
            if not start.edge:
                prices = find_prices(choices, self.terms, self.crowd)
                if np.isfinite(prices.promise[0]):
                    place = self.inside(place_of(choices, prices.chosen))
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

    def _judged(self, place: Place) -> Placed | None:
        """Return a contract that no program has placed, with its equilibrium."""
        try:
            outcome = self.equilibria.outcome(place.shares)
        except NotCoveredError:
            return None
        return replace(self.as_placed(outcome), place=place)

    def _better(self, best: Placed, start: Start) -> Placed | None:
        """Solve, and return what is better than the best so far."""
        found = self.solve(start)
        least = self.terms.stakes.rounding(self.terms.solution)
        return None if found is None or found.score <= best.score + least else found

    def _gains(self, placed: Placed) -> tuple[Array, Choices, Index]:
        """Return what everybody's best choice at the prices adds to the present one."""
        low, high = self.terms.game.contract.bounds
        base = np.array([placed.place.base])
        slope, profit = np.array([placed.slope_price]), np.array([placed.profit_price])
        least = np.array([placed.least])
        grid = closer_grid(low, high)[:, None]
        choices = Choices.of(self.crowd, self.terms, base, grid)
        value = choices.priced(slope, profit, least)[0]
        chosen = value.argmax(axis=0)
        own = Choices.of(self.crowd, self.terms, base, placed.place.shares[None, None, :])
        now = own.priced(slope, profit, least - 1e-6)[0, 0]
        top = np.take_along_axis(value, chosen[None, :], axis=0)[0]
        return np.where(top > -1e29, np.maximum(top - now, 0.0), 0.0), choices, chosen

    def _flipped(self, place: Place, choices: Choices, chosen: Index, who: Index) -> Place:
        shares, takes = place.shares.copy(), place.takes.copy()
        shares[who] = choices.shares[0][chosen[who], who]
        takes[who] = choices.takes[0][chosen[who], who]
        return self.inside(replace(place, shares=shares, takes=takes))
