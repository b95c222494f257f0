"""Regret: zero at equilibria, right in size elsewhere, whatever found the levels."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from brute_force import Adapter, Market, equilibria, response
from hypothesis import given, settings
from hypothesis import strategies as st

import opt_games
from opt_games import Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.payoffs import compile_payoffs
from opt_games.regret import Regret, regret, regret_of_staying_out

C0, C1 = 1.0, 0.5


def game_of(*costs: str, leader: str = "alpha0**2", revenue: str = "alpha1", **more) -> Game:
    domains = [Specialist(f"d{i}", revenue, cost) for i, cost in enumerate(costs)]
    return Game("regret", Generalist(leader, **more), domains)


PLAIN = game_of("0.5 * (alpha1 - alpha0)**2")
ENTRY = game_of("0.5 * (alpha1 - alpha0)**2 + 0.4")
BASE, FINAL = 0.2, 0.8  # at a share of 0.4


def of(game: Game, share: float, base: float, *finals: float | None) -> Regret:
    shares = np.full(len(finals), share)
    return regret(compile_payoffs(game), shares, base, finals)


def leader_at(base: float, share: float = 0.4) -> float:
    return share * (base + (1 - share) / (2 * C1)) - C0 * base**2


# --- nothing to gain -------------------------------------------------------------------------


@settings(max_examples=20)
@given(
    st.floats(-2, 2).map(lambda x: 10.0**x),
    st.floats(-2, 2).map(lambda x: 10.0**x),
    st.floats(0.0, 1.0),
)
def test_no_regret_at_the_closed_form(c0, c1, share):
    game = game_of(f"{c1!r} * (alpha1 - alpha0)**2", leader=f"{c0!r} * alpha0**2")
    base = share / (2 * c0)
    found = of(game, share, base, base + (1 - share) / (2 * c1))
    assert (found.gain <= 1e-12 * found.turnover).all()
    close = share * (base + (1 - share) / (2 * c1)) - c0 * base**2
    assert found.profit[0] == pytest.approx(close, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("name", [n for n in opt_games.shipped_games() if n != "separate-shares"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_no_regret_at_equilibria_of_the_shipped_games(name, share):
    found = opt_games.solve(opt_games.load(name), share=share).equilibrium
    assert found.certified
    for player, gain in found.regret.items():
        assert 0.0 <= gain <= 1e-8 * max(found.turnover[player], 1e-300) + 1e-300


def test_free_riders_and_those_who_stay_out_have_none():
    """At base 0.25 the first only copies and the second would lose by entering."""
    game = game_of("2 * (alpha1 - alpha0)", "2 * (alpha1 - alpha0) + 0.6")
    found = of(game, 0.5, 0.25, 0.25, None)
    assert found.gain == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)
    assert found.profit == pytest.approx([0.0625, 0.125, 0.0], rel=1e-12)


def test_a_free_rider_kept_out_by_its_entry_cost_does_not_count_as_revenue():
    """Alone, with an entry cost that no base level repays: nobody has anything to gain."""
    game = game_of("1e3 * (alpha1 - alpha0) + 3", leader="0.8 * alpha0**2")
    found = of(game, 0.5, 0.0, None)
    assert found.gain == pytest.approx([0.0, 0.0], abs=1e-12)


# --- something to gain -----------------------------------------------------------------------


@pytest.mark.parametrize("step", [1e-3, -1e-3, 0.05, -0.15, 1.0])
def test_a_moved_base_level_shows_in_the_generalists_regret(step):
    base = BASE + step
    found = of(PLAIN, 0.4, base, base + 0.6)
    assert found.gain[0] == pytest.approx(C0 * step**2, rel=1e-6)
    assert found.gain[1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("step", [1e-3, -1e-3, 0.1, -0.5, 3.0])
def test_a_moved_final_level_shows_in_the_specialists_regret(step):
    found = of(PLAIN, 0.4, BASE, FINAL + step)
    assert found.gain[1] == pytest.approx(C1 * step**2, rel=1e-6)
    # the generalist's profit counts the revenue as it stands
    assert found.profit[0] == pytest.approx(leader_at(BASE) + 0.4 * step, rel=1e-12)


def test_who_stays_out_though_taking_part_pays_has_regret():
    found = of(PLAIN, 0.4, BASE, None)
    assert found.gain[1] == pytest.approx(0.6 * FINAL - C1 * 0.36, rel=1e-9)
    assert found.gain[0] == pytest.approx(leader_at(BASE) + C0 * BASE**2, rel=1e-9)


def test_who_takes_part_though_it_does_not_pay_has_regret():
    found = of(ENTRY, 0.4, BASE, FINAL)
    assert found.gain[1] == pytest.approx(0.4 - (0.6 * FINAL - C1 * 0.36), rel=1e-9)
    # the specialist leaves unless the base level is (0.4 - 0.18) / 0.6
    edge = 0.22 / 0.6
    assert found.profit[0] > leader_at(edge)
    assert found.gain[0] == 0.0


def test_the_wrong_branch_shows():
    edge = 0.22 / 0.6
    right = of(ENTRY, 0.4, edge, edge + 0.6)
    assert right.gain == pytest.approx([0.0, 0.0], abs=1e-9)
    without = of(ENTRY, 0.4, 0.0, None)
    assert without.gain[0] == pytest.approx(leader_at(edge), rel=1e-5)
    assert without.gain[1] == 0.0


def test_a_loss_is_regretted_by_the_generalist():
    found = of(game_of("0.5 * (alpha1 - alpha0)**2", leader="alpha0**2 + 3"), 0.4, BASE, FINAL)
    assert found.gain[0] == pytest.approx(3 - leader_at(BASE), rel=1e-9)


def test_staying_out_is_regretted_where_leading_pays():
    payoffs = compile_payoffs(PLAIN)
    gain = regret_of_staying_out(payoffs, np.array([0.4]), 1.0)
    assert gain == pytest.approx(leader_at(BASE), rel=1e-9)
    dear = compile_payoffs(game_of("0.5 * (alpha1 - alpha0)**2", leader="alpha0**2 + 3"))
    assert regret_of_staying_out(dear, np.array([0.4]), 1.0) == 0.0
    elsewhere = compile_payoffs(game_of("(alpha1 - alpha0)**2", outside_option=0.25))
    assert regret_of_staying_out(elsewhere, np.array([0.4]), 1.0) == 0.0


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.4), (0.3, 0.6)])
def test_the_lower_of_two_peaks_is_regretted(low, high):
    """Net revenue of a specialist with peaks at 1 and 3 of different heights."""
    bumps = f"{low} * exp(-20 * (alpha1 - 1)**2) + {high} * exp(-20 * (alpha1 - 3)**2)"
    game = game_of("0.001 * (alpha1 - alpha0)**2", revenue=bumps, leader="10 * alpha0**2")
    peaks = [low, high]
    best = int(high > low)
    found = of(game, 0.0, 0.0, [3.0, 1.0][best])
    difference = abs(low - high) + [0.001 * 8, -0.001 * 8][best]
    assert found.gain[1] == pytest.approx(difference, rel=1e-3)
    assert peaks[best] == max(peaks)


@pytest.mark.parametrize("seed", range(4))
def test_regret_of_any_levels_against_the_brute_force(seed):
    rng = np.random.default_rng(seed)
    m, f, share = rng.uniform(0.0, 0.5), rng.uniform(0.0, 0.3), rng.uniform(0.2, 0.8)
    cost = f"0.5 * (alpha1 - alpha0)**2 + {m!r} * (alpha1 - alpha0) + {f!r}"
    game = game_of(cost, revenue="sqrt(alpha1)")
    adapter = Adapter(np.sqrt, lambda a, base: 0.5 * (a - base) ** 2 + m * (a - base) + f)
    market = Market(lambda base: base**2, [adapter], 4.0)
    base, extra = rng.uniform(0.0, 1.0), rng.uniform(0.0, 1.0)
    found = of(game, share, base, base + extra)
    best = equilibria(market, np.array([share])).utilities[0, 0]
    leader = share * np.sqrt(base + extra) - base**2
    assert found.profit[0] == pytest.approx(leader, rel=1e-12)
    assert found.gain[0] == pytest.approx(max(best - leader, 0.0), rel=1e-5, abs=1e-7)
    _, own = response(adapter, np.array([share]), np.array([base]), 4.0)
    took = (1 - share) * np.sqrt(base + extra) - adapter.cost(base + extra, base)
    assert found.gain[1] == pytest.approx(max(own[0], 0.0) - took, rel=1e-6, abs=1e-9)


# --- what the answer says --------------------------------------------------------------------


def test_an_equilibrium_with_regret_is_not_certified(monkeypatch):
    """A search that misses the optimum and a solver that stops at once: the regret tells."""
    from opt_games import equilibrium as module

    equilibria_of = EquilibriumMap.of(PLAIN, options=opt_games.SolverOptions(iteration_limit=0))
    truth = module.sample

    def wrong(payoffs, window, shares):
        found = truth(payoffs, window, shares)
        found.optima.base[...] *= 1.1
        return found

    monkeypatch.setattr(module, "sample", wrong)
    found = equilibria_of.equilibrium(np.array([0.4]))
    assert not found.certified
    assert found.regret["generalist"] == pytest.approx(C0 * 0.02**2, rel=1e-6)


def test_regret_is_in_utility():
    game = Game(
        "averse",
        Generalist("alpha0**2", utility="log(1 + profit)"),
        [Specialist("d0", "alpha1", "0.5 * (alpha1 - alpha0)**2", utility="2 * profit")],
    )
    payoffs = compile_payoffs(game)
    found = regret(payoffs, np.array([0.4]), BASE, [FINAL + 0.1])
    assert found.gain[1] == pytest.approx(C1 * 0.01, rel=1e-6)  # of money, here
    both = payoffs.utilities(np.vstack([found.profit, found.profit + found.gain]).T)
    assert both[1, 1] - both[1, 0] == pytest.approx(2 * C1 * 0.01, rel=1e-6)


def test_regret_uses_no_search_of_the_engine():
    """It may not call the functions whose work it checks."""
    module = sys.modules["opt_games.regret"]
    for name in ("best_responses", "leader_optima", "evaluate", "find_window", "sample"):
        assert not hasattr(module, name)


def test_it_scales_with_the_levels():
    for unit in (1e-6, 1.0, 1e9):
        game = game_of(
            f"0.5 * ((alpha1 - alpha0) / {unit})**2",
            leader=f"(alpha0 / {unit})**2",
            revenue=f"alpha1 / {unit}",
        )
        found = of(game, 0.4, 1.1 * BASE * unit, (1.1 * BASE + 0.6) * unit)
        assert found.gain[0] == pytest.approx(C0 * (0.1 * BASE) ** 2, rel=1e-5)
        assert found.gain[1] == pytest.approx(0.0, abs=1e-12)


def test_a_hundred_specialists():
    count = 100
    game = game_of(*["0.5 * (alpha1 - alpha0)**2"] * count)
    base = 0.4 * count / 2
    finals = [base + 0.6] * count
    finals[37] += 0.1
    finals[61] = None
    found = of(game, 0.4, base, *finals)
    assert found.gain[38] == pytest.approx(C1 * 0.01, rel=1e-6)
    assert found.gain[62] == pytest.approx(0.6 * (base + 0.6) - 0.18, rel=1e-9)
    others = np.delete(found.gain, [0, 38, 62])
    assert (others <= 1e-12 * base).all()
