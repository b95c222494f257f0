"""The lower bounding problem, and the best leader's outcome at a given point of the leader's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opt_games.leader_follower.cuts import OptimalValueCuts
from opt_games.leader_follower.first_order import add_first_order_conditions
from opt_games.leader_follower.global_solver import GlobalAnswer, GlobalSolver
from opt_games.leader_follower.program import Condition, Program
from opt_games.leader_follower.responses import Response, lenient
from opt_games.leader_follower.statement import Statement


class BoundingProblem:
    """What the leader could reach if followers did what suits it, within what is known of them.

    Both levels' constraints, the followers' first-order conditions, and optimal-value cuts: every
    point of the leader-follower program is feasible here, so that its optimum is a bound.

    Parameters
    ----------
    program : Program
    feasibility : float
        The tolerance on constraints of the solver that is to solve it.

    Attributes
    ----------
    first_order : tuple of bool
        For which followers first-order conditions are in it.
    """

    def __init__(self, program: Program, feasibility: float) -> None:
        self.statement = Statement(program.variables)
        self.statement.minimise(program.leader.cost)
        self.statement.require("leader", program.leader.inequalities, program.leader.equalities)
        for number, each in enumerate(program.followers):
            self.statement.require(f"follower{number}", each.inequalities, each.equalities)
        self.first_order = tuple(
            add_first_order_conditions(self.statement, f"first_order{number}", each)
            for number, each in enumerate(program.followers)
        )
        self.cuts = OptimalValueCuts(self.statement, 10 * feasibility)

    def solve(self, solver: GlobalSolver, time_limit: float, gap: float) -> GlobalAnswer:
        """Solve it as it is now; the point is then in `statement`."""
        return solver.minimise(self.statement.model, time_limit, gap)


def best_outcome(
    program: Program,
    leader: Mapping[int, float],
    responses: Sequence[Response],
    slack: float,
    solver: GlobalSolver,
    time_limit: float,
    gap: float,
) -> dict[int, float] | None:
    """Return the followers' best responses that suit the leader most, None if it can use none.

    Parameters
    ----------
    program : Program
    leader : mapping of int to float
        The leader's variables, by ``id`` of the user's VarData.
    responses : sequence of Response
        Each follower's best.
    slack : float
        By how much a response may miss the best, relative to ``max(1, |best|)``.
    solver, time_limit, gap
        See `GlobalSolver.minimise`.

    Returns
    -------
    dict of int to float or None
        Values of all variables.
    """
    own = [each for follower in program.followers for each in follower.variables]
    statement = Statement(own, leader)
    statement.minimise(program.leader.cost)
    lenience = max(each.lenience for each in responses)
    statement.require("leader", *lenient(program.leader, lenience))
    for number, (follower, best) in enumerate(zip(program.followers, responses, strict=True)):
        most = best.cost + slack * max(1.0, abs(best.cost))
        content = Condition("content", follower.cost - most)
        inequalities, equalities = lenient(follower, lenience)
        statement.require(f"follower{number}", (*inequalities, content), equalities)
        if best.point is not None:
            statement.start_at(best.point)
    answer = solver.minimise(statement.model, time_limit, gap)
    return {**leader, **statement.point} if answer.found else None
