"""Candidates: enough of them, and in the thin regions beside jumps, too."""

from __future__ import annotations

import numpy as np
import pytest
from linear_frontier import TWO

from opt_games import Contract, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.pareto.clock import Clock
from opt_games.pareto.coverage import spread
from opt_games.pareto.lattice_search import coarse_lattice, find_candidates

ENTRY = Game(
    "entry",
    Generalist("0.8 * alpha0**2.5 + 0.02"),
    [
        Specialist("a", "1.3 * log(1 + alpha1)", "0.15 + 0.7 * (alpha1 - alpha0)**2.2"),
        Specialist("b", "2 * (1 - exp(-alpha1))", "0.1 + (alpha1 - alpha0)**2"),
        Specialist("c", "alpha1**0.7", "0.05 + exp(alpha1 - alpha0) - 1"),
    ],
    contract=Contract("separate"),
)


def test_there_are_more_than_asked_for():
    for wanted in (500, 20_000):
        found = find_candidates(EquilibriumMap.of(TWO.game), wanted, Clock())
        assert found.index.shape[1] >= wanted


def test_none_dominates_another_by_the_closed_form():
    found = find_candidates(EquilibriumMap.of(TWO.game), 300, Clock())
    utilities = TWO.utilities(found.lattice.contracts(found.index))
    for point in utilities.T[::20]:
        better = (utilities >= point[:, None]).all(axis=0) & (
            utilities > point[:, None] + 1e-6
        ).any(axis=0)
        assert not better.any()


@pytest.mark.slow
def test_regions_that_are_thin_in_a_share_are_found():
    equilibria = EquilibriumMap.of(ENTRY)
    found = find_candidates(equilibria, 500, Clock())
    chosen = found.index[:, spread(found.utilities, 2500)]
    candidates = found.lattice.sample(chosen).utilities
    # random contracts, a few of which lie where the generalist keeps somebody from leaving
    others = equilibria.sample(np.random.default_rng(0).random((3, 1500))).utilities
    span = np.ptp(candidates, axis=1)[:, None]
    shortfall = [((candidates - u[:, None]) / span).min(axis=0).max() for u in others.T]
    # without a look at changes of who takes part it is -0.17
    assert min(shortfall) >= -0.08


def test_the_coarse_lattice_has_the_corners():
    shares = coarse_lattice(EquilibriumMap.of(TWO.game)).shares
    for corner in np.array([[0, 0], [0, 1], [1, 0], [1, 1]]):
        assert (shares == corner[:, None]).all(axis=0).any()
