"""The generalist's problem for any formulas: a scan of base levels, and a closer look at its tops.

Responses are those of `opt_games.kernels.policy.response`. The generalist's profit jumps where a
specialist leaves and kinks where one stops to contribute, so the closer look uses values only:
points are drawn around every top, in a box that shrinks where nothing better is found; a top that
is smooth, or on the edge of a jump, is then placed by its slope.

Games that differ in their numbers only are searched side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.polish import polish
from opt_games.kernels.policy.replies import Replies, inside, joined, replaced, replies
from opt_games.kernels.policy.response import Adapter, Contest
from opt_games.kernels.policy.window import Window

_NODES = {1: 241, 2: 31, 3: 10}  # of the scan, per attribute
_TOPS = 12
_DRAWN = 24  # points around a top, in a round
_ROUNDS = 60
_LOOKED = 8  # rounds around a top, before its slope is asked
_SHRINK = 0.6
_ROUNDING = 4e-16  # of the size of the payoff
_NEWTON = 4  # steps back to an edge
_CLOSE = 1e-9  # of the window: boxes smaller than this are done


def best_bases(
    contest: Contest, adapters: list[Adapter], window: Window, *, seed: int = 0, nodes: int = 0
) -> list[Replies]:
    """Find the best base levels of every game, and the best of other hills; the best first.

    Parameters
    ----------
    seed : int
        Of the points drawn.
    nodes : int
        Per attribute, of the scan; 0 for the usual number.
    """
    d = contest.attributes
    grids, gaps = [], []
    for game in range(contest.size):
        axes = [_axis(contest, window, game, k, nodes or _NODES.get(d, 6)) for k in range(d)]
        grids.append(np.stack(np.meshgrid(*axes, indexing="ij")))
        each = np.meshgrid(*(_spacing(axis) for axis in axes), indexing="ij")
        gaps.append(np.stack(each).reshape(d, -1))
    sizes = [grid[0].size for grid in grids]
    starts = np.cumsum([0, *sizes])
    gap = np.hstack(gaps)
    scanned = replies(
        contest,
        adapters,
        window,
        np.repeat(np.arange(contest.size), sizes),
        np.hstack([grid.reshape(d, -1) for grid in grids]),
    )
    here = [slice(a, b) for a, b in pairwise(starts)]
    tops = np.concatenate(
        [
            part.start + _tops(scanned.payoff[part].reshape(grid.shape[1:]))
            for part, grid in zip(here, grids, strict=True)
        ]
    )
    best, box = scanned.select(tops), gap[:, tops]
    generator = np.random.default_rng(seed)
    for k, response in enumerate(scanned.responses):
        # where a specialist takes part may lie between the nodes: look where it would gain most
        start = np.array(
            [
                part.start + int(response.value[part].argmax())
                for part in here
                if not response.takes[part].any()
            ],
            dtype=np.int64,
        )
        if start.size:
            willing = _closer(
                contest,
                adapters,
                window,
                scanned.select(start),
                gap[:, start],
                generator,
                lambda found, k=k: found.responses[k].value,  # type: ignore[misc]
            )
            best, box = joined(best, willing), np.hstack([box, gap[:, start]])
    found = _closer(contest, adapters, window, best, box, generator)
    return [found.select(np.flatnonzero(found.games == game)) for game in range(contest.size)]


def _axis(contest: Contest, window: Window, game: int, k: int, nodes: int) -> Array:
    low, reach = contest.base_floor[k, game], window.base[k, game]
    steps = np.linspace(0.0, 1.0, nodes)
    axis = low + reach * np.where(steps > 0, steps**2.5, 0.0)
    floor = contest.final_floor[k, game]
    inside = [floor] if low < floor < low + reach else []
    axis = np.unique(np.concatenate([axis, inside]))
    return np.asarray(np.minimum(axis, contest.highest[k, game]))


def _spacing(axis: Array) -> Array:
    gaps = np.diff(axis)
    if gaps.size == 0:
        return np.zeros(1)
    return np.asarray(np.maximum(np.append(gaps, gaps[-1]), np.insert(gaps, 0, gaps[0])))


def _tops(payoff: Array) -> NDArray[np.int64]:
    """Return the flat positions of the highest local tops, and of the highest points besides."""
    d = payoff.ndim
    padded = np.pad(payoff, 1, constant_values=-np.inf)
    top = np.isfinite(payoff)
    for k in range(d):
        for shift in (0, 2):
            window = tuple(
                slice(shift if axis == k else 1, (shift if axis == k else 1) + payoff.shape[axis])
                for axis in range(d)
            )
            top &= payoff >= padded[window]
    value = payoff.ravel()
    local = np.flatnonzero(top)
    local = local[np.argsort(-value[local], kind="stable")][:_TOPS]
    highest = np.argsort(-value, kind="stable")[: _TOPS // 2]
    return np.unique(np.concatenate([local, highest]))


def _payoff(found: Replies) -> Array:
    return found.payoff


def _closer(
    contest: Contest,
    adapters: list[Adapter],
    window: Window,
    best: Replies,
    box: Array,
    generator: np.random.Generator,
    goal: Callable[[Replies], Array] = _payoff,
) -> Replies:
    """Follow every top uphill; the best first."""
    d, count = best.base.shape
    box = box.copy()
    reach = window.base[:, best.games]
    size = np.zeros(contest.size)
    np.maximum.at(size, best.games, best.size)
    corners = np.stack(np.meshgrid(*[[-1.0, 0.0, 1.0]] * d, indexing="ij")).reshape(d, -1)
    alive = np.arange(count)
    for turn in range(_ROUNDS):
        # far and near at once, in every direction: hills may be narrow ridges along a jump
        drawn = generator.uniform(-1.0, 1.0, (d, alive.size, _DRAWN))
        drawn *= 10.0 ** generator.uniform(-1.5, 0.0, (1, alive.size, _DRAWN))
        ways = (
            drawn
            if turn % 3
            else np.concatenate(
                [drawn, np.broadcast_to(corners[:, None], (d, alive.size, corners.shape[1]))],
                axis=2,
            )
        )
        around = best.base[:, alive, None] + box[:, alive, None] * ways
        owner = np.repeat(alive, around.shape[2])
        games = best.games[owner]
        around = inside(contest, games, around.reshape(d, -1))
        found = replies(contest, adapters, window, games, around)
        found = _onto_edges(contest, adapters, window, found, best.select(owner))
        rows = goal(found).reshape(alive.size, -1)
        pick = rows.argmax(axis=1)
        held = goal(best)
        gain = rows[np.arange(alive.size), pick] - held[alive]
        noise = _ROUNDING * best.size[alive]
        up = gain > noise
        flat = rows.max(axis=1) - rows.min(axis=1) <= noise
        chosen = np.arange(alive.size) * rows.shape[1] + pick
        best = replaced(best, alive[up], found.select(chosen[up]))
        box[:, alive[~up]] *= _SHRINK
        box[:, alive[up & (gain < 1e-3 * np.abs(held[alive]))]] *= _SHRINK**0.25
        small = (box[:, alive] <= _CLOSE * reach[:, alive]).all(axis=0)
        hopeless = turn >= 20
        held = goal(best)
        top = np.full(contest.size, -np.inf)
        np.maximum.at(top, best.games, held)
        behind = held[alive] < (top - 0.05 * size)[best.games[alive]]
        alive = alive[~(small | flat | (behind & hopeless))]
        if goal is _payoff and turn % _LOOKED == _LOOKED - 1 and alive.size:
            moved, placed = polish(contest, adapters, window, best.select(alive))
            best = replaced(best, alive, moved)
            alive = alive[~placed]
        if alive.size == 0:
            break
    return best.select(np.argsort(-goal(best), kind="stable"))


def _onto_edges(
    contest: Contest, adapters: list[Adapter], window: Window, found: Replies, held: Replies
) -> Replies:
    """Move points at which a specialist has left, and had not before, back to where it would stay.

    The best level often is just where a specialist is indifferent, and points drawn at random
    hardly ever are.
    """
    for k, adapter in enumerate(adapters):
        response = found.responses[k]
        lost = held.responses[k].takes & ~response.takes & np.isfinite(response.value)
        rows = np.flatnonzero(lost)
        if rows.size == 0:
            continue
        base, final, value = found.base[:, rows], response.final[:, rows], response.value[rows]
        games = found.games[rows]
        outside = contest.numbers.outside[k + 1, games]
        for _ in range(_NEWTON):
            slope = adapter.slope_of_value(final, base, games)
            step = (outside - value) / np.maximum((slope * slope).sum(axis=0), 1e-300)
            moved = base + np.where(np.isfinite(slope), step * slope, 0.0)
            moved = inside(contest, games, moved)
            answer = adapter.respond(moved, games, window.reach[k])
            base, final, value = moved, answer.final, answer.value
        found = replaced(found, rows, replies(contest, adapters, window, games, base))
    return found
