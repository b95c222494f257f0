"""Games with very many specialists, in time that grows as their number.

`solve_large` takes what `opt_games.solve` would take minutes for: smooth formulas of one attribute
without bounds on the levels, and specialists whose payoffs are proven concave and, for a bargain
over a common share, who never stay out. Its certificate is weaker than that of `opt_games.regret`:
a given number of deviations is tried, see `large_regret`.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

import opt_games
from opt_games.bargaining.crowd_line import NotCoveredError
from opt_games.bargaining.crowd_share import agree, given
from opt_games.bargaining.crowd_stakes import Contract
from opt_games.bargaining.market_equilibria import Outcome, market_equilibria
from opt_games.branch import Branch, Closure
from opt_games.equilibrium import EquilibriumMap
from opt_games.fields import LateMapping
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Reply, Shares
from opt_games.kernels.crowd_leader import Search
from opt_games.kernels.lockstep.levels import may_stay_out
from opt_games.regret import Regret
from opt_games.result import (
    ABSTAIN,
    CONTRIBUTE,
    FREE_RIDE,
    REGRET_TOLERANCE,
    Bargain,
    Equilibrium,
    Levels,
    Work,
)
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.ipopt import bundled_version

LARGE = 64
"""Specialists above which `opt_games.solve` comes here."""

# deviations tried: contributions in units of a specialist's own, base levels in units of the
# generalist's own and of the level at which it alone, with all the revenue, would stop
_FACTORS = np.array(
    [0.0, 1e-3, 0.03, 0.2, 0.5, 0.8, 0.95, 0.995, 1.005, 1.05, 1.25, 1.6, 2.5, 5.0, 20.0, 300.0]
)
_NEAR = np.array([0.25, 0.5, 0.7, 0.85, 0.95, 0.99, 0.999, 1.001, 1.01, 1.05, 1.15, 1.4, 2.0])
_LEVELS = np.array([0.0, 1e-7, 1e-4, 3e-3, 0.015, 0.05, 0.12, 0.25, 0.35, 0.5, 0.7, 0.9, 1.2, 2.5])

_SAMPLED = 32_768
_ERRORS = 8.0  # standard errors of a sample by which a base level must be worse


def solve_large(
    game: Game,
    solution: str,
    share: Shares | None = None,
    options: SolverOptions | None = None,
) -> Bargain | None:
    """Solve a game in time that grows as the number of specialists.

    Parameters
    ----------
    game : Game
    solution : str
        Canonical name, or ``"given"``.
    share : float or ndarray, shape (specialists,), optional
        The given contract.
    options : SolverOptions, optional
        For the sparse programs that place separate shares.

    Returns
    -------
    Bargain or None
        None for games that this method does not cover.

    Examples
    --------
    >>> from opt_games import Game, Generalist, Specialist, SpecialistTable
    >>> app = Specialist("app", "rho * alpha1", "(alpha1 - alpha0)**2")
    >>> rho = [1.0] * 100
    >>> market = Game("m", Generalist("100 * alpha0**2"), SpecialistTable(app, {"rho": rho}))
    >>> found = solve_large(market, "utilitarian")
    >>> round(found.shares["app-1"], 9)
    0.5
    """
    begin = time.perf_counter()
    if share is None and game.contract.shares == "separate":
        return _separate(game, solution, options or SolverOptions(), begin)
    prepared = market_equilibria(game)
    if prepared is None:
        return None
    equilibria, scale = prepared
    search = equilibria.search
    # where some may stay out the score jumps at many shares, and the best may be missed
    if share is None and may_stay_out(search.crowd.market, np.array([scale])):
        return None
    found: Contract | Outcome | None
    try:
        if share is None:
            found = agree(game, search, solution)
        elif isinstance(share, np.ndarray):
            found = equilibria.outcome(share)
        else:
            found = given(search, share)
    except NotCoveredError:
        return None
    equilibrium = None if found is None else _equilibrium(game, search, found, scale)
    seconds = time.perf_counter() - begin
    work = Work("crowd", opt_games.__version__, search.crowd.replies, (), seconds)
    without = LateMapping(game.players, game.disagreement_array().tolist)
    return Bargain(game.name, solution, found is not None, equilibrium, without, work)


def _separate(game: Game, solution: str, options: SolverOptions, begin: float) -> Bargain | None:
    """Bargain over a share for every specialist."""
    from opt_games.bargaining.market_contract import best_market_contract

    agreed = best_market_contract(game, solution, options)
    if agreed is None:
        return None
    found = agreed.outcome
    equilibrium = None
    if found is not None and len(game.specialists) > LARGE:
        equilibrium = _equilibrium(game, agreed.search, found, agreed.scale)
    elif found is not None:
        shares = np.broadcast_to(found.share, len(game.specialists))
        equilibrium = EquilibriumMap.of(game, options=options).equilibrium(shares)
    work = Work(
        "ipopt",
        str(bundled_version()),
        agreed.progress.solves,
        tuple(agreed.progress.failures),
        time.perf_counter() - begin,
    )
    without = LateMapping(game.players, game.disagreement_array().tolist)
    agreement, notes = found is not None, agreed.progress.notes
    return Bargain(game.name, solution, agreement, equilibrium, without, work, notes)


def large_regret(search: Search, found: Contract | Outcome, scale: float) -> Regret:
    """Try deviations from an equilibrium, of all players.

    Every specialist tries sixteen other contributions, none among them, and staying out. The
    generalist tries 27 base levels, to which all specialists answer at their best, and staying out;
    those by which it loses for sure, as a large sample shows, are tried with that sample only.
    Profits come from the original formulas; only the best answers to other base levels come from
    the same Newton iterations as the equilibrium. What lies between these levels is not looked at.

    Parameters
    ----------
    search : Search
    found : Contract or Outcome
    scale : float
        The level at which the generalist alone, with all the revenue, would stop.
    """
    crowd, share, at = search.crowd, found.share, found.reply
    market = crowd.market
    kept = np.broadcast_to(1.0 - share, market.size)
    profit, gain = market.outside[:, 0].copy(), np.zeros(market.size + 1)
    if found.active:
        profit[0] = at.payoff
    turnover = np.abs(market.outside[:, 0])
    if found.active:
        for chunk in crowd.chunks:
            rows = chunk.members
            extra = np.where(at.contributes[rows], at.extra[rows], 0.0)
            unit = np.where(extra > 0, extra, scale)
            takes = at.takes[rows]
            revenue, cost = chunk.form.values(at.base, extra, *chunk.parameters)
            with np.errstate(all="ignore"):
                mine = kept[rows]
                own = np.where(takes, np.where(mine > 0, mine * revenue, 0.0) - cost, chunk.outside)
                best = np.maximum(own, chunk.outside)
                for factor in _FACTORS:
                    earned, spent = chunk.form.values(at.base, unit * factor, *chunk.parameters)
                    best = np.fmax(best, np.where(mine > 0, mine * earned, 0.0) - spent)
            profit[rows + 1], gain[rows + 1] = own, best - own
            turnover[rows + 1] += np.abs(revenue) + np.abs(cost)
        turnover[0] += at.turnover
    levels = np.unique(np.concatenate([_LEVELS * scale, _NEAR * at.base]))
    replies = [crowd.reply(float(base), share) for base in _worth(search, at, levels)]
    tried = np.array([each.payoff for each in replies])
    top = np.nanmax(np.append(tried, market.outside[0, 0]))
    gain[0] = max(top - profit[0], 0.0)
    if not found.active:
        turnover[0] += gain[0]
    return Regret(profit, gain, turnover)


def _worth(search: Search, at: Reply, levels: Array) -> Array:
    """Leave out the base levels that, by a sample of the specialists, are sure to be worse."""
    crowd = search.crowd
    if crowd.extra.size <= _SAMPLED:
        return levels
    few = crowd.sample(_SAMPLED, np.abs(at.revenue))
    weight = np.concatenate([chunk.weight for chunk in few.chunks])
    members = np.concatenate([chunk.members for chunk in few.chunks])
    here = few.reply(at.base, at.share)
    kept = []
    for base in levels.tolist():
        there = few.reply(base, at.share)
        change = few.own(at.share, members) * (there.revenue - here.revenue)[members]
        drawn = change[weight > 1.0]
        heads = weight[weight > 1.0]
        error = np.sqrt((heads * (heads - 1.0)) @ (drawn - drawn.mean()) ** 2)
        if not there.payoff - here.payoff + _ERRORS * error < 0.0:
            kept.append(base)
    return np.array(kept)


def _equilibrium(
    game: Game, search: Search, found: Contract | Outcome, scale: float
) -> Equilibrium:
    players = game.players
    (attribute,) = game.attributes
    market, reply = search.crowd.market, found.reply
    checked = large_regret(search, found, scale)
    utilities = market.utility(checked.profit[:, None])[0][:, 0]
    after = market.utility((checked.profit + checked.gain)[:, None])[0][:, 0]
    size = np.where(checked.turnover > 0, checked.turnover, 1.0)
    base = reply.base
    takes = reply.takes & found.active
    adds = reply.contributes & takes
    finals = base + np.where(adds, reply.extra, 0.0)
    branch = None
    if found.active:
        branch = _branch(takes, adds, base, checked, market.outside[:, 0])

    def levels() -> list[Levels]:
        if not found.active:
            return [None] * len(players)
        pairs = zip(takes.tolist(), finals.tolist(), strict=True)
        return [{attribute: base}, *({attribute: at} if here else None for here, at in pairs)]

    def regimes() -> list[str]:
        words = np.array([ABSTAIN, FREE_RIDE, CONTRIBUTE], dtype=object)
        leads = CONTRIBUTE if found.active else ABSTAIN
        return [leads, *words[takes.astype(int) + adds].tolist()]

    return Equilibrium(
        LateMapping(players[1:], np.broadcast_to(found.share, takes.size).tolist),
        LateMapping(players, levels),
        LateMapping(players, checked.profit.tolist),
        LateMapping(players, utilities.tolist),
        LateMapping(players, regimes),
        branch,
        LateMapping(players, (after - utilities).tolist),
        LateMapping(players, checked.turnover.tolist),
        bool((checked.gain <= REGRET_TOLERANCE * size).all()),
    )


def _branch(
    takes: NDArray[np.bool_],
    adds: NDArray[np.bool_],
    base: float,
    checked: Regret,
    outside: Array,
) -> Branch:
    kinds: NDArray[np.object_] = np.empty(3, dtype=object)
    kinds[:] = [None, (Closure.LOWER,), (Closure.STATIONARY,)]
    followers = tuple(kinds[takes.astype(int) + adds].tolist())
    near = np.abs(checked.profit - outside) <= 1e-10 * checked.turnover
    binding = tuple(np.flatnonzero(near[1:] & takes).tolist())
    leader = Closure.LOWER if base == 0.0 else Closure.FOLLOWER if binding else Closure.STATIONARY
    return Branch((leader,), followers, binding)
