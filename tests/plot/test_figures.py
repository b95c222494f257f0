from __future__ import annotations

import opt_games
from opt_games.plot import bargain_figure, figure


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
