"""The answers that solvers are held against: the package's own, with a proof."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyomo.environ as pyo

import opt_games
from opt_games.benchmark.problems import (
    BARGAIN,
    EQUILIBRIUM,
    INVEST,
    Answer,
    BenchProblem,
    GameProblem,
    KnownProblem,
    set_answer,
    state,
)
from opt_games.certificates.certificate import Certificate
from opt_games.equilibrium import EquilibriumMap
from opt_games.errors import OptGamesError, SpecError
from opt_games.game import Game
from opt_games.kernels.policy.payoffs import Numbers, compile_policy_game
from opt_games.kernels.policy.response import Contest
from opt_games.kernels.policy.window import find_window
from opt_games.parts import GENERALIST
from opt_games.result import Equilibrium
from opt_games.solvers.model_view import bounded, number_of, shortfall
from opt_games.solvers.result import FEASIBILITY_TOLERANCE

_SHARES = 9  # at which the reach of the levels is looked for
_GAIN = 1e-9  # of turnover: less is no gain
_SECONDS = 60.0  # for the proof of a game's answer


def problems_of(name: str, game: Game) -> tuple[list[BenchProblem], dict[str, str]]:
    """Solve a game, and state what solvers are to find.

    Parameters
    ----------
    name : str
        What the benchmark calls it.
    game : Game

    Returns
    -------
    list of BenchProblem
    dict of str to str
        What is left out, by name, and why.
    """
    try:
        found = opt_games.certify(game, opt_games.solve(game), time_limit=_SECONDS)
    except OptGamesError as error:
        return [], {name: f"no answer to compare with: {error}"}
    at = found.equilibrium
    if at is None or at.branch is None:
        return [], {name: "nobody invests"}
    assert found.certificate is not None
    if not found.certificate.certified:
        reasons = "; ".join(found.certificate.reasons) or "its regret may be too large"
        return [], {name: f"no proof of the answer to compare with: {reasons}"}
    if not at.branch.smooth:
        return [], {name: f"no formulation states its branch: {at.branch}"}
    gains = {
        player: utility - found.disagreement[player] for player, utility in at.utilities.items()
    }
    bargainers = tuple(p for p, gain in gains.items() if gain > _GAIN * at.turnover[p])
    try:
        reach = _reach(game)
    except OptGamesError as error:
        return [], {name: f"its levels have no bounds: {error}"}
    answer = Answer(game, found.solution, at.branch, at.shares, at.levels, reach, bargainers)
    problems: list[BenchProblem] = []
    left_out = {}
    for kind, player in _formulations(game, at):
        title = f"{name}: {kind} {player}".rstrip()
        reason = _why_not(answer, kind)
        gap = _gap(found.certificate, kind, player)
        made = reason or _problem(title, answer, at, kind, player, gap)
        if isinstance(made, str):
            left_out[title] = made
        else:
            problems.append(made)
    return problems, left_out


def known_problems() -> list[BenchProblem]:
    """Return the problems of `opt_games.testing`.

    Raises
    ------
    SpecError
        If pytest, which they come with, is not installed.
    """
    try:
        from opt_games.testing import MULTIMODAL, PROBLEMS
    except ImportError:
        raise SpecError(
            "the problems with known optima need pytest: pip install 'opt_games[test]'",
            key="known",
        ) from None
    return [
        KnownProblem(
            f"known: {title}", each.objective, max(1.0, abs(each.objective)), {}, None, title
        )
        for title, each in {**PROBLEMS, **MULTIMODAL}.items()
    ]


def _formulations(game: Game, at: Equilibrium) -> list[tuple[str, str]]:
    assert at.branch is not None
    investors = [game.specialists[k].name for k in at.branch.participants]
    return [(BARGAIN, ""), (EQUILIBRIUM, ""), *((INVEST, name) for name in investors)]


def _why_not(answer: Answer, kind: str) -> str:
    """Say why a formulation cannot be stated from the answer alone."""
    if kind == BARGAIN and answer.solution == "given":
        return "the contract is given"
    if kind == BARGAIN and answer.solution in ("kalai-smorodinsky", "egalitarian"):
        return f"{answer.solution} needs more than the answer to be stated"
    return ""


def _gap(certificate: Certificate, kind: str, player: str) -> float | None:
    if kind == BARGAIN:
        return None if certificate.bargain is None else certificate.bargain.gap
    return certificate.regret[player or GENERALIST]


def _problem(
    title: str, answer: Answer, at: Equilibrium, kind: str, player: str, gap: float | None
) -> BenchProblem | str:
    """Return a formulation with its optimum, or why the answer is none of it."""
    stated = state(answer, kind, player)
    set_answer(stated, answer)
    for each in stated.model.component_data_objects(pyo.Constraint, active=True):
        if each.parent_component().local_name == "stationary":
            continue  # of multipliers that the answer does not have
        low, body, high = bounded(each)
        short = shortfall(
            number_of(body),
            -np.inf if low is None else number_of(low),
            np.inf if high is None else number_of(high),
        )
        if short > FEASIBILITY_TOLERANCE:
            return f"the answer breaks {each.name} by {short:.2g}"
    (goal,) = stated.model.component_data_objects(pyo.Objective, active=True)
    best = number_of(goal.expr)
    if not np.isfinite(best):
        return "the objective is not finite at the answer"
    money = sum(at.turnover.values())
    in_logarithms = kind == BARGAIN and answer.solution == "nash"
    scale = max(1.0, abs(best)) if in_logarithms else max(money, abs(best))
    outcomes = {
        each: (number_of(value), max(at.turnover[each], abs(number_of(value))))
        for each, value in stated.outcomes.items()
    }
    return GameProblem(title, best, scale, outcomes, gap, answer, kind, player)


def _reach(game: Game) -> Mapping[str, Mapping[str, float]]:
    """Return twice the largest levels that a player can want at any common share."""
    low, high = game.contract.bounds
    shares = np.linspace(low, high, _SHARES)
    names = game.specialists.names
    if game.has_policy:
        numbers = Numbers.of(game, {}, _SHARES)
        contest = Contest(compile_policy_game(game), numbers, np.tile(shares, (len(names), 1)))
        window = find_window(contest)
        base = (contest.base_floor + window.base).max(axis=1)
        lowest = np.maximum(base, contest.final_floor.max(axis=1))
        finals = [lowest + reach.max(axis=1) for reach in window.reach]
    else:
        grids = EquilibriumMap.of(game).window
        base = grids.base[-1:]
        finals = [base + max(float(each[-1]) for each in grids.contributions)] * len(names)
    players = zip((GENERALIST, *names), (base, *finals), strict=True)
    return {
        player: dict(zip(game.attributes, (2.0 * levels).tolist(), strict=True))
        for player, levels in players
    }
