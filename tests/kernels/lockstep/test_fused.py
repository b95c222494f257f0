"""Fused kernels do what the numpy ones do."""

import numpy as np
import pytest

import opt_games
from opt_games.engines import Cases
from opt_games.engines.batch import Batch
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.humps import seeds
from opt_games.kernels.lockstep.levels import MULTIPLES, own_scale
from opt_games.kernels.lockstep.market import Market
from opt_games.kernels.lockstep.optimum import leader_optima
from opt_games.kernels.lockstep.table import table

pytest.importorskip("numba")
pytestmark = pytest.mark.slow  # compiling takes seconds

GAME = opt_games.Game(
    name="three domains",
    generalist=opt_games.Generalist("c0 * alpha0**2"),
    specialists=[
        opt_games.Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**2"),
        opt_games.Specialist("film", "2 * (1 - exp(-alpha1))", "entry + (alpha1 - alpha0)**1.5"),
        opt_games.Specialist("art", "alpha1**0.6", "0.3 * (alpha1 - alpha0) + 0.02"),
    ],
    parameters={"c0": 1.0, "c1": 0.5, "entry": 0.05},
)


@pytest.fixture(scope="module")
def markets():
    rng = np.random.default_rng(3)
    columns = {"c0": rng.uniform(0.3, 2.0, 70), "entry": rng.uniform(0.0, 0.4, 70)}
    return [Market.of(GAME, compile_forms(GAME, fuse=fuse), columns, 70) for fuse in (False, True)]


@pytest.fixture(scope="module")
def share():
    return np.random.default_rng(4).uniform(0.05, 0.95, (2, 70))


def test_tables(markets, share):
    plain, fused = (
        table(market, MULTIPLES[12][:, None] * own_scale(market), share, exact=True)
        for market in markets
    )
    np.testing.assert_array_equal(plain.contributes, fused.contributes)
    np.testing.assert_array_equal(plain.takes, fused.takes)
    np.testing.assert_allclose(plain.payoff, fused.payoff, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(plain.slope, fused.slope, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("lower", [False, True])
def test_humps(markets, share, lower):
    plain, fused = (
        seeds(market, MULTIPLES[12][:, None] * own_scale(market), share, lower=lower)
        for market in markets
    )
    np.testing.assert_array_equal(plain[1], fused[1])
    (one, other) = (
        found.take(np.lexsort((found.points.edge, found.points.closure, found.low, found.lane)))
        for found, _ in (plain, fused)
    )
    assert one.lane.size > 140
    for name in ("lane", "game", "low", "high"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    np.testing.assert_allclose(one.hope, other.hope, rtol=1e-6, atol=1e-9)
    for name in ("contributes", "takes", "closure"):
        same = getattr(one.points, name) == getattr(other.points, name)
        np.testing.assert_array_equal(same, True, err_msg=name)
    np.testing.assert_allclose(one.points.base, other.points.base, rtol=1e-6)


def test_optima(markets, share):
    plain, fused = (
        leader_optima(market, MULTIPLES[12][:, None] * own_scale(market), share)
        for market in markets
    )
    known = plain.found & fused.found
    assert known.mean() > 0.95
    for name in plain.measure.__dataclass_fields__:
        if name in ("residual", "bend", "slope"):
            continue
        one, other = (getattr(each.measure, name)[..., known] for each in (plain, fused))
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8, err_msg=name)


def test_bargains():
    columns = {"entry": np.linspace(0.0, 0.3, 40)}
    plain, fused = (Batch(arrays).solve(Cases(GAME, columns, "nash")) for arrays in ARRAYS)
    np.testing.assert_array_equal(plain.status, fused.status)
    np.testing.assert_array_equal(plain.regimes, fused.regimes)
    np.testing.assert_allclose(plain.shares, fused.shares, atol=1e-9)
    np.testing.assert_allclose(plain.utilities, fused.utilities, atol=1e-9)


ARRAYS = ("numpy", "numba")
