"""Bilevel problems of the literature, with what is known of their optima.

Most are in BASBLib (Paulavicius and Adjiman 2019, https://basblsolver.github.io/BASBLib), from the
test set of Mitsos and Barton (2006, updated 2007) and older sources; each is stated here anew, and
its optimal value was checked against a grid of the leader's choices where one is feasible.
"""

from bilevel.convex import CONVEX
from bilevel.linear import LINEAR
from bilevel.nonconvex import NONCONVEX
from bilevel.problem import Player, Problem
from bilevel.several import SEVERAL

PROBLEMS = (*LINEAR, *CONVEX, *NONCONVEX, *SEVERAL)

__all__ = ["PROBLEMS", "Player", "Problem"]
