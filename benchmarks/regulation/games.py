"""Quadratic games of performance and safety, with any costs, revenues, share and floors."""

from __future__ import annotations

import opt_games

NAMES = ("c0aa", "c0ab", "c0bb", "c1aa", "c1ab", "c1bb", "ra", "rb", "delta")
FLOORS = ("theta_G", "theta_D")
SPEC = """
schema = 1
name = "Performance and safety"
attributes = ["alpha", "beta"]
[parameters]
c0aa = 1
c0ab = 0
c0bb = 1
c1aa = 1
c1ab = 0
c1bb = 1
ra = 1
rb = 1
delta = 0.5
theta_G = 0
theta_D = 0
[generalist]
cost = [["c0aa", "c0ab"], ["c0ab", "c0bb"]]
[[specialists]]
name = "domain"
revenue = ["ra", "rb"]
cost = [["c1aa", "c1ab"], ["c1ab", "c1bb"]]
[contract]
share = "delta"
[regulation]
generalist = { beta = "theta_G" }
specialists = { beta = "theta_D" }
"""


def game(**parameters: float) -> opt_games.Game:
    """Return the game of figure 2, with other parameters where they are given."""
    return opt_games.loads(SPEC).with_parameters(**parameters)
