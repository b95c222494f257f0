"""Bargains over one share: the closed forms of the quadratic game, and the random games."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from brute_force import OBJECTIVES, Market, Table, around, equilibria, magnified, tabulate
from data.games import Row, every_row, rows
from hypothesis import given, settings
from hypothesis import strategies as st

import opt_games
from opt_games import Bargaining, Contract, Game, Generalist, Specialist

GENTLE = settings(max_examples=6)
costs = st.floats(-1.5, 1.5).map(lambda x: 10.0**x)


def quadratic(c0: float, c1: float, **more) -> Game:
    return Game(
        name="quadratic",
        generalist=Generalist("c0 * alpha0**2"),
        specialists=[Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**2")],
        parameters={"c0": c0, "c1": c1},
        **more,
    )


def closed_utilities(c0: float, c1: float, share: float) -> tuple[float, float]:
    leader = share**2 / (4 * c0) + share * (1 - share) / (2 * c1)
    return leader, share * (1 - share) / (2 * c0) + (1 - share) ** 2 / (4 * c1)


def generalists_best(c0: float, c1: float) -> float:
    return c0 / (2 * c0 - c1) if c0 > c1 else 1.0


def specialists_best(c0: float, c1: float) -> float:
    return (c1 - c0) / (2 * c1 - c0) if c1 > c0 else 0.0


def bisected(rising, low: float, high: float) -> float:
    """Where a function that falls through zero does so."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) > 0 else (low, middle)
    return (low + high) / 2


def closed_share(c0: float, c1: float, solution: str) -> float:
    """The share that a solution picks, by the derivatives of the closed forms."""

    def leader(d: float) -> float:
        return closed_utilities(c0, c1, d)[0]

    def own(d: float) -> float:
        return closed_utilities(c0, c1, d)[1]

    def log_product(d: float, w0: float = 1.0, w1: float = 1.0) -> float:
        slope0 = d / (2 * c0) + (1 - 2 * d) / (2 * c1)
        slope1 = (1 - 2 * d) / (2 * c0) - (1 - d) / (2 * c1)
        return w0 * slope0 / leader(d) + w1 * slope1 / own(d)

    # the generalist gains and the specialist loses between the peaks of the two
    low, high = specialists_best(c0, c1), generalists_best(c0, c1)
    tiny = 1e-13
    if solution == "utilitarian":
        return c1 / (c0 + c1)
    if solution == "powerful-generalist":
        return high
    if solution == "powerful-specialist":
        return low
    if solution == "max-performance":
        return 1.0 if c0 < c1 else 0.0
    if solution == "nash":
        return bisected(log_product, low + tiny, high - tiny)
    if solution == "asymmetric":
        return bisected(lambda d: log_product(d, 1.0, 3.0), low + tiny, high - tiny)
    if solution == "weighted":  # 1 and 3: the derivative is linear in the share
        # d/(2c0) + (1-2d)/(2c1) + 3 ((1-2d)/(2c0) - (1-d)/(2c1)), concave if 5/c0 > 1/c1
        slope, at_zero = -5 / (2 * c0) + 1 / (2 * c1), 3 / (2 * c0) - 2 / (2 * c1)
        if slope < 0:
            return min(max(-at_zero / slope, 0.0), 1.0)
        return 0.0 if at_zero + slope / 2 < 0 else 1.0
    best0, best1 = leader(high), own(low)
    if solution == "egalitarian":
        best0 = best1 = 1.0
    return bisected(lambda d: own(d) / best1 - leader(d) / best0, low, high)


def agrees(found: opt_games.Bargain, c0: float, c1: float, share: float) -> None:
    """Share, levels and utilities to 1e-8."""
    (got,) = found.shares.values()
    assert found.agreement
    assert found.equilibrium.certified
    assert got == pytest.approx(share, rel=1e-8, abs=1e-8), found.solution
    base = got / (2 * c0)
    final = base + (1 - got) / (2 * c1)
    levels = found.equilibrium.levels
    assert levels["generalist"]["alpha"] == pytest.approx(base, rel=1e-8, abs=1e-9 * final)
    assert levels["law"]["alpha"] == pytest.approx(final, rel=1e-8)
    exact = closed_utilities(c0, c1, share)
    scale = 1e-8 * max(exact)
    assert list(found.utilities.values()) == pytest.approx(exact, rel=1e-8, abs=scale)


@pytest.mark.parametrize(
    "solution",
    [
        "utilitarian",
        "weighted",
        "nash",
        "asymmetric",
        "kalai-smorodinsky",
        "egalitarian",
        "max-performance",
        "powerful-generalist",
        "powerful-specialist",
    ],
)
@GENTLE
@given(costs, costs)
def test_the_quadratic_game(solution, c0, c1):
    if abs(c0 - c1) < 1e-3 * c1:  # max-performance ties there, and peaks meet the corners
        c1 *= 1.01
    if solution == "weighted" and abs(5 * c1 - c0) < 1e-2 * c0:
        c0 *= 1.1  # the weighted sum is linear in the share there
    weights = {"generalist": 1.0, "law": 3.0} if solution in ("asymmetric", "weighted") else None
    name = "nash" if solution == "asymmetric" else solution
    game = quadratic(c0, c1, bargaining=Bargaining(weights=weights))
    found = opt_games.solve(game, bargain=name)
    agrees(found, c0, c1, closed_share(c0, c1, solution))


@pytest.mark.parametrize(("c0", "c1"), [(1.0, 4.0), (4.0, 1.0), (1.0, 1.0)])
def test_the_corner_shares(c0, c1):
    """Where costs differ, one player is happy to get no share at all."""
    if c0 < c1:
        corners = {"powerful-generalist": 1.0, "max-performance": 1.0}
    elif c0 > c1:
        corners = {"powerful-specialist": 0.0, "max-performance": 0.0}
    else:
        corners = {"powerful-generalist": 1.0, "powerful-specialist": 0.0}
    for solution, share in corners.items():
        found = opt_games.solve(quadratic(c0, c1), bargain=solution)
        assert found.shares["law"] == pytest.approx(share, abs=1e-9), solution
        assert list(found.utilities.values()) == pytest.approx(
            closed_utilities(c0, c1, share), rel=1e-9
        )
        assert found.equilibrium.certified


@pytest.mark.parametrize("c0", [1e-6, 1.0, 1e6])
def test_profit_sharing_survives_very_unequal_costs(c0):
    c1 = c0 / 100
    for solution in ("nash", "utilitarian"):
        found = opt_games.solve(quadratic(c0, c1), bargain=solution)
        agrees(found, c0, c1, closed_share(c0, c1, solution))


@pytest.mark.parametrize(
    ("bounds", "share"), [((0.5, 0.9), 0.5), ((0.0, 0.2), 0.2), ((0.3, 0.3), 0.3)]
)
def test_bounds_hold_the_share(bounds, share):
    game = quadratic(1.0, 0.5, contract=Contract(bounds=bounds))
    found = opt_games.solve(game, bargain="utilitarian")
    assert found.shares["law"] == pytest.approx(share, abs=1e-9)
    assert list(found.utilities.values()) == pytest.approx(
        closed_utilities(1.0, 0.5, share), rel=1e-8
    )


def test_several_specialists_with_one_share():
    """r_i = rho_i alpha_i: the total is sum of the closed forms, quadratic in the share."""
    rho, cost, c0 = np.array([1.0, 0.5, 2.0]), np.array([0.5, 1.0, 3.0]), 1.3
    domains = [
        Specialist(f"d{i}", "rho * alpha1", "c * (alpha1 - alpha0)**2", {"rho": r, "c": c})
        for i, (r, c) in enumerate(zip(rho, cost, strict=True))
    ]
    game = Game("three", Generalist("c0 * alpha0**2"), domains, {"c0": c0})
    found = opt_games.solve(game, bargain="utilitarian")
    # base = d R / (2 c0): R base - c0 base^2 + sum rho^2 (1 - d)(1 + d) / (4 c)
    total, spread = rho.sum() ** 2 / c0, (rho**2 / cost).sum()
    share = total / (total + spread)
    assert list(found.shares.values()) == pytest.approx([share] * 3, rel=1e-8)
    base = share * rho.sum() / (2 * c0)
    assert found.equilibrium.levels["generalist"]["alpha"] == pytest.approx(base, rel=1e-8)


# --- the random games ------------------------------------------------------------------------


def nash_agrees(row: Row) -> None:
    found = opt_games.solve(row.game(), bargain="nash")
    assert found.shares["domain"] == pytest.approx(row.delta, abs=1e-6)
    assert list(found.utilities.values()) == pytest.approx(row.utilities, rel=1e-7)
    assert found.equilibrium.certified
    regime = found.equilibrium.regimes["domain"]
    if row.kind == "free-ride":
        assert regime == "free-ride"
    elif row.kind == "interior":
        assert regime == "contribute"


SOME = [*rows("exponential")[::20], *rows("power")[::20]]
JUMPS = [row for row in every_row() if row.kind == "jump"]
QUICK = {row.label: row for row in [*SOME, *JUMPS]}


def test_the_games_are_of_every_kind():
    kinds = {(row.family, row.kind) for row in QUICK.values()}
    assert len(kinds) == 6
    assert len(JUMPS) == 7


@pytest.mark.parametrize("label", QUICK)
def test_nash_bargains_of_random_games(label):
    nash_agrees(QUICK[label])


@pytest.mark.slow
@pytest.mark.parametrize(
    "row", [r for r in every_row() if r.label not in QUICK], ids=lambda r: r.label
)
def test_nash_bargains_of_all_random_games(row):
    nash_agrees(row)


# --- the same with a cost of entry -----------------------------------------------------------

WEIGHTS = {"generalist": 1.0, "domain": 2.5}
POINTS = {"quick": 101, "slow": 201}


def entry_cost(row: Row) -> float:
    """Up to 80% of the specialist's best profit over all shares."""
    rng = np.random.default_rng([row.number, len(row.family)])
    best = equilibria(row.market(), np.linspace(0.0, 1.0, 11)).utilities[1].max()
    return float(rng.uniform(0.0, 0.8) * best)


def highest(market: Market, table: Table, objective, rounds: int) -> Table:
    """The table's best contract, magnified around its two best peaks, as a table of one."""
    value = np.where(table.acceptable, objective(table), -np.inf)
    peak = (value >= np.r_[-np.inf, value[:-1]]) & (value >= np.r_[value[1:], -np.inf])
    starts = np.argsort(np.where(peak, value, -np.inf))[:-3:-1]
    nodes = np.broadcast_to(table.shares, (starts.size, table.shares.size))
    best = starts
    for turn in range(rounds + 1):
        if turn:
            nodes = magnified(*around(nodes, best))
            table = replace(
                tabulate(market, nodes.ravel(), weights=table.weights), ideal=table.ideal
            )
            value = np.where(table.acceptable, objective(table), -np.inf).reshape(nodes.shape)
            best = value.argmax(axis=1)
            top = [int(value.max(axis=1).argmax())]
            if turn == 2:  # one of the two peaks has shown to be higher
                nodes, best, value = nodes[top], best[top], value[top]
    at = int(np.argmax(np.where(table.acceptable, objective(table), -np.inf)))
    return tabulate(market, table.shares[[at]], weights=table.weights)


def player(k: int):
    return lambda table: table.outcome.utilities[k]


def bargains_agree(row: Row, effort: str) -> None:
    """All nine solutions: equilibria where we put them, and no better contract elsewhere."""
    fixed = entry_cost(row)
    market, rounds = row.market(fixed), 5 if effort == "slow" else 0
    weights = np.array(list(WEIGHTS.values()))
    table = tabulate(market, np.linspace(0.0, 1.0, POINTS[effort]), weights=weights)
    best = [highest(market, table, player(k), rounds).outcome.utilities[k, 0] for k in (0, 1)]
    table = replace(table, ideal=np.array(best))
    scale = table.outcome.utilities.max()
    # the powerful first: their bests, once confirmed, are ideals that a grid may have missed
    for solution in sorted(OBJECTIVES, key=lambda name: not name.startswith("powerful")):
        objective = OBJECTIVES[solution]
        weighted = solution in ("weighted", "asymmetric-nash")
        bargaining = Bargaining(weights=WEIGHTS if weighted else None)
        name = "nash" if solution == "asymmetric-nash" else solution
        found = opt_games.solve(row.game(fixed, bargaining=bargaining), bargain=name)
        assert found.agreement == table.acceptable.any(), solution
        if not found.agreement:
            continue
        assert found.equilibrium.certified, solution
        share = found.shares["domain"]
        ours = np.array(list(found.utilities.values()))
        # at a jump both sides are equilibria, to rounding
        near = np.clip(share + np.array([0.0, -1e-9, 1e-9]), 0.0, 1.0)
        sides = equilibria(market, near)
        error = np.abs(sides.utilities - ours[:, None]) / scale
        assert ((error[0] < 1e-7) & (error[1] < 1e-5)).any(), (solution, share, ours, sides)
        table = replace(table, ideal=np.maximum(table.ideal, ours))
        mine = _table_of(found, table)
        theirs = highest(market, table, objective, rounds)
        mine, theirs = (replace(each, ideal=table.ideal) for each in (mine, theirs))
        gap = float(objective(theirs)[0] - objective(mine)[0])
        size = 1.0 if "nash" in solution else abs(float(objective(theirs)[0]))
        assert gap <= 1e-5 * size, (solution, share, float(theirs.shares[0]), gap)


def _table_of(found: opt_games.Bargain, table: Table) -> Table:
    """Our own answer in the brute force's terms."""
    levels = found.equilibrium.levels
    final = [math.nan if levels["domain"] is None else levels["domain"]["alpha"]]
    outcome = replace(
        table.outcome,
        utilities=np.array(list(found.utilities.values()))[:, None],
        final=np.array([final]),
    )
    return replace(table, outcome=outcome)


def test_a_random_game_with_a_cost_of_entry():
    bargains_agree(rows("power")[8], "quick")


@pytest.mark.slow
@pytest.mark.parametrize(
    "row", [*rows("exponential")[5::70], *rows("power")[7::70]], ids=lambda r: r.label
)
def test_random_games_with_a_cost_of_entry(row):
    bargains_agree(row, "slow")


def test_an_entry_that_nobody_can_pay_for_means_no_agreement():
    row = rows("power")[0]
    best = equilibria(row.market(), np.linspace(0.0, 1.0, 21))
    fixed = 3.0 * float(best.utilities.sum(axis=0).max())
    found = opt_games.solve(row.game(fixed), bargain="nash")
    assert not found.agreement
    assert found.shares is None
    assert found.equilibrium is None
    assert dict(found.utilities) == {"generalist": 0.0, "domain": 0.0}


def test_an_agreement_on_a_sliver_of_contracts_is_found():
    """Entry is worth it to both over less than a hundredth of the shares only."""
    # free-riding: base (1 / 2 c0) share; own profit (1 - share) base - entry > 0 near 1/2
    domain = Specialist("law", "alpha1", "2 * (alpha1 - alpha0) + entry")
    entry = 0.5 * 0.25 - 1e-6  # (1 - share) * share / 2 > entry within 1.4e-3 of 1/2
    game = Game("sliver", Generalist("alpha0**2"), [domain], {"entry": entry})
    found = opt_games.solve(game, bargain="powerful-specialist")
    assert found.agreement
    assert found.utilities["law"] > 0.0


def test_a_share_at_its_bound_stays_within():
    """The solver's answer may pass a bound by its last bit."""
    game = Game(
        name="bound",
        generalist=Generalist("c0 * alpha0**2", utility="1 - exp(-a * profit)"),
        specialists=[Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**2")],
        parameters={"c0": 1.695198493077682, "c1": 2.639386033827067, "a": 1.5817589793087716},
        bargaining=Bargaining(
            weights={"generalist": 3.596444456061298},
            disagreement={"law": -0.03517101336043941},
        ),
    )
    found = opt_games.solve(game, bargain="kalai-smorodinsky")
    assert 0.0 <= found.shares["law"] <= 1.0
