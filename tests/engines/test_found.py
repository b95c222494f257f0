"""Choosing among contracts found."""

import numpy as np
import pytest
from engines.quadratics import many, spread

from opt_games.engines.found import Found, Tasks, choose
from opt_games.engines.lines import QUICK, Line

GAMES = many()
LINE = Line.of(GAMES, spread(GAMES), np.arange(4), 3, QUICK)
VALUES = np.zeros(LINE.place.size)


def found(case: list[int], score: list[float], good: list[bool]) -> Found:
    size = len(case)
    peaks = LINE.sampled.peaks.take(np.zeros(size, dtype=np.int64))
    column = np.zeros(size)
    return Found(
        case=np.array(case),
        share=np.arange(size) / 10,
        base=column,
        contribution=column[None],
        taking=np.ones((1, size), dtype=bool),
        profits=np.zeros((2, size)),
        utilities=np.zeros((2, size)),
        regret=column,
        good=np.array(good),
        strays=np.zeros(size, dtype=bool),
        deviation=peaks,
        score=np.where(good, score, -np.inf),
    )


def tasks(hope: list[float], start: list[float]) -> Tasks:
    peaks = LINE.sampled.peaks.take(np.zeros(len(hope), dtype=np.int64))
    column = np.zeros(len(hope))
    return Tasks(
        column.astype(int), column, peaks, None, column > 0, np.array(hope), np.array(start)
    )


def chosen(candidates: Found, hope: list[float], again: list[int], values=VALUES, start=None):
    rows = np.array(again, dtype=np.int64)
    begun = tasks(hope, start or [-9.0] * len(hope))
    return choose("utilitarian", LINE, candidates, [begun], rows, values, np.full(4, 1e-6))


def test_the_best_of_every_case_is_chosen():
    best = chosen(found([0, 0, 2], [1.0, 2.0, 3.0], [True] * 3), [1.0, 2.0, 3.0], [])
    assert best.case.tolist() == [0, 2]
    assert best.share.tolist() == [0.1, 0.2]
    assert best.good.all()


@pytest.mark.parametrize(("hope", "sure"), [(0.9, True), (1.1, False)])
def test_a_higher_hope_that_came_to_nothing_leaves_doubt(hope, sure):
    best = chosen(found([0, 0], [1.0, 0.0], [True, False]), [1.0, hope], [])
    assert best.good.tolist() == [sure]
    # unless it was tried again
    again = found([0, 0, 0], [1.0, 0.0, 1.05], [True, False, True])
    assert chosen(again, [1.0, hope, hope], [1]).good.tolist() == [True]


def test_an_answer_worse_than_its_start_leaves_doubt():
    """The solver has gone elsewhere."""
    both = found([0, 0], [1.0, 0.2], [True, True])
    assert chosen(both, [1.0, 1.1], [], start=[0.9, 0.1]).good.tolist() == [True]
    assert chosen(both, [1.0, 1.1], [], start=[0.9, 0.5]).good.tolist() == [False]


def test_a_better_sample_leaves_doubt():
    values = np.where(LINE.place == 1, 2.0, 0.0)
    best = chosen(found([0, 1], [1.0, 1.0], [True, True]), [1.0, 1.0], [], values)
    assert best.good.tolist() == [True, False]


def test_parts_put_together_can_be_picked_again():
    both = Found.join([found([0], [1.0], [True]), found([1, 2], [2.0, 3.0], [True, False])])
    assert both.case.tolist() == [0, 1, 2]
    assert both.pick(np.array([2, 0])).case.tolist() == [2, 0]
    assert both.pick(np.array([2, 0])).deviation.base.size == 2


def test_tasks_are_taken_with_their_rivals():
    peaks = LINE.sampled.peaks.take(np.arange(3))
    column = np.arange(3.0)
    every = Tasks(np.arange(3), column, peaks, peaks, np.zeros(3, dtype=bool), column, column)
    some = every.take(np.array([2]))
    assert some.share.tolist() == [2.0]
    assert some.rivals is not None
    assert some.rivals.base.size == 1
