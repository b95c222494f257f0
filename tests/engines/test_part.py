"""Some cases at once: what is written, and what is left to others."""

import numpy as np
import pytest
from engines.quadratics import C0, C1, entry, utilities

import opt_games
from opt_games.engines import STATUSES, Cases
from opt_games.engines.part import Part
from opt_games.engines.solving import Compiled
from opt_games.kernels.payoffs import compile_payoffs


def outcomes(game, columns, solution, shares=None):
    cases = Cases(game, columns, solution, shares)
    return Part(Compiled(game, compile_payoffs(game)), cases).outcomes()


def test_bargains_at_a_bound_of_the_shares():
    game = opt_games.load("quadratic")
    bounded = opt_games.Game(
        "bounded",
        game.generalist,
        game.specialists,
        game.parameters,
        contract=opt_games.Contract(bounds=(0.2, 0.45)),
    )
    found = outcomes(bounded, {"c0": C0, "c1": C1}, "utilitarian")
    assert not found.slow.any()
    expected = np.clip(C1 / (C0 + C1), 0.2, 0.45)
    assert np.allclose(found.shares[0], expected, rtol=0.0, atol=1e-10)
    assert np.allclose(found.utilities, utilities(expected), rtol=1e-9)
    assert found.shares[0, 0] == 0.45


def test_nobody_agrees_where_entry_costs_more_than_all_could_earn():
    found = outcomes(entry(), {"f1": np.array([0.1, 2.0, 9.0])}, "nash")
    assert [STATUSES[code] for code in found.status] == ["ok", "no-agreement", "no-agreement"]
    assert not found.slow.any()
    assert found.utilities[:, 1:].tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_values_that_make_no_game_are_left_to_the_safe_engine(bad):
    found = outcomes(entry(), {"c0": np.array([1.0, bad])}, "nash")
    assert found.slow.tolist() == [False, True]
    assert STATUSES[found.status[0]] == "ok"


def test_shares_out_of_bounds_are_left_to_the_safe_engine():
    found = outcomes(entry(), {}, "given", np.array([0.5, -0.1, np.nan]))
    assert found.slow.tolist() == [False, True, True]
