"""Best responses of one specialist to many base levels under many contracts, for any formulas.

The specialist's profit is scanned on a grid above its lower bounds; from the highest local tops
projected Newton steps climb to rounding. The grid makes the search global, up to its resolution.

Games that differ in their numbers only are answered side by side: a point is a base level and the
number of its game.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from opt_games.game import GENERALIST, Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.policy.payoffs import Domain, Numbers, PolicyGame

WILLING = 1e-11
"""A specialist that loses less than this fraction of its turnover by taking part is indifferent."""

_NODES = {1: 97, 2: 17, 3: 9}  # per attribute
_TOPS = 3
_STEPS = 40
_LENGTHS = 0.5 ** np.arange(2.0, 24.0, 2.0)  # of steps, where the whole one leads down
_CELLS = 1_500_000


Number = np.float64 | Array
Games = NDArray[np.int64]
"""Numbers of games, one for each point."""


@dataclass(frozen=True)
class Contest:
    """Games of one form, each with its contract.

    Attributes
    ----------
    compiled : PolicyGame
    numbers : Numbers
    shares : ndarray, shape (specialists, games)
    """

    compiled: PolicyGame
    numbers: Numbers
    shares: Array

    @property
    def game(self) -> Game:
        """The form."""
        return self.compiled.game

    @property
    def size(self) -> int:
        """Number of games."""
        return int(self.shares.shape[1])

    @property
    def attributes(self) -> int:
        """Number of attributes."""
        return len(self.game.attributes)

    @property
    def base_floor(self) -> Array:
        """The lowest base levels, shape (attributes, games)."""
        return self.numbers.floors[GENERALIST]

    @property
    def final_floor(self) -> Array:
        """The floors of the specialists, shape (attributes, games)."""
        return self.numbers.floors["specialists"]

    @property
    def highest(self) -> Array:
        """The highest levels, shape (attributes, games)."""
        return self.numbers.highest

    def take(self, games: Games) -> Contest:
        """Return some of the games."""
        return Contest(self.compiled, self.numbers.take(games), self.shares[:, games])

    def adapters(self) -> list[Adapter]:
        """Return the specialists, in order."""
        found: dict[int, Adapter] = {}
        for domain in self.compiled.domains:
            for row, member in enumerate(domain.members.tolist()):
                found[member] = Adapter.of(self, domain, row, member)
        return [found[member] for member in sorted(found)]

    def cost(self, base: Array, games: Games) -> Array:
        """Return what base levels, shape (attributes, points), cost the generalists."""
        (value,) = self.compiled.cost.values(*base, *self._of_cost(games))
        return np.broadcast_to(value, base.shape[1:])

    def cost_slope(self, base: Array, games: Games) -> Array:
        """Return the gradient of the cost along axis 0."""
        found = self.compiled.cost.first(*base, *self._of_cost(games))
        return np.stack([np.broadcast_to(each, base.shape[1:]) for each in found])

    def _of_cost(self, games: Games) -> list[Number]:
        numbers = self.numbers.parameters
        return [_of(_constant(numbers[name]), games) for name in self.compiled.cost.names]


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
    takes: NDArray[np.bool_]
    own: Array
    value: Array
    leads: Array
    size: Array


@dataclass(frozen=True)
class Adapter:
    """One specialist of a contest; numbers are arrays, shape (games,), where games differ in them.

    Levels have shape (attributes, ...), and `games` says for every point whose they are.
    """

    contest: Contest
    domain: Domain
    name: str
    share: Number
    outside: Number
    arguments: tuple[Number, ...]

    @classmethod
    def of(cls, contest: Contest, domain: Domain, row: int, member: int) -> Adapter:
        """Look up the numbers of a specialist."""
        numbers = contest.numbers
        seen: dict[str, Number] = {
            name: _constant(values) for name, values in numbers.parameters.items()
        }
        seen |= {name: np.float64(values[row]) for name, values in domain.columns.items()}
        rules = tuple(_constant(rule) for rule in numbers.rules)
        return cls(
            contest,
            domain,
            contest.game.specialists.names[member],
            _constant(contest.shares[member]),
            _constant(numbers.outside[member + 1]),
            (*rules, *(seen[name] for name in domain.money.names)),
        )

    def money(self, final: Array, base: Array, games: Games) -> tuple[Array, Array, Array]:
        """Return revenue, the specialist's expenses and the generalist's."""
        shape = np.broadcast_shapes(final.shape[1:], base.shape[1:])
        found = self.domain.money.values(*final, *base, *self._arguments(games))
        return tuple(np.broadcast_to(each, shape) for each in found)  # type: ignore[return-value]

    def profit(self, final: Array, base: Array, games: Games) -> Array:
        """Return the specialist's profit if it takes part; ``-inf`` where undefined."""
        earned, spent, _ = self.money(final, base, games)
        with np.errstate(all="ignore"):
            own = _times(self._kept(games), earned) - spent
        return np.where(np.isnan(own), -np.inf, own)

    def led(self, final: Array, base: Array, games: Games) -> Array:
        """Return what the generalist gets from the domain if the specialist takes part."""
        earned, _, liable = self.money(final, base, games)
        with np.errstate(all="ignore"):
            return np.asarray(_times(_of(self.share, games), earned) - liable)

    def marginal(self, final: Array, base: Array, games: Games) -> Array:
        """Return the gradient of the profit, in final then in base levels, along axis 0."""
        found = self.domain.money.first(*final, *base, *self._arguments(games))
        kept = self._kept(games)
        count = 2 * self.contest.attributes
        shape = np.broadcast_shapes(final.shape[1:], base.shape[1:])
        rows = [
            np.broadcast_to(_times(kept, found[k]) - found[count + k], shape) for k in range(count)
        ]
        return np.stack(rows)

    def led_slope(self, final: Array, base: Array, games: Games) -> Array:
        """Return the gradient of what the generalist gets, in final then in base levels."""
        found = self.domain.money.first(*final, *base, *self._arguments(games))
        count = 2 * self.contest.attributes
        share = _of(self.share, games)
        rows = [
            np.broadcast_to(_times(share, found[k]) - found[2 * count + k], base.shape[1:])
            for k in range(count)
        ]
        return np.stack(rows)

    def slope_of_value(self, final: Array, base: Array, games: Games) -> Array:
        """Return the gradient, in the base levels, of the profit with the best response inside."""
        d = self.contest.attributes
        slope = self.marginal(final, base, games)
        tied = (final <= base) & (base >= self.contest.final_floor[:, games])
        return np.asarray(slope[d:] + np.where(tied, slope[:d], 0.0))

    def bend(self, final: Array, base: Array, games: Games, *, whole: bool = False) -> Array:
        """Return the Hessian of the profit in the final levels, along the last two axes.

        If `whole`, in the final, then the base levels.
        """
        d = self.contest.attributes
        size = 2 * d if whole else d
        found = self.domain.money.second(*final, *base, *self._arguments(games))
        kept = self._kept(games)
        triangle = d * (2 * d + 1)
        shape = np.broadcast_shapes(final.shape[1:], base.shape[1:])
        result = np.empty((*shape, size, size))
        place = iter(range(triangle))
        for i in range(2 * d):
            for j in range(i, 2 * d):
                k = next(place)
                if j < size:
                    value = _times(kept, found[k]) - found[triangle + k]
                    result[..., i, j] = result[..., j, i] = value
        return result

    def lower(self, base: Array, games: Games) -> Array:
        """Return the lowest final levels that base levels and floors allow."""
        return np.maximum(base, self.contest.final_floor[:, games])

    def respond(self, base: Array, games: Games, reach: Array) -> Response:
        """Answer base levels.

        Parameters
        ----------
        base : ndarray, shape (attributes, points)
        games : ndarray of int, shape (points,)
        reach : ndarray, shape (attributes, games)
            How far above its lower bounds the specialist may want to go.
        """
        d = self.contest.attributes
        nodes = _NODES.get(d, 6)
        size = max(1, _CELLS // nodes**d)
        parts = [
            self._respond(base[:, k : k + size], games[k : k + size], reach, nodes)
            for k in range(0, base.shape[1], size)
        ]
        if len(parts) == 1:
            return parts[0]
        return Response(
            *(
                np.concatenate([getattr(part, name) for part in parts], axis=-1)
                for name in Response.__dataclass_fields__
            )
        )

    def _respond(self, base: Array, games: Games, reach: Array, nodes: int) -> Response:
        low = self.lower(base, games)
        high = self.contest.highest[:, games]
        possible = (low <= high).all(axis=0)
        low = np.minimum(low, high)
        many, wide = games[:, None], base[:, :, None]
        starts = self._tops(low, high, base, games, reach[:, games], nodes)
        final = self._climb(starts, low[:, :, None], high[:, :, None], wide, many)
        own = self.profit(final, wide, many)
        earned, spent, _ = self.money(final, wide, many)
        leads = self.led(final, wide, many)
        with np.errstate(all="ignore"):
            size = np.abs(_times(self._kept(many), earned)) + np.abs(spent)
        size = np.where(np.isfinite(size), size, 0.0)
        liked = own >= own.max(axis=1, keepdims=True) - WILLING * size
        pick = np.where(liked, leads, -np.inf).argmax(axis=1)
        rows = np.arange(base.shape[1])
        own, size, leads = own[rows, pick], size[rows, pick], leads[rows, pick]
        outside = np.broadcast_to(_of(self.outside, games), own.shape)
        takes = possible & (own >= outside - WILLING * (size + np.abs(outside)))
        return Response(
            final[:, rows, pick],
            takes,
            np.where(takes, own, outside),
            np.where(possible, own, -np.inf),
            np.where(takes, leads, 0.0),
            size + np.abs(outside),
        )

    def _arguments(self, games: Games) -> list[Number]:
        return [_of(argument, games) for argument in self.arguments]

    def _kept(self, games: Games) -> Number:
        return 1.0 - _of(self.share, games)

    def _tops(
        self, low: Array, high: Array, base: Array, games: Games, reach: Array, nodes: int
    ) -> Array:
        """Return the highest nodes of a grid, shape (attributes, points, tops)."""
        d = low.shape[0]
        grid = np.stack(np.meshgrid(*[_steps(nodes)] * d, indexing="ij")).reshape(d, 1, -1)
        at = np.minimum(low[:, :, None] + reach[:, :, None] * grid, high[:, :, None])
        value = self.profit(at, base[:, :, None], games[:, None])
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

    def _climb(self, start: Array, low: Array, high: Array, base: Array, games: Games) -> Array:
        """Climb from every start by projected Newton steps."""
        x, d = start, start.shape[0]
        shape = x.shape[1:]
        whose = np.broadcast_to(games, shape).ravel()
        x, low, high, base = (
            np.broadcast_to(each, x.shape).reshape(d, -1).copy() for each in (x, low, high, base)
        )
        todo = np.arange(x.shape[1])
        value = self.profit(x, base, whose)
        for _ in range(_STEPS):
            here, at, game = x[:, todo], base[:, todo], whose[todo]
            least, most = low[:, todo], high[:, todo]
            slope = self.marginal(here, at, game)[:d]
            slope = np.where(np.isnan(slope), 0.0, slope)
            stuck = ((here <= least) & (slope <= 0)) | ((here >= most) & (slope >= 0))
            step = _newton(self.bend(here, at, game), np.where(stuck, 0.0, slope), stuck)
            where = np.clip(here + step, least, most)
            best = self.profit(where, at, game)
            short = np.flatnonzero(~(best > value[todo]))
            if short.size:
                trial = here[:, short, None] + _LENGTHS * step[:, short, None]
                trial = np.clip(trial, least[:, short, None], most[:, short, None])
                there = self.profit(trial, at[:, short, None], game[short, None])
                pick, each = there.argmax(axis=1), np.arange(short.size)
                better = there[each, pick] > value[todo[short]]
                where[:, short] = np.where(better, trial[:, each, pick], here[:, short])
                best[short] = np.where(better, there[each, pick], value[todo[short]])
            moved = np.abs(where - here).max(axis=0) > 1e-15 * np.abs(where).max(axis=0)
            x[:, todo], value[todo] = where, best
            todo = todo[moved]
            if todo.size == 0:
                break
        return x.reshape(d, *shape)


def _newton(bend: Array, slope: Array, stuck: NDArray[np.bool_]) -> Array:
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


def _times(share: Number, money: Array) -> Array:
    """Return a share of some money; of nothing it is nothing, also where the money is infinite."""
    with np.errstate(all="ignore"):
        part = share * money
    if np.any(share == 0.0):
        part = np.where(share == 0.0, 0.0, part)
    return np.asarray(part)


def _constant(values: Array) -> Number:
    """Return numbers of games, as a single one where they all agree."""
    return np.float64(values[0]) if np.all(values == values[0]) else values


def _of(number: Number, games: Games) -> Number:
    """Return the numbers of the games of some points."""
    return number if np.ndim(number) == 0 else np.asarray(number)[games]
