"""Where to look: the levels beyond which no player can want to go.

A coarse scan over some fifty decades finds the largest level that beats doing nothing; the fine
grids then cover what lies below it, evenly and in log scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opt_games.errors import SolverError, UnboundedGameError
from opt_games.kernels.array_function import Array
from opt_games.kernels.payoffs import FollowerGroup, Payoffs
from opt_games.kernels.response import State, best_responses

# 0 and three levels a decade, whatever the user's units are
_CELLS = 2_000_000
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
    levels = np.append(COARSE[payoffs.cap > COARSE], payoffs.cap)
    levels = levels[np.isfinite(levels)]
    received = np.zeros((shares.shape[1], levels.size))
    enters = np.zeros(received.shape, dtype=bool)
    reach = []
    for group in payoffs.followers:
        largest = 0.0
        size = max(1, _CELLS // (received.size * COARSE.size))
        for start in range(0, group.members.size, size):
            part = group.take(slice(start, start + size))
            share = shares[part.members][:, :, None]
            gains = _gains(payoffs, part, share, levels)
            found = best_responses(part, share, levels[None, :], COARSE, payoffs.cap)
            # responses to base levels at which taking part does not pay are no concern
            taking = found.state != State.ABSTAIN
            enters[:, 1:] |= np.any(taking[:, :, 1:] & ~taking[:, :, :-1], axis=0)
            used = np.flatnonzero((gains & taking[..., None]).any(axis=(0, 1, 2)))
            largest = max(largest, COARSE[used[-1]] if used.size else 0.0)
            with np.errstate(all="ignore"):
                paid = np.where(share == 0.0, 0.0, share * found.revenue)
            received += np.where(taking, np.nan_to_num(paid, nan=0.0), 0.0).sum(axis=0)
        reach.append(largest)
    cost, _ = payoffs.leader_cost(levels, *payoffs.leader_parameters)
    cost = np.broadcast_to(cost, levels.shape)
    top = min(_leader_reach(payoffs, received, cost, enters, levels), payoffs.cap)
    # a contribution far below the rounding of the base level could not be told from none
    return Window(
        _grid(top, density, 56, 72, payoffs.cap),
        tuple(_grid(max(_next(value), 1e-3 * top), density, 48, 56) for value in reach),
    )


def _gains(
    payoffs: Payoffs, group: FollowerGroup, share: Array, levels: Array
) -> NDArray[np.bool_]:
    """Which contributions beat none; shape (members, cases, levels, contributions)."""
    base = levels[:, None]
    parameters = tuple(values[..., None] for values in group.parameters)
    final = np.minimum(base + COARSE, payoffs.cap)
    earned, spent = group.values(final, base, *parameters)
    kept = (1.0 - share)[..., None]
    with np.errstate(all="ignore"):
        own = np.where(kept == 0.0, 0.0, kept * earned) - spent
    own = np.where(np.isnan(own), -np.inf, own)
    own = np.broadcast_to(own, (*share.shape[:2], levels.size, COARSE.size))
    if not np.isfinite(payoffs.cap):
        grows = (own.argmax(axis=3) == COARSE.size - 1) & (own[..., -1] > own[..., -2])
        grows |= np.isposinf(own).any(axis=3)
        if grows.any():
            member, _, level = (int(k[0]) for k in np.nonzero(grows))
            name = payoffs.game.specialists[int(group.members[member])].name
            attribute = payoffs.game.attributes[0]
            raise UnboundedGameError(
                f"{payoffs.game.name}: the profit of specialist {name!r} grows without limit in "
                f"its final level {attribute}1 (base level {levels[level]:g}); give its cost or "
                f"revenue a limit, or set levels.{attribute}.max"
            )
    gains: NDArray[np.bool_] = own > own[..., :1]
    return gains


def _leader_reach(
    payoffs: Payoffs, received: Array, cost: Array, enters: NDArray[np.bool_], levels: Array
) -> float:
    """Largest base level that could pay; `enters` marks where a follower begins to take part."""
    with np.errstate(invalid="ignore"):
        payoff = received - cost
    payoff = np.where(np.isnan(payoff), -np.inf, payoff)
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
    # a follower may enter just above a level and pay what it pays at the next
    hope = payoff.copy()
    above = received[:, 1:] - np.minimum(cost[1:], cost[:-1])
    hope[:, 1:] = np.where(enters[:, 1:], np.maximum(hope[:, 1:], above), hope[:, 1:])
    hope = np.where(np.isnan(hope), -np.inf, hope)
    worth = np.flatnonzero((hope >= start - 1e-12 * np.abs(received)).any(axis=0))
    highest = np.argmax(payoff, axis=1).max()
    if highest == levels.size - 1 and not np.isfinite(payoffs.cap):
        _refuse_unbounded_leader(payoffs)
    index = max(worth[-1] if worth.size else 0, highest, first.max())
    return float(levels[min(index + 2, levels.size - 1)])


def _refuse_unbounded_leader(payoffs: Payoffs) -> None:
    attribute = payoffs.game.attributes[0]
    raise UnboundedGameError(
        f"{payoffs.game.name}: the generalist's profit grows without limit in its base level "
        f"{attribute}0; give its cost a faster growth, or set levels.{attribute}.max"
    )


def _next(level: float) -> float:
    """Two coarse steps up: the true end lies between scan points."""
    return float(COARSE[min(int(np.searchsorted(COARSE, level)) + 2, COARSE.size - 1)])


def _grid(top: float, density: float, even: int, decades: int, cap: float = np.inf) -> Array:
    """0, an even grid and a log grid up to `top`; it ends on the cap where it reaches it."""
    log = top * 10.0 ** np.linspace(-9.0, 0.0, round(decades * density))
    linear = np.linspace(0.0, top, round(even * density))
    grid = np.unique(np.concatenate([[0.0], log, linear]))
    return np.append(grid[grid < cap], cap) if top >= cap else grid
