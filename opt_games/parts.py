"""The parts of a game: players, contract, bargaining, regulation, harm, taxes and welfare."""
# The defaults here are descriptors, from which dataclasses read the true default:
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from opt_games.errors import SpecError
from opt_games.expression import Expression, FormulaLike
from opt_games.fields import (
    Converted,
    FrozenMapping,
    formula,
    formulas,
    number,
    numbers_by_name,
    optional_formula,
    optional_formulas,
)
from opt_games.names import as_key, did_you_mean, quoted

GENERALIST = "generalist"
"""The name of the player who sets the base level."""

SOLUTIONS: tuple[str, ...] = (
    "utilitarian",
    "weighted",
    "nash",
    "kalai-smorodinsky",
    "egalitarian",
    "max-performance",
    "powerful-generalist",
    "powerful-specialist",
)
"""The bargaining solutions, by their canonical names."""

SOLUTION_ALIASES: Mapping[str, str] = FrozenMapping(
    {"vertical-monopoly": "utilitarian", "ks": "kalai-smorodinsky"}
)
"""Other names of bargaining solutions."""

_ZERO = Expression.parse(0.0)
_ONE = Expression.parse(1.0)
_Required = Converted[FormulaLike, Expression]
_Optional = Converted[FormulaLike | None, Expression | None]
_Several = Converted[Mapping[str, FormulaLike], Mapping[str, Expression]]
_OptionalSeveral = Converted[Mapping[str, FormulaLike] | None, Mapping[str, Expression] | None]
_Numbers = Converted[Mapping[str, float], Mapping[str, float]]


def canonical_solution(name: str) -> str:
    """Return the canonical name of a bargaining solution.

    Parameters
    ----------
    name : str
        One of `SOLUTIONS` or an alias.

    Raises
    ------
    SpecError
        If there is no such solution.

    Examples
    --------
    >>> canonical_solution("ks")
    'kalai-smorodinsky'
    """
    if name in SOLUTIONS:
        return name
    if name in SOLUTION_ALIASES:
        return SOLUTION_ALIASES[name]
    hint = did_you_mean(str(name), [*SOLUTIONS, *SOLUTION_ALIASES])
    raise SpecError(
        f"unknown bargaining solution {quoted(name)}{hint}: choose from {', '.join(SOLUTIONS)}"
    )


def why_not_a_specialist(name: object) -> str | None:
    """Say why a specialist cannot be called so, or return None if it can.

    Examples
    --------
    >>> why_not_a_specialist("generalist")
    '"generalist" is the player who sets the base level: pick another name'
    """
    if not isinstance(name, str) or not name or name != name.strip():
        return "expected a name: text that neither is empty nor begins or ends with a space"
    if "=" in name or not name.isprintable():
        return f'the name {quoted(name)} must be one line without "="'
    if name == GENERALIST:
        return f'"{GENERALIST}" is the player who sets the base level: pick another name'
    return None


@dataclass(frozen=True)
class Generalist:
    """The player who brings the technology to a base level.

    Parameters
    ----------
    cost : str, float, callable or Expression
        Money, of the base level: ``alpha0`` and so on.
    utility : formula, optional
        Of ``profit``; by default the profit itself.
    outside_option : formula, default 0
        Money if this player abstains.

    Examples
    --------
    >>> Generalist(cost="c0 * alpha0**2").cost.text
    'c0 * alpha0**2'
    """

    cost: _Required = _Required(formula)
    utility: _Optional = _Optional(optional_formula, None)
    outside_option: _Required = _Required(formula, _ZERO)

    @property
    def _key(self) -> str:
        return GENERALIST


@dataclass(frozen=True)
class Specialist:
    """A player who adapts the technology to a final level for its own domain.

    Parameters
    ----------
    name : str
        Any one-line text but ``generalist``, without ``=``.
    revenue : formula
        Money, of the final level: ``alpha1`` and so on.
    cost : formula
        Money, of the final and the base level.
    parameters : mapping of str to float, optional
        Local parameters; they shadow the game's.
    utility, outside_option : formula, optional
        As for the generalist.
    harm : formula, optional
        Expected harm of this domain; replaces that of the game.

    Examples
    --------
    >>> law = Specialist("law", "rho * alpha1", "(alpha1 - alpha0)**2", {"rho": 2})
    >>> law.parameters["rho"]
    2.0
    """

    name: str
    revenue: _Required = _Required(formula)
    cost: _Required = _Required(formula)
    parameters: _Numbers = _Numbers(numbers_by_name, FrozenMapping())
    utility: _Optional = _Optional(optional_formula, None)
    outside_option: _Required = _Required(formula, _ZERO)
    harm: _Optional = _Optional(optional_formula, None)

    def __post_init__(self) -> None:
        reason = why_not_a_specialist(self.name)
        if reason:
            raise SpecError(reason, key="specialists.name")

    @property
    def _key(self) -> str:
        return f"specialists.{as_key(self.name)}"


@dataclass(frozen=True)
class Contract:
    """How the generalist and the specialists may share revenue.

    Parameters
    ----------
    shares : {"common", "separate"}, default "common"
        One share of the generalist for all domains, or one per domain.
    bounds : pair of float, default (0, 1)
        The least and the greatest share that may be agreed.
    share : formula of parameters, optional
        A given share, used where no bargaining solution is asked for.

    Examples
    --------
    >>> Contract(share=0.4).bounds
    (0.0, 1.0)
    """

    shares: Literal["common", "separate"] = "common"
    bounds: tuple[float, float] = (0.0, 1.0)
    share: _Optional = _Optional(optional_formula, None)

    def __post_init__(self) -> None:
        if self.shares not in ("common", "separate"):
            hint = did_you_mean(str(self.shares), ("common", "separate"))
            raise SpecError(
                f'expected "common" or "separate", not {quoted(self.shares)}{hint}',
                key="contract.shares",
            )
        try:
            low, high = (number(bound) for bound in self.bounds)
        except (TypeError, ValueError, SpecError):
            low, high = 1.0, 0.0
        if not 0.0 <= low <= high <= 1.0:
            raise SpecError(
                "expected two numbers with 0 <= lowest share <= highest share <= 1, such as "
                f"[0.0, 1.0], not {quoted(self.bounds)}",
                key="contract.bounds",
            )
        object.__setattr__(self, "bounds", (low, high))

    @property
    def _key(self) -> str:
        return "contract"


@dataclass(frozen=True)
class Bargaining:
    """How the players settle on a contract.

    Parameters
    ----------
    solution : str, optional
        One of `SOLUTIONS` or an alias, kept by its canonical name.
    weights : mapping of str to formula of parameters, optional
        Bargaining power by player; 1 for those not named.
    disagreement : mapping of str to formula of parameters, optional
        Utility by player if there is no agreement; for those not named, the utility of the
        outside option.

    Examples
    --------
    >>> Bargaining("vertical-monopoly").solution
    'utilitarian'
    """

    solution: str | None = None
    weights: _OptionalSeveral = _OptionalSeveral(optional_formulas, None)
    disagreement: _OptionalSeveral = _OptionalSeveral(optional_formulas, None)

    def __post_init__(self) -> None:
        if self.solution is None:
            return
        try:
            solution = canonical_solution(self.solution)
        except SpecError as error:
            raise error.within(key="bargaining.solution") from None
        if solution == "weighted" and self.weights is None:
            raise SpecError(
                'the solution "weighted" needs weights, such as { generalist = 2.0 }; without '
                'them it is "utilitarian"',
                key="bargaining.weights",
            )
        object.__setattr__(self, "solution", solution)

    @property
    def _key(self) -> str:
        return "bargaining"


@dataclass(frozen=True)
class Regulation:
    """Floors that a regulator sets on the levels, by attribute.

    Parameters
    ----------
    generalist, specialists : mapping of str to formula of parameters, optional
        Floors on the base level, and on every final level.

    Examples
    --------
    >>> Regulation(specialists={"beta": "theta_D"}).specialists["beta"].text
    'theta_D'
    """

    generalist: _Several = _Several(formulas, FrozenMapping())
    specialists: _Several = _Several(formulas, FrozenMapping())

    @property
    def _key(self) -> str:
        return "regulation"


@dataclass(frozen=True)
class Harm:
    """Harm that a technology may do in a domain, and who pays for it.

    Parameters
    ----------
    expected : formula
        Expected harm per domain, of the final level.
    liability : mapping, optional
        Fraction of the harm that ``generalist`` and ``specialists`` pay; the public bears the rest.

    Examples
    --------
    >>> Harm("exp(-beta1)", {"generalist": 0.3}).liability["generalist"].text
    '0.3'
    """

    expected: _Required = _Required(formula)
    liability: _Several = _Several(formulas, FrozenMapping())

    def __post_init__(self) -> None:
        for who in self.liability:
            if who not in (GENERALIST, "specialists"):
                hint = did_you_mean(str(who), (GENERALIST, "specialists"))
                raise SpecError(
                    f"unknown key {quoted(who)}{hint}: those liable are generalist and specialists",
                    key=f"harm.liability.{as_key(who)}",
                )

    @property
    def _key(self) -> str:
        return "harm"


@dataclass(frozen=True)
class Taxes:
    """What the players pay to the public; negative amounts are subsidies.

    Who abstains pays nothing.

    Parameters
    ----------
    generalist : formula, default 0
        Money, of the base level.
    specialists : formula, default 0
        Money that every specialist pays, of its final level.
    revenue : formula of parameters, default 0
        The fraction of a domain's revenue that is paid before the rest is shared; at most 1.

    Examples
    --------
    >>> Taxes(specialists="-0.1 * beta1", revenue=0.2).specialists.text
    '-0.1 * beta1'
    """

    generalist: _Required = _Required(formula, _ZERO)
    specialists: _Required = _Required(formula, _ZERO)
    revenue: _Required = _Required(formula, _ZERO)

    @property
    def _key(self) -> str:
        return "taxes"


@dataclass(frozen=True)
class Welfare:
    """What society gains beside the players' utilities.

    Parameters
    ----------
    consumer_surplus : formula, default 0
        Money per domain, of the final level.
    harm_weight, tax_weight : formula of parameters, default 1
        What a unit of harm that the public bears takes away, and a unit of taxes adds.

    Examples
    --------
    >>> Welfare("0.2 * alpha1").consumer_surplus.text
    '0.2 * alpha1'
    """

    consumer_surplus: _Required = _Required(formula, _ZERO)
    harm_weight: _Required = _Required(formula, _ONE)
    tax_weight: _Required = _Required(formula, _ONE)

    @property
    def _key(self) -> str:
        return "welfare"
