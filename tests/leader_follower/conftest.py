"""Small leader-follower programs."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest


@pytest.fixture
def supplier():
    """A supplier and a retailer that sells at 10 less its quantity: price 5, quantity 2.5."""
    model = pyo.ConcreteModel(name="supplier")
    model.price = pyo.Var(bounds=(0, 10), initialize=1.0)
    model.retailer = pyo.Block()
    model.retailer.quantity = pyo.Var(bounds=(0, 10))
    model.profit = pyo.Objective(expr=model.price * model.retailer.quantity, sense=pyo.maximize)
    model.retailer.profit = pyo.Objective(
        expr=(10 - model.retailer.quantity - model.price) * model.retailer.quantity,
        sense=pyo.maximize,
    )
    return model


@pytest.fixture
def wells():
    """A follower with two minima, at -0.57 and, lower, at 0.5; the leader would like the first."""
    model = pyo.ConcreteModel(name="wells")
    model.follower = pyo.Block()
    model.follower.y = y = pyo.Var(bounds=(-1, 1), initialize=-0.6)
    model.cost = pyo.Objective(expr=y)
    model.follower.cost = pyo.Objective(expr=16 * y**4 + 2 * y**3 - 8 * y**2 - 1.5 * y + 0.5)
    return model
