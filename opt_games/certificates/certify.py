"""Certificates of equilibria: for every player a proven bound on its gain from deviating."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from opt_games.certificates.certificate import Certificate
from opt_games.certificates.intervals import Array, add, point, subtract
from opt_games.certificates.leader import LeaderSearch
from opt_games.certificates.limits import total
from opt_games.certificates.payoffs import Payoffs, Region, compile_payoffs
from opt_games.certificates.replies import Boxes, Contest, Rows
from opt_games.certificates.specialists import best_replies
from opt_games.certificates.worth import Worth
from opt_games.errors import SpecError
from opt_games.game import GENERALIST, Game
from opt_games.spec.writer import LISTED, has_functions, to_toml

TOLERANCE = 1e-6
_PART = 0.1  # of the tolerance: how close bounds shall come
_ROUNDING = 1e-9  # levels may miss their bounds by so much, and are then put on them

Levels = Mapping[str, Mapping[str, float] | None]


@dataclass
class _Claim:
    """The levels that are to be certified, and what they are worth.

    Attributes
    ----------
    base : ndarray of shape (attributes,), or None
        None if the generalist abstains.
    final : ndarray, shape (attributes, specialists)
        ``nan`` for who abstains.
    low, high : ndarray, shape (players,)
        What each earns, at least and at most.
    """

    base: Array | None
    final: Array
    low: Array
    high: Array
    reasons: list[str] = field(default_factory=list)


def certify_levels(
    game: Game,
    shares: Mapping[str, float],
    levels: Levels | None,
    *,
    tolerance: float = TOLERANCE,
    time_limit: float | None = None,
) -> Certificate:
    """Prove how much any player could gain by deviating from given levels under a contract.

    Parameters
    ----------
    game : Game
    shares : mapping of str to float
        The generalist's share by specialist.
    levels : mapping of str to mapping, or None
        By player and attribute; None for who abstains, or altogether if the generalist does.
    tolerance : float
        In units of utility.
    time_limit : float, optional
        Seconds; bounds are valid when it stops, but may be too far for a certificate.

    Returns
    -------
    Certificate

    Raises
    ------
    SpecError
        If shares or levels are not those of the game's players.
    UnsupportedGameError
        For formulas that have no enclosure.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> right = {"generalist": {"alpha": 0.2}, "law": {"alpha": 0.8}}
    >>> certify_levels(game, {"law": 0.4}, right).certified
    True
    >>> wrong = {"generalist": {"alpha": 0.21}, "law": {"alpha": 0.81}}
    >>> certificate = certify_levels(game, {"law": 0.4}, wrong)
    >>> certificate.certified, round(certificate.regret["generalist"], 5)
    (False, 0.0001)
    """
    if not tolerance > 0.0:
        raise SpecError("expected a number above 0", key="tolerance")
    if time_limit is not None and not time_limit > 0.0:
        raise SpecError("expected a number of seconds above 0", key="time_limit")
    begin = time.monotonic()
    deadline = begin + (math.inf if time_limit is None else time_limit)
    payoffs = compile_payoffs(game)
    contract = _contract(game, shares)
    with np.errstate(all="ignore"):
        claim = _claim(payoffs, contract, levels)
        upper, boxes, better, farthest = _bounds(
            payoffs, contract, claim, _PART * tolerance, deadline
        )
        worth = Worth.of(game)
        regret = worth.gains(claim.low, upper, payoffs.outside, claim.reasons)
    players = game.players
    deviations = {}
    for player, (gain, at) in better.items():
        if gain > tolerance:
            deviations[player] = {"levels": at, "gain": gain}
    spec, fingerprint = game_text(game)
    return Certificate(
        dict(zip(players, regret.tolist(), strict=True)),
        tolerance,
        dict(zip(game.specialists.names, contract.tolist(), strict=True)),
        _written(game, claim),
        dict(zip(players, claim.low.tolist(), strict=True)),
        dict(zip(players, upper.tolist(), strict=True)),
        deviations,
        tuple(claim.reasons),
        boxes,
        time.monotonic() - begin,
        _version(),
        spec,
        fingerprint,
        farthest,
    )


def unclaimed(game: Game, tolerance: float) -> Certificate:
    """Return what is certified without agreement: nobody produces, so that nobody can deviate."""
    spec, fingerprint = game_text(game)
    nothing = dict.fromkeys(game.players, 0.0)
    outside = game.outside_options()
    version = _version()
    return Certificate(
        nothing, tolerance, None, None, outside, outside, {}, (), 0, 0.0, version, spec, fingerprint
    )


def game_text(game: Game) -> tuple[str | None, str]:
    """Return the text of a game's spec file, None if it has none, and a SHA-256 of it."""
    text = to_toml(game)
    whole = not has_functions(game) and len(game.specialists) <= LISTED
    return text if whole else None, hashlib.sha256(text.encode()).hexdigest()


def _version() -> str:
    import opt_games

    return opt_games.__version__


def _contract(game: Game, shares: Mapping[str, float]) -> Array:
    names = game.specialists.names
    if set(shares) != set(names):
        raise SpecError(f"expected a share for each of {', '.join(names[:5])}", key="shares")
    contract = np.array([float(shares[name]) for name in names])
    low, high = game.contract.bounds
    if not np.all((contract >= low - _ROUNDING) & (contract <= high + _ROUNDING)):
        raise SpecError(f"expected shares within [{low:g}, {high:g}]", key="shares")
    return np.asarray(np.clip(contract, low, high))


def _claim(payoffs: Payoffs, shares: Array, levels: Levels | None) -> _Claim:
    """Read levels, put them on their bounds where rounding took them off, and evaluate them."""
    game = payoffs.game
    d, n = payoffs.dimension, payoffs.size
    given = dict.fromkeys(game.players) if levels is None else dict(levels)
    if set(given) != set(game.players):
        raise SpecError("expected levels, or null, for every player", key="levels")
    base = given[GENERALIST]
    nothing = np.full((d, n), np.nan)
    if base is None:
        return _Claim(None, nothing, payoffs.outside.copy(), payoffs.outside.copy())
    claim = _Claim(_levels(game, base), nothing, payoffs.outside.copy(), payoffs.outside.copy())
    floors = game.floors()[GENERALIST]
    least = np.array([max(floors.get(name, 0.0), 0.0) for name in game.attributes])
    claim.base = _within(claim, _levels(game, base), least, payoffs.highest, GENERALIST)
    lowest = np.maximum(claim.base, payoffs.floor)
    for k, name in enumerate(game.specialists.names):
        at = given[name]
        if at is not None:
            final = _levels(game, at)
            claim.final[:, k] = _within(claim, final, lowest, payoffs.highest, name)
    earned = point(np.zeros(1))
    region = region_of(payoffs, claim.base)
    for form in region.forms:
        takes = np.flatnonzero(~np.isnan(claim.final[0, form.members]))
        if not takes.size:
            continue
        added = subtract(point(claim.final[:, form.members[takes]]), point(lowest[:, None]))
        none = np.zeros(takes.size, dtype=int)
        rows = Rows(none, takes, np.maximum(added[0], 0.0), np.maximum(added[1], 0.0))
        contest = Contest(form, shares[form.members])
        own, lead, _ = contest.values(Boxes(claim.base[:, None], claim.base[:, None]), rows)
        players = form.members[takes] + 1
        claim.low[players], claim.high[players] = own
        earned = add(earned, total(none, lead, 1))
    cost = payoffs.leader_cost(claim.base[:, None], claim.base[:, None])
    profit = subtract(earned, cost)
    claim.low[0], claim.high[0] = profit[0][0], profit[1][0]
    undefined = [game.players[k] for k in np.flatnonzero(~np.isfinite(claim.low))[:3]]
    if undefined:
        claim.reasons.append(f"the profit of {', '.join(undefined)} is not defined at its levels")
    return claim


def _levels(game: Game, given: Mapping[str, float]) -> Array:
    if set(given) != set(game.attributes):
        raise SpecError(f"expected a level for each of {', '.join(game.attributes)}", key="levels")
    return np.array([float(given[name]) for name in game.attributes])


def _within(claim: _Claim, at: Array, low: Array, high: Array, player: str) -> Array:
    inside = np.clip(at, low, high)
    if not np.all(np.abs(at - inside) <= _ROUNDING * np.maximum(1.0, np.abs(inside))):
        claim.reasons.append(f"the level of {player} is out of its bounds")
    return np.asarray(inside)


def region_of(payoffs: Payoffs, base: Array) -> Region:
    """Return a region that a base level is in."""
    for region in payoffs.regions:
        if np.all((base >= region.low) & (base <= region.high)):
            return region
    raise SpecError("the base level is out of its bounds", key="levels.generalist")


_Better = dict[str, tuple[float, dict[str, float] | None]]


def _bounds(
    payoffs: Payoffs, shares: Array, claim: _Claim, target: float, deadline: float
) -> tuple[Array, int, _Better, float]:
    """Bound what every player can earn.

    Also return the number of boxes, the best deviations found, and up to which levels this holds.
    """
    game = payoffs.game
    outside = payoffs.outside
    upper = outside.copy()
    better: _Better = {}
    boxes = 0
    farthest = math.inf
    if claim.base is not None and not claim.reasons:
        region = region_of(payoffs, claim.base)
        lowest = np.maximum(claim.base, payoffs.floor)
        for form in region.forms:
            contest = Contest(form, shares[form.members])
            players = form.members + 1
            worth = np.maximum(claim.low[players], outside[players])
            found = best_replies(contest, region, claim.base, worth, target, deadline)
            boxes += found.boxes
            farthest = min(farthest, found.farthest)
            upper[players] = np.maximum(found.upper, outside[players])
            if found.reason and found.reason not in claim.reasons:
                claim.reasons.append(found.reason)
            best = np.maximum(found.lower, outside[players]) - claim.high[players]
            for k in np.flatnonzero(best > target):
                stays = found.lower[k] >= outside[players[k]]
                at = _named(game, lowest + found.at[:, k]) if stays else None
                better[game.players[players[k]]] = (float(best[k]), at)
    elif claim.reasons:
        upper[1:] = np.inf
    search = LeaderSearch(payoffs, shares, max(claim.low[0], outside[0]), target, deadline)
    found_best = search.run()
    boxes += found_best.boxes
    upper[0] = max(found_best.upper, outside[0])
    if found_best.reason:
        claim.reasons.extend(search.reasons)
    gain = max(found_best.lower, outside[0]) - claim.high[0]
    if gain > target:
        stays = found_best.lower >= outside[0] and found_best.at is not None
        at = _named(game, found_best.at) if stays and found_best.at is not None else None
        better[GENERALIST] = (float(gain), at)
    return upper, boxes, better, min(farthest, search.farthest)


def _named(game: Game, levels: Array) -> dict[str, float]:
    return dict(zip(game.attributes, levels.tolist(), strict=True))


def _written(game: Game, claim: _Claim) -> dict[str, dict[str, float] | None]:
    """Return the levels by player that the certificate is about."""
    written: dict[str, Any] = {GENERALIST: None if claim.base is None else _named(game, claim.base)}
    for k, name in enumerate(game.specialists.names):
        absent = bool(np.isnan(claim.final[0, k]))
        written[name] = None if absent else _named(game, claim.final[:, k])
    return written
