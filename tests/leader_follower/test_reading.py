"""Each way in which a model can be no leader-follower program has one line that says what to do."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from opt_games import LeaderFollower, SpecError
from opt_games.leader_follower.reading import read_program


def two_followers():
    model = pyo.ConcreteModel(name="two")
    model.x = pyo.Var(bounds=(0, 1))
    model.f = pyo.Block([1, 2])
    for block in model.f.values():
        block.y = pyo.Var(bounds=(0, 1))
        block.cost = pyo.Objective(expr=(block.y - model.x) ** 2)
    model.cost = pyo.Objective(expr=model.x + model.f[1].y + model.f[2].y)
    return model


def uses_another(model):
    model.f[1].c = pyo.Constraint(expr=model.f[1].y <= model.f[2].y)


def no_objective(model):
    model.f[2].cost.deactivate()


def two_objectives(model):
    model.other = pyo.Objective(expr=model.x)


def no_leader_objective(model):
    model.cost.deactivate()


def leaders_variable_within(model):
    model.f[1].z = pyo.Var(bounds=(0, 1))
    model.c = pyo.Constraint(expr=model.f[1].z <= model.x)


def foreign_variable(model):
    other = pyo.ConcreteModel(name="other")
    other.w = pyo.Var()
    model.c = pyo.Constraint(expr=other.w <= model.x)


def fixed_without_value(model):
    model.x.fixed = True


def nothing_to_decide(model):
    model.f[1].y.fix(0.5)


def contradicting_bounds(model):
    model.f[1].y.setlb(2)


def sos(model):
    model.pair = pyo.Var([1, 2])
    model.s = pyo.SOSConstraint(var=model.pair, sos=1)


def inactive(model):
    model.f[1].deactivate()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (uses_another, ["f[1]", "f[2].y", "move"]),
        (no_objective, ["f[2]", "no active Objective", "add one"]),
        (two_objectives, ["leader", "cost, other", "deactivate"]),
        (no_leader_objective, ["leader", "no active Objective", "outside"]),
        (leaders_variable_within, ["f[1].z", "outside that Block"]),
        (foreign_variable, ["c uses", "w", "no Var of the model"]),
        (fixed_without_value, ["x is fixed", "give it one"]),
        (nothing_to_decide, ["f[1] decides on nothing"]),
        (contradicting_bounds, ["f[1].y", "above"]),
        (sos, ["s is a SOSConstraint", "Constraints"]),
        (inactive, ["f[1] is deactivated", "activate()"]),
    ],
)
def test_what_is_wrong_is_named_with_the_fix(spoil, words):
    model = two_followers()
    spoil(model)
    with pytest.raises(SpecError) as raised:
        LeaderFollower(model, followers=[model.f[1], model.f[2]])
    message = str(raised.value)
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("followers", "words"),
    [
        (lambda m: [], "there is no follower"),
        (lambda m: [m.x], "is no Block of the model"),
        (lambda m: [m], "is no Block of the model"),
        (lambda m: "f", "must be Blocks"),
        (lambda m: [m.f[1], m.f[1]], "named twice"),
        (lambda m: [pyo.Block(concrete=True)], "is no Block of the model"),
    ],
)
def test_followers_are_blocks_of_the_model(followers, words):
    model = two_followers()
    with pytest.raises(SpecError, match=words):
        LeaderFollower(model, followers=followers(model))


def test_followers_within_one_another():
    model = two_followers()
    model.f[1].inner = pyo.Block()
    with pytest.raises(SpecError, match="lie in one another"):
        LeaderFollower(model, followers=[model.f[1], model.f[1].inner])


def test_no_model():
    with pytest.raises(SpecError, match="ConcreteModel"):
        LeaderFollower("model", followers=[])


def test_an_indexed_block_is_all_its_followers():
    model = two_followers()
    program = read_program(model, model.f)
    assert [each.name for each in program.followers] == ["f[1]", "f[2]"]
    assert read_program(model, [model.f]) == program


def test_conditions_are_brought_to_one_form():
    model = two_followers()
    model.both = pyo.Constraint(expr=(0.25, model.x, 0.75))
    model.exact = pyo.Constraint(expr=model.x == model.f[1].y)
    model.dropped = pyo.Constraint(expr=model.x >= 5)
    model.dropped.deactivate()
    leader = read_program(model, model.f).leader
    model.x, model.f[1].y = 0.5, 0.75
    assert [each.name for each in leader.conditions] == ["both", "both", "exact"]
    assert [pyo.value(each.body) for each in leader.conditions] == [-0.25, -0.25, -0.25]


def test_fixed_variables_are_numbers():
    model = two_followers()
    model.x.fix(0.25)
    program = read_program(model, model.f)
    assert [each.name for each in program.variables] == ["f[1].y", "f[2].y"]
    model.f[1].y = 0.5
    model.f[2].y = 0.5
    assert pyo.value(program.leader.cost) == 1.25


def test_whole_bounds_of_integers():
    model = two_followers()
    model.f[1].y.domain = pyo.Integers
    model.f[1].y.setub(3.7)
    (own,) = read_program(model, model.f).followers[0].variables
    assert (own.lower, own.upper, own.integer) == (0.0, 3.0, True)
