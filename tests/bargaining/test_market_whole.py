"""Whole shares by integer programs, against all contracts on a grid and against climbing."""

from __future__ import annotations

import numpy as np
import pytest

import opt_games
from opt_games import Contract, Game, Generalist, Specialist, SpecialistTable
from opt_games.bargaining import market_search
from opt_games.bargaining.market_contract import best_market_contract, market_stakes
from opt_games.bargaining.market_edges import plan_edges
from opt_games.bargaining.market_equilibria import market_equilibria
from opt_games.bargaining.market_terms import Terms
from opt_games.bargaining.market_whole import WholeShares
from opt_games.kernels.crowd_contracts import contract_equilibria
from opt_games.solvers.base import SolverOptions

LEVELS = np.concatenate([np.geomspace(1e-3, 0.08, 6), np.linspace(0.1, 1.2, 18), [1.5, 2.0, 3.0]])


def market(size: int, seed: int) -> Game:
    """With costs of entry, and saturating revenues."""
    rng = np.random.default_rng(seed)
    form = Specialist("d", "rho * alpha1 / (k + alpha1)", "e + c1 * (alpha1 - alpha0)**2")
    columns = {name: rng.uniform(0.5, 2.0, size) for name in ("rho", "k", "c1")}
    columns["e"] = 0.3 * rng.uniform(0.0, 1.0, size)
    table = SpecialistTable(form, columns)
    separate = Contract(shares="separate")
    return Game("m", Generalist("c0 * alpha0**2"), table, {"c0": float(size)}, contract=separate)


def totals(game: Game, shares: np.ndarray) -> np.ndarray:
    """Sums of profits of contracts, one a column."""
    equilibria, scale = market_equilibria(game)
    found = contract_equilibria(equilibria.search.crowd, np.append(0.0, LEVELS * scale), shares)
    return found.payoff + found.profit.sum(axis=0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_contract_on_a_grid_is_better(seed):
    game = market(3, seed)
    equilibria, scale = market_equilibria(game)
    stakes = market_stakes(equilibria)
    if stakes is None:
        pytest.fail("nobody gains in the game drawn")
    terms = Terms(game, "utilitarian", stakes, np.zeros(4))
    levels = LEVELS * scale
    plan = plan_edges(equilibria.search.crowd, terms, levels)

    def score(outcome):
        return float(outcome.utilities.sum())

    found = WholeShares(equilibria, terms, score, levels, SolverOptions()).search(plan)
    line = np.linspace(0.0, 1.0, 25)
    grid = np.stack(np.meshgrid(line, line, line)).reshape(3, -1)
    assert score(found) >= totals(game, grid).max() * (1.0 - 2e-3)


@pytest.mark.slow
def test_climbing_from_the_contract_of_a_dozen_leads_no_further():
    game = market(12, 1)
    found = best_market_contract(game, "utilitarian", SolverOptions()).outcome
    assert 0 < found.reply.takes.sum() < 12
    best = reached = found.utilities.sum()
    shares, radius = np.array(found.share), 0.1
    rng = np.random.default_rng(0)
    for _ in range(40):
        ways = rng.uniform(-1.0, 1.0, (12, 64)) * 10.0 ** rng.uniform(-3.0, 0.0, 64)
        ways *= rng.random((12, 64)) < rng.integers(1, 13, 64) / 12
        tried = np.clip(shares[:, None] + radius * ways, 0.0, 1.0)
        values = totals(game, tried)
        if values.max() > reached:
            reached, shares, radius = values.max(), tried[:, values.argmax()], 1.4 * radius
        else:
            radius *= 0.8
    assert reached <= best * (1.0 + 2e-3)


def test_nothing_is_printed(capfd):
    """HiGHS may print whatever it is told."""
    opt_games.solve(market(7, 4), bargain="utilitarian")
    assert capfd.readouterr().out == ""


def test_a_plan_by_which_the_generalist_stays_at_nothing(monkeypatch):
    monkeypatch.setattr(market_search, "WHOLE", 0)  # as in larger markets
    rng = np.random.default_rng(0)
    tables = []
    for revenue, cost in (
        ("rho * alpha1 / (k + alpha1)", "c1 * (alpha1 - alpha0)**3"),
        ("rho * alpha1", "c1 * (0.3 * (alpha1 - alpha0) + (alpha1 - alpha0)**2)"),
        ("rho * alpha1 / (k + alpha1)", "c1 * (alpha1 - alpha0)**(1 + 0.6 * k)"),
    ):
        columns = {name: rng.uniform(0.5, 2.0, 4) for name in ("rho", "k", "c1")}
        columns["e"] = 0.3 * rng.uniform(0.0, 1.0, 4)
        tables.append(
            SpecialistTable(Specialist(f"d{len(tables)}", revenue, f"e + {cost}"), columns)
        )
    game = Game("m", Generalist("12 * alpha0**2"), tables, contract=Contract(shares="separate"))
    found = best_market_contract(game, "max-performance", SolverOptions()).outcome
    assert found.performance > 0.0
