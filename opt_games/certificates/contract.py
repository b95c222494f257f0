"""Certificates of a contract: of its equilibrium, and of the bargain that led to it."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace

from opt_games.certificates.bargain import bargain_gap
from opt_games.certificates.certificate import Certificate
from opt_games.certificates.certify import Levels, certify_levels, unclaimed
from opt_games.game import Game

GIVEN = "given"


def certify_contract(
    game: Game,
    solution: str,
    shares: Mapping[str, float] | None,
    levels: Levels | None,
    *,
    tolerance: float,
    time_limit: float | None,
) -> Certificate:
    """Certify levels under a contract, and that no other contract is better by a solution.

    Parameters
    ----------
    game : Game
    solution : str
        Canonical name of a bargaining solution, or ``"given"``.
    shares, levels : mappings, or None without agreement
    tolerance, time_limit
        As in `opt_games.certify`.

    Examples
    --------
    >>> import opt_games
    >>> found = certify_contract(
    ...     opt_games.load("quadratic"),
    ...     "given",
    ...     {"law": 0.4},
    ...     {"generalist": {"alpha": 0.2}, "law": {"alpha": 0.8}},
    ...     tolerance=1e-6,
    ...     time_limit=None,
    ... )
    >>> found.certified
    True
    """
    begin = time.monotonic()
    deadline = begin + (math.inf if time_limit is None else time_limit)
    if shares is None:
        certificate = unclaimed(game, tolerance)
    else:
        certificate = certify_levels(
            game, shares, levels, tolerance=tolerance, time_limit=time_limit
        )
    if solution == GIVEN:
        return certificate
    gap = bargain_gap(game, solution, certificate, deadline)
    reasons = certificate.reasons
    if shares is None and not gap.certified:
        reasons = (*reasons, "it is not proven that no contract is acceptable")
    return replace(certificate, bargain=gap, reasons=reasons, seconds=time.monotonic() - begin)
