"""The questions a user asks of a game: its bargain, its Pareto set, its utilities by share."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from opt_games.bargaining.bargain import bargain as find_bargain
from opt_games.equilibrium import EquilibriumMap
from opt_games.errors import SpecError, UnsupportedGameError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.kernels.crowd import Shares
from opt_games.large_market import LARGE, solve_large
from opt_games.names import did_you_mean
from opt_games.pareto.answer import ParetoSet
from opt_games.parts import canonical_solution
from opt_games.policy.bargain import solve_policy_game
from opt_games.result import Bargain, UtilityCurve
from opt_games.share_line import ShareLine
from opt_games.solvers import get_solver
from opt_games.solvers.base import SolverOptions


def solve(
    game: Game,
    *,
    share: float | Mapping[str, float] | None = None,
    bargain: str | None = None,
    solver: str = "ipopt",
    options: SolverOptions | None = None,
    certify: bool = False,
) -> Bargain:
    """Solve a game for one contract: a given one, or the one that the players bargain for.

    Parameters
    ----------
    game : Game
    share : float or mapping of str to float, optional
        The generalist's share of the revenue, of every domain or by specialist.
    bargain : str, optional
        A bargaining solution, see `opt_games.SOLUTIONS`. With neither, the solution or the share
        that the game itself gives, else ``"nash"``.
    solver : str
        Name of a back end.
    options : SolverOptions, optional
    certify : bool
        Whether to prove how much anybody could gain by deviating, see `opt_games.certify`.

    Returns
    -------
    Bargain
        With `Bargain.agreement` False where no contract is acceptable.

    Raises
    ------
    SpecError
        If share or bargain make no sense for the game.
    UnboundedGameError
        If a player's profit grows without limit.
    UnsupportedGameError
        If this version cannot solve such a game.
    SolverError
        If no answer could be computed.

    Examples
    --------
    >>> import opt_games
    >>> answer = opt_games.solve(opt_games.load("quadratic"), share=0.4)
    >>> round(answer.utilities["generalist"], 6), round(answer.utilities["law"], 6)
    (0.28, 0.3)
    """
    found = _solve(game, share, bargain, solver, options)
    if not certify:
        return found
    from opt_games.certificates.answer import certify as prove

    return prove(game, found)


def _solve(
    game: Game,
    share: float | Mapping[str, float] | None,
    bargain: str | None,
    solver: str,
    options: SolverOptions | None,
) -> Bargain:
    begin = time.perf_counter()
    if share is not None and bargain is not None:
        raise SpecError("give a share or a bargaining solution, not both")
    if share is None and bargain is None:
        bargain = game.bargaining.solution
        share = game.shares_given() if bargain is None else None
        bargain = "nash" if share is None and bargain is None else bargain
    solution = "given" if bargain is None else canonical_solution(bargain)
    if solution == "weighted" and game.bargaining.weights is None:
        raise SpecError("the weighted solution needs weights", key="bargaining.weights")
    contract = None if share is None else given_shares(game, share)
    if game.has_policy:
        return solve_policy_game(game, solution, contract, solver=solver, options=options)
    bargains_apart = contract is None and game.contract.shares == "separate"
    few = 1 if bargains_apart else LARGE
    if len(game.specialists) > few and solver == "ipopt":
        given: Shares | None = contract
        if contract is not None and game.contract.shares == "common":
            given = float(contract[0])
        large = solve_large(game, solution, given, options)
        if large is not None:
            return large
    if bargains_apart:
        _refuse_too_many_apart(game, solver)
    equilibria = EquilibriumMap.of(game, solver=solver, options=options)
    shares = find_bargain(equilibria, solution) if contract is None else contract
    found = None if shares is None else equilibria.equilibrium(shares)
    return Bargain(
        game.name,
        solution,
        found is not None,
        found,
        game.disagreement(),
        equilibria.log.work(time.perf_counter() - begin),
    )


def _refuse_too_many_apart(game: Game, solver: str) -> None:
    """Raise an error if separate shares of so many specialists cannot be bargained for."""
    from opt_games.bargaining.market_equilibria import SEVERAL, why_not_covered

    if len(game.specialists) <= SEVERAL:
        return
    get_solver(solver)
    why = why_not_covered(game) if solver == "ipopt" else f"that takes ipopt, not {solver}"
    raise UnsupportedGameError(
        f"{game.name}: separate shares of more than {SEVERAL} specialists cannot be bargained "
        f'for here: {why}; give shares, or set contract.shares = "common"'
    )


def pareto(
    game: Game,
    *,
    points: int = 2000,
    seed: int = 0,
    time_limit: float | None = None,
    solver: str = "ipopt",
    options: SolverOptions | None = None,
) -> ParetoSet:
    """Find the Pareto-optimal contracts of a game.

    Parameters
    ----------
    game : Game
        With one common share, or separate shares of at most four specialists.
    points : int
        About how many contracts to spread over the frontier of separate shares.
    seed : int
        Of the random weights and directions that are tried; the same seed, the same answer.
    time_limit : float, optional
        Seconds for the whole answer. What there is then is returned, see `ParetoSet.complete`.
    solver : str
        Name of a back end.
    options : SolverOptions, optional

    Returns
    -------
    ParetoSet
        Of a common share a union of closed intervals, ends to 1e-6, and contracts along it; of
        separate shares a set of contracts that is spread over the frontier. With the bargaining
        solutions and the first best.

    Raises
    ------
    SpecError
        If an argument makes no sense.
    UnsupportedGameError
        For separate shares of more than four specialists.
    UnboundedGameError, SolverError
        As `solve`.

    Examples
    --------
    >>> import opt_games
    >>> found = opt_games.pareto(opt_games.load("quadratic"))
    >>> [(round(low, 6), round(high, 6)) for low, high in found.intervals]
    [(0.0, 0.666667)]
    >>> round(found.efficiency, 6)  # 0.583333 of 0.75
    0.777778
    """
    from opt_games.pareto.frontier import pareto_set

    if points < 1:
        raise SpecError(f"expected at least 1, not {points}", key="points")
    if time_limit is not None and not time_limit > 0.0:
        raise SpecError("expected a number of seconds above 0", key="time_limit")
    equilibria = EquilibriumMap.of(game, solver=solver, options=options)
    return pareto_set(equilibria, points, seed, time_limit)


def utility_curve(game: Game, *, points: int = 201) -> UtilityCurve:
    """Evaluate the equilibrium along the common share.

    Parameters
    ----------
    game : Game
        With one common share.
    points : int
        How many shares, evenly; the two sides of every change of branch come on top.

    Returns
    -------
    UtilityCurve

    Examples
    --------
    >>> import opt_games
    >>> curve = opt_games.utility_curve(opt_games.load("quadratic"), points=11)
    >>> curve.players
    ('generalist', 'law')
    """
    _require_common(game, "utility curves")
    line = ShareLine.of(EquilibriumMap.of(game), points)
    line.locate_changes()
    return line.curve()


def _require_common(game: Game, what: str) -> None:
    if game.contract.shares == "separate" and len(game.specialists) > 1:
        raise UnsupportedGameError(
            f"{game.name}: {what} of separate shares are not available yet; "
            'set contract.shares = "common"'
        )


def given_shares(game: Game, share: float | Mapping[str, float]) -> Array:
    """Return a given contract as an array by specialist; raise `SpecError` if it is none."""
    names = game.specialists.names
    if not isinstance(share, Mapping):
        share = dict.fromkeys(names, float(share))
    for name in share:
        if name not in game.specialists.positions:
            raise SpecError(f"no specialist {name!r}{did_you_mean(name, names)}", key="share")
    missing = [name for name in names if name not in share]
    if missing:
        raise SpecError(f"give a share for {', '.join(missing)} too", key="share")
    low, high = game.contract.bounds
    for name in names:
        if not low <= share[name] <= high:
            raise SpecError(
                f"expected a share within the bounds [{low:g}, {high:g}], not {share[name]:g}",
                key="share",
            )
    if game.contract.shares == "common" and len(set(share.values())) > 1:
        raise SpecError(
            "the contract has one common share; give equal shares, or set "
            'contract.shares = "separate"',
            key="share",
        )
    return np.array([share[name] for name in names])
