"""What liability for harm and taxes take from the players, as Pyomo expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opt_games.game import GENERALIST, Game, Specialist


@dataclass(frozen=True)
class DomainMoney:
    """The money of one domain.

    Attributes
    ----------
    game : Game
    specialist : Specialist
    common : mapping
        What stands for the parameters of the game.
    """

    game: Game
    specialist: Specialist
    common: Mapping[str, Any]

    def kept(self, revenue: Any) -> Any:
        """Return what the tax leaves of the revenue."""
        taxes = self.game.taxes
        return revenue if taxes is None else (1 - taxes.revenue.build(self.common)) * revenue

    def dues(self, who: str, symbols: Mapping[str, Any]) -> Any:
        """Return what ``generalist`` or ``specialists`` pay for the domain's final levels."""
        due: Any = 0.0
        game = self.game
        harm = self.specialist.harm or (game.harm.expected if game.harm else None)
        liability = game.harm.liability.get(who) if game.harm else None
        if harm is not None and liability is not None:
            due += liability.build(self.common) * harm.build(symbols)
        if who != GENERALIST and game.taxes is not None:
            due += game.taxes.specialists.build(symbols)
        return due

    def profit(self, share: Any, symbols: Mapping[str, Any]) -> Any:
        """Return the specialist's profit."""
        earned = (1 - share) * self.kept(self.specialist.revenue.build(symbols))
        return less(earned - self.specialist.cost.build(symbols), self.dues("specialists", symbols))

    def leads(self, share: Any, revenue: Any, symbols: Mapping[str, Any]) -> Any:
        """Return what the generalist gets from the domain."""
        return less(share * self.kept(revenue), self.dues(GENERALIST, symbols))


def generalist_cost(game: Game, common: Mapping[str, Any], base: Mapping[str, Any]) -> Any:
    """Return what the generalist's levels cost it, taxes on them included."""
    symbols = {**common, **base}
    cost = game.generalist.cost.build(symbols)
    return cost if game.taxes is None else less(cost, -game.taxes.generalist.build(symbols))


def less(money: Any, due: Any) -> Any:
    """Return a difference, without a term that is nothing."""
    return money if isinstance(due, float) and due == 0.0 else money - due
