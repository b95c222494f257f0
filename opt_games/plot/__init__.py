"""Pictures: utilities, sweeps, conditions and performance profiles.

Every function draws into the axes it is given, or makes a figure of its own, and returns the axes.
Nothing here touches ``pyplot``: show a figure in a notebook by its name, or save it with `save`.
"""

from opt_games.plot.conditions import plot_condition_map, plot_conditions
from opt_games.plot.figures import bargain_figure, figure, pareto_figure
from opt_games.plot.file import save
from opt_games.plot.frontier import plot_frontier
from opt_games.plot.pairs import plot_pairs
from opt_games.plot.players import plot_players
from opt_games.plot.policy import plot_policy
from opt_games.plot.profile import plot_profile
from opt_games.plot.style import legend_handles
from opt_games.plot.surface import plot_contours, plot_surface
from opt_games.plot.sweep import plot_sweep
from opt_games.plot.utilities import plot_utilities

__all__ = [
    "bargain_figure",
    "figure",
    "legend_handles",
    "pareto_figure",
    "plot_condition_map",
    "plot_conditions",
    "plot_contours",
    "plot_frontier",
    "plot_pairs",
    "plot_players",
    "plot_policy",
    "plot_profile",
    "plot_surface",
    "plot_sweep",
    "plot_utilities",
    "save",
]
