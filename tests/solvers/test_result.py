from __future__ import annotations

import math

import pytest

from opt_games.errors import SolverError, SpecError
from opt_games.solvers import Quality, SolverInfo, SolverOptions, SolverResult, Termination
from opt_games.solvers.result import NEXT_STEP, quality


def result(termination, holds):
    return SolverResult(
        termination, holds, 1.0, (2.0,), 0.5, 7, 0.1, "Words [4]", SolverInfo("ipopt", "3.14")
    )


@pytest.mark.parametrize("termination", Termination)
def test_every_failure_raises_with_words_and_next_step(termination):
    with pytest.raises(SolverError) as caught:
        result(termination, Quality.POINT).require()
    text = str(caught.value)
    for part in ("ipopt 3.14", termination.value, "Words [4]", "5.0e-01", NEXT_STEP[termination]):
        assert part in text


@pytest.mark.parametrize("holds", [Quality.LOCALLY_OPTIMAL, Quality.GLOBALLY_OPTIMAL])
def test_require_returns_what_is_ok(holds):
    good = result(Termination.CONVERGED, holds)
    assert good.ok
    assert good.require() is good


@pytest.mark.parametrize(
    ("termination", "violation", "proven", "expected"),
    [
        (Termination.CONVERGED, 0.0, False, Quality.LOCALLY_OPTIMAL),
        (Termination.ACCEPTABLE, 1e-7, False, Quality.LOCALLY_OPTIMAL),
        (Termination.CONVERGED, 0.0, True, Quality.GLOBALLY_OPTIMAL),
        (Termination.CONVERGED, 2e-6, False, Quality.POINT),
        (Termination.CONVERGED, 2e-6, True, Quality.POINT),
        (Termination.ITERATION_LIMIT, 0.0, False, Quality.FEASIBLE),
        (Termination.TIME_LIMIT, 0.0, True, Quality.FEASIBLE),
        (Termination.INFEASIBLE, 1.0, False, Quality.POINT),
        (Termination.CONVERGED, math.inf, False, Quality.NOTHING),
        (Termination.CONVERGED, math.nan, False, Quality.NOTHING),
    ],
)
def test_quality_needs_our_own_violation(termination, violation, proven, expected):
    assert quality(termination, violation, proven=proven) is expected


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"time_limit": 0.0}, "time_limit"),
        ({"time_limit": math.nan}, "time_limit"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"tolerance": math.inf}, "tolerance"),
        ({"iteration_limit": -1}, "iteration_limit"),
    ],
)
def test_options_out_of_range_are_refused(given, key):
    with pytest.raises(SpecError, match=key):
        SolverOptions(**given)


def test_options_do_not_follow_the_dict_they_came_from():
    given = {"mu_strategy": "adaptive"}
    options = SolverOptions(options=given)
    given["mu_strategy"] = "monotone"
    assert options.options["mu_strategy"] == "adaptive"
    with pytest.raises(TypeError):
        options.options["x"] = 1
