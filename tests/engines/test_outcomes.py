"""Outcomes as arrays: put together, taken apart, replaced."""

import numpy as np
import pytest

from opt_games.engines.outcomes import FAILED, NO_AGREEMENT, OK, STATUSES, Outcomes, join


def outcomes(status: list[int], reasons=None) -> Outcomes:
    empty = Outcomes.empty(2, 1, len(status))
    empty.status[:] = status
    empty.shares[:] = np.arange(len(status))
    return Outcomes(**{**vars(empty), "reasons": reasons or {}})


def test_empty_outcomes_have_failed():
    found = Outcomes.empty(3, 2, 4)
    assert found.size == 4
    assert found.utilities.shape == (4, 4)
    assert found.levels.shape == (4, 2, 4)
    assert [STATUSES[code] for code in found.status] == ["failed"] * 4
    assert np.isnan(found.shares).all()
    assert (found.regimes == -1).all()
    assert not found.slow.any()


def test_joined_outcomes_keep_their_reasons_by_case():
    both = join([outcomes([OK, FAILED], {1: "first"}), outcomes([FAILED, OK], {0: "second"})])
    assert both.status.tolist() == [OK, FAILED, FAILED, OK]
    assert both.reasons == {1: "first", 2: "second"}
    assert both.shares[1].tolist() == [0.0, 1.0, 0.0, 1.0]


def test_selected_outcomes_come_in_the_order_asked_for():
    some = outcomes([OK, FAILED, NO_AGREEMENT], {1: "why"}).select(np.array([2, 1]))
    assert some.status.tolist() == [NO_AGREEMENT, FAILED]
    assert some.reasons == {1: "why"}


def test_replaced_cases_take_everything_from_the_others():
    before = outcomes([FAILED, FAILED, OK], {0: "stays", 1: "goes"})
    after = before.replaced(np.array([1, 2]), outcomes([OK, FAILED], {1: "comes"}))
    assert after.status.tolist() == [FAILED, OK, FAILED]
    assert after.reasons == {0: "stays", 2: "comes"}
    assert after.shares[0].tolist() == [0.0, 0.0, 1.0]
    assert before.status.tolist() == [FAILED, FAILED, OK]


def test_cases_beyond_the_end_are_refused():
    with pytest.raises(IndexError):
        outcomes([OK]).select(np.array([1]))
