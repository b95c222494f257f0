"""The solutions as scores, and the laws that their bargains obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opt_games
from opt_games import Bargaining, Contract, Game, Generalist, Specialist
from opt_games.bargaining.solutions import Stakes, favoured_player, score_utilities
from opt_games.equilibrium import EquilibriumMap

LAWS = settings(max_examples=4)
costs = st.floats(-1.0, 1.0).map(lambda x: 10.0**x)
entries = st.floats(0.0, 0.3)


def game_of(c0, c1, entry=0.0, utilities=(None, None), **more) -> Game:
    domain = Specialist(
        "law", "alpha1", "c1 * (alpha1 - alpha0)**2 + entry / c1", utility=utilities[1]
    )
    return Game(
        "law",
        Generalist("c0 * alpha0**2", utility=utilities[0]),
        [domain],
        {"c0": c0, "c1": c1, "entry": entry},
        **more,
    )


# --- scores ----------------------------------------------------------------------------------

UTILITIES = np.array([[1.0, 2.0, 4.0, -0.5], [3.0, 2.0, 0.5, 9.0]])
PERFORMANCE = np.array([5.0, 6.0, 7.0, 8.0])


def stakes(weights=(1.0, 1.0), disagreement=(0.0, 0.0), bargainers=(True, True)) -> Stakes:
    return Stakes(
        np.array(disagreement),
        np.array([4.0, 9.0]),
        np.array(weights),
        np.array(bargainers),
        np.array([4.0, 3.0]),
    )


def scores(solution: str, **more) -> list[float]:
    return score_utilities(solution, stakes(**more), UTILITIES, PERFORMANCE).tolist()


@pytest.mark.parametrize(
    ("solution", "values"),
    [
        ("utilitarian", [4.0, 4.0, 4.5]),
        ("nash", np.log([3.0, 4.0, 2.0])),
        ("egalitarian", [1.0, 2.0, 0.5]),
        ("kalai-smorodinsky", [1 / 4, 2 / 4, 0.5 / 3]),
        ("max-performance", [5.0, 6.0, 7.0]),
        ("powerful-generalist", [1.0, 2.0, 4.0]),
        ("powerful-specialist", [3.0, 2.0, 0.5]),
        ("player 1", [3.0, 2.0, 0.5]),
    ],
)
def test_scores(solution, values):
    assert scores(solution) == pytest.approx([*values, -np.inf])


def test_weights_enter_two_scores():
    assert scores("weighted", weights=(2.0, 1.0))[:3] == pytest.approx([5.0, 6.0, 8.5])
    weighted = np.log([1.0 * 9.0, 2.0 * 4.0, 4.0 * 0.25])
    assert scores("nash", weights=(1.0, 2.0))[:3] == pytest.approx(weighted)
    assert scores("nash", weights=(0.0, 1.0))[:3] == pytest.approx(np.log([3.0, 2.0, 0.5]))


def test_disagreement_makes_contracts_unacceptable():
    found = scores("utilitarian", disagreement=(0.0, 1.0))
    assert found == [4.0, 4.0, -np.inf, -np.inf]
    assert scores("egalitarian", disagreement=(0.5, 1.0))[:2] == [0.5, 1.0]


def test_those_who_cannot_gain_have_no_say():
    assert scores("egalitarian", bargainers=(True, False))[:3] == [1.0, 2.0, 4.0]


def test_exactly_what_disagreement_pays_is_acceptable_if_somebody_gains():
    one = np.array([[0.0, 0.0, 1e-12], [1.0, 0.0, -1e-12]])
    assert stakes().acceptable(one).all()
    assert stakes().better(one).tolist() == [True, False, False]
    lower = np.array([[1.0], [-1e-6]])
    assert not stakes().acceptable(lower).any()
    assert stakes().better(lower).all()


def test_an_unknown_score():
    with pytest.raises(ValueError, match="no score"):
        scores("dictator")


def test_the_favoured_player():
    assert favoured_player("player 1", ("generalist", "law")) == "law"
    assert favoured_player("nash", ("generalist", "law")) is None


def test_stakes_are_read_off_a_sample():
    game = game_of(1.0, 0.5, bargaining=Bargaining(disagreement={"law": 0.1}))
    sampled = EquilibriumMap.of(game).sample(np.linspace(0.0, 1.0, 11)[None])
    found = Stakes.of(game, sampled)
    assert found.disagreement.tolist() == [0.0, 0.1]
    signed = sampled.utilities[1] >= 0.1
    assert found.ideal == pytest.approx(sampled.utilities[:, signed].max(axis=1))
    assert found.bargainers.all()
    greedy = game_of(1.0, 0.5, bargaining=Bargaining(disagreement={"law": 100.0}))
    assert Stakes.of(greedy, sampled) is None


# --- laws ------------------------------------------------------------------------------------


def along(game: Game, points: int = 401) -> np.ndarray:
    return EquilibriumMap.of(game).sample(np.linspace(0.0, 1.0, points)[None]).utilities


def utilities(found: opt_games.Bargain) -> np.ndarray:
    return np.array(list(found.utilities.values()))


@pytest.mark.parametrize("solution", ["nash", "utilitarian"])
@LAWS
@given(costs, costs, entries)
def test_no_other_contract_is_better_for_everybody(solution, c0, c1, entry):
    game = game_of(c0, c1, entry)
    found = opt_games.solve(game, bargain=solution)
    if not found.agreement:
        return
    others = along(game)
    ours = utilities(found)[:, None]
    slack = 1e-7 * others.max()
    assert not ((others > ours + slack).all(axis=0)).any()


@LAWS
@given(costs, costs, entries)
def test_nobody_gets_less_than_disagreement(c0, c1, entry):
    disagreement = {"generalist": 0.01, "law": 0.02}
    game = game_of(c0, c1, entry, bargaining=Bargaining(disagreement=disagreement))
    for solution in ("max-performance", "powerful-generalist"):
        found = opt_games.solve(game, bargain=solution)
        low = np.array(list(disagreement.values()))
        slack = 1e-8 * along(game, 21).max()
        assert (utilities(found) >= low - slack).all()
        assert found.agreement == bool((along(game, 1601) > low[:, None]).all(axis=0).any())


@pytest.mark.parametrize("solution", ["nash", "kalai-smorodinsky"])
@LAWS
@given(costs, costs, st.floats(0.2, 5.0), st.floats(0.2, 5.0), st.floats(-2.0, 2.0))
def test_affine_utilities_do_not_matter(solution, c0, c1, a, b, shift):
    plain = opt_games.solve(game_of(c0, c1), bargain=solution)
    affine = (f"{a!r} * profit + {shift!r}", f"{b!r} * profit")
    found = opt_games.solve(game_of(c0, c1, utilities=affine), bargain=solution)
    assert found.shares["law"] == pytest.approx(plain.shares["law"], abs=1e-6)
    assert found.equilibrium.profits == pytest.approx(
        plain.equilibrium.profits, rel=1e-5, abs=1e-6 * sum(plain.utilities.values())
    )


def test_affine_utilities_do_matter_to_the_egalitarian():
    plain, affine = (
        opt_games.solve(game_of(1.0, 0.5, utilities=("3 * profit", None)), bargain=solution)
        for solution in ("kalai-smorodinsky", "egalitarian")
    )
    assert affine.utilities["generalist"] == pytest.approx(affine.utilities["law"], rel=1e-7)
    assert affine.shares["law"] < plain.shares["law"] - 1e-3


def test_kalai_smorodinsky_equalises_parts_of_the_ideal():
    game = game_of(1.0, 3.0)
    found = opt_games.solve(game, bargain="ks")
    ideal = [
        opt_games.solve(game, bargain=f"powerful-{who}").utilities[name]
        for who, name in (("generalist", "generalist"), ("specialist", "law"))
    ]
    parts = utilities(found) / ideal
    assert parts[0] == pytest.approx(parts[1], rel=1e-7)


@LAWS
@given(costs, costs)
def test_utility_functions_change_no_equilibrium(c0, c1):
    averse = game_of(c0, c1, utilities=("log(1 + profit)", "1 - exp(-profit)"))
    line = np.linspace(0.0, 1.0, 33)[None]
    plain, other = (EquilibriumMap.of(g).sample(line) for g in (game_of(c0, c1), averse))
    assert (plain.optima.base == other.optima.base).all()
    assert (plain.profits == other.profits).all()
    assert other.utilities[0] == pytest.approx(np.log1p(plain.profits[0]))


@LAWS
@given(costs, st.floats(1.2, 10.0))
def test_more_weight_gives_more(c0, weight):
    def with_weight(w: float) -> opt_games.Bargain:
        game = game_of(c0, 1.0, bargaining=Bargaining(weights={"law": w}))
        return opt_games.solve(game, bargain="nash")

    assert with_weight(weight).utilities["law"] > with_weight(1.0).utilities["law"]


def test_a_better_way_out_gives_more():
    """The Nash bargain with a disagreement payoff maximises the product of gains over it."""
    game = game_of(1.0, 0.5, bargaining=Bargaining(disagreement={"law": 0.3}))
    found = opt_games.solve(game, bargain="nash")
    d = np.linspace(0.0, 1.0, 2_000_001)
    own = d * (1 - d) / 2 + (1 - d) ** 2 / 2
    product = (d**2 / 4 + d * (1 - d)) * (own - 0.3)
    best = d[np.argmax(np.where(own > 0.3, product, -np.inf))]
    assert found.shares["law"] == pytest.approx(best, abs=1e-6)
    plain = opt_games.solve(game_of(1.0, 0.5), bargain="nash")
    assert found.utilities["law"] > plain.utilities["law"]


def test_an_outside_option_is_the_disagreement_payoff():
    domain = Specialist("law", "alpha1", "0.5 * (alpha1 - alpha0)**2", outside_option=0.3)
    game = Game("out", Generalist("alpha0**2"), [domain])
    found = opt_games.solve(game, bargain="egalitarian")
    assert found.disagreement == {"generalist": 0.0, "law": 0.3}
    assert found.utilities["law"] - 0.3 == pytest.approx(found.utilities["generalist"], rel=1e-7)


def test_disagreement_beyond_all_contracts_is_no_agreement():
    bargaining = Bargaining(disagreement={"generalist": 0.2, "law": 0.45})
    found = opt_games.solve(game_of(1.0, 0.5, bargaining=bargaining), bargain="nash")
    assert not found.agreement
    assert found.utilities == {"generalist": 0.2, "law": 0.45}


@pytest.mark.slow
@pytest.mark.parametrize("solution", ["nash", "egalitarian"])
def test_twins_are_treated_alike(solution):
    twins = [Specialist(n, "alpha1", "0.7 * (alpha1 - alpha0)**2 + 0.02") for n in ("one", "two")]
    game = Game("twins", Generalist("alpha0**2"), twins, contract=Contract("separate"))
    found = opt_games.solve(game, bargain=solution)
    assert found.shares["one"] == pytest.approx(found.shares["two"], abs=1e-6)
    assert found.utilities["one"] == pytest.approx(found.utilities["two"], rel=1e-6)
