"""From a game back to the text of a spec file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from opt_games.expression import Expression
from opt_games.game import Game
from opt_games.parts import Generalist, Specialist

LISTED = 1000
"""Of a larger market only so many specialists are written, and a checksum of all of them."""


def to_toml(game: Game) -> str:
    """Write a game as the text of a spec file.

    Formulas that are functions stand there by name, and of large markets only the first
    specialists: such a text cannot be read back.

    Parameters
    ----------
    game : Game

    Returns
    -------
    str
        What `opt_games.loads` reads as the same game.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic").with_parameters(c1=0.7)
    >>> opt_games.loads(to_toml(game)) == game
    True
    """
    import tomli_w

    document = to_document(game)
    checksum = document.pop("specialists_sha256", None)
    text = tomli_w.dumps(document)
    if checksum is not None:
        text += f"\n# {len(game.specialists)} specialists in all, SHA-256 {checksum}\n"
    return text


def to_document(game: Game) -> dict[str, Any]:
    """Return the tables of a game's spec file.

    Examples
    --------
    >>> import opt_games
    >>> to_document(opt_games.load("quadratic"))["generalist"]["cost"]
    'c0 * alpha0**2'
    """
    contract, bargaining = game.contract, game.bargaining
    document: dict[str, Any] = {
        "schema": game.schema,
        "name": game.name,
        "source": game.source,
        "attributes": list(game.attributes),
        "parameters": dict(game.parameters),
        "levels": {name: {"max": bound.text} for name, bound in game.level_bounds.items()},
        "generalist": _player(game.generalist, cost=game.generalist.cost.text),
        "specialists": [_specialist(each) for each in game.specialists[:LISTED]],
        "contract": {"shares": contract.shares, "bounds": list(contract.bounds)}
        | _given(share=contract.share),
        "bargaining": {
            **({"solution": bargaining.solution} if bargaining.solution else {}),
            **_tables(weights=bargaining.weights, disagreement=bargaining.disagreement),
        },
    }
    if game.regulation:
        floors = game.regulation
        document["regulation"] = _tables(
            generalist=floors.generalist, specialists=floors.specialists
        )
    if game.harm:
        document["harm"] = {
            "expected": game.harm.expected.text,
            **_tables(liability=game.harm.liability),
        }
    if game.welfare:
        document["welfare"] = _given(**vars(game.welfare))
    if game.taxes:
        document["taxes"] = _given(**vars(game.taxes))
    if len(game.specialists) > LISTED:
        document["specialists_sha256"] = _checksum(game)
    optional = ("source", "levels", "parameters", "bargaining")
    return {key: value for key, value in document.items() if value or key not in optional}


def has_functions(game: Game) -> bool:
    """Tell whether a formula of the game is a Python function, which no text can stand for.

    Examples
    --------
    >>> import opt_games
    >>> has_functions(opt_games.load("quadratic"))
    False
    """
    players = (game.generalist, *(group.form for group in game.specialists.groups))
    formulas = [value for player in players for value in vars(player).values()]
    rules = (game.regulation, game.harm, game.taxes, game.welfare)
    for part in (game.contract, game.bargaining, *rules):
        for value in vars(part).values() if part is not None else ():
            formulas += value.values() if isinstance(value, Mapping) else [value]
    formulas += game.level_bounds.values()
    return any(isinstance(each, Expression) and each.is_function for each in formulas)


def _player(player: Generalist | Specialist, **more: Any) -> dict[str, Any]:
    outside = {"outside_option": player.outside_option.text}
    return {**more, **_given(utility=player.utility), **outside}


def _specialist(specialist: Specialist) -> dict[str, Any]:
    parameters = dict(specialist.parameters)
    return {
        "name": specialist.name,
        **_player(specialist, **_formulas(specialist)),
        **({"parameters": parameters} if parameters else {}),
    }


def _formulas(specialist: Specialist) -> dict[str, str]:
    return _given(revenue=specialist.revenue, cost=specialist.cost, harm=specialist.harm)


def _given(**formulas: Expression | None) -> dict[str, str]:
    return {name: formula.text for name, formula in formulas.items() if formula is not None}


def _tables(**tables: Mapping[str, Expression] | None) -> dict[str, dict[str, str]]:
    return {
        key: {name: formula.text for name, formula in table.items()}
        for key, table in tables.items()
        if table is not None
    }


def _checksum(game: Game) -> str:
    digest = hashlib.sha256()
    digest.update("\n".join(game.specialists.names).encode())
    for group in game.specialists.groups:
        digest.update(repr(_player(group.form, **_formulas(group.form))).encode())
        for values in (group.members, *group.columns.values()):
            digest.update(values.astype("<f8").tobytes())
    return digest.hexdigest()
