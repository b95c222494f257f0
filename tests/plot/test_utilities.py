from __future__ import annotations

import numpy as np
import pytest

from opt_games.plot import legend_handles, plot_utilities
from opt_games.result import UtilityCurve

from .by_hand import lines, utilities_at


def test_utilities_are_broken_at_the_jump(curve):
    axes = plot_utilities(curve)
    named = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    assert [line.get_label() for line in named] == ["generalist", "law", "film", "all players"]
    assert len(axes.lines) == 2 * len(named)
    for line in axes.lines:
        shares = np.asarray(line.get_xdata())
        assert shares.max() <= 0.5 or shares.min() > 0.5
    assert axes.get_ylabel() == "Utility"
    assert axes.child_axes[0].get_xlabel() == "Share of revenue to the generalist"


def test_a_total_is_the_sum_of_utilities(curve):
    axes = plot_utilities(curve)
    (total,) = lines(axes, "all players")
    drawn = curve.utilities.sum(axis=0)[curve.piece == 0]
    np.testing.assert_allclose(total.get_ydata(), drawn)


def test_bargains_are_marked_once_per_share(curve, bargains):
    axes = plot_utilities(curve, bargains=bargains)
    labels = [handle.get_label() for handle in legend_handles(axes)]
    assert "nash (0.300)" in labels
    assert "utilitarian,\nmax-performance (0.500)" in labels
    assert not any("egalitarian" in label for label in labels)
    (mark,) = lines(axes, "nash")
    assert mark.get_xdata() == [0.3]
    assert mark.get_ydata() == pytest.approx([utilities_at(np.array([0.3])).sum()])


def test_the_strip_shows_the_pareto_set_and_the_regimes(curve, pareto):
    axes = plot_utilities(curve, pareto=pareto)
    (strip,) = axes.child_axes
    assert [label.get_text() for label in strip.get_yticklabels()] == ["Pareto set", "law", "film"]
    (bar,) = lines(strip, "_interval")
    assert list(bar.get_xdata()) == [0.0, 0.5]
    (alone,) = lines(strip, "_isolated")
    assert list(alone.get_xdata()) == [0.9]
    bands = {
        (patch.get_y() // 1, str(patch.get_label()).strip("_")): patch.get_width()
        for patch in strip.patches
    }
    assert bands == {
        (1.0, "contribute"): pytest.approx(1.0),
        (2.0, "contribute"): pytest.approx(0.5),
        (2.0, "abstain"): pytest.approx(0.5),
    }
    assert {handle.get_label() for handle in legend_handles(axes)} >= {"contribute", "abstain"}


def test_many_specialists_are_summed_and_counted():
    shares = np.linspace(0, 1, 5)
    players = ("generalist", *(f"app-{k}" for k in range(30)))
    utilities = np.tile(1 - shares, (31, 1))
    regimes = np.full((31, 5), "contribute", dtype="<U10")
    regimes[20:, 3:] = "free-ride"
    curve = UtilityCurve(players, shares, utilities, regimes, np.zeros(5, dtype=np.int64))
    axes = plot_utilities(curve)
    assert [line.get_label() for line in axes.lines] == [
        "generalist",
        "sum of the specialists",
        "all players",
    ]
    (strip,) = axes.child_axes
    assert [label.get_text() for label in strip.get_yticklabels()] == ["specialists"]
    assert [area.get_label() for area in strip.collections] == ["contribute", "free-ride"]
