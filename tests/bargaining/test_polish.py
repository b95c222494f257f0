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


def test_close_rivals_are_those_that_could_come_to_bind():
    entry = game_of("0.5 * (alpha1 - alpha0)**2 + 0.3")
    near = begin(entry, 0.71)[2]  # the generalist is about to give up on the entry
    rivals = close_rivals(near)
    assert [branch.participants for branch, _ in rivals] == [()]
    gap = near.optima.payoff[0] - near.rivals.payoff[0]
    assert 0.0 <= gap <= CLOSE * near.optima.turnover[0]
    assert close_rivals(begin(entry, 0.5)[2]) == []
    assert close_rivals(begin(PLAIN, 0.5)[2]) == []


def test_a_rival_stops_the_share_where_the_generalist_would_jump():
    """Where the first domain is given up the second loses most: the jump is the best share."""
    game = game_of("0.5 * (alpha1 - alpha0)**2 + 0.3")
    equilibria, stakes, start = begin(game, 0.71)
    free = polish(equilibria, "max-performance", stakes, start)
    held = polish(equilibria, "max-performance", stakes, start, rivals=close_rivals(start))
    low, high = 0.6, 1 - 1e-9
    for _ in range(100):
        d = (low + high) / 2
        base = max(d / 2, (0.3 - (1 - d) ** 2 / 2) / (1 - d))
        low, high = (d, high) if d * (base + 1 - d) - base**2 > 0 else (low, d)
    assert held is not None
    assert held[0] <= low + 1e-7
    found = equilibria.sample(held[:, None] - 1e-7)
    assert found.branch(0).participants == (0,)
    assert free is None or free[0] >= held[0] - 1e-6
