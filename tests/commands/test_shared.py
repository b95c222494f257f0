from __future__ import annotations

import json

import numpy as np
import pytest

from opt_games.commands.shared import print_json
from opt_games.errors import OptGamesError
from opt_games.fields import LateMapping

DOCUMENT = {
    "game": "Größe \U0001f600",
    "levels": {"law": None, "film": {"alpha": 0.1 + 0.2}},
    "points": [1, 1e-300, -0.0, np.float64(2.5)],
}


def test_json_reads_back_as_it_was_in_ascii(capsys):
    print_json(DOCUMENT)
    text = capsys.readouterr().out
    assert text.isascii()
    assert json.loads(text) == DOCUMENT
    assert text.startswith('{\n  "game"')


def test_mappings_of_the_package_are_objects(capsys):
    print_json({"profits": LateMapping(("a",), lambda: [1.5])})
    assert json.loads(capsys.readouterr().out) == {"profits": {"a": 1.5}}


@pytest.mark.parametrize("number", [np.nan, np.inf, np.float64("-inf")])
def test_numbers_that_are_not_finite_are_refused(number):
    with pytest.raises(OptGamesError, match="not finite"):
        print_json({"law": {"a": None, "b": [0.5, {"alpha": float(number)}]}})
    with pytest.raises(OptGamesError, match="not finite"):
        print_json({"profits": {"a": number}})
