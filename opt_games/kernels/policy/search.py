"""The generalist's problem for any formulas: a scan of base levels, and a closer look at its tops.

Responses are those of `opt_games.kernels.policy.response`. The generalist's profit jumps where a
specialist leaves and kinks where one stops to contribute, so the closer look uses values only:
points are drawn around every top, in a box that shrinks where nothing better is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.response import Adapter, Contest, Response
from opt_games.kernels.policy.window import Window

_NODES = {1: 241, 2: 31, 3: 10}  # of the scan, per attribute
_TOPS = 12
_DRAWN = 24  # points around a top, in a round
_ROUNDS = 60
_SHRINK = 0.6
_NEWTON = 4  # steps back to an edge
_CLOSE = 1e-7  # of the window: boxes smaller than this are done


@dataclass(frozen=True)
class Replies:
    """What base levels lead to; the last axis of every array is the point.

    Attributes
    ----------
    base : ndarray, shape (attributes, points)
    payoff : the generalist's profit if it takes part; ``-inf`` where undefined
    liking : sum of the specialists' profits
    size : size of the terms of the payoff
    responses : tuple of Response
    """

    base: Array
    payoff: Array
    liking: Array
    size: Array
    responses: tuple[Response, ...]

    def select(self, points: NDArray[np.int64]) -> Replies:
        """Return some of the points."""
        responses = tuple(
            Response(*(getattr(each, name)[..., points] for name in each.__dataclass_fields__))
            for each in self.responses
        )
        return Replies(
            self.base[:, points],
            self.payoff[points],
            self.liking[points],
            self.size[points],
            responses,
        )


def replies(contest: Contest, adapters: list[Adapter], window: Window, base: Array) -> Replies:
    """Answer base levels, shape (attributes, points), by all specialists."""
    cost = contest.cost(base)
    payoff, size = -cost, np.abs(cost)
    liking = np.zeros(base.shape[1])
    found = []
    for adapter, reach in zip(adapters, window.reach, strict=True):
        response = adapter.respond(base, reach)
        payoff = payoff + response.leads
        size = size + np.abs(response.leads)
        liking = liking + response.own
        found.append(response)
    return Replies(base, np.where(np.isnan(payoff), -np.inf, payoff), liking, size, tuple(found))


def best_bases(
    contest: Contest, adapters: list[Adapter], window: Window, *, seed: int = 0, nodes: int = 0
) -> Replies:
    """Find the best base levels, and the best of other hills; the best first.

    Parameters
    ----------
    seed : int
        Of the points drawn.
    nodes : int
        Per attribute, of the scan; 0 for the usual number.
    """
    d = contest.attributes
    axes = [_axis(contest, window, k, nodes or _NODES.get(d, 6)) for k in range(d)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"))
    scanned = replies(contest, adapters, window, grid.reshape(d, -1))
    gaps = [_spacing(axis) for axis in axes]
    generator = np.random.default_rng(seed)

    def boxes(points: NDArray[np.int64]) -> Array:
        index = np.unravel_index(points, grid.shape[1:])
        return np.stack([gap[at] for gap, at in zip(gaps, index, strict=True)])

    tops = _tops(scanned.payoff.reshape(grid.shape[1:]))
    best, box = scanned.select(tops), boxes(tops)
    for k, response in enumerate(scanned.responses):
        # where a specialist takes part may lie between the nodes: look where it would gain most
        if not response.takes.any():
            start = np.array([response.value.argmax()])
            willing = _closer(
                contest,
                adapters,
                window,
                scanned.select(start),
                boxes(start),
                generator,
                lambda found, k=k: found.responses[k].value,  # type: ignore[misc]
            )
            best, box = _joined(best, willing), np.hstack([box, boxes(start)])
    return _closer(contest, adapters, window, best, box, generator)


def _axis(contest: Contest, window: Window, k: int, nodes: int) -> Array:
    low, reach = contest.base_floor[k], window.base[k]
    steps = np.linspace(0.0, 1.0, nodes)
    axis = low + reach * np.where(steps > 0, steps**2.5, 0.0)
    floor = contest.final_floor[k]
    inside = [floor] if low < floor < low + reach else []
    axis = np.unique(np.concatenate([axis, inside]))
    return np.asarray(np.minimum(axis, contest.highest[k]))


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
    """Follow every top uphill."""
    d, count = best.base.shape
    low, high = contest.base_floor[:, None], contest.highest[:, None]
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
        around = np.clip(around, low[:, :, None], high[:, :, None])
        found = replies(contest, adapters, window, around.reshape(d, -1))
        owner = np.repeat(alive, around.shape[2])
        found = _onto_edges(contest, adapters, window, found, best.select(owner))
        rows = goal(found).reshape(alive.size, -1)
        pick = rows.argmax(axis=1)
        held = goal(best)
        gain = rows[np.arange(alive.size), pick] - held[alive]
        up = gain > 0.0
        chosen = np.arange(alive.size) * rows.shape[1] + pick
        best = _replaced(best, alive[up], found.select(chosen[up]))
        box[:, alive[~up]] *= _SHRINK
        box[:, alive[up & (gain < 1e-3 * np.abs(held[alive]))]] *= _SHRINK**0.25
        small = (box[:, alive] <= _CLOSE * window.base[:, None]).all(axis=0)
        hopeless = turn >= 20
        held = goal(best)
        behind = held[alive] < held.max() - 0.05 * best.size.max()
        alive = alive[~(small | (behind & hopeless))]
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
    low, high = contest.base_floor[:, None], contest.highest[:, None]
    for k, adapter in enumerate(adapters):
        response = found.responses[k]
        lost = held.responses[k].takes & ~response.takes & np.isfinite(response.value)
        rows = np.flatnonzero(lost)
        if rows.size == 0:
            continue
        base, final, value = found.base[:, rows], response.final[:, rows], response.value[rows]
        for _ in range(_NEWTON):
            slope = adapter.slope_of_value(final, base)
            step = (adapter.outside - value) / np.maximum((slope * slope).sum(axis=0), 1e-300)
            moved = np.clip(base + np.where(np.isfinite(slope), step * slope, 0.0), low, high)
            answer = adapter.respond(moved, window.reach[k])
            base, final, value = moved, answer.final, answer.value
        found = _replaced(found, rows, replies(contest, adapters, window, base))
    return found


def _joined(one: Replies, two: Replies) -> Replies:
    return _mapped(lambda a, b: np.concatenate([a, b], axis=-1), one, two)


def _replaced(best: Replies, rows: NDArray[np.int64], found: Replies) -> Replies:
    def put(old: Any, new: Any) -> Any:
        result = old.copy()
        result[..., rows] = new
        return result

    return _mapped(put, best, found)


def _mapped(make: Callable[[Any, Any], Any], one: Replies, two: Replies) -> Replies:
    """Combine all arrays of two."""
    responses = tuple(
        Response(*(make(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__))
        for a, b in zip(one.responses, two.responses, strict=True)
    )
    names = ("base", "payoff", "liking", "size")
    base, payoff, liking, size = (make(getattr(one, n), getattr(two, n)) for n in names)
    return Replies(base, payoff, liking, size, responses)
