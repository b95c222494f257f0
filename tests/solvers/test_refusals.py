from __future__ import annotations

import pytest

from opt_games.errors import SolverError
from opt_games.solvers.model_view import ModelView
from opt_games.solvers.refusals import refuse
from opt_games.testing.expressions import FUNCTIONS

NAMED = [name for name in FUNCTIONS if " " not in name and name != "division"]


@pytest.mark.parametrize("name", NAMED)
def test_what_is_refused_is_found_and_named(name):
    view = ModelView(FUNCTIONS[name].build())
    with pytest.raises(SolverError, match=f"mine cannot take {name}, which is in cost"):
        refuse(view, {name}, "mine")
    refuse(view, set(FUNCTIONS) - {name}, "mine")
