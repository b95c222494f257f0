"""What the tests of the batch engine share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from linear_market import LinearMarkets

from opt_games import Game, Generalist, Specialist
from opt_games.engines import Cases
from opt_games.engines.batch import Batch
from opt_games.engines.outcomes import Outcomes

X = "(alpha1 - alpha0)"
few = settings(max_examples=5)


def solve(cases: Cases) -> Outcomes:
    return Batch("numpy").solve(cases)


def equal(one: Outcomes, other: Outcomes, tolerance: float = 1e-9) -> None:
    for name in ("shares", "utilities", "profits", "levels"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=tolerance, atol=tolerance, err_msg=name
        )
    np.testing.assert_array_equal(one.status, other.status)
    np.testing.assert_array_equal(one.regimes, other.regimes)


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
