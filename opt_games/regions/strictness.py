"""Whether revenue is really shared: strictly positive parts, strict gains."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from opt_games.engines import REGIMES, Cases, Outcomes
from opt_games.engines.outcomes import OK
from opt_games.expression import Expression
from opt_games.kernels.array_function import Array
from opt_games.result import ABSTAIN
from opt_games.specialists import SpecialistGroup

PART = 1e-8
"""A smaller part of the revenue is rounding of the share."""

GAIN = 1e-9
"""A gain that would not survive the loss of this part of the revenue is rounding of the profit."""


def revenue_shared(cases: Cases, outcomes: Outcomes) -> NDArray[np.bool_]:
    """Say of every case whether its revenue is shared.

    It is if all who take part keep a strictly positive part of it and gain strictly over
    disagreement.

    Returns
    -------
    ndarray of bool, shape (cases,)
        False where there is no agreement, or nobody takes part.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> from opt_games.engines import get_engine
    >>> cases = Cases(opt_games.load("quadratic"), {}, "given", np.array([0.0, 0.4]))
    >>> revenue_shared(cases, get_engine("one-by-one").solve(cases)).tolist()
    [False, True]
    """
    regimes = outcomes.regimes
    there = (regimes != REGIMES.index(ABSTAIN)) & (regimes >= 0)
    revenue = np.where(there[1:], _revenues(cases, outcomes), 0.0)
    total = revenue.sum(axis=0)
    kept = (np.where(there[1:], outcomes.shares, 0.0) * revenue).sum(axis=0)
    parts = np.vstack([kept > PART * total, 1.0 - outcomes.shares > PART])
    turnover = np.vstack([total, revenue])
    strict = (turnover > 0) & parts & _gains(cases, outcomes.profits - GAIN * turnover)
    shared: NDArray[np.bool_] = np.all(strict | ~there, axis=0)
    shared &= there[1:].any(axis=0) & (outcomes.status == OK)
    return shared


def _revenues(cases: Cases, outcomes: Outcomes) -> Array:
    game = cases.game
    result = np.empty((len(game.specialists), cases.size))
    for group in game.specialists.groups:
        levels = outcomes.levels[1 + group.members]
        final = {f"{name}1": levels[:, k] for k, name in enumerate(game.attributes)}
        result[group.members] = _values(group.form.revenue, cases, group, final)
    return result


def _gains(cases: Cases, profits: Array) -> NDArray[np.bool_]:
    """Whether profits are worth more than disagreement, shape (players, cases)."""
    game = cases.game
    result = np.empty(profits.shape, dtype=bool)
    # utilities increase in profit: against an outside option money tells
    result[0] = profits[0] > _values(game.generalist.outside_option, cases)[0]
    for group in game.specialists.groups:
        outside = _values(group.form.outside_option, cases, group)
        result[1 + group.members] = profits[1 + group.members] > outside
    for player, disagreement in (game.bargaining.disagreement or {}).items():
        k = game.players.index(player)
        worth = _worth(cases, k, profits[k])
        result[k] = worth > _values(disagreement, cases)[0]
    return result


def _worth(cases: Cases, player: int, profits: Array) -> Array:
    """Return the utility of one player's profits."""
    game = cases.game
    part = game.generalist if player == 0 else game.specialists[player - 1]
    if part.utility is None:
        return profits
    local = {} if player == 0 else game.specialists[player - 1].parameters
    return np.asarray(_values(part.utility, cases, None, {**local, "profit": profits})[0])


def _values(
    expression: Expression,
    cases: Cases,
    group: SpecialistGroup | None = None,
    more: Mapping[str, Array | float] | None = None,
) -> Array:
    """Evaluate a formula for every member of a group and every case, shape (members, cases)."""
    shape = (1 if group is None else group.members.size, cases.size)
    local = {} if group is None else {name: v[:, None] for name, v in group.columns.items()}
    seen = {**cases.game.parameters, **cases.parameters, **local, **(more or {})}
    columns = {name: np.broadcast_to(seen[name], shape).ravel() for name in expression.names}
    values = np.broadcast_to(expression.evaluate_columns(columns), (shape[0] * shape[1],))
    result: Array = values.reshape(shape)
    return result
