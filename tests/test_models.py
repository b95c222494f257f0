"""The shipped games give the answers that their notes promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from brute_force import bargain, equilibria, undominated
from scipy.optimize import brentq, minimize_scalar
from shipped_markets import MARKETS

import opt_games


def solve(name: str, solution: str | None = None, **parameters: float) -> opt_games.Bargain:
    return opt_games.solve(opt_games.load(name).with_parameters(**parameters), bargain=solution)


def common_share(found: opt_games.Bargain) -> float:
    (share,) = set(found.shares.values())
    return share


def highest(objective: Callable[[float], float], low: float = 0.0, high: float = 1.0) -> float:
    options = {"xatol": 1e-12}
    return minimize_scalar(
        lambda share: -objective(share), bounds=(low, high), method="bounded", options=options
    ).x


def closed_form(c0: float, k0: float, c1: float, k1: float, share: float) -> tuple[float, float]:
    """Utilities where costs are powers and revenue is the level."""
    base = (share / (k0 * c0)) ** (1 / (k0 - 1))
    extra = ((1 - share) / (k1 * c1)) ** (1 / (k1 - 1))
    level = base + extra
    return share * level - c0 * base**k0, (1 - share) * level - c1 * extra**k1


def close(found: opt_games.Bargain, *utilities: float) -> None:
    assert list(found.utilities.values()) == pytest.approx(utilities, rel=1e-6, abs=1e-9)
    assert found.equilibrium.certified


@pytest.mark.parametrize(
    ("name", "costs"),
    [
        ("quadratic", (1.0, 2.0, 0.5, 2.0)),
        ("polynomial", (1.0, 3.0, 0.5, 1.5)),
        ("asymmetric-costs", (100.0, 2.0, 1.0, 2.0)),
    ],
)
def test_nash_of_the_closed_form(name, costs):
    share = highest(lambda d: float(np.log(np.maximum(closed_form(*costs, d), 1e-300)).sum()))
    found = solve(name)
    assert common_share(found) == pytest.approx(share, abs=1e-6)
    close(found, *closed_form(*costs, common_share(found)))


def test_quadratic_has_the_shares_of_its_note():
    assert common_share(solve("quadratic", "utilitarian")) == pytest.approx(1 / 3, abs=1e-7)
    found = opt_games.pareto(opt_games.load("quadratic"))
    assert found.intervals == (pytest.approx((0.0, 2 / 3), abs=1e-6),)


def test_the_pareto_set_of_polynomial_is_in_two_pieces():
    def own(share: float) -> float:
        return closed_form(1.0, 3.0, 0.5, 1.5, share)[0]

    def law(share: float) -> float:
        return closed_form(1.0, 3.0, 0.5, 1.5, share)[1]

    first, peak = highest(law, 0.0, 0.2), highest(own, 0.2, 0.7)
    again = brentq(lambda share: own(share) - own(peak), 0.8, 1.0)
    found = opt_games.pareto(opt_games.load("polynomial"))
    expected = [(first, peak), (again, 1.0)]
    assert np.array(found.intervals) == pytest.approx(np.array(expected), abs=1e-6)
    assert (round(first, 3), round(peak, 3), round(again, 2)) == (0.025, 0.476, 0.95)


def test_sharing_survives_very_unequal_costs():
    for c0, c1, about in ((100.0, 1.0, 0.252), (1.0, 100.0, 0.748)):
        found = solve("asymmetric-costs", c0=c0, c1=c1)
        assert common_share(found) == pytest.approx(about, abs=1e-3)
        assert min(found.utilities.values()) > 0


def test_three_specialists_are_in_three_regimes():
    assert solve("three-regimes").equilibrium.regimes == {
        "generalist": "contribute",
        "law": "contribute",
        "support": "free-ride",
        "medicine": "abstain",
    }


def test_risk_aversion_moves_the_nash_share_to_the_generalist():
    assert common_share(solve("risk-averse", aversion=0.001)) == pytest.approx(0.377, abs=1e-3)
    assert common_share(solve("risk-averse")) == pytest.approx(0.460, abs=1e-3)


def test_utilities_jump_where_film_leaves():
    game = opt_games.load("fixed-cost")
    curve = opt_games.utility_curve(game)
    (jump,) = np.flatnonzero(np.diff(curve.piece))
    assert curve.shares[jump] == pytest.approx(0.68, abs=5e-3)
    assert curve.regimes[:, jump].tolist() == ["contribute"] * 3
    assert curve.regimes[:, jump + 1].tolist() == ["contribute", "contribute", "abstain"]
    assert curve.utilities[1, jump] - curve.utilities[1, jump + 1] > 0.2


RHO, COST = np.array([1.0, 0.6, 1.5]), np.array([1.0, 0.8, 2.0])


def test_separate_shares_have_a_closed_form():
    found = solve("separate-shares", "utilitarian")
    shares = COST / RHO * RHO.sum() / (1.0 + COST.sum())
    assert list(found.shares.values()) == pytest.approx(shares, abs=1e-6)
    base = (shares * RHO).sum() / 2
    levels = base + (1 - shares) * RHO / (2 * COST)
    own = (shares * RHO * levels).sum() - base**2
    others = (1 - shares) * RHO * levels - COST * (levels - base) ** 2
    close(found, own, *others)


# From the brute force: share, then utilities in the order of the players. The Nash share of
# exponential is from its first-order conditions, which place it closer.
EXPECTED = {
    ("three-regimes", "nash"): (0.4902904, 0.3851221, 0.3173312, 0.0937146, 0.0),
    ("three-regimes", "utilitarian"): (9 / 17, 0.4067907, 0.2975779, 0.0934256, 0.0),
    ("three-regimes", "kalai-smorodinsky"): (0.4654437, 0.3706646, 0.3294796, 0.0933022, 0.0),
    ("three-regimes", "egalitarian"): (0.5, 0.390625, 0.3125, 0.09375, 0.0),
    ("fixed-cost", "nash"): (0.1779400, 0.2555109, 0.4475993, 0.0660361),
    ("fixed-cost", "utilitarian"): (0.5371264, 0.5367011, 0.3732185, 0.0),
    ("fixed-cost", "kalai-smorodinsky"): (0.2016230, 0.2844448, 0.4394313, 0.0595535),
    ("fixed-cost", "egalitarian"): (0.0620537, 0.0967459, 0.4835239, 0.0967459),
    ("exponential", "nash"): (0.3859758, 0.5102753, 0.5371474),
    ("exponential", "utilitarian"): (0.0, 0.0, 1.0589251),
    ("exponential", "kalai-smorodinsky"): (0.3975684, 0.5226654, 0.5240929),
    ("exponential", "egalitarian"): (0.3982250, 0.5233602, 0.5233602),
    ("risk-averse", "nash"): (0.4600467, 0.3013145, 0.1650932),
    ("risk-averse", "utilitarian"): (0.5351178, 0.3203545, 0.1513383),
    ("risk-averse", "kalai-smorodinsky"): (0.3834493, 0.2731743, 0.1771531),
    ("risk-averse", "egalitarian"): (0.2380310, 0.1955369, 0.1955369),
}
PARETO = {
    "three-regimes": [(0.0, 1.0)],
    "fixed-cost": [(0.0, 0.408), (0.526, 0.6425)],
    "exponential": [(0.0, 0.6995), (0.7995, 1.0)],
    "risk-averse": [(0.0, 0.6665)],
}


@pytest.mark.parametrize(("name", "solution"), EXPECTED)
def test_bargains_are_those_of_the_brute_force(name, solution):
    found = solve(name, solution)
    share, *utilities = EXPECTED[name, solution]
    assert common_share(found) == pytest.approx(share, abs=1e-6)
    assert list(found.utilities.values()) == pytest.approx(utilities, abs=1e-6)
    assert found.equilibrium.certified


@pytest.mark.parametrize("name", PARETO)
def test_pareto_sets_are_those_of_the_brute_force(name):
    found = opt_games.pareto(opt_games.load(name))
    assert np.array(found.intervals) == pytest.approx(np.array(PARETO[name]), abs=1e-3)
    assert found.regret < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "solution"), [each for each in EXPECTED if each[1] in ("nash", "egalitarian")]
)
def test_the_brute_force_gives_what_is_expected(name, solution):
    found = bargain(MARKETS[name], solution, coarse=101)
    share, *utilities = EXPECTED[name, solution]
    assert found.share == pytest.approx(share, abs=2e-5)
    assert found.utilities == pytest.approx(utilities, abs=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", PARETO)
def test_the_brute_force_gives_the_expected_pareto_sets(name):
    shares = np.linspace(0.0, 1.0, 401)
    kept = undominated(equilibria(MARKETS[name], shares).utilities)
    expected = np.zeros(shares.size, dtype=bool)
    for low, high in PARETO[name]:
        expected |= (shares >= low) & (shares <= high)
    ends = np.abs(shares[:, None] - np.ravel(PARETO[name])).min(axis=1) < 0.004
    assert (kept == expected)[~ends].all()


def test_every_shipped_game_is_covered_here():
    names = {name for name, _ in EXPECTED}
    by_closed_form = {"quadratic", "polynomial", "asymmetric-costs", "separate-shares"}
    regulated = {"safety", "three-domains"}  # tests/benchmarks/test_regulation_figures.py
    regulated |= {"liability"}  # tests/policy/test_best.py
    assert names | by_closed_form | regulated == set(opt_games.shipped_games())
