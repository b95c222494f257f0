"""A brute force for quadratic games of two attributes, written apart from the package's methods.

The specialist's best response is found by coordinate search from many starts, exactly along each
coordinate; the generalist's base level on a grid of `NODES` squared, magnified around its best
nodes by points drawn around them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
NODES = 41
ROUNDS = 26
KEPT = 6


def response(c1: Array, r: Array, share: float, floor: Array, x0: Array) -> tuple[Array, Array]:
    """Best final levels and the specialist's profit, for base levels of shape (2, m)."""
    low = np.maximum(x0, floor[:, None])
    kept = (1 - share) * r
    span = 2.0 + kept.sum() / max(c1[0, 0] * c1[1, 1] - max(c1[0, 1], 0.0) ** 2, 0.05) ** 0.5
    starts = [low + span * np.array(way)[:, None] for way in ((0, 0), (1, 0), (0, 1), (1, 1))]
    best_x, best = None, None
    for start in starts:
        x = start.copy()
        for _ in range(400):
            before = x.copy()
            for j in (0, 1):
                other = c1[0, 1] * (x[1 - j] - x0[1 - j])
                x[j] = np.maximum(x0[j] + (kept[j] / 2 - other) / c1[j, j], low[j])
            if np.abs(x - before).max() < 1e-15 * (1 + np.abs(x).max()):
                break
        y = x - x0
        profit = kept @ x - (
            c1[0, 0] * y[0] ** 2 + 2 * c1[0, 1] * y[0] * y[1] + c1[1, 1] * y[1] ** 2
        )
        if best is None:
            best_x, best = x, profit
        else:
            # a tie goes to what the generalist prefers: more of what it gets a share of
            lead, old = r @ x, r @ best_x
            tie = np.abs(profit - best) <= 1e-12 * (1 + np.abs(best))
            better = np.where(tie, lead > old, profit > best)
            best_x, best = np.where(better, x, best_x), np.where(better, profit, best)
    return best_x, best


def leader_payoff(p: dict[str, float], x0: Array) -> tuple[Array, Array, Array]:
    """The generalist's profit at base levels, the specialist's, and its final levels."""
    c0 = np.array([[p["c0aa"], p["c0ab"]], [p["c0ab"], p["c0bb"]]])
    c1 = np.array([[p["c1aa"], p["c1ab"]], [p["c1ab"], p["c1bb"]]])
    r, share = np.array([p["ra"], p["rb"]]), p["delta"]
    x1, own = response(c1, r, share, np.array([0.0, p["theta_D"]]), x0)
    takes = own >= -1e-10
    cost = np.einsum("im,ij,jm->m", x0, c0, x0)
    return np.where(takes, share * (r @ x1), 0.0) - cost, np.where(takes, own, 0.0), x1


def best_payoff(p: dict[str, float], top: float) -> float:
    """The most that the generalist gets, at base levels up to `top`; 0 if it stays out."""
    low = np.array([0.0, p["theta_G"]])
    axis = [low[j] + (top - low[j]) * np.linspace(0, 1, NODES) ** 1.5 for j in (0, 1)]
    nodes = np.stack(np.meshgrid(*axis, indexing="ij")).reshape(2, -1)
    value, _, _ = leader_payoff(p, nodes)
    order = np.argsort(-value)[:KEPT]
    centres, width, best = nodes[:, order], np.full(KEPT, 2.0 * top / NODES), value[order]
    rng = np.random.default_rng(0)
    for _ in range(ROUNDS):
        ways = rng.uniform(-1, 1, (2, KEPT, 120)) * 10 ** rng.uniform(-2, 0, (1, KEPT, 120))
        tried = np.maximum(centres[:, :, None] + width[:, None] * ways, low[:, None, None])
        value, _, _ = leader_payoff(p, tried.reshape(2, -1))
        value = value.reshape(KEPT, -1)
        pick = value.argmax(axis=1)
        rows = np.arange(KEPT)
        up = value[rows, pick] > best
        centres = np.where(up, tried[:, rows, pick], centres)
        best = np.where(up, value[rows, pick], best)
        width = np.where(up, width, 0.6 * width)
    return max(float(best.max()), 0.0)
