from __future__ import annotations

import pytest

import opt_games
from opt_games.plot import plot_utilities, save


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
