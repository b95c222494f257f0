"""Where to look: the levels beyond which no player can want to go.

A coarse scan over some fifty decades finds the largest level that beats doing nothing; the fine
grids then cover what lies below it, evenly and in log scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from opt_games.errors import SolverError, UnboundedGameError
from opt_games.kernels.array_function import Array
from opt_games.kernels.payoffs import Payoffs

# 0 and three levels a decade, whatever the user's units are
COARSE = np.concatenate([[0.0], 10.0 ** np.linspace(-18.0, 30.0, 145)])


@dataclass(frozen=True)
class Window:
    """Grids for the search.

    Attributes
    ----------
    base : ndarray
        Base levels, ascending from the smallest allowed.
    contributions : tuple of ndarray
        For each group of followers, contributions ascending from 0.
    """

    base: Array
    contributions: tuple[Array, ...]


def find_window(payoffs: Payoffs, shares: Array, *, density: float = 1.0) -> Window:
    """Find the levels worth searching for the given contracts.

    Parameters
    ----------
    payoffs : Payoffs
    shares : ndarray, shape (n, cases)
        The most extreme contracts among them decide; others cost time only.
    density : float
        Multiplies the number of grid points.

    Raises
    ------
    UnboundedGameError
        If a player's profit still grows at the largest level tried, 1e30.
    """
    levels = np.append(COARSE[COARSE < payoffs.cap], payoffs.cap)
    levels = levels[np.isfinite(levels)]
    base, contribution = levels[:, None], COARSE[None, :]
    received = np.zeros((shares.shape[1], levels.size))
    reach = []
    for group in payoffs.followers:
        parameters = tuple(group.parameters)
        final = np.minimum(base + contribution, payoffs.cap)
        largest = 0.0
        for k, member in enumerate(group.members):
            one = tuple(values[k] for values in parameters)
            earned, spent = group.values(final, base, *one)
            earned, spent = np.broadcast_arrays(earned, spent)
            kept = 1.0 - shares[member][:, None, None]
            with np.errstate(all="ignore"):
                own = np.where(kept == 0.0, 0.0, kept * earned) - spent
            own = np.where(np.isnan(own), -np.inf, own)
            best = np.argmax(own, axis=2)
            _refuse_unbounded_response(payoffs, int(member), own, best, levels)
            # responses to base levels past the point where taking part stops are no concern
            takes_part = np.take_along_axis(own, best[..., None], 2)[..., 0] >= group.outside[k, 0]
            gains = (own > own[:, :, :1]) & takes_part[..., None]
            used = np.flatnonzero(gains.any(axis=(0, 1)))
            largest = max(largest, COARSE[used[-1]] if used.size else 0.0)
            share = shares[member][:, None]
            rows = np.arange(levels.size)
            with np.errstate(all="ignore"):
                paid = np.where(share == 0.0, 0.0, share * earned[rows, best])
            received += np.where(takes_part, np.nan_to_num(paid, nan=0.0), 0.0)
        reach.append(largest)
    cost, _ = payoffs.leader_cost(levels, *payoffs.leader_parameters)
    with np.errstate(invalid="ignore"):
        payoff = received - cost
    payoff = np.where(np.isnan(payoff), -np.inf, payoff)
    top = min(_leader_reach(payoffs, payoff, levels), payoffs.cap)
    # a contribution far below the rounding of the base level could not be told from none
    return Window(
        _grid(top, density, 56, 72, payoffs.cap),
        tuple(_grid(max(_next(value), 1e-3 * top), density, 48, 56) for value in reach),
    )


def _refuse_unbounded_response(
    payoffs: Payoffs, member: int, own: Array, best: Array, levels: Array
) -> None:
    last = own.shape[2] - 1
    if np.isfinite(payoffs.cap):
        return
    grows = (best == last) & (own[..., last] > own[..., last - 1])
    grows |= np.isposinf(own).any(axis=2)
    if grows.any():
        name = payoffs.game.specialists[member].name
        attribute = payoffs.game.attributes[0]
        raise UnboundedGameError(
            f"{payoffs.game.name}: the profit of specialist {name!r} grows without limit in its "
            f"final level {attribute}1 (base level {levels[np.nonzero(grows)[1][0]]:g}); "
            f"give its cost or revenue a limit, or set levels.{attribute}.max"
        )


def _leader_reach(payoffs: Payoffs, payoff: Array, levels: Array) -> float:
    finite = np.isfinite(payoff)
    if not finite.any(axis=1).all():
        if np.isposinf(payoff).any():
            _refuse_unbounded_leader(payoffs)
        raise SolverError(
            f"{payoffs.game.name}: the generalist's profit is undefined at every base level tried; "
            "check its cost and the revenues at small levels"
        )
    if np.isposinf(payoff).any():
        _refuse_unbounded_leader(payoffs)
    first = np.argmax(finite, axis=1)
    start = np.take_along_axis(payoff, first[:, None], axis=1)
    worth = np.flatnonzero((payoff > start).any(axis=0))
    highest = np.argmax(payoff, axis=1).max()
    index = max(worth[-1] if worth.size else 0, highest, first.max())
    if index == levels.size - 1:
        if np.isfinite(payoffs.cap):
            return payoffs.cap
        _refuse_unbounded_leader(payoffs)
    return float(levels[min(index + 2, levels.size - 1)])


def _refuse_unbounded_leader(payoffs: Payoffs) -> None:
    attribute = payoffs.game.attributes[0]
    raise UnboundedGameError(
        f"{payoffs.game.name}: the generalist's profit grows without limit in its base level "
        f"{attribute}0; give its cost a faster growth, or set levels.{attribute}.max"
    )


def _next(level: float) -> float:
    """Two coarse steps up: the true end lies between scan points."""
    return float(COARSE[min(np.searchsorted(COARSE, level) + 2, COARSE.size - 1)])


def _grid(
    top: float, density: float, even: int, decades: int, cap: float = np.inf
) -> Array:
    """0, an even grid and a log grid up to `top`; it ends on the cap where it reaches it."""
    log = top * 10.0 ** np.linspace(-9.0, 0.0, round(decades * density))
    linear = np.linspace(0.0, top, round(even * density))
    grid = np.unique(np.concatenate([[0.0], log, linear]))
    return np.append(grid[grid < cap], cap) if top >= cap else grid
