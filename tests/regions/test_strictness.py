from __future__ import annotations

import numpy as np
import pytest

import opt_games
from opt_games.engines import Cases, Outcomes, get_engine
from opt_games.regions.strictness import revenue_shared


def game(**more) -> opt_games.Game:
    return opt_games.Game(
        name="two",
        generalist=opt_games.Generalist("alpha0**2", **more.pop("generalist", {})),
        specialists=[
            opt_games.Specialist(
                "law", "rho * alpha1", "(alpha1 - alpha0)**2", parameters={"rho": 2.0}
            ),
            opt_games.Specialist("film", "rho * alpha1", "fixed + (alpha1 - alpha0)**2",
                                 **more.pop("film", {})),
        ],
        parameters={"rho": 1.0, "fixed": 0.0},
        **more,
    )  # fmt: skip


def outcomes(shares, profits, regimes, level=1.0, status=0) -> Outcomes:
    """By hand; a regime is 0 contribute, 1 free-ride, 2 abstain."""
    count = len(shares)
    found = Outcomes.empty(2, 1, count)
    found.shares[:] = shares
    found.profits[:] = np.array(profits, dtype=float).T
    found.utilities[:] = found.profits
    found.regimes[:] = np.array(regimes).T
    found.levels[:] = np.where(found.regimes == 2, np.nan, level)[:, None]
    found.status[:] = status
    return found


def shared(of: opt_games.Game, shares, profits, regimes, **more) -> list[bool]:
    cases = Cases(of, {"fixed": np.zeros(len(shares))}, "given", np.asarray(shares, dtype=float))
    return revenue_shared(cases, outcomes(shares, profits, regimes, **more)).tolist()


def test_a_part_of_nothing_is_no_part():
    profits, regimes = [(0.5, 0.5, 0.5)] * 4, [(0, 0, 1)] * 4
    assert shared(game(), [0.0, 1e-9, 1e-7, 0.5], profits, regimes) == [False, False, True, True]
    assert shared(game(), [1.0, 1 - 1e-9, 1 - 1e-7, 0.5], profits, regimes) == [
        False, False, True, True,
    ]  # fmt: skip


def test_everybody_who_takes_part_must_gain():
    profits = [(0.0, 1.0, 1.0), (1.0, 1e-12, 1.0), (1.0, 1.0, 1e-7), (-0.1, 1.0, 1.0)]
    found = shared(game(), [0.5] * 4, profits, [(0, 0, 0)] * 4)
    assert found == [False, False, True, False]


def test_who_abstains_does_not_count():
    found = shared(game(), [0.5] * 3, [(1, 1, 0)] * 3, [(0, 0, 2), (0, 2, 2), (2, 2, 2)])
    assert found == [True, False, False]


def test_no_revenue_is_nothing_to_share():
    assert shared(game(), [0.5], [(1, 1, 1)], [(0, 0, 0)], level=0.0) == [False]


def test_only_an_agreement_shares():
    for status in (1, 2):
        assert shared(game(), [0.5], [(1, 1, 1)], [(0, 0, 0)], status=status) == [False]


def test_gains_are_over_the_outside_option_or_the_disagreement_given():
    outside = game(film={"outside_option": "0.3 + fixed"})
    profits = [(1, 1, 0.31), (1, 1, 0.3), (1, 1, 0.29)]
    assert shared(outside, [0.5] * 3, profits, [(0, 0, 0)] * 3) == [True, False, False]
    given = game(bargaining=opt_games.Bargaining(disagreement={"film": "0.3 + fixed"}))
    assert shared(given, [0.5] * 3, profits, [(0, 0, 0)] * 3) == [True, False, False]


def test_disagreement_is_in_utility():
    averse = game(
        film={"utility": "1 - exp(-profit)"},
        bargaining=opt_games.Bargaining(disagreement={"film": 0.5}),
    )
    worth = np.log(2.0)  # 1 - exp(-log 2) = 0.5
    profits = [(1, 1, worth + 1e-6), (1, 1, worth - 1e-6)]
    assert shared(averse, [0.5] * 2, profits, [(0, 0, 0)] * 2) == [True, False]


def test_parameters_vary_case_by_case_and_local_ones_shadow():
    of = game(film={"outside_option": "rho"})
    cases = Cases(of, {"rho": np.array([0.1, 0.3])}, "given", np.array([0.5, 0.5]))
    found = revenue_shared(cases, outcomes([0.5, 0.5], [(1, 1, 0.2)] * 2, [(0, 0, 0)] * 2))
    assert found.tolist() == [True, False]


@pytest.mark.parametrize("entry", [0.05, 0.2])
def test_a_specialist_held_at_its_outside_option_does_not_gain(entry):
    """At a share of 0.5 and an entry of 0.2 the generalist builds just enough to keep film in."""
    fixed = opt_games.load("fixed-cost")
    cases = Cases(fixed, {"entry": np.array([entry])}, "given", np.array([0.5]))
    found = get_engine("one-by-one").solve(cases)
    assert found.regimes[2, 0] != 2
    assert revenue_shared(cases, found).tolist() == [entry == 0.05]
