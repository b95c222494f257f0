"""The sparse program of a market is the Pyomo bargaining problem, and its derivatives are exact."""

from __future__ import annotations

import casadi
import numpy as np
import pyomo.environ as pyo
import pytest

from opt_games import Contract, Game, Generalist, Specialist
from opt_games.bargaining.market_contract import market_stakes
from opt_games.bargaining.market_equilibria import market_equilibria
from opt_games.bargaining.market_terms import Place, Rival, Standing, Terms, assemble
from opt_games.equilibrium import set_levels
from opt_games.formulations.bargaining_problem import bargaining_problem
from opt_games.formulations.game_model import contributing, share_of
from opt_games.solvers import get_solver
from opt_games.solvers.base import SolverOptions
from opt_games.solvers.columns import solve_columns

SOLUTIONS = ["utilitarian", "nash", "egalitarian", "kalai-smorodinsky", "max-performance"]


def mixed() -> Game:
    """Three functional forms, one of a risk-averse specialist."""
    specialists = [
        Specialist("a", "rho * alpha1", "(alpha1 - alpha0)**2", parameters={"rho": 0.8}),
        Specialist("b", "rho * alpha1", "(alpha1 - alpha0)**2", parameters={"rho": 1.1}),
        Specialist("c", "1 - exp(-alpha1)", "0.7 * (alpha1 - alpha0)**2"),
        Specialist("d", "alpha1**0.7", "(alpha1 - alpha0)**1.8", utility="1 - exp(-profit)"),
    ]
    contract = Contract(shares="separate", bounds=(0.05, 0.9))
    return Game("mixed", Generalist("2 * alpha0**2"), specialists, contract=contract)


def prepared(solution: str, share: float = 0.4):
    game = mixed()
    equilibria, _ = market_equilibria(game)
    market = equilibria.search.crowd.market
    stakes = market_stakes(equilibria)
    ideal = stakes.disagreement + 1.3 * (stakes.ideal - stakes.disagreement)
    terms = Terms(game, solution, stakes.with_ideal(ideal), market.utility(market.outside)[0][:, 0])
    reply = equilibria.outcome(share).reply
    shares = np.full(4, share)
    place = Place(shares, reply.base, reply.extra, reply.takes, reply.contributes, reply.payoff)
    return terms, place


def standing(tempted: np.ndarray | None = None) -> Standing:
    tempted = np.ones(4, dtype=bool) if tempted is None else tempted
    return Standing(np.ones(4), tempted, np.array([0.4, 0.5, 0.3, 0.6]), np.array([1, 1, 1, 1.25]))


@pytest.mark.parametrize("solution", SOLUTIONS)
def test_it_has_the_optimum_of_the_pyomo_model(solution):
    terms, place = prepared(solution)
    game = terms.game
    program = assemble(terms, place, standing())
    found = solve_columns(program.problem.functions(), program.bounds, SolverOptions())
    assert found.ok
    ours = program.unpack(found.point, place)

    ideal = dict(zip(game.players, terms.stakes.ideal.tolist(), strict=True))
    model = bargaining_problem(game, solution, contributing(game), ideal=ideal)
    set_levels(model, game, ours.base, list(ours.base + ours.extra))
    for name, share in zip(game.specialists.names, ours.shares, strict=True):
        share_of(model, name).value = float(np.clip(share, 1e-3, 1 - 1e-3))
    get_solver("ipopt").compile(model).solve().require()
    theirs = [share_of(model, name).value for name in game.specialists.names]
    np.testing.assert_allclose(ours.shares, theirs, atol=2e-6)
    assert ours.base == pytest.approx(model.base["alpha"].value, rel=1e-6)
    assert ours.profit == pytest.approx(pyo.value(model.profit), rel=1e-6)
    levels = [pyo.value(model.domain[name].level["alpha"]) for name in game.specialists.names]
    np.testing.assert_allclose(ours.base + ours.extra, levels, rtol=1e-5)


@pytest.mark.parametrize("solution", SOLUTIONS)
@pytest.mark.parametrize("rivals", [0, 2])
def test_derivatives_are_those_of_its_own_expressions(solution, rivals):
    terms, place = prepared(solution)
    rng = np.random.default_rng(3)
    keep_off = [
        Rival(0.1, 0.3, *rng.uniform(0.0, 1.0, (3, 4)), floor=np.zeros(4)) for _ in range(rivals)
    ]
    tempted = np.array([True, True, True, False])
    place = Place(
        place.shares,
        place.base,
        place.extra * [1, 1, 1, 0],
        place.takes,
        np.array([True, True, True, False]),
        place.profit,
    )
    program = assemble(terms, place, standing(tempted), rivals=keep_off)
    functions = program.problem.functions()
    problem = functions["problem"]
    x, p, f, g = (problem[name] for name in "xpfg")
    at = 1.03 * program.bounds.start + 0.01
    lam, sigma = rng.normal(size=g.numel()), 1.7

    def dense(expression, *more):
        symbols = [x, p, *(symbol for symbol, _ in more)]
        function = casadi.Function("f", symbols, [expression])
        return np.array(function(at, [], *(value for _, value in more)))

    gradient = np.array(functions["grad_f"](at, [])[1])
    np.testing.assert_allclose(gradient, dense(casadi.gradient(f, x)), atol=1e-12)
    jacobian = np.array(functions["jac_g"](at, [])[1])
    np.testing.assert_allclose(jacobian, dense(casadi.jacobian(g, x)), atol=1e-12)
    symbol = casadi.MX.sym("lam", g.numel())
    lagrangian = sigma * f + casadi.dot(symbol, g)
    exact = dense(casadi.hessian(lagrangian, x)[0], (symbol, lam))
    upper = np.array(functions["hess_lag"](at, [], sigma, lam))
    np.testing.assert_allclose(np.triu(upper), np.triu(exact), atol=1e-11)
    assert not np.tril(upper, -1).any()


def test_second_derivatives_are_of_one_specialist_or_with_the_base_level():
    terms, place = prepared("nash")
    program = assemble(terms, place, standing())
    pattern = program.problem.functions()["hess_lag"].sparsity_out(0)
    rows, columns = (np.array(each) for each in pattern.get_triplet())
    own = program.problem.shared
    assert ((rows == columns) | (rows == 0) | (columns < own)).all()
