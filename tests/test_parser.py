from __future__ import annotations

import math
import pickle
import string
import time

import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opt_games.errors import SpecError
from opt_games.expression import Expression
from opt_games.names import why_not_a_name


@given(st.text(max_size=60))
def test_arbitrary_text_is_a_formula_or_a_spec_error(text):
    mistake, names = None, frozenset()
    try:
        names = Expression.parse(text).names
    except SpecError as error:
        mistake = error
    if mistake is not None:
        assert len(str(mistake).splitlines()) == 1
    else:
        assert all(why_not_a_name(name) is None and name in text for name in names)


@given(st.text(alphabet=string.digits + ".+-*/(),e ac0_", max_size=40))
@settings(max_examples=300)
def test_text_of_the_right_characters_is_a_formula_or_a_spec_error(text):
    try:
        value = Expression.parse(text).evaluate(dict.fromkeys(Expression.parse(text).names, 1.5))
    except SpecError:
        return
    assert math.isfinite(value)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a^2", r'character 2: "\^" is no operator: use \*\*'),
        ("ln(a)", 'did you mean "log"'),
        ("sqr(a)", 'did you mean "sqrt"'),
        ("arctan(a)", 'did you mean "atan"'),
        ("c0(a)", "for a product write c0 \\*"),
        ("2(a)", r"write \* for a product"),
        ("exp", r"write exp\(\.\.\.\)"),
        ("2 a", "character 3: invalid syntax: mind the operator"),
        ("2a", "invalid decimal literal"),
        ("a +* b", "character 4"),
        ("(a", "never closed"),
        ("a)", "unmatched"),
        ("a, b", "comma"),
        ("1,5", "decimals take a point"),
        ("min(a)", "two arguments or more, not 1"),
        ("max()", "two arguments or more, not 0"),
        ("exp(a, b)", "one argument, not 2"),
        ("exp(x=1)", "right-hand side"),
        ("max(*a, 1)", "not allowed"),
        ("exp(**a)", "keyword"),
        ("a.b", "attributes"),
        ("a.__class__", "attributes"),
        ("exp.real(1)", "attributes"),
        ("a[0]", "no indexes"),
        ("lambda: 1", "lambda_"),
        ("lambda * alpha1", "lambda_"),
        ("a if b else c", "Python language"),
        ("[a for a in b]", "Python language"),
        ("a and b", "Python language"),
        ("not a", "Python language"),
        ("True", "Python language"),
        ("None", "Python language"),
        ("a < b", "comparison"),
        ("a == b", "right-hand side"),
        ("a := 1", '":"'),
        ("'a'", "without quotes"),
        ('"a"', "without quotes"),
        ("f'{a}'", "without quotes"),
        ("...", "real numbers"),
        ("1j", "complex"),
        ("0x10", "decimal"),
        ("0b1", "decimal"),
        ("a // b", "use /"),
        ("a % b", "divide by 100"),
        ("a @ b", '"@"'),
        ("a & b", '"&"'),
        ("~a", '"~"'),
        ("a; b", '";"'),
        ("a # b", "comment"),
        ("{a}", "parentheses"),
        ("__import__('os')", "without quotes"),
        ("__import__(os)", "unknown function"),
        ("__name__", "underscores"),
        ("eval(a)", "unknown function"),
        ("exp(1)(2)", "only functions"),
        ("a\0b", "x00"),
        ("\ud800", "ud800"),
        ("\N{GREEK SMALL LETTER ALPHA}1", "a-z"),
        ("\N{MATHEMATICAL BOLD SMALL A}", "a-z"),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}", "a-z"),
        ("a \N{MINUS SIGN} b", "use -"),
        ("a\N{SUPERSCRIPT TWO}", r"\*\*2"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "a-z"),
        ("1e999", "too large"),
        ("9" * 400, "too large"),
        ("9" * 5000, "too large"),
        ("10**10**10", "too large"),
        ("10**400", "too large"),
        ("1e308 * 10", "too large"),
        ("exp(1000)", "too large"),
        ("1 / 0", "divides by zero"),
        ("0**-1", "divides by zero"),
        ("log(0)", "not a real number"),
        ("log(-1)", "not a real number"),
        ("(-8)**(1/3)", "not a real number"),
        ("abs((-8)**0.5)", "not a real number"),
        ("x + 1 / 0", "divides by zero"),
        ("(" * 10_000 + "1" + ")" * 10_000, "nested"),
        ("exp(" * 5000 + "1" + ")" * 5000, "nested"),
        ("-" * 3000 + "1", "nested"),
        ("-" * 500 + "x", "nested"),
        ("a**" * 3000 + "1", "nested"),
        ("*".join(["a"] * 500), "nested"),
        ("x" * 1_000_000, "100,000 characters"),
        ("1+" * 500_000 + "1", "100,000 characters"),
    ],
)
def test_what_is_no_formula_is_refused_with_the_fix(text, advice):
    start = time.perf_counter()
    with pytest.raises(SpecError, match=advice) as caught:
        Expression.parse(text)
    assert time.perf_counter() - start < 1.0
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400


def test_a_long_sum_works_and_pickles():
    long = Expression.parse(" + ".join(f"c{i} * x" for i in range(2000)))
    copy = pickle.loads(pickle.dumps(long))
    values = {f"c{i}": float(i) for i in range(2000)} | {"x": 2.0}
    assert copy.evaluate(values) == 2000 * 1999
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=2.0)
    assert pyo.value(copy.build(values | {"x": model.x})) == 2000 * 1999


def test_a_longer_sum_is_a_value_or_a_spec_error():
    for terms in (5_000, 49_000):
        text = "+".join(["1"] * terms)
        try:
            outcome = Expression.parse(text).evaluate({})
        except SpecError as error:
            outcome = str(error)
        assert outcome == terms or "2,000 terms" in outcome
