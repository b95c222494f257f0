"""What an outcome means for the public: harm, taxes, consumer surplus, and social welfare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opt_games.expression import Expression
from opt_games.fields import FrozenMapping
from opt_games.game import GENERALIST, Game
from opt_games.kernels.array_function import Array
from opt_games.parts import Taxes, Welfare
from opt_games.result import Levels

if TYPE_CHECKING:
    import xarray as xr


def society(game: Game, levels: Mapping[str, Levels], utilities: Array) -> Mapping[str, float]:
    """Return what an outcome means for the public.

    Parameters
    ----------
    game : Game
    levels : mapping of str to levels
        By player; None for who abstains.
    utilities : ndarray, shape (players,)

    Returns
    -------
    mapping of str to float
        ``harm``, of which the public bears ``public_harm``; ``consumer_surplus``; ``taxes`` that
        the public gets; and ``welfare``: the sum of utilities less public harm, plus consumer
        surplus and taxes, by the weights of the game. All in money; empty for games without
        ``[harm]``, ``[taxes]`` and ``[welfare]``.

    Examples
    --------
    >>> import numpy as np
    >>> from opt_games import Generalist, Harm, Specialist
    >>> game = Game(
    ...     "g", Generalist("alpha0**2"), [Specialist("law", "alpha1", 0)], harm=Harm("2 * alpha1")
    ... )
    >>> at = {"generalist": {"alpha": 0.0}, "law": {"alpha": 1.0}}
    >>> society(game, at, np.array([0.0, 1.0]))["welfare"]
    -1.0
    """
    own = any(group.form.harm is not None for group in game.specialists.groups)
    if not (own or game.harm or game.taxes or game.welfare):
        return FrozenMapping()
    liable = sum(game.liability().values())
    harm = public = surplus = paid = 0.0
    base = levels[GENERALIST]
    if base is not None and game.taxes is not None:
        at = {f"{name}0": level for name, level in base.items()}
        paid += game.taxes.generalist.evaluate({**game.parameters, **at})
    for specialist in game.specialists:
        final = levels[specialist.name]
        if final is None:
            continue
        at = {f"{name}1": level for name, level in final.items()}
        values = {**game.values(specialist), **at}
        formula = specialist.harm or (game.harm.expected if game.harm else Expression.parse(0.0))
        damage = formula.evaluate(values)
        harm += damage
        public += (1.0 - liable) * damage
        if game.welfare is not None:
            surplus += game.welfare.consumer_surplus.evaluate(values)
        if game.taxes is not None:
            paid += game.revenue_tax() * specialist.revenue.evaluate(values)
            paid += game.taxes.specialists.evaluate(values)
    weights = game.welfare_weights()
    welfare = float(utilities.sum()) - weights["harm"] * public + surplus + weights["tax"] * paid
    return FrozenMapping(
        {
            "harm": harm,
            "public_harm": public,
            "consumer_surplus": surplus,
            "taxes": paid,
            "welfare": welfare,
        }
    )


def of_sweep(game: Game, found: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the same for every point of a sweep, ``social_welfare`` for welfare.

    Parameters
    ----------
    game : Game
    found : xarray.Dataset
        What `opt_games.sweep` returned for it.
    """
    own = any(group.form.harm is not None for group in game.specialists.groups)
    if not (own or game.harm or game.taxes or game.welfare):
        return {}
    import xarray as xr

    seen = {
        name: found[name] if name in found.coords else value
        for name, value in game.parameters.items()
    }
    zero = 0.0 * found["utility"].isel(player=0, drop=True)

    def value(formula: Expression, symbols: Mapping[str, Any]) -> xr.DataArray:
        """Evaluate over labelled arrays."""
        arrays = [xr.DataArray(symbols[name]) for name in formula.names]
        spread = xr.broadcast(zero, *arrays)[1:]
        columns = {name: each.values for name, each in zip(formula.names, spread, strict=True)}
        return zero + formula.evaluate_columns(columns)

    def at(player: str, end: str) -> dict[str, Any]:
        levels = found["level"].sel(player=player, drop=True)
        return {f"{name}{end}": levels.sel(attribute=name, drop=True) for name in game.attributes}

    def if_there(player: str, money: xr.DataArray) -> xr.DataArray:
        """Return the money of a domain, 0 where its player abstains."""
        there = found["level"].sel(player=player, drop=True).notnull().all("attribute")
        return money.where(there, 0.0)

    liability = game.harm.liability if game.harm else {}
    liable = sum((value(each, seen) for each in liability.values()), start=zero)
    taxes, welfare = game.taxes or Taxes(), game.welfare or Welfare()
    harm, surplus = zero, zero
    paid = if_there(GENERALIST, value(taxes.generalist, {**seen, **at(GENERALIST, "0")}))
    for specialist in game.specialists:
        name = specialist.name
        symbols = {**seen, **specialist.parameters, **at(name, "1")}
        formula = specialist.harm or (game.harm.expected if game.harm else None)
        if formula is not None:
            harm = harm + if_there(name, value(formula, symbols))
        surplus = surplus + if_there(name, value(welfare.consumer_surplus, symbols))
        due = value(taxes.revenue, seen) * value(specialist.revenue, symbols)
        paid = paid + if_there(name, due + value(taxes.specialists, symbols))
    public = (1.0 - liable) * harm
    total = found["utility"].sum("player", skipna=False)
    total = total - value(welfare.harm_weight, seen) * public + surplus
    total = total + value(welfare.tax_weight, seen) * paid
    named = {
        "harm": (harm, "expected harm"),
        "public_harm": (public, "harm that the public bears"),
        "consumer_surplus": (surplus, "consumer surplus"),
        "taxes": (paid, "taxes less subsidies"),
        "social_welfare": (total, "social welfare"),
    }
    return {
        name: values.assign_attrs(long_name=text, units="money")
        for name, (values, text) in named.items()
    }
