from __future__ import annotations

import pytest

from opt_games.regions.condition import NO_ANSWER, Condition, regimes_in_words

G = {"generalist": "contribute"}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (NO_ANSWER, "no answer"),
        (Condition(False, False, {"generalist": "abstain", "law": "abstain"}), "no agreement"),
        (Condition(True, False, {"generalist": "abstain", "law": "abstain"}), "all abstain"),
        (Condition(True, True, {**G, "law": "free-ride"}), "law free-rides, revenue shared"),
        (Condition(True, False, {**G, "law": "comply"}), "law complies, revenue not shared"),
    ],
)
def test_words(condition, words):
    assert condition.in_words() == words


def test_players_of_one_regime_are_named_together_and_many_are_counted():
    regimes = {**G, "a": "free-ride", "b": "contribute", "c": "contribute", "d": "free-ride"}
    assert regimes_in_words(regimes) == "b and c contribute, a and d free-ride"
    many = {**G, **{f"app-{k}": "contribute" for k in range(7)}, "last": "abstain"}
    assert regimes_in_words(many) == "7 specialists contribute, last abstains"


def test_the_document_has_null_where_there_is_no_answer():
    assert NO_ANSWER.to_dict() == {"agreement": None, "profit_sharing": None, "regimes": None}
    assert not NO_ANSWER.solved
