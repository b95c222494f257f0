"""A game whose answer has a closed form."""

from __future__ import annotations

import opt_games
from opt_games.parts import Generalist, Specialist


def quadratic(share=None, outside=0.0):
    """c0 = 1, c1 = 1/2; without a share the players bargain for one."""
    return opt_games.Game(
        "q",
        Generalist("alpha0**2", outside_option=outside),
        [Specialist("law", "alpha1", "0.5 * (alpha1 - alpha0)**2")],
        contract=opt_games.Contract(share=share),
    )
