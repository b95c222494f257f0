"""Checks that span the parts of a game: which names may stand in which formula, and whose."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from opt_games.errors import SpecError
from opt_games.expression import FUNCTIONS, Expression
from opt_games.fields import number
from opt_games.names import as_key, did_you_mean, quoted, why_not_a_name
from opt_games.parts import GENERALIST, Specialist

if TYPE_CHECKING:
    from opt_games.game import Game

PROFIT = "profit"
"""The name that a utility is a function of."""

RESERVED = {
    PROFIT: "is what a utility is a function of",
    "share": "is what the players bargain over",
    GENERALIST: "is the player who sets the base level",
    **dict.fromkeys(FUNCTIONS, "is a function"),
}
"""Names that no parameter may have, and why."""


def check_game(game: Game) -> None:
    """Raise `SpecError` for the first name that is wrong, missing or given twice.

    Specialists that share their formulas and the names of their parameters are checked once.

    Examples
    --------
    >>> from opt_games.game import Game
    >>> from opt_games.parts import Generalist, Specialist
    >>> Game("g", Generalist("alpha1"), [Specialist("law", "alpha1", 0.0)])
    Traceback (most recent call last):
    ...
    opt_games.errors.SpecError: generalist.cost: in 'alpha1': "alpha1" is a final level, and this \
is a function of the base level: use alpha0
    """
    check_attributes(game.attributes)
    _check_players(game)
    names = _Names(game)
    names.check_parameters("parameters", game.parameters)
    names.check_global_formulas()
    for group in game.specialists.groups:
        names.check_specialist(group.form)


def check_attributes(attributes: Collection[str]) -> None:
    """Raise `SpecError` for attributes that cannot name levels."""
    if not attributes:
        raise SpecError('expected at least one attribute, such as "alpha"', key="attributes")
    for position, attribute in enumerate(attributes):
        reason = why_not_a_name(attribute)
        if reason:
            raise SpecError(f"{quoted(attribute)} {reason}", key=f"attributes[{position}]")
        clash = [level for level in (f"{attribute}0", f"{attribute}1") if level in RESERVED]
        if clash:
            raise SpecError(
                f'the level "{clash[0]}" of the attribute "{attribute}" is a function: '
                "call the attribute something else",
                key=f"attributes[{position}]",
            )
    twice = _first_twice(attributes)
    if twice is not None:
        raise SpecError(f'"{twice}" is given twice: remove one', key="attributes")


def check_known(
    given: Iterable[str], known: Collection[str], *, key: str, what: str, fix: str = ""
) -> None:
    """Raise `SpecError` under a key for the first name that is not among those known."""
    given = tuple(given)
    if len(given) > 1:
        known = dict.fromkeys(known)
    for name in given:
        if name not in known:
            hint = did_you_mean(str(name), known)
            listed = ", ".join(list(known)[:10]) + (", ..." if len(known) > 10 else "")
            raise SpecError(
                f"unknown {what} {quoted(name)}{hint}: known are {listed}{fix}",
                key=f"{key}.{as_key(name)}",
            )


def _check_players(game: Game) -> None:
    if not game.specialists:
        raise SpecError("a game has at least one specialist: add one", key="specialists")
    twice = _first_twice(game.specialists.names)
    if twice is not None:
        raise SpecError(
            f"two specialists are called {quoted(twice)}: rename one",
            key=f"specialists.{as_key(twice)}",
        )
    bargaining = game.bargaining
    for part, values in (
        ("weights", bargaining.weights),
        ("disagreement", bargaining.disagreement),
    ):
        check_known(values or (), game.players, key=f"bargaining.{part}", what="player")
    fix = "; add it to attributes"
    check_known(game.level_bounds, game.attributes, key="levels", what="attribute", fix=fix)
    if game.regulation:
        for part, values in (
            ("generalist", game.regulation.generalist),
            ("specialists", game.regulation.specialists),
        ):
            check_known(
                values, game.attributes, key=f"regulation.{part}", what="attribute", fix=fix
            )


def _first_twice(names: Collection[str]) -> str | None:
    if len(set(names)) == len(names):
        return None
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


class _Names:
    """The names of one game, by where they may stand."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.base = {f"{attribute}0": attribute for attribute in game.attributes}
        self.final = {f"{attribute}1": attribute for attribute in game.attributes}
        self.parameters = frozenset(game.parameters)

    def check_parameters(self, key: str, parameters: Iterable[str]) -> None:
        for name in parameters:
            reason = why_not_a_name(name) or RESERVED.get(name)
            if name in self.base or name in self.final:
                reason = "is a level"
            if reason:
                raise SpecError(
                    f"{quoted(name)} {reason}: rename the parameter", key=f"{key}.{as_key(name)}"
                )

    def check_global_formulas(self) -> None:
        game = self.game
        self.check("generalist.cost", game.generalist.cost, base=True)
        self.check_utility(GENERALIST, game.generalist.utility)
        of_parameters = {
            "generalist.outside_option": game.generalist.outside_option,
            "contract.share": game.contract.share,
            **_placed("bargaining.weights", game.bargaining.weights),
            **_placed("bargaining.disagreement", game.bargaining.disagreement),
            **{f"levels.{name}.max": bound for name, bound in game.level_bounds.items()},
        }
        if game.regulation:
            of_parameters |= _placed("regulation.generalist", game.regulation.generalist)
            of_parameters |= _placed("regulation.specialists", game.regulation.specialists)
        if game.harm:
            of_parameters |= _placed("harm.liability", game.harm.liability)
        if game.taxes:
            self.check("taxes.generalist", game.taxes.generalist, base=True)
            of_parameters["taxes.revenue"] = game.taxes.revenue
        if game.welfare:
            of_parameters["welfare.harm_weight"] = game.welfare.harm_weight
            of_parameters["welfare.tax_weight"] = game.welfare.tax_weight
        for key, expression in of_parameters.items():
            self.check(key, expression)

    def check_specialist(self, specialist: Specialist) -> None:
        game, key, local = self.game, specialist._key, specialist.parameters
        self.check_parameters(f"{key}.parameters", local)
        self.check(f"{key}.revenue", specialist.revenue, local, final=True)
        self.check(f"{key}.cost", specialist.cost, local, final=True, base=True)
        self.check(f"{key}.outside_option", specialist.outside_option, local)
        self.check_utility(key, specialist.utility, local)
        self.check(f"{key}.harm", specialist.harm, local, final=True)
        if game.harm and specialist.harm is None:
            self.check("harm.expected", game.harm.expected, local, final=True)
        if game.taxes:
            self.check("taxes.specialists", game.taxes.specialists, local, final=True)
        if game.welfare:
            surplus = game.welfare.consumer_surplus
            self.check("welfare.consumer_surplus", surplus, local, final=True)

    def check_utility(
        self, key: str, utility: Expression | None, local: Iterable[str] = ()
    ) -> None:
        self.check(f"{key}.utility", utility, local, profit=True)
        if utility is not None and PROFIT not in utility.names:
            raise SpecError(
                f'in {quoted(utility.text)}: a utility is a function of "{PROFIT}": use it',
                key=f"{key}.utility",
            )

    def check(
        self,
        key: str,
        expression: Expression | None,
        local: Iterable[str] = (),
        *,
        base: bool = False,
        final: bool = False,
        profit: bool = False,
    ) -> None:
        """Raise `SpecError` if the formula under a key uses a name that it may not."""
        if expression is None:
            return
        allowed = self.parameters.union(local)
        allowed |= frozenset(self.base) if base else frozenset()
        allowed |= frozenset(self.final) if final else frozenset()
        allowed |= {PROFIT} if profit else frozenset()
        wrong = sorted(expression.names - allowed)
        if wrong:
            reason = self.reason(wrong[0], allowed, base=base, final=final)
            raise SpecError(f"in {quoted(expression.text)}: {reason}", key=key)

    def reason(self, name: str, allowed: Collection[str], *, base: bool, final: bool) -> str:
        """Say why a name may not stand in a formula, and what to do."""
        if name in self.base and final:
            use = f"{self.base[name]}1"
            return f'"{name}" is a base level, and this is a function of the final level: use {use}'
        if name in self.final and base:
            use = f"{self.final[name]}0"
            return f'"{name}" is a final level, and this is a function of the base level: use {use}'
        if name in self.base or name in self.final or name == PROFIT:
            where = "in a utility" if name == PROFIT else "in revenues, costs, harm and surplus"
            return f'"{name}" stands only {where}: use parameters here'
        hint = did_you_mean(name, allowed)
        if not hint:
            groups = self.game.specialists.groups
            owner = next((group.form for group in groups if name in group.columns), None)
            if owner is not None:
                return (
                    f'"{name}" is a local parameter of {quoted(owner.name)}, unknown here: '
                    "add it to [parameters]"
                )
        attribute = name[:-1] if name[-1] in "01" and len(name) > 3 else None
        or_attribute = f', or "{attribute}" to attributes' if attribute else ""
        return f'unknown name "{name}"{hint or f": add it to [parameters]{or_attribute}"}'


def _placed(key: str, values: Mapping[str, Expression] | None) -> dict[str, Expression]:
    return {f"{key}.{as_key(name)}": value for name, value in (values or {}).items()}


def checked_value(
    expression: Expression,
    values: Mapping[str, float],
    *,
    key: str,
    low: float,
    high: float,
    wanted: str,
) -> float:
    """Return the value of a formula of parameters, or raise `SpecError` if out of range."""
    try:
        value = number(expression.evaluate(values))
    except SpecError as error:
        raise error.within(key=key) from None
    if not low <= value <= high:
        raise SpecError(f"expected {wanted}, not {value:g}", key=key)
    return value
