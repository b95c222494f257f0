"""What the command line prints of markets too large to list."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from opt_games.game import Game, Generalist
from opt_games.pareto.answer import ContractPoint, ParetoSet
from opt_games.parts import Specialist
from opt_games.report import bargain_report, pareto_report
from opt_games.result import Bargain, Equilibrium, Work
from opt_games.specialists import SpecialistTable

WORK = Work("ipopt", "3.14", 1, (), 0.1)


def market(size):
    form = Specialist("app", "rho * alpha1", "(alpha1 - alpha0)**2")
    return Game("market", Generalist("alpha0**2"), SpecialistTable(form, {"rho": np.ones(size)}))


def bargain(game):
    """Every third specialist free-rides, and the last one abstains."""
    names = game.players[1:]
    numbers = dict.fromkeys(game.players, 0.5)
    regimes = {name: "free-ride" if k % 3 == 2 else "contribute" for k, name in enumerate(names)}
    at = Equilibrium(
        dict.fromkeys(names, 0.4),
        {name: {"alpha": 2.0} for name in game.players} | {names[-1]: None},
        numbers,
        numbers,
        {"generalist": "contribute", **regimes, names[-1]: "abstain"},
        None,
        dict.fromkeys(game.players, 0.0),
        numbers,
        True,
    )
    return Bargain(game.name, "nash", True, at, dict.fromkeys(game.players, 0.0), WORK)


def printed(report):
    console = Console(file=io.StringIO(), width=100)
    console.print(report)
    return console.file.getvalue()


def test_a_small_market_is_listed_in_full():
    game = market(20)
    text = printed(bargain_report(game, bargain(game)))
    assert "app-20" in text
    assert "The first" not in text


@pytest.mark.parametrize("size", [21, 100_000])
def test_a_large_market_is_counted_by_regime(size):
    game = market(size)
    text = printed(bargain_report(game, bargain(game)))
    assert "app-10 " in text
    assert "app-11 " not in text
    riding = size // 3 - (size % 3 == 0)
    counts = f"{size - 1 - riding:,} contribute, {riding:,} free-ride, 1 abstain"
    assert f"The first 10 of {size:,} specialists: {counts}; --json has all" in text
    assert len(text.splitlines()) < 30


def test_no_agreement_of_a_large_market():
    game = market(1000)
    none = Bargain(game.name, "nash", False, None, dict.fromkeys(game.players, 0.0), WORK)
    text = printed(bargain_report(game, none))
    assert "The first 10 of 1,000 specialists; --json has all" in text
    assert len(text.splitlines()) < 30


def test_the_pareto_set_of_a_large_market_sums_the_specialists():
    game = market(30)
    utilities = {"generalist": 2.0, **dict.fromkeys(game.players[1:], 0.5)}
    point = ContractPoint(dict.fromkeys(game.players[1:], 0.4), utilities)
    text = printed(pareto_report(game, ParetoSet("market", ((0.4, 0.4),), (point,), 0.0, WORK)))
    assert "U specialists" in text
    assert "app-1" not in text
    row = next(line for line in text.splitlines() if line.split()[:2] == ["end", "0.4"])
    assert row.split() == ["end", "0.4", "2", "15", "17"]
