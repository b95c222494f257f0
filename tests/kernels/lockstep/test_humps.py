"""No optimum lies outside the humps."""

from __future__ import annotations

import numpy as np
import pytest
from lockstep_games import FAMILIES, Known

from opt_games.kernels.lockstep.humps import seeds
from opt_games.kernels.lockstep.levels import MULTIPLES, own_scale


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("levels", MULTIPLES)
def test_the_optimum_is_at_a_hump(family, levels):
    known = Known(family)
    games = known.market()
    base = MULTIPLES[levels][:, None] * own_scale(games)
    found, tempted = seeds(games, base, known.share[None, :])
    optimum, best = known.levels[0][found.game], known.utilities[0][found.game]
    near = (found.low <= optimum) & (optimum <= found.high) & (found.hope >= best * (1 - 1e-9))
    caught = np.zeros(games.games, dtype=bool)
    np.logical_or.at(caught, found.game, near)
    assert np.flatnonzero(~caught).tolist() == []
    np.testing.assert_array_equal(found.lane, found.game)
    assert tempted.all()
