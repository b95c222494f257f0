from __future__ import annotations

import pytest

import opt_games
from opt_games.spec.writer import LISTED, has_functions, to_document, to_toml
from opt_games.specialists import SpecialistTable

EVERYTHING = """
schema = 1
name = 'A "quoted" game of 5 µ'
source = "nowhere"
attributes = ["alpha", "beta"]
[parameters]
c0 = 0.1
theta = 1e-300
[levels]
alpha = { max = "10 * c0" }
[generalist]
cost = "c0 * alpha0**2 + beta0**2"
utility = "1 - exp(-profit)"
outside_option = 0.25
[[specialists]]
name = "law & order"
revenue = "rho * alpha1 + beta1"
cost = "(alpha1 - alpha0)**2 + (beta1 - beta0)**2"
parameters = { rho = 2.0 }
harm = "exp(-beta1)"
[[specialists]]
name = "film"
revenue = "alpha1"
cost = "(alpha1 - alpha0)**2 + (beta1 - beta0)**2"
utility = "log(1 + profit)"
[contract]
shares = "separate"
bounds = [0.1, 0.9]
share = "c0"
[bargaining]
solution = "weighted"
weights = { generalist = "c0", "law & order" = 2 }
disagreement = { film = 0.1 }
[regulation]
generalist = { beta = "theta" }
specialists = { beta = 0.5 }
[harm]
expected = "exp(-alpha1)"
liability = { generalist = 0.3, specialists = 0.4 }
[welfare]
consumer_surplus = "0.2 * alpha1"
"""


def test_every_key_survives():
    game = opt_games.loads(EVERYTHING)
    assert opt_games.loads(to_toml(game)) == game


@pytest.mark.parametrize("name", opt_games.shipped_games())
def test_shipped_games_survive(name):
    game = opt_games.load(name)
    assert opt_games.loads(to_toml(game)) == game
    assert not has_functions(game)


def market(rho):
    form = opt_games.Specialist("app", "rho * alpha1", "(alpha1 - alpha0)**2")
    table = SpecialistTable(form, {"rho": rho})
    return opt_games.Game("market", opt_games.Generalist("alpha0**2"), table)


def test_a_large_market_is_named_by_a_checksum():
    rho = [1.0 + k / 7 for k in range(LISTED + 1)]
    game, same, other = market(rho), market(list(rho)), market([*rho[:-1], 9.0])
    assert to_document(game) == to_document(same)
    assert to_document(game) != to_document(other)
    assert len(to_document(game)["specialists"]) == LISTED
    assert f"{LISTED + 1} specialists in all" in to_toml(game).splitlines()[-1]


@pytest.mark.parametrize("part", ["generalist", "specialist", "contract", "bargaining"])
def test_functions_are_found(part):
    def of_c0(c0):
        return c0

    law = opt_games.Specialist(
        "law",
        (lambda alpha1: alpha1) if part == "specialist" else "alpha1",
        "(alpha1 - alpha0)**2",
    )
    game = opt_games.Game(
        "g",
        opt_games.Generalist((lambda alpha0: alpha0**2) if part == "generalist" else "alpha0**2"),
        [law],
        parameters={"c0": 0.5},
        contract=opt_games.Contract(share=of_c0 if part == "contract" else None),
        bargaining=opt_games.Bargaining(weights={"law": of_c0} if part == "bargaining" else None),
    )
    assert has_functions(game)
