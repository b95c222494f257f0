r"""Money in a game of several attributes under a policy, as array functions.

With :math:`t` the tax on revenue, :math:`\lambda_0, \lambda_1` the liabilities of generalist and
specialists, :math:`T_0, T_1` the taxes on levels and :math:`h_i` the expected harm,

.. math::

   \pi_i = (1 - \delta_i) R_i(x_i) - E_i(x_i, x_0), \qquad
   \pi_0 = \sum_i [\delta_i R_i(x_i) - L_i(x_i)] - K(x_0),

   R_i = (1 - t) r_i, \quad E_i = \phi_i + \lambda_1 h_i + T_1, \quad
   L_i = \lambda_0 h_i, \quad K = \phi_0 + T_0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import casadi
import numpy as np

from opt_games.expression import Expression
from opt_games.game import GENERALIST, Game
from opt_games.kernels.array_function import Array, ArrayFunction, Symbols
from opt_games.parts import Specialist, Taxes

RULES = ("tax", "generalist", "specialists")
"""What the money in a domain depends on beside levels and parameters: t and the liabilities."""

_ZERO = Expression.parse(0.0)
_MONEY = ("earned", "spent", "liable")


@dataclass(frozen=True)
class Money:
    """Money that depends on levels, with its derivatives and its Taylor terms at 0.

    Every function takes the levels (for domains final, then base), for domains the `RULES`, and
    the parameters in the order of `names`.

    Attributes
    ----------
    names : tuple of str
        Parameters that it depends on.
    values : ArrayFunction
        For domains R, E and L; for the generalist K.
    first, second : ArrayFunction
        Gradients, one after the other, and upper triangles of Hessians, in all levels.
    quadratic : ArrayFunction or None
        Of rules and parameters only: constants, gradients and Hessians at 0, if none of these
        functions has any higher terms.
    """

    names: tuple[str, ...]
    values: ArrayFunction
    first: ArrayFunction
    second: ArrayFunction
    quadratic: ArrayFunction | None

    @classmethod
    def compile(
        cls, levels: list[Any], rules: list[Any], names: list[str], own: list[Any], parts: list[Any]
    ) -> Money:
        """Derive everything from CasADi expressions of some money."""
        stacked = casadi.vertcat(*levels)
        first: list[Any] = []
        second: list[Any] = []
        for part in parts:
            hessian, gradient = casadi.hessian(part, stacked)
            first += [gradient[k] for k in range(len(levels))]
            second += [hessian[i, j] for i in range(len(levels)) for j in range(i, len(levels))]
        inputs = [*levels, *rules, *own]
        values = ArrayFunction.compile(inputs, parts)
        quadratic = None
        if values.smooth and not casadi.depends_on(casadi.vertcat(*second), stacked):
            at_zero = casadi.substitute(
                [*parts, *first, *second], [stacked], [casadi.SX.zeros(len(levels))]
            )
            quadratic = ArrayFunction.compile([*rules, *own], at_zero)
        return cls(
            tuple(names),
            values,
            ArrayFunction.compile(inputs, first),
            ArrayFunction.compile(inputs, second),
            quadratic,
        )


@dataclass(frozen=True)
class Domain:
    """Specialists that share their formulas.

    Attributes
    ----------
    members : ndarray of int
        Their positions among the specialists.
    money : Money
    columns : mapping of str to ndarray
        Their local parameters.
    surplus, harm : Expression
        Consumer surplus and expected harm.
    """

    members: np.ndarray[Any, np.dtype[np.int64]]
    money: Money
    columns: Mapping[str, Array]
    form: Specialist
    harm: Expression


@dataclass(frozen=True)
class PolicyGame:
    """A game of several attributes or under a policy, with its formulas compiled."""

    game: Game
    domains: tuple[Domain, ...]
    cost: Money

    @property
    def smooth(self) -> bool:
        """Whether no formula has corners."""
        return self.cost.values.smooth and all(each.money.values.smooth for each in self.domains)

    @property
    def quadratic(self) -> bool:
        """Whether all money is a quadratic function of the levels."""
        every = (self.cost, *(each.money for each in self.domains))
        return all(money.quadratic is not None for money in every)


def compile_policy_game(game: Game) -> PolicyGame:
    """Compile the formulas of a game.

    Examples
    --------
    >>> from opt_games import load
    >>> compile_policy_game(load("quadratic")).quadratic
    True
    """
    base = [f"{attribute}0" for attribute in game.attributes]
    final = [f"{attribute}1" for attribute in game.attributes]
    taxes = game.taxes or Taxes()
    domains = []
    for group in game.specialists.groups:
        form = group.form
        harm = form.harm or (game.harm.expected if game.harm else _ZERO)
        formulas = (form.revenue, form.cost, harm, taxes.specialists)
        used = frozenset[str]().union(*(each.names for each in formulas))
        names = sorted(used - set(base) - set(final))
        symbols = Symbols.named([*final, *base, *names])
        tax, lead, own = (casadi.SX.sym(name) for name in RULES)
        revenue, cost, damage, duty = (symbols.of(each) for each in formulas)
        parts = [(1 - tax) * revenue, cost + own * damage + duty, lead * damage]
        levels = [symbols.casadi[name] for name in (*final, *base)]
        parameters = [symbols.casadi[name] for name in names]
        money = Money.compile(levels, [tax, lead, own], names, parameters, parts)
        domains.append(Domain(group.members, money, group.columns, form, harm))
    paid = game.generalist.cost, taxes.generalist
    names = sorted((paid[0].names | paid[1].names) - set(base))
    symbols = Symbols.named([*base, *names])
    total = symbols.of(paid[0]) + symbols.of(paid[1])
    levels = [symbols.casadi[name] for name in base]
    parameters = [symbols.casadi[name] for name in names]
    cost = Money.compile(levels, [], names, parameters, [total])
    return PolicyGame(game, tuple(domains), cost)


@dataclass(frozen=True)
class Numbers:
    """The numbers of many games of one form; every array has one entry per game.

    Attributes
    ----------
    parameters : mapping of str to ndarray
        The game's.
    rules : tuple of ndarray
        In the order of `RULES`.
    floors : mapping of str to ndarray, shape (attributes, games)
        Of ``generalist`` and ``specialists``, at least 0.
    highest : ndarray, shape (attributes, games)
    outside : ndarray, shape (players, games)
    """

    parameters: Mapping[str, Array]
    rules: tuple[Array, ...]
    floors: Mapping[str, Array]
    highest: Array
    outside: Array

    @classmethod
    def of(cls, game: Game, columns: Mapping[str, Array], size: int) -> Numbers:
        """Evaluate what depends on parameters alone; ``nan`` where that is not possible.

        Parameters
        ----------
        columns : mapping of str to ndarray
            The parameters that vary, one value per game.
        size : int
            Number of games.
        """
        parameters = {
            name: np.broadcast_to(np.asarray(columns.get(name, value), dtype=float), (size,))
            for name, value in game.parameters.items()
        }

        def evaluated(formula: Expression) -> Array:
            return np.broadcast_to(formula.evaluate_columns(parameters), (size,))

        liability = game.harm.liability if game.harm else {}
        tax = game.taxes.revenue if game.taxes else _ZERO
        rules = (
            evaluated(tax),
            evaluated(liability.get(GENERALIST, _ZERO)),
            evaluated(liability.get("specialists", _ZERO)),
        )
        floors = {}
        for who in (GENERALIST, "specialists"):
            given = getattr(game.regulation, who) if game.regulation else {}
            floors[who] = np.stack(
                [np.maximum(evaluated(given.get(name, _ZERO)), 0.0) for name in game.attributes]
            )
        bounds = game.level_bounds
        highest = np.stack(
            [
                evaluated(bounds[name]) if name in bounds else np.full(size, np.inf)
                for name in game.attributes
            ]
        )
        outside = np.empty((len(game.players), size))
        outside[0] = evaluated(game.generalist.outside_option)
        for group in game.specialists.groups:
            for row, member in enumerate(group.members):
                local = {name: values[row] for name, values in group.columns.items()}
                option = group.form.outside_option.evaluate_columns({**parameters, **local})
                outside[member + 1] = np.broadcast_to(option, (size,))
        return cls(parameters, rules, floors, highest, outside)

    @property
    def size(self) -> int:
        """Number of games."""
        return int(self.outside.shape[1])

    def take(self, games: Any) -> Numbers:
        """Return the numbers of some of the games."""
        return Numbers(
            {name: values[games] for name, values in self.parameters.items()},
            tuple(rule[games] for rule in self.rules),
            {who: floors[:, games] for who, floors in self.floors.items()},
            self.highest[:, games],
            self.outside[:, games],
        )

    def in_range(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether all of these numbers are what a game may have."""
        tax, lead, own = self.rules
        good = (tax <= 1.0) & (lead >= 0.0) & (own >= 0.0) & (lead + own <= 1.0 + 1e-12)
        arrays = (*self.parameters.values(), *self.floors.values(), self.outside)
        for array in arrays:
            good &= np.isfinite(array).reshape(-1, self.size).all(axis=0)
        return np.asarray(good & (self.highest > 0.0).all(axis=0))
