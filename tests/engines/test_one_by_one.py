"""The slow, safe engine: what `opt_games.solve` says, as arrays."""

import numpy as np
import pytest

import opt_games
from opt_games.engines import REGIMES, STATUSES, Cases, get_engine


def test_outcomes_are_those_of_solve():
    game = opt_games.load("fixed-cost")
    cases = Cases(game, {"c0": np.array([1.0, 1.3])}, "nash")
    found = get_engine("one-by-one").solve(cases)
    answer = opt_games.solve(game.with_parameters(c0=1.3), bargain="nash")
    equilibrium = answer.equilibrium
    names = [specialist.name for specialist in game.specialists]
    assert found.status.tolist() == [STATUSES.index("ok")] * 2
    assert found.shares[:, 1].tolist() == [answer.shares[name] for name in names]
    assert found.utilities[:, 1].tolist() == list(answer.utilities.values())
    assert found.profits[:, 1].tolist() == list(equilibrium.profits.values())
    regimes = [REGIMES[code] for code in found.regimes[:, 1]]
    assert regimes == list(equilibrium.regimes.values())
    levels = [equilibrium.levels[player] for player in game.players]
    expected = [np.nan if each is None else each["alpha"] for each in levels]
    assert np.array_equal(found.levels[:, 0, 1], expected, equal_nan=True)
    assert 0.0 <= found.regret[1] <= 1e-8
    assert not found.slow.any()


def test_no_agreement_leaves_everybody_with_disagreement():
    game = opt_games.Game(
        "dear",
        opt_games.Generalist("c0 * alpha0**2", outside_option=0.1),
        [opt_games.Specialist("law", "alpha1", "9 + (alpha1 - alpha0)**2", outside_option=0.2)],
        {"c0": 1.0},
    )
    found = get_engine("one-by-one").solve(Cases(game, {"c0": np.array([1.0])}, "nash"))
    assert STATUSES[found.status[0]] == "no-agreement"
    assert found.utilities[:, 0].tolist() == [0.1, 0.2]
    assert found.profits[:, 0].tolist() == [0.1, 0.2]
    assert [REGIMES[code] for code in found.regimes[:, 0]] == ["abstain", "abstain"]
    assert np.isnan(found.shares).all()


@pytest.mark.parametrize(
    ("cost", "value", "reason"),
    [("c0 * alpha0", 0.001, "grows without limit"), ("log(c0) * alpha0**2", 1.0, "without limit")],
)
def test_a_case_that_cannot_be_solved_fails_with_its_reason(cost, value, reason):
    game = opt_games.Game(
        "endless",
        opt_games.Generalist(cost),
        [opt_games.Specialist("law", "alpha1", "(alpha1 - alpha0)**2")],
        {"c0": 3.0},
    )
    cases = Cases(game, {"c0": np.array([3.0, value])}, "given", np.array([0.5, 0.5]))
    found = get_engine("one-by-one").solve(cases)
    assert STATUSES[found.status[0]] == "ok"
    assert STATUSES[found.status[1]] == "failed"
    assert list(found.reasons) == [1]
    assert reason in found.reasons[1]
    assert np.isnan(found.utilities[:, 1]).all()
