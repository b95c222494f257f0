"""The line of common shares: samples, changes of branch, peaks, curves."""

from __future__ import annotations

import numpy as np
import pytest

import opt_games
from opt_games import Contract, Game, Generalist, Specialist
from opt_games.equilibrium import EquilibriumMap
from opt_games.share_line import ShareLine


def quadratic(c0: float = 1.0, c1: float = 0.5, entry: float = 0.0, **more) -> Game:
    return Game(
        "quadratic",
        Generalist("c0 * alpha0**2"),
        [Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**2 + entry")],
        {"c0": c0, "c1": c1, "entry": entry},
        **more,
    )


def line_of(game: Game, points: int = 97) -> ShareLine:
    return ShareLine.of(EquilibriumMap.of(game), points)


def test_it_covers_the_bounds_evenly():
    line = line_of(quadratic(contract=Contract(bounds=(0.2, 0.8))), 7)
    assert line.shares == pytest.approx(np.linspace(0.2, 0.8, 7))
    assert line.sampled.utilities.shape == (2, 7)
    assert line_of(quadratic(contract=Contract(bounds=(0.3, 0.3)))).shares == pytest.approx([0.3])


def test_further_samples_are_kept_in_order():
    line = line_of(quadratic(), 5)
    new = line.at(np.array([0.9, 0.1]))
    assert new.shares[0].tolist() == [0.9, 0.1]
    assert line.shares.tolist() == [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]
    exact = line.shares**2 / 4 + line.shares * (1 - line.shares)
    assert line.sampled.utilities[0] == pytest.approx(exact, rel=1e-9)


def test_a_share_that_stands_already_is_not_sampled_twice():
    line = line_of(quadratic(), 5)
    line.at(np.array([0.5]))
    assert line.shares.size == 5


def test_none_further_is_nothing_to_do():
    line = line_of(quadratic(), 5)
    line.at(np.array([]))
    assert line.shares.size == 5


def test_shares_apart_from_all_others():
    line = line_of(quadratic(), 5)
    new = np.array([0.0, 0.01, 0.1, 0.26, 0.5, 0.99])
    assert line.apart(new, 0.02).tolist() == [0.1]
    assert line.apart(np.array([0.01, 0.26, 0.5]), 0.005).tolist() == [0.01, 0.26]


@pytest.mark.parametrize(("c0", "c1"), [(1.0, 0.5), (1.0, 3.0)])
def test_peaks_are_placed_where_the_closed_form_has_them(c0, c1):
    line = line_of(quadratic(c0, c1))
    line.locate_peaks()
    peak = c0 / (2 * c0 - c1) if c0 > c1 else (c1 - c0) / (2 * c1 - c0)
    assert np.abs(line.shares - peak).min() <= 1e-8


def test_a_kink_is_located():
    """The specialist free-rides where it keeps less than its first unit costs."""
    game = Game(
        "kink",
        Generalist("alpha0**2"),
        [Specialist("law", "alpha1", "0.35 * (alpha1 - alpha0) + (alpha1 - alpha0)**2")],
    )
    line = line_of(game)
    line.locate_changes()
    (at,) = np.flatnonzero(line.changes())
    left, right = line.shares[at : at + 2]
    assert left - 1e-6 <= 0.65 <= right + 1e-6
    assert right - left <= 1e-6


def entry_jump(entry: float) -> float:
    """The share at which the generalist gives up on the specialist, by bisection."""

    def leader(d: float) -> float:
        base = max(d / 2, (entry - (1 - d) ** 2 / 2) / (1 - d))
        return d * (base + (1 - d)) - base**2

    low, high = 0.6, 1 - 1e-12  # it pays, it does not
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if leader(middle) > 0 else (low, middle)
    return low


def test_a_change_that_no_utility_shows_is_located():
    line = line_of(quadratic(entry=0.3))
    line.locate_changes()
    jump = entry_jump(0.3)
    at = int(np.searchsorted(line.shares, jump))
    left, right = line.shares[at - 1 : at + 1]
    assert right - left <= 1e-6
    states = line.sampled.optima.state[0, at - 2 : at + 2]
    assert states[0] != 0
    assert states[-1] == 0


def test_a_curve_is_cut_at_jumps_only():
    curve = opt_games.utility_curve(quadratic(entry=0.3), points=51)
    assert curve.players == ("generalist", "law")
    assert (np.diff(curve.shares) >= 0).all()
    # the base level jumps where the specialist leaves, but no utility does: it was kept willing
    jump = entry_jump(0.3)
    left, right = (curve.regimes[:, side] for side in (curve.shares < jump, curve.shares > jump))
    assert set(left[1, :-5]) == {"contribute"}
    assert set(right[1, 5:]) == {"abstain"}
    assert set(curve.regimes[0]) == {"contribute"}
    assert curve.welfare == pytest.approx(curve.utilities.sum(axis=0))
    assert set(curve.piece) == {0}


def test_pieces_of_a_curve_with_a_jump_in_somebodys_utility():
    """A second domain gains from the base level that the first one's entry needs."""
    game = Game(
        "jump",
        Generalist("alpha0**2"),
        [
            Specialist("law", "alpha1", "0.5 * (alpha1 - alpha0)**2 + 0.3"),
            Specialist("film", "0.2 * alpha1", "10 * (alpha1 - alpha0)"),
        ],
    )
    curve = opt_games.utility_curve(game, points=51)
    pieces = np.unique(curve.piece)
    assert pieces.size == 2
    step = np.flatnonzero(np.diff(curve.piece))[0]
    assert np.abs(np.diff(curve.utilities[2]))[step] > 1e-3
    assert curve.shares[step + 1] - curve.shares[step] < 1e-9
    steps = np.abs(np.diff(curve.utilities[2]))
    assert np.delete(steps, step).max() < 0.5 * steps[step]


def test_a_generalist_who_leaves_shows_in_the_regimes():
    game = Game(
        "dear",
        Generalist("alpha0**2 + 0.1"),
        [Specialist("law", "alpha1", "0.5 * (alpha1 - alpha0)**2")],
    )
    curve = opt_games.utility_curve(game, points=101)
    # share**2 / 4 + share (1 - share) >= 0.1 from the smaller root on
    root = (1 - np.sqrt(1 - 4 * 0.75 * 0.1)) / 1.5
    assert set(curve.regimes[:, curve.shares < root - 1e-6].ravel()) == {"abstain"}
    assert set(curve.regimes[0, curve.shares > root + 1e-6]) == {"contribute"}
    assert (curve.utilities[:, curve.shares < root - 1e-6] == 0.0).all()
    assert curve.piece.max() == 1


def test_scale_is_the_range_of_utilities():
    line = line_of(quadratic(), 33)
    assert line.scale == pytest.approx(line.sampled.utilities.max(axis=1))
