"""Pareto sets with what surrounds them: hypervolume, bargains, the first best."""

from __future__ import annotations

import numpy as np

from opt_games.equilibrium import EquilibriumMap
from opt_games.errors import UnsupportedGameError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.sample import Sample
from opt_games.pareto.answer import ContractPoint, ParetoSet, PlacedBargain
from opt_games.pareto.bargains import bargains_along, bargains_among
from opt_games.pareto.clock import Clock
from opt_games.pareto.common_share import pareto_intervals, pareto_points
from opt_games.pareto.coverage import hypervolume, spread
from opt_games.pareto.first_best import MOST_PLAYERS, first_best
from opt_games.pareto.separate_shares import FrontierSearch
from opt_games.regret import regret
from opt_games.share_line import ShareLine

_REGRETS = 16  # points of a frontier whose regret is computed


def pareto_set(
    equilibria: EquilibriumMap, points: int, seed: int, time_limit: float | None
) -> ParetoSet:
    """Find the Pareto set of a game."""
    game, clock = equilibria.game, Clock(time_limit)
    if game.contract.shares == "common" or len(game.specialists) == 1:
        return _of_common_share(equilibria, clock)
    if len(game.players) > MOST_PLAYERS:
        raise UnsupportedGameError(
            f"{game.name}: Pareto frontiers of separate shares are computed for up to "
            f"{MOST_PLAYERS - 1} specialists, not {len(game.specialists)}; "
            'leave some out, or set contract.shares = "common"'
        )
    return _of_separate_shares(equilibria, points, seed, clock)


def _of_common_share(equilibria: EquilibriumMap, clock: Clock) -> ParetoSet:
    game = equilibria.game
    line, intervals, sharp = pareto_intervals(equilibria, clock)
    points, worst = pareto_points(line, intervals)
    unfinished = [] if sharp else ["ends of intervals to 1e-6"]
    placed: dict[str, PlacedBargain | None] = {}
    if clock.over:
        unfinished.append("bargains")
    else:
        found = bargains_along(line)
        placed = {
            name: None if share is None else _placed_share(line, intervals, share)
            for name, share in found.items()
        }
    top = line.sampled.select(np.array([line.sampled.utilities.sum(axis=0).argmax()]))
    best = first_best(equilibria, top, clock)
    if best is None and clock.over:
        unfinished.append("the first best")
    few = len(game.players) <= MOST_PLAYERS
    utilities = np.array([list(point.utilities.values()) for point in points]).T
    reference = game.disagreement()
    return ParetoSet(
        game.name,
        tuple(intervals),
        tuple(points),
        worst,
        equilibria.log.work(clock.seconds),
        hypervolume=hypervolume(utilities, np.array(list(reference.values()))) if few else None,
        reference=reference,
        best_total=float(top.utilities.sum()),
        first_best=best,
        bargains=placed,
        unfinished=tuple(unfinished),
        failed=equilibria.log.hopeless(),
    )


def _placed_share(
    line: ShareLine, intervals: list[tuple[float, float]], share: float
) -> PlacedBargain:
    (at,) = np.flatnonzero(line.shares == share)[:1]
    contract = dict.fromkeys(line.equilibria.game.specialists.names, float(share))
    inside = any(low - 1e-6 <= share <= high + 1e-6 for low, high in intervals)
    return PlacedBargain(contract, _utilities(line.equilibria.game, line.sampled, int(at)), inside)


def _of_separate_shares(
    equilibria: EquilibriumMap, points: int, seed: int, clock: Clock
) -> ParetoSet:
    game = equilibria.game
    search = FrontierSearch.begin(equilibria, points, seed, clock)
    search.run()
    unfinished = search.unfinished
    bargains: dict[str, Sample | None] = {}
    if clock.over:
        unfinished.append("bargains")
    else:
        bargains = bargains_among(equilibria, search.pool.sampled, search.elsewhere)
        for name, found in bargains.items():
            if found is not None:
                search.pool.add(found, name)
    pool = search.pool
    top = pool.sampled.select(np.array([pool.utilities.sum(axis=0).argmax()]))
    best = first_best(equilibria, top, clock)
    if best is None and clock.over:
        unfinished.append("the first best")
    sampled, utilities, origin = pool.sampled, pool.utilities, pool.origin
    reference = game.disagreement()
    return ParetoSet(
        game.name,
        None,
        tuple(
            ContractPoint(
                _contract(game, sampled, k), _by_player(game, utilities[:, k]), str(origin[k])
            )
            for k in range(origin.size)
        ),
        _worst_regret(equilibria, sampled, clock),
        equilibria.log.work(clock.seconds),
        hypervolume=hypervolume(utilities, np.array(list(reference.values()))),
        reference=reference,
        best_total=float(top.utilities.sum()),
        first_best=best,
        bargains={name: _placed(search, found) for name, found in bargains.items()},
        coverage=search.coverage(),
        unfinished=tuple(unfinished),
        failed=equilibria.log.hopeless(),
    )


def _placed(search: FrontierSearch, found: Sample | None) -> PlacedBargain | None:
    if found is None:
        return None
    game = search.equilibria.game
    stands = search.pool.stands(found)
    return PlacedBargain(_contract(game, found, 0), _utilities(game, found, 0), stands)


def _worst_regret(equilibria: EquilibriumMap, sampled: Sample, clock: Clock) -> float:
    """Largest regret of contracts spread over the frontier, relative to turnover."""
    worst = 0.0
    for k in spread(sampled.utilities, _REGRETS):
        if sampled.active[k] and not clock.over:
            checked = regret(equilibria.payoffs, sampled.shares[:, k], *sampled.optima.levels(k))
            scale = np.where(checked.turnover > 0, checked.turnover, 1.0)
            worst = max(worst, float((checked.gain / scale).max()))
    return worst


def _contract(game: Game, sampled: Sample, case: int) -> dict[str, float]:
    return dict(zip(game.specialists.names, sampled.shares[:, case].tolist(), strict=True))


def _utilities(game: Game, sampled: Sample, case: int) -> dict[str, float]:
    return _by_player(game, sampled.utilities[:, case])


def _by_player(game: Game, values: Array) -> dict[str, float]:
    return dict(zip(game.players, values.tolist(), strict=True))
