from __future__ import annotations

from matplotlib.figure import Figure

from opt_games.plot import plot_frontier, plot_players, plot_utilities

from .by_hand import bargain


def test_units_are_in_the_labels(curve):
    assert plot_utilities(curve, unit="money").get_ylabel() == "Utility (money)"
    axes = plot_frontier(curve, unit="money")
    assert axes.get_xlabel() == "Utility of the generalist (money)"
    assert axes.get_ylabel() == "Utility of the specialists (money)"


def test_functions_draw_into_the_axes_they_are_given(curve):
    axes = Figure().subplots()
    assert plot_utilities(curve, ax=axes) is axes
    assert plot_frontier(curve, ax=axes) is axes
    assert plot_players(bargain("given", 0.3), ax=axes) is axes
