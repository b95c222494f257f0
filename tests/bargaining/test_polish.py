"""A sampled contract, placed by the solver."""

from __future__ import annotations

import numpy as np
import pytest

from opt_games import Contract, Game, Generalist, Specialist
from opt_games.bargaining.polish import CLOSE, close_rivals, polish
from opt_games.bargaining.solutions import Stakes
from opt_games.equilibrium import EquilibriumMap


def game_of(*costs: str, leader: str = "alpha0**2", **more) -> Game:
    domains = [Specialist(f"d{i}", "alpha1", cost) for i, cost in enumerate(costs)]
    return Game("polish", Generalist(leader), domains, **more)


PLAIN = game_of("0.5 * (alpha1 - alpha0)**2")


def begin(game: Game, *shares: float):
    equilibria = EquilibriumMap.of(game)
    size = equilibria.payoffs.size
    line = equilibria.sample(np.tile(np.linspace(0.0, 1.0, 65), (size, 1)))
    start = equilibria.sample(np.array(shares, dtype=float)[:, None])
    return equilibria, Stakes.of(game, line), start


@pytest.mark.parametrize(
    ("solution", "share"),
    [
        ("utilitarian", 1 / 3),
        ("powerful-generalist", 2 / 3),
        ("player 0", 2 / 3),
        ("egalitarian", 1 - 1 / np.sqrt(3)),
    ],
)
@pytest.mark.parametrize("begun", [0.2, 0.5, 0.9])
def test_it_finds_the_closed_form_from_afar(solution, share, begun):
    found = polish(*_arguments(PLAIN, solution, begun))
    assert found == pytest.approx([share], rel=1e-8)


def _arguments(game, solution, *begun):
    equilibria, stakes, start = begin(game, *begun)
    return equilibria, solution, stakes, start


def test_every_solve_is_on_record():
    equilibria, stakes, start = begin(PLAIN, 0.5)
    polish(equilibria, "utilitarian", stakes, start)
    work = equilibria.log.work(0.0)
    assert (work.solves, work.failures) == (1, ())


def test_bounds_hold_it():
    equilibria, stakes, start = begin(PLAIN, 0.5)
    found = polish(equilibria, "utilitarian", stakes, start, bounds=(0.45, 0.55))
    assert found == pytest.approx([0.45], abs=1e-7)


def test_separate_shares_are_placed_at_once():
    game = game_of(
        "0.5 * (alpha1 - alpha0)**2",
        "0.25 * (alpha1 - alpha0)**2",
        leader="2 * alpha0**2",
        contract=Contract("separate"),
    )
    found = polish(*_arguments(game, "utilitarian", 0.4, 0.4))
    cost = np.array([0.5, 0.25])  # (c / rho) R / (c0 + C)
    assert found == pytest.approx(cost * 2 / (2 + cost.sum()), rel=1e-8)


def test_who_abstains_keeps_its_share():
    game = game_of(
        "0.5 * (alpha1 - alpha0)**2",
        "0.5 * (alpha1 - alpha0)**2 + 50",
        contract=Contract("separate"),
    )
    found = polish(*_arguments(game, "utilitarian", 0.4, 0.7))
    assert found == pytest.approx([1 / 3, 0.7], rel=1e-8)


def test_no_branch_no_answer():
    """Where the generalist stays out, or a bargainer has no part, there is nothing to solve."""
    dear = game_of("0.5 * (alpha1 - alpha0)**2", leader="alpha0**2 + 0.1")
    equilibria, stakes, start = begin(dear, 0.01)
    assert not start.active[0]
    assert polish(equilibria, "utilitarian", stakes, start) is None
    entry = game_of("0.5 * (alpha1 - alpha0)**2 + 0.3")
    equilibria, stakes, start = begin(entry, 0.95)
    assert start.branch(0).participants == ()
    assert polish(equilibria, "nash", stakes, start) is None
    assert polish(equilibria, "player 1", stakes, start) is None
    assert equilibria.log.work(0.0).solves == 0


def test_kinks_have_no_formulation():
    kinked = Game(
        "kink",
        Generalist("0.01 * alpha0**2"),
        [Specialist("d0", "min(alpha1, 1)", "0.1 * (alpha1 - alpha0)**2")],
    )
    equilibria, stakes, start = begin(kinked, 0.1)
    assert not start.branch(0).smooth
    assert polish(equilibria, "utilitarian", stakes, start) is None


JUMP = Game(
    "jump",
    Generalist("alpha0**2"),
    [
        Specialist("d0", "alpha1", "0.5 * (alpha1 - alpha0)**2 + 0.3"),
        Specialist("d1", "0.2 * alpha1", "10 * (alpha1 - alpha0)"),
    ],
)


def jump() -> float:
    """Where paying for d0's entry and leading d1 alone are worth the same."""
    low, high = 0.6, 0.9
    for _ in range(100):
        d = (low + high) / 2
        base = (0.3 - (1 - d) ** 2 / 2) / (1 - d)
        pays = d * (base + 1 - d) + 0.2 * d * base - base**2
        low, high = (d, high) if pays > (0.2 * d) ** 2 / 4 else (low, d)
    return low


def test_at_a_jump_each_branch_is_the_rival_of_the_other():
    start = begin(JUMP, jump(), jump())[2]
    ((rival, levels),) = close_rivals(start)
    assert {start.branch(0).participants, rival.participants} == {(0, 1), (1,)}
    assert levels.payoff[0] == pytest.approx(start.optima.payoff[0], abs=1e-9)
    assert start.optima.payoff[0] - levels.payoff[0] <= CLOSE * start.optima.turnover[0]
    assert close_rivals(begin(JUMP, 0.4, 0.4)[2]) == []
    assert close_rivals(begin(PLAIN, 0.5)[2]) == []


def test_a_rival_stops_the_share_where_the_generalist_would_jump():
    """Performance rises with the base level that d0's entry takes, up to the jump."""
    equilibria, stakes, near = begin(JUMP, jump() - 1e-3, jump() - 1e-3)
    beyond = begin(JUMP, jump() + 1e-6, jump() + 1e-6)[2]
    other = (beyond.branch(0), beyond.optima)
    assert other[0].participants == (1,)
    free = polish(equilibria, "max-performance", stakes, near)
    held = polish(equilibria, "max-performance", stakes, near, rivals=[other])
    assert held == pytest.approx([jump()] * 2, abs=1e-7)
    assert free[0] > jump() + 5e-4  # up to where leading still pays
