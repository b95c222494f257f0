"""The batch engine: known games, equilibria by hand, and fresh random games."""

from __future__ import annotations

import numpy as np
import pytest
from engines.batches import MARKETS, X, solve
from linear_market import LinearMarkets
from lockstep_games import FAMILIES, Known, Quadratic
from peers import brute_force as peer
from peers.answers import Answers, product
from random_games import Games, form_of, random_games

from opt_games import SOLUTIONS, Game, Generalist, Specialist
from opt_games.engines import Cases
from opt_games.engines.outcomes import FAILED, OK, REGIMES

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
