r"""A leader with independent followers on one branch: conditions as Pyomo constraints.

The leader chooses :math:`x_0` to maximise :math:`F(x_0, x_1, \dots, x_n)`; each follower then
chooses :math:`x_i \ge x_0` to maximise its own :math:`f_i(x_i; x_0)`, or stays out for
:math:`o_i`. On a `Branch` each follower's level is determined by one equation
:math:`E_i(x_i, x_0) = 0`: :math:`\partial f_i / \partial x_i = 0` (stationary),
:math:`x_i = x_0` (lower) or :math:`x_i = \bar x` (upper). The leader's conditions are those of its
Lagrangian

.. math::

   L = F + \sum_i \mu_i E_i + \sum_{i \in \text{binding}} \nu_i (f_i - o_i), \qquad
   \partial L / \partial x_i = 0, \quad \partial L / \partial x_0 = 0, \quad \nu_i \ge 0 .

Nothing here knows what the levels and payoffs mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from opt_games.branch import Branch, Closure
from opt_games.errors import OptGamesError
from opt_games.formulations.derivative import derivatives


@dataclass(frozen=True)
class Follower:
    """A follower that takes part.

    Attributes
    ----------
    levels : tuple of Var
    lowers : tuple of Var
        The leader's variable that bounds each level from below.
    payoff : Pyomo expression
        Of its own and the leader's levels.
    outside : float
        What it gets if it stays out.
    closures : tuple of Closure
        One per level.
    binding, turning : bool
        Whether the leader keeps it just willing to take part; whether the leader stops where it
        would change from stationary to lower.
    """

    levels: tuple[Any, ...]
    lowers: tuple[Any, ...]
    payoff: Any
    outside: float
    closures: tuple[Closure, ...]
    binding: bool = False
    turning: bool = False


def add_responses(block: Any, followers: Sequence[Follower]) -> None:
    """Add the followers' conditions: ``response``, ``valid`` and ``willing``.

    ``response`` holds the equations of the branch, ``valid`` the inequalities under which they
    describe a best response, ``willing`` that the follower would rather take part.
    """
    block.response = pyo.ConstraintList(doc="equations that determine the followers' levels")
    block.valid = pyo.ConstraintList(doc="inequalities under which these equations hold")
    block.willing = pyo.ConstraintList(doc="taking part pays")
    for follower in followers:
        for equation in _equations(follower):
            block.response.add(equation == 0)
        marginal = derivatives(follower.payoff, follower.levels)
        rows = zip(follower.levels, follower.lowers, follower.closures, marginal, strict=True)
        for level, lower, closure, slope in rows:
            if closure is Closure.STATIONARY and not follower.turning:
                block.valid.add(level >= lower)
            elif closure is Closure.LOWER and not follower.turning and _varies(slope):
                block.valid.add(slope <= 0)
        if follower.binding:
            block.willing.add(follower.payoff == follower.outside)
        else:
            block.willing.add(follower.payoff >= follower.outside)


def add_leader_conditions(
    block: Any, levels: Sequence[Any], payoff: Any, followers: Sequence[Follower], branch: Branch
) -> None:
    """Add the leader's first-order conditions, given the followers' equations.

    Adds Vars ``multiplier`` (of the equations) and ``pressure`` (of willingness), and constraints
    ``stationary``; levels at a bound are fixed there.
    """
    close_leader(levels, branch)
    block.multiplier = pyo.VarList(domain=pyo.Reals)
    block.pressure = pyo.VarList(domain=pyo.NonNegativeReals)
    block.stationary = pyo.ConstraintList(doc="the leader's first-order conditions")
    own = [level for follower in followers for level in follower.levels]
    slopes = derivatives(payoff, [*levels, *own])
    leader_slopes, follower_slopes = slopes[: len(levels)], slopes[len(levels) :]
    position = 0
    for follower in followers:
        terms = [(equation, block.multiplier.add()) for equation in _equations(follower)]
        if follower.binding:
            terms.append((follower.payoff, block.pressure.add()))
        count = len(follower.levels)
        total = follower_slopes[position : position + count]
        position += count
        for equation, multiplier in terms:
            parts = derivatives(equation, [*follower.levels, *levels])
            total = [a + multiplier * b for a, b in zip(total, parts[:count], strict=True)]
            leader_slopes = [
                a + multiplier * b for a, b in zip(leader_slopes, parts[count:], strict=True)
            ]
        for slope in total:
            block.stationary.add(slope == 0)
    for level, slope in zip(levels, leader_slopes, strict=True):
        if not level.fixed:
            block.stationary.add(slope == 0)


def close_leader(levels: Sequence[Any], branch: Branch) -> None:
    """Fix the leader's levels that the branch puts at a bound."""
    for level, closure in zip(levels, branch.leader, strict=True):
        if closure is Closure.LOWER:
            level.fix(level.lb)
        elif closure is Closure.UPPER:
            level.fix(level.ub)


def _equations(follower: Follower) -> list[Any]:
    equations = []
    marginal = derivatives(follower.payoff, follower.levels)
    rows = zip(follower.levels, follower.lowers, follower.closures, marginal, strict=True)
    for level, lower, closure, slope in rows:
        if closure is Closure.STATIONARY:
            equations.append(slope)
        elif closure is Closure.LOWER:
            equations.append(level - lower)
        elif closure is Closure.UPPER:
            equations.append(level - level.ub)
        else:
            raise OptGamesError(f"a branch with closure {closure.value!r} has no equations")
        if follower.turning:
            equations.append(level - lower if closure is Closure.STATIONARY else slope)
    return equations


def _varies(expression: Any) -> bool:
    return hasattr(expression, "is_potentially_variable") and expression.is_potentially_variable()
