from __future__ import annotations

import numpy as np
import pytest
from policy_games import game, random_columns

import opt_games
from opt_games.engines import Cases, get_engine
from opt_games.engines.outcomes import FAILED, NO_AGREEMENT, OK, REGIMES

engine = get_engine("search")


def test_like_the_closed_forms():
    columns = random_columns(np.random.default_rng(8), 24, concave=False)
    # at a share of 1 taking part never gains, and rounding blurs where it loses
    columns["delta"] = np.minimum(columns["delta"], 0.99)
    cases = Cases(game(), columns, "given")
    exact, found = get_engine("quadratic").solve(cases), engine.solve(cases)
    assert not found.slow.any()
    assert found.status.tolist() == exact.status.tolist()
    abstains = REGIMES.index("abstain")
    assert ((found.regimes == abstains) == (exact.regimes == abstains)).all()
    assert found.utilities == pytest.approx(exact.utilities, abs=1e-8)


@pytest.mark.slow
def test_bargains_like_the_closed_forms():
    columns = random_columns(np.random.default_rng(9), 2, concave=True)
    del columns["delta"]
    cases = Cases(game(), columns, "nash")
    exact, found = get_engine("quadratic").solve(cases), engine.solve(cases)
    assert found.status.tolist() == exact.status.tolist()
    ok = found.status == OK
    assert found.utilities[:, ok] == pytest.approx(exact.utilities[:, ok], abs=1e-6)
    assert found.utilities[:, ok].sum(axis=0) == pytest.approx(
        exact.utilities[:, ok].sum(axis=0), abs=1e-7
    )


def test_liability_like_one_by_one():
    liability = opt_games.load("liability")
    cases = Cases(liability, {"part": np.array([0.0, 0.5, 0.82, 1.0])}, "given")
    slow, found = get_engine("one-by-one").solve(cases), engine.solve(cases)
    assert not found.slow.any()
    assert found.utilities == pytest.approx(slow.utilities, abs=1e-8)
    np.testing.assert_allclose(found.levels, slow.levels, atol=1e-7)


def test_several_specialists():
    form = opt_games.load("three-domains")
    names = list(form.parameters)[:1]
    values = form.parameters[names[0]] * np.array([1.0, 1.1])
    cases = Cases(form, {names[0]: values}, "given")
    slow, found = get_engine("one-by-one").solve(cases), engine.solve(cases)
    assert found.utilities == pytest.approx(slow.utilities, abs=1e-8)


def test_one_without_limit_does_not_stop_the_others():
    text = """
    schema = 1
    name = "Cost that may vanish"
    attributes = ["alpha", "beta"]
    [parameters]
    c = 1.0
    [generalist]
    cost = "alpha0**2 + beta0**2"
    [[specialists]]
    name = "domain"
    revenue = "alpha1 + log(1 + beta1)"
    cost = "c * (alpha1 - alpha0)**2 + (beta1 - beta0)**2"
    [contract]
    share = 0.5
    """
    cases = Cases(opt_games.loads(text), {"c": np.array([1.0, 0.0, 2.0])}, "given")
    found = engine.solve(cases)
    assert found.status.tolist() == [OK, FAILED, OK]
    assert "without limit" in found.reasons[1]


def test_nobody_agrees():
    form = opt_games.load("liability").with_parameters(c1=50.0, c0=50.0, harm=30.0)
    found = engine.solve(Cases(form, {"paid": np.array([1.0])}, "nash"))
    assert found.status.tolist() == [NO_AGREEMENT]


def test_what_is_not_covered():
    cases = Cases(opt_games.load("quadratic"), {"c1": np.array([1.0])}, "nash")
    assert "policy" in engine.why_not(cases)
