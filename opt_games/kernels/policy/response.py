"""Best responses of one specialist to many base levels, for any formulas.

The specialist's profit is scanned on a grid above its lower bounds; from the highest local tops
projected Newton steps climb to rounding. The grid makes the search global, up to its resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from opt_games.game import GENERALIST, Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.payoffs import Domain, Numbers, PolicyGame

WILLING = 1e-11
"""A specialist that loses less than this fraction of its turnover by taking part is indifferent."""

_NODES = {1: 97, 2: 17, 3: 9}  # per attribute
_TOPS = 3
_STEPS = 40
_LENGTHS = 0.5 ** np.arange(0.0, 24.0, 2.0)
_CELLS = 1_500_000


@dataclass(frozen=True)
class Contest:
    """One game with one contract.

    Attributes
    ----------
    compiled : PolicyGame
    numbers : Numbers
        Of one game.
    shares : ndarray, shape (specialists,)
    """

    compiled: PolicyGame
    numbers: Numbers
    shares: Array

    @property
    def game(self) -> Game:
        """The game."""
        return self.compiled.game

    @property
    def attributes(self) -> int:
        """Number of attributes."""
        return len(self.game.attributes)

    @property
    def base_floor(self) -> Array:
        """The lowest base levels, shape (attributes,)."""
        return self.numbers.floors[GENERALIST][:, 0]

    @property
    def final_floor(self) -> Array:
        """The floors of the specialists, shape (attributes,)."""
        return self.numbers.floors["specialists"][:, 0]

    @property
    def highest(self) -> Array:
        """The highest levels, shape (attributes,)."""
        return self.numbers.highest[:, 0]

    def adapters(self) -> list[Adapter]:
        """Return the specialists, in order."""
        found: dict[int, Adapter] = {}
        for domain in self.compiled.domains:
            for row, member in enumerate(domain.members.tolist()):
                found[member] = Adapter.of(self, domain, row, member)
        return [found[member] for member in sorted(found)]

    def cost(self, base: Array) -> Array:
        """Return what base levels, shape (attributes, points), cost the generalist."""
        money = self.compiled.cost
        own = [self.numbers.parameters[name][0] for name in money.names]
        (value,) = money.values(*base, *own)
        return np.broadcast_to(value, base.shape[1:])


@dataclass(frozen=True)
class Response:
    """Best responses; the last axis of every array is the point.

    Attributes
    ----------
    final : ndarray, shape (attributes, points)
        Also where the specialist stays out: what it would choose.
    takes : ndarray of bool
    own : profit, or the outside option
    value : what its profit would be if it took part
    leads : what the generalist gets from the domain, 0 where the specialist stays out
    size : size of the terms of the profit
    """

    final: Array
    takes: np.ndarray[Any, np.dtype[np.bool_]]
    own: Array
    value: Array
    leads: Array
    size: Array


@dataclass(frozen=True)
class Adapter:
    """One specialist of a contest."""

    contest: Contest
    domain: Domain
    name: str
    share: float
    outside: float
    arguments: tuple[float, ...]

    @classmethod
    def of(cls, contest: Contest, domain: Domain, row: int, member: int) -> Adapter:
        """Look up the numbers of a specialist."""
        numbers = contest.numbers
        seen = {name: values[0] for name, values in numbers.parameters.items()}
        seen |= {name: values[row] for name, values in domain.columns.items()}
        rules = tuple(float(rule[0]) for rule in numbers.rules)
        return cls(
            contest,
            domain,
            contest.game.specialists.names[member],
            float(contest.shares[member]),
            float(numbers.outside[member + 1, 0]),
            (*rules, *(float(seen[name]) for name in domain.money.names)),
        )

    def money(self, final: Array, base: Array) -> tuple[Array, Array, Array]:
        """Return revenue, the specialist's expenses and the generalist's; axis 0 is attribute."""
        shape = np.broadcast_shapes(final.shape[1:], base.shape[1:])
        found = self.domain.money.values(*final, *base, *self.arguments)
        return tuple(np.broadcast_to(each, shape) for each in found)  # type: ignore[return-value]

    def profit(self, final: Array, base: Array) -> Array:
        """Return the specialist's profit if it takes part; ``-inf`` where undefined."""
        earned, spent, _ = self.money(final, base)
        with np.errstate(all="ignore"):
            own = _times(1.0 - self.share, earned) - spent
        return np.where(np.isnan(own), -np.inf, own)

    def marginal(self, final: Array, base: Array) -> Array:
        """Return the gradient of the profit, in final then in base levels, along axis 0."""
        found = self.domain.money.first(*final, *base, *self.arguments)
        count = 2 * self.contest.attributes
        shape = np.broadcast_shapes(final.shape[1:], base.shape[1:])
        rows = [
            np.broadcast_to(_times(1.0 - self.share, found[k]) - found[count + k], shape)
            for k in range(count)
        ]
        return np.stack(rows)

    def slope_of_value(self, final: Array, base: Array) -> Array:
        """Return the gradient, in the base levels, of the profit with the best response inside."""
        d = self.contest.attributes
        slope = self.marginal(final, base)
        tied = (final <= base) & (base >= self.contest.final_floor[:, None])
        return np.asarray(slope[d:] + np.where(tied, slope[:d], 0.0))

    def bend(self, final: Array, base: Array) -> Array:
        """Return the Hessian of the profit in the final levels, along the last two axes."""
        d = self.contest.attributes
        found = self.domain.money.second(*final, *base, *self.arguments)
        triangle = d * (2 * d + 1)
        shape = np.broadcast_shapes(final.shape[1:], base.shape[1:])
        result = np.empty((*shape, d, d))
        place = iter(range(triangle))
        for i in range(2 * d):
            for j in range(i, 2 * d):
                k = next(place)
                if j < d:
                    value = _times(1.0 - self.share, found[k]) - found[triangle + k]
                    result[..., i, j] = result[..., j, i] = value
        return result

    def lower(self, base: Array) -> Array:
        """Return the lowest final levels that base levels and floors allow."""
        floor = self.contest.final_floor.reshape(-1, *(1,) * (base.ndim - 1))
        return np.maximum(base, floor)

    def respond(self, base: Array, reach: Array) -> Response:
        """Answer base levels.

        Parameters
        ----------
        base : ndarray, shape (attributes, points)
        reach : ndarray, shape (attributes,)
            How far above its lower bounds the specialist may want to go.
        """
        d = self.contest.attributes
        nodes = _NODES.get(d, 6)
        size = max(1, _CELLS // nodes**d)
        parts = [
            self._respond(base[:, k : k + size], reach, nodes)
            for k in range(0, base.shape[1], size)
        ]
        return Response(
            *(
                np.concatenate([getattr(part, name) for part in parts], axis=-1)
                for name in Response.__dataclass_fields__
            )
        )

    def _respond(self, base: Array, reach: Array, nodes: int) -> Response:
        low = self.lower(base)
        high = np.broadcast_to(self.contest.highest[:, None], low.shape)
        possible = (low <= high).all(axis=0)
        low = np.minimum(low, high)
        starts = self._tops(low, high, base, reach, nodes)
        final = self._climb(starts, low[:, :, None], high[:, :, None], base[:, :, None])
        own = self.profit(final, base[:, :, None])
        earned, spent, liable = self.money(final, base[:, :, None])
        with np.errstate(all="ignore"):
            size = np.abs(_times(1.0 - self.share, earned)) + np.abs(spent)
            leads = _times(self.share, earned) - liable
        size = np.where(np.isfinite(size), size, 0.0)
        liked = own >= own.max(axis=1, keepdims=True) - WILLING * size
        pick = np.where(liked, leads, -np.inf).argmax(axis=1)
        rows = np.arange(base.shape[1])
        own, size, leads = own[rows, pick], size[rows, pick], leads[rows, pick]
        takes = possible & (own >= self.outside - WILLING * (size + abs(self.outside)))
        return Response(
            final[:, rows, pick],
            takes,
            np.where(takes, own, self.outside),
            np.where(possible, own, -np.inf),
            np.where(takes, leads, 0.0),
            size + abs(self.outside),
        )

    def _tops(self, low: Array, high: Array, base: Array, reach: Array, nodes: int) -> Array:
        """Return the highest nodes of a grid, shape (attributes, points, tops)."""
        d = low.shape[0]
        steps = _steps(nodes)
        grid = np.stack(np.meshgrid(*(steps * each for each in reach), indexing="ij"))
        flat = grid.reshape(d, 1, -1)
        at = np.minimum(low[:, :, None] + flat, high[:, :, None])
        value = self.profit(at, base[:, :, None])
        cube = value.reshape(-1, *(nodes,) * d)
        padded = np.pad(cube, [(0, 0)] + [(1, 1)] * d, constant_values=-np.inf)
        top = np.ones(cube.shape, dtype=bool)
        for shift in product((0, 1, 2), repeat=d):
            if any(step != 1 for step in shift):
                window = tuple(slice(s, s + nodes) for s in shift)
                top &= cube >= padded[(slice(None), *window)]
        rank = np.where(top.reshape(value.shape), value, -np.inf)
        best = np.argpartition(-rank, _TOPS - 1, axis=1)[:, :_TOPS]
        return np.take_along_axis(at, best[None], axis=2)

    def _climb(self, start: Array, low: Array, high: Array, base: Array) -> Array:
        """Climb from every start by projected Newton steps."""
        x, d = start, start.shape[0]
        shape = x.shape[1:]
        low, high, base = (np.broadcast_to(each, x.shape) for each in (low, high, base))
        flat = [each.reshape(d, -1) for each in (x, low, high, base)]
        x, low, high, base = (each.copy() for each in flat)
        todo = np.arange(x.shape[1])
        value = self.profit(x, base)
        for _ in range(_STEPS):
            here, at = x[:, todo], base[:, todo]
            slope = self.marginal(here, at)[:d]
            slope = np.where(np.isnan(slope), 0.0, slope)
            stuck = ((here <= low[:, todo]) & (slope <= 0)) | (
                (here >= high[:, todo]) & (slope >= 0)
            )
            step = _newton(self.bend(here, at), np.where(stuck, 0.0, slope), stuck)
            best, where = value[todo], here
            for length in _LENGTHS:
                trial = np.clip(here + length * step, low[:, todo], high[:, todo])
                with np.errstate(all="ignore"):
                    there = self.profit(trial, at)
                better = there > best
                where = np.where(better, trial, where)
                best = np.where(better, there, best)
                if better.all():
                    break
            moved = np.abs(where - here).max(axis=0) > 1e-15 * np.abs(where).max(axis=0)
            x[:, todo], value[todo] = where, best
            todo = todo[moved]
            if todo.size == 0:
                break
        return x.reshape(d, *shape)


def _newton(bend: Array, slope: Array, stuck: np.ndarray[Any, np.dtype[np.bool_]]) -> Array:
    """Return steps uphill: Newton's where the profit bends down, else along the slope."""
    d = slope.shape[0]
    free = ~stuck.T
    matrix = np.where(free[:, :, None] & free[:, None, :], bend, 0.0)
    matrix = np.where(np.isfinite(matrix), matrix, 0.0)
    values, vectors = np.linalg.eigh(matrix)
    along = np.einsum("nij,in->jn", vectors, slope)
    # a direction that bends up, or not at all, is followed as far as one that bends down as much
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-300)
    size = np.maximum(np.abs(values), 1e-8 * scale).T
    step = np.einsum("nij,jn->in", vectors, along / size)
    return np.where(stuck | ~np.isfinite(step), 0.0, step).reshape(d, -1)


def _steps(nodes: int) -> Array:
    """Return 0, and steps up to 1 that are dense near 0."""
    steps: Array = np.linspace(0.0, 1.0, nodes) ** 3
    return steps


def _times(share: float, money: Array) -> Array:
    """Return a share of some money; of nothing it is nothing, also where the money is infinite."""
    if share == 0.0:
        return np.zeros(np.shape(money))
    return np.asarray(share * money)
