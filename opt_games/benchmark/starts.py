"""Where solvers start: from the model's own values, somewhere, and at the ends of the bounds."""

from __future__ import annotations

import math
import zlib

import numpy as np

from opt_games.solvers.model_view import ModelView

_DECADES = 4.0
_FAR = 1e3
_DRAWS = 100


def start_points(view: ModelView, name: str, count: int, seed: int) -> list[list[float]]:
    """Return starting points, the same for every solver.

    Parameters
    ----------
    view : ModelView
        The problem.
    name : str
        Of the problem; with the seed it decides what is drawn.
    count : int
        The first is the model's own. Then come by turns one spread over the decades between the
        bounds, where the model is defined if such a point is found in 100 draws, and a bad one:
        every variable at one of its bounds, or far off if it has none.
    seed : int

    Returns
    -------
    list of list of float
        In the order of ``view.variables``.

    Examples
    --------
    >>> import pyomo.environ as pyo
    >>> m = pyo.ConcreteModel(); m.x = pyo.Var(bounds=(0, 1), initialize=0.5)
    >>> m.cost = pyo.Objective(expr=m.x)
    >>> [len(point) for point in start_points(ModelView(m), "m", 3, seed=0)]
    [1, 1, 1]
    """
    lower, upper = view.bounds()
    own = view.start(lower, upper)
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    points = [own]
    for k in range(1, count):
        pick = _somewhere if k % 2 else _bad
        for _ in range(_DRAWS if k % 2 else 1):
            point = [
                start if var.fixed else pick(start, low, high, rng)
                for var, start, low, high in zip(view.variables, own, lower, upper, strict=True)
            ]
            if math.isfinite(view.judge(point).violation):
                break
        points.append(point)
    return points


def _somewhere(start: float, low: float, high: float, rng: np.random.Generator) -> float:
    part: float = 10.0 ** float(rng.uniform(-_DECADES, 0.0))
    if math.isfinite(low) and math.isfinite(high):
        return low + part * (high - low)
    if math.isfinite(low):
        return low + part * _FAR
    if math.isfinite(high):
        return high - part * _FAR
    return start + float(rng.normal()) * max(1.0, abs(start))


def _bad(start: float, low: float, high: float, rng: np.random.Generator) -> float:
    first = low if math.isfinite(low) else start - _FAR
    last = high if math.isfinite(high) else start + _FAR
    return first if rng.random() < 0.5 else last
