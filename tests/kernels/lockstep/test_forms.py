"""Generated formulas against complex steps and differences along responses found apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from written_games import value_of

from opt_games import Game, Generalist, Specialist
from opt_games.kernels.lockstep.forms import LEAD, RESPOND, STAY, compile_forms

X = "(alpha1 - alpha0)"
FORMS = {
    "quadratic": ("alpha1", f"0.5 * {X}**2"),
    "exponential": ("2 * (1 - exp(-1.3 * alpha1))", f"0.3 * {X}**1.7 + 0.1 * {X}"),
    "power": ("1.7 * alpha1**0.6", f"0.8 * {X}**2.4"),
    "logarithm": ("1.5 * log(1 + 2 * alpha1)", f"0.4 * {X}**1.5 + 0.2"),
    "tanh": ("2 * tanh(0.9 * alpha1)", f"0.2 * {X} + 0.6 * {X}**3"),
    "root": ("sqrt(alpha1 + 0.1)", f"0.7 * (exp({X}) - 1 - {X})"),
    "base makes it cheaper": ("3 * alpha1**0.5", f"{X}**2 / (1 + alpha0) + 0.1 * alpha1 * {X}"),
}
SHARES = (0.1, 0.45, 0.8)
BASES = (0.02, 0.3)
H = 1e-5


def form_of(name: str):
    revenue, cost = FORMS[name]
    game = Game("form", Generalist("alpha0**2"), [Specialist("d", revenue, cost)])
    (form,) = compile_forms(game).followers
    return form


def slope(text: str, by: str, **at: float) -> float:
    return np.imag(value_of(text, **{**at, by: at[by] + 1e-30j})) / 1e-30


def response(name: str, base: float, share: float) -> float:
    """The contribution, from the zero of the marginal profit."""
    revenue, cost = FORMS[name]

    def marginal(log: float) -> float:
        at = {"alpha0": base, "alpha1": base + np.exp(log)}
        return (1 - share) * slope(revenue, "alpha1", **at) - slope(cost, "alpha1", **at)

    return float(np.exp(brentq(marginal, -14.0, 4.0, xtol=1e-15, rtol=1e-15)))


def lead(form, *at: float) -> dict[str, float]:
    return {name: float(value) for name, value in zip(LEAD, form.lead(*at), strict=True)}


@pytest.fixture(
    scope="module",
    params=[(n, b, s) for n in FORMS for b in BASES for s in SHARES],
    ids=lambda each: f"{each[0]}-{each[1]}-{each[2]}",
)
def case(request):
    name, base, share = request.param
    return name, form_of(name), base, share, response(name, base, share)


def test_values_and_slopes_at_the_response(case):
    name, form, base, share, extra = case
    revenue, cost = FORMS[name]
    at = {"alpha0": base, "alpha1": base + extra}
    found = lead(form, base, extra, share)
    expected = {
        "step": 0.0,
        "revenue": value_of(revenue, **at),
        "cost": value_of(cost, **at),
        "marginal_revenue": slope(revenue, "alpha1", **at),
        "cost_by_base": slope(cost, "alpha0", **at),
    }
    for key, value in expected.items():
        assert found[key] == pytest.approx(value, rel=1e-11, abs=1e-11), key
    np.testing.assert_allclose(
        [float(value) for value in form.values(base, extra)],
        [expected["revenue"], expected["cost"]],
        rtol=1e-12,
    )


def test_the_short_form_says_the_same(case):
    _, form, base, share, extra = case
    found = lead(form, base, 1.1 * extra, share)
    short = zip(RESPOND, form.respond(base, 1.1 * extra, share), strict=True)
    for key, value in short:
        assert float(value) == pytest.approx(found[key], rel=1e-12), key


def test_derivatives_along_the_response(case):
    name, form, base, share, extra = case
    found = lead(form, base, extra, share)
    by_base = [base * (1 - H), base * (1 + H)]
    finals = [each + response(name, each, share) for each in by_base]
    assert found["slope"] == pytest.approx(np.diff(finals)[0] / (2 * H * base), rel=1e-6, abs=1e-6)
    assert found["marginal"] == pytest.approx(found["marginal_revenue"] * found["slope"], rel=1e-12)
    marginals = [
        lead(form, each, final - each, share)["marginal"]
        for each, final in zip(by_base, finals, strict=True)
    ]
    assert found["marginal_by_base"] == pytest.approx(
        np.diff(marginals)[0] / (2 * H * base), rel=1e-5, abs=1e-6
    )
    by_share = [share - H, share + H]
    extras = [response(name, base, each) for each in by_share]
    assert found["final_by_share"] == pytest.approx(np.diff(extras)[0] / (2 * H), rel=1e-6)
    marginals = [
        lead(form, base, each, other)["marginal"]
        for each, other in zip(extras, by_share, strict=True)
    ]
    assert found["marginal_by_share"] == pytest.approx(
        np.diff(marginals)[0] / (2 * H), rel=1e-5, abs=1e-6
    )


def test_the_marginal_by_the_final_level_alone(case):
    _, form, base, share, extra = case
    low, high = (lead(form, base, extra * (1 + h), share)["marginal"] for h in (-H, H))
    expected = (high - low) / (2 * H * extra)
    assert lead(form, base, extra, share)["marginal_by_final"] == pytest.approx(
        expected, rel=1e-6, abs=1e-7
    )


@pytest.mark.parametrize("off", [1e-4, 0.3, 3.0, 10.0])
def test_steps_lead_to_the_response(case, off):
    _, form, base, share, extra = case
    found = extra * off
    for _ in range(20):
        found *= np.exp(float(form.respond(base, found, share)[0]))
    assert found == pytest.approx(extra, rel=1e-11)


@pytest.mark.parametrize("name", FORMS)
def test_a_contribution_of_zero(name):
    revenue, cost = FORMS[name]
    form = form_of(name)
    for base in BASES:
        at = {"alpha0": base, "alpha1": base}
        low, high = (slope(revenue, "alpha1", alpha0=base, alpha1=base * (1 + h)) for h in (-H, H))
        expected = (
            value_of(revenue, **at),
            value_of(cost, **at),
            slope(revenue, "alpha1", **at),
            slope(cost, "alpha1", **at),
            slope(cost, "alpha0", **at),
            (high - low) / (2 * H * base),
        )
        for key, value, right in zip(STAY, form.stay(base), expected, strict=True):
            assert float(value) == pytest.approx(right, rel=1e-8, abs=1e-8), key


@pytest.mark.parametrize("name", FORMS)
def test_curvature(name):
    form = form_of(name)
    base, extra = 0.3, 0.4
    found = form.curvature(base, extra)
    for text, value in zip(FORMS[name], found, strict=True):
        low, high = (slope(text, "alpha1", alpha0=base, alpha1=base + extra + h) for h in (-H, H))
        assert float(value) == pytest.approx((high - low) / (2 * H), rel=1e-7, abs=1e-8)


def test_no_digits_are_lost_next_to_the_base_level():
    form = form_of("power")
    for extra in (1e-9, 1e-14):
        _, cost = form.values(1.0, extra)
        assert float(cost) == pytest.approx(0.8 * extra**2.4, rel=1e-12)
        assert lead(form, 1.0, extra, 0.5)["cost_by_base"] == pytest.approx(
            -0.8 * 2.4 * extra**1.4, rel=1e-12
        )


@pytest.mark.parametrize(
    "cost", ["2 * alpha0**2", "0.3 * alpha0**1.4", "exp(alpha0) - 1", "alpha0 * log(1 + alpha0)"]
)
def test_the_cost_of_the_leader(cost):
    game = Game("cost", Generalist(cost), [Specialist("d", *FORMS["quadratic"])])
    for base in (1e-6, 0.2, 3.0):
        found = [float(value) for value in compile_forms(game).leader_cost(base)]
        low, high = (slope(cost, "alpha0", alpha0=base * (1 + h)) for h in (-H, H))
        assert found[0] == pytest.approx(value_of(cost, alpha0=base), rel=1e-9)
        assert found[1] == pytest.approx(slope(cost, "alpha0", alpha0=base), rel=1e-10)
        assert found[2] == pytest.approx((high - low) / (2 * H * base), rel=1e-5)


def test_utilities_are_grouped_by_formula():
    risk = "1 - exp(-a * profit)"
    specialists = [
        Specialist("one", *FORMS["quadratic"], {"a": 2.0}, utility=risk),
        Specialist("plain", *FORMS["quadratic"]),
        Specialist("two", *FORMS["quadratic"], {"a": 3.0}, utility=risk),
    ]
    game = Game("utility", Generalist("alpha0**2", utility="sqrt(1 + profit)"), specialists)
    by_players = {tuple(form.players.tolist()): form for form in compile_forms(game).utilities}
    assert set(by_players) == {(0,), (1, 3)}
    value, slope_ = by_players[1, 3].function(0.5, 2.0)
    assert (float(value), float(slope_)) == pytest.approx((1 - np.exp(-1), 2 * np.exp(-1)))
    value, slope_ = by_players[(0,)].function(0.5)
    assert (float(value), float(slope_)) == pytest.approx((1.5**0.5, 0.5 / 1.5**0.5))


def test_followers_are_grouped_by_formula():
    cost = "c1 * (alpha1 - alpha0)**q1"
    specialists = [
        Specialist("a", "rho * alpha1", cost, {"rho": 1.0}),
        Specialist("b", "log(1 + alpha1)", cost),
        Specialist("c", "rho * alpha1", cost, {"rho": 2.0}),
    ]
    game = Game("groups", Generalist("alpha0**2"), specialists, {"c1": 1.0, "q1": 2.0, "rho": 0.5})
    first, second = compile_forms(game).followers
    assert (first.members.tolist(), first.names) == ([0, 2], ("c1", "q1", "rho"))
    assert (second.members.tolist(), second.names) == ([1], ("c1", "q1"))


@pytest.mark.parametrize(
    ("place", "formula"),
    [
        ("revenue", "min(alpha1, 2)"),
        ("cost", "abs(alpha1 - alpha0 - 1)"),
        ("leader", "max(alpha0, alpha0**2)"),
        ("utility", "min(profit, 2 * profit)"),
    ],
)
def test_corners_are_seen_wherever_they_are(place, formula):
    def game(revenue="alpha1", cost="alpha1 - alpha0", leader="alpha0**2", utility=None):
        specialist = Specialist("d", revenue, cost, utility=utility)
        return Game("corner", Generalist(leader), [specialist])

    assert compile_forms(game()).smooth
    assert not compile_forms(game(**{place: formula})).smooth
