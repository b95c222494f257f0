"""Gaps of bargains: closed forms are within, the share of a wrong peak is not."""

from __future__ import annotations

import math

import pytest
from data.games import rows

import opt_games
from opt_games import Contract, Game, Generalist, Specialist
from opt_games.certificates.bargain import bargain_gap
from opt_games.certificates.certify import certify_levels


def gap(game, solution, share):
    """The gap of a share, whoever asked for it."""
    found = opt_games.solve(game, share=share)
    certificate = certify_levels(game, found.shares, found.equilibrium.levels)
    return bargain_gap(game, solution, certificate, math.inf)


@pytest.mark.parametrize(
    ("solution", "best"),
    [
        ("utilitarian", 7 / 12),
        ("nash", None),
        ("egalitarian", None),
        ("powerful-generalist", 1 / 3),
        ("powerful-specialist", 0.5),
        ("max-performance", 1.0),
    ],
)
def test_bargains_of_the_quadratic_game(solution, best):
    found = opt_games.solve(opt_games.load("quadratic"), bargain=solution, certify=True)
    bargain = found.certificate.bargain
    assert found.certificate.certified
    assert bargain.certified
    assert bargain.gap <= 1e-4 * 2
    if best is not None:
        assert bargain.score - 1e-9 <= best <= bargain.upper


def test_a_share_that_is_off_is_refused_and_better_ones_are_named():
    found = gap(opt_games.load("quadratic"), "utilitarian", 0.4)
    assert not found.certified
    # the sum of utilities is 7/12 at 1/3, and 0.58 here
    assert found.gap == pytest.approx(7 / 12 - 0.58, abs=1e-4)
    assert found.gap >= 7 / 12 - 0.58
    low, high = found.better
    assert 4 / 15 < low < high < 0.4  # those between the two shares worth 0.58


def test_the_share_of_a_wrong_peak_is_refused():
    # the generalist's utility peaks at 0.476, and ends highest at 1
    game = opt_games.load("polynomial")
    wrong = gap(game, "powerful-generalist", 0.476)
    assert not wrong.certified
    assert wrong.better[0] > 0.9
    assert gap(game, "powerful-generalist", 1.0).certified


@pytest.mark.slow
def test_the_better_side_of_a_jump():
    # beyond a share of 0.6771 film leaves, and performance drops
    game = opt_games.load("fixed-cost")
    found = opt_games.solve(game, bargain="max-performance", certify=True)
    assert found.certificate.bargain.certified
    beyond = gap(game, "max-performance", 0.69)
    assert not beyond.certified
    assert beyond.gap > 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["three-regimes", "fixed-cost", "exponential", "risk-averse"])
def test_nash_bargains_of_shipped_games(name):
    found = opt_games.solve(opt_games.load(name), bargain="nash", certify=True)
    assert found.certificate.bargain.certified


# its best share is where the generalist is indifferent between two base levels: a gap stays open
OPEN = ("exponential-12",)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["exponential", "power"])
def test_nash_bargains_of_random_games(family):
    # known by other means, also where the generalist is indifferent between two base levels
    for row in rows(family)[10:16]:
        certificate = certify_levels(
            row.game(),
            {"domain": row.delta},
            opt_games.solve(row.game(), share=row.delta).equilibrium.levels,
        )
        found = bargain_gap(row.game(), "nash", certificate, math.inf)
        assert found.better is None
        if row.label in OPEN:
            assert "limit" in found.reason
        else:
            assert found.certified, row.label
        score = sum(math.log(utility) for utility in row.utilities)
        assert score <= found.upper


def dear(entry):
    specialist = Specialist("s", "alpha1", f"{entry} + 0.5 * (alpha1 - alpha0)**2")
    return Game("dear", Generalist("alpha0**2"), [specialist])


def test_no_agreement_is_proven():
    found = opt_games.solve(dear(5.0), bargain="nash", certify=True)
    assert not found.agreement
    assert found.certificate.certified
    assert found.certificate.bargain.certified
    document = found.to_dict()
    assert opt_games.recheck(document).certified


def test_no_agreement_where_there_is_one_is_refused():
    # the same answer, for a game in which many contracts would do
    document = opt_games.solve(dear(5.0), bargain="nash", certify=True).to_dict()
    other = opt_games.solve(dear(0.1), bargain="nash", certify=True).to_dict()
    document["certificate"] |= {key: other["certificate"][key] for key in ("spec", "fingerprint")}
    again = opt_games.recheck(document)
    assert not again.certified
    assert again.bargain.better is not None


@pytest.mark.parametrize(
    ("game", "solution", "reason"),
    [
        (opt_games.load("separate-shares"), "nash", "common share"),
        (opt_games.load("safety"), "nash", "one attribute"),
        (opt_games.load("quadratic"), "kalai-smorodinsky", "depends on other contracts"),
    ],
)
def test_where_there_is_no_gap_the_reason_is_given(game, solution, reason):
    nothing = dict.fromkeys(game.specialists.names, 0.0)
    certificate = certify_levels(game, nothing, None, time_limit=1e-9)
    found = bargain_gap(game, solution, certificate, math.inf)
    assert found.gap is None
    assert not found.certified
    assert reason in found.reason


def test_bounds_of_the_contract_count():
    specialist = Specialist("s", "alpha1", "0.5 * (alpha1 - alpha0)**2")
    game = Game("g", Generalist("alpha0**2"), [specialist], contract=Contract(bounds=(0.4, 0.9)))
    found = gap(game, "utilitarian", 0.4)
    assert found.certified
    assert found.upper == pytest.approx(0.58, abs=1e-4)
