r"""The players' money as functions of boxes of levels.

A specialist's final level is written as its lower bound plus a contribution :math:`s \ge 0`. The
lower bound is the base level, or the regulator's floor where that is higher; which of the two is a
*mode* of each attribute, so that every formula is smooth in a mode. Formulas of
``alpha1 - alpha0`` then depend on the contribution alone, and their enclosures are sharp.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import casadi
import numpy as np

from opt_games.certificates.interval_function import IntervalFunction
from opt_games.certificates.intervals import Array, Interval, point
from opt_games.expression import Expression
from opt_games.game import GENERALIST, Game
from opt_games.kernels.array_function import Symbols
from opt_games.parts import Taxes
from opt_games.specialists import SpecialistGroup

_ZERO = Expression.parse(0.0)


@dataclass(frozen=True)
class Form:
    """The money of specialists with the same formulas, in one mode.

    All functions take contributions, base levels (an interval per attribute each), the share of
    the generalist and the parameters.

    Attributes
    ----------
    members : ndarray of int
        Positions among the specialists.
    parameters : tuple of ndarray, shape (members,)
    outside : ndarray, shape (members,)
    values : IntervalFunction
        What the specialist earns, what the generalist earns from it, and performance.
    rates : IntervalFunction
        Of the specialist's earnings the slopes in contributions and base levels, the second
        derivatives in contributions (all, row by row) and the cross derivatives; of the
        generalist's the slopes in contributions and base levels.
    """

    members: Any
    parameters: tuple[Array, ...]
    outside: Array
    values: IntervalFunction
    rates: IntervalFunction


@dataclass(frozen=True)
class Region:
    """A part of the base levels in which every specialist is in one mode.

    Attributes
    ----------
    low, high : ndarray, shape (attributes,)
        Ends of the region; infinite where levels are unbounded.
    room : ndarray, shape (attributes,)
        The greatest level less the floor: no contribution can exceed it.
    below : tuple of bool
        By attribute: whether the specialists' floor, not the base level, binds from below.
    """

    low: Array
    high: Array
    room: Array
    below: tuple[bool, ...]
    forms: tuple[Form, ...]


@dataclass(frozen=True)
class Payoffs:
    """All money of a game on boxes.

    Attributes
    ----------
    regions : tuple of Region
        They cover all base levels that the generalist may pick.
    cost, marginal_cost : IntervalFunction
        Of base levels and `parameters`: what the generalist pays; its slopes, then its second
        derivatives, row by row.
    outside : ndarray, shape (players,)
    floor : ndarray, shape (attributes,)
        Of final levels.
    highest : ndarray, shape (attributes,)
    """

    game: Game
    regions: tuple[Region, ...]
    cost: IntervalFunction
    marginal_cost: IntervalFunction
    parameters: tuple[float, ...]
    outside: Array
    floor: Array
    highest: Array

    @property
    def size(self) -> int:
        """Number of specialists."""
        return len(self.game.specialists)

    @property
    def dimension(self) -> int:
        """Number of attributes."""
        return len(self.game.attributes)

    def leader_cost(self, low: Array, high: Array) -> Interval:
        """Enclose the generalist's cost on boxes of base levels, shape (attributes, boxes)."""
        found = self.cost(*zip(low, high, strict=True), *map(point, self.parameters))
        lower, upper = spread(found.values[0], low.shape[1])
        partial = np.broadcast_to(np.asarray(found.domain.partial), lower.shape)
        nowhere = np.broadcast_to(np.asarray(found.domain.nowhere), lower.shape)
        # who cannot tell its cost has no payoff there: as bad as an infinite cost
        upper = np.where(partial, np.inf, upper)
        return np.where(nowhere, np.inf, lower), upper

    def leader_slopes(self, low: Array, high: Array) -> list[Interval]:
        """Enclose the slopes of the generalist's cost, and its second derivatives row by row."""
        found = self.marginal_cost(*zip(low, high, strict=True), *map(point, self.parameters))
        d, size, domain = self.dimension, low.shape[1], found.domain
        cornered = np.logical_or(domain.partial, domain.kinked)
        return [
            unbounded(each, domain.partial if k < d else cornered, size)
            for k, each in enumerate(found.values[:-1])
        ]


def spread(values: Interval, size: int) -> Interval:
    """Return an interval with an entry for each of `size` boxes."""
    return np.broadcast_to(values[0], (size,)), np.broadcast_to(values[1], (size,))


def unbounded(values: Interval, where: Any, size: int) -> Interval:
    """Return an interval per box, without bounds in some boxes."""
    low, high = spread(values, size)
    return np.where(where, -np.inf, low), np.where(where, np.inf, high)


def compile_payoffs(game: Game) -> Payoffs:
    """Compile the formulas of a game for boxes.

    Raises
    ------
    UnsupportedGameError
        For a formula without enclosure.

    Examples
    --------
    >>> import opt_games
    >>> compiled = compile_payoffs(opt_games.load("quadratic"))
    >>> low, high = compiled.leader_cost(np.array([[0.0]]), np.array([[2.0]]))
    >>> float(low[0]), round(float(high[0]), 12)
    (0.0, 4.0)
    """
    floors = game.floors()
    attributes = game.attributes
    floor = np.array([max(floors["specialists"].get(name, 0.0), 0.0) for name in attributes])
    least = np.array([max(floors[GENERALIST].get(name, 0.0), 0.0) for name in attributes])
    highest = np.array([game.highest_levels()[name] for name in attributes])
    modes = [[False] if floor[k] <= least[k] else [True, False] for k in range(len(attributes))]
    regions = []
    for below in product(*modes):
        under = np.array(below)
        low = np.where(under, least, np.maximum(floor, least))
        high = np.where(under, np.minimum(floor, highest), highest)
        if np.any(low > high):
            continue
        forms = [_form(game, group, below, floor, highest) for group in game.specialists.groups]
        room = highest - np.maximum(floor, least)
        regions.append(Region(low, high, room, tuple(below), tuple(forms)))
    base = [f"{name}0" for name in attributes]
    duty = game.taxes.generalist if game.taxes else _ZERO
    names = sorted((game.generalist.cost.names | duty.names) - set(base))
    symbols = Symbols.named([*base, *names])
    inputs = list(symbols.casadi.values())
    total = symbols.of(game.generalist.cost) + symbols.of(duty)
    levels = inputs[: len(base)]
    slopes = _slopes(total, levels)
    second = [each for slope in slopes for each in _slopes(slope, levels)]
    return Payoffs(
        game,
        tuple(regions),
        IntervalFunction.compile(inputs, [total]),
        IntervalFunction.compile(inputs, [*slopes, *second, total]),
        tuple(game.parameters[name] for name in names),
        game.outside_array(),
        floor,
        highest,
    )


def _form(
    game: Game, group: SpecialistGroup, below: Sequence[bool], floor: Array, highest: Array
) -> Form:
    base = [f"{name}0" for name in game.attributes]
    final = [f"{name}1" for name in game.attributes]
    form, taxes = group.form, game.taxes or Taxes()
    harm = form.harm or (game.harm.expected if game.harm else _ZERO)
    formulas = (form.revenue, form.cost, harm, taxes.specialists)
    names = sorted(frozenset[str]().union(*(f.names for f in formulas)) - set(base) - set(final))
    symbols = Symbols.named([*final, *base, *names])
    added = [casadi.SX.sym(f"added_{name}") for name in game.attributes]
    levels = [symbols.casadi[name] for name in base]
    share = casadi.SX.sym("share")
    alone, beside = {}, {}
    for k, name in enumerate(final):
        reached = (float(floor[k]) if below[k] else levels[k]) + added[k]
        work = (float(floor[k]) - levels[k]) + added[k] if below[k] else added[k]
        if np.isfinite(highest[k]):
            reached = casadi.fmin(reached, float(highest[k]))
            work = casadi.fmin(work, float(highest[k]) - levels[k])
        alone[name], beside[name] = reached, levels[k] + work
    of_final = replace(symbols, casadi={**symbols.casadi, **alone})
    of_both = replace(symbols, casadi={**symbols.casadi, **beside})
    liable = game.liability()
    kept = (1.0 - game.revenue_tax()) * of_final.of(form.revenue)
    damage = of_final.of(harm)
    own = (1 - share) * kept - of_both.of(form.cost)
    own = own - liable["specialists"] * damage - of_final.of(taxes.specialists)
    lead = share * kept - liable[GENERALIST] * damage
    inputs = [*added, *levels, share, *(symbols.casadi[name] for name in names)]
    slopes = _slopes(own, added)
    rates = [*slopes, *_slopes(own, levels)]
    for slope in slopes:
        rates += _slopes(slope, added)
    for slope in slopes:
        rates += _slopes(slope, levels)
    rates += [*_slopes(lead, added), *_slopes(lead, levels)]
    return Form(
        group.members,
        tuple(group.column(name, game.parameters) for name in names),
        game.outside_array()[group.members + 1],
        IntervalFunction.compile(inputs, [own, lead, of_final.casadi[final[0]]]),
        # the values are there so that corners in them are noticed
        IntervalFunction.compile(inputs, [*rates, own, lead]),
    )


def _slopes(value: Any, variables: Sequence[Any]) -> list[Any]:
    gradient = casadi.gradient(value, casadi.vertcat(*variables))
    return [gradient[k] for k in range(len(variables))]
