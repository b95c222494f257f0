from __future__ import annotations

import pytest

from opt_games.errors import SolverError
from opt_games.solvers import first_answer
from opt_games.testing import problems, unsolvable

from .faults import Fault


def test_the_next_one_is_tried():
    model = problems.hs071()
    result = first_answer(model, [Fault("raises in compile"), "no such", "ipopt", "slsqp"])
    assert result.solver.name == "ipopt"
    assert model.x[1].value == pytest.approx(1.0)


def test_everything_that_was_tried_is_listed():
    model = unsolvable.out_of_reach()
    solvers = [Fault("raises"), "ipopt", "no such"]
    with pytest.raises(SolverError) as caught:
        first_answer(model, solvers)
    text = str(caught.value)
    for words in ("fault: raised ZeroDivisionError", "ipopt: infeasible", "no such", "area by 0.2"):
        assert words in text
    assert [model.x[i].value for i in (1, 2)] == [1, 1]
