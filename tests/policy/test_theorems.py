"""The theorems of the paper on regulation, over random games."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from policy_games import pairs

from opt_games.kernels.policy.exact import solve_pairs

weight = st.floats(0.2, 3.0)
cross = st.floats(0.0, 0.95)
share = st.floats(0.1, 0.9)


def solved(parameters, **floors):
    """Equilibria of one game under several pairs of floors."""
    size = len(next(iter(floors.values())))
    columns = {name: np.full(size, value) for name, value in parameters.items()}
    columns |= {"theta_G": np.zeros(size), "theta_D": np.zeros(size)}
    columns |= {name: np.asarray(values, dtype=float) for name, values in floors.items()}
    return solve_pairs(pairs(columns))


def parameters_of(costs, revenue, delta, factors, signs=(1, 1)):
    """Costs whose cross terms are below the bound of the theorems."""
    ra, rb = revenue
    found = {"ra": ra, "rb": rb, "delta": delta}
    for who in (0, 1):
        first, second = costs[who]
        bound = min(np.sqrt(first * second), first * rb / ra, second * ra / rb)
        off = signs[who] * factors[who] * bound
        found |= {f"c{who}aa": first, f"c{who}ab": off, f"c{who}bb": second}
    return found


games = st.tuples(
    st.tuples(st.tuples(weight, weight), st.tuples(weight, weight)),
    st.tuples(weight, weight),
    share,
    st.tuples(cross, cross),
)
signs = st.tuples(st.sampled_from((1, -1)), st.sampled_from((1, -1)))


@settings(max_examples=150)
@given(games, signs)
def test_anarchy_has_the_closed_form(drawn, sign):
    p = parameters_of(*drawn, sign)
    found = solved(p, theta_D=[0.0])
    r = np.array([p["ra"], p["rb"]])
    c0, c1 = (
        np.array([[p[f"c{k}aa"], p[f"c{k}ab"]], [p[f"c{k}ab"], p[f"c{k}bb"]]]) for k in (0, 1)
    )
    base = np.linalg.solve(c0, r) * p["delta"] / 2
    final = base + np.linalg.solve(c1, r) * (1 - p["delta"]) / 2
    assert np.allclose(found.base[:, 0], base, rtol=1e-9)
    assert np.allclose(found.final[:, 0], final, rtol=1e-9)


@settings(max_examples=150)
@given(games, signs)
def test_theorem_6_1_a_floor_just_below_anarchy_backfires(drawn, sign):
    """With theta_D = beta1^A - eps; as printed, with beta0^A, the theorem does not hold."""
    p = parameters_of(*drawn, sign)
    free = solved(p, theta_D=[0.0]).final[1, 0]
    assume(free > 1e-3)
    small = free * np.array([1e-4, 1e-5])
    found = solved(p, theta_G=[0.0, 0.0], theta_D=free - small)
    assert np.all(found.takes & found.active)
    assert np.all(found.final[1] < free - 0.5 * small)


def test_theorem_6_1_as_printed_fails_in_the_basic_game():
    basic = parameters_of(((1.0, 1.0), (1.0, 1.0)), (1.0, 1.0), 0.5, (0.0, 0.0))
    free = solved(basic, theta_D=[0.0])
    floors = free.base[1, 0] - np.array([1e-2, 1e-3, 1e-4])
    found = solved(basic, theta_D=floors)
    assert np.allclose(found.final[1], free.final[1, 0], atol=1e-12)


@settings(max_examples=150)
@given(games, signs)
def test_theorem_6_2_both_floors_just_above_anarchy_help_everybody(drawn, sign):
    p = parameters_of(*drawn, sign)
    free = solved(p, theta_D=[0.0])
    small = 1e-4 * free.final[1, 0]
    found = solved(p, theta_G=[free.base[1, 0] + small], theta_D=[free.final[1, 0] + 2 * small])
    assert found.leader[0] > free.leader[0]
    assert found.follower[0] > free.follower[0]


@settings(max_examples=100)
@given(games, signs, st.floats(0.0, 3.0), st.floats(0.0, 3.0))
def test_floors_are_kept_and_nobody_loses_by_taking_part(drawn, sign, lead, floor):
    p = parameters_of(*drawn, sign)
    found = solved(p, theta_G=[lead], theta_D=[floor])
    assert found.leader[0] >= -1e-9
    assert found.follower[0] >= -1e-9
    if found.active[0] and found.takes[0]:
        assert found.base[1, 0] >= lead
        assert found.final[1, 0] >= max(found.base[1, 0], floor) - 1e-12
