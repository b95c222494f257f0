"""Questions and answers: arguments, precedence, documents."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import pytest

import opt_games
from opt_games import Bargaining, Contract, Game, Generalist, Specialist
from opt_games.solvers import solvers

KEYS = [
    "game",
    "solution",
    "agreement",
    "shares",
    "levels",
    "profits",
    "utilities",
    "regimes",
    "welfare",
    "solver",
]


def game_of(*names: str, **more) -> Game:
    domains = [
        Specialist(name, "alpha1", "0.5 * (alpha1 - alpha0)**2") for name in names or ("law",)
    ]
    return Game("asked", Generalist("alpha0**2 + f"), domains, {"f": 0.0, "s": 0.25}, **more)


# --- which question --------------------------------------------------------------------------


def test_a_given_share():
    found = opt_games.solve(game_of(), share=0.4)
    assert (found.solution, found.agreement) == ("given", True)
    assert found.shares == {"law": 0.4}
    assert found.utilities == pytest.approx({"generalist": 0.28, "law": 0.3}, rel=1e-9)


def test_nash_is_asked_for_where_nothing_else_is():
    assert opt_games.solve(game_of()).solution == "nash"


def test_the_games_own_solution_goes_before_its_share():
    both = game_of(bargaining=Bargaining("egalitarian"), contract=Contract(share="s"))
    assert opt_games.solve(both).solution == "egalitarian"
    share = game_of(contract=Contract(share="s"))
    found = opt_games.solve(share)
    assert (found.solution, dict(found.shares)) == ("given", {"law": 0.25})
    assert opt_games.solve(share.with_parameters(s=0.5)).shares == {"law": 0.5}


def test_what_is_asked_for_goes_before_the_games_own():
    both = game_of(bargaining=Bargaining("egalitarian"), contract=Contract(share="s"))
    assert opt_games.solve(both, share=0.4).shares == {"law": 0.4}
    assert opt_games.solve(both, bargain="utilitarian").solution == "utilitarian"


@pytest.mark.parametrize(
    ("alias", "name"), [("ks", "kalai-smorodinsky"), ("vertical-monopoly", "utilitarian")]
)
def test_aliases(alias, name):
    by_alias, by_name = (opt_games.solve(game_of(), bargain=each) for each in (alias, name))
    assert by_alias.solution == name
    assert by_alias.shares == by_name.shares


def test_shares_by_specialist():
    separate = game_of("law", "film", contract=Contract("separate"))
    found = opt_games.solve(separate, share={"film": 0.6, "law": 0.3})
    assert found.shares == {"law": 0.3, "film": 0.6}
    assert list(found.shares) == ["law", "film"]
    common = game_of("law", "film")
    assert opt_games.solve(common, share={"film": 0.3, "law": 0.3}).shares == {
        "law": 0.3,
        "film": 0.3,
    }


# --- wrong questions -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"share": 0.4, "bargain": "nash"}, "not both"),
        ({"bargain": "nahs"}, r'did you mean "nash".*choose from utilitarian'),
        ({"share": 1.5}, r"within the bounds \[0, 1\], not 1.5"),
        ({"share": -0.1}, r"within the bounds"),
        ({"share": float("nan")}, r"within the bounds"),
        ({"share": {"lw": 0.4}}, r'no specialist .lw. \(did you mean "law"\?\)'),
        ({"share": {}}, "give a share for law too"),
        ({"bargain": "weighted"}, "needs weights"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(opt_games.SpecError, match=message):
        opt_games.solve(game_of(), **arguments)


def test_a_share_outside_the_contracts_own_bounds():
    game = game_of(contract=Contract(bounds=(0.2, 0.5)))
    with pytest.raises(opt_games.SpecError, match=r"\[0.2, 0.5\], not 0.6"):
        opt_games.solve(game, share=0.6)


def test_different_shares_where_one_is_common():
    with pytest.raises(opt_games.SpecError, match="one common share"):
        opt_games.solve(game_of("law", "film"), share={"law": 0.3, "film": 0.4})


def test_an_unknown_solver():
    with pytest.raises(opt_games.OptGamesError, match="ipopt"):
        opt_games.solve(game_of(), share=0.4, solver="ipotp")


def test_curves_are_of_common_shares():
    separate = game_of("law", "film", contract=Contract("separate"))
    with pytest.raises(opt_games.UnsupportedGameError, match="common"):
        opt_games.utility_curve(separate)


def test_wrong_arguments_of_a_pareto_set_are_named():
    with pytest.raises(opt_games.SpecError, match="points"):
        opt_games.pareto(game_of(), points=0)
    for limit in (0.0, -1.0, float("nan")):
        with pytest.raises(opt_games.SpecError, match="time_limit"):
            opt_games.pareto(game_of(), time_limit=limit)


def test_unbounded_games_name_the_player_and_the_direction():
    domain = Specialist("law", "alpha1", "0.1 * (alpha1 - alpha0)")
    with pytest.raises(
        opt_games.UnboundedGameError, match=r"specialist 'law' grows.*alpha1.*levels\.alpha\.max"
    ):
        opt_games.solve(Game("wild", Generalist("alpha0**2"), [domain]), share=0.4)
    domain = Specialist("law", "alpha1", "(alpha1 - alpha0)**2")
    with pytest.raises(
        opt_games.UnboundedGameError, match=r"generalist's profit grows.*alpha0.*levels\.alpha\.max"
    ):
        opt_games.solve(Game("wild", Generalist("0.1 * alpha0"), [domain]), share=0.4)


# --- documents -------------------------------------------------------------------------------


def test_the_document_of_a_bargain():
    found = opt_games.solve(game_of(), bargain="nash")
    document = found.to_dict()
    assert [key for key in document if key in KEYS] == KEYS
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["levels"]["law"] == {
        "alpha": pytest.approx(found.equilibrium.levels["law"]["alpha"])
    }
    assert document["welfare"] == pytest.approx(sum(document["utilities"].values()))
    assert document["certified"] is True
    solver = document["solver"]
    assert (solver["name"], solver["solves"] >= 1, solver["seconds"] > 0) == ("ipopt", True, True)
    assert solver["version"][0].isdigit()


def test_who_abstains_has_no_levels():
    domains = [
        Specialist("law", "alpha1", "0.5 * (alpha1 - alpha0)**2"),
        Specialist("film", "alpha1", "(alpha1 - alpha0)**2 + 100"),
    ]
    document = opt_games.solve(Game("some", Generalist("alpha0**2"), domains), share=0.4).to_dict()
    assert document["levels"]["film"] is None
    assert document["regimes"]["film"] == "abstain"
    nobody = opt_games.solve(game_of().with_parameters(f=5.0), share=0.4).to_dict()
    assert nobody["levels"] == {"generalist": None, "law": None}
    assert nobody["regimes"] == {"generalist": "abstain", "law": "abstain"}
    json.dumps(nobody, allow_nan=False)


def test_the_document_without_agreement():
    game = game_of(bargaining=Bargaining(disagreement={"generalist": 0.5, "law": "2 * s"}))
    found = opt_games.solve(game, bargain="nash")
    assert (found.agreement, found.shares, found.equilibrium) == (False, None, None)
    document = found.to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["shares"] is document["levels"] is None
    assert document["utilities"] == {"generalist": 0.5, "law": 0.5}
    assert document["welfare"] == 1.0


def test_answers_are_frozen():
    found = opt_games.solve(game_of(), share=0.4)
    with pytest.raises(FrozenInstanceError):
        found.agreement = False


def test_the_document_of_a_pareto_set():
    document = opt_games.pareto(game_of()).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert {"game", "intervals", "points", "solver"} <= set(document)


# --- solvers ---------------------------------------------------------------------------------

OTHERS = [
    name
    for name, each in solvers().items()
    if name != "ipopt" and each.availability().available and not each.capabilities.global_
]


@pytest.mark.parametrize("solver", ["ipopt", *OTHERS])
@pytest.mark.parametrize("solution", ["nash", "kalai-smorodinsky"])
def test_every_solver_gives_the_same_answer(solver, solution):
    game = opt_games.load("exponential")
    usual, other = (
        opt_games.solve(game, bargain=solution, solver=each) for each in ("ipopt", solver)
    )
    assert other.work.name == solver
    assert other.work.solves >= 1
    assert other.shares == pytest.approx(usual.shares, rel=1e-6)
    assert other.utilities == pytest.approx(usual.utilities, rel=1e-7)
    assert other.equilibrium.certified
