from __future__ import annotations

import numpy as np
import pytest

from opt_games.benchmark.profile import Profile
from opt_games.plot import plot_profile


def test_lines_are_the_profile_and_are_named():
    inf = float("inf")
    profile = Profile.of({"a": [1.0, 1.0, inf], "b": [8.0, inf, inf], "none": [inf, inf, inf]})
    axes = plot_profile(profile)
    lines = {line.get_label(): line for line in axes.lines}
    assert list(lines) == ["a", "b", "none"]
    x, y = (np.asarray(each) for each in lines["b"].get_data())
    assert (x[0], y[0], y[-1]) == (1.0, 0.0, pytest.approx(1 / 3))
    assert x[np.flatnonzero(y > 0)[0]] == 8.0
    assert x[-1] == axes.get_xlim()[1] > 8.0
    assert axes.get_xscale() == "log"
    names = {text.get_text(): text for text in axes.texts}
    assert set(names) == set(lines)
    assert all(names[each].get_color() == lines[each].get_color() for each in names)


def test_names_of_lines_that_end_together_stay_apart():
    profile = Profile.of({f"s{k}": [1.0, float("inf")] for k in range(6)})
    heights = sorted(text.xyann[1] for text in plot_profile(profile).texts)
    assert np.diff(heights).min() > 0.03
    assert heights[-1] <= 1.0


def test_in_given_axes_and_nothing_to_draw(tmp_path):
    axes = plot_profile(Profile.of({}))
    assert plot_profile(Profile.of({"a": [1.0]}), ax=axes) is axes
