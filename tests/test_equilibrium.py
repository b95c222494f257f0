"""Equilibria against closed forms: levels, profits, utilities, regimes and ties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opt_games
from opt_games import Branch, Closure, Contract, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap

TOLERANCE = 1e-8
GENTLE = settings(max_examples=12)

costs = st.floats(-2.0, 2.0).map(lambda x: 10.0**x)
powers = st.floats(1.3, 4.0)
inner_shares = st.floats(0.02, 0.98)
shares = st.sampled_from([0.0, 1.0]) | st.floats(0.0, 1.0, allow_subnormal=False)


def close(value, exact, scale: float = 0.0) -> None:
    """To 1e-8 of the exact value, or of a scale where the exact value is 0."""
    assert value == pytest.approx(exact, rel=TOLERANCE, abs=TOLERANCE * scale)


def game_of(
    cost: str,
    *specialists: Specialist,
    contract: Contract | None = None,
    utility: str | None = None,
    outside_option: float = 0.0,
    **parameters: float,
) -> Game:
    return Game(
        name="closed form",
        generalist=Generalist(cost, utility, outside_option),
        specialists=specialists,
        parameters=parameters,
        contract=contract or Contract(),
    )


def power_game(c0: float, k0: float, c1: float, k1: float) -> Game:
    domain = Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**k1")
    return game_of("c0 * alpha0**k0", domain, c0=c0, k0=k0, c1=c1, k1=k1)


def entry_game(c0: float, c1: float, entry: float, **more) -> Game:
    domain = Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**2 + entry")
    return game_of("c0 * alpha0**2", domain, c0=c0, c1=c1, entry=entry, **more)


def equilibrium(game: Game, *contract: float) -> opt_games.Equilibrium:
    if len(contract) == 1:
        contract *= len(game.specialists)
    return EquilibriumMap.of(game).equilibrium(np.array(contract, dtype=float))


def alpha(found: opt_games.Equilibrium, player: str) -> float:
    return found.levels[player]["alpha"]


# --- one specialist --------------------------------------------------------------------------


@GENTLE
@given(costs, powers, costs, powers, shares)
def test_costs_that_are_powers(c0, k0, c1, k1, share):
    base = (share / (k0 * c0)) ** (1 / (k0 - 1))
    extra = ((1 - share) / (k1 * c1)) ** (1 / (k1 - 1))
    found = equilibrium(power_game(c0, k0, c1, k1), share)
    assert found.certified
    # next to the rounding of the final level a tiny share gives the generalist no reason to work
    close(alpha(found, "generalist"), base, scale=1e-8 * (base + extra))
    close(alpha(found, "law"), base + extra)
    profits = {
        "generalist": share * (base + extra) - c0 * base**k0,
        "law": (1 - share) * (base + extra) - c1 * extra**k1,
    }
    for player, exact in profits.items():
        close(found.profits[player], exact)
        close(found.utilities[player], exact)
    assert found.welfare == sum(found.utilities.values())


@settings(GENTLE, max_examples=25)
@given(costs, powers, costs, powers)
def test_a_whole_line_of_contracts(c0, k0, c1, k1):
    line = np.concatenate(
        [[0.0], np.geomspace(1e-3, 0.5, 12), 1 - np.geomspace(0.4, 1e-3, 12), [1]]
    )
    found = EquilibriumMap.of(power_game(c0, k0, c1, k1)).sample(line[None])
    base = (line / (k0 * c0)) ** (1 / (k0 - 1))
    extra = ((1 - line) / (k1 * c1)) ** (1 / (k1 - 1))
    close(found.optima.base, base)
    close(found.optima.contribution[0], extra, scale=float((base + extra).max()))
    close(found.performance, base + extra)
    close(found.utilities[0], line * (base + extra) - c0 * base**k0)
    close(found.utilities[1], (1 - line) * (base + extra) - c1 * extra**k1)
    assert found.active.all()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_at_a_corner_share_only_one_invests(share):
    found = equilibrium(power_game(1.0, 2.0, 0.5, 2.0), share)
    close(alpha(found, "generalist"), 0.5 * share)
    close(alpha(found, "law"), 0.5 if share else 1.0)
    assert found.regimes["generalist"] == "contribute"
    assert found.regimes["law"] == ("free-ride" if share else "contribute")
    assert found.certified


@GENTLE
@given(costs, st.floats(0.05, 0.9), st.floats(0.02, 3.0), costs)
def test_free_riding_where_the_first_unit_costs_more_than_it_earns(c0, share, above, c1):
    slope = (1 - share) * (1 + above)
    domain = Specialist("law", "alpha1", "m * (alpha1 - alpha0) + c1 * (alpha1 - alpha0)**2")
    found = equilibrium(game_of("c0 * alpha0**2", domain, c0=c0, c1=c1, m=slope), share)
    base = share / (2 * c0)
    assert found.regimes == {"generalist": "contribute", "law": "free-ride"}
    assert alpha(found, "law") == alpha(found, "generalist")
    close(alpha(found, "generalist"), base)
    close(found.utilities["generalist"], share**2 / (4 * c0))
    close(found.utilities["law"], (1 - share) * base)
    assert found.branch.followers == ((Closure.LOWER,),)


def test_marginal_revenue_is_infinite_at_zero():
    domain = Specialist("law", "sqrt(alpha1)", "(alpha1 - alpha0)**2")
    game = game_of("alpha0**2", domain)
    contributes = equilibrium(game, 0.0)
    close(alpha(contributes, "law"), 0.25 ** (2 / 3))
    assert alpha(contributes, "generalist") == 0.0
    leads = equilibrium(game, 1.0)
    close(alpha(leads, "generalist"), 0.25 ** (2 / 3))
    assert leads.regimes["law"] == "free-ride"


def test_a_highest_level_stops_both():
    domain = Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**2")
    game = Game(
        name="capped",
        generalist=Generalist("c0 * alpha0**2"),
        specialists=[domain],
        parameters={"c0": 0.1, "c1": 0.1},
        level_bounds={"alpha": 1.5},
    )
    found = equilibrium(game, 0.2)  # would be base 1, final 5
    assert alpha(found, "law") == 1.5
    # one unit of base adds nothing once the specialist is at the cap
    # (its profit is flat at 0, so that the root of rounding is the best to ask for)
    assert alpha(found, "generalist") == pytest.approx(0.0, abs=3e-8)
    assert found.branch.followers == ((Closure.UPPER,),)
    close(found.utilities["law"], 0.8 * 1.5 - 0.1 * 1.5**2)
    alone = equilibrium(game, 1.0)
    assert alpha(alone, "generalist") == alpha(alone, "law") == 1.5
    close(alone.utilities["generalist"], 1.5 - 0.1 * 1.5**2)


# --- taking part -----------------------------------------------------------------------------


def entry_answer(c0, c1, entry, share) -> tuple[str, float, float, float]:
    """Which case holds, the base level and both profits."""
    free = share / (2 * c0)
    needed = (entry - (1 - share) ** 2 / (4 * c1)) / (1 - share)
    base = max(free, needed)
    leader = share * (base + (1 - share) / (2 * c1)) - c0 * base**2
    if leader < 0:
        return "out", 0.0, 0.0, 0.0
    own = (1 - share) * base + (1 - share) ** 2 / (4 * c1) - entry
    return ("inside", base, leader, own) if free > needed else ("edge", base, leader, 0.0)


@settings(GENTLE, max_examples=25)
@given(costs, costs, inner_shares, st.floats(0.0, 2.5).filter(lambda t: abs(t - 1) > 1e-3))
def test_a_cost_of_entry(c0, c1, share, times):
    """Up to 2.5 times what the specialist earns at the base level that suits the generalist."""
    entry = times * ((1 - share) * share / (2 * c0) + (1 - share) ** 2 / (4 * c1))
    case, base, leader, own = entry_answer(c0, c1, entry, share)
    found = equilibrium(entry_game(c0, c1, entry), share)
    assert found.certified
    assert found.regimes["law"] == ("abstain" if case == "out" else "contribute")
    assert alpha(found, "generalist") == pytest.approx(base, rel=TOLERANCE, abs=1e-12 * base)
    if case == "out":
        assert found.levels["law"] is None
    else:
        close(alpha(found, "law"), base + (1 - share) / (2 * c1))
    assert (found.branch.binding == (0,)) == (case == "edge")
    close(found.profits["generalist"], leader, scale=entry)
    close(found.profits["law"], own, scale=entry)


def test_every_case_of_entry_is_met():
    cases = [entry_answer(1.0, 0.5, entry, 0.4)[0] for entry in (0.1, 0.4, 2.0)]
    assert cases == ["inside", "edge", "out"]


@pytest.mark.parametrize("entry", [0.1, 0.4, 2.0])
def test_an_outside_option_is_a_cost_of_entry_that_is_given_back(entry):
    outside = 0.3
    domain = Specialist("law", "alpha1", "0.5 * (alpha1 - alpha0)**2", outside_option=entry)
    paid = equilibrium(game_of("alpha0**2", domain), 0.4)
    entered = equilibrium(entry_game(1.0, 0.5, entry), 0.4)
    assert paid.regimes == entered.regimes
    close(alpha(paid, "generalist"), alpha(entered, "generalist"))
    close(paid.profits["law"], entered.profits["law"] + entry)
    # the generalist's own outside option moves its participation only
    case, _, leader, _ = entry_answer(1.0, 0.5, entry, 0.4)
    led = equilibrium(entry_game(1.0, 0.5, entry, outside_option=outside), 0.4)
    stays = case != "out" and leader >= outside
    assert led.regimes["generalist"] == ("contribute" if stays else "abstain")
    close(led.profits["generalist"], leader if stays else outside)


@pytest.mark.parametrize(("fixed", "takes_part"), [(0.0799, True), (0.0801, False), (5.0, False)])
def test_a_generalist_whose_cost_is_not_covered_abstains(fixed, takes_part):
    # free-riding: it earns share**2 / (4 c0) = 0.08
    domain = Specialist("law", "alpha1", "2 * (alpha1 - alpha0)", outside_option=0.01)
    found = equilibrium(game_of("0.5 * alpha0**2 + fixed", domain, fixed=fixed), 0.4)
    assert found.certified
    if takes_part:
        close(found.profits["generalist"], 0.16 / 2 - fixed, scale=fixed)
        return
    assert found.regimes == {"generalist": "abstain", "law": "abstain"}
    assert found.levels == {"generalist": None, "law": None}
    assert found.profits == found.utilities == {"generalist": 0.0, "law": 0.01}
    assert found.branch is None
    assert found.shares == {"law": 0.4}


# --- many specialists ------------------------------------------------------------------------


@GENTLE
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_separate_shares(seed, count):
    rng = np.random.default_rng(seed)
    rho, cost = 10 ** rng.uniform(-1, 1, (2, count))
    c0 = 10 ** rng.uniform(-1, 1)
    share = rng.random(count)
    share[0] = rng.choice([0.0, share[0], 1.0])
    domains = [
        Specialist(f"d{i}", "rho * alpha1", "c * (alpha1 - alpha0)**2", {"rho": r, "c": c})
        for i, (r, c) in enumerate(zip(rho, cost, strict=True))
    ]
    game = game_of("c0 * alpha0**2", *domains, contract=Contract("separate"), c0=c0)
    found = equilibrium(game, *share)
    base = (share * rho).sum() / (2 * c0)
    final = base + (1 - share) * rho / (2 * cost)
    close(alpha(found, "generalist"), base)
    close([alpha(found, d.name) for d in domains], final)
    close(found.utilities["generalist"], (share * rho * final).sum() - c0 * base**2)
    close(
        [found.utilities[d.name] for d in domains],
        (1 - share) * rho * final - cost * (final - base) ** 2,
    )
    assert found.certified


def test_two_hundred_specialists_of_three_forms():
    rng = np.random.default_rng(7)
    rho, cost = 10 ** rng.uniform(-1, 1, (2, 200))
    form = rng.integers(0, 3, 200)
    share, c0 = 0.3, 5.0
    texts = {
        0: "c * (alpha1 - alpha0)**2",
        1: "rho * (alpha1 - alpha0) + c * (alpha1 - alpha0)**2",  # free-rides
        2: "1e6 * rho + c * (alpha1 - alpha0)**2",  # abstains
    }
    domains = [
        Specialist(f"d{i}", "rho * alpha1", texts[f], {"rho": r, "c": c})
        for i, (r, c, f) in enumerate(zip(rho, cost, form, strict=True))
    ]
    found = equilibrium(game_of("c0 * alpha0**2", *domains, c0=c0), share)
    base = share * rho[form < 2].sum() / (2 * c0)
    extra = np.where(form == 0, (1 - share) * rho / (2 * cost), 0.0)
    close(alpha(found, "generalist"), base)
    regimes = ["contribute", "free-ride", "abstain"]
    assert [found.regimes[d.name] for d in domains] == [regimes[f] for f in form]
    own = np.where(form < 2, (1 - share) * rho * (base + extra) - cost * extra**2, 0.0)
    close([found.utilities[d.name] for d in domains], own)
    leader = share * (rho * (base + extra))[form < 2].sum() - c0 * base**2
    close(found.utilities["generalist"], leader)
    assert found.certified


def test_the_generalist_pays_for_one_entry_but_not_for_two():
    """Each extra base unit is worth it for the specialist who then enters, up to a point."""
    contract = Contract("separate")
    domains = [
        Specialist("near", "alpha1", "1e3 * (alpha1 - alpha0) + 0.3"),
        Specialist("far", "alpha1", "1e3 * (alpha1 - alpha0) + 3"),
    ]
    found = equilibrium(game_of("alpha0**2", *domains, contract=contract), 0.5, 0.5)
    # near enters at base 0.6, where the generalist would earn 0.5 * 0.6 - 0.36 < 0, far at 6
    assert found.regimes == {"generalist": "contribute", "near": "abstain", "far": "abstain"}
    assert found.certified
    cheap = equilibrium(game_of("0.8 * alpha0**2", *domains, contract=contract), 0.5, 0.5)
    assert cheap.regimes == {"generalist": "contribute", "near": "free-ride", "far": "abstain"}
    close(alpha(cheap, "generalist"), 0.6)
    close(cheap.profits["generalist"], 0.3 - 0.8 * 0.36)
    assert cheap.branch.binding == (0,)


# --- utilities -------------------------------------------------------------------------------


def test_utilities_change_no_level():
    plain = equilibrium(entry_game(1.0, 0.5, 0.4), 0.4)
    domain = Specialist(
        "law",
        "alpha1",
        "0.5 * (alpha1 - alpha0)**2 + 0.4",
        {"a": 3.0},
        utility="1 - exp(-a * profit)",
    )
    averse = equilibrium(game_of("alpha0**2", domain, utility="log(1 + profit)"), 0.4)
    assert dict(averse.levels) == {p: pytest.approx(at, rel=1e-9) for p, at in plain.levels.items()}
    assert averse.profits == pytest.approx(plain.profits, rel=TOLERANCE, abs=1e-12)
    close(averse.utilities["generalist"], math.log(1 + plain.profits["generalist"]))
    assert averse.utilities["law"] == pytest.approx(0.0, abs=1e-12)
    richer = equilibrium(game_of("alpha0**2", domain, utility="log(1 + profit)"), 0.1)
    close(richer.utilities["law"], 1 - math.exp(-3 * richer.profits["law"]))
    assert richer.profits["law"] > 0.0


# --- ties ------------------------------------------------------------------------------------


def test_a_specialist_who_keeps_nothing_takes_part():
    found = equilibrium(power_game(1.0, 2.0, 0.5, 2.0), 1.0)
    assert found.profits["law"] == 0.0
    assert found.regimes["law"] == "free-ride"


@pytest.mark.parametrize("c1", [0.5, 10.0, 100.0, 1e4])
@pytest.mark.parametrize("k0", [2.0, 3.0])
def test_a_specialist_who_keeps_nothing_stays_at_every_base_level(k0, c1):
    c0 = 0.1  # base levels well above 1, where rounding is coarser than the cost of nothing
    found = equilibrium(power_game(c0, k0, c1, 2.0), 1.0)
    close(alpha(found, "generalist"), (1 / (k0 * c0)) ** (1 / (k0 - 1)))
    assert found.certified


def test_a_generalist_who_gets_nothing_takes_part():
    found = equilibrium(power_game(1.0, 2.0, 0.5, 2.0), 0.0)
    assert found.profits["generalist"] == 0.0
    assert found.regimes == {"generalist": "contribute", "law": "contribute"}


def test_a_specialist_indifferent_between_levels_picks_what_the_generalist_prefers():
    # it keeps 1 - (x - 1)^2 (x - 2)^2, whatever the base level
    cost = "0.5 * alpha1 + (alpha1 - 1)**2 * (alpha1 - 2)**2 - 1"
    more = equilibrium(game_of("alpha0**2", Specialist("law", "alpha1", cost)), 0.5)
    assert alpha(more, "law") == pytest.approx(2.0, abs=1e-7)
    close(more.profits["generalist"], 1.0)
    # and less where that is what pays the generalist
    cost = "0.5 * (3 - alpha1) + (alpha1 - 1)**2 * (alpha1 - 2)**2 - 1"
    less = equilibrium(game_of("alpha0**2", Specialist("law", "3 - alpha1", cost)), 0.5)
    assert alpha(less, "law") == pytest.approx(1.0, abs=1e-7)
    close(less.profits["generalist"], 1.0)
    assert more.certified
    assert less.certified


@pytest.mark.parametrize(("revenue", "picked"), [("alpha1", 2.0), ("3 - alpha1", 1.0)])
def test_a_generalist_indifferent_between_levels_picks_what_the_specialist_prefers(revenue, picked):
    free_rider = Specialist("law", revenue, "10 * (alpha1 - alpha0)")
    cost = f"0.5 * ({revenue.replace('1', '0')}) + (alpha0 - 1)**2 * (alpha0 - 2)**2 - 1"
    found = equilibrium(game_of(cost, free_rider), 0.5)
    assert alpha(found, "generalist") == pytest.approx(picked, abs=1e-6)
    close(found.profits["generalist"], 1.0)
    close(found.profits["law"], 1.0)


def test_a_generalist_on_a_plateau_goes_where_the_specialist_wants_it():
    free_rider = Specialist("law", "alpha1", "10 * (alpha1 - alpha0)")
    found = equilibrium(game_of("0.5 * alpha0 + max(alpha0 - 3, 0)", free_rider), 0.5)
    close(alpha(found, "generalist"), 3.0)
    close(found.profits["law"], 1.5)


def test_where_the_generalist_is_indifferent_to_an_entry_the_specialist_enters():
    # at base 1 the specialist just enters; the generalist gets 0.5 * 1 - 0.5 * 1**2 = 0 there
    domain = Specialist("law", "alpha1", "10 * (alpha1 - alpha0) + 0.5")
    found = equilibrium(game_of("0.5 * alpha0**2", domain), 0.5)
    assert found.regimes == {"generalist": "contribute", "law": "free-ride"}
    close(alpha(found, "generalist"), 1.0)


# --- units and form --------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-6, 1e-2, 1e3, 1e9])
def test_units_of_the_level(unit):
    domain = Specialist("law", "alpha1 / s", "0.5 * ((alpha1 - alpha0) / s)**2 + 0.4")
    found = equilibrium(game_of("(alpha0 / s)**2", domain, s=unit), 0.4)
    _, base, leader, _ = entry_answer(1.0, 0.5, 0.4, 0.4)
    close(alpha(found, "generalist"), base * unit)
    close(alpha(found, "law"), (base + 0.6) * unit)
    close(found.profits["generalist"], leader)
    assert found.certified


@pytest.mark.parametrize("unit", [1e-6, 1e-2, 1e3, 1e9])
def test_units_of_money(unit):
    domain = Specialist("law", "m * alpha1", "m * 0.5 * (alpha1 - alpha0)**2 + m * 0.4")
    found = equilibrium(game_of("m * alpha0**2", domain, m=unit), 0.4)
    _, base, leader, _ = entry_answer(1.0, 0.5, 0.4, 0.4)
    close(alpha(found, "generalist"), base)
    close(found.profits["generalist"], leader * unit)
    assert found.certified


def test_functions_give_the_same_equilibrium_as_text():
    domain = Specialist(
        "law", lambda alpha1: alpha1, lambda alpha0, alpha1, c1: c1 * (alpha1 - alpha0) ** 2
    )
    game = game_of("c0 * alpha0**2", domain, c0=1.0, c1=0.5)
    found, text = equilibrium(game, 0.4), equilibrium(power_game(1.0, 2.0, 0.5, 2.0), 0.4)
    assert found.utilities == pytest.approx(text.utilities, rel=1e-12)


def test_a_branch_says_which_equations_hold():
    found = equilibrium(power_game(1.0, 2.0, 0.5, 2.0), 0.4)
    assert found.branch == Branch((Closure.STATIONARY,), ((Closure.STATIONARY,),))


# --- trouble ---------------------------------------------------------------------------------


def test_what_cannot_be_solved_yet_is_refused():
    game = Game(
        name="two attributes",
        generalist=Generalist("alpha0**2 + beta0**2"),
        specialists=[Specialist("law", "alpha1", "(alpha1 - alpha0)**2 + (beta1 - beta0)**2")],
        attributes=("alpha", "beta"),
    )
    with pytest.raises(
        opt_games.UnsupportedGameError, match=r"alpha, beta.*only solve, sweep and regulate"
    ):
        EquilibriumMap.of(game)


def test_a_failing_solver_is_recorded_and_the_equilibrium_still_stands():
    options = opt_games.SolverOptions(iteration_limit=0)
    game = power_game(1.0, 3.0, 0.5, 1.5)
    equilibria = EquilibriumMap.of(game, options=options)
    found = equilibria.equilibrium(np.array([0.4]))
    close(alpha(found, "generalist"), (0.4 / 3) ** 0.5)
    assert found.certified
    work = equilibria.log.work(0.0)
    assert (work.solves, len(work.failures)) == (1, 1)
    assert work.failures[0].startswith("equilibrium: ")
