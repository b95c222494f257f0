"""Rewritten expressions have the same values."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from opt_games.leader_follower.plain import make_plain

EXPRESSIONS = {
    "abs": lambda x, y: abs(x - 2 * y),
    "min": lambda x, y: pyo.exp(x) + _extreme("Min", x, y, 0.1),
    "max": lambda x, y: _extreme("Max", x, y, 0.1) * y,
    "log10": lambda x, y: pyo.log10(3 + x),
    "hyperbolic": lambda x, y: pyo.sinh(x) + pyo.cosh(y) * pyo.tanh(x * y),
    "inverse": lambda x, y: pyo.asinh(x) + pyo.acosh(2 + y) + pyo.atanh(x / 3),
    "known": lambda x, y: pyo.sin(x) + pyo.sqrt(3 + y),
}


def _extreme(kind, *arguments):
    from pyomo.core.expr import numeric_expr

    return getattr(numeric_expr, f"{kind}Expression")(list(arguments))


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("point", [(0.5, -0.25), (-1.0, 0.75), (0.1, 0.1)])
def test_values_are_kept(name, point):
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(initialize=point[0]), pyo.Var(initialize=point[1])
    model.cost = pyo.Objective(expr=EXPRESSIONS[name](model.x, model.y))
    before = pyo.value(model.cost)
    make_plain(model)
    assert pyo.value(model.cost) == pytest.approx(before, abs=1e-12)


def test_high_powers_are_lifted_once():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(-1, 2), initialize=0.5)
    model.cost = pyo.Objective(expr=(model.x + 3) ** 4 + (model.x - 1) ** 2)
    before = pyo.value(model.cost)
    make_plain(model, lift_powers=True)
    make_plain(model, lift_powers=True)
    assert len(model.base) == 1
    assert pyo.value(model.cost) == pytest.approx(before)
    assert (model.base[1].lb, model.base[1].ub) == (pytest.approx(2), pytest.approx(5))
