from __future__ import annotations

import numpy as np
import pytest

from opt_games.plot import plot_frontier

from .by_hand import lines


def test_the_frontier_follows_the_pareto_set(curve, bargains, pareto):
    axes = plot_frontier(curve, bargains=bargains, pareto=pareto)
    thick = [line for line in axes.lines if line.get_linewidth() > 3]
    assert len(thick) == 2
    own = np.asarray(thick[0].get_xdata())
    assert own[0] == 0.0
    assert own[-1] == pytest.approx(1.0)
    assert np.all(np.diff(own) > 0)
    assert list(thick[1].get_xdata()) == [pytest.approx(0.9)]
    (without,) = lines(axes, "disagreement")
    assert (without.get_xdata(), without.get_ydata()) == ([0.0], [0.0])
    assert len(lines(axes, "attainable")) == 1
    assert axes.get_ylabel() == "Utility of the specialists"
