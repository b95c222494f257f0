from __future__ import annotations

import numpy as np
import pytest
from policy_games import examples, game, parameters_of, random_columns

import opt_games
from opt_games.engines import Cases, get_engine
from opt_games.engines.one_by_one import OneByOne
from opt_games.engines.outcomes import FAILED, NO_AGREEMENT, OK, REGIMES

SOLUTIONS = ("nash", "utilitarian", "egalitarian", "kalai-smorodinsky", "powerful-generalist")


def engine():
    return get_engine("quadratic")


def test_all_examples_at_once():
    rows = [parameters_of(row) for row in examples()]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    found = engine().solve(Cases(game(), columns, "given"))
    assert np.all(found.status == OK)
    assert not found.slow.any()
    assert found.regret.max() <= 1e-12
    for k, row in enumerate(examples()):
        assert found.utilities[:, k] == pytest.approx(
            [float(row["UG"]), float(row["UD"])], abs=1e-11
        )
        if row["regime"] != "abstain":
            expected = [float(row[name]) for name in ("a0", "b0", "a1", "b1")]
            assert found.levels[..., k].ravel() == pytest.approx(expected, abs=1e-11)
        else:
            assert REGIMES[found.regimes[1, k]] == "abstain"
            assert np.isnan(found.levels[1, :, k]).all()


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_bargains_are_no_worse_than_a_fine_grid_of_shares(solution):
    columns = random_columns(np.random.default_rng(5), 6, concave=True)
    del columns["delta"]
    found = engine().solve(Cases(game(), columns, solution))
    powerful = [f"powerful-{who}" for who in ("generalist", "specialist")]
    alone = [engine().solve(Cases(game(), columns, name)).utilities for name in powerful]
    ideal = np.stack([alone[0][0], alone[1][1]])
    shares = np.linspace(0.0, 1.0, 1001)
    for k in range(6):
        many = {name: np.full(shares.size, values[k]) for name, values in columns.items()}
        line = engine().solve(Cases(game(), many, "given", shares)).utilities
        if found.status[k] == NO_AGREEMENT:
            assert line.max() <= 1e-7
            continue
        best = ideal[:, k]
        score = {
            "nash": lambda u: u.prod(axis=0),
            "utilitarian": lambda u: u.sum(axis=0),
            "egalitarian": lambda u: u.min(axis=0),
            "kalai-smorodinsky": lambda u, b=best: (u / b[:, None]).min(axis=0),
            "powerful-generalist": lambda u: u[0],
        }[solution]
        here = score(found.utilities[:, [k]])[0]
        assert here >= score(line).max() * (1 - 1e-6) - 1e-9


def test_a_bargain_agrees_with_solve():
    columns = {"theta_G": np.array([0.3]), "theta_D": np.array([0.8])}
    for solution in ("nash", "utilitarian"):
        found = engine().solve(Cases(game(), columns, solution))
        alone = opt_games.solve(game(theta_G=0.3, theta_D=0.8), bargain=solution)
        assert found.shares[0, 0] == pytest.approx(alone.shares["domain"], abs=1e-9)
        assert alone.equilibrium.certified


def test_what_is_not_covered_is_said():
    plain = opt_games.load("quadratic")
    cases = Cases(plain, {"c0": np.array([1.0])}, "nash")
    assert "neither" in engine().why_not(cases)
    three = Cases(opt_games.load("three-domains"), {"theta_D": np.array([1.0])}, "given")
    assert "several specialists" in engine().why_not(three)
    text = opt_games.loads(
        'schema = 1\nname = "g"\nattributes = ["a_", "b_"]\n[parameters]\nk = 1\n[generalist]\n'
        'cost = "a_0**2 + b_0**4"\n[[specialists]]\nname = "law"\nrevenue = "k * a_1"\n'
        "cost = [[1, 0], [0, 1]]\n[contract]\nshare = 0.5"
    )
    assert "quadratic" in engine().why_not(Cases(text, {"k": np.array([1.0])}, "given"))


def test_points_out_of_range_fail_with_their_reason():
    columns = {"delta": np.array([0.5, 1.5, np.nan]), "c0ab": np.array([0.0, 0.0, 0.0])}
    found = engine().solve(Cases(game(), columns, "given"))
    assert found.status.tolist() == [OK, FAILED, FAILED]
    assert "contract.share" in found.reasons[1]


def test_profits_without_limit_fail_with_their_reason():
    found = engine().solve(Cases(game(), {"c0ab": np.array([0.0, -1.5])}, "given"))
    assert found.status.tolist() == [OK, FAILED]
    assert "grows without limit" in found.reasons[1]


def test_other_engines_refuse_such_games():
    cases = Cases(game(), {"theta_D": np.array([0.4])}, "given")
    assert "only solve, sweep and regulate" in get_engine("batch").why_not(cases)
    assert OneByOne().why_not(cases) is None


def test_one_attribute_with_liability_agrees_with_solve():
    text = (
        'schema = 1\nname = "g"\n[parameters]\nlam = 0.3\n[generalist]\ncost = "alpha0**2"\n'
        '[[specialists]]\nname = "law"\nrevenue = "alpha1"\ncost = "(alpha1 - alpha0)**2"\n'
        '[harm]\nexpected = "0.1 * alpha1**2"\nliability = { specialists = "lam" }\n'
        "[contract]\nshare = 0.4"
    )
    found = engine().solve(
        Cases(opt_games.loads(text), {"lam": np.array([0.0, 0.3, 0.9])}, "given")
    )
    # with y the contribution: 0.6 = 2 y + 0.2 lam (base + y), and the base answers to that
    base, final = found.levels[:, 0]
    lam = np.array([0.0, 0.3, 0.9])
    response = 1.0 / (1.0 + 0.1 * lam)
    assert base == pytest.approx(0.4 * response / 2.0, abs=1e-12)
    assert final == pytest.approx((base + 0.3) * response, abs=1e-12)
