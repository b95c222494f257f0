"""The first best where utility is money: one planner picks all levels.

Money moved between players cancels in the total, so the planner lets every specialist earn the most
that its own revenue and cost allow at each base level, or stay out, and picks the base level. That
is a search over one number, whatever the number of specialists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opt_games.equilibrium import EquilibriumMap
from opt_games.errors import UnboundedGameError
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import evaluate
from opt_games.kernels.payoffs import Payoffs
from opt_games.kernels.response import State
from opt_games.kernels.window import COARSE, Window, find_window

_PEAKS = 8
_ROUNDS = 12
_SIDE = 16


@dataclass(frozen=True)
class Plan:
    """What the planner picks: the total of profits, and the levels, None for who stays out.

    `base` is None where nobody produces.
    """

    total: float
    base: float | None
    finals: tuple[float | None, ...]


def best_plan(equilibria: EquilibriumMap) -> Plan:
    """Find the levels with the largest total of profits."""
    payoffs = equilibria.payoffs
    nothing = np.zeros((payoffs.size, 1))
    window = find_window(payoffs, nothing)

    def totals(base: Array) -> Array:
        found = evaluate(payoffs, window, nothing, base[None, :])
        total = (found.total + found.payoff)[0]
        return np.asarray(np.where(np.isnan(total), -np.inf, total))

    levels = np.append(COARSE[payoffs.cap > COARSE], payoffs.cap)
    levels = levels[np.isfinite(levels)]
    coarse = totals(levels)
    top = int(coarse.argmax())
    if top == levels.size - 1 and not np.isfinite(payoffs.cap):
        (attribute,) = payoffs.game.attributes
        raise UnboundedGameError(
            f"{payoffs.game.name}: the total of all profits grows without limit in {attribute}0; "
            f"give the generalist's cost a faster growth, or set levels.{attribute}.max"
        )
    reach = float(levels[min(top + 1, levels.size - 1)])
    base = _grid(reach)
    values = totals(base)
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    peaks = np.flatnonzero((values >= padded[:-2]) & (values >= padded[2:]))
    peaks = peaks[np.argsort(-values[peaks], kind="stable")[:_PEAKS]]
    last = base.size - 1
    best, total = float(base[peaks[0]]), float(values[peaks[0]])
    for peak in peaks.tolist():
        left, middle, right = base[max(peak - 1, 0)], base[peak], base[min(peak + 1, last)]
        for _ in range(_ROUNDS):
            nodes = np.unique(
                np.concatenate(
                    [np.linspace(left, middle, _SIDE), np.linspace(middle, right, _SIDE)]
                )
            )
            found = totals(nodes)
            k = int(found.argmax())
            left, middle, right = nodes[max(k - 1, 0)], nodes[k], nodes[min(k + 1, nodes.size - 1)]
            if found[k] > total:
                best, total = float(middle), float(found[k])
    return _plan(payoffs, window, best, total)


def _plan(payoffs: Payoffs, window: Window, base: float, total: float) -> Plan:
    idle = payoffs.outside + sum(float(group.outside.sum()) for group in payoffs.followers)
    if total < idle:
        return Plan(idle, None, (None,) * payoffs.size)
    found = evaluate(payoffs, window, np.zeros((payoffs.size, 1)), np.array([[base]]))
    contribution, state = found.contribution[:, 0, 0], found.state[:, 0, 0]
    finals = tuple(
        None if s == State.ABSTAIN else base + float(y)
        for y, s in zip(contribution, state, strict=True)
    )
    return Plan(total, base, finals)


def _grid(reach: float) -> Array:
    log = reach * 10.0 ** np.linspace(-9.0, 0.0, 145)
    return np.unique(np.concatenate([[0.0], log, np.linspace(0.0, reach, 257)]))


def all_would_sign(equilibria: EquilibriumMap, plan: Plan) -> bool:
    """Whether some shares give everybody that takes part at least its outside option."""
    if plan.base is None:
        return True
    payoffs, contract = equilibria.payoffs, equilibria.game.contract
    low, high = contract.bounds
    taking = np.array([final is not None for final in plan.finals])
    final = np.array([plan.base if final is None else final for final in plan.finals])
    revenue, cost, outside = (np.zeros(payoffs.size) for _ in range(3))
    base = np.full((1, 1, 1), plan.base)
    for group in payoffs.followers:
        rows = group.members
        earned, spent = group.values(final[rows, None, None], base, *group.parameters)
        shape = (rows.size, 1, 1)
        revenue[rows] = np.broadcast_to(earned, shape).ravel()
        cost[rows] = np.broadcast_to(spent, shape).ravel()
        outside[rows] = group.outside.ravel()
    revenue, cost, outside = revenue[taking], cost[taking], outside[taking]
    with np.errstate(all="ignore"):
        most = np.where(revenue > 0, 1.0 - (cost + outside) / revenue, high)
    most = np.minimum(most, high)
    if contract.shares == "common":
        most = np.full(most.size, most.min(initial=high))
    leading, _ = payoffs.leader_cost(np.array([plan.base]), *payoffs.leader_parameters)
    paid = float((most * revenue).sum())
    slack = 1e-9 * (np.abs(revenue).sum() + abs(float(leading[0])))
    willing = np.all((1.0 - most) * revenue - cost >= outside - slack)
    return bool(
        np.all(most >= low) and willing and paid - float(leading[0]) >= payoffs.outside - slack
    )
