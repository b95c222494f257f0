"""Nested ``scipy.optimize``: the bargain over the generalist over the specialist.

The usual few lines, three bounded `minimize_scalar` inside each other; and the same with `brentq`
on the specialist's first-order condition instead of the innermost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from random_games import EXPONENTIAL, PARAMETERS, Games
from scipy.optimize import brentq, minimize_scalar

from peers.answers import Answers, Solve
from peers.formulas import marginal_revenue, revenue

PRECISION = {"xatol": 1e-9, "maxiter": 200}

Values = dict[str, float]
Response = Callable[[str, Values, float, float, float], float]


def prepare(family: str) -> Solve:
    """Return a solver with three nested `minimize_scalar`."""
    return partial(_solved, family, _minimised)


def prepare_brentq(family: str) -> Solve:
    """Return a solver that finds responses by `brentq`."""
    return partial(_solved, family, _rooted)


def _solved(family: str, response: Response, games: Games) -> Answers:
    answers = Answers.empty(games.size)
    for game, row in enumerate(games.table().T):
        found = _bargain(family, response, dict(zip(PARAMETERS, row.tolist(), strict=True)))
        answers.put(np.array([game]), Answers(*(np.array([each]) for each in found)))
    return answers


def _minimised(family: str, p: Values, share: float, base: float, most: float) -> float:
    R, k, c1, q1, m1 = p["R"], p["k"], p["c1"], p["q1"], p["m1"]

    def loss(extra: float) -> float:
        earned = (1 - share) * revenue(family, base + extra, R, k, math.exp)
        return float(c1 * extra**q1 + m1 * extra - earned)

    return _lowest(loss, most)


def _rooted(family: str, p: Values, share: float, base: float, most: float) -> float:
    R, k, c1, q1, m1 = p["R"], p["k"], p["c1"], p["q1"], p["m1"]

    def slope(extra: float) -> float:
        earned = (1 - share) * marginal_revenue(family, base + extra, R, k, math.exp)
        return float(earned - c1 * q1 * extra ** (q1 - 1) - m1)

    if slope(1e-12 * most) <= 0:
        return 0.0
    return float(brentq(slope, 1e-12 * most, most, xtol=1e-14, rtol=1e-14))


def _lowest(loss: Callable[[float], float], most: float) -> float:
    found = minimize_scalar(loss, bounds=(0.0, most), method="bounded", options=PRECISION)
    return float(found.x)


def _bargain(family: str, response: Response, p: Values) -> tuple[float, float, float]:
    R, k, c0, q0 = p["R"], p["k"], p["c0"], p["q0"]
    c1, q1, m1, f1 = p["c1"], p["q1"], p["m1"], p["f1"]
    concave = 0.0 if family == EXPONENTIAL else k
    most = max((R / c0) ** (1 / (q0 - concave)), (R / c1) ** (1 / (q1 - concave)))

    def payoffs(share: float, base: float) -> tuple[float, float]:
        extra = response(family, p, share, base, most)
        earned = revenue(family, base + extra, R, k, math.exp)
        profit = (1 - share) * earned - c1 * extra**q1 - m1 * extra - f1
        if profit < 0:
            return -c0 * base**q0, 0.0
        return share * earned - c0 * base**q0, profit

    def equilibrium(share: float) -> tuple[float, float]:
        return payoffs(share, _lowest(lambda base: -payoffs(share, base)[0], most))

    def loss(share: float) -> float:
        generalist, specialist = equilibrium(share)
        return -generalist * specialist if min(generalist, specialist) > 0 else 0.0

    best = _lowest(loss, 1.0)
    generalist, specialist = equilibrium(best)
    if generalist <= 0:
        return math.nan, 0.0, 0.0
    return best, generalist, specialist
