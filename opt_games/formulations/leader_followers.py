r"""A leader with independent followers on one branch: conditions as Pyomo constraints.

The leader chooses :math:`x_0` to maximise :math:`F(x_0, x_1, \dots, x_n)`; each follower then
chooses :math:`x_i \ge x_0` to maximise its own :math:`f_i(x_i; x_0)`, or stays out for
:math:`o_i`. On a `Branch` a follower's level is either its bound, and no variable of its own, or
free, and then a zero of its marginal payoff, :math:`E_i = \partial f_i / \partial x_i = 0`. The
leader's conditions are those of its Lagrangian

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
from opt_games.formulations.derivative import derivatives


@dataclass(frozen=True)
class Follower:
    """A follower that takes part.

    Attributes
    ----------
    levels : tuple of Var
        Its free levels: those that its branch does not put at a bound.
    lowers : tuple of Var
        The leader's variable that bounds each of them from below.
    payoff : Pyomo expression
        Of its own and the leader's levels.
    outside : float
        What it gets if it stays out.
    binding, turning : bool
        Whether the leader keeps it just willing to take part; whether the leader stops just where
        the follower's free levels meet their bounds.
    tempting : tuple of Pyomo expressions
        Its marginal payoffs in the levels that stay at the leader's.
    """

    levels: tuple[Any, ...]
    lowers: tuple[Any, ...]
    payoff: Any
    outside: float
    binding: bool = False
    turning: bool = False
    tempting: tuple[Any, ...] = ()

    @property
    def equations(self) -> list[Any]:
        """Expressions that are zero at the follower's best response."""
        slopes = derivatives(self.payoff, self.levels) if self.levels else []
        if not self.turning:
            return slopes
        pairs = zip(self.levels, self.lowers, strict=True)
        return slopes + [level - lower for level, lower in pairs]


def add_responses(block: Any, followers: Sequence[Follower]) -> None:
    """Add the followers' conditions: ``response``, ``above``, ``content`` and ``willing``.

    ``response`` holds the equations of the branch, ``above`` that a free level is no lower than the
    leader's, ``content`` that one at the leader's does not want to be higher, ``willing`` that the
    follower would rather take part.
    """
    block.response = pyo.ConstraintList(doc="a free level is a zero of the marginal payoff")
    block.above = pyo.ConstraintList(doc="a level is at least the leader's")
    block.content = pyo.ConstraintList(doc="a level at the leader's had better stay there")
    block.willing = pyo.ConstraintList(doc="taking part pays")
    for follower in followers:
        for equation in follower.equations:
            block.response.add(equation == 0)
        if not follower.turning:
            for level, lower in zip(follower.levels, follower.lowers, strict=True):
                block.above.add(level >= lower)
        for slope in follower.tempting:
            if _varies(slope):
                block.content.add(slope <= 0)
        if follower.binding:
            block.willing.add(follower.payoff == follower.outside)
        elif _varies(follower.payoff):
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
        terms = [(equation, block.multiplier.add()) for equation in follower.equations]
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


def _varies(expression: Any) -> bool:
    return hasattr(expression, "is_potentially_variable") and expression.is_potentially_variable()
