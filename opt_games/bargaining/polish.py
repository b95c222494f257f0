"""Place a contract by solving the bargaining problem on its branch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from opt_games.bargaining.solutions import Stakes, favoured_player
from opt_games.branch import Branch
from opt_games.equilibrium import EquilibriumMap, set_levels, shares_of
from opt_games.formulations.bargaining_problem import bargaining_problem
from opt_games.formulations.game_model import share_of
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import Optima
from opt_games.kernels.sample import Sample

# Rivals further below than this fraction of the leader's turnover leave the contract alone.
CLOSE = 0.05


def polish(
    equilibria: EquilibriumMap,
    solution: str,
    stakes: Stakes,
    start: Sample,
    *,
    bounds: tuple[float, float] | None = None,
    rivals: Sequence[tuple[Branch, Optima]] = (),
) -> Array | None:
    """Solve the bargaining problem from a sampled contract.

    Parameters
    ----------
    equilibria : EquilibriumMap
    solution : str
        As in `opt_games.bargaining.solutions.score`.
    stakes : Stakes
    start : Sample
        One contract and its equilibrium.
    bounds : (float, float), optional
        Tighter bounds on a common share.
    rivals : sequence of (Branch, Optima)
        Branches that must not be better for the generalist, with levels to start from.

    Returns
    -------
    ndarray of shape (specialists,), or None
        None where the branch has no formulation or the solver found nothing.
    """
    game = equilibria.game
    branch = start.branch(0)
    if not branch.smooth or not start.active[0]:
        return None
    players = game.players
    bargainers = [player for player, can in zip(players, stakes.bargainers, strict=True) if can]
    taking_part = {"generalist", *(game.specialists[k].name for k in branch.participants)}
    favoured = favoured_player(solution, players)
    if favoured is not None and favoured not in taking_part:
        return None
    if solution in ("nash", "egalitarian", "kalai-smorodinsky"):
        # the gains of all bargainers count: start where there are some
        gains = (start.utilities[:, 0] - stakes.disagreement)[stakes.bargainers]
        if not taking_part.issuperset(bargainers) or not np.all(gains > 0.0):
            return None
    model = bargaining_problem(
        game,
        "utilitarian" if favoured else solution,
        branch,
        rivals=[rival for rival, _ in rivals],
        favoured=favoured,
        ideal=dict(zip(players, (float(u) for u in stakes.ideal), strict=True)),
        bargainers=bargainers,
    )
    set_levels(model, game, *start.optima.levels(0))
    for k, (_, levels) in enumerate(rivals):
        set_levels(model.rival[k], game, *levels.levels(0))
    _start_shares(model, equilibria, start, bounds)
    if not equilibria.log.solve(model, f"{solution} bargain"):
        return None
    # the solver keeps to bounds but for the last bit
    return np.clip(shares_of(model, game), *game.contract.bounds)


def close_rivals(start: Sample) -> list[tuple[Branch, Optima]]:
    """Return the leader's next best branch where it could come to bind."""
    rival = start.rival_branch(0)
    gap = start.optima.payoff[0] - start.rivals.payoff[0]
    if rival is None or not rival.smooth or gap > CLOSE * start.optima.turnover[0]:
        return []
    return [(rival, start.rivals)]


def _start_shares(
    model: Any,
    equilibria: EquilibriumMap,
    start: Sample,
    bounds: tuple[float, float] | None,
) -> None:
    game = equilibria.game
    for k, specialist in enumerate(game.specialists):
        share = share_of(model, specialist.name)
        share.value = float(start.shares[k, 0])
        if bounds is not None:
            share.setlb(bounds[0])
            share.setub(bounds[1])
