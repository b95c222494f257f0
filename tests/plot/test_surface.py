"""The frontier of three players, and of more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from opt_games import SpecError
from opt_games.pareto.answer import ContractPoint, FirstBest, ParetoSet, PlacedBargain
from opt_games.plot import plot_contours, plot_pairs, plot_surface
from opt_games.plot.figures import frontier_figure
from opt_games.plot.surface import bargain_marks, triangles
from opt_games.result import Work


def frontier(players: int) -> ParetoSet:
    """A sphere's octant, in two parts with a gap between them."""
    rng = np.random.default_rng(0)
    points = np.abs(rng.normal(size=(2000, players)))
    points /= np.linalg.norm(points, axis=1)[:, None]
    points = points[np.abs(points[:, 0] - 0.5) > 0.15]
    names = ["generalist", *(f"s{k}" for k in range(1, players))]
    contracts = [
        ContractPoint(dict.fromkeys(names[1:], 0.5), dict(zip(names, row, strict=True)))
        for row in points.tolist()
    ]
    at = contracts[0]
    bargains = {
        "nash": PlacedBargain(at.shares, at.utilities, True),
        "egalitarian": PlacedBargain(at.shares, at.utilities, True),
        "utilitarian": PlacedBargain(at.shares, contracts[1].utilities, True),
        "kalai-smorodinsky": None,
    }
    return ParetoSet(
        "octant",
        None,
        tuple(contracts),
        0.0,
        Work("ipopt", "3", 1, (), 0.1),
        reference=dict.fromkeys(names, 0.0),
        first_best=FirstBest(2.0, True, tuple(contracts[:5])),
        bargains=bargains,
        unfinished=("bargains",),
    )


def test_the_surface_has_contours_marks_and_labels():
    axes = plot_surface(frontier(3), unit="money")
    assert axes.get_xlabel() == "Utility of generalist (money)"
    labels = axes.get_legend_handles_labels()[1]
    assert labels == ["first best", "nash,\negalitarian", "utilitarian"]
    contours = plot_contours(frontier(3))
    assert contours.get_ylabel() == "Utility of s1"
    assert len(contours.get_legend_handles_labels()[1]) == 2


def test_no_triangle_spans_the_gap():
    found = frontier(3)
    utilities = np.array([list(point.utilities.values()) for point in found.points]).T
    mesh = triangles(utilities)
    first = utilities[0][mesh.get_masked_triangles()]
    assert not ((first.min(axis=1) < 0.5) & (first.max(axis=1) > 0.5)).any()
    assert len(first) > 200


def test_bargains_at_one_contract_are_one_mark():
    assert [label for label, _, _ in bargain_marks(frontier(3))] == [
        "nash,\negalitarian",
        "utilitarian",
    ]


def test_a_surface_needs_three_players():
    with pytest.raises(SpecError, match="three players, not 4"):
        plot_surface(frontier(4))


@pytest.mark.parametrize("players", [4, 5])
def test_pairs_have_a_panel_for_every_two_players(players):
    panels = plot_pairs(frontier(players))
    assert len(panels) == players * (players - 1) // 2
    assert panels[-1].get_xlabel() == f"U s{players - 2}"


@pytest.mark.parametrize("players", [3, 4])
def test_a_figure_says_that_it_is_partial(players):
    drawn = frontier_figure(frontier(players))
    drawn.canvas.draw()
    assert drawn.get_suptitle() == "octant (partial)"
    assert len(drawn.legends) == 1


CURVE = np.linspace(0.0, 1.0, 30)
THIN = {
    "one contract": np.zeros((1, 3)),
    "two contracts": np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    "a line": np.column_stack([CURVE, 1.0 - CURVE, 0.0 * CURVE]),
    "a curve": np.column_stack([np.cos(CURVE), np.sin(CURVE), 0.0 * CURVE]),
}


@pytest.mark.parametrize("shape", THIN)
def test_a_frontier_without_a_surface_has_its_points(shape):
    found = frontier(3)
    names = list(found.reference)
    points = tuple(
        ContractPoint({"s1": 0.5, "s2": 0.5}, dict(zip(names, row, strict=True)))
        for row in THIN[shape].tolist()
    )
    drawn = frontier_figure(replace(found, points=points, bargains={}, first_best=None))
    drawn.canvas.draw()
    assert len(drawn.axes[0].collections[-1].get_offsets()) == len(points)
