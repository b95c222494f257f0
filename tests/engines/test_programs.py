"""Formulations, compiled once for many cases."""

import numpy as np
import pytest
from engines.quadratics import C0, C1, levels, many, spread

import opt_games
from opt_games.branch import Branch, Closure
from opt_games.engines.lines import QUICK, sample
from opt_games.engines.programs import Kind, Program

FREE = Branch((Closure.STATIONARY,), ((Closure.STATIONARY,),))


def solved(kind: Kind, share: np.ndarray, ideal=None):
    games = many()
    start = sample(games, spread(games), share, QUICK)
    return Program(opt_games.load("quadratic"), kind).solve(
        np.arange(4),
        {"c0": C0, "c1": C1},
        share,
        start.peaks,
        None,
        np.ones((2, 4)) if ideal is None else ideal,
        start.utilities.min(axis=0),
    )


@pytest.mark.parametrize(
    ("solution", "expected"),
    [
        ("utilitarian", C1 / (C0 + C1)),
        ("player 0", np.where(C0 > C1, C0 / np.where(C0 > C1, 2 * C0 - C1, 1.0), 1.0)),
    ],
)
def test_shares_of_the_quadratic_game(solution, expected):
    found = solved(Kind(solution, FREE, None, (0, 1), (0, 1)), np.clip(expected + 0.02, 0, 0.99))
    inside = expected < 1.0
    assert found.error[inside].max() <= 1e-9
    assert np.allclose(found.share[inside], expected[inside], atol=1e-10)
    base, extra = levels(expected)
    assert np.allclose(found.base[inside], base[inside], rtol=1e-9)
    assert np.allclose(found.contribution[0, inside], extra[inside], rtol=1e-9)


def test_given_shares_stay():
    share = np.array([0.2, 0.5, 0.7, 0.4])
    found = solved(Kind("given", FREE), share)
    assert found.share.tolist() == share.tolist()
    assert np.allclose(found.base, levels(share)[0], rtol=1e-10)


def test_ideal_points_are_data():
    """The more a player could gain, the more of its gain the others may claim."""
    ideal = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]])
    kind = Kind("kalai-smorodinsky", FREE, None, (0, 1), (0, 1))
    even = solved(kind, np.full(4, 0.4), ideal)
    more = solved(kind, np.full(4, 0.4), ideal * np.array([[1.2], [1.0]]))
    assert even.error.max() <= 1e-8
    assert np.all(more.share > even.share)
