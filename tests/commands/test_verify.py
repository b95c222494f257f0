"""``opt-games verify``: what it prints, its exit codes, and checking a file again."""

from __future__ import annotations

import json

import pytest

from opt_games.cli import main


def document(capsys, *arguments):
    code = main(["verify", *arguments, "--json"])
    printed = capsys.readouterr()
    return code, json.loads(printed.out)


def test_certificate_of_a_given_share(capsys):
    code, found = document(capsys, "quadratic", "--share", "0.4")
    assert code == 0
    assert found["utilities"]["generalist"] == pytest.approx(0.28)
    certificate = found["certificate"]
    assert certificate["certified"] is True
    assert set(certificate["regret"]) == {"generalist", "law"}
    assert all(0.0 <= regret <= 1e-6 for regret in certificate["regret"].values())
    assert certificate["tolerance"] == 1e-6
    assert certificate["solver"]["name"] == "interval branch and bound"
    assert certificate["bargain"] is None


def test_certificate_of_a_bargain(capsys):
    code, found = document(capsys, "quadratic", "--bargain", "utilitarian", "--set", "c1=1")
    assert code == 0
    assert found["shares"]["law"] == pytest.approx(0.5)
    assert found["certificate"]["bargain"]["certified"]


def test_what_is_not_certified_exits_with_3_and_keeps_its_bounds(capsys):
    code, found = document(
        capsys, "exponential", "--share", "0.5", "--time-limit", "1e-9", "--tolerance", "1e-7"
    )
    assert code == 3
    assert found["certificate"]["certified"] is False
    assert found["certificate"]["reasons"]


def test_a_file_is_checked_again(capsys, tmp_path):
    path = tmp_path / "answer.json"
    _, found = document(capsys, "quadratic", "--share", "0.4")
    path.write_text(json.dumps(found))
    code, again = document(capsys, "--recheck", str(path))
    assert code == 0
    assert again["certified"]
    found["levels"]["law"]["alpha"] += 0.01
    found["certificate"]["levels"]["law"]["alpha"] += 0.01
    path.write_text(json.dumps(found))
    assert main(["verify", "--recheck", str(path)]) == 3
    assert "law gains at least 5e-05 by alpha = 0.8" in capsys.readouterr().out


def test_a_table_for_people(capsys):
    assert main(["verify", "quadratic", "--share", "0.4"]) == 0
    assert "PROVEN: nobody can gain more than 1e-06" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a spec file"),
        (["quadratic", "--tolerance", "0"], "--tolerance"),
        (["quadratic", "--time-limit", "-1"], "--time-limit"),
        (["quadratic", "--recheck", "x.json"], "give nothing else"),
        (["--recheck", "no-such.json"], "cannot read the file"),
        (["quadratic", "--solver", "scp"], "no solver is called"),
    ],
)
def test_wrong_input(arguments, message, capsys):
    assert main(["verify", *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not printed.out
