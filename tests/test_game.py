from __future__ import annotations

import dataclasses
import math
import pickle

import numpy as np
import pytest

from opt_games.errors import SpecError
from opt_games.expression import Expression
from opt_games.game import (
    SOLUTION_ALIASES,
    SOLUTIONS,
    Bargaining,
    Contract,
    Game,
    Generalist,
    Harm,
    Regulation,
    Specialist,
    Welfare,
    canonical_solution,
)


def specialist(name="law", **changes):
    fields = {"revenue": "alpha1", "cost": "c1 * (alpha1 - alpha0)**2"} | changes
    return Specialist(name, **fields)


def game(**changes):
    fields = {
        "name": "quadratic",
        "generalist": Generalist("c0 * alpha0**2"),
        "specialists": [specialist()],
        "parameters": {"c0": 1.0, "c1": 0.5},
    } | changes
    return Game(**fields)


def two_attributes(**changes):
    return game(
        **{
            "generalist": Generalist("alpha0**2 + beta0**2"),
            "specialists": [specialist(revenue="alpha1 + beta1", cost="(beta1 - beta0)**2")],
            "attributes": ["alpha", "beta"],
        }
        | changes
    )


def test_defaults():
    quadratic = game()
    assert quadratic.schema == 1
    assert quadratic.players == ("generalist", "law")
    assert quadratic.attributes == ("alpha",)
    assert quadratic.contract == Contract("common", (0.0, 1.0), None)
    assert quadratic.bargaining == Bargaining()
    assert quadratic.outside_options() == {"generalist": 0.0, "law": 0.0}
    assert quadratic.disagreement() == {"generalist": 0.0, "law": 0.0}
    assert quadratic.weights() == {"generalist": 1.0, "law": 1.0}
    assert quadratic.shares_given() is None
    assert quadratic.highest_levels() == {"alpha": math.inf}
    assert quadratic.floors() == {"generalist": {}, "specialists": {}}
    assert quadratic.liability() == {"generalist": 0.0, "specialists": 0.0}
    assert quadratic.utility_of("law", 3) == 3.0


def test_formulas_from_text_numbers_and_functions():
    made = game(
        generalist=Generalist(lambda alpha0, c0: c0 * alpha0**2, outside_option=0.5),
        specialists=[specialist(cost=0, utility=Expression.parse("2 * profit"))],
    )
    assert made.generalist.cost.evaluate({"alpha0": 3.0, "c0": 2.0}) == 18.0
    assert made.specialists[0].cost == Expression.of(0)
    assert made.utility_of("law", 3.0) == 6.0
    assert made.outside_options()["generalist"] == 0.5


def test_local_parameters_shadow_those_of_the_game():
    local = specialist(parameters={"c1": 0.7, "rho": 2}, outside_option="rho * c1")
    made = game(specialists=[local, specialist("film")])
    assert made.values() == {"c0": 1.0, "c1": 0.5}
    assert made.values(local) == {"c0": 1.0, "c1": 0.7, "rho": 2.0}
    assert made.outside_options() == {"generalist": 0.0, "law": 1.4, "film": 0.0}


def test_disagreement_is_in_utility():
    made = game(
        generalist=Generalist("alpha0**2", utility="1 - exp(-profit)", outside_option="c0"),
        specialists=[specialist(utility="a * profit", parameters={"a": 3.0}, outside_option=2)],
        bargaining=Bargaining(disagreement={"law": "c1"}),
    )
    payoffs = made.disagreement()
    assert payoffs == {"generalist": pytest.approx(1 - math.exp(-1)), "law": 0.5}
    assert made.utility_of("law", 2.0) == 6.0


def test_weights_default_to_one():
    made = game(bargaining=Bargaining("weighted", weights={"law": "2 * c0"}))
    assert made.weights() == {"generalist": 1.0, "law": 2.0}


def test_what_formulas_of_parameters_come_to():
    made = two_attributes(
        level_bounds={"beta": "10 * c0"},
        regulation=Regulation(generalist={"beta": "c1"}, specialists={"alpha": 1, "beta": "c0"}),
        harm=Harm("exp(-beta1)", {"generalist": 0.3, "specialists": "c1"}),
        welfare=Welfare("0.2 * alpha1"),
        contract=Contract(share="c1 / 2"),
    )
    assert made.highest_levels() == {"alpha": math.inf, "beta": 10.0}
    assert made.floors() == {
        "generalist": {"beta": 0.5},
        "specialists": {"alpha": 1.0, "beta": 1.0},
    }
    assert made.liability() == {"generalist": 0.3, "specialists": 0.5}
    assert made.shares_given() == 0.25
    assert made.with_parameters(c1=0.2).shares_given() == 0.1


def test_with_parameters_leaves_the_game_as_it_is():
    before = game()
    after = before.with_parameters(c0=np.float64(2), c1=3)
    assert dict(after.parameters) == {"c0": 2.0, "c1": 3.0}
    assert dict(before.parameters) == {"c0": 1.0, "c1": 0.5}
    assert after.specialists is before.specialists
    assert after == game(parameters={"c0": 2.0, "c1": 3.0})
    assert before.with_parameters() == before


@pytest.mark.parametrize(
    ("overrides", "key", "advice"),
    [
        ({"c2": 1.0}, "parameters.c2", 'did you mean "c1"'),
        ({"zzz": 1.0}, "parameters.zzz", "the game has c0, c1"),
        ({"rho": 1.0}, "parameters.rho", "local parameter of 'law'"),
        ({"c0": math.nan}, "parameters.c0", "finite"),
        ({"c0": True}, "parameters.c0", "expected a number, not bool"),
        ({"c0": "1"}, "parameters.c0", "expected a number, not str"),
        ({"c1": 1.5}, "contract.share", r"within the bounds \[0, 1\], not 1.5"),
    ],
)
def test_with_parameters_refuses(overrides, key, advice):
    made = game(specialists=[specialist(parameters={"rho": 2.0})], contract=Contract(share="c1"))
    with pytest.raises(SpecError, match=advice) as caught:
        made.with_parameters(**overrides)
    assert caught.value.key == key


def test_pickle_hash_and_equality():
    made = two_attributes(
        specialists=[specialist(revenue="alpha1", parameters={"a": 1.0}), specialist("film")],
        level_bounds={"beta": 3},
        regulation=Regulation({"beta": 0.1}),
        harm=Harm("exp(-beta1)", {"generalist": 0.5}),
        bargaining=Bargaining("nash", {"law": 2.0}, {"film": 0.1}),
    )
    copy = pickle.loads(pickle.dumps(made))
    assert copy == made
    assert hash(copy) == hash(made)
    assert copy.players == made.players
    assert copy != made.with_parameters(c0=9.0)


def test_values_are_frozen():
    made = game()
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "other"
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.generalist.cost = "0"
    with pytest.raises(TypeError):
        made.parameters["c0"] = 3.0
    given = {"c0": 1.0, "c1": 1.0}
    made = game(parameters=given)
    given["c0"] = 5.0
    assert made.parameters["c0"] == 1.0


def test_specialist_by_name():
    made = game(specialists=[specialist(), specialist("film")])
    assert made.specialist("film") is made.specialists[1]
    with pytest.raises(SpecError, match="did you mean"):
        made.specialist("flim")
    with pytest.raises(SpecError, match="unknown specialist"):
        made.utility_of("nobody", 1.0)


@pytest.mark.parametrize("name", SOLUTIONS)
def test_canonical_solutions(name):
    assert canonical_solution(name) == name


def test_aliases_of_solutions():
    assert dict(SOLUTION_ALIASES) == {
        "vertical-monopoly": "utilitarian",
        "ks": "kalai-smorodinsky",
    }
    for alias, name in SOLUTION_ALIASES.items():
        assert canonical_solution(alias) == name
        assert Bargaining(alias).solution == name
    with pytest.raises(SpecError, match=r'did you mean "nash".*choose from utilitarian'):
        canonical_solution("nahs")
