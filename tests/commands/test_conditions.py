from __future__ import annotations

import json

import pytest

import opt_games
from opt_games import cli
from opt_games.commands.conditions import read_range


@pytest.fixture
def run(capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["conditions", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_table_has_ends_and_words(run):
    code, out, err = run("fixed-cost", "--vary", "share=0:1:21")
    assert (code, err) == (0, "")
    for part in ("Fine-tuning game with a fixed cost", "given", "0.408319", "0.677082"):
        assert part in out
    assert "law contributes, film abstains" in out
    assert out.count("not shared") == 1


def test_json_is_the_document_of_the_result(run):
    code, out, err = run(
        "quadratic", "--vary", "c1=0.6:1.6:5", "--bargain", "max-performance", "--json"
    )
    assert (code, err) == (0, "")
    game = opt_games.load("quadratic")
    found = opt_games.conditions(game, "c1", 0.6, 1.6, bargain="max-performance", points=5)
    assert json.loads(out) == found.to_dict()
    assert [interval["regimes"]["law"] for interval in json.loads(out)["intervals"]] == [
        "contribute",
        "free-ride",
    ]


def test_parameters_can_be_set(run):
    _, out, _ = run(
        "quadratic",
        "--vary",
        "c1=0.6:2.6:5",
        "--bargain",
        "max-performance",
        "--set",
        "c0=2",
        "--json",
    )
    assert json.loads(out)["intervals"][0]["to"] == pytest.approx(2.0, abs=1e-6)


def test_failures_are_said_and_do_not_stop_it(run):
    code, out, err = run("quadratic", "--vary", "c1=-1:1:5", "--share", "0.4")
    assert code == 0
    assert "no answer" in out
    assert err.startswith("opt-games: warning: ")
    assert "games have no answer" in err


def test_no_answer_anywhere_exits_3(run):
    code, out, err = run("quadratic", "--vary", "c1=-2:-1:3", "--share", "0.4")
    assert (code, out) == (3, "")
    assert "at any of 3 points" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--vary", "c2=0:1"), "did you mean"),
        (("--vary", "c1"), "expected a range, such as c1=0.1:10"),
        (("--vary", "c1=1"), "expected a range"),
        (("--vary", "c1=0:x"), "expected a number"),
        (("--vary", "c1=0:1:x"), "expected a number of values"),
        (("--vary", "c1=0:1:log"), "begins above 0"),
        (("--vary", "c1=2:1"), "the lower first"),
        (("--vary", "c0=1:2", "--vary", "c1=1:2"), "vary one parameter"),
        (("--vary", "c1=1:2", "--share", "0.4", "--bargain", "nash"), "not both"),
        ((), "--vary"),
    ],
)
def test_wrong_input_exits_2_in_a_line(run, arguments, message):
    code, out, err = run("quadratic", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_a_picture(run, tmp_path):
    path = tmp_path / "conditions.png"
    code, _, err = run("fixed-cost", "--vary", "share=0:1:21", "--plot", str(path))
    assert code == 0
    assert err == f"opt-games: wrote {path}\n"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("c1=0.1:10", ("c1", 0.1, 10.0, 201, False)),
        (" c1 = 0.1 : 10 : log ", ("c1", 0.1, 10.0, 201, True)),
        ("c1=0.1:10:50", ("c1", 0.1, 10.0, 50, False)),
        ("c1=0.1:10:50:log", ("c1", 0.1, 10.0, 50, True)),
    ],
)
def test_ranges(text, expected):
    assert read_range(text) == expected
