from __future__ import annotations

import csv
import math
import pickle
import subprocess
import sys
import time
import tomllib

import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opt_games.errors import SpecError
from opt_games.game import (
    Bargaining,
    Contract,
    Game,
    Generalist,
    Harm,
    Regulation,
    Specialist,
    Welfare,
)
from opt_games.spec import load, loads, reader
from opt_games.spec.mistakes import check_shape

SPEC = """
schema = 1
name = "Quadratic fine-tuning game"

[parameters]
c0 = 1.0
c1 = 0.5

[generalist]
cost = "c0 * alpha0**2"

[[specialists]]
name = "law"
revenue = "alpha1"
cost = "c1 * (alpha1 - alpha0)**2"
"""

FULL = """
schema = 1
name = "Everything"
source = "nowhere"
attributes = ["alpha", "beta"]

[parameters]
c0 = 1
theta_G = 0.1
theta_D = 0.2
h = 2.0

[levels]
alpha = { max = 10.0 }
beta = { max = "5 * c0" }

[generalist]
cost = "c0 * (alpha0**2 + beta0**2)"
utility = "1 - exp(-profit)"
outside_option = "c0 / 10"

[[specialists]]
name = "law"
revenue = "alpha1 + beta1"
cost = "c1 * ((alpha1 - alpha0)**2 + (beta1 - beta0)**2)"
parameters = { c1 = 0.7 }
utility = "2 * profit"
outside_option = 0.01
harm = "exp(-2 * beta1)"

[[specialists]]
name = "film"
revenue = 3
cost = "max(alpha1 - alpha0, 0)"

[contract]
shares = "separate"
bounds = [0.1, 0.9]
share = "0.4 * c0"

[bargaining]
solution = "ks"
weights = { generalist = 1.0, law = 2.0 }
disagreement = { film = "c0 / 100" }

[regulation]
generalist = { beta = "theta_G" }
specialists = { beta = "theta_D" }

[harm]
expected = "h * exp(-beta1)"
liability = { generalist = 0.3, specialists = 0.4 }

[welfare]
consumer_surplus = "0.2 * alpha1"
"""


def test_the_whole_format():
    assert loads(FULL) == Game(
        name="Everything",
        source="nowhere",
        attributes=("alpha", "beta"),
        parameters={"c0": 1.0, "theta_G": 0.1, "theta_D": 0.2, "h": 2.0},
        level_bounds={"alpha": 10.0, "beta": "5 * c0"},
        generalist=Generalist("c0 * (alpha0**2 + beta0**2)", "1 - exp(-profit)", "c0 / 10"),
        specialists=[
            Specialist(
                "law",
                "alpha1 + beta1",
                "c1 * ((alpha1 - alpha0)**2 + (beta1 - beta0)**2)",
                {"c1": 0.7},
                "2 * profit",
                0.01,
                "exp(-2 * beta1)",
            ),
            Specialist("film", 3, "max(alpha1 - alpha0, 0)"),
        ],
        contract=Contract("separate", (0.1, 0.9), "0.4 * c0"),
        bargaining=Bargaining(
            "kalai-smorodinsky", {"generalist": 1.0, "law": 2.0}, {"film": "c0 / 100"}
        ),
        regulation=Regulation({"beta": "theta_G"}, {"beta": "theta_D"}),
        harm=Harm("h * exp(-beta1)", {"generalist": 0.3, "specialists": 0.4}),
        welfare=Welfare("0.2 * alpha1"),
    )


def test_the_smallest_game():
    game = loads(SPEC)
    assert game.players == ("generalist", "law")
    assert game.contract == Contract()
    assert game.bargaining == Bargaining()
    assert game.regulation is game.harm is game.welfare is None


def test_windows_line_ends_and_byte_order_mark(tmp_path):
    path = tmp_path / "game.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SPEC.replace("\n", "\r\n").encode())
    assert load(path) == loads(SPEC)
    assert load(str(path)) == loads(SPEC)


@pytest.mark.parametrize(
    ("old", "new", "key", "advice"),
    [
        ("schema = 1", "schema = 2", "schema", "expected 1"),
        ("schema = 1", "", "schema", "write schema = 1"),
        ("c0 = 1.0", "c0 = nan", "parameters.c0", "finite"),
        ("c0 = 1.0", "c0 = 1.0\nprofit = 2", "parameters.profit", "rename the parameter"),
        ("c0 * alpha0**2", "c2 * alpha0**2", "generalist.cost", 'did you mean "c1"'),
        ("c0 * alpha0**2", "c0 * alpha0^2", "generalist.cost", r"character 12.*use \*\*"),
        ("c0 * alpha0**2", "__import__(c0)", "generalist.cost", "unknown function"),
        ('revenue = "alpha1"', 'revenue = "alpha0"', "specialists.law.revenue", "use alpha1"),
        ('name = "law"', 'name = "generalist"', "specialists[0].name", "another name"),
        ('name = "law"', 'name = ""', "specialists[0].name", "expected a name"),
        ('name = "law"', 'name = "a\\nb"', "specialists[0].name", "one line"),
        ('name = "law"', 'name = "law"\ncosts = 1', "specialists.law.costs", "unknown key"),
        ("[parameters]", "[parameters]\nattributes = []", "parameters.attributes", "move it up"),
        ("[parameters]", '[parameters]\n"a b" = 1', "parameters.'a b'", "letters"),
        ("[parameters]", '[parameters]\n"a\\nb" = 1', "parameters.'a\\nb'", "letters"),
        ('name = "law"', 'name = "law"\ntable = "a.csv"', "specialists.law.table", "no folder"),
    ],
)
def test_mistakes_name_file_key_and_fix(old, new, key, advice):
    assert old in SPEC
    with pytest.raises(SpecError, match=advice) as caught:
        loads(SPEC.replace(old, new), file="game.toml")
    assert (caught.value.file, caught.value.key) == ("game.toml", key)
    assert str(caught.value).startswith(f"game.toml: {key}: ")
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("schema = 1\nschema = 2\n", r"line 2.*given twice"),
        ("[generalist]\n[generalist]", r"line 2.*merge the two"),
        ("a = .5", r"line 1, column 5.*digit before the point"),
        ("a = 5.", "digits on both sides"),
        ("a = [1,", "close every bracket"),
        ('a = "c:\\q"', "single quotes"),
        ("a", "write key = value"),
        ("= 1", r"write key = value"),
        ("a = 1 b = 2", "to a line"),
        ("a = " + "[" * 5000, "too deep"),
        ("a = " + "9" * 5000, "too long"),
    ],
)
def test_mistakes_in_toml_name_the_line(text, advice):
    with pytest.raises(SpecError, match=f"not valid TOML: .*{advice}") as caught:
        loads(text, file="game.toml")
    assert caught.value.file == "game.toml"
    assert len(str(caught.value).splitlines()) == 1


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Two shipped games, while the working directory is empty."""
    folder, work = tmp_path / "models", tmp_path / "work"
    folder.mkdir()
    work.mkdir()
    for name in ("quadratic", "regulation"):
        (folder / f"{name}.toml").write_text(SPEC)
    games = {path.stem: path for path in folder.iterdir()}
    monkeypatch.setattr(reader, "shipped_games", lambda: games)
    monkeypatch.chdir(work)
    return folder


def test_shipped_games_go_by_name(shipped):
    assert load("quadratic") == loads(SPEC)


def test_a_file_goes_before_a_shipped_game_but_a_folder_does_not(shipped, tmp_path):
    (tmp_path / "work" / "regulation").mkdir()
    assert load("regulation") == loads(SPEC)
    (tmp_path / "work" / "quadratic").write_text(SPEC.replace("Quadratic", "Own"))
    assert load("quadratic").name == "Own fine-tuning game"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("quadratik", 'nor a shipped game .did you mean "quadratic"'),
        ("zzz", "shipped games are"),
        ("quadratic.toml", 'no such file .did you mean "quadratic"'),
        ("models/quadratic", 'no such file .did you mean "quadratic"'),
        ("../models", "a folder: name a file in it"),
        ("", "a folder"),
        ("a\0b", "neither a file"),
        ("x" * 5000, "neither a file"),
        ("a\nb.toml", "no such file"),
    ],
)
def test_what_is_no_file_gets_close_names(shipped, name, advice):
    with pytest.raises(SpecError, match=advice) as caught:
        load(name)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400


def test_no_shipped_games_at_all(shipped, monkeypatch):
    monkeypatch.setattr(reader, "shipped_games", dict)
    with pytest.raises(SpecError, match="there are no shipped games"):
        load("quadratic")


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "game.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(SpecError, match="not UTF-8 at byte 8") as caught:
        load(path)
    assert caught.value.file == str(path)


@given(st.text())
def test_arbitrary_text_is_a_spec_error(text):
    with pytest.raises(SpecError) as caught:
        loads(text)
    assert len(str(caught.value).splitlines()) == 1


_values = st.recursive(
    st.one_of(st.text(max_size=5), st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.data())
def test_any_value_in_any_place_is_a_game_or_a_spec_error(data):
    spec = tomllib.loads(FULL)
    table, key = spec, data.draw(st.sampled_from(sorted(spec)))
    while isinstance(table[key], dict | list) and table[key] and data.draw(st.booleans()):
        table = table[key]
        options = range(len(table)) if isinstance(table, list) else sorted(table)
        key = data.draw(st.sampled_from(options))
    table[key] = data.draw(_values)
    mistake = None
    try:
        game = reader._game(check_shape(spec), None)
    except SpecError as error:
        mistake = error
    if mistake is None:
        assert pickle.loads(pickle.dumps(game)) == game
    else:
        assert mistake.key
        assert len(str(mistake).splitlines()) == 1


TABLE = SPEC.replace('"alpha1"', '"rho * alpha1"').replace('"law"', '"app"') + 'table = "{}"\n'


def write(folder, content, table="domains.csv"):
    folder.mkdir(exist_ok=True)
    (folder / table).write_text(content)
    path = folder / "game.toml"
    path.write_text(TABLE.format(table))
    return path


def test_a_table_stands_for_one_specialist_a_row(tmp_path):
    game = load(write(tmp_path / "spec", "rho,c1\n1,0.1\n2,0.2\n"))
    assert game.players == ("generalist", "app-1", "app-2")
    assert game.values(game.specialists[1]) == {"c0": 1.0, "c1": 0.2, "rho": 2.0}
    assert game.specialists[0].revenue is game.specialists[1].revenue
    assert load(write(tmp_path / "named", "name,rho\nlaw,1\nfilm,2\n")).players[1:] == (
        "law",
        "film",
    )


def test_a_table_by_absolute_path_needs_no_folder(tmp_path):
    write(tmp_path, "rho\n1\n")
    path = tmp_path / "domains.csv"
    assert loads(TABLE.format(path)).players == ("generalist", "app-1")
    assert loads(TABLE.format(path.name), folder=tmp_path).players == ("generalist", "app-1")


def test_a_table_beside_other_specialists_and_parameters(tmp_path):
    path = write(tmp_path, "rho\n1\n2\n")
    extra = 'parameters = { c1 = 0.9 }\n[[specialists]]\nname = "own"\nrevenue = 1\ncost = 0\n'
    path.write_text(path.read_text() + extra)
    game = load(path)
    assert game.players == ("generalist", "app-1", "app-2", "own")
    assert game.specialists[0].parameters == {"c1": 0.9, "rho": 1.0}


@pytest.mark.parametrize(
    ("content", "extra", "file", "key", "advice"),
    [
        ("rho\n1\nx\n", "", "domains.csv", 'row 2 (line 3), column "rho"', "not 'x'"),
        ("rho,alpha1\n1,1\n", "", "domains.csv", None, "'alpha1' of column 2 is a level"),
        ("rho,profit\n1,1\n", "", "domains.csv", None, "'profit' of column 2"),
        ("rho\n1\n", "parameters = { rho = 1 }", "domains.csv", None, "in the spec, too"),
        ("name,rho\na=b,1\n", "", "domains.csv", 'row 1, column "name"', "without"),
        ("name,rho\ngeneralist,1\n", "", "domains.csv", 'row 1, column "name"', "base level"),
        ("roh\n1\n", "", "game.toml", "specialists.app-1.revenue", 'did you mean "roh"'),
    ],
)
def test_mistakes_in_tables_name_the_right_file(tmp_path, content, extra, file, key, advice):
    path = write(tmp_path, content)
    path.write_text(path.read_text() + extra)
    with pytest.raises(SpecError, match=advice) as caught:
        load(path)
    assert (caught.value.file, caught.value.key) == (str(tmp_path / file), key)


def test_a_missing_table_is_named(tmp_path):
    path = tmp_path / "game.toml"
    path.write_text(TABLE.format("gone.csv"))
    with pytest.raises(SpecError, match="No such file") as caught:
        load(path)
    assert caught.value.file == str(tmp_path / "gone.csv")


def test_a_hundred_thousand_rows_in_seconds(tmp_path):
    n = 100_000
    with (tmp_path / "domains.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["rho", "c1"])
        writer.writerows((1 + i / n, 2.0) for i in range(n))
    table = pyarrow.csv.read_csv(tmp_path / "domains.csv")
    pyarrow.parquet.write_table(table, tmp_path / "domains.parquet")
    games = []
    for name in ("domains.csv", "domains.parquet"):
        path = tmp_path / "game.toml"
        path.write_text(TABLE.format(name))
        start = time.perf_counter()
        games.append(load(path))
        assert time.perf_counter() - start < 15.0  # seconds; about 2 on an idle machine
    assert games[0] == games[1]
    assert len(games[0].specialists) == n
    assert math.isclose(games[0].specialists[-1].parameters["rho"], 2 - 1 / n)


def test_the_game_itself_is_free_of_pydantic():
    code = "import sys, opt_games.game; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
