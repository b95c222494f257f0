from __future__ import annotations

import sys
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from opt_games.errors import SpecError
from opt_games.spec.table import read_table


def write(folder, content, name="domains.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_parquet(folder, columns, name="domains.parquet"):
    path = folder / name
    pq.write_table(pa.table(columns), path)
    return path


def rows(path):
    table = read_table(path)
    columns = {name: values.tolist() for name, values in table.columns.items()}
    size = len(table.names or next(iter(columns.values())))
    return [
        (table.names and table.names[row], {name: cells[row] for name, cells in columns.items()})
        for row in range(size)
    ]


@pytest.mark.parametrize(
    "content",
    [
        "name,rho,c1\nlaw,2,0.5\nfilm,3e0,1\n",
        "rho,name,c1\n2,law,.5\n3,film,1",
        " name , rho,c1 \r\n law , 2 , 0.5 \r\n\r\nfilm,3,1\r\n",
        '\ufeffname,rho,c1\n"law",2,0.5\nfilm,3,1\n',
    ],
)
def test_csv(tmp_path, content):
    assert rows(write(tmp_path, content)) == [
        ("law", {"rho": 2.0, "c1": 0.5}),
        ("film", {"rho": 3.0, "c1": 1.0}),
    ]


def test_columns_of_names_alone_or_numbers_alone(tmp_path):
    assert rows(write(tmp_path, "rho\n1\n2\n")) == [(None, {"rho": 1.0}), (None, {"rho": 2.0})]
    assert rows(write(tmp_path, "name\na\nb\n")) == [("a", {}), ("b", {})]


@pytest.mark.parametrize(
    ("content", "key", "advice"),
    [
        ("", None, "is empty"),
        ("\n", None, "is empty"),
        ("rho,c1\n", None, "no rows"),
        ("rho,rho\n1,2\n", None, 'two columns are called "rho"'),
        ("rho,a b\n1,2\n", None, "'a b' of column 2 is not a name"),
        ("rho,\n1,2\n", None, "'' of column 2 is not a name"),
        ("rho,alpha1\n1,2\n", None, "'alpha1' of column 2 is a level"),
        ("rho,lambda\n1,2\n", None, "lambda_"),
        ("rho,c1\n1,2\n3\n", "row 2 (line 3)", "expected 2 cells, .* not 1"),
        ("rho,c1\n1,2,3\n", "row 1 (line 2)", "expected 2 cells, .* not 3"),
        ("rho,c1\n1,2\n\n3,x\n", 'row 2 (line 4), column "c1"', "finite number, not 'x'"),
        ("rho,c1\n1,2\n,4\n", 'row 2 (line 3), column "rho"', "not an empty cell"),
        ("rho,c1\n1,nan\n", 'row 1 (line 2), column "c1"', "not 'nan'"),
        ("rho,c1\n1,2\n-inf,2\n", 'row 2 (line 3), column "rho"', "not '-inf'"),
        ("rho,c1\n1,1e999\n", 'row 1 (line 2), column "c1"', "not '1e999'"),
        ("rho,c1\n1,true\n", 'row 1 (line 2), column "c1"', "not 'true'"),
        ("name,rho\n,1\n", 'row 1 (line 2), column "name"', "expected a name"),
        ("name,rho\na,1\nb,2\na,3\n", 'row 3 (line 4), column "name"', "'a' is in row 1 already"),
        ("rho\n1;2\n", 'row 1 (line 2), column "rho"', "not '1;2'"),
        ('rho\n"1\n', None, "line 2 is not CSV"),
        (b"rho\n\xff\n", None, "not UTF-8 at byte"),
        (b"rho\n1\x00\n", 'row 1 (line 2), column "rho"', "x00"),
    ],
)
def test_mistakes_in_csv_name_row_and_column(tmp_path, content, key, advice):
    path = write(tmp_path, content)
    with pytest.raises(SpecError, match=advice) as caught:
        read_table(path, {"alpha1": "is a level"})
    assert caught.value.key == key
    assert caught.value.file == str(path)
    assert len(str(caught.value).splitlines()) == 1


def test_rows_are_counted_across_what_is_read_at_a_time(tmp_path):
    size = 1700
    lines = ["name,rho", *(f"app {k},{k}" for k in range(size))]
    assert rows(write(tmp_path, "\n".join(lines)))[-1] == ("app 1699", {"rho": 1699.0})
    lines[3] = f"\n{lines[3]}"
    for wrong, column in (("app 1200", ""), ("app 1200,x", ', column "rho"'), ("app 7,1", "name")):
        lines[1201] = wrong
        with pytest.raises(SpecError) as caught:
            read_table(write(tmp_path, "\n".join(lines)))
        place = ', column "name"' if column == "name" else column
        assert caught.value.key == f"row 1201 (line 1203){place}"


def test_a_row_of_several_lines(tmp_path):
    path = write(tmp_path, 'name,rho\n"a\nb",1\nc,x\n')
    with pytest.raises(SpecError) as caught:
        read_table(path)
    assert caught.value.key == 'row 2 (line 4), column "rho"'


def test_parquet(tmp_path):
    columns = {
        "name": ["law", "film"],
        "rho": pa.array([2, 3], pa.int32()),
        "c1": pa.array([0.5, 1.0], pa.float32()),
    }
    assert rows(write_parquet(tmp_path, columns)) == [
        ("law", {"rho": 2.0, "c1": 0.5}),
        ("film", {"rho": 3.0, "c1": 1.0}),
    ]
    assert rows(write_parquet(tmp_path, {"rho": [1.5]})) == [(None, {"rho": 1.5})]


def test_numbers_of_any_kind_in_parquet(tmp_path):
    columns = {
        "big": pa.array([1, 2**63], pa.uint64()),
        "half": pa.array(np.array([1.5, 2.0], np.float16)),
        "exact": pa.array([Decimal("1.25"), Decimal("2.5")]),
        "name": pa.array(["law", "film"]).dictionary_encode(),
    }
    path = write_parquet(tmp_path, columns)
    assert rows(path) == [
        ("law", {"big": 1.0, "half": 1.5, "exact": 1.25}),
        ("film", {"big": 2.0**63, "half": 2.0, "exact": 2.5}),
    ]
    pq.write_table(pa.table({"rho": np.arange(10.0)}), path, row_group_size=3)
    assert [row[1]["rho"] for row in rows(path)] == list(range(10))


@pytest.mark.parametrize(
    ("columns", "key", "advice"),
    [
        ({"rho": [1.0, None]}, 'row 2, column "rho"', "an empty cell"),
        ({"rho": [1, None]}, 'row 2, column "rho"', "an empty cell"),
        ({"rho": [Decimal(1), None]}, 'row 2, column "rho"', "an empty cell"),
        ({"rho": [1.0, float("nan")]}, 'row 2, column "rho"', "not 'nan'"),
        ({"rho": ["1", "2"]}, 'column "rho"', "expected numbers, not string"),
        ({"rho": [True, False]}, 'column "rho"', "expected numbers, not bool"),
        ({"rho": [[1.0]]}, 'column "rho"', "expected numbers, not list"),
        ({"name": ["a", "a"], "rho": [1.0, 2.0]}, 'row 2, column "name"', "is in row 1 already"),
        ({"name": ["a", None], "rho": [1.0, 2.0]}, 'row 2, column "name"', "expected a name"),
        ({"name": [1, 2], "rho": [1.0, 2.0]}, 'row 1, column "name"', "expected a name"),
        ({"a b": [1.0]}, None, "is not a name"),
        ({"rho": pa.array([], pa.float64())}, None, "no rows"),
        ({}, None, "no columns"),
    ],
)
def test_mistakes_in_parquet_name_row_and_column(tmp_path, columns, key, advice):
    path = write_parquet(tmp_path, columns)
    with pytest.raises(SpecError, match=advice) as caught:
        read_table(path)
    assert caught.value.key == key
    assert caught.value.file == str(path)


def test_what_is_not_parquet(tmp_path):
    with pytest.raises(SpecError, match=r"not a Parquet file|cannot read the table"):
        read_table(write(tmp_path, b"rho\n1\n", "domains.parquet"))
    good = write_parquet(tmp_path, {"rho": [1.0] * 100}).read_bytes()
    for end in (10, len(good) // 2, len(good) - 9):
        with pytest.raises(SpecError) as caught:
            read_table(write(tmp_path, good[:end], "cut.parquet"))
        assert len(str(caught.value).splitlines()) == 1


def test_parquet_without_pyarrow_says_how_to_get_it(tmp_path, monkeypatch):
    path = write_parquet(tmp_path, {"rho": [1.0]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SpecError, match=r"pip install 'opt_games\[parquet\]'"):
        read_table(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(SpecError, match="No such file"):
        read_table(tmp_path / "missing.csv")
    with pytest.raises(SpecError, match=r"expected a table in \.csv or \.parquet"):
        read_table(write(tmp_path, "rho\n1\n", "domains.xlsx"))
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(SpecError, match="cannot read the table"):
        read_table(tmp_path / "folder.csv")
