from __future__ import annotations

import pytest

import opt_games
from opt_games import SpecError, quadratic_form
from opt_games.spec.writer import to_toml

SPEC = """
schema = 1
name = "Forms"
attributes = ["alpha", "beta"]
[parameters]
c = 0.5
[generalist]
cost = {generalist}
[[specialists]]
name = "law"
revenue = {revenue}
cost = [[1.0, "-c / 2"], ["-c / 2", 2.0]]
"""


def spec(generalist='[[1, "c"], ["c", 3]]', revenue='[2, "c"]'):
    return SPEC.format(generalist=generalist, revenue=revenue)


def test_matrices_and_lists_are_formulas():
    game = opt_games.loads(spec())
    at = {"alpha0": 1.0, "beta0": 2.0, "alpha1": 4.0, "beta1": 3.0, "c": 0.5}
    assert game.generalist.cost.evaluate(at) == 1 + 2 * 0.5 * 2 + 3 * 4
    law = game.specialist("law")
    assert law.revenue.evaluate(at) == 8 + 0.5 * 3
    # of the contribution (3, 1)
    assert law.cost.evaluate(at) == 9 - 2 * 0.25 * 3 + 2


def test_they_are_written_as_formulas():
    game = opt_games.loads(spec())
    assert opt_games.loads(to_toml(game)) == game


@pytest.mark.parametrize(
    ("generalist", "revenue", "message"),
    [
        ("[[1, 2], [3, 1]]", "[1, 1]", "generalist.cost: not symmetric: row 1 has 2.0 in column 2"),
        ("[[1]]", "[1, 1]", "generalist.cost: expected a matrix of 2 rows of 2 entries"),
        ("[[1, 0], [0]]", "[1, 1]", "expected a matrix of 2 rows"),
        ("[1, 2]", "[1, 1]", "generalist.cost: expected a formula, or a matrix"),
        ("[[1, 0], [0, true]]", "[1, 1]", "not true or false"),
        ("[[1, 0], [0, 1]]", "[1]", "specialists.law.revenue: expected 2 entries"),
        ("[[1, 0], [0, 1]]", "[1, []]", "expected a formula in quotes or a number, not a list"),
        ('[[1, "d"], ["d", 1]]', "[1, 1]", 'unknown name "d"'),
    ],
)
def test_wrong_forms_name_their_place(generalist, revenue, message):
    with pytest.raises(SpecError) as caught:
        opt_games.loads(spec(generalist, revenue))
    assert message in str(caught.value)


def test_quadratic_form_of_one_variable():
    assert quadratic_form([["c"]], ["alpha0"]) == "(c) * (alpha0)**2"
