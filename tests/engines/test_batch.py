"""The batch engine: known games, equilibria by hand, laws, and what it does not cover."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_market import LinearMarkets
from lockstep_games import FAMILIES, Known, Quadratic
from peers import brute_force as peer
from peers.answers import Answers, product
from random_games import Games, form_of, random_games

import opt_games
from opt_games import SOLUTIONS, Bargaining, Contract, Game, Generalist, Specialist
from opt_games.engines import Cases, get_engine
from opt_games.engines.batch import Batch
from opt_games.engines.outcomes import FAILED, NO_AGREEMENT, OK, REGIMES, Outcomes
from opt_games.errors import SpecError

X = "(alpha1 - alpha0)"
few = settings(derandomize=True, deadline=None, max_examples=5)


def solve(cases: Cases) -> Outcomes:
    return Batch("numpy").solve(cases)


def equal(one: Outcomes, other: Outcomes, tolerance: float = 1e-9) -> None:
    for name in ("shares", "utilities", "profits", "levels"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=tolerance, atol=tolerance, err_msg=name
        )
    np.testing.assert_array_equal(one.status, other.status)
    np.testing.assert_array_equal(one.regimes, other.regimes)


# --- known games -----------------------------------------------------------------------------


HARD = [
    # family, R, k, c0, q0, c1, q1, m1, f1, share by the brute force of the benchmarks
    ("power", 4.514863164812798, 0.6404997939007531, 0.0796562356216017, 2.515237824565081,
     0.8160155284530248, 1.6266131615547372, 0.6992977716000146, 0.0, 0.630660141384),
    ("exponential", 1.976639818162881, 1.5919073881867594, 0.15027895818653297, 2.6164029045225887,
     1.9026636302474729, 1.5641198724711873, 0.2865099619393585, 0.0, 0.569083681296),
    ("exponential", 3.2656685249152, 0.7108743100758428, 0.2575955742894328, 1.8151336275075933,
     0.20262697441882585, 1.494425432066803, 0.23142400108916417, 0.0, 0.728003354143),
    ("power", 3.1038466772085607, 0.5278474659189167, 0.37765965059535445, 2.3126096101848406,
     0.4833066353370824, 1.46098528320405, 0.605314266720482, 0.0, 0.616113132570),
    ("exponential", 4.73663958116377, 1.316061755566971, 0.0961698140150787, 2.181203048531561,
     0.5721704079237036, 1.7205871620079463, 0.3704221198100903, 0.7913580970549028,
     0.509942814246),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(HARD)))
def test_humps_that_overtake_each_other_where_they_are_born(case):
    family, *numbers, share = HARD[case]
    names = ("R", "k", "c0", "q0", "c1", "q1", "m1", "f1")
    games = Games(
        family, **{name: np.array([value]) for name, value in zip(names, numbers, strict=True)}
    )
    found = solve(Cases(form_of(games), {"R": games.R}, "nash"))
    assert not found.slow.any()
    assert found.shares[0, 0] == pytest.approx(share, abs=1e-8)


@pytest.mark.parametrize("family", FAMILIES)
def test_nash_bargains_of_the_known_games(family):
    known = Known(family)
    found = solve(known.cases())
    error = np.abs(found.shares[0] - known.share)
    assert (found.status == OK).all()
    assert not found.slow.any()
    assert (error <= 1e-8).mean() >= 0.995
    assert error.max() <= 1e-6
    np.testing.assert_allclose(found.utilities, known.utilities, rtol=1e-8)
    np.testing.assert_allclose(found.levels[:, 0], known.levels, rtol=1e-6, atol=1e-9)
    assert (found.regret <= 1e-9).all()
    stays = known.kind == "free-ride"
    np.testing.assert_array_equal(found.regimes[1][stays], REGIMES.index("free-ride"))


@pytest.mark.parametrize("family", FAMILIES)
def test_known_games_at_their_share(family):
    known = Known(family)
    found = solve(known.given())
    # at a jump the leader is indifferent at the share, to its rounding
    sure = known.kind != "jump"
    assert not found.slow.any()
    np.testing.assert_allclose(found.utilities[:, sure], known.utilities[:, sure], rtol=1e-8)
    np.testing.assert_allclose(found.levels[:, 0, sure], known.levels[:, sure], atol=1e-6)
    np.testing.assert_array_equal(found.shares[0], known.share)


@pytest.mark.parametrize("solution", [each for each in SOLUTIONS if each != "weighted"])
def test_the_quadratic_game(solution):
    quadratic = Quadratic(300)
    found = solve(quadratic.cases(solution))
    assert (found.status == OK).all()
    assert not found.slow.any()
    np.testing.assert_allclose(found.shares[0], quadratic.share(solution), atol=1e-8)
    utilities = quadratic.utilities(found.shares[0])
    np.testing.assert_allclose(found.utilities, utilities, rtol=1e-9, atol=1e-12)


# --- games with equilibria by hand -----------------------------------------------------------

MARKETS = {
    "one": LinearMarkets.random(1, 30, 8, entry=0.0),
    "two": LinearMarkets.random(2, 30, 15, entry=0.0),
    "five": LinearMarkets.random(5, 30, 16, entry=0.0),
    "one enters": LinearMarkets.random(1, 30, 8, entry=0.6),
    "two enter": LinearMarkets.random(2, 20, 15, entry=0.6),
    "three enter": LinearMarkets.random(3, 12, 22, entry=0.5),
    "five enter": LinearMarkets.random(5, 6, 36, entry=0.3),
    "outside option": replace(LinearMarkets.random(1, 30, 8, entry=0.3), outside=0.1),
    "averse": replace(LinearMarkets.random(1, 30, 8, entry=0.3), averse=3.0),
    "weights": replace(
        LinearMarkets.random(2, 20, 15, entry=0.0), weights=(2.0, 1.0, 0.5), averse=1.0
    ),
    "everything": replace(
        LinearMarkets.random(2, 20, 15, entry=0.2),
        averse=2.0,
        outside=0.05,
        weights=(2.0, 1.0, 0.5),
    ),
}


@pytest.fixture(scope="module", params=MARKETS)
def market(request):
    markets = MARKETS[request.param]
    return markets, markets.stakes()


def test_given_shares_of_linear_markets(market):
    markets, _ = market
    rng = np.random.default_rng(4)
    for share in (rng.uniform(0.0, 1.0, markets.size) for _ in range(4)):
        found = solve(markets.given(share))
        utilities, _ = markets.equilibria(share[:, None])
        wrong = np.abs(found.utilities - utilities[..., 0]).max(axis=0) > 1e-8
        assert not wrong.any(), (share[wrong], at(markets, wrong))
        assert (found.status == OK).all()


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_bargains_of_linear_markets(market, solution):
    markets, (ideal, say) = market
    found = solve(markets.cases(solution))
    assert (found.status != FAILED).all(), found.reasons
    agreed = (ideal > 1e-9).any(axis=0)
    np.testing.assert_array_equal(found.status == OK, agreed)
    share = np.nan_to_num(found.shares[0])
    # what is said of the share is an equilibrium; to rounding at a jump
    around = np.clip(share[:, None] + np.array([0.0, -1e-9, 1e-9]), 0.0, 1.0)
    utilities, _ = markets.equilibria(around)
    off = np.abs(utilities - found.utilities[..., None]).max(axis=0).min(axis=1)
    wrong = agreed & (off > 1e-6)
    assert not wrong.any(), (share[wrong], at(markets, wrong))
    # and no other contract is better
    level = np.nansum(found.levels[1:, 0], axis=0)
    # nobody is below disagreement but for the rounding of an edge
    floor = markets.disagreement[:, None]
    assert (found.utilities >= floor - 1e-8).all()
    own = np.maximum(found.utilities, floor)
    score = markets.scores(solution, own[..., None], level[:, None], ideal, say)[:, 0]
    best, top = markets.bargain(solution)
    # where never all can gain at once, all products are zero
    decided = agreed & (top > -30.0)
    wrong = decided & ~(score >= top - 1e-7 * (1.0 + np.abs(top)))
    assert not wrong.any(), (
        share[wrong],
        best[wrong],
        top[wrong] - score[wrong],
        at(markets, wrong),
    )


def at(markets: LinearMarkets, games) -> list[dict[str, float]]:
    """Return parameters, to find a game again."""
    part = markets.take(np.flatnonzero(games))
    columns = part.parameters
    return [{name: float(each[k]) for name, each in columns.items()} for k in range(part.size)]


# --- fresh random games against a brute force that knows their two families -------------------


@pytest.mark.slow
@pytest.mark.parametrize("fixed_costs", [False, True])
def test_fresh_random_games(fixed_costs):
    for games in random_games(2000, 77, fixed_costs=fixed_costs):
        form = form_of(games)
        columns = {name: games.parameters[name] for name in form.parameters}
        found = solve(Cases(form, columns, "nash"))
        assert (found.status != FAILED).all(), found.reasons
        part = slice(0, 25 if not fixed_costs else 60)
        expected, error = peer.bargains(games.select(part))
        answers = Answers(found.shares[0, part], *found.utilities[:, part])
        np.testing.assert_array_equal(np.isnan(expected.share), np.isnan(answers.share))
        short = product(expected) - product(answers)
        wrong = np.flatnonzero(short > 1e-9)
        assert wrong.size == 0, [
            (answers.share[k], expected.share[k], games.table()[:, k].tolist()) for k in wrong
        ]
        # where the score says nothing of the share, neither does the brute force
        sure = (error <= 1e-9) & np.isfinite(product(expected))
        np.testing.assert_allclose(answers.share[sure], expected.share[sure], atol=1e-8)


FOUND_WRONG = {  # once: R, k, c0, q0, c1, q1, m1, f1 of exponential games, and the Nash share
    "free-riding between two nodes that are edges": (
        (2.52352940795229, 1.8085141283101838, 0.16897219971488492, 2.1859155477018524,
         0.08656296882106336, 1.8072384188156065, 0.5001952466992996, 0.6616424268876545),
        0.5435241007167552,
    ),
    "free-riding between contributing and an edge": (
        (2.2258266731696237, 1.031279580734779, 0.49366977869612555, 2.276154173216306,
         1.5628331817958245, 1.9930270639290049, 0.6150517228805306, 0.39944833563055976),
        0.5061602167464092,
    ),
    "free-riding, at a jump that is nearly its top": (
        (3.0318672529076047, 0.37196677278453416, 0.18009137485715546, 1.4818306617515036,
         1.648096622047757, 2.401961167783402, 0.32067756711321116, 0.4806447916664025),
        0.5351257024261622,
    ),
    "an edge on a branch narrower than a cell": (
        (2.796660650804293, 1.0878488360122593, 1.1746742288598477, 2.595125168112272,
         0.3485314956390421, 1.6260437574537168, 1.19640418242681, 0.5986852014936491),
        0.3900049018634082,
    ),
    "a branch that is left too early": (
        (4.795001433828676, 1.6245445979537514, 0.5484837890949952, 1.847560072021143,
         0.10177747514711978, 2.4438334799518158, 1.1676895080336556, 0.8849133988045678),
        0.5812581375042597,
    ),
    "free-riding far from where it is contributed": (
        (4.225605697123557, 1.1844658788269125, 0.9469475846648664, 1.6253002639025913,
         0.8733756680780029, 1.6033272968061185, 0.9111600261142594, 0.8027191785554825),
        0.5827877346099781,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND_WRONG)
def test_games_that_were_once_wrong(name):
    numbers, share = FOUND_WRONG[name]
    names = ("R", "k", "c0", "q0", "c1", "q1", "m1", "f1")
    columns = {key: np.array([value]) for key, value in zip(names, numbers, strict=True)}
    form = Game(
        name,
        Generalist("c0 * alpha0**q0"),
        [Specialist("d", "R * (1 - exp(-k * alpha1))", f"c1 * {X}**q1 + m1 * {X} + f1")],
        {key: float(value[0]) for key, value in columns.items()},
    )
    found = solve(Cases(form, columns, "nash"))
    assert found.shares[0, 0] == pytest.approx(share, abs=1e-8)


# --- laws ------------------------------------------------------------------------------------


def quadratic(utility=None, leader_utility=None, specialists=1, **more) -> Game:
    return Game(
        "law",
        Generalist("c0 * alpha0**2", leader_utility),
        [
            Specialist(f"d{k}", "alpha1", f"c1 * {X}**2", utility=utility)
            for k in range(specialists)
        ],
        {"c0": 1.0, "c1": 1.0},
        **more,
    )


COSTS = {"c0": np.array([0.2, 1.0, 3.0]), "c1": np.array([0.7, 0.5, 0.4])}
FACTORS = st.floats(0.05, 20.0).map(lambda factor: round(factor, 3))
SHIFTS = st.floats(-3.0, 3.0).map(lambda shift: round(shift, 3))


@few
@given(FACTORS, SHIFTS, FACTORS)
def test_nash_does_not_depend_on_the_scale_of_utility(factor, shift, other):
    plain = solve(Cases(quadratic(), COSTS, "nash"))
    scaled = quadratic(f"{factor} * profit + {shift}", f"{other} * profit - {shift}")
    for solution in ("nash", "kalai-smorodinsky"):
        plain = solve(Cases(quadratic(), COSTS, solution))
        found = solve(Cases(scaled, COSTS, solution))
        np.testing.assert_allclose(found.shares, plain.shares, atol=1e-8)
        np.testing.assert_allclose(
            found.utilities,
            [other * plain.utilities[0] - shift, factor * plain.utilities[1] + shift],
            rtol=1e-7,
            atol=1e-7,
        )


@few
@given(FACTORS)
def test_money_is_only_a_unit(factor):
    """All money times a factor, levels as they are."""
    form = Game(
        "unit",
        Generalist("m * c0 * alpha0**1.7"),
        [Specialist("d", "m * (1 - exp(-alpha1))", f"m * (c1 * {X}**1.4 + 0.05)")],
        {"c0": 1.0, "c1": 1.0, "m": 1.0},
    )
    for solution in SOLUTIONS:
        one = solve(Cases(form, COSTS, solution))
        many = solve(Cases(form.with_parameters(m=factor), COSTS, solution))
        np.testing.assert_allclose(many.shares, one.shares, atol=1e-7, err_msg=solution)
        np.testing.assert_allclose(many.levels, one.levels, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(many.utilities, factor * one.utilities, rtol=1e-5, atol=1e-7)


@few
@given(st.integers(0, 10_000), st.sampled_from(SOLUTIONS))
def test_nobody_is_worse_off_than_without_agreement(seed, solution):
    markets = replace(LinearMarkets.random(2, 6, seed, entry=0.4), outside=0.02)
    found = solve(markets.cases(solution))
    assert (found.status != FAILED).all()
    floor = np.array([[0.0], [0.02], [0.02]])
    assert (found.utilities >= floor - 1e-8).all()


@few
@given(st.integers(0, 10_000))
def test_no_other_share_is_better(seed):
    """The regret of the objective over a grid of given shares is nothing."""
    (games, _) = random_games(8, seed)
    form = form_of(games)
    columns = {name: games.parameters[name] for name in form.parameters}
    shares = np.linspace(0.0, 1.0, 101)
    wide = {name: np.repeat(values, shares.size) for name, values in columns.items()}
    found = solve(Cases(form, wide, "given", np.tile(shares, games.size)))
    own, other = found.utilities.reshape(2, games.size, shares.size)
    with np.errstate(all="ignore"):
        scores = {
            "utilitarian": lambda u, v: u + v,
            "nash": lambda u, v: np.log(u) + np.log(v),
            "egalitarian": np.minimum,
            "powerful-generalist": lambda u, v: u,
            "powerful-specialist": lambda u, v: v,
        }
        for solution, score in scores.items():
            answer = solve(Cases(form, columns, solution))
            most = np.where((own >= 0) & (other >= 0), score(own, other), -np.inf).max(axis=1)
            assert (score(*answer.utilities) >= most - 1e-9).all(), solution


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_specialists_alike_are_treated_alike(solution):
    found = solve(Cases(quadratic(specialists=3), COSTS, solution))
    for rows in (found.utilities, found.levels[:, 0], found.shares):
        alike = rows[-3:]
        np.testing.assert_allclose(alike, np.broadcast_to(alike[:1], alike.shape), rtol=1e-12)


def test_who_has_more_power_gets_more():
    shares = []
    for weight in (0.25, 1.0, 4.0):
        game = quadratic(bargaining=Bargaining(weights={"generalist": weight}))
        shares.append(solve(Cases(game, COSTS, "nash")).shares[0])
    assert (np.diff(shares, axis=0) > 1e-3).all()


def test_a_better_outside_payoff_is_worth_something():
    gains = []
    for payoff in (0.0, 0.05, 0.1):
        game = quadratic(bargaining=Bargaining(disagreement={"d0": payoff}))
        gains.append(solve(Cases(game, COSTS, "egalitarian")).utilities[1])
    assert (np.diff(gains, axis=0) > 1e-3).all()


# --- batches ---------------------------------------------------------------------------------


@pytest.mark.parametrize("solution", ["nash", "kalai-smorodinsky", "max-performance"])
def test_answers_do_not_depend_on_the_other_games(solution):
    for games in random_games(40, 5, fixed_costs=True):
        form = form_of(games)
        columns = {name: games.parameters[name] for name in form.parameters}
        cases = Cases(form, columns, solution)
        whole = solve(cases)
        order = np.random.default_rng(1).permutation(games.size)
        equal(solve(cases.select(order)), whole.select(order))
        for part in (np.array([7]), np.arange(3, 11)):
            equal(solve(cases.select(part)), whole.select(part))


def test_more_games_than_are_worked_on_at_a_time(monkeypatch):
    known = Known("power")
    whole = solve(known.cases())
    monkeypatch.setattr("opt_games.engines.batch.LANES", 64)
    equal(solve(known.cases()), whole)


def test_one_engine_for_several_games():
    engine = Batch("numpy")
    for family in (*FAMILIES, FAMILIES[0]):
        known = Known(family)
        np.testing.assert_allclose(engine.solve(known.cases()).shares[0], known.share, atol=1e-6)


def test_one_engine_for_games_with_the_same_specialists():
    """Only the leader's cost, and then its utility, is another."""
    engine = Batch("numpy")
    game = opt_games.load("quadratic")
    costs = [Generalist("c0 * alpha0**2"), Generalist("3 * c0 * alpha0**3")]
    costs.append(Generalist("3 * c0 * alpha0**3", utility="1 - exp(-5 * profit)"))
    for each in costs:
        cases = Cases(replace(game, generalist=each), {"c0": np.array([0.5, 1.0])}, "nash")
        equal(engine.solve(cases), solve(cases))


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_machine_code_says_the_same(family):
    pytest.importorskip("numba")
    known = Known(family)
    engine = Batch("numba")
    equal(engine.solve(known.cases()), solve(known.cases()))
    equal(engine.solve(known.given()), solve(known.given()))


@pytest.mark.slow
def test_machine_code_says_the_same_of_markets_with_entry():
    pytest.importorskip("numba")
    markets = MARKETS["two enter"]
    engine = Batch("numba")
    share = np.linspace(0.0, 1.0, markets.size)
    equal(engine.solve(markets.given(share)), solve(markets.given(share)))
    equal(engine.solve(markets.cases("nash")), solve(markets.cases("nash")))


# --- what it does not cover, or what cannot be solved -----------------------------------------


def test_engines_by_name():
    assert isinstance(get_engine("batch"), Batch)
    assert Batch("numpy").name == "batch"
    with pytest.raises(SpecError, match="choose from numpy, numba"):
        Batch("fortran")


def game_of(cost="alpha0**2", revenue="alpha1", own=f"{X}**2", **more) -> Game:
    return Game("case", Generalist(cost), [Specialist("d", revenue, own)], {"p": 1.0}, **more)


UNCOVERED = {
    "separate shares": (
        lambda: opt_games.load("separate-shares").with_parameters(),
        "separate shares",
    ),
    "bounded levels": (lambda: game_of(level_bounds={"alpha": 3.0}), "bounded from above"),
    "corners": (lambda: game_of(revenue="min(alpha1, 2)"), "corners"),
    "several peaks": (lambda: game_of(revenue="alpha1 + sin(3 * alpha1)"), "not proven concave"),
}


@pytest.mark.parametrize("name", UNCOVERED)
def test_why_not(name):
    game, text = UNCOVERED[name]
    cases = Cases(game(), {next(iter(game().parameters)): np.ones(2)}, "nash")
    assert text in Batch("numpy").why_not(cases)


def test_why_not_several_attributes():
    game = Game(
        "two",
        Generalist("alpha0**2 + beta0**2"),
        [Specialist("d", "alpha1 + beta1", "(alpha1 - alpha0)**2 + (beta1 - beta0)**2")],
        {"p": 1.0},
        attributes=("alpha", "beta"),
    )
    cases = Cases(game, {"p": np.ones(2)}, "nash")
    assert Batch("numpy").why_not(cases) is not None
    found = solve(cases)
    # by symmetry; each attribute is worth what the quadratic game is worth
    np.testing.assert_allclose(found.shares, 0.5, atol=1e-8)
    np.testing.assert_allclose(found.utilities, 0.375, rtol=1e-8)
    assert found.slow.all()


def test_covered_games_have_no_reason_why_not():
    for name in ("quadratic", "polynomial", "exponential", "fixed-cost", "three-regimes"):
        game = opt_games.load(name)
        cases = Cases(game, {}, "given", np.array([0.3]))
        assert Batch("numpy").why_not(cases) is None, name


def test_what_is_not_covered_is_solved_slowly():
    game = game_of(level_bounds={"alpha": 3.0})
    found = solve(Cases(game, {}, "given", np.array([0.4, 0.8])))
    assert found.slow.all()
    np.testing.assert_allclose(found.levels[0, 0], [0.2, 0.4], atol=1e-7)


def test_a_game_that_is_not_concave_among_others_that_are():
    game = game_of(revenue="alpha1**p", own=f"{X}**3").with_parameters(p=0.5)
    found = solve(Cases(game, {"p": np.array([0.5, 1.2, 0.8])}, "given", np.full(3, 0.4)))
    assert found.slow.tolist() == [False, True, False]
    assert (found.status == OK).all()


BAD = {
    "not a number": ({"c0": [1.0, np.nan, 1.0]}, None),
    "without end": ({"c0": [1.0, np.inf, 1.0]}, None),
    "a share above its bounds": ({"c0": [1.0, 1.0, 1.0]}, [0.3, 1.2, 0.4]),
    "a share that is no number": ({"c0": [1.0, 1.0, 1.0]}, [0.3, np.nan, 0.4]),
}


@pytest.mark.parametrize("name", BAD)
def test_wrong_values_fail_alone(name):
    columns, shares = BAD[name]
    arrays = {key: np.array(values) for key, values in columns.items()}
    given_ = None if shares is None else np.array(shares)
    game = opt_games.load("quadratic")
    found = solve(Cases(game, arrays, "nash" if shares is None else "given", given_))
    assert found.status.tolist() == [OK, FAILED, OK]
    assert list(found.reasons) == [1]
    assert found.reasons[1]
    for values in (found.shares, found.utilities, found.levels):
        assert np.isnan(values[..., 1]).all()
    assert (found.regimes[:, 1] == -1).all()


def test_negative_weights_fail_alone():
    game = quadratic(bargaining=Bargaining(weights={"generalist": "c1"}))
    columns = {"c0": np.ones(3), "c1": np.array([1.0, -1.0, 0.5])}
    found = solve(Cases(game, columns, "nash"))
    assert found.status.tolist() == [OK, FAILED, OK]
    assert "weight" in found.reasons[1]


def test_the_weighted_solution_needs_weights():
    """As from every other engine."""
    found = solve(Cases(opt_games.load("quadratic"), {"c0": np.ones(2)}, "weighted"))
    assert (found.status == FAILED).all()
    assert "needs weights" in found.reasons[0]


@pytest.mark.parametrize("solution", ["nash", "given"])
def test_unbounded_games_fail_alone(solution):
    """Revenue that outruns all costs, of the leader or of the specialist."""
    games = {
        "leader": game_of(cost="p * alpha0", revenue="2 * alpha1"),
        "specialist": game_of(revenue="p * alpha1", own=f"0.2 * {X}"),
    }
    for who, game in games.items():
        shares = np.full(2, 0.6) if solution == "given" else None
        found = solve(Cases(game, {"p": np.array([1.0, 1.0])}, solution, shares))
        assert (found.status == FAILED).all(), who
        assert "limit" in found.reasons[0] or "bounded" in found.reasons[0]


def test_a_leader_that_never_starts():
    """A cost as steep as all revenue: no base level at all."""
    found = solve(Cases(game_of(cost="p * alpha0"), {"p": np.array([1.0, 2.0])}, "nash"))
    assert (found.status == OK).all()
    np.testing.assert_allclose(found.levels[0, 0], 0.0, atol=1e-9)
    # U_G U_D = d (1 - d)^3 / 8
    np.testing.assert_allclose(found.shares[0], 0.25, atol=1e-8)


@pytest.mark.parametrize("first", [0.99, 1.0, 1.5])
def test_a_leader_whose_first_bit_costs_what_it_earns(first):
    game = game_of(cost=f"p * alpha0**2 + {first} * alpha0")
    found = solve(Cases(game, {"p": np.array([1.0])}, "nash"))
    np.testing.assert_allclose(found.shares[0], 0.25, atol=1e-8)


def test_a_specialist_that_never_contributes():
    """U_G = d^2 / 4 and U_D = d (1 - d) / 2."""
    game = game_of(own=f"1.5 * {X}")
    found = solve(Cases(game, {"p": np.array([1.0])}, "nash"))
    np.testing.assert_allclose(found.shares[0], 0.75, atol=1e-8)
    np.testing.assert_array_equal(found.regimes[1], REGIMES.index("free-ride"))


def test_no_agreement():
    game = quadratic(bargaining=Bargaining(disagreement={"d0": 100.0}))
    found = solve(Cases(game, COSTS, "nash"))
    assert (found.status == NO_AGREEMENT).all()
    assert np.isnan(found.shares).all()
    assert np.isnan(found.levels).all()
    np.testing.assert_array_equal(found.utilities, [[0.0] * 3, [100.0] * 3])
    np.testing.assert_array_equal(found.profits, 0.0)
    assert (found.regimes == REGIMES.index("abstain")).all()
    assert found.reasons == {}


def test_agreement_of_some():
    game = quadratic(bargaining=Bargaining(disagreement={"d0": "c0"}))
    found = solve(Cases(game, {"c0": np.array([0.1, 1.0])}, "nash"))
    assert found.status.tolist() == [OK, NO_AGREEMENT]


@pytest.mark.parametrize("bounds", [(0.2, 0.9), (0.0, 0.2), (0.7, 1.0), (0.4, 0.4)])
def test_bounds_of_the_share(bounds):
    law = Quadratic(50)
    game = replace(law.game, contract=Contract(bounds=bounds))
    for solution in SOLUTIONS:
        if solution in ("kalai-smorodinsky", "max-performance", "weighted"):
            continue
        found = solve(Cases(game, law.parameters, solution))
        expected = np.clip(law.share(solution), *bounds)
        np.testing.assert_allclose(found.shares[0], expected, atol=1e-8, err_msg=solution)


def test_the_share_of_the_contract():
    game = quadratic(contract=Contract(share="c1 / (c0 + c1)"))
    found = solve(Cases(game, COSTS, "given"))
    expected = COSTS["c1"] / (COSTS["c0"] + COSTS["c1"])
    np.testing.assert_allclose(found.shares[0], expected, rtol=1e-14)
    np.testing.assert_allclose(found.levels[0, 0], expected / (2 * COSTS["c0"]), rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("fixed_costs", [False, True])
def test_all_solutions_against_one_by_one(fixed_costs):
    """Held against each other by their scores: who is worse is wrong."""
    slow = get_engine("one-by-one")
    for games in random_games(4, 31, fixed_costs=fixed_costs):
        form = form_of(games)
        columns = {name: games.parameters[name] for name in form.parameters}
        for solution in SOLUTIONS:
            if solution in ("weighted", "kalai-smorodinsky"):
                continue
            cases = Cases(form, columns, solution)
            fast, safe = solve(cases), slow.solve(cases)
            np.testing.assert_array_equal(fast.status, safe.status)
            score = {
                "utilitarian": lambda o: o.utilities.sum(axis=0),
                "nash": lambda o: product(Answers(o.shares[0], *o.utilities)),
                "egalitarian": lambda o: o.utilities.min(axis=0),
                "max-performance": lambda o: np.nansum(o.levels[1:, 0], axis=0),
                "powerful-generalist": lambda o: o.utilities[0],
                "powerful-specialist": lambda o: o.utilities[1],
            }[solution]
            agreed = safe.status == OK
            ours, theirs = score(fast)[agreed], score(safe)[agreed]
            with np.errstate(invalid="ignore"):
                gap = np.where(ours == theirs, 0.0, ours - theirs)
            # one by one leaves a flat top near a bound a little early
            assert (gap >= -1e-8).all(), (solution, fast.shares, safe.shares)
            assert (gap <= 1e-4).all(), (solution, fast.shares, safe.shares)
