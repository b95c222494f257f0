"""The contract that the players agree on."""

from __future__ import annotations

import numpy as np

from opt_games.bargaining.common_share import best_share
from opt_games.bargaining.separate_shares import best_shares
from opt_games.bargaining.solutions import Stakes
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.share_line import ShareLine

_CLOSER = 1025


def bargain(equilibria: EquilibriumMap, solution: str) -> Array | None:
    """Find the shares of a bargaining solution.

    Parameters
    ----------
    equilibria : EquilibriumMap
    solution : str
        Canonical name.

    Returns
    -------
    ndarray of shape (specialists,), or None
        None if there is no agreement.
    """
    if equilibria.game.contract.shares == "separate" and equilibria.payoffs.size > 1:
        return best_shares(equilibria, solution)
    line = ShareLine.of(equilibria)
    stakes = Stakes.of(equilibria.game, line.sampled)
    if stakes is None:
        # the contracts that all would sign may be few: look closer before there is no agreement
        line = ShareLine.of(equilibria, points=_CLOSER)
        stakes = Stakes.of(equilibria.game, line.sampled)
        if stakes is None:
            return None
    if solution == "kalai-smorodinsky":
        stakes = stakes.with_ideal(_ideal(line, stakes))
    share = best_share(line, solution, stakes)
    return np.full(equilibria.payoffs.size, share)


def _ideal(line: ShareLine, stakes: Stakes) -> Array:
    """Every bargainer's best utility over the acceptable contracts."""
    ideal = stakes.ideal.copy()
    for k in np.flatnonzero(stakes.bargainers):
        share = best_share(line, f"player {k}", stakes)
        at = int(np.searchsorted(line.shares, share))
        ideal[k] = line.sampled.utilities[k, at]
    return ideal
