"""Time bargains over separate shares for n = 10 to 10,000 specialists, beside bare IPOPT.

Run it from anywhere with the package installed::

    python benchmarks/separate_shares.py
    python benchmarks/separate_shares.py --bargain nash --largest 1000
    python benchmarks/separate_shares.py --entry 0.3 --largest 1000
    python benchmarks/separate_shares.py --small 200

``build`` states the sparse program over columns and sets IPOPT up, ``solve`` solves it, both from
formulas and arrays; ``bare`` is IPOPT alone on the same program from the same start, all of it
compiled; ``ratio`` is (build + solve) / bare. ``cold`` is IPOPT alone from the equilibrium of a
common share of one half. ``total`` is the whole of ``opt_games.solve``: the search over base levels
and regimes, the equilibrium, and its certificate. ``regret`` is relative to turnover; the note is
what prices on a grid of shares leave open at the base level, an estimate.

``--small`` compares utilitarian contracts of random markets of 2 to 4 specialists, with and without
costs of entry, with a brute force: by how much its best contract is better, relative to its value.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np
from peers.separate_market import SeparateMarket

import opt_games
from opt_games import Contract, Game, Generalist, Specialist, SpecialistTable
from opt_games.bargaining.market_contract import best_market_contract, market_stakes
from opt_games.bargaining.market_equilibria import market_equilibria
from opt_games.bargaining.market_search import MarketSearch
from opt_games.bargaining.market_terms import Place, Terms, assemble
from opt_games.bargaining.solutions import Stakes, score_utilities
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.columns import solve_columns

SIZES = (10, 30, 100, 300, 1000, 3000, 10_000)
COLUMNS = [
    "n",
    "build",
    "solve",
    "bare",
    "ratio",
    "us/specialist",
    "its",
    "cold",
    "its",
    "total",
    "regret",
    "notes",
]


def market(size: int, entry: float) -> Game:
    """Draw a market of two functional forms."""
    rng = np.random.default_rng(size)
    half = size // 2
    tables = []
    for count, name, revenue in (
        (half, "exponential", "rho * (1 - exp(-k * alpha1))"),
        (size - half, "root", "rho * (1 + alpha1)**(0.3 * k) - rho"),
    ):
        columns = {each: rng.uniform(0.5, 2.0, count) for each in ("rho", "k", "c1")}
        columns["entry"] = entry * rng.uniform(0.0, 1.0, count)
        form = Specialist(name, revenue, "entry + c1 * (alpha1 - alpha0)**2")
        tables.append(SpecialistTable(form, columns))
    return Game(
        "A market",
        Generalist("c0 * alpha0**2"),
        tables,
        {"c0": float(size)},
        contract=Contract(shares="separate"),
    )


def programs(game: Game, solution: str, repeats: int) -> dict[str, float]:
    """Time the program that places the contract, and IPOPT alone."""
    prepared = market_equilibria(game)
    assert prepared is not None
    equilibria, scale = prepared
    stakes = market_stakes(equilibria)
    assert stakes is not None
    crowd = equilibria.search.crowd
    outside = crowd.market.utility(crowd.market.outside)[0][:, 0]
    search = MarketSearch(
        equilibria, Terms(game, solution, stakes, outside), scale, SolverOptions()
    )
    start = search.starts(np.abs(crowd.reply(scale, 0.5).revenue))[0].place
    built, solved, bare = [], [], []
    for _ in range(repeats):
        search.terms.blocks().clear()
        began = time.perf_counter()
        program = assemble(search.terms, start, search.standing(start.base))
        functions = program.problem.functions()
        found = solve_columns(functions, program.bounds, search.tuned())
        built.append(time.perf_counter() - began - found.seconds)
        solved.append(found.seconds)
        bare.append(solve_columns(functions, program.bounds, search.tuned()).seconds)
    reply = equilibria.outcome(0.5).reply
    adds = reply.takes & reply.contributes
    half = Place(np.full(adds.size, 0.5), reply.base, reply.extra, reply.takes, adds, reply.payoff)
    program = assemble(search.terms, half, search.standing(half.base))
    cold = solve_columns(program.problem.functions(), program.bounds, SolverOptions())
    return {
        "build": statistics.median(built),
        "solve": statistics.median(solved),
        "bare": statistics.median(bare),
        "iterations": found.iterations,
        "cold": cold.seconds,
        "cold_iterations": cold.iterations,
    }


def compare(seed: int) -> tuple[float | None, bool]:
    """Compare a small market with the brute force.

    Returns
    -------
    float or None
        By how much the brute force is better, relative to its value; None if one of the two finds
        no agreement.
    bool
        Whether both find an agreement, or both none.
    """
    drawn = SeparateMarket.random(seed)
    game = drawn.game()
    found = best_market_contract(game, "utilitarian", SolverOptions())
    outcome = None if found is None else found.outcome
    sampled, _ = drawn.utilities(drawn.lattice(np.random.default_rng(7)))
    stakes = Stakes.of_utilities(game, sampled)
    if stakes is None or outcome is None:
        return None, (stakes is None) == (outcome is None)
    _, value = drawn.best(lambda u, level: score_utilities("utilitarian", stakes, u, level))
    return (value - outcome.utilities.sum()) / abs(value), True


def small_markets(count: int) -> None:
    """Print a line for every small market, and a summary."""
    found = []
    for seed in range(count):
        shortfall, same = compare(seed)
        found.append(shortfall)
        said = "no agreement" if shortfall is None else f"{shortfall:.1e}"
        print(f"{seed:>9} {said} {'' if same else 'in one of the two only'}", flush=True)
    shortfalls = np.array([each for each in found if each is not None])
    for limit in (1e-6, 1e-4, 1e-2):
        print(f"worse by less than {limit:.0e}: {(shortfalls < limit).mean():.1%}")
    print(f"median {np.median(shortfalls):.1e}, largest {shortfalls.max():.1e}")


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bargain", default="utilitarian")
    parser.add_argument("--entry", type=float, default=0.0)
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--small", type=int, default=0, metavar="MARKETS")
    given = parser.parse_args(arguments)
    if given.small:
        small_markets(given.small)
        return
    print(*(f"{name:>9}" for name in COLUMNS[:-1]), COLUMNS[-1])
    for size in (each for each in SIZES if each <= given.largest):
        game = market(size, given.entry)
        times = programs(game, given.bargain, given.repeats)
        began = time.perf_counter()
        answer = opt_games.solve(game, bargain=given.bargain)
        total = time.perf_counter() - began
        both = times["build"] + times["solve"]
        at = answer.equilibrium
        assert at is not None
        regret = max(at.regret[p] / max(at.turnover[p], 1e-300) for p in at.regret)
        print(
            f"{size:>9} {times['build']:>9.3f} {times['solve']:>9.3f} {times['bare']:>9.3f} "
            f"{both / times['bare']:>9.2f} {1e6 * both / size:>13.1f} {times['iterations']:>9} "
            f"{times['cold']:>9.3f} {times['cold_iterations']:>9} {total:>9.2f} {regret:>9.1e} "
            f"{answer.notes[1] if len(answer.notes) > 1 else ''}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
