from __future__ import annotations

import dataclasses
import math

import pytest

from opt_games.errors import SpecError
from opt_games.game import (
    Bargaining,
    Contract,
    Game,
    Generalist,
    Harm,
    Regulation,
    Specialist,
    Welfare,
)


def specialist(name="law", **changes):
    fields = {"revenue": "alpha1", "cost": "c1 * (alpha1 - alpha0)**2"} | changes
    return Specialist(name, **fields)


def game(**changes):
    fields = {
        "name": "quadratic",
        "generalist": Generalist("c0 * alpha0**2"),
        "specialists": [specialist()],
        "parameters": {"c0": 1.0, "c1": 0.5},
    } | changes
    return Game(**fields)


def test_functions_are_checked_like_text():
    with pytest.raises(SpecError, match="use alpha1") as caught:
        game(specialists=[specialist(revenue=lambda alpha0: alpha0)])
    assert caught.value.key == "specialists.law.revenue"


def test_harm_of_one_domain_may_use_its_parameters():
    own = specialist("film", harm="h * exp(-alpha1)", parameters={"h": 1.0})
    assert game(specialists=[own]).specialists[0].harm.names == {"h", "alpha1"}
    with pytest.raises(SpecError, match="local parameter of 'film'"):
        game(specialists=[specialist(), own], harm=Harm("h * exp(-alpha1)"))
    both = [dataclasses.replace(own, harm=None), own]
    both[0] = dataclasses.replace(both[0], name="law")
    assert game(specialists=both, harm=Harm("h * exp(-alpha1)")).players[1:] == ("law", "film")


WRONG = [
    (lambda: game(name=""), "name", "one line"),
    (lambda: game(name="a\nb"), "name", "one line"),
    (lambda: game(name=3), "name", "expected text"),
    (lambda: game(source=3), "source", "expected text"),
    (lambda: game(generalist="alpha0"), "generalist", "expected a Generalist"),
    (lambda: game(specialists=[]), "specialists", "at least one"),
    (lambda: game(specialists=["law"]), "specialists", "position 0, not str"),
    (lambda: game(specialists=[specialist()] * 2), "specialists.law", "two specialists"),
    (lambda: specialist("generalist"), "specialists.name", "sets the base level"),
    (lambda: specialist(""), "specialists.name", "expected a name"),
    (lambda: specialist(" law"), "specialists.name", "expected a name"),
    (lambda: specialist("a=b"), "specialists.name", "="),
    (lambda: specialist("a\nb"), "specialists.name", "one line"),
    (lambda: specialist(revenue=None), "specialists.law.revenue", "not NoneType"),
    (lambda: specialist(revenue="a^2"), "specialists.law.revenue", r"\*\*"),
    (lambda: specialist(cost=True), "specialists.law.cost", "not bool"),
    (lambda: specialist(cost=math.inf), "specialists.law.cost", "finite"),
    (lambda: specialist(parameters={"a": math.nan}), "specialists.law.parameters.a", "finite"),
    (lambda: specialist(parameters=[1]), "specialists.law.parameters", "names with their values"),
    (lambda: Generalist("alpha0", utility="2 +"), "generalist.utility", "invalid syntax"),
    (lambda: Generalist("alpha0", outside_option=math.nan), "generalist.outside_option", "finite"),
    # which names may stand where
    (lambda: game(generalist=Generalist("alpha1")), "generalist.cost", "use alpha0"),
    (lambda: game(generalist=Generalist("profit")), "generalist.cost", "only in a utility"),
    (lambda: game(generalist=Generalist("c2")), "generalist.cost", "did you mean"),
    (lambda: game(generalist=Generalist("zzz")), "generalist.cost", r"add it to \[parameters\]"),
    (
        lambda: game(
            generalist=Generalist("rho"), specialists=[specialist(parameters={"rho": 1.0})]
        ),
        "generalist.cost",
        "local parameter of 'law'",
    ),
    (
        lambda: game(generalist=Generalist(0, outside_option="alpha0")),
        "generalist.outside_option",
        "use parameters",
    ),
    (
        lambda: game(generalist=Generalist(0, utility="alpha0 * profit")),
        "generalist.utility",
        "use parameters",
    ),
    (
        lambda: game(generalist=Generalist(0, utility="c0")),
        "generalist.utility",
        'a function of "profit"',
    ),
    (
        lambda: game(specialists=[specialist(revenue="alpha0")]),
        "specialists.law.revenue",
        "final level: use alpha1",
    ),
    (
        lambda: game(specialists=[specialist(revenue="alpha")]),
        "specialists.law.revenue",
        'did you mean "alpha1"',
    ),
    (
        lambda: game(specialists=[specialist(revenue="beta1")]),
        "specialists.law.revenue",
        'or "beta" to attributes',
    ),
    (
        lambda: game(specialists=[specialist(cost="alpha2")]),
        "specialists.law.cost",
        'did you mean "alpha',
    ),
    (
        lambda: game(specialists=[specialist(harm="alpha0")]),
        "specialists.law.harm",
        "use alpha1",
    ),
    (
        lambda: game(specialists=[specialist(outside_option="profit")]),
        "specialists.law.outside_option",
        "only in a utility",
    ),
    (lambda: game(harm=Harm("alpha0")), "harm.expected", "use alpha1"),
    (lambda: game(welfare=Welfare("alpha0")), "welfare.consumer_surplus", "use alpha1"),
    (
        lambda: game(harm=Harm("alpha1", {"generalist": "alpha1"})),
        "harm.liability.generalist",
        "use parameters",
    ),
    (lambda: game(contract=Contract(share="alpha0")), "contract.share", "use parameters"),
    (lambda: game(level_bounds={"alpha": "alpha1"}), "levels.alpha.max", "use parameters"),
    (
        lambda: game(regulation=Regulation({"alpha": "alpha1"})),
        "regulation.generalist.alpha",
        "use parameters",
    ),
    (
        lambda: game(bargaining=Bargaining(disagreement={"law": "profit"})),
        "bargaining.disagreement.law",
        "use parameters",
    ),
    # names given twice, or not names at all
    (lambda: game(parameters={"alpha0": 1.0}), "parameters.alpha0", "is a level"),
    (lambda: game(parameters={"alpha1": 1.0}), "parameters.alpha1", "is a level"),
    (lambda: game(parameters={"profit": 1.0}), "parameters.profit", "utility"),
    (lambda: game(parameters={"share": 1.0}), "parameters.share", "bargain"),
    (lambda: game(parameters={"generalist": 1.0}), "parameters.generalist", "player"),
    (lambda: game(parameters={"exp": 1.0}), "parameters.exp", "function"),
    (lambda: game(parameters={"lambda": 1.0}), "parameters.lambda", "lambda_"),
    (lambda: game(parameters={"a b": 1.0}), "parameters.'a b'", "letters"),
    (lambda: game(parameters={"2a": 1.0}), "parameters.2a", "no digit first"),
    (lambda: game(parameters={"__a": 1.0}), "parameters.__a", "underscores"),
    (lambda: game(parameters={3: 1.0}), "parameters.3", "not text"),
    (
        lambda: game(specialists=[specialist(parameters={"alpha1": 1.0})]),
        "specialists.law.parameters.alpha1",
        "is a level",
    ),
    (lambda: game(attributes=[]), "attributes", "at least one"),
    (lambda: game(attributes="alpha"), "attributes", r'\["alpha"\]'),
    (lambda: game(attributes=["alpha", "alpha"]), "attributes", "given twice"),
    (lambda: game(attributes=["a b"]), "attributes[0]", "letters"),
    (lambda: game(attributes=["alpha", "log1"]), "attributes[1]", '"log10"'),
    # values out of range
    (lambda: Contract("seperate"), "contract.shares", 'did you mean "separate"'),
    (lambda: Contract(bounds=(0.6, 0.4)), "contract.bounds", "lowest share"),
    (lambda: Contract(bounds=(-0.1, 0.4)), "contract.bounds", "lowest share"),
    (lambda: Contract(bounds=(0.0, 1.1)), "contract.bounds", "lowest share"),
    (lambda: Contract(bounds=(0.0, math.nan)), "contract.bounds", "lowest share"),
    (lambda: Contract(bounds=(0.0, True)), "contract.bounds", "lowest share"),
    (lambda: Contract(bounds=(0.0,)), "contract.bounds", "lowest share"),
    (lambda: Contract(bounds=0.5), "contract.bounds", "lowest share"),
    (lambda: game(contract=Contract(share=-0.1)), "contract.share", "within the bounds"),
    (
        lambda: game(contract=Contract(bounds=(0.2, 0.4), share="c1")),
        "contract.share",
        r"\[0.2, 0.4\], not 0.5",
    ),
    (lambda: game(contract=Contract(share="1 / (c0 - 1)")), "contract.share", "divides by zero"),
    (lambda: Bargaining("nahs"), "bargaining.solution", "did you mean"),
    (lambda: Bargaining("weighted"), "bargaining.weights", "needs weights"),
    (
        lambda: game(bargaining=Bargaining(weights={"lwa": 1})),
        "bargaining.weights.lwa",
        'did you mean "law"',
    ),
    (
        lambda: game(bargaining=Bargaining(disagreement={"film": 1})),
        "bargaining.disagreement.film",
        "known are generalist, law",
    ),
    (
        lambda: game(bargaining=Bargaining(weights={"law": "c0 - 2"})),
        "bargaining.weights.law",
        "at least 0, not -1",
    ),
    (
        lambda: game(bargaining=Bargaining(weights={"law": 0, "generalist": 0})),
        "bargaining.weights",
        "all weights are 0",
    ),
    (
        lambda: game(specialists=[specialist(outside_option="log(c0 - 1)")]),
        "specialists.law.outside_option",
        "not a real number",
    ),
    (lambda: game(level_bounds={"alpha": 0}), "levels.alpha.max", "above 0"),
    (lambda: game(level_bounds={"alpha": -1}), "levels.alpha.max", "above 0"),
    (lambda: game(level_bounds={"alpha": "1 +"}), "levels.alpha.max", "invalid syntax"),
    (lambda: game(level_bounds={"beta": 1}), "levels.beta", "add it to attributes"),
    (
        lambda: game(regulation=Regulation(specialists={"beta": 1})),
        "regulation.specialists.beta",
        "add it to attributes",
    ),
    (
        lambda: Harm("alpha1", {"specialist": 0.1}),
        "harm.liability.specialist",
        'did you mean "specialists"',
    ),
    (
        lambda: game(harm=Harm("alpha1", {"generalist": 1.1})),
        "harm.liability.generalist",
        "between 0 and 1",
    ),
    (
        lambda: game(harm=Harm("alpha1", {"generalist": 0.6, "specialists": 0.6})),
        "harm.liability",
        "add up to 1.2",
    ),
]


@pytest.mark.parametrize(("build", "key", "advice"), WRONG)
def test_mistakes_name_their_place_and_the_fix(build, key, advice):
    with pytest.raises(SpecError, match=advice) as caught:
        build()
    assert caught.value.key == key
    assert len(str(caught.value).splitlines()) == 1


def test_a_form_that_many_share_is_checked_for_each_set_of_parameters():
    form = specialist(revenue="rho * alpha1", parameters={"rho": 1.0})
    many = [dataclasses.replace(form, name=f"app-{i}") for i in range(50)]
    assert len(game(specialists=many).players) == 51
    many.append(dataclasses.replace(form, name="odd", parameters={"roh": 1.0}))
    with pytest.raises(SpecError, match='did you mean "roh"') as caught:
        game(specialists=many)
    assert caught.value.key == "specialists.odd.revenue"
