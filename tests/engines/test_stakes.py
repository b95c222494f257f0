"""Scores of contracts of many games are those of single games."""

import numpy as np
import pytest
from engines.quadratics import many, utilities

from opt_games import SOLUTIONS
from opt_games.bargaining.solutions import Stakes, score_utilities
from opt_games.engines.stakes import ManyStakes

SHARES = np.linspace(0.0, 1.0, 7)
SAMPLED = np.stack([utilities(np.full(4, share)) for share in SHARES], axis=1)


@pytest.mark.parametrize("solution", [*SOLUTIONS, "player 1"])
def test_scores_are_those_of_one_game(solution):
    stakes = ManyStakes.of(many(), SAMPLED)
    performance = np.arange(4.0)
    for node in range(1, SHARES.size - 1):
        found = stakes.score(solution, SAMPLED[:, node], performance)
        for case in range(4):
            single = Stakes(
                stakes.disagreement[:, case],
                stakes.scale[:, case],
                stakes.weights[:, case],
                stakes.bargainers[:, case],
                stakes.ideal[:, case],
            )
            values = SAMPLED[:, node, case, None]
            expected = score_utilities(solution, single, values, performance[case, None])
            assert found[case] == pytest.approx(expected[0])


def test_what_somebody_would_not_sign_scores_nothing():
    stakes = ManyStakes.of(many(), SAMPLED)
    losing = SAMPLED[:, 3] - np.array([[0.0], [9.0]])
    assert np.isneginf(stakes.score("utilitarian", losing, np.zeros(4))).all()


def test_who_gains_nowhere_does_not_bargain():
    sampled = SAMPLED.copy()
    sampled[1, :, 0] = 0.0
    sampled[1, :, 1] *= 1e-8 / sampled[1, :, 1].max()
    sampled[1, 0, 1] = -1.0  # of a scale beside which its gains are rounding
    sampled[:, :, 2] = -0.1
    stakes = ManyStakes.of(many(), sampled)
    assert stakes.bargainers[1].tolist() == [False, False, False, True]
    assert stakes.clear.tolist() == [True, False, True, True]
    assert stakes.ample.tolist() == [False, False, False, True]
    assert stakes.agreement.tolist() == [True, True, False, True]
    # the generalist alone decides the first
    products = stakes.score("nash", sampled[:, 3], np.zeros(4))
    assert products[0] == pytest.approx(np.log(sampled[0, 3, 0]))
