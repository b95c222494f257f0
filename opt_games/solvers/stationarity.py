"""Whether a point is a local optimum to first order, or a local minimum of the violation.

SciPy's solvers stop without saying either, so it is asked here of the functions themselves.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from opt_games.solvers.casadi_model import CasadiModel, Numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

STATIONARY = 1e-6
"""Largest residual, relative to the gradient, at which a point counts as stationary."""

STUCK = 1e-4
"""Largest slope of the violation, relative to it, at which it counts as the least there is."""

ACTIVE = 1e-6
"""How close to its bound, relative to ``max(1, |bound|)``, what is active may be."""


def stationarity(compiled: CasadiModel, numbers: Numbers, point: NDArray[np.float64]) -> float:
    """Return how far the gradient of the Lagrangian is from zero, at the best multipliers.

    Parameters
    ----------
    compiled : CasadiModel
        The functions.
    numbers : Numbers
        The data.
    point : array
        Values of all variables.

    Returns
    -------
    float
        The largest component, relative to ``max(1, largest component of the gradient)``: 0 at a
        point that meets the first-order conditions (Nocedal and Wright, Numerical Optimization,
        theorem 12.1); NaN where a derivative is not finite.
    """
    from scipy.optimize import lsq_linear

    gradient = compiled.gradient(point, numbers.parameters).full().ravel()
    jacobian = compiled.jacobian(point, numbers.parameters).full()
    bodies = compiled.constraints(point, numbers.parameters).full().ravel()
    if not (np.isfinite(gradient).all() and np.isfinite(jacobian).all()):
        return math.nan
    lower, upper = np.asarray(numbers.lower), np.asarray(numbers.upper)
    rows = np.vstack([np.eye(len(point)), jacobian])
    values = np.concatenate([point, bodies])
    lows = np.concatenate([lower, numbers.constraint_lower])
    highs = np.concatenate([upper, numbers.constraint_upper])
    at_low, at_high = _near(values, lows), _near(values, highs)
    active = at_low | at_high
    size = max(1.0, float(np.abs(gradient).max(initial=0.0)))
    if not active.any():
        return float(np.abs(gradient).max(initial=0.0)) / size
    scale = np.maximum(np.abs(rows[active]).max(axis=1), 1e-300)
    normals = (rows[active] / scale[:, None]).T
    least = np.where(at_low[active], -np.inf, 0.0)
    most = np.where(at_high[active], np.inf, 0.0)
    fit = lsq_linear(normals, -gradient, (least, most), tol=1e-14)
    return float(np.abs(normals @ fit.x + gradient).max()) / size


def violation_is_stationary(
    compiled: CasadiModel, numbers: Numbers, point: NDArray[np.float64]
) -> bool:
    """Return whether no small step inside the bounds brings the constraints closer to holding.

    Parameters
    ----------
    compiled : CasadiModel
        The functions.
    numbers : Numbers
        The data.
    point : array
        Values of all variables, inside their bounds.
    """
    bodies = compiled.constraints(point, numbers.parameters).full().ravel()
    jacobian = compiled.jacobian(point, numbers.parameters).full()
    if not (np.isfinite(bodies).all() and np.isfinite(jacobian).all()):
        return False
    below = np.maximum(np.asarray(numbers.constraint_lower) - bodies, 0.0)
    above = np.maximum(bodies - np.asarray(numbers.constraint_upper), 0.0)
    slope = jacobian.T @ (above - below)
    lower, upper = np.asarray(numbers.lower), np.asarray(numbers.upper)
    step = np.clip(point - slope, lower, upper) - point
    size = max(1.0, float(np.abs(jacobian).max(initial=0.0)))
    return bool(np.abs(step).max(initial=0.0) <= STUCK * size * (below + above).max(initial=0.0))


def _near(values: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which values are at their bounds."""
    finite = np.isfinite(bounds)
    size = np.maximum(1.0, np.abs(np.where(finite, bounds, 0.0)))
    distance = np.where(finite, np.abs(values - np.where(finite, bounds, 0.0)), np.inf)
    near: NDArray[np.bool_] = distance <= ACTIVE * size
    return near
