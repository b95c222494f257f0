"""Place a contract by solving the bargaining problem on its branch."""

from __future__ import annotations

import numpy as np

from opt_games.bargaining.solutions import Stakes
from opt_games.equilibrium import EquilibriumMap, set_levels, shares_of
from opt_games.formulations.bargaining_problem import bargaining_problem
from opt_games.formulations.game_model import share_of
from opt_games.kernels.array_function import Array
from opt_games.kernels.sample import Sample

# Rivals further below than this fraction of the leader's turnover leave the contract alone.
_CLOSE = 0.05


def polish(
    equilibria: EquilibriumMap, solution: str, stakes: Stakes, bracket: Sample
) -> Array | None:
    """Solve the bargaining problem from a sampled contract.

    Parameters
    ----------
    equilibria : EquilibriumMap
    solution : str
        As in `opt_games.bargaining.solutions.score`.
    stakes : Stakes
    bracket : Sample
        The contract to start from, between the two that bound the common share.

    Returns
    -------
    ndarray of shape (specialists,), or None
        None where the branch has no formulation or the solver found nothing.
    """
    game = equilibria.game
    branch = bracket.branch(1)
    name = _formulation(solution, equilibria)
    if name is None or not branch.smooth or not bracket.active[1]:
        return None
    rival = bracket.rival_branch(1)
    scale = bracket.optima.turnover[1]
    near = bracket.optima.payoff[1] - bracket.rivals.payoff[1] <= _CLOSE * scale
    if rival is None or not rival.smooth or not near:
        rival = None
    players = game.players
    bargainers = [player for player, can in zip(players, stakes.bargainers, strict=True) if can]
    taking_part = {"generalist", *(game.specialists[k].name for k in branch.participants)}
    if not set(bargainers) <= taking_part and solution in ("nash", "egalitarian", "kalai-smorodinsky"):
        return None
    model = bargaining_problem(
        game,
        name,
        branch,
        rival=rival,
        ideal=dict(zip(players, (float(u) for u in stakes.ideal), strict=True)),
        bargainers=bargainers,
    )
    set_levels(model, game, *_levels(bracket, "optima"))
    if rival is not None:
        set_levels(model.rival, game, *_levels(bracket, "rivals"))
    _start_shares(model, equilibria, bracket)
    if "worst" in model.component_map():
        model.worst.value = 0.0
    if not equilibria.log.solve(model, f"{solution} bargain"):
        return None
    return shares_of(model, game, branch, bracket.shares[:, 1])


def _formulation(solution: str, equilibria: EquilibriumMap) -> str | None:
    """Name under which `bargaining_problem` knows the objective."""
    if not solution.startswith("player "):
        return solution
    if solution == "player 0":
        return "powerful-generalist"
    return "powerful-specialist" if equilibria.payoffs.size == 1 else None


def _levels(bracket: Sample, which: str) -> tuple[float, list[float | None]]:
    optima = getattr(bracket, which)
    base = float(optima.base[1])
    taking = optima.state[:, 1] != 0
    return base, [
        base + float(optima.contribution[k, 1]) if taking[k] else None for k in range(taking.size)
    ]


def _start_shares(model: object, equilibria: EquilibriumMap, bracket: Sample) -> None:
    """Start from the sampled shares; a common share stays between its neighbours."""
    game = equilibria.game
    for k in bracket.branch(1).participants:
        share = share_of(model, game.specialists[k].name)
        share.value = float(bracket.shares[k, 1])
        if game.contract.shares == "common":
            share.setlb(float(np.min(bracket.shares[k])))
            share.setub(float(np.max(bracket.shares[k])))
