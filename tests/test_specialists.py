"""Markets in columns, and as the objects that they stand for."""

from __future__ import annotations

import math
import pickle
import time

import numpy as np
import pytest

from opt_games.errors import SpecError
from opt_games.game import Bargaining, Game, Generalist
from opt_games.kernels.payoffs import compile_payoffs
from opt_games.parts import Specialist
from opt_games.specialists import Specialists, SpecialistTable

FORM = Specialist(
    "app",
    "rho * alpha1",
    "c1 * (alpha1 - alpha0)**2",
    {"kappa": 0.5},
    utility="profit / (1 + rho)",
    outside_option="log(rho) * kappa",
)
LAW = Specialist("law", "alpha1", "c1 * (alpha1 - alpha0)**2")


def table(size=4, **columns):
    return SpecialistTable(FORM, {"rho": np.arange(1.0, size + 1)} | columns)


def game(*specialists, **changes):
    fields = {"generalist": Generalist("alpha0**2"), "parameters": {"c0": 1.0, "c1": 0.5}} | changes
    return Game("market", specialists=specialists, **fields)


def test_a_table_is_a_sequence_of_ordinary_specialists():
    apps = table()
    assert [each.name for each in apps] == ["app-1", "app-2", "app-3", "app-4"]
    assert apps[-1] == Specialist(
        "app-4",
        FORM.revenue,
        FORM.cost,
        {"kappa": 0.5, "rho": 4.0},
        FORM.utility,
        FORM.outside_option,
    )
    assert list(apps) == [apps[0], apps[1], apps[2], apps[3]]
    assert apps[1:3] == (apps[1], apps[2])
    assert type(apps[0].parameters["rho"]) is float
    named = SpecialistTable(FORM, {}, ["a", "b"])
    assert [each.name for each in named] == ["a", "b"]
    with pytest.raises(IndexError):
        apps[4]


def test_columns_are_copies_that_cannot_be_written():
    given = np.array([1.0, 2.0])
    apps = SpecialistTable(FORM, {"rho": given})
    given[0] = 9.0
    assert apps[0].parameters["rho"] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        apps.columns["rho"][0] = 9.0


@pytest.mark.parametrize(
    ("columns", "names", "key", "advice"),
    [
        ({"rho": [1.0, math.nan]}, None, 'row 2, column "rho"', "finite number, not 'nan'"),
        ({"rho": [1.0, 2.0, -math.inf]}, None, 'row 3, column "rho"', "not '-inf'"),
        ({"rho": ["1"]}, None, 'column "rho"', "list of numbers, not <U1"),
        ({"rho": [True]}, None, 'column "rho"', "list of numbers, not bool"),
        ({"rho": [[1.0]]}, None, 'column "rho"', "several axes"),
        ({"rho": [1.0], "c1": [1.0, 2.0]}, None, None, "lengths 1, 2"),
        ({"rho": [1.0]}, ["a", "b"], None, "lengths 1, 2"),
        ({"rho": []}, None, None, "lengths 0"),
        ({}, None, None, "lengths none"),
        ({"kappa": [1.0]}, None, 'column "kappa"', "remove one"),
        ({"rho": [1.0, 2.0]}, ["a", "b="], 'row 2, column "name"', "without"),
        ({"rho": [1.0, 2.0]}, ["a", 2], 'row 2, column "name"', "expected a name"),
    ],
)
def test_mistakes_in_columns_name_their_place(columns, names, key, advice):
    with pytest.raises(SpecError, match=advice) as caught:
        SpecialistTable(FORM, columns, names)
    assert caught.value.key == key


def test_tables_stand_beside_single_specialists():
    film = Specialist("film", "alpha1", 0.0)
    market = Specialists([LAW, table(2), film])
    assert market.names == ("law", "app-1", "app-2", "film")
    assert (market[0], market[3], market[-1]) == (LAW, film, film)
    assert market[1].name == "app-1"
    assert market[1:3] == tuple(table(2))
    assert tuple(market) == (LAW, *table(2), film)
    assert market.positions["app-2"] == 2
    with pytest.raises(IndexError):
        market[4]
    with pytest.raises(SpecError, match="position 1, not str"):
        Specialists([LAW, "film"])


def test_columns_equal_the_objects_that_they_stand_for():
    columns, objects = Specialists([LAW, table()]), Specialists([LAW, *table()])
    assert columns == objects == (LAW, *table())
    assert hash(columns) == hash(objects) == hash((LAW, *table()))
    assert columns == pickle.loads(pickle.dumps(columns))
    assert columns != Specialists([*table(), LAW])
    assert columns != Specialists([LAW, table(3)])
    assert columns != Specialists([LAW, SpecialistTable(FORM, {"rho": [1.0, 2.0, 3.0, 5.0]})])
    assert columns != [LAW, *table()]
    assert game(LAW, table()) == game(LAW, *table())


def test_a_market_is_not_written_out_in_full():
    assert repr(Specialists([LAW])) == repr((LAW,))
    assert repr(Specialists(table(1000))) == "<1000 specialists, 'app-1' to 'app-1000'>"


def test_groups_join_what_is_alike():
    single = table(5)[4]
    market = Specialists([LAW, single, table(2), Specialist("film", LAW.revenue, LAW.cost)])
    of_law, of_apps = market.groups
    assert of_law.members.tolist() == [0, 4]
    assert of_apps.members.tolist() == [1, 2, 3]
    assert of_apps.columns["rho"].tolist() == [5.0, 1.0, 2.0]
    assert of_apps.column("c1", {"c1": 0.7}).tolist() == [0.7, 0.7, 0.7]


def test_payoffs_are_those_of_the_single_specialists():
    given = Bargaining(disagreement={"app-2": "c0", "law": 0.2}, weights={"app-3": "2 * c1"})
    market = game(LAW, table(), bargaining=given).with_parameters(c1=0.7)
    assert market.outside_options() == {
        "generalist": 0.0,
        "law": 0.0,
        **{f"app-{k}": pytest.approx(0.5 * math.log(k), rel=1e-15) for k in range(1, 5)},
    }
    payoffs = market.disagreement()
    assert (payoffs["law"], payoffs["app-2"]) == (0.2, 1.0)
    for k in (1, 3, 4):
        own = market.utility_of(f"app-{k}", 0.5 * math.log(k))
        assert payoffs[f"app-{k}"] == pytest.approx(own, rel=1e-15)
    assert market.weights() == dict.fromkeys(market.players, 1.0) | {"app-3": 1.4}
    assert market.outside_array().tolist() == list(market.outside_options().values())
    assert market.disagreement_array().tolist() == list(payoffs.values())
    assert market.weight_array().tolist() == list(market.weights().values())


def test_kernels_see_the_same_market_in_columns_and_in_objects():
    one, other = (compile_payoffs(game(LAW, *apps)) for apps in ((table(),), tuple(table())))
    for columns, objects in zip(one.followers, other.followers, strict=True):
        assert columns.members.tolist() == objects.members.tolist()
        assert columns.outside.tolist() == objects.outside.tolist()
        for left, right in zip(columns.parameters, objects.parameters, strict=True):
            assert (left.dtype, left.tolist()) == (np.float64, right.tolist())
    profits = np.linspace(0.0, 1.0, 6)
    assert one.utilities(profits).tolist() == other.utilities(profits).tolist()


def test_a_value_out_of_range_names_its_specialist():
    rho = np.ones(30)
    rho[[16, 20]] = -1.0
    with pytest.raises(SpecError, match=r"log\(-1.0\) is not a real number") as caught:
        game(LAW, table(30, rho=rho))
    assert caught.value.key == "specialists.app-17.outside_option"


def test_a_utility_counts_only_where_disagreement_is_not_given():
    careful = Specialist("app", "rho * alpha1", "alpha1**2", utility="log(rho * profit)")
    apps = SpecialistTable(careful, {"rho": [1.0, 2.0]})
    given = Bargaining(disagreement={"app-1": 0.0, "app-2": -3.0})
    assert game(apps, bargaining=given).disagreement_array().tolist() == [0.0, 0.0, -3.0]
    with pytest.raises(SpecError, match="not a real number") as caught:
        game(apps, bargaining=Bargaining(disagreement={"app-1": 0.0})).disagreement()
    assert caught.value.key == "specialists.app-2.utility"


def test_functions_are_evaluated_row_by_row():
    def outside(rho):
        return math.sqrt(rho - 2.0)

    form = Specialist("app", "rho * alpha1", "alpha1**2", outside_option=outside)
    market = game(SpecialistTable(form, {"rho": [2.0, 6.0]}))
    assert market.outside_array().tolist() == [0.0, 0.0, 2.0]
    with pytest.raises(SpecError, match="math domain error") as caught:
        game(SpecialistTable(form, {"rho": [2.0, 1.0]}))
    assert caught.value.key == "specialists.app-2.outside_option"


def test_names_of_a_market_are_unique_and_known():
    with pytest.raises(SpecError, match="two specialists are called 'app-3'") as caught:
        game(table(), Specialist("app-3", "alpha1", 0.0))
    assert caught.value.key == "specialists.app-3"
    market = game(LAW, table())
    assert market.specialist("app-2") == table()[1]
    with pytest.raises(SpecError, match='did you mean "app-'):
        market.specialist("app-9")
    with pytest.raises(SpecError, match=r"local parameter of 'app-1', 'app-2', 'app-3', \.{3}"):
        market.with_parameters(rho=2.0)


@pytest.mark.slow
def test_a_million_specialists_in_seconds():
    size = 1_000_000
    begin = time.perf_counter()
    market = game(SpecialistTable(FORM, {"rho": np.linspace(1.0, 2.0, size)}))
    changed = market.with_parameters(c1=2.0)
    payoffs = compile_payoffs(changed)
    seconds = time.perf_counter() - begin
    assert payoffs.followers[0].outside[-1, 0, 0] == pytest.approx(0.5 * math.log(2.0))
    assert changed.disagreement_array().size == size + 1
    assert seconds < 20.0  # under 2 on an idle machine; one object each took more than a minute
