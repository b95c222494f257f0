"""Where the bargaining solutions lie on a frontier.

Every solution but ``max-performance`` picks an undominated contract, so the best one of a dense set
of them is next to the answer, and the solver places it from there on the bargaining problem. The
largest sums of levels and of utilities lie at the ends of the frontier, or far from it, often where
the generalist is just willing: the search of whole markets looks for those.
"""

from __future__ import annotations

import numpy as np

from opt_games.bargaining.common_share import best_share
from opt_games.bargaining.crowd_line import NotCoveredError
from opt_games.bargaining.market_equilibria import market_equilibria
from opt_games.bargaining.market_few import few_search
from opt_games.bargaining.market_terms import Terms
from opt_games.bargaining.polish import close_rivals, polish
from opt_games.bargaining.solutions import Stakes, best_case, score
from opt_games.equilibrium import EquilibriumMap
from opt_games.game import Game
from opt_games.kernels.sample import Sample, join
from opt_games.pareto.clock import Clock
from opt_games.pareto.scalarisations import on_bounds
from opt_games.parts import SOLUTIONS
from opt_games.share_line import ShareLine

_SEARCHED = ("utilitarian", "weighted", "max-performance", "powerful-specialist")
_NEEDED = 20.0  # seconds: a search of the market must end before the time is up
_STARTS = 3  # contracts, each the best of its branch, that the solver starts from


def solutions_of(game: Game) -> list[str]:
    """Return the bargaining solutions that the game has what it takes for."""
    return [s for s in SOLUTIONS if s != "weighted" or game.bargaining.weights is not None]


def bargains_among(
    equilibria: EquilibriumMap, sampled: Sample, more: Sample
) -> dict[str, Sample | None]:
    """Find every bargain next to sampled contracts, as a sample of one; None without agreement.

    Parameters
    ----------
    equilibria : EquilibriumMap
    sampled : Sample
        Undominated contracts.
    more : Sample
        Contracts of any kind, all over: the largest sum of levels may be dominated.
    """
    names = solutions_of(equilibria.game)
    everything = join([sampled, more])
    stakes = Stakes.of(equilibria.game, everything)
    if stakes is None:
        return dict.fromkeys(names)
    ideal = stakes.ideal.copy()
    for k in np.flatnonzero(stakes.bargainers):
        best = _best(equilibria, f"player {k}", stakes, everything)
        ideal[k] = max(ideal[k], best.utilities[k, 0])
    found: dict[str, Sample | None] = {}
    for name in names:
        given = stakes.with_ideal(ideal) if name == "kalai-smorodinsky" else stakes
        among = everything if name in _SEARCHED else sampled
        found[name] = _best(equilibria, name, given, among)
    return found


def contracts_of_the_market(equilibria: EquilibriumMap, clock: Clock) -> Sample | None:
    """Return contracts that the search of markets finds, where it covers the game.

    The best for every player, to which Kalai-Smorodinsky relates all gains, and those of the
    solutions that it is asked for. None where too little time is left for it.
    """
    game = equilibria.game
    contracts = [np.zeros((len(game.specialists), 0))]
    prepared = market_equilibria(game)
    try:
        few, stakes = (None, None) if prepared is None else few_search(*prepared)
        if few is not None and stakes is not None:
            market = few.equilibria.search.crowd.market
            outside = market.utility(market.outside)[0][:, 0]
            players = [f"player {k}" for k in np.flatnonzero(stakes.bargainers)]
            searched = [name for name in solutions_of(game) if name in _SEARCHED]
            for name in (*players, *searched):
                if clock.left < _NEEDED:
                    return None
                contracts.append(few.best(Terms(game, name, stakes, outside))[:, None])
    except NotCoveredError:
        pass  # what is found elsewhere has to do
    return equilibria.sample(np.hstack(contracts))


def bargains_along(line: ShareLine) -> dict[str, float | None]:
    """Find the common share of every bargain on a line of contracts; None without agreement."""
    names = solutions_of(line.equilibria.game)
    stakes = Stakes.of(line.equilibria.game, line.sampled)
    if stakes is None:
        return dict.fromkeys(names)
    ideal = stakes.ideal.copy()
    for k in np.flatnonzero(stakes.bargainers):
        at = np.searchsorted(line.shares, best_share(line, f"player {k}", stakes))
        ideal[k] = line.sampled.utilities[k, at]
    return {
        name: best_share(
            line, name, stakes.with_ideal(ideal) if name == "kalai-smorodinsky" else stakes
        )
        for name in names
    }


def _best(equilibria: EquilibriumMap, solution: str, stakes: Stakes, sampled: Sample) -> Sample:
    values = score(solution, stakes, sampled)
    best = sampled.select(np.array([best_case(values, sampled)]))
    top = float(score(solution, stakes, best)[0])
    branches: set[int] = set()
    for k in np.argsort(-values, kind="stable"):
        if len(branches) == _STARTS or not np.isfinite(values[k]):
            break
        key = int(sampled.key[k])
        if key in branches:
            continue
        branches.add(key)
        # the best of a branch once more, with its rivals
        start = equilibria.sample(sampled.shares[:, [k]])
        shares = polish(equilibria, solution, stakes, start, rivals=close_rivals(start))
        if shares is None:
            continue
        shares = on_bounds(shares, equilibria.game.contract.bounds)
        placed = equilibria.sample(shares[:, None])
        value = float(score(solution, stakes, placed)[0])
        if value >= top - stakes.rounding(solution):
            best, top = placed, max(value, top)
    return best
