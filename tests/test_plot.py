from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import opt_games
from opt_games.plot import (
    bargain_figure,
    figure,
    legend_handles,
    plot_frontier,
    plot_players,
    plot_utilities,
    save,
)
from opt_games.result import (
    Bargain,
    ContractPoint,
    Equilibrium,
    ParetoSet,
    UtilityCurve,
    Work,
)

WORK = Work("by hand", "0", 0, (), 0.0)


def equilibrium(share: float, utilities: dict[str, float], regimes: dict[str, str]) -> Equilibrium:
    names = [name for name in utilities if name != "generalist"]
    return Equilibrium(
        shares=dict.fromkeys(names, share),
        levels={p: {"alpha": 1.0} if regimes[p] != "abstain" else None for p in utilities},
        profits=utilities,
        utilities=utilities,
        regimes=regimes,
        branch=None,
        regret=dict.fromkeys(utilities, 0.0),
        turnover=dict.fromkeys(utilities, 1.0),
        certified=True,
    )


def bargain(solution: str, share: float | None) -> Bargain:
    """A bargain of the game by hand: film leaves above a share of a half."""
    utilities = {"generalist": 0.0, "law": 0.0, "film": 0.0}
    found = None
    if share is not None:
        film = "abstain" if share > 0.5 else "contribute"
        regimes = {"generalist": "contribute", "law": "contribute", "film": film}
        at = dict(zip(utilities, utilities_at(np.array([share]))[:, 0].tolist(), strict=True))
        found = equilibrium(share, at, regimes)
    return Bargain("By hand", solution, found is not None, found, utilities, WORK)


def utilities_at(shares: np.ndarray) -> np.ndarray:
    there = shares <= 0.5
    return np.array(
        [shares * (1 + there), (1 - shares) * (0.5 + there), np.where(there, 0.5 - shares, 0.0)]
    )


@pytest.fixture
def curve() -> UtilityCurve:
    shares = np.concatenate([np.linspace(0, 0.5, 11), [0.5 + 1e-12], np.linspace(0.6, 1, 5)])
    regimes = np.full((3, shares.size), "contribute", dtype="<U10")
    regimes[2, shares > 0.5] = "abstain"
    piece = (shares > 0.5).astype(np.int64)
    players = ("generalist", "law", "film")
    return UtilityCurve(players, shares, utilities_at(shares), regimes, piece)


@pytest.fixture
def bargains() -> dict[str, Bargain]:
    return {
        "nash": bargain("nash", 0.3),
        "utilitarian": bargain("utilitarian", 0.5),
        "max-performance": bargain("max-performance", 0.5),
        "egalitarian": bargain("egalitarian", None),
    }


@pytest.fixture
def pareto() -> ParetoSet:
    points = tuple(
        ContractPoint(
            {"law": share, "film": share},
            dict(
                zip(
                    ("generalist", "law", "film"),
                    utilities_at(np.array([share]))[:, 0].tolist(),
                    strict=True,
                )
            ),
        )
        for share in (0.0, 0.25, 0.5, 0.9)
    )
    return ParetoSet("By hand", ((0.0, 0.5), (0.9, 0.9)), points, 0.0, WORK)


def lines(axes: Axes, start: str) -> list:
    return [line for line in axes.lines if str(line.get_label()).startswith(start)]


def test_utilities_are_broken_at_the_jump(curve):
    axes = plot_utilities(curve)
    named = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    assert [line.get_label() for line in named] == ["generalist", "law", "film", "all players"]
    assert len(axes.lines) == 2 * len(named)
    for line in axes.lines:
        shares = np.asarray(line.get_xdata())
        assert shares.max() <= 0.5 or shares.min() > 0.5
    assert axes.get_ylabel() == "Utility"
    assert axes.child_axes[0].get_xlabel() == "Share of revenue to the generalist"


def test_a_total_is_the_sum_of_utilities(curve):
    axes = plot_utilities(curve)
    (total,) = lines(axes, "all players")
    drawn = curve.utilities.sum(axis=0)[curve.piece == 0]
    np.testing.assert_allclose(total.get_ydata(), drawn)


def test_units_are_in_the_labels(curve):
    assert plot_utilities(curve, unit="money").get_ylabel() == "Utility (money)"
    axes = plot_frontier(curve, unit="money")
    assert axes.get_xlabel() == "Utility of the generalist (money)"
    assert axes.get_ylabel() == "Utility of the specialists (money)"


def test_bargains_are_marked_once_per_share(curve, bargains):
    axes = plot_utilities(curve, bargains=bargains)
    labels = [handle.get_label() for handle in legend_handles(axes)]
    assert "nash (0.300)" in labels
    assert "utilitarian,\nmax-performance (0.500)" in labels
    assert not any("egalitarian" in label for label in labels)
    (mark,) = lines(axes, "nash")
    assert mark.get_xdata() == [0.3]
    assert mark.get_ydata() == pytest.approx([utilities_at(np.array([0.3])).sum()])


def test_the_strip_shows_the_pareto_set_and_the_regimes(curve, pareto):
    axes = plot_utilities(curve, pareto=pareto)
    (strip,) = axes.child_axes
    assert [label.get_text() for label in strip.get_yticklabels()] == ["Pareto set", "law", "film"]
    (bar,) = lines(strip, "_interval")
    assert list(bar.get_xdata()) == [0.0, 0.5]
    (alone,) = lines(strip, "_isolated")
    assert list(alone.get_xdata()) == [0.9]
    bands = {
        (patch.get_y() // 1, str(patch.get_label()).strip("_")): patch.get_width()
        for patch in strip.patches
    }
    assert bands == {
        (1.0, "contribute"): pytest.approx(1.0),
        (2.0, "contribute"): pytest.approx(0.5),
        (2.0, "abstain"): pytest.approx(0.5),
    }
    assert {handle.get_label() for handle in legend_handles(axes)} >= {"contribute", "abstain"}


def test_many_specialists_are_summed_and_counted():
    shares = np.linspace(0, 1, 5)
    players = ("generalist", *(f"app-{k}" for k in range(30)))
    utilities = np.tile(1 - shares, (31, 1))
    regimes = np.full((31, 5), "contribute", dtype="<U10")
    regimes[20:, 3:] = "free-ride"
    curve = UtilityCurve(players, shares, utilities, regimes, np.zeros(5, dtype=np.int64))
    axes = plot_utilities(curve)
    assert [line.get_label() for line in axes.lines] == [
        "generalist",
        "sum of the specialists",
        "all players",
    ]
    (strip,) = axes.child_axes
    assert [label.get_text() for label in strip.get_yticklabels()] == ["specialists"]
    assert [area.get_label() for area in strip.collections] == ["contribute", "free-ride"]


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


def test_functions_draw_into_the_axes_they_are_given(curve):
    axes = Figure().subplots()
    assert plot_utilities(curve, ax=axes) is axes
    assert plot_frontier(curve, ax=axes) is axes
    assert plot_players(bargain("given", 0.3), ax=axes) is axes


def test_one_legend_serves_both_panels(curve, bargains, pareto):
    drawn = figure(curve, bargains=bargains, pareto=pareto, title="By hand")
    assert all(axes.get_legend() is None for axes in drawn.axes)
    (legend,) = drawn.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert len(labels) == len(set(labels))
    assert {"generalist", "Pareto frontier", "disagreement", "nash (0.300)"} <= set(labels)


def test_nothing_is_cut_off_and_nothing_overlaps(curve, bargains, pareto):
    drawn = figure(curve, bargains=bargains, pareto=pareto, title="By hand")
    drawn.draw_without_rendering()
    page = drawn.bbox
    (legend,) = drawn.legends
    boxes = [legend.get_window_extent(), *(axes.get_tightbbox() for axes in drawn.axes)]
    for box in boxes:
        assert box.x0 >= page.x0 - 1
        assert box.x1 <= page.x1 + 1
        assert box.y0 >= page.y0 - 1
        assert box.y1 <= page.y1 + 1
    for k, box in enumerate(boxes):
        for other in boxes[k + 1 :]:
            assert not box.padded(-1).overlaps(other.padded(-1))


@pytest.mark.parametrize(
    ("suffix", "head"),
    [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml"), ("jpg", b"\xff\xd8")],
)
def test_save_writes_the_format_of_the_suffix(tmp_path, curve, suffix, head):
    path = tmp_path / f"picture.{suffix}"
    save(plot_utilities(curve).figure, path)
    assert path.read_bytes().startswith(head)
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_save_leaves_what_was_there(tmp_path, curve, monkeypatch):
    path = tmp_path / "picture.png"
    path.write_text("old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    drawn = plot_utilities(curve).figure
    monkeypatch.setattr(drawn, "savefig", full)
    with pytest.raises(opt_games.SpecError, match="No space left"):
        save(drawn, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_picture_of_a_bargain_marks_it_first_and_the_others_too():
    game = opt_games.load("quadratic")
    drawn = bargain_figure(game, opt_games.solve(game, share=0.25))
    (legend,) = drawn.legends
    labels = [text.get_text() for text in legend.get_texts()]
    marks = [label for label in labels if label.endswith(")")]
    assert marks[0] == "given (0.250)"
    assert {"nash (0.377)", "utilitarian (0.333)"} <= set(marks)
    assert drawn.axes[0].get_ylabel() == "Utility (money)"


def test_the_picture_of_separate_shares_shows_players():
    game = opt_games.load("separate-shares")
    found = opt_games.solve(game, share={"law": 0.3, "film": 0.5, "music": 0.8})
    (axes,) = bargain_figure(game, found).axes
    assert [label.get_text().split("\n")[0] for label in axes.get_yticklabels()] == [*game.players]
