"""What is proven concave, game by game, and interval bounds against samples."""

from __future__ import annotations

import casadi
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from opt_games import Game, Generalist, Specialist
from opt_games.kernels.lockstep.concavity import bounds, concave, concave_where_looked
from opt_games.kernels.lockstep.forms import compile_forms
from opt_games.kernels.lockstep.market import Market

X = "(alpha1 - alpha0)"
SQUARE = f"{X}**2"


def proven(*domains: tuple[str, str], **columns: list[float]) -> list[bool]:
    specialists = [Specialist(f"d{k}", *domain) for k, domain in enumerate(domains)]
    parameters = {name: values[0] for name, values in columns.items()}
    game = Game("concave", Generalist("alpha0**2"), specialists, parameters)
    arrays = {name: np.array(values) for name, values in columns.items()}
    games = max((len(values) for values in columns.values()), default=1)
    return concave(Market.of(game, compile_forms(game), arrays, games)).tolist()


@pytest.mark.parametrize(
    ("revenue", "cost"),
    [
        ("alpha1", SQUARE),
        ("2 * (1 - exp(-1.5 * alpha1))", f"{X}**1.3 + 0.2 * {X} + 0.1"),
        ("alpha1**0.4", f"{X}**3"),
        ("log(1 + 2 * alpha1)", f"exp({X}) - 1"),
        ("sqrt(1 + alpha1)", f"cosh({X})"),
        ("3 * alpha1 / (0.5 + alpha1)", SQUARE),
        ("(2 * alpha1 - 1) / (4 + 0.3 * alpha1)", SQUARE),
        ("log(1 + alpha1 / (2 + alpha1))", f"{X}**2 / (1 + alpha0)"),
    ],
)
def test_concave_profits(revenue, cost):
    assert proven((revenue, cost)) == [True]


@pytest.mark.parametrize(
    ("revenue", "cost"),
    [
        ("alpha1**2", SQUARE),
        ("alpha1**1.5", f"{X}**3"),
        ("exp(alpha1)", SQUARE),
        ("1 / (1 + exp(5 - 5 * alpha1))", SQUARE),
        ("alpha1", f"{X}**0.5"),
        ("alpha1", f"log(1 + {X})"),
        ("alpha1 + 0.1 * sin(9 * alpha1)", SQUARE),
        ("alpha1**2 / (1 + alpha1**2)", SQUARE),
        ("(2 - alpha1) / (1 + alpha1)", SQUARE),  # convex
    ],
)
def test_what_has_two_peaks_or_may_have(revenue, cost):
    assert proven((revenue, cost)) == [False]


@pytest.mark.parametrize(
    ("revenue", "right"),
    [
        ("alpha1 / sqrt(1 + alpha1**2)", True),
        ("alpha1**2 / (1 + alpha1**2)", False),
        ("alpha1 + 0.1 * sin(9 * alpha1)", False),
    ],
)
def test_a_look_tells_what_bounds_do_not(revenue, right):
    game = Game("look", Generalist("alpha0**2"), [Specialist("d", revenue, SQUARE)])
    market = Market.of(game, compile_forms(game), {}, 1)
    assert not concave(market)[0]
    assert concave_where_looked(market, 1.0).tolist() == [right]


def test_every_game_has_its_own_answer():
    revenue, cost = "R * alpha1**k", f"c1 * {X}**q1"
    assert proven(
        (revenue, cost),
        R=[1.0, 1.0, 1.0, -1.0, 1.0],
        k=[0.5, 1.5, 0.9, 0.5, 0.5],
        c1=[1.0, 1.0, 1.0, 1.0, -1.0],
        q1=[2.0, 2.0, 0.5, 2.0, 2.0],
    ) == [True, False, False, False, False]


def test_every_follower_counts():
    good, bad = ("alpha1", SQUARE), ("alpha1", f"{X}**0.5")
    assert proven(good, good) == [True]
    assert proven(good, bad) == proven(bad, good) == [False]


def test_local_parameters_count():
    def game(k: float) -> list[bool]:
        specialists = [
            Specialist("a", "alpha1**k", SQUARE, {"k": 0.5}),
            Specialist("b", "alpha1**k", SQUARE, {"k": k}),
        ]
        game = Game("local", Generalist("alpha0**2"), specialists)
        return concave(Market.of(game, compile_forms(game), {}, 3)).tolist()

    assert game(0.7) == [True] * 3
    assert game(1.7) == [False] * 3


# --- bounds ----------------------------------------------------------------------------------

NAMES = (
    "exp",
    "log",
    "sqrt",
    "tanh",
    "atan",
    "sinh",
    "cosh",
    "sin",
    "cos",
    "log1p",
    "expm1",
    "fabs",
)
FUNCTIONS = {name: (lambda x, y, name=name: getattr(casadi, name)(x)) for name in NAMES} | {
    "sum": lambda x, y: x + y,
    "difference": lambda x, y: x - y,
    "product": lambda x, y: x * y,
    "quotient": lambda x, y: x / y,
    "negative": lambda x, y: -x,
    "inverse": lambda x, y: 1 / x,
    "twice": lambda x, y: 2 * x,
    "square": lambda x, y: x * x,
    "cube": lambda x, y: x**3,
    "fourth": lambda x, y: x**4,
    "fifth": lambda x, y: x**5,
    "inverse cube": lambda x, y: x**-3,
    "root of fourth": lambda x, y: x**0.25,
    "power": lambda x, y: x**y,
    "smaller": casadi.fmin,
    "mixed": lambda x, y: casadi.exp(-x * y) * (x - y) ** 2 / (1 + x * x),
    "curvature of a power": lambda x, y: y * (y - 1) * casadi.fabs(x) ** (y - 2),
}
NUMBERS = st.one_of(
    st.floats(-4.0, 4.0, allow_subnormal=False), st.sampled_from([-2.0, -1.0, 0.0, 1.0, 2.0])
)
PAIRS = st.tuples(NUMBERS, NUMBERS).map(sorted)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=40)
@given(PAIRS, PAIRS)
def test_bounds_hold_every_sample(name, first, second):
    x, y = casadi.SX.sym("x"), casadi.SX.sym("y")
    function = casadi.Function("f", [x, y], [FUNCTIONS[name](x, y)])
    boxes = [
        (np.array(first[:1]), np.array(first[1:])),
        (np.array(second[:1]), np.array(second[1:])),
    ]
    ((low, high),) = bounds(function, boxes)
    assert low <= high
    one, other = np.meshgrid(np.linspace(*first, 9), np.linspace(*second, 9))
    values = np.array([float(function(a, b)) for a, b in zip(one.flat, other.flat, strict=True)])
    values = values[np.isfinite(values)]
    assume(values.size)
    margin = 1e-9 * (1 + np.abs(values))
    assert (values >= low - margin).all()
    assert (values <= high + margin).all()


@pytest.mark.parametrize(
    ("name", "box", "expected"),
    [
        ("square", (-1.0, 2.0), (0.0, 4.0)),
        ("fourth", (-1.0, 2.0), (0.0, 16.0)),
        ("inverse", (0.0, 2.0), (0.5, np.inf)),
        ("inverse", (-2.0, 0.0), (-np.inf, -0.5)),
        ("inverse", (-1.0, 2.0), (-np.inf, np.inf)),
        ("cosh", (-1.0, 2.0), (1.0, np.cosh(2.0))),
        ("tanh", (0.0, np.inf), (0.0, 1.0)),
        ("exp", (-np.inf, 0.0), (0.0, 1.0)),
        ("root of fourth", (0.0, np.inf), (0.0, np.inf)),
    ],
)
def test_bounds_that_are_sharp(name, box, expected):
    x, y = casadi.SX.sym("x"), casadi.SX.sym("y")
    function = casadi.Function("f", [x, y], [FUNCTIONS[name](x, y)])
    whole = (np.array([-np.inf]), np.array([np.inf]))
    ((low, high),) = bounds(function, [(np.array(box[:1]), np.array(box[1:])), whole])
    assert (low[0], high[0]) == expected


def test_many_boxes_at_once():
    x = casadi.SX.sym("x")
    function = casadi.Function("f", [x], [x * x, casadi.exp(x)])
    low, high = np.array([-1.0, 0.0, 2.0]), np.array([1.0, 1.0, 3.0])
    square, exponential = bounds(function, [(low, high)])
    np.testing.assert_array_equal(square, ([0.0, 0.0, 4.0], [1.0, 1.0, 9.0]))
    np.testing.assert_allclose(exponential, (np.exp(low), np.exp(high)))


def test_an_operation_without_a_rule_may_be_anything():
    x = casadi.SX.sym("x")
    function = casadi.Function("f", [x], [casadi.erf(x) * 0 + casadi.tan(x)])
    ((low, high),) = bounds(function, [(np.zeros(1), np.ones(1))])
    assert (low, high) == (-np.inf, np.inf)
