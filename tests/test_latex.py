from __future__ import annotations

import re

import opt_games
from opt_games.formulations.latex import to_latex

GAME = opt_games.load("separate-shares")
SHARES = {"law": 0.3, "film": 0.5, "music": 0.8}


def test_an_investment_problem():
    model = opt_games.investment_problem(
        GAME, "law", shares=SHARES, levels={"generalist": {"alpha": 0.2}}
    )
    text = to_latex(model)
    level, base = r"\mathrm{level}_{\text{alpha, law}}", r"\mathrm{base}_{\text{alpha}}"
    assert rf"{base} \leq {level}" in text
    revenue = rf"\mathrm{{rho}}_{{\text{{law}}}} {level}"
    assert rf"\left( 1 - \mathrm{{share}}_{{\text{{law}}}} \right)  {revenue}" in text


def test_an_equilibrium_problem_has_a_row_for_every_constraint():
    text = to_latex(opt_games.equilibrium_problem(GAME, SHARES))
    labels = re.findall(r"\\label\{con:(game_constraint\d+)\}", text)
    assert len(labels) == len(set(labels)) == 9  # response, above and willing for each of three


def test_products_have_one_number_in_front():
    for solution in ("nash", "egalitarian"):
        text = to_latex(opt_games.bargaining_problem(opt_games.load("quadratic"), solution))
        assert r"\max" in text
        assert not re.search(r"[}\d] -?\d", text.replace("leq 1.0", "").replace("& 0", ""))
        assert r"2 \mathrm{c0}" in text


def test_the_model_is_left_as_it_was():
    model = opt_games.equilibrium_problem(GAME, SHARES)
    before = str(model.objective.expr), len(list(model.component_objects()))
    to_latex(model)
    assert (str(model.objective.expr), len(list(model.component_objects()))) == before
