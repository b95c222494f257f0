"""The axioms of the bargaining solutions, on random markets with separate shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opt_games
from opt_games import Bargaining, Contract, Game, Generalist, Specialist, SpecialistTable

seeds = st.integers(0, 2**20)
axioms = settings(max_examples=3)
SIZE = 8


def market(seed: int, *, twins: bool = False, scale: float = 1.0, **more: Any) -> Game:
    """A market of two forms; the last specialist has a utility of its own scale."""
    rng = np.random.default_rng(seed)
    columns = {name: rng.uniform(0.5, 2.0, SIZE - 1) for name in ("rho", "k", "c1")}
    if twins:
        for column in columns.values():
            column[1] = column[0]
    form = Specialist("app", "rho * (1 - exp(-k * alpha1))", "c1 * (alpha1 - alpha0)**2")
    last = Specialist("last", "log(1 + alpha1)", "(alpha1 - alpha0)**2", utility="scale * profit")
    generalist = more.pop("generalist", Generalist("c0 * alpha0**2"))
    return Game(
        "market",
        generalist,
        [SpecialistTable(form, columns), last],
        {"c0": SIZE * float(rng.uniform(0.4, 2.0)), "scale": scale},
        contract=Contract("separate"),
        **more,
    )


@pytest.mark.slow
@axioms
@given(seeds)
def test_efficiency(seed):
    game = market(seed)
    rng = np.random.default_rng(seed)
    for solution in ("nash", "kalai-smorodinsky", "utilitarian"):
        found = opt_games.solve(game, bargain=solution)
        shares = np.array(list(found.shares.values()))
        mine = np.array(list(found.utilities.values()))
        for reach in (1e-3, 0.03, 0.3):
            other = np.clip(shares + reach * rng.normal(size=SIZE), 0.0, 1.0)
            given_ = dict(zip(found.shares, other.tolist(), strict=True))
            theirs = np.array(list(opt_games.solve(game, share=given_).utilities.values()))
            assert not ((theirs >= mine).all() and (theirs > mine + 1e-7).any())


@pytest.mark.slow
@axioms
@given(seeds, st.floats(0.0, 0.05))
def test_individual_rationality(seed, least):
    disagreement = {"generalist": least, "app-1": least, "last": 2.0 * least}
    game = market(seed, bargaining=Bargaining(disagreement=disagreement))
    for solution in ("nash", "utilitarian", "egalitarian", "powerful-generalist"):
        found = opt_games.solve(game, bargain=solution)
        for player, wanted in disagreement.items():
            assert found.utilities[player] >= wanted - 1e-8


@pytest.mark.slow
@axioms
@given(seeds)
def test_symmetry(seed):
    game = market(seed, twins=True)
    for solution in ("nash", "kalai-smorodinsky"):
        found = opt_games.solve(game, bargain=solution)
        assert found.utilities["app-1"] == pytest.approx(found.utilities["app-2"], rel=1e-5)
        assert found.utilities["app-1"] != pytest.approx(found.utilities["app-3"], rel=1e-5)


@pytest.mark.slow
@axioms
@given(seeds, st.floats(0.2, 5.0))
def test_scale_invariance_of_nash_and_kalai_smorodinsky(seed, scale):
    for solution in ("nash", "kalai-smorodinsky"):
        plain, scaled = (
            opt_games.solve(market(seed, scale=each), bargain=solution) for each in (1.0, scale)
        )
        assert list(scaled.shares.values()) == pytest.approx(list(plain.shares.values()), abs=1e-5)


@pytest.mark.slow
def test_egalitarian_is_not_scale_invariant():
    plain, scaled = (
        opt_games.solve(market(0, scale=each), bargain="egalitarian") for each in (1.0, 5.0)
    )
    assert abs(plain.shares["last"] - scaled.shares["last"]) > 0.05


@pytest.mark.slow
@axioms
@given(seeds)
def test_monotonicity_of_kalai_smorodinsky(seed):
    # log(1 + 2 u) / log(1 + 2 b) * b >= u up to b: whatever the generalist gets, the others could
    # have more, and with b as its best its own best is what it was
    before = opt_games.solve(market(seed), bargain="kalai-smorodinsky")
    best = opt_games.solve(market(seed), bargain="powerful-generalist").utilities["generalist"]
    utility = f"{best!r} * log(1 + 2 * profit / {best!r}) / log(3)"
    larger = market(seed, generalist=Generalist("c0 * alpha0**2", utility=utility))
    after = opt_games.solve(larger, bargain="kalai-smorodinsky")
    for player, was in before.utilities.items():
        assert after.utilities[player] >= was - 1e-6
