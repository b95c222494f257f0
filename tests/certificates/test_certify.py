"""Certificates: right answers pass, wrong ones do not, and bounds are never below the truth."""

from __future__ import annotations

import json

import numpy as np
import pytest
from brute_force import equilibria
from data.games import rows

import opt_games
from opt_games import Game, Generalist, Specialist
from opt_games.certificates.certify import certify_levels

SHIPPED = [name for name in opt_games.shipped_games() if name != "separate-shares"]


def levels(base, **finals):
    at = {name: None if level is None else {"alpha": level} for name, level in finals.items()}
    return {"generalist": {"alpha": base}, **at}


@pytest.mark.parametrize("name", ["quadratic", "polynomial", "asymmetric-costs", "risk-averse"])
def test_equilibria_of_shipped_games_are_certified(name):
    found = opt_games.solve(opt_games.load(name), share=0.4, certify=True)
    assert found.certificate.certified
    assert all(0.0 <= regret <= 1e-6 for regret in found.certificate.regret.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_answers_of_shipped_games_are_certified(name):
    found = opt_games.solve(opt_games.load(name), certify=True)
    assert found.certificate.certified, found.certificate
    assert all(regret <= 1e-6 for regret in found.certificate.regret.values())


def test_separate_shares():
    game = opt_games.load("separate-shares")
    found = opt_games.solve(game, share={"law": 0.3, "film": 0.5, "music": 0.2}, certify=True)
    assert found.certificate.certified


def test_regret_of_the_generalist_has_its_closed_form():
    # given its specialist's replies it earns delta (alpha0 + 0.6) - alpha0^2
    game = opt_games.load("quadratic")
    for base in (0.0, 0.1, 0.19, 0.3):
        certificate = certify_levels(game, {"law": 0.4}, levels(base, law=base + 0.6))
        assert not certificate.certified
        assert certificate.regret["generalist"] == pytest.approx((base - 0.2) ** 2, abs=2e-7)
        assert certificate.regret["generalist"] >= (base - 0.2) ** 2
        assert certificate.regret["law"] <= 1e-12
        better = certificate.deviations["generalist"]
        assert better["levels"]["alpha"] == pytest.approx(0.2, abs=1e-2)
        assert better["gain"] <= (base - 0.2) ** 2


@pytest.mark.parametrize(("off", "gain"), [(0.01, 5e-5), (-0.01, 5e-5), (-0.6, 0.18)])
def test_wrong_levels_of_a_specialist_are_refused(off, gain):
    # -0.6 is free riding where contributing is right; away from the best reply law loses off^2 / 2
    certificate = certify_levels(
        opt_games.load("quadratic"), {"law": 0.4}, levels(0.2, law=0.8 + off)
    )
    assert not certificate.certified
    assert certificate.regret["law"] == pytest.approx(gain, rel=1e-6)
    assert certificate.deviations["law"]["levels"]["alpha"] == pytest.approx(0.8, abs=1e-6)


def test_a_local_optimum_is_refused():
    # beyond a share of 0.799 the generalist does nearly all the work, before it little
    game = opt_games.load("exponential")
    much = opt_games.solve(game, share=0.81).equilibrium.levels
    right = opt_games.solve(game, share=0.77)
    assert certify_levels(game, right.shares, right.equilibrium.levels).certified
    wrong = certify_levels(game, right.shares, much)
    assert not wrong.certified
    assert wrong.regret["generalist"] > 1e-3
    better = wrong.deviations["generalist"]["levels"]["alpha"]
    assert better == pytest.approx(right.equilibrium.levels["generalist"]["alpha"], rel=0.2)


def test_abstaining_against_interest_is_refused():
    game = opt_games.load("quadratic")
    certificate = certify_levels(game, {"law": 0.4}, levels(0.2, law=None))
    assert certificate.regret["law"] == pytest.approx(0.3)
    nobody = certify_levels(game, {"law": 0.4}, {"generalist": None, "law": None})
    assert nobody.regret["generalist"] == pytest.approx(0.28, abs=2e-7)
    assert nobody.regret["generalist"] >= 0.28


def test_taking_part_at_a_loss_is_refused():
    game = opt_games.load("three-regimes")
    right = opt_games.solve(game, share=0.4).equilibrium
    at = {**right.levels, "medicine": {"alpha": right.levels["law"]["alpha"]}}
    certificate = certify_levels(game, right.shares, at)
    assert certificate.regret["medicine"] > 0.1
    assert certificate.deviations["medicine"]["levels"] is None


def test_levels_out_of_their_bounds_are_refused():
    certificate = certify_levels(opt_games.load("quadratic"), {"law": 0.4}, levels(0.2, law=0.1))
    assert not certificate.certified
    assert "out of its bounds" in certificate.reasons[0]


def test_nothing_is_claimed_where_no_limit_can_be_proven():
    game = Game("g", Generalist("alpha0**2"), [Specialist("s", "alpha1", "0.5 * (alpha1-alpha0)")])
    certificate = certify_levels(game, {"s": 0.1}, levels(0.5, s=1.0))
    assert not certificate.certified
    assert any("no limit" in reason for reason in certificate.reasons)
    assert json.dumps(certificate.to_dict(), allow_nan=False)


def test_a_utility_that_falls_is_not_certified():
    game = Game(
        "g",
        Generalist("alpha0**2"),
        [Specialist("s", "alpha1", "(alpha1-alpha0)**2", utility="profit - 4 * profit**2")],
    )
    certificate = certify_levels(game, {"s": 0.4}, levels(0.2, s=0.5))
    assert any("utility of s" in reason for reason in certificate.reasons)


def test_utilities_scale_the_regret():
    specialist = Specialist("s", "alpha1", "0.5*(alpha1-alpha0)**2", utility="1 - exp(-5*profit)")
    game = Game("g", Generalist("alpha0**2"), [specialist])
    certificate = certify_levels(game, {"s": 0.4}, levels(0.2, s=0.7))
    exact = np.exp(-5 * 0.295) - np.exp(-5 * 0.3)
    assert certificate.regret["s"] == pytest.approx(exact, rel=0.05)
    assert certificate.regret["s"] >= exact


def test_a_time_limit_leaves_valid_bounds():
    game = opt_games.load("exponential")
    right = opt_games.solve(game, share=0.5)
    certificate = certify_levels(game, right.shares, right.equilibrium.levels, time_limit=1e-9)
    assert not certificate.certified
    assert certificate.regret["generalist"] >= 0.0
    assert any("limit" in reason for reason in certificate.reasons)


def test_a_crowd_is_certified():
    rng = np.random.default_rng(7)
    form = Specialist("app", "rho * alpha1", "c * (alpha1 - alpha0)**2")
    table = opt_games.SpecialistTable(
        form, {"rho": rng.uniform(0.5, 2.0, 150), "c": rng.uniform(0.5, 3.0, 150)}
    )
    game = Game("crowd", Generalist("60 * alpha0**2"), table)
    found = opt_games.solve(game, share=0.3, certify=True)
    assert found.certificate.certified


def two_attributes(**more):
    return Game(
        "two",
        Generalist("alpha0**2 + beta0**2 - 0.6 * alpha0 * beta0"),
        [
            Specialist(
                name,
                "alpha1 + 0.5 * beta1",
                f"{c} * ((alpha1-alpha0)**2 + (beta1-beta0)**2 + 0.4*(alpha1-alpha0)*(beta1-beta0))",  # noqa: E501
            )
            for name, c in (("one", 0.8), ("other", 1.5))
        ],
        attributes=["alpha", "beta"],
        **more,
    )


def test_two_attributes_and_two_specialists():
    game = two_attributes()
    found = opt_games.solve(game, share=0.45)
    right = opt_games.certify(game, found, time_limit=60).certificate
    assert right.certified, right
    at = {name: dict(each) for name, each in found.equilibrium.levels.items()}
    at["one"]["beta"] += 0.01
    wrong = certify_levels(game, found.shares, at)
    # the loss along beta alone is its coefficient times the square
    assert wrong.regret["one"] == pytest.approx(0.8 * 0.01**2, rel=1e-2)
    assert not wrong.certified


@pytest.mark.parametrize(("theta_G", "theta_D"), [(0.0, 0.8), (0.4, 0.3), (0.3, 0.9)])
def test_floors(theta_G, theta_D):
    game = opt_games.load("safety").with_parameters(theta_G=theta_G, theta_D=theta_D)
    found = opt_games.solve(game)
    certificate = opt_games.certify(game, found, time_limit=60).certificate
    assert certificate.certified, certificate
    # ignoring the floor on the final level is no choice
    at = {name: dict(each) for name, each in found.equilibrium.levels.items()}
    at["domain"]["beta"] = max(theta_D, at["generalist"]["beta"]) - 0.05
    assert not certify_levels(game, found.shares, at).certified


@pytest.mark.parametrize("family", ["exponential", "power"])
def test_bounds_agree_with_a_brute_force_on_random_games(family):
    for row in rows(family)[40:46]:
        game, market = row.game(), row.market()
        found = opt_games.solve(game, share=row.delta)
        right = found.equilibrium
        best = equilibria(market, np.array([row.delta]))
        certificate = certify_levels(game, found.shares, right.levels)
        assert certificate.certified, row.label
        assert certificate.bounds["generalist"] >= best.profits[0, 0] - 1e-9
        # a base level that is off, with the best reply to it
        base = 1.2 * right.levels["generalist"]["alpha"] + 0.01
        (adapter,) = market.adapters
        final = base + np.geomspace(1e-9, 8.0, 20001)
        final = np.append(final, base)
        own = (1 - row.delta) * adapter.revenue(final) - adapter.cost(final, base)
        reply = float(final[np.argmax(own)])
        wrong = certify_levels(game, found.shares, levels(base, domain=reply))
        loss = best.profits[0, 0] - (row.delta * adapter.revenue(reply) - market.cost(base))
        assert wrong.regret["generalist"] >= loss - 1e-9, row.label
        assert wrong.regret["generalist"] <= loss + 1e-6, row.label


@pytest.mark.slow
@pytest.mark.parametrize("family", ["exponential", "power"])
def test_random_games_are_certified(family):
    for row in rows(family)[:25]:
        found = opt_games.solve(row.game(), share=row.delta, certify=True)
        assert found.certificate.certified, row.label


def test_a_file_is_enough_to_check_again(tmp_path):
    found = opt_games.solve(opt_games.load("fixed-cost"), share=0.5, certify=True)
    path = tmp_path / "answer.json"
    document = json.loads(json.dumps(found.to_dict()))
    path.write_text(json.dumps(document))
    again = opt_games.recheck(path)
    assert again.certified
    assert again.regret == pytest.approx(found.certificate.regret, abs=1e-7)
    document["utilities"]["law"] += 1e-3
    assert not opt_games.recheck(document).certified


@pytest.mark.parametrize("what", ["levels", "parameters", "shares"])
def test_a_file_that_was_tampered_with_is_refused(what):
    found = opt_games.solve(opt_games.load("quadratic"), share=0.4, certify=True)
    document = json.loads(json.dumps(found.to_dict()))
    if what == "parameters":
        spec = document["certificate"]["spec"]
        document["certificate"]["spec"] = spec.replace("c1 = 0.5", "c1 = 0.51")
    elif what == "levels":
        document["levels"]["law"]["alpha"] = 0.7
        document["certificate"]["levels"]["law"]["alpha"] = 0.7
    else:
        document["shares"]["law"] = document["certificate"]["shares"]["law"] = 0.5
    again = opt_games.recheck(document)
    assert not again.certified
    assert again.reasons


def test_what_is_no_certificate_is_said_to_be_none(tmp_path):
    with pytest.raises(opt_games.SpecError, match="holds no certificate"):
        opt_games.recheck(opt_games.solve(opt_games.load("quadratic"), share=0.4).to_dict())
    path = tmp_path / "x.json"
    path.write_text("[")
    with pytest.raises(opt_games.SpecError, match="not valid JSON"):
        opt_games.recheck(path)


def test_quotients_are_bounded_piece_by_piece_and_that_is_said():
    specialist = Specialist("s", "2 * alpha1**2 / (1 + alpha1**2)", "0.3 * (alpha1 - alpha0)**2")
    game = Game("g", Generalist("0.4 * alpha0**2"), [specialist])
    found = opt_games.solve(game, share=0.4, certify=True)
    assert found.certificate.certified, found.certificate
    assert found.certificate.farthest == 2.0**100
    assert found.to_dict()["certificate"]["levels_up_to"] == 2.0**100
    linear = Game("g", Generalist("0.4 * alpha0"), [specialist])
    tilted = certify_levels(linear, found.shares, found.equilibrium.levels)
    assert not tilted.certified
