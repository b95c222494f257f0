"""What an outcome means for the public: harm, taxes, consumer surplus, and social welfare."""

from __future__ import annotations

from collections.abc import Mapping

from opt_games.expression import Expression
from opt_games.fields import FrozenMapping
from opt_games.game import GENERALIST, Game
from opt_games.kernels.array_function import Array
from opt_games.result import Levels


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
