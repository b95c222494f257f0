"""Games with very many specialists, in time that grows as their number.

`solve_large` takes what `opt_games.solve` would take minutes for: smooth formulas of one attribute
without bounds on the levels, and specialists whose payoffs are proven concave. Its certificate is
weaker than that of `opt_games.regret`: a given number of deviations is tried, see `large_regret`.
"""

from __future__ import annotations

import time

import numpy as np

import opt_games
from opt_games.bargaining.crowd_share import NotCoveredError, Outcome
from opt_games.bargaining.market_contract import best_market_contract, crowd_line
from opt_games.branch import Branch, Closure
from opt_games.equilibrium import EquilibriumMap
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Shares
from opt_games.kernels.crowd_leader import Search
from opt_games.kernels.lockstep.scan import may_stay_out
from opt_games.parts import GENERALIST
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

SEVERAL = 4
"""Specialists above which it comes here for separate shares."""

# deviations tried: contributions in units of a specialist's own, base levels in units of the
# generalist's own and of the level at which it alone, with all the revenue, would stop
_FACTORS = np.array(
    [0.0, 1e-3, 0.03, 0.2, 0.5, 0.8, 0.95, 0.995, 1.005, 1.05, 1.25, 1.6, 2.5, 5.0, 20.0, 300.0]
)
_NEAR = np.array([0.25, 0.5, 0.7, 0.85, 0.95, 0.99, 0.999, 1.001, 1.01, 1.05, 1.15, 1.4, 2.0])
_LEVELS = np.array([0.0, 1e-7, 1e-4, 3e-3, 0.015, 0.05, 0.12, 0.25, 0.35, 0.5, 0.7, 0.9, 1.2, 2.5])


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
    prepared = crowd_line(game)
    if prepared is None:
        return None
    line, scale = prepared
    search = line.search
    # which specialists have a say is not settled by few shares where some stay out
    if share is None and may_stay_out(search.crowd.market, np.array([scale])):
        return None
    try:
        agreed = line.best_share(solution) if share is None else share
        found = None if agreed is None else line.outcome(agreed)
    except NotCoveredError:
        return None
    equilibrium = None if found is None else _equilibrium(game, search, found, scale)
    seconds = time.perf_counter() - begin
    work = Work("crowd", opt_games.__version__, search.crowd.replies, (), seconds)
    return Bargain(game.name, solution, found is not None, equilibrium, game.disagreement(), work)


def _separate(game: Game, solution: str, options: SolverOptions, begin: float) -> Bargain | None:
    """Bargain over a share for every specialist."""
    agreed = best_market_contract(game, solution, options)
    if agreed is None:
        return None
    found = agreed.outcome
    equilibrium = None
    if found is not None and len(game.specialists) > LARGE:
        equilibrium = _equilibrium(game, agreed.search, found, agreed.scale)
    elif found is not None:
        shares = agreed.search.crowd.own(found.share)
        equilibrium = EquilibriumMap.of(game, options=options).equilibrium(shares)
    work = Work(
        "ipopt",
        str(bundled_version()),
        agreed.progress.solves,
        tuple(agreed.progress.failures),
        time.perf_counter() - begin,
    )
    disagreement = game.disagreement()
    return Bargain(
        game.name,
        solution,
        found is not None,
        equilibrium,
        disagreement,
        work,
        agreed.progress.notes,
    )


def large_regret(search: Search, found: Outcome, scale: float) -> Regret:
    """Try deviations from an equilibrium, of all players.

    Every specialist tries sixteen other contributions, none among them, and staying out. The
    generalist tries 27 base levels, to which all specialists answer at their best, and staying out.
    Profits come from the original formulas; only the best answers to other base levels come from
    the same Newton iterations as the equilibrium. What lies between these levels is not looked at.

    Parameters
    ----------
    search : Search
    found : Outcome
    scale : float
        The level at which the generalist alone, with all the revenue, would stop.
    """
    crowd, share, at = search.crowd, found.share, found.reply
    market = crowd.market
    kept = 1.0 - crowd.own(share)
    profit, gain = found.profits.copy(), np.zeros(found.profits.size)
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
    replies = [crowd.reply(float(base), share) for base in levels]
    tried = np.array([each.payoff for each in replies])
    top = np.nanmax(np.append(tried, market.outside[0, 0]))
    gain[0] = max(top - profit[0], 0.0)
    if not found.active:
        turnover[0] += gain[0]
    return Regret(profit, gain, turnover)


def _equilibrium(game: Game, search: Search, found: Outcome, scale: float) -> Equilibrium:
    players = game.players
    (attribute,) = game.attributes
    market, reply = search.crowd.market, found.reply
    checked = large_regret(search, found, scale)
    utilities = market.utility(checked.profit[:, None])[0][:, 0]
    after = market.utility((checked.profit + checked.gain)[:, None])[0][:, 0]
    share = dict(zip(players[1:], search.crowd.own(found.share).tolist(), strict=True))
    size = np.where(checked.turnover > 0, checked.turnover, 1.0)
    levels: dict[str, Levels] = dict.fromkeys(players)
    regimes = dict.fromkeys(players, ABSTAIN)
    branch = None
    if found.active:
        takes, adds = reply.takes.tolist(), reply.contributes.tolist()
        finals = (reply.base + np.where(reply.contributes, reply.extra, 0.0)).tolist()
        levels[GENERALIST], regimes[GENERALIST] = {attribute: reply.base}, CONTRIBUTE
        for name, takes_part, contributes, final in zip(
            players[1:], takes, adds, finals, strict=True
        ):
            if takes_part:
                levels[name] = {attribute: final}
                regimes[name] = CONTRIBUTE if contributes else FREE_RIDE
        branch = _branch(takes, adds, reply.base, checked, market.outside[:, 0])
    return Equilibrium(
        share,
        levels,
        _by_player(players, checked.profit),
        _by_player(players, utilities),
        regimes,
        branch,
        _by_player(players, after - utilities),
        _by_player(players, checked.turnover),
        bool((checked.gain <= REGRET_TOLERANCE * size).all()),
    )


def _branch(
    takes: list[bool], adds: list[bool], base: float, checked: Regret, outside: Array
) -> Branch:
    stays, contributes = (Closure.LOWER,), (Closure.STATIONARY,)
    followers = tuple(
        (contributes if more else stays) if here else None
        for here, more in zip(takes, adds, strict=True)
    )
    near = np.abs(checked.profit - outside) <= 1e-10 * checked.turnover
    binding = tuple(int(k) for k in np.flatnonzero(near[1:] & np.array(takes)))
    leader = Closure.LOWER if base == 0.0 else Closure.FOLLOWER if binding else Closure.STATIONARY
    return Branch((leader,), followers, binding)


def _by_player(players: tuple[str, ...], values: Array) -> dict[str, float]:
    return dict(zip(players, values.tolist(), strict=True))
