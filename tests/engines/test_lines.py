"""Contracts along the share that could be the best."""

import numpy as np
import pytest
from engines.quadratics import C0, C1, many, spread, utilities

from opt_games.engines.confirm import THOROUGH
from opt_games.engines.lines import QUICK, Line, hopes, sample

EVERY = np.arange(4)


def line(count: int = 11, effort=QUICK) -> Line:
    games = many()
    return Line.of(games, spread(games), EVERY, count, effort)


def test_samples_are_equilibria():
    games, share = many(), np.array([0.1, 0.5, 0.9, 0.3])
    found = sample(games, spread(games), share, THOROUGH)
    assert np.allclose(found.utilities, utilities(share), rtol=1e-12)
    expected = share / (2 * C0) + (1 - share) / (2 * C1)
    assert np.allclose(found.performance, expected, rtol=1e-12)
    assert found.active.all()
    assert not found.idle.any()
    assert len(set(found.key.tolist())) == 1


def test_lines_are_sorted_and_grow():
    games = many()
    first = line()
    share = np.array([0.55, 0.31])
    more = first.closer(games, spread(games), np.array([3, 1]), share, THOROUGH)
    assert more.place.size == first.place.size + 2
    assert np.all(np.diff(more.place) >= 0)
    inside = more.place[1:] == more.place[:-1]
    assert np.all(np.diff(more.sampled.share)[inside] > 0)
    assert 0.31 in more.sampled.share[more.place == 1]
    some = more.take(np.array([False, True, False, True]))
    assert some.cases.tolist() == [1, 3]
    assert set(some.place.tolist()) == {0, 1}
    assert 0.31 in some.sampled.share[some.place == 0]


@pytest.mark.parametrize("count", [11, 101])
def test_few_games_and_many_are_sampled_alike(count, monkeypatch):
    together = line(count, THOROUGH)
    monkeypatch.setattr("opt_games.engines.lines._FEW", 0)
    apart = line(count, THOROUGH)
    assert np.array_equal(together.sampled.share, apart.sampled.share)
    assert np.allclose(together.sampled.utilities, apart.sampled.utilities, rtol=1e-13)


def test_the_vertex_of_a_parabola_is_where_it_should_be():
    """The sum of utilities of the quadratic game is a parabola in the share."""
    found = line()
    values = found.values("utilitarian")
    hope = hopes(found, values, np.zeros(4))
    place = found.place[hope.row]
    best = C1 / (C0 + C1)
    assert set(place.tolist()) == {0, 1, 2, 3}
    # in the third game it is where the generalist begins to do something
    inside = best[place] > 0.2
    assert inside.sum() == 3
    assert np.allclose(hope.share[inside], best[place][inside], atol=1e-4)
    assert np.all(hope.value >= found.highest(values)[place])


def test_hidden_stretches_and_broken_runs():
    """Between two branches there may be more than their ends show."""
    found = line()
    key = np.where(found.sampled.share < 0.45, 1, 2)
    broken = Line(
        found.cases,
        found.place,
        type(found.sampled)(**{**vars(found.sampled), "key": key}),
        found.stakes,
    )
    values = np.where(key == 1, found.sampled.share, 1.0 - found.sampled.share)
    hope = hopes(broken, values, np.zeros(4))
    # both ends of the gap are peaks of their runs; what goes on rising might be higher
    ends = broken.sampled.share[hope.row]
    assert set(np.round(ends, 12).tolist()) == {0.4, 0.5}
    assert np.allclose(hope.value[ends < 0.45], 0.5)
    assert np.allclose(hope.value[ends > 0.45], 0.6)
    assert np.allclose(broken.sampled.share[hope.gap], 0.4)
    assert hope.gap.size == 4
