"""``opt-games pareto`` of separate shares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opt_games.cli import main

SPEC = """
schema = 1
name = "Two"
[generalist]
cost = "alpha0**2"
[[specialists]]
name = "law"
revenue = "alpha1"
cost = "(alpha1 - alpha0)**2"
[[specialists]]
name = "film"
revenue = "0.6 * alpha1"
cost = "0.8 * (alpha1 - alpha0)**2"
[contract]
shares = "separate"
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "two.toml"
    path.write_text(SPEC)
    return str(path)


def test_the_document(spec, capsys):
    assert main(["pareto", spec, "--points", "80", "--seed", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert "intervals" not in document
    assert set(document["points"][0]) == {"shares", "utilities", "found_by"}
    assert set(document["points"][0]["shares"]) == {"law", "film"}
    assert document["hypervolume"] > 0
    assert document["reference"] == {"generalist": 0.0, "law": 0.0, "film": 0.0}
    assert document["complete"] is True
    assert 0 < document["efficiency"] < 1
    assert document["first_best"]["total"] == pytest.approx(1.6**2 / 4 + 1 / 4 + 0.36 / 3.2)
    assert document["bargains"]["nash"]["on_frontier"] is True
    assert document["coverage"]["known"] >= len(document["points"])


def test_the_table_and_the_picture(spec, capsys, tmp_path):
    picture = tmp_path / "two.png"
    assert main(["pareto", spec, "--points", "80", "--plot", str(picture)]) == 0
    out, err = capsys.readouterr()
    for word in ("Frontier", "best for film", "nash", "Share in law", "Hypervolume", "Efficiency"):
        assert word in out
    assert str(picture) in err
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_limit_of_time_is_said_in_both_places(spec, capsys):
    assert main(["pareto", spec, "--time-limit", "0.001"]) == 0
    out, err = capsys.readouterr()
    assert "PARTIAL" in out
    assert "time was up" in err
    assert main(["pareto", spec, "--time-limit", "0.001", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["complete"] is False
    assert document["unfinished"]


def test_wrong_numbers_are_one_line(spec, capsys):
    for option in ("--points=0", "--time-limit=-1", "--time-limit=nan"):
        assert main(["pareto", spec, option]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_common_share_has_its_bargains_and_efficiency(capsys):
    assert main(["pareto", "quadratic", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["efficiency"] == pytest.approx(7 / 9, abs=1e-9)
    assert document["bargains"]["utilitarian"]["shares"] == {"law": pytest.approx(1 / 3)}
    assert document["bargains"]["max-performance"]["on_frontier"] is True
    assert document["hypervolume"] > 0
    assert main(["pareto", "quadratic"]) == 0
    assert "Efficiency 0.777778" in capsys.readouterr().out
