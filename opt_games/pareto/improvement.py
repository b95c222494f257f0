r"""Whether a small change of a contract would be better for everybody.

Where the equilibrium is smooth, a contract that nothing near dominates has weights
:math:`\lambda \ge 0` of the players with :math:`\sum_p \lambda_p \nabla \pi_p = 0`, but for shares
at their bounds. Where there are no such weights, what is left over of the sum is a direction in
which everybody gains. By the alternative of Gordan there is one or the other; profits stand for
utilities, which increase with them.

The leader's level moves with the shares so that its first-order condition stays met. Followers see
no share but their own, so differences of their payoffs in two variables give all derivatives. Where
the leader keeps a follower just willing to take part, that condition moves its level instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from opt_games.equilibrium import EquilibriumMap
from opt_games.kernels.array_function import Array
from opt_games.kernels.leader import LeaderState
from opt_games.kernels.payoffs import FollowerGroup
from opt_games.kernels.response import State, best_responses
from opt_games.kernels.sample import Sample

_STEP = 1e-5  # of the range of shares, and of the base level
_STATIONARY = 1e-4  # what may be left over of a sum of unit gradients: the accuracy of differences
_WILLING = 1e-10  # of turnover
_CASES = 2048


@dataclass(frozen=True)
class Slopes:
    """How profits change with the shares: `gradient` has shape (players, followers, cases).

    `known` tells where the equilibrium is smooth, so that it does.
    """

    gradient: Array
    known: NDArray[np.bool_]


def directions(equilibria: EquilibriumMap, sampled: Sample) -> tuple[Array, NDArray[np.bool_]]:
    """Find directions of the shares in which everybody gains, to first order.

    Parameters
    ----------
    equilibria : EquilibriumMap
    sampled : Sample

    Returns
    -------
    direction : ndarray, shape (followers, cases)
        Of length 1, or 0 where there is none.
    known : ndarray of bool, shape (cases,)
        Whether the equilibrium is smooth there; elsewhere nothing is said.
    """
    count = sampled.active.size
    direction = np.zeros(sampled.shares.shape)
    known = np.zeros(count, dtype=bool)
    for start in range(0, count, _CASES):
        cases = np.arange(start, min(start + _CASES, count))
        part = sampled.select(cases)
        slopes = _slopes(equilibria, part)
        known[cases] = slopes.known
        for k in np.flatnonzero(slopes.known):
            direction[:, cases[k]] = _common_ascent(
                slopes.gradient[:, :, k], part.shares[:, k], equilibria.game.contract.bounds
            )
    return direction, known


def _common_ascent(gradient: Array, shares: Array, bounds: tuple[float, float]) -> Array:
    """Return a direction within the bounds that raises every profit, zero if there is none."""
    size = np.linalg.norm(gradient, axis=1)
    # whom no share moves, such as one at its outside option, has no say
    moved = size > 1e-9 * size.max()
    if not moved.any():
        return np.zeros(shares.size)
    unit = (gradient[moved] / size[moved, None]).T
    every = np.eye(shares.size)
    at_low, at_high = shares <= bounds[0], shares >= bounds[1]
    walls = np.hstack([every[:, at_low], -every[:, at_high]])
    top = np.hstack([unit, walls])
    bottom = np.append(np.ones(unit.shape[1]), np.zeros(walls.shape[1]))
    weights, left_over = nnls(np.vstack([top, bottom]), np.append(np.zeros(shares.size), 1.0))
    if left_over <= _STATIONARY:
        return np.zeros(shares.size)
    ascent = top @ weights
    length = np.linalg.norm(ascent)
    return np.asarray(ascent / length) if length > 0.0 else np.zeros(shares.size)


def _slopes(equilibria: EquilibriumMap, sampled: Sample) -> Slopes:
    payoffs, window = equilibria.payoffs, equilibria.window
    low, high = equilibria.game.contract.bounds
    optima, shares = sampled.optima, sampled.shares
    size, count = shares.shape
    held = _held(sampled)
    edge = held.any(axis=0)
    base = optima.base
    step = _STEP * base
    nudge = _STEP * (high - low)
    # three shares each, inwards from a bound, and towards where a follower at the edge stays in
    offset = np.where(shares - nudge < low, 1.0, np.where(shares + nudge > high, -1.0, 0.0))
    offset = np.where(held, -2.0, offset)
    # three base levels, where all stay in
    leaves_above = (held & (optima.right_state == State.ABSTAIN)).any(axis=0)
    side = np.where(edge, np.where(leaves_above, -2.0, 2.0), 0.0)
    own = np.zeros((3, 3, size, count))  # number of the share, quantity, follower, case
    along = np.zeros((3, 3, size, count))  # number of the base level, quantity, follower, case
    for group, grid in zip(payoffs.followers, window.contributions, strict=True):
        rows = group.members
        for k in (-1, 0, 1):
            moved = shares[rows] + (k + offset[rows]) * nudge
            own[k + 1][:, rows] = _terms(group, moved, base, grid, payoffs.cap)
            moved = base + (k + side) * step
            along[k + 1][:, rows] = _terms(group, shares[rows], moved, grid, payoffs.cap)
    by_share = _derivative(own, offset, nudge)
    by_base = _derivative(along, side, step)
    bases = base + (np.array([[-1.0], [0.0], [1.0]]) + side) * step
    _, marginal = payoffs.leader_cost(bases, *payoffs.leader_parameters)
    total = along[:, 2].sum(axis=1) - np.broadcast_to(marginal, bases.shape)
    curvature = _derivative(total[:, None], side, step)[0]
    slope = total[1] - side * step * curvature
    with np.errstate(all="ignore"):
        motion = np.where(
            edge,
            np.where(held, -by_share[0] / by_base[0], 0.0),
            -by_share[2] / curvature,
        )
    motion = np.where(np.isfinite(motion), motion, np.nan)
    gradient = np.zeros((1 + size, size, count))
    gradient[0] = by_share[1] + np.where(edge, slope, 0.0) * motion
    gradient[1:] = by_base[0][:, None, :] * motion[None, :, :]
    every = np.arange(size)
    gradient[1 + every, every] += by_share[0]
    gradient[1:][np.broadcast_to(held[:, None, :], (size, size, count))] = 0.0
    smooth = optima.leader == LeaderState.STATIONARY
    smooth &= (optima.left_state == optima.state).all(axis=0) & (curvature < 0)
    smooth &= (optima.right_state == optima.state).all(axis=0)
    known = sampled.active & (smooth | (held.sum(axis=0) == 1))
    known &= (optima.state != State.KINK).all(axis=0) & np.isfinite(gradient).all(axis=(0, 1))
    inside = (shares + (offset - 1.0) * nudge >= low) & (shares + (offset + 1.0) * nudge <= high)
    return Slopes(gradient, known & inside.all(axis=0))


def _held(sampled: Sample) -> NDArray[np.bool_]:
    """Which followers the leader keeps just willing to take part; shape (followers, cases)."""
    optima = sampled.optima
    sides = np.stack([optima.left_state, optima.right_state])
    willing = np.abs(optima.profit - sampled.outside[:, None]) <= _WILLING * optima.turnover
    leaves = (sides == State.ABSTAIN).any(axis=0) | willing
    return np.asarray(
        leaves & (optima.state != State.ABSTAIN) & (optima.leader == LeaderState.EDGE)
    )


def _derivative(values: Array, offset: Array, step: Array | float) -> Array:
    """Slope at 0 of the parabola through values at (offset - 1, offset, offset + 1) steps."""
    with np.errstate(all="ignore"):
        central = (values[2] - values[0]) / (2 * step)
        bend = (values[0] - 2 * values[1] + values[2]) / step
    return np.asarray(central - offset * bend)


def _terms(group: FollowerGroup, shares: Array, base: Array, grid: Array, cap: float) -> Array:
    """Return the follower's profit, what the leader gets, and its slope; shape (3, *shares)."""
    found = best_responses(group, shares[:, :, None], base[:, None], grid, cap)
    share = shares[:, :, None]
    with np.errstate(all="ignore"):
        paid = np.where(share == 0.0, 0.0, share * found.revenue)
        rise = np.where(share == 0.0, 0.0, share * found.marginal_revenue * found.slope)
    rise = np.where(found.slope == 0.0, 0.0, rise)
    return np.stack([found.payoff, paid, rise])[..., 0]
