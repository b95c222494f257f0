"""The batch engine: what it does not cover, and what cannot be solved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engines.batches import COSTS, X, quadratic, solve
from lockstep_games import Quadratic
from peers.answers import Answers, product
from random_games import form_of, random_games

import opt_games
from opt_games import SOLUTIONS, Bargaining, Contract, Game, Generalist, Specialist
from opt_games.engines import Cases, get_engine
from opt_games.engines.batch import Batch
from opt_games.engines.outcomes import FAILED, NO_AGREEMENT, OK, REGIMES
from opt_games.errors import SpecError


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
