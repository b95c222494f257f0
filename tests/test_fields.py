from __future__ import annotations

import math
import pickle
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from opt_games.errors import SpecError
from opt_games.fields import Converted, FrozenMapping, LateMapping, number


def test_frozen_mapping_reads_like_a_mapping_and_cannot_be_written():
    given = {"b": 1.0, "a": 2.0}
    frozen = FrozenMapping(given)
    given["c"] = 3.0
    assert list(frozen) == ["b", "a"]
    assert frozen == {"a": 2.0, "b": 1.0}
    assert {**frozen} == dict(frozen.items()) == {"b": 1.0, "a": 2.0}
    assert "c" not in frozen
    assert repr(frozen) == "{'b': 1.0, 'a': 2.0}"
    with pytest.raises(TypeError):
        frozen["a"] = 1.0


def test_frozen_mapping_hashes_and_pickles():
    frozen = FrozenMapping({"b": 1.0, "a": 2.0})
    same = FrozenMapping({"a": 2.0, "b": 1.0})
    assert hash(frozen) == hash(same)
    assert frozen == same == pickle.loads(pickle.dumps(frozen))


@pytest.mark.parametrize("value", [2, 2.0, np.float64(2), np.int32(2), Fraction(4, 2)])
def test_numbers(value):
    assert number(value) == 2.0
    assert type(number(value)) is float


@pytest.mark.parametrize("value", [True, "2", None, 2j, math.nan, math.inf, 10**400])
def test_what_is_no_finite_number(value):
    with pytest.raises(SpecError, match="expected a"):
        number(value)


@dataclass(frozen=True)
class Sample:  # the defaults are descriptors:
    size: Converted[object, float] = Converted(number)  # noqa: RUF009
    weight: Converted[object, float] = Converted(number, 1.0, key="mass")  # noqa: RUF009

    @property
    def _key(self) -> str:
        return "sample"


def test_fields_convert_and_have_defaults():
    assert Sample(3) == Sample(3.0, 1)
    assert type(Sample(3).size) is float
    with pytest.raises(TypeError):
        Sample()


def test_fields_place_mistakes():
    with pytest.raises(SpecError) as caught:
        Sample("a")
    assert caught.value.key == "sample.size"
    with pytest.raises(SpecError) as caught:
        Sample(1, "a")
    assert caught.value.key == "sample.mass"


def test_late_mappings_make_their_values_once_and_only_when_read():
    made = []

    def values():
        made.append(1)
        return [1.0, 2.0]

    late = LateMapping(("a", "b"), values)
    assert (len(late), list(late), made) == (2, ["a", "b"], [])
    assert late == {"a": 1.0, "b": 2.0}
    assert late["b"] == 2.0
    assert pickle.loads(pickle.dumps(late)) == late
    assert made == [1]
