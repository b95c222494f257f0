from __future__ import annotations

import pytest

from opt_games.plot import plot_players

from .by_hand import bargain


def test_players_of_a_contract_with_their_shares_and_regimes():
    axes = plot_players(bargain("given", 0.8))
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "generalist\ncontribute",
        "law\ncontribute, share 0.800",
        "film\nabstain, share 0.800",
    ]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([0.8, 0.1, 0.0])
    assert axes.get_title(loc="left") == "By hand: given"
    assert (
        plot_players(bargain("nash", None)).get_title(loc="left") == "By hand: nash: no agreement"
    )
