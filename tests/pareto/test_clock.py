"""Time against a limit."""

from __future__ import annotations

import math
import time

from opt_games.pareto.clock import Clock


def test_without_a_limit_it_never_is_over():
    clock = Clock()
    assert clock.left == math.inf
    assert not clock.over


def test_a_limit_passes():
    clock = Clock(limit=0.01)
    time.sleep(0.02)
    assert clock.over
    assert clock.left < 0 < clock.seconds
