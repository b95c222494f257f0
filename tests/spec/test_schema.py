from __future__ import annotations

import datetime

import pytest
from pydantic import ValidationError

from opt_games.spec.schema import SpecFile


def spec(**changes):
    return {
        "schema": 1,
        "name": "g",
        "generalist": {"cost": "alpha0**2"},
        "specialists": [{"name": "law", "revenue": "alpha1", "cost": 0}],
    } | changes


def test_defaults_are_those_of_the_format():
    read = SpecFile.model_validate(spec())
    assert read.version == 1
    assert read.source == ""
    assert read.attributes == ["alpha"]
    assert read.parameters == {}
    assert read.generalist.utility is None
    assert read.generalist.outside_option == 0.0
    assert read.specialists[0].table is None
    assert (read.contract.shares, read.contract.bounds) == ("common", [0.0, 1.0])
    assert read.bargaining.solution is None
    assert read.regulation is read.harm is read.welfare is None


def test_integers_become_floats_and_formulas_stay():
    read = SpecFile.model_validate(
        spec(parameters={"c0": 1}, generalist={"cost": "c0", "outside_option": 2})
    )
    assert type(read.parameters["c0"]) is float
    assert type(read.generalist.outside_option) is float
    assert read.generalist.cost == "c0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": 2}, "expected 1, the format that this version reads, not 2"),
        ({"schema": True}, "not True"),
        ({"schema": "1"}, "not '1'"),
        ({"name": 1}, "expected text in quotes, not a number"),
        ({"attributes": [True]}, "expected text in quotes, not true or false"),
        ({"parameters": {"c0": "1"}}, "expected a number, not text: remove the quotes"),
        ({"parameters": {"c0": True}}, "expected a number, not true or false"),
        ({"parameters": {"c0": {}}}, "expected a number, not a table"),
        ({"parameters": {"c0": datetime.date(2024, 1, 1)}}, "not a date or time"),
        ({"parameters": {"c0": float("inf")}}, "expected a finite number, not inf"),
        ({"parameters": {"c0": 10**400}}, "expected a finite number, not inf"),
        ({"generalist": {"cost": []}}, "expected a formula in quotes or a number, not a list"),
        ({"generalist": {"cost": False}}, "not true or false"),
        ({"generalist": {"cost": float("nan")}}, "expected a finite number, not nan"),
        ({"contract": {"bounds": ["0", 1]}}, "expected a number, not text"),
        ({"levels": {"alpha": {"max": True}}}, "expected a formula in quotes or a number"),
    ],
)
def test_types_are_strict(changes, message):
    with pytest.raises(ValidationError) as caught:
        SpecFile.model_validate(spec(**changes))
    assert message in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"generalist": {"cost": 0, "extra": 1}},
        {"levels": {"alpha": {"max": 1, "extra": 1}}},
        {"contract": {"extra": 1}},
        {"bargaining": {"extra": 1}},
        {"regulation": {"extra": {}}},
        {"harm": {"expected": 0, "extra": 1}},
        {"welfare": {"consumer_surplus": 0, "extra": 1}},
    ],
)
def test_unknown_keys_are_refused_in_every_table(changes):
    with pytest.raises(ValidationError) as caught:
        SpecFile.model_validate(spec(**changes))
    assert [error["type"] for error in caught.value.errors()] == ["extra_forbidden"]
