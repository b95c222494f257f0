"""A fine-tuning game: frozen, checked, and free of any solver."""
# The defaults here are descriptors, from which dataclasses read the true default:
# ruff: noqa: RUF009

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from opt_games.checks import PROFIT, check_game, check_known, checked_value
from opt_games.errors import SpecError
from opt_games.expression import Expression, FormulaLike
from opt_games.fields import Converted, FrozenMapping, formulas, number, numbers_by_name
from opt_games.names import as_key, did_you_mean, quoted
from opt_games.parts import (
    GENERALIST,
    SOLUTION_ALIASES,
    SOLUTIONS,
    Bargaining,
    Contract,
    Generalist,
    Harm,
    Regulation,
    Specialist,
    Taxes,
    Welfare,
    canonical_solution,
)
from opt_games.specialists import Array, Specialists, SpecialistTable

__all__ = [
    "GENERALIST",
    "SOLUTIONS",
    "SOLUTION_ALIASES",
    "Bargaining",
    "Contract",
    "Game",
    "Generalist",
    "Harm",
    "Regulation",
    "Specialist",
    "SpecialistTable",
    "Taxes",
    "Welfare",
    "canonical_solution",
]


def _attributes(given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise SpecError(f'expected a list such as ["{given}"], not text')
    return tuple(given)


def _level_bounds(given: Mapping[str, FormulaLike]) -> FrozenMapping[Expression]:
    try:
        return formulas(given)
    except SpecError as error:
        raise SpecError(error.message, key=f"{error.key}.max" if error.key else None) from None


@dataclass(frozen=True)
class Game:
    """A generalist, its specialists, and the rules between them.

    Parameters
    ----------
    name : str
        What the game is called.
    generalist : Generalist
        The player who sets the base level.
    specialists : iterable of Specialist and SpecialistTable
        The players who adapt it, one per domain.
    parameters : mapping of str to float, optional
        Numbers that every formula may use.
    attributes : iterable of str, default ("alpha",)
        What the levels measure; ``alpha`` gives ``alpha0`` (base) and ``alpha1`` (final).
    level_bounds : mapping of str to formula of parameters, optional
        The greatest level, by attribute.
    contract, bargaining, regulation, harm, taxes, welfare : optional
        See the classes of these names.
    source : str, optional
        Where the game is from.

    Raises
    ------
    SpecError
        If anything in the game is wrong; its key is the place in a spec file.

    Examples
    --------
    >>> game = Game(
    ...     name="quadratic",
    ...     generalist=Generalist(cost="c0 * alpha0**2"),
    ...     specialists=[Specialist("law", revenue="alpha1", cost="c1 * (alpha1 - alpha0)**2")],
    ...     parameters={"c0": 1.0, "c1": 0.5},
    ... )
    >>> game.players
    ('generalist', 'law')
    >>> game.with_parameters(c1=0.7).parameters["c1"]
    0.7
    """

    schema: ClassVar[int] = 1

    name: str
    generalist: Generalist
    specialists: Converted[Iterable[Specialist | SpecialistTable], Specialists] = Converted(
        Specialists.of
    )
    parameters: Converted[Mapping[str, float], Mapping[str, float]] = Converted(
        numbers_by_name, FrozenMapping()
    )
    attributes: Converted[Iterable[str], tuple[str, ...]] = Converted(_attributes, ("alpha",))
    level_bounds: Converted[Mapping[str, FormulaLike], Mapping[str, Expression]] = Converted(
        _level_bounds, FrozenMapping(), key="levels"
    )
    contract: Contract = Contract()
    bargaining: Bargaining = Bargaining()
    regulation: Regulation | None = None
    harm: Harm | None = None
    taxes: Taxes | None = None
    welfare: Welfare | None = None
    source: str = ""

    def __post_init__(self) -> None:
        for key, text in (("name", self.name), ("source", self.source)):
            if not isinstance(text, str):
                raise SpecError(f"expected text, not {type(text).__name__}", key=key)
        if not self.name.strip() or not self.name.isprintable():
            raise SpecError("expected a name of one line: give the game one", key="name")
        if not isinstance(self.generalist, Generalist):
            raise SpecError(
                f"expected a Generalist, not {type(self.generalist).__name__}", key="generalist"
            )
        check_game(self)
        self._check_values()

    def _check_values(self) -> None:
        """Raise `SpecError` if a formula of parameters is out of its range."""
        self.shares_given()
        self.weight_array()
        self.highest_levels()
        self.floors()
        self.liability()
        self.revenue_tax()
        self.welfare_weights()
        self.outside_array()
        for player, expression in (self.bargaining.disagreement or {}).items():
            self._value(expression, f"bargaining.disagreement.{as_key(player)}")

    @property
    def _key(self) -> str:
        return ""

    @cached_property
    def players(self) -> tuple[str, ...]:
        """The names of the players: the generalist, then the specialists in order."""
        return (GENERALIST, *self.specialists.names)

    def specialist(self, name: str) -> Specialist:
        """Return a specialist by name, or raise `SpecError`."""
        positions = self.specialists.positions
        check_known([name], positions, key="specialists", what="specialist")
        return self.specialists[positions[name]]

    def with_parameters(self, **overrides: float) -> Game:
        """Return the same game with other values of some parameters.

        Parameters
        ----------
        **overrides : float
            Values of parameters of the game; local ones of specialists cannot be overridden.

        Raises
        ------
        SpecError
            If there is no such parameter, or the game with these values is wrong.
        """
        for name in overrides:
            if name not in self.parameters:
                raise SpecError(self.no_such_parameter(name), key=f"parameters.{name}")
        game = copy.copy(self)
        object.__setattr__(game, "parameters", {**self.parameters, **overrides})
        game._check_values()
        return game

    def no_such_parameter(self, name: str) -> str:
        """Say what is wrong with the name of a parameter that the game does not have."""
        groups = self.specialists.groups
        owners = sorted(
            int(member) for group in groups if name in group.columns for member in group.members[:4]
        )
        if owners:
            listed = ", ".join(quoted(self.specialists.names[owner]) for owner in owners[:3])
            listed += ", ..." if len(owners) > 3 else ""
            return (
                f"{quoted(name)} is a local parameter of {listed}, not one of the game: change it "
                "there, or move it to [parameters]"
            )
        hint = did_you_mean(name, self.parameters)
        listed = ", ".join(self.parameters) or "none"
        return f"unknown parameter {quoted(name)}{hint}: the game has {listed}"

    def values(self, specialist: Specialist | None = None) -> dict[str, float]:
        """Return the parameters that a specialist sees: the game's, shadowed by its own.

        Parameters
        ----------
        specialist : Specialist, optional
            By default the generalist's view: the parameters of the game.
        """
        local = specialist.parameters if specialist is not None else {}
        return {**self.parameters, **local}

    def utility_of(self, player: str, profit: float) -> float:
        """Return what a profit is worth to a player."""
        utility = (
            self.generalist.utility if player == GENERALIST else self.specialist(player).utility
        )
        if utility is None:
            return float(profit)
        return self._of_parameters(player, utility, "utility", {PROFIT: float(profit)})

    def outside_options(self) -> dict[str, float]:
        """Return by player the money it gets if it abstains."""
        return self._by_player(self.outside_array())

    def outside_array(self) -> Array:
        """Return `outside_options` as an array, in the order of `players`."""
        money = np.empty(len(self.players))
        money[0] = self._of_parameters(GENERALIST, self.generalist.outside_option, "outside_option")
        for group in self.specialists.groups:
            money[group.members + 1] = group.evaluate(
                group.form.outside_option, self.parameters, "outside_option"
            )
        return money

    def disagreement(self) -> dict[str, float]:
        """Return by player its utility if there is no agreement.

        It is the utility of the outside option unless the bargaining gives another.
        """
        return self._by_player(self.disagreement_array())

    def disagreement_array(self) -> Array:
        """Return `disagreement` as an array, in the order of `players`."""
        given = self.bargaining.disagreement or {}
        payoffs = self.outside_array()
        for player, expression in given.items():
            payoffs[self._position(player)] = self._value(
                expression, f"bargaining.disagreement.{as_key(player)}"
            )
        if GENERALIST not in given:
            payoffs[0] = self.utility_of(GENERALIST, payoffs[0])
        known = np.array([self._position(player) - 1 for player in given], dtype=int)
        for group in self.specialists.groups:
            if group.form.utility is not None:
                others = group.take(~np.isin(group.members, known))
                at = others.members + 1
                payoffs[at] = others.evaluate(
                    group.form.utility, {**self.parameters, PROFIT: payoffs[at]}, "utility"
                )
        return payoffs

    def weights(self) -> dict[str, float]:
        """Return the bargaining power by player: 1 unless given."""
        return self._by_player(self.weight_array())

    def weight_array(self) -> Array:
        """Return `weights` as an array, in the order of `players`."""
        weights = np.ones(len(self.players))
        for player, expression in (self.bargaining.weights or {}).items():
            weights[self._position(player)] = self._value(
                expression,
                f"bargaining.weights.{as_key(player)}",
                low=0.0,
                wanted="a weight of at least 0",
            )
        if not weights.any():
            raise SpecError("all weights are 0: give one above 0", key="bargaining.weights")
        return weights

    def shares_given(self) -> float | None:
        """Return the share that the contract gives, if it gives one."""
        if self.contract.share is None:
            return None
        low, high = self.contract.bounds
        wanted = f"a share within the bounds [{low:g}, {high:g}]"
        return self._value(self.contract.share, "contract.share", low, high, wanted)

    def highest_levels(self) -> dict[str, float]:
        """Return by attribute the greatest level, infinite unless bounded."""
        levels = dict.fromkeys(self.attributes, math.inf)
        for attribute, expression in self.level_bounds.items():
            key = f"levels.{attribute}.max"
            level = self._value(expression, key, low=0.0, wanted="a level above 0")
            if level == 0.0:
                raise SpecError("expected a level above 0, not 0", key=key)
            levels[attribute] = level
        return levels

    def floors(self) -> dict[str, dict[str, float]]:
        """Return the regulator's floors by attribute, of the ``generalist`` and ``specialists``.

        An attribute without a floor is left out.
        """
        rules = self.regulation or Regulation()
        return {
            who: {
                attribute: self._value(floor, f"regulation.{who}.{attribute}")
                for attribute, floor in floors.items()
            }
            for who, floors in ((GENERALIST, rules.generalist), ("specialists", rules.specialists))
        }

    def liability(self) -> dict[str, float]:
        """Return the fractions of harm that ``generalist`` and ``specialists`` pay."""
        fractions = {GENERALIST: 0.0, "specialists": 0.0}
        for who, expression in (self.harm.liability if self.harm else {}).items():
            key = f"harm.liability.{who}"
            fractions[who] = self._value(expression, key, 0.0, 1.0, "a fraction between 0 and 1")
        total = sum(fractions.values())
        if total > 1.0 + 1e-12:
            raise SpecError(
                f"the fractions add up to {total:g}: they must not exceed 1 together",
                key="harm.liability",
            )
        return fractions

    def revenue_tax(self) -> float:
        """Return the fraction of revenue that is paid in taxes; negative for a subsidy."""
        if self.taxes is None:
            return 0.0
        wanted = "a fraction of at most 1"
        return self._value(self.taxes.revenue, "taxes.revenue", high=1.0, wanted=wanted)

    def welfare_weights(self) -> dict[str, float]:
        """Return what a unit of public ``harm`` takes from welfare and one of ``tax`` adds."""
        rules = self.welfare or Welfare()
        return {
            "harm": self._value(rules.harm_weight, "welfare.harm_weight"),
            "tax": self._value(rules.tax_weight, "welfare.tax_weight"),
        }

    @property
    def has_policy(self) -> bool:
        """Whether levels have several attributes, or floors, liability or taxes bear on them."""
        own = any(group.form.harm is not None for group in self.specialists.groups)
        rules = (self.regulation, self.harm, self.taxes, self.welfare)
        return own or len(self.attributes) > 1 or any(rule is not None for rule in rules)

    def _position(self, player: str) -> int:
        return 0 if player == GENERALIST else self.specialists.positions[player] + 1

    def _by_player(self, values: Array) -> dict[str, float]:
        return dict(zip(self.players, values.tolist(), strict=True))

    def _of_parameters(
        self,
        player: str,
        expression: Expression,
        part: str,
        more: Mapping[str, float] = FrozenMapping(),
    ) -> float:
        """Return the value of a player's formula of its parameters."""
        values: Mapping[str, float] = {}
        if expression.names:
            specialist = None if player == GENERALIST else self.specialist(player)
            values = {**self.values(specialist), **more}
        try:
            return number(expression.evaluate(values))
        except SpecError as error:
            prefix = player if player == GENERALIST else f"specialists.{as_key(player)}"
            raise error.within(key=f"{prefix}.{part}") from None

    def _value(
        self,
        expression: Expression,
        key: str,
        low: float = -math.inf,
        high: float = math.inf,
        wanted: str = "a finite number",
    ) -> float:
        """Return the value of a formula of the game's parameters, within its range."""
        return checked_value(
            expression, self.parameters, key=key, low=low, high=high, wanted=wanted
        )
