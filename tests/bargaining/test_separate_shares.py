"""Bargains over one share per domain, for a few specialists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brute_force import OBJECTIVES, Adapter, Market, Table, equilibria, tabulate

import opt_games
from opt_games import Bargaining, Contract, Game, Generalist, Specialist

SEPARATE = Contract("separate")
SOLUTIONS = [*OBJECTIVES]
SLOW = pytest.mark.slow


def market_of(c0, rho, cost, entry=None, **more) -> Game:
    entry = np.zeros(len(rho)) if entry is None else entry
    domains = [
        Specialist(
            f"d{i}", "rho * alpha1", "c * (alpha1 - alpha0)**2 + f", {"rho": r, "c": c, "f": f}
        )
        for i, (r, c, f) in enumerate(zip(rho, cost, entry, strict=True))
    ]
    more.setdefault("contract", SEPARATE)
    return Game("separate", Generalist("c0 * alpha0**2"), domains, {"c0": c0}, **more)


def closed_utilities(c0, rho, cost, share) -> np.ndarray:
    base = (share * rho).sum() / (2 * c0)
    extra = (1 - share) * rho / (2 * cost)
    leader = (share * rho * (base + extra)).sum() - c0 * base**2
    return np.array([leader, *((1 - share) * rho * (base + extra) - cost * extra**2)])


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=SLOW) for seed in (1, 2, 3))])
def test_three_specialists_with_the_utilitarian_closed_form(seed):
    rng = np.random.default_rng(seed)
    rho, c0 = rng.uniform(0.8, 1.2, 3), rng.uniform(1.0, 3.0)
    cost = rng.uniform(0.2, 0.4, 3)
    share = cost / rho * rho.sum() / (c0 + cost.sum())
    assert (share < 1).all()
    found = opt_games.solve(market_of(c0, rho, cost), bargain="utilitarian")
    assert list(found.shares.values()) == pytest.approx(share, rel=1e-8)
    exact = closed_utilities(c0, rho, cost, share)
    assert list(found.utilities.values()) == pytest.approx(exact, rel=1e-8, abs=1e-8 * exact.sum())
    base = (share * rho).sum() / (2 * c0)
    final = base + (1 - share) * rho / (2 * cost)
    levels = [at["alpha"] for at in found.equilibrium.levels.values()]
    assert levels == pytest.approx([base, *final], rel=1e-8)
    assert found.equilibrium.certified


@SLOW
def test_a_corner_of_the_closed_form():
    """A specialist that adapts at great cost is left nothing; the others share as if it were 1."""
    c0, rho, cost = 1.0, np.ones(2), np.array([0.3, 30.0])
    found = opt_games.solve(market_of(c0, rho, cost), bargain="utilitarian")
    # share 1 of d1; d0: d/ds of [R base - c0 base^2 + (1 - s^2) / (4 c)] with base = (s + 1) / 2
    share = (2 / (2 * c0) - 1 / (2 * c0)) / (1 / (2 * c0) + 1 / (2 * cost[0]))
    assert found.shares["d1"] == pytest.approx(1.0, abs=1e-8)
    assert found.shares["d0"] == pytest.approx(share, rel=1e-8)


@pytest.mark.parametrize(
    "solution",
    [
        "nash",
        pytest.param("egalitarian", marks=SLOW),
        pytest.param("kalai-smorodinsky", marks=SLOW),
    ],
)
def test_equal_specialists_get_equal_shares(solution):
    found = opt_games.solve(market_of(1.0, [1.0, 1.0], [0.5, 0.5]), bargain=solution)
    one, other = found.shares.values()
    # the product is flat at its peak; the others are kinked
    assert one == pytest.approx(other, abs=1e-6)
    assert found.utilities["d0"] == pytest.approx(found.utilities["d1"], rel=1e-6)
    # and by symmetry they get what the best common share gives, or better
    common = market_of(1.0, [1.0, 1.0], [0.5, 0.5], contract=Contract())
    alike = opt_games.solve(common, bargain=solution)
    if solution != "kalai-smorodinsky":  # whose ideals are higher with separate shares
        assert one == pytest.approx(alike.shares["d0"], abs=1e-6)


@pytest.mark.parametrize("solution", ["nash", "kalai-smorodinsky", "max-performance"])
def test_one_specialist_is_a_common_share(solution):
    shares = [
        opt_games.solve(market_of(1.0, [1.0], [0.7], [0.1], contract=contract), bargain=solution)
        for contract in (SEPARATE, Contract())
    ]
    assert shares[0].shares == shares[1].shares
    assert shares[0].utilities == shares[1].utilities


@SLOW
def test_weights_move_the_contract_towards_the_strong():
    rho, cost = [1.0, 1.0], [0.5, 0.5]
    weights = {"generalist": 1.0, "d0": 4.0, "d1": 1.0}
    plain = opt_games.solve(market_of(1.0, rho, cost), bargain="nash")
    strong = market_of(1.0, rho, cost, bargaining=Bargaining(weights=weights))
    for solution in ("nash", "weighted"):
        found = opt_games.solve(strong, bargain=solution)
        assert found.utilities["d0"] > plain.utilities["d0"] + 1e-3
        assert found.shares["d0"] < found.shares["d1"]


@SLOW
def test_disagreement_payoffs_are_honoured():
    rho, cost = [1.0, 1.0], [0.5, 0.5]
    free = opt_games.solve(market_of(1.0, rho, cost), bargain="utilitarian")
    wanted = free.utilities["d0"] + 0.2
    asked = Bargaining(disagreement={"d0": wanted})
    found = opt_games.solve(market_of(1.0, rho, cost, bargaining=asked), bargain="utilitarian")
    assert found.agreement
    assert found.utilities["d0"] == pytest.approx(wanted, abs=1e-7)
    assert found.equilibrium.welfare < free.equilibrium.welfare
    too_much = Bargaining(disagreement={"d0": 100.0, "d1": 0.5})
    none = opt_games.solve(market_of(1.0, rho, cost, bargaining=too_much), bargain="utilitarian")
    assert not none.agreement
    assert dict(none.utilities) == {"generalist": 0.0, "d0": 100.0, "d1": 0.5}


# --- two specialists, entry costs, against the brute force -----------------------------------


def brute_market(c0, rho, cost, entry) -> Market:
    def adapter(r, c, f) -> Adapter:
        return Adapter(lambda a: r * a, lambda a, base: c * (a - base) ** 2 + f)

    scale = sum(rho) / (2 * c0) + max(r / (2 * c) for r, c in zip(rho, cost, strict=True))
    adapters = [adapter(*each) for each in zip(rho, cost, entry, strict=True)]
    return Market(lambda base: c0 * base**2, adapters, 3 * scale)


def drawn(seed: int) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    c0, rho, cost = rng.uniform(0.5, 2.0), rng.uniform(0.5, 1.5, 2), rng.uniform(0.3, 2.0, 2)
    best = equilibria(brute_market(c0, rho, cost, [0.0, 0.0]), np.linspace(0, 1, 11)).utilities
    return c0, rho, cost, rng.uniform(0.0, 0.8, 2) * best[1:].max(axis=1)


def ideal(brute: Market, table: Table, player: int) -> float:
    """A player's best acceptable utility, on finer and finer grids around the best contract.

    It often lies where a player just signs, at a share of 0 of somebody's.
    """
    radius, best = 1.0 / 64, -np.inf
    for _ in range(7):
        own = np.where(table.acceptable, table.outcome.utilities[player], -np.inf)
        best, centre = max(best, own.max()), table.shares[:, [own.argmax()]]
        side = np.linspace(-radius, radius, 9)
        around = centre + np.array(np.meshgrid(side, side)).reshape(2, -1)
        table = tabulate(brute, np.clip(around, 0.0, 1.0), weights=table.weights)
        radius /= 4
    return float(best)


def no_better_contract_on_a_grid(seed: int, solutions: list[str], points: int) -> None:
    c0, rho, cost, entry = drawn(seed)
    brute = brute_market(c0, rho, cost, entry)
    weights = {"generalist": 1.0, "d0": 2.5, "d1": 0.5}
    line = np.linspace(0.0, 1.0, points)
    grid = np.array(np.meshgrid(line, line)).reshape(2, -1)
    ideals = "kalai-smorodinsky" in solutions
    if ideals:
        edge = np.array([np.zeros(301), np.linspace(0, 1, 301)])
        grid = np.hstack([grid, edge, edge[::-1]])
    table = tabulate(brute, grid, weights=np.array(list(weights.values())))
    scale = table.outcome.utilities.max()
    if ideals:
        table = replace(table, ideal=np.array([ideal(brute, table, k) for k in range(3)]))
    for solution in solutions:
        weighted = solution in ("weighted", "asymmetric-nash")
        game = market_of(
            c0, rho, cost, entry, bargaining=Bargaining(weights=weights if weighted else None)
        )
        name = "nash" if solution == "asymmetric-nash" else solution
        found = opt_games.solve(game, bargain=name)
        assert found.agreement == table.acceptable.any()
        assert found.equilibrium.certified
        shares, ours = list(found.shares.values()), np.array(list(found.utilities.values()))
        # at a jump both sides are equilibria, to rounding
        nudges = 1e-9 * np.array([[0, 1, -1, 0, 0, 1, -1], [0, 0, 0, 1, -1, 1, -1]])
        sides = equilibria(brute, np.clip(np.array(shares)[:, None] + nudges, 0, 1))
        error = np.abs(sides.utilities - ours[:, None]) / scale
        assert ((error[0] < 1e-7) & (error[1:] < 1e-5).all(axis=0)).any(), (solution, shares)
        final = [
            np.nan if at is None else at["alpha"] for at in list(found.equilibrium.levels.values())
        ][1:]
        mine = _scored(table, ours, np.array(final), solution)
        value = np.where(table.acceptable, OBJECTIVES[solution](table), -np.inf)
        best = float(value.max())
        size = 1.0 if "nash" in solution else abs(best)
        assert mine >= best - 1e-5 * size, (solution, shares, grid[:, value.argmax()], mine, best)


def _scored(table: Table, utilities: np.ndarray, final: np.ndarray, solution: str) -> float:
    outcome = type(table.outcome)(
        np.array([np.nan]), final[:, None], utilities[:, None], utilities[:, None]
    )
    one = Table(table.shares[:, :1], outcome, table.disagreement, table.weights, table.ideal)
    return float(OBJECTIVES[solution](one)[0])


def test_two_specialists_with_entry_costs():
    no_better_contract_on_a_grid(1, ["nash"], 15)


@SLOW
@pytest.mark.parametrize("seed", [2])
def test_every_solution_for_two_specialists_with_entry_costs(seed):
    no_better_contract_on_a_grid(seed, SOLUTIONS, 25)


def test_no_agreement():
    game = market_of(1.0, [1.0, 1.0], [1.0, 1.0], [50.0, 50.0])
    found = opt_games.solve(game, bargain="nash")
    assert not found.agreement
    assert found.to_dict()["regimes"] == dict.fromkeys(game.players, "abstain")


@SLOW
def test_a_specialist_who_cannot_enter_does_not_stop_the_others():
    game = market_of(1.0, [1.0, 1.0], [0.5, 0.5], [0.0, 50.0])
    found = opt_games.solve(game, bargain="nash")
    alone = opt_games.solve(market_of(1.0, [1.0], [0.5]), bargain="nash")
    assert found.equilibrium.regimes["d1"] == "abstain"
    assert found.shares["d0"] == pytest.approx(alone.shares["d0"], rel=1e-6)
    assert found.utilities["d0"] == pytest.approx(alone.utilities["d0"], rel=1e-6)
