"""Engines by name."""

import pytest

from opt_games import SpecError
from opt_games.engines import get_engine
from opt_games.engines.engine import ENGINES


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_is_there_under_its_name(name):
    assert get_engine(name).name == name


def test_another_name_is_refused_with_the_choice():
    with pytest.raises(SpecError, match=r'did you mean "ipopt".*batch.*one-by-one'):
        get_engine("ipot")
