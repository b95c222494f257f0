from __future__ import annotations

import json

import pytest
import xarray as xr

import opt_games
from opt_games import cli

FLOORS = ("--vary", "theta_G=0:0.5:3", "--vary", "theta_D=0:1:11")


@pytest.fixture
def run(capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        code = cli.main(["regulate", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_the_table(run):
    code, out, err = run("safety", *FLOORS)
    assert (code, err) == (0, "")
    assert "backfires in beta              1" in out
    assert "Best for welfare: theta_G = 0.5, theta_D = 1, with 0.875" in out


def test_json(run):
    code, out, _ = run("safety", *FLOORS, "--json", "--objective", "beta")
    document = json.loads(out)
    assert code == 0
    assert document["policies"] == 33
    assert document["parameters"]["theta_D"] == {"from": 0.0, "to": 1.0, "count": 11}
    assert document["effects"]["backfiring"] == {"alpha": 0, "beta": 1}
    assert document["anarchy"]["levels"]["domain"] == pytest.approx({"alpha": 0.5, "beta": 0.5})
    assert document["best"]["policy"]["theta_D"] == pytest.approx(1.0)


def test_floors_are_varied_by_default_and_the_map_is_kept(run, tmp_path):
    picture, kept = tmp_path / "map.png", tmp_path / "map.nc"
    code, out, err = run("safety", "--share", "0.5", "--plot", str(picture), "-o", str(kept))
    assert code == 0
    assert "theta_D   0 to 2, 41 values" in out
    assert picture.is_file()
    assert "wrote" in err
    with xr.open_dataset(kept, engine="h5netcdf") as found:
        assert found["backfiring"].any()


def test_without_floors_the_liabilities_are_varied_by_default():
    from opt_games.commands.regulate import _default_ranges

    liability = opt_games.load("liability")
    assert _default_ranges(liability) == {"paid": "0:1:13", "part": "0:1:13"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("quadratic",), "add a table [regulation]"),
        (("safety", "--objective", "betta", *FLOORS), "did you mean"),
        (("safety", "--share", "domain=0.3"), "one share for all"),
        (("safety", "--vary", "theta=0:1:3"), "theta"),
        (("safety", "--plot", "map.xyz"), "a picture's name ends in"),
        (("safety", "--uncertain", "delta=0.5", *FLOORS), "LOW:HIGH"),
        (("safety", "--uncertain", "theta_D=0:1", *FLOORS), "the regulator's choice"),
        (("liability", "--vary", "part=0:1:3", "--plot", "map.png"), "of floors"),
    ],
)
def test_wrong_input_is_one_line(run, arguments, message):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_robustness(run):
    policies = ("--vary", "theta_D=0:1.5:7", "--uncertain", "delta=0.4:0.6", "--scenarios", "3")
    code, out, _ = run("safety", *policies)
    assert code == 0
    assert "In 5 scenarios" in out
    assert "largest regret" in out
    code, out, _ = run("safety", *policies, "--json")
    document = json.loads(out)["robustness"]
    assert (document["scenarios"], document["sample"]) == (5, 3)
    assert document["largest_regret"]["regret"] >= document["worst"]["regret"] >= 0.0


@pytest.mark.slow
def test_a_game_without_floors_has_a_best_liability(run):
    code, out, _ = run("liability", "--vary", "part=0.7:1:4", "--objective", "harm", "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["effects"], document["anarchy"]) == (None, None)
    assert document["best"]["jumps"] == {"part": {"side": "below", "beyond": None}}
