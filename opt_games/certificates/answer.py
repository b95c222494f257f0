"""Certificates of answers, and of answers read from a file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opt_games.certificates.certificate import Certificate
from opt_games.errors import SpecError

if TYPE_CHECKING:
    from opt_games.game import Game
    from opt_games.result import Bargain

_AGREE = 1e-9  # of numbers that stand twice in a file, and of profits and those evaluated again


def certify(
    game: Game, found: Bargain, *, tolerance: float = 1e-6, time_limit: float | None = None
) -> Bargain:
    """Prove how much anybody could gain by deviating from an answer.

    Only contract and levels are taken from the answer; nothing is solved again, and no search is
    trusted. Everything is bounded by interval arithmetic.

    Parameters
    ----------
    game : Game
    found : Bargain
        What `opt_games.solve` returned for it.
    tolerance : float
        The largest regret of a certified answer, in units of utility.
    time_limit : float, optional
        Seconds; bounds are valid when it stops, but may be too far for a certificate.

    Returns
    -------
    Bargain
        The same answer, with its `Bargain.certificate`.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> answer = opt_games.certify(game, opt_games.solve(game, share=0.4))
    >>> answer.certificate.certified, answer.certificate.regret["generalist"] <= 1e-6
    (True, True)
    """
    # intervals take a while to import, and few answers are certified
    from opt_games.certificates.contract import certify_contract

    at = found.equilibrium
    certificate = certify_contract(
        game,
        found.solution,
        None if at is None else at.shares,
        None if at is None else at.levels,
        tolerance=tolerance,
        time_limit=time_limit,
    )
    return replace(found, certificate=certificate)


def recheck(
    source: str | Path | Mapping[str, Any],
    *,
    time_limit: float | None = None,
) -> Certificate:
    """Prove a certificate again from what stands in its file, without solving anything.

    Parameters
    ----------
    source : path or mapping
        The JSON document of ``opt-games verify``, which holds the game, the contract and levels.
    time_limit : float, optional
        Seconds.

    Returns
    -------
    Certificate
        Of the numbers in the file. Not certified if they contradict each other or what can be
        proven; `Certificate.reasons` says why.

    Raises
    ------
    SpecError
        If the file holds no certificate, or no game that can be read.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> document = opt_games.solve(game, share=0.4, certify=True).to_dict()
    >>> opt_games.recheck(document).certified
    True
    >>> document["levels"]["law"]["alpha"] = document["certificate"]["levels"]["law"]["alpha"] = 0.7
    >>> opt_games.recheck(document).certified
    False
    """
    from opt_games.certificates.contract import certify_contract
    from opt_games.spec import loads

    document, file = _read(source)
    stated = document.get("certificate")
    if not isinstance(stated, Mapping):
        raise SpecError("holds no certificate: write one by opt-games verify --json", file=file)
    if not isinstance(stated.get("spec"), str):
        raise SpecError(
            "holds no text of the game: it has formulas that are functions, or too many "
            "specialists; certify it where it is built",
            file=file,
            key="certificate.spec",
        )
    game = loads(stated["spec"], file="certificate.spec")
    try:
        certificate = certify_contract(
            game,
            str(document["solution"]),
            stated["shares"],
            stated["levels"] if document["agreement"] else None,
            tolerance=float(stated["tolerance"]),
            time_limit=time_limit,
        )
        reasons = _contradictions(document, stated, certificate, game)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SpecError(f"not a document of opt-games verify: {error!r}", file=file) from None
    return replace(certificate, reasons=(*certificate.reasons, *reasons))


def _read(source: str | Path | Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    if isinstance(source, Mapping):
        return source, "<document>"
    try:
        document = json.loads(Path(source).read_bytes())
    except OSError as error:
        raise SpecError(f"cannot read the file: {error.strerror}", file=str(source)) from None
    except ValueError as error:
        raise SpecError(f"not valid JSON: {error}", file=str(source)) from None
    if not isinstance(document, Mapping):
        raise SpecError("not a document of opt-games verify", file=str(source))
    return document, str(source)


def _contradictions(
    document: Mapping[str, Any], stated: Mapping[str, Any], proven: Certificate, game: Game
) -> list[str]:
    """Compare what stands in a document with what it is certified for."""
    reasons = []
    if hashlib.sha256(stated["spec"].encode()).hexdigest() != stated["fingerprint"]:
        reasons.append("the game is not the one of the fingerprint")
    if not document["agreement"]:
        return reasons
    for what in ("shares", "levels"):
        if not _equal(document[what], stated[what]):
            reasons.append(f"the {what} are not those of the certificate")
    profits = document["profits"]
    worth = {player: game.utility_of(player, profit) for player, profit in profits.items()}
    for what, given, right in (
        ("profits", profits, proven.profits),
        ("utilities", document["utilities"], worth),
    ):
        if not _equal(given, right):
            reasons.append(f"the {what} are not those of the levels")
    return reasons


def _equal(one: Any, other: Any) -> bool:
    """Whether numbers by name, nested or not, agree up to rounding."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[k], other[k]) for k in one)
    if one is None or other is None:
        return one is other
    return math.isclose(float(one), float(other), rel_tol=_AGREE, abs_tol=_AGREE)
