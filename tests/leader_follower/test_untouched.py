"""The user's model comes back with the solution loaded, and otherwise as it was."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from opt_games import LeaderFollower
from opt_games.leader_follower.global_solver import GlobalSolver
from opt_games.solvers.ipopt import IpoptProblem


def state(model):
    """Everything but the values of the Vars."""
    return [
        (
            type(each).__name__,
            each.name,
            each.active if hasattr(each, "active") else None,
            str(each.expr) if hasattr(each, "expr") else None,
            (each.lb, each.ub, each.fixed, each.domain.name) if each.ctype is pyo.Var else None,
            list(each.items()) if each.ctype is pyo.Suffix else None,
        )
        for component in model.component_objects()
        for each in (component.values() if component.is_indexed() else [component])
    ] + [id(each) for each in model.component_objects()]


@pytest.fixture
def dressed(supplier):
    supplier.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    supplier.tax = pyo.Param(initialize=0.5, mutable=True)
    supplier.idle = pyo.Constraint(expr=supplier.price >= 9)
    supplier.idle.deactivate()
    supplier.named = pyo.Expression(expr=supplier.price * supplier.tax)
    supplier.cap = pyo.Constraint(expr=supplier.named <= 4)
    supplier.dual[supplier.cap] = 1.5
    supplier.spare = pyo.Var(initialize=7.0)
    supplier.quota = pyo.Var(initialize=3.0)
    supplier.quota.fix()
    supplier.retailer.limit = pyo.Constraint(expr=supplier.retailer.quantity <= supplier.quota)
    return supplier


@pytest.mark.parametrize("how", [{}, {"solver": "scip"}, {"certify": True}])
def test_after_solving(dressed, how):
    if how:
        pytest.importorskip("pyscipopt")
    before = state(dressed)
    result = LeaderFollower(dressed, followers=[dressed.retailer]).solve(**how)
    assert state(dressed) == before
    assert dressed.spare() == 7.0
    assert dressed.price() == result.values["price"] == pytest.approx(5.0, abs=0.05)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("mode", ["ipopt", "scip"])
def test_after_an_exception(dressed, monkeypatch, error, mode):
    if mode == "scip":
        pytest.importorskip("pyscipopt")

    def fail(*_arguments, **_options):
        raise error

    monkeypatch.setattr(IpoptProblem, "solve", fail)
    monkeypatch.setattr(GlobalSolver, "minimise", fail)
    before = state(dressed)
    values = dressed.price.value, dressed.retailer.quantity.value
    with pytest.raises(error):
        LeaderFollower(dressed, followers=[dressed.retailer]).solve(mode)
    assert state(dressed) == before
    assert (dressed.price.value, dressed.retailer.quantity.value) == values
