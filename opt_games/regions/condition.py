"""Conditions: what an outcome is in kind, apart from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opt_games.parts import GENERALIST
from opt_games.result import ABSTAIN, CONTRIBUTE, FREE_RIDE

_VERBS = {
    CONTRIBUTE: ("contributes", "contribute"),
    "comply": ("complies", "comply"),
    FREE_RIDE: ("free-rides", "free-ride"),
    ABSTAIN: ("abstains", "abstain"),
}
_NAMED = 3  # players of one regime that a text names; more are counted


@dataclass(frozen=True)
class Condition:
    """What an outcome is in kind; each attribute is None where no answer could be computed.

    Attributes
    ----------
    agreement : bool or None
        Whether there is a contract that everybody accepts.
    profit_sharing : bool or None
        Whether all who take part keep a strictly positive part of the revenue and gain strictly
        over disagreement.
    regimes : mapping of str to str, or None
        By player, see `opt_games.Equilibrium`.

    Examples
    --------
    >>> Condition(True, True, {"generalist": "contribute", "law": "free-ride"}).in_words()
    'law free-rides, revenue shared'
    """

    agreement: bool | None
    profit_sharing: bool | None
    regimes: Mapping[str, str] | None

    @property
    def solved(self) -> bool:
        """Whether there is an answer."""
        return self.regimes is not None

    def in_words(self) -> str:
        """Return a short text, such as for a legend."""
        if self.regimes is None:
            return "no answer"
        if not self.agreement:
            return "no agreement"
        if self.regimes[GENERALIST] == ABSTAIN:
            return "all abstain"
        shared = "revenue shared" if self.profit_sharing else "revenue not shared"
        return f"{regimes_in_words(self.regimes)}, {shared}"

    def to_dict(self) -> dict[str, Any]:
        """Return the entries of the JSON output."""
        return {
            "agreement": self.agreement,
            "profit_sharing": self.profit_sharing,
            "regimes": None if self.regimes is None else dict(self.regimes),
        }


NO_ANSWER = Condition(None, None, None)
"""The condition where no answer could be computed."""


def regimes_in_words(regimes: Mapping[str, str]) -> str:
    """Say what every specialist does; many specialists are counted.

    Examples
    --------
    >>> regimes_in_words({"generalist": "contribute", "law": "contribute", "film": "abstain"})
    'law contributes, film abstains'
    """
    parts = []
    for regime, verbs in _VERBS.items():
        who = [player for player in regimes if player != GENERALIST and regimes[player] == regime]
        if who:
            parts.append(f"{_listed(who)} {verbs[len(who) > 1]}")
    return ", ".join(parts)


def _listed(names: Sequence[str]) -> str:
    if len(names) > _NAMED:
        return f"{len(names)} specialists"
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])
