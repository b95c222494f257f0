r"""Optimal-value cuts: a follower never does worse than by a response that is known.

For a response :math:`z` (Blankenship and Falk 1976; Mitsos, Lemonidis and Barton 2008),

.. math::

   g(x, z) \le 0 \;\Longrightarrow\; f(x, y) \le f(x, z) + \epsilon

holds at every point where :math:`y` is within :math:`\epsilon` of the follower's best response to
:math:`x`. The implication is stated with one binary variable per alternative: the cut itself, or
:math:`g_j(x, z)` above 0, clearly, for one of the constraints that the leader moves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pyomo.environ as pyo

from opt_games.leader_follower.intervals import interval
from opt_games.leader_follower.program import Expression, Level, placed
from opt_games.leader_follower.statement import Statement, add_row


class OptimalValueCuts:
    """The cuts in one statement, as its Block ``cuts``.

    Parameters
    ----------
    statement : Statement
        Holds the leader's and the followers' variables.
    clearly : float
        A response that breaks a constraint by less counts as one that the follower can choose: some
        ten times the solver's tolerance on constraints, or cuts that bind would be void.
    """

    def __init__(self, statement: Statement, clearly: float) -> None:
        self.statement = statement
        self.clearly = clearly
        self.count = 0
        block = statement.model.cuts = pyo.Block()
        block.binary = pyo.VarList(domain=pyo.Binary)
        block.row = pyo.ConstraintList()

    def add(self, follower: Level, response: Mapping[int, float], slack: float) -> bool:
        """Add the cut of one response.

        Parameters
        ----------
        follower : Level
        response : mapping of int to float
            Values of the follower's variables, by ``id`` of the user's VarData.
        slack : float
            By how much the follower may miss its best, in units of its objective.

        Returns
        -------
        bool
            False where the response is feasible at no more than single points of the leader's, so
            that there is no cut.
        """
        alternatives = []
        for each in follower.equalities:
            low, high = interval(self._at(each.body, response))
            if low < -self.clearly or high > self.clearly:
                return False
        for each in follower.inequalities:
            body = self._at(each.body, response)
            low, high = interval(body)
            if low > self.clearly:
                return False
            if high > self.clearly:
                alternatives.append(body)
        block = self.statement.model.cuts
        own, other = self.statement.place(follower.cost), self._at(follower.cost, response)
        worse = own - other - slack
        self.count += 1
        if not alternatives:
            add_row(block.row, worse, "<=")
            return True
        switches = [self._implied(worse)]
        switches += [self._implied(self.clearly - body) for body in alternatives]
        block.row.add(sum(switches) >= 1)
        return True

    def _at(self, expression: Expression, response: Mapping[int, float]) -> Expression:
        return self.statement.place(placed(expression, response))

    def _implied(self, body: Any) -> Any:
        """Return a binary variable that, at 1, makes ``body <= 0``."""
        block = self.statement.model.cuts
        switch = block.binary.add()
        switch.set_value(0)
        _, high = interval(body)
        if math.isfinite(high):
            add_row(block.row, body - max(high, 0.0) * (1 - switch), "<=")
        else:
            add_row(block.row, switch * body, "<=")
        return switch
