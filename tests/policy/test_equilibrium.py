from __future__ import annotations

import numpy as np
import pytest
from policy_games import examples, game, pairs, parameters_of, random_columns
from scipy.optimize import minimize

import opt_games
from opt_games.kernels.policy.exact import solve_pairs
from opt_games.policy.equilibrium import PolicyMap


@pytest.fixture
def searched(monkeypatch):
    """Solve by search and solver, as if there were no closed form."""
    monkeypatch.setattr(PolicyMap, "exact", property(lambda self: False))


def check(row, levels=1e-6, utilities=1e-8):
    found = opt_games.solve(game(**parameters_of(row)))
    at = found.equilibrium
    assert at.certified
    assert found.utilities["generalist"] == pytest.approx(float(row["UG"]), abs=utilities)
    assert found.utilities["domain"] == pytest.approx(float(row["UD"]), abs=utilities)
    if row["regime"] == "abstain":
        assert at.levels["generalist"] is None or at.levels["domain"] is None
        return
    expected = [float(row[name]) for name in ("a0", "b0", "a1", "b1")]
    here = [*at.levels["generalist"].values(), *at.levels["domain"].values()]
    assert here == pytest.approx(expected, abs=levels)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(30))
def test_examples(number):
    check(examples()[number])


@pytest.mark.slow
@pytest.mark.parametrize("number", range(30))
@pytest.mark.usefixtures("searched")
def test_examples_by_search_and_solver(number):
    check(examples()[number])


@pytest.mark.parametrize("number", [3, 18, 29])
def test_an_edge_a_corner_and_nobody(number):
    check(examples()[number])


@pytest.mark.slow
@pytest.mark.usefixtures("searched")
def test_search_and_solver_on_random_games():
    columns = random_columns(np.random.default_rng(21), 40, concave=False)
    columns["delta"] = np.minimum(columns["delta"], 0.99)
    exact = solve_pairs(pairs(columns))
    for k in range(40):
        found = opt_games.solve(game(**{name: float(v[k]) for name, v in columns.items()}))
        assert found.equilibrium.certified
        assert found.utilities["generalist"] == pytest.approx(exact.leader[k], abs=1e-7)
        assert found.utilities["domain"] == pytest.approx(exact.follower[k], abs=1e-6)


def test_the_specialist_complies_where_performance_is_free():
    found = opt_games.solve(game(c0ab=0.6, c1ab=0.6, theta_D=0.687, delta=0.647, theta_G=0.309))
    assert found.equilibrium.regimes["domain"] == "comply"


def test_regret_shows_a_wrong_place():
    from opt_games.policy.equilibrium import Place, _Solving

    solving = _Solving.of(PolicyMap.of(game()), np.array([0.5]))
    good = Place(np.array([0.25, 0.25]), np.array([[0.5, 0.5]]), (True,))
    wrong = Place(np.array([0.25, 0.2]), np.array([[0.5, 0.5]]), (True,))
    assert solving._checked(good, 0.375).relative == pytest.approx(0.0, abs=1e-14)
    assert solving._checked(wrong, 0.375).relative > 1e-4


HARMFUL = """
schema = 1
name = "Exponential harm"
attributes = ["alpha", "beta"]
[parameters]
h = 0.3
lead = 0.2
own = 0.5
tau = 0.1
[generalist]
cost = "alpha0**2 + beta0**2"
[[specialists]]
name = "domain"
revenue = "2 * alpha1"
cost = "0.1 * (alpha1 - alpha0) + (alpha1 - alpha0)**2 + (beta1 - beta0)**2"
[contract]
share = 0.5
[harm]
expected = "h * exp(alpha1 - 2 * beta1)"
liability = { generalist = "lead", specialists = "own" }
[taxes]
revenue = "tau"
specialists = "-0.1 * beta1"
generalist = "0.05 * alpha0"
[welfare]
consumer_surplus = "0.2 * alpha1"
"""


def by_scipy(h, lead, own, tau):
    """The specialist's response by many starts, inside a search of the generalist's levels."""

    def profit(x1, x0):
        a, b = x1
        cost = 0.1 * (a - x0[0]) + (a - x0[0]) ** 2 + (b - x0[1]) ** 2
        return 0.5 * (1 - tau) * 2 * a - cost - own * h * np.exp(a - 2 * b) + 0.1 * b

    def response(x0):
        bounds = [(x0[0], None), (x0[1], None)]
        runs = [
            minimize(lambda x1: -profit(x1, x0), np.add(x0, add), bounds=bounds, tol=1e-14)
            for add in ((0.0, 0.0), (1.0, 1.0))
        ]
        best = min(runs, key=lambda run: run.fun)
        return best.x, -best.fun

    def payoff(x0):
        final, value = response(x0)
        if value < 0:
            return -1.0
        leads = (1 - tau) * final[0] - lead * h * np.exp(final[0] - 2 * final[1])
        return leads - x0[0] ** 2 - x0[1] ** 2 - 0.05 * x0[0]

    options = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 2000}
    starts = [(0.3, 0.1), (0.6, 0.4)]
    runs = [
        minimize(
            lambda x0: -payoff(np.maximum(x0, 0)), start, method="Nelder-Mead", options=options
        )
        for start in starts
    ]
    best = min(runs, key=lambda run: run.fun)
    return -best.fun, response


def test_harm_liability_and_taxes_against_a_search_of_its_own():
    found = opt_games.solve(opt_games.loads(HARMFUL))
    leader, response = by_scipy(0.3, 0.2, 0.5, 0.1)
    at = found.equilibrium
    assert at.certified
    assert found.utilities["generalist"] == pytest.approx(leader, abs=1e-7)
    base = np.array(list(at.levels["generalist"].values()))
    final, own = response(base)
    assert found.utilities["domain"] == pytest.approx(own, abs=1e-8)
    assert list(at.levels["domain"].values()) == pytest.approx(final, abs=1e-4)
    final = np.array(list(at.levels["domain"].values()))
    alpha, beta = final
    harm = 0.3 * np.exp(alpha - 2 * beta)
    taxes = 0.05 * base[0] + 0.1 * 2 * alpha - 0.1 * beta
    assert at.society["harm"] == pytest.approx(harm, abs=1e-12)
    assert at.society["public_harm"] == pytest.approx(0.3 * harm, abs=1e-12)
    assert at.society["taxes"] == pytest.approx(taxes, abs=1e-12)
    welfare = sum(found.utilities.values()) - 0.3 * harm + 0.2 * alpha + taxes
    assert at.society["welfare"] == pytest.approx(welfare, abs=1e-12)
    assert found.to_dict()["society"]["welfare"] == at.society["welfare"]


def test_one_attribute_with_a_floor():
    spec = """
schema = 1
name = "A floor on performance"
[parameters]
theta = 0.0
[generalist]
cost = "alpha0**2"
[[specialists]]
name = "law"
revenue = "alpha1"
cost = "(alpha1 - alpha0)**2"
[contract]
share = 0.4
[regulation]
specialists = { alpha = "theta" }
"""
    free = opt_games.loads(spec)
    plain = opt_games.solve(
        opt_games.Game(
            "plain",
            opt_games.Generalist("alpha0**2"),
            free.specialists,
            contract=opt_games.Contract(share=0.4),
        )
    )
    found = opt_games.solve(free)
    assert dict(found.utilities) == pytest.approx(dict(plain.utilities), abs=1e-10)
    # alpha1 = alpha0 + 0.3 without a floor; at the floor nobody needs more of the base
    held = opt_games.solve(free.with_parameters(theta=0.8)).equilibrium
    assert held.levels["law"]["alpha"] == pytest.approx(0.8)
    assert held.certified


def test_an_unbounded_game_names_the_player():
    with pytest.raises(opt_games.UnboundedGameError, match="generalist's profit grows"):
        opt_games.solve(game(c0ab=-1.5))
    with pytest.raises(opt_games.UnboundedGameError, match="specialist 'domain' grows"):
        opt_games.solve(game(c1ab=-1.5))


def test_too_many_attributes_are_refused():
    names = [f"x{k}_" for k in range(5)]
    five = opt_games.Game(
        "five",
        opt_games.Generalist(" + ".join(f"{name}0**2" for name in names)),
        [opt_games.Specialist("law", " + ".join(f"{n}1" for n in names), "0")],
        attributes=names,
    )
    with pytest.raises(opt_games.UnsupportedGameError, match="at most 4"):
        opt_games.solve(five, share=0.5)
