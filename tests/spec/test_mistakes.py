from __future__ import annotations

import pytest

from opt_games.errors import SpecError
from opt_games.spec.mistakes import check_shape

LAW = {"name": "law", "revenue": "alpha1", "cost": 0}


def spec(**changes):
    data = {"schema": 1, "name": "g", "generalist": {"cost": 0}, "specialists": [LAW]} | changes
    return {key: value for key, value in data.items() if value is not None}


def test_a_right_shape_passes():
    assert check_shape(spec()).specialists[0].name == "law"


@pytest.mark.parametrize(
    ("data", "key", "advice"),
    [
        ({}, "schema", "missing: write schema = 1"),
        (spec(schema=None), "schema", "missing: write schema = 1"),
        (spec(schema=3, futuristic=1), "schema", "expected 1"),
        (spec(schema=None, shema=1), "shema", 'did you mean "schema"'),
        (spec(name=None), "name", "missing: add name"),
        (spec(generalist=None), "generalist", r"missing: add a table \[generalist\]"),
        (spec(specialists=None), "specialists", r"add a table \[\[specialists\]\]"),
        (spec(specialists=[]), "specialists", "at least one specialist"),
        (spec(specialists=LAW), "specialists", "double brackets"),
        (spec(generalist=3), "generalist", "expected a table of keys and values, not '3'"),
        (spec(parameters=[1]), "parameters", "expected a table of keys and values"),
        (spec(attributes="alpha"), "attributes", "expected a list in brackets"),
        (spec(contract={"bounds": 1}), "contract.bounds", "expected a list in brackets"),
        (spec(specialists=[LAW | {"cost": []}]), "specialists.law.cost", "expected a formula"),
        (spec(specialists=[{"revenue": 1, "cost": 1}]), "specialists[0].name", "missing"),
        (spec(specialists=[{"name": "law"}]), "specialists.law.revenue", "missing: add revenue"),
        (spec(specialists=[{"name": "a\nb"}]), "specialists.'a\\nb'.revenue", "missing"),
        (spec(generalist={"costs": 0}), "generalist.costs", 'did you mean "cost"'),
        (spec(generalist={"cost": 0, "zzz": 1}), "generalist.zzz", "remove it; keys here are cost"),
        (spec(**{"a\nb": 1}), "'a\\nb'", "unknown key"),
        (spec(share=0.4), "share", r"belongs in \[contract\]"),
        (spec(contract={"cost": 1}), "contract.cost", r"\[generalist\] or \[\[specialists\]\]"),
        (spec(paramters={"c0": 1}), "paramters", 'did you mean "parameters"'),
        (
            spec(specialists=[LAW | {"shares": 1}]),
            "specialists.law.shares",
            r"belongs in \[contract\]",
        ),
        (
            spec(parameters={"attributes": ["alpha", "beta"]}),
            "parameters.attributes",
            "move it up, before the first table",
        ),
        (
            spec(generalist={"cost": 0, "attributes": ["alpha"]}),
            "generalist.attributes",
            "move it up",
        ),
        (
            spec(specialists=[LAW | {"source": "a paper"}]),
            "specialists.law.source",
            "move it up",
        ),
        (
            spec(levels={"attributes": ["alpha"]}),
            "levels.attributes",
            "move it up",
        ),
        (
            spec(schema=None, parameters={"schema": 1}),
            "schema",
            r"it stands in \[parameters\]",
        ),
        (
            spec(name=None, generalist={"cost": 0, "name": "g"}),
            "name",
            r"it stands in \[generalist\]",
        ),
    ],
)
def test_the_worst_mistake_is_told_with_its_fix(data, key, advice):
    with pytest.raises(SpecError, match=advice) as caught:
        check_shape(data)
    assert caught.value.key == key
    assert len(str(caught.value).splitlines()) == 1


def test_a_parameter_may_be_called_like_a_key():
    assert check_shape(spec(parameters={"source": 1.0, "schema": 2.0})).parameters["source"] == 1.0
