"""Thresholds of quadratic and polynomial games, which closed forms give; see `opt_games.models`."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

import opt_games
from opt_games.regions.line import without_slivers

ACCURACY = 1e-6


def quadratic(**parameters: float) -> opt_games.Game:
    """The quadratic game, with a linear and a fixed cost of the specialist."""
    return opt_games.Game(
        name="quadratic",
        generalist=opt_games.Generalist("c0 * alpha0**2"),
        specialists=[
            opt_games.Specialist(
                "law", "alpha1", "fixed + m1 * (alpha1 - alpha0) + c1 * (alpha1 - alpha0)**2"
            )
        ],
        parameters={"c0": 1.0, "c1": 0.5, "m1": 0.0, "fixed": 0.0} | parameters,
    )


def polynomial(fixed: float = 0.0, **parameters: float) -> opt_games.Game:
    return opt_games.Game(
        name="polynomial",
        generalist=opt_games.Generalist("c0 * alpha0**k0"),
        specialists=[opt_games.Specialist("law", "alpha1", "fixed + c1 * (alpha1 - alpha0)**k1")],
        parameters={"c0": 1.0, "k0": 3.0, "c1": 0.5, "k1": 1.5, "fixed": fixed} | parameters,
    )


def inner_ends(found: opt_games.Conditions) -> list[float]:
    intervals = found.intervals
    assert all(a.high == b.low for a, b in pairwise(intervals))
    assert all(a.condition != b.condition for a, b in pairwise(intervals))
    return [interval.high for interval in intervals[:-1]]


def regimes(found: opt_games.Conditions, player: str = "law") -> list[str]:
    return [interval.condition.regimes[player] for interval in found.intervals]


def sharing(found: opt_games.Conditions) -> list[bool]:
    return [interval.condition.profit_sharing for interval in found.intervals]


@pytest.mark.parametrize("share", [0.25, 0.6])
def test_free_riding_begins_where_the_first_unit_of_work_costs_its_own_part(share):
    found = opt_games.conditions(quadratic(), "m1", 0.0, 1.0, share=share, points=5)
    assert inner_ends(found) == pytest.approx([1 - share], abs=ACCURACY)
    assert regimes(found) == ["contribute", "free-ride"]
    assert sharing(found) == [True, True]
    assert (found.intervals[0].low, found.intervals[-1].high) == (0.0, 1.0)


def test_the_share_itself_can_vary():
    found = opt_games.conditions(quadratic(m1=0.3), "share", 0.1, 0.95, points=5)
    assert found.solution == "given"
    assert inner_ends(found) == pytest.approx([0.7], abs=ACCURACY)
    assert regimes(found) == ["contribute", "free-ride"]


def held_in(share: float, c0: float, c1: float) -> tuple[float, float]:
    """Costs of entry at which law begins to earn nothing, and at which it is let go.

    In between the generalist builds more than it would, just enough for law to take part, as long
    as that pays: delta (alpha0 + x) = c0 alpha0**2 at the most, with x what law adds.
    """
    x = (1 - share) / (2 * c1)
    own = (1 - share) ** 2 / (4 * c1)
    most = (share + math.sqrt(share**2 + 4 * c0 * share * x)) / (2 * c0)
    return (1 - share) * share / (2 * c0) + own, (1 - share) * most + own


@pytest.mark.parametrize(("share", "c0", "c1"), [(0.4, 1.0, 0.5), (0.7, 0.6, 2.0)])
def test_a_cost_of_entry_first_takes_the_gain_then_the_specialist(share, c0, c1):
    game = quadratic(c0=c0, c1=c1)
    no_gain, gone = held_in(share, c0, c1)
    found = opt_games.conditions(game, "fixed", 0.0, 1.5 * gone, share=share, points=5)
    assert inner_ends(found) == pytest.approx([no_gain, gone], abs=ACCURACY)
    assert sharing(found) == [True, False, False]
    assert regimes(found) == ["contribute", "contribute", "abstain"]


def test_the_gain_of_a_polynomial_game():
    share, c0, k0, c1, k1 = 0.3, 1.0, 3.0, 0.5, 1.5
    base = (share / (k0 * c0)) ** (1 / (k0 - 1))
    more = ((1 - share) / (k1 * c1)) ** (1 / (k1 - 1))
    no_gain = (1 - share) * (base + more) - c1 * more**k1
    found = opt_games.conditions(
        polynomial(), "fixed", 0.5 * no_gain, 1.2 * no_gain, share=share, points=3
    )
    assert inner_ends(found)[0] == pytest.approx(no_gain, abs=ACCURACY)
    assert sharing(found)[:2] == [True, False]


def test_a_logarithmic_scan_finds_the_same():
    even = opt_games.conditions(quadratic(), "m1", 0.01, 10.0, share=0.9, points=4, log=True)
    assert inner_ends(even) == pytest.approx([0.1], abs=ACCURACY)


def test_ends_are_as_accurate_as_asked_for():
    for tolerance in (1e-3, 1e-8):
        found = opt_games.conditions(
            quadratic(), "m1", 0.0, 1.0, share=1 / 3, points=3, tolerance=tolerance
        )
        assert inner_ends(found) == pytest.approx([2 / 3], abs=tolerance)
    narrow = opt_games.conditions(quadratic(), "m1", 0.3, 0.302, share=0.6987, points=3)
    assert inner_ends(narrow) == pytest.approx([0.3013], abs=2e-9)  # 1e-6 of the range


def test_domains_may_have_shares_of_their_own():
    game = opt_games.Game(
        name="two",
        generalist=opt_games.Generalist("alpha0**2"),
        specialists=[
            opt_games.Specialist(name, "alpha1", "m1 * (alpha1 - alpha0) + (alpha1 - alpha0)**2")
            for name in ("law", "film")
        ],
        parameters={"m1": 0.0},
        contract=opt_games.Contract(shares="separate"),
    )
    shares = {"law": 0.2, "film": 0.5}
    found = opt_games.conditions(game, "m1", 0.0, 1.0, share=shares, points=3, tolerance=1e-4)
    assert inner_ends(found) == pytest.approx([0.5, 0.8], abs=1e-4)
    assert regimes(found, "law") == ["contribute", "contribute", "free-ride"]
    assert regimes(found, "film") == ["contribute", "free-ride", "free-ride"]


def test_the_spec_says_what_is_asked_for_if_nothing_else_does():
    game = quadratic()
    given = opt_games.Game(
        name="given",
        generalist=game.generalist,
        specialists=game.specialists,
        parameters={**game.parameters, "m1": 0.2},
        contract=opt_games.Contract(share="c0 / 2"),
    )
    found = opt_games.conditions(given, "c0", 0.5, 1.9, points=3)
    assert found.solution == "given"
    assert inner_ends(found) == pytest.approx([1.6], abs=ACCURACY)
    assert opt_games.conditions(game, "c0", 0.9, 1.1, points=2).solution == "nash"


def test_a_stretch_without_an_answer_has_its_reason():
    """Below c1 = 0 law's profit grows without limit."""
    found = opt_games.conditions(quadratic(), "c1", -1.0, 1.0, share=0.4, points=4)
    first, second = found.intervals
    assert first.high == pytest.approx(0.0, abs=ACCURACY)
    assert first.condition.regimes is None
    assert "law" in first.reason
    assert second.condition.profit_sharing
    assert found.failures > 2
    document = found.to_dict()["intervals"][0]
    assert document == {
        "from": -1.0,
        "to": first.high,
        "agreement": None,
        "profit_sharing": None,
        "regimes": None,
        "reason": first.reason,
    }


def test_a_single_value_without_an_answer_is_left_out_but_counted():
    found = opt_games.conditions(quadratic(), "c1", 0.0, 1.0, share=0.4, points=3)
    assert len(found.intervals) == 1
    assert found.failures >= 1


def test_no_answer_at_all_is_an_error():
    with pytest.raises(opt_games.SolverError, match=r"at any of 3 points; at c1 = -2: .*law"):
        opt_games.conditions(quadratic(), "c1", -2.0, -1.0, share=0.4, points=3)


def test_the_document_is_that_of_the_interface():
    found = opt_games.conditions(quadratic(), "m1", 0.0, 1.0, share=0.25, points=3)
    assert found.to_dict() == {
        "parameter": "m1",
        "solution": "given",
        "intervals": [
            {
                "from": low,
                "to": high,
                "agreement": True,
                "profit_sharing": True,
                "regimes": {"generalist": "contribute", "law": regime},
            }
            for low, high, regime in (
                (0.0, pytest.approx(0.75, abs=ACCURACY), "contribute"),
                (pytest.approx(0.75, abs=ACCURACY), 1.0, "free-ride"),
            )
        ],
    }


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("c2", 0, 1), {}, r"unknown parameter 'c2' \(did you mean \"c"),
        (("c1", 1, 1), {}, "the lower first"),
        (("c1", 0, math.inf), {}, "the lower first"),
        (("c1", 0, 1), {"points": 1}, "at least 2 points"),
        (("c1", 0, 1), {"tolerance": 0.0}, "tolerance"),
        (("c1", 0, 1), {"log": True}, "begins above 0"),
        (("c1", 0, 1), {"bargain": "nsh"}, "nash"),
        (("c1", 0, 1), {"bargain": "weighted"}, "needs weights"),
        (("c1", 0, 1), {"bargain": "nash", "share": 0.4}, "give one of"),
        (("c1", 0, 1), {"share": 1.4}, "within the bounds"),
        (("share", 0, 2), {}, "within the bounds"),
        (("share", 0, 1), {"bargain": "nash"}, "give one of"),
        (("c1", 0, 1), {"engine": "steam"}, "no engine is called 'steam'"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, options, message):
    with pytest.raises(opt_games.SpecError, match=message):
        opt_games.conditions(quadratic(), *arguments, **options)


def test_slivers_go_to_their_neighbours():
    ends, kinds = without_slivers(
        np.array([0.0, 1e-9, 0.3, 0.3 + 1e-7, 0.3 + 3e-7, 0.8, 0.8 + 1e-7, 1.0]),
        np.array([9, 1, 2, 3, 4, 5, 4]),
        1e-6,
    )
    assert kinds.tolist() == [1, 4]
    assert ends == pytest.approx([0.0, 0.3, 1.0], abs=1e-6)


def test_a_range_of_slivers_keeps_the_widest():
    ends, kinds = without_slivers(np.array([0.0, 0.1, 0.9, 1.0]), np.array([1, 2, 3]), 5.0)
    assert (ends.tolist(), kinds.tolist()) == ([0.0, 1.0], [2])


# --- bargains ----------------------------------------------------------------------------------


def test_the_powerful_share_revenue_only_if_the_other_works_cheaper():
    generalist = opt_games.conditions(
        quadratic(), "c1", 0.6, 1.6, bargain="powerful-generalist", points=3
    )
    assert inner_ends(generalist) == pytest.approx([1.0], abs=ACCURACY)
    assert sharing(generalist) == [True, False]
    assert regimes(generalist) == ["contribute", "free-ride"]
    specialist = opt_games.conditions(
        quadratic(), "c1", 0.6, 1.6, bargain="powerful-specialist", points=3
    )
    assert inner_ends(specialist) == pytest.approx([1.0], abs=ACCURACY)
    assert sharing(specialist) == [False, True]


def test_the_best_performance_is_that_of_the_cheaper():
    found = opt_games.conditions(quadratic(), "c0", 0.1, 1.0, bargain="max-performance", points=3)
    assert inner_ends(found) == pytest.approx([0.5], abs=ACCURACY)
    assert regimes(found) == ["free-ride", "contribute"]
    assert sharing(found) == [False, False]


@pytest.mark.parametrize("solution", ["utilitarian", "nash", "egalitarian", "ks"])
def test_fair_bargains_always_share(solution):
    found = opt_games.conditions(quadratic(), "c1", 0.05, 20.0, bargain=solution, points=5)
    (only,) = found.intervals
    assert only.condition.profit_sharing
    assert only.condition.regimes == {"generalist": "contribute", "law": "contribute"}
    assert (only.low, only.high) == (0.05, 20.0)


def test_agreement_ends_where_no_share_can_keep_both():
    """The dearest entry for which the generalist can keep law, over all shares."""
    best = minimize_scalar(
        lambda share: -held_in(share, 1.0, 0.5)[1],
        bounds=(0.01, 0.99),
        method="bounded",
        options={"xatol": 1e-10},
    )
    found = opt_games.conditions(quadratic(), "fixed", 0.1, 1.5, bargain="utilitarian", points=3)
    assert inner_ends(found)[-1] == pytest.approx(-best.fun, abs=ACCURACY)
    last = found.intervals[-1].condition
    assert last.agreement is False
    assert last.profit_sharing is False
    assert last.regimes == {"generalist": "abstain", "law": "abstain"}


def test_the_powerful_generalist_of_a_polynomial_game_jumps_to_all():
    """Its utility has an inner peak and another at a share of 1; which is higher depends on c0."""

    def utility(share: float, c0: float) -> float:
        base = (share / (3 * c0)) ** (1 / 2)
        more = ((1 - share) / (1.5 * 0.5)) ** 2
        return share * (base + more) - c0 * base**3

    def lead(c0: float) -> float:
        inner = minimize_scalar(
            lambda share: -utility(share, c0), bounds=(0.1, 0.7), method="bounded",
            options={"xatol": 1e-9},
        )  # fmt: skip
        return utility(1.0, c0) + inner.fun

    jump = brentq(lead, 0.5, 3.0, xtol=1e-12)
    found = opt_games.conditions(
        polynomial(), "c0", jump - 0.2, jump + 0.3, bargain="powerful-generalist", points=2
    )
    assert inner_ends(found) == pytest.approx([jump], abs=ACCURACY)
    assert sharing(found) == [False, True]
    assert regimes(found) == ["free-ride", "contribute"]
