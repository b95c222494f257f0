from __future__ import annotations

import concurrent.futures
import hashlib
import subprocess
import sys
import textwrap
from pathlib import Path

import dask
import distributed
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from instant_engine import Instant

import opt_games
from opt_games import SpecError

GAME = opt_games.load("quadratic")
FAST = {"engine": Instant(fails_above=4), "check": 0}


def test_a_grid_has_the_dimensions_that_vary():
    found = opt_games.sweep(
        opt_games.load("three-regimes"),
        {"c0": [1, 2, 3], "entry": [0.1, 0.2]},
        bargain=["nash", "vertical-monopoly"],
        **FAST,
    )
    outer = ("c0", "entry", "solution")
    dims = {name: variable.dims for name, variable in found.data_vars.items()}
    assert dims == {
        **dict.fromkeys(("share", "utility", "profit", "regime"), (*outer, "player")),
        "level": (*outer, "player", "attribute"),
        **dict.fromkeys(("status", "reason", "regret", "slow"), outer),
    }
    assert found["player"].values.tolist() == ["generalist", "law", "support", "medicine"]
    assert found["attribute"].values.tolist() == ["alpha"]
    assert found["solution"].values.tolist() == ["nash", "utilitarian"]
    assert np.isnan(found["share"].sel(player="generalist")).all()
    assert found["share"].sel(c0=3, player="law").values == pytest.approx(0.25)


def test_one_solution_has_no_dimension():
    for bargain in ("nash", ["nash"], None):
        found = opt_games.sweep(GAME, {"c0": [1, 2]}, bargain=bargain, **FAST)
        assert found["status"].dims == ("c0",)
        assert found.attrs["solution"] == "nash"


def test_variables_say_what_they_are():
    found = opt_games.sweep(GAME, {"c0": [1, 2]}, **FAST)
    for name, variable in found.variables.items():
        assert variable.attrs["long_name"], name
    for name in ("share", "utility", "profit", "level", "c0"):
        assert found[name].attrs["units"]
    for name, length in (("regime", 5), ("status", 3), ("reason", 1)):
        attributes = found[name].attrs
        assert len(attributes["flag_meanings"].split()) == len(attributes["flag_values"]) == length
    assert found["utility"].attrs["units"] == "money"
    averse = opt_games.sweep(opt_games.load("risk-averse"), {"c0": [1, 2]}, **FAST)
    assert averse["utility"].attrs["units"] == "utility"


def test_the_result_says_where_it_is_from():
    game = GAME.with_parameters(c1=0.7)
    facts = opt_games.sweep(game, {"c0": [1, 5]}, seed=3, **FAST).attrs
    assert facts["title"] == game.name
    assert facts["source"] == game.source
    assert opt_games.loads(facts["spec"]) == game
    assert facts["opt_games_version"] == opt_games.__version__
    assert facts["engine"] == "instant"
    assert "ipopt" in facts["solver"]
    assert "numpy" in facts["software"]
    assert (facts["seed"], facts["points"]) == (3, 2)
    assert (facts["ok"], facts["no_agreement"], facts["failed"]) == (1, 0, 1)


def test_a_failed_point_is_nan_with_its_reason_and_stops_nothing():
    found = opt_games.sweep(GAME, {"c0": [3.0, 5.0, 4.0]}, **FAST)
    assert found["status"].values.tolist() == [0, 2, 0]
    assert np.isnan(found["utility"].sel(c0=5.0)).all()
    assert not np.isnan(found["utility"].sel(c0=[3.0, 4.0])).any()
    texts = found["reason"].attrs["texts"].split("\n")
    assert texts[found["reason"].sel(c0=5.0).item()] == "c0 is 5"


def test_many_reasons_are_cut_short():
    found = opt_games.sweep(GAME, {"c0": np.arange(5.0, 2005.0)}, chunk=300, **FAST)
    texts = found["reason"].attrs["texts"].split("\n")
    assert len(texts) == 1000
    assert texts[1] == "c0 is 5"
    assert texts[-1].startswith("another reason")
    assert found["reason"].values.max() == 999


def test_given_shares():
    one = opt_games.sweep(GAME, {"c0": [1.0]}, share=0.4, engine="one-by-one", workers=1)
    assert one["utility"].values[0] == pytest.approx([0.28, 0.3], rel=1e-8)
    assert one["share"].values[0, 1] == 0.4
    assert one.attrs["solution"] == "given"
    curve = opt_games.sweep(GAME, {"share": [0.4, 1.5]}, engine="one-by-one", workers=1)
    assert curve["utility"].dims == ("share", "player")
    assert curve["utility"].sel(share=0.4).values == pytest.approx([0.28, 0.3], rel=1e-8)
    assert curve["status"].values.tolist() == [0, 2]
    assert "within the bounds [0, 1], not 1.5" in curve["reason"].attrs["texts"]


def test_the_share_of_the_contract_is_the_default_without_a_solution():
    contract = opt_games.Contract(share="s")
    game = opt_games.Game(
        "g", GAME.generalist, GAME.specialists, {**GAME.parameters, "s": 0.4}, contract=contract
    )
    found = opt_games.sweep(game, {"s": [0.2, 0.4]}, engine="one-by-one", workers=1)
    assert found["share"].sel(player="law").values.tolist() == [0.2, 0.4]
    assert opt_games.sweep(game, {"s": [0.2]}, bargain="ks", **FAST).attrs["solution"] != "given"


def test_separate_shares_vary_all_alike():
    found = opt_games.sweep(
        opt_games.load("separate-shares"), {"share": [0.4]}, engine="one-by-one", workers=1
    )
    single = opt_games.solve(opt_games.load("separate-shares"), share=0.4)
    assert found["utility"].values[0] == pytest.approx(list(single.utilities.values()), rel=1e-9)


def test_points_from_a_frame():
    frame = pd.DataFrame({"c0": [1.0, 2.0], "share": [0.4, 0.5]})
    found = opt_games.sweep(GAME, points=frame, engine="one-by-one", workers=1)
    assert found["share"].dims == ("point", "player")
    assert found["share"].sel(player="law").values.tolist() == [0.4, 0.5]
    assert found["given_share"].values.tolist() == [0.4, 0.5]
    assert found["c0"].dims == ("point",)


@pytest.mark.parametrize(
    ("options", "key", "part"),
    [
        ({"share": 0.4, "bargain": "nash"}, "share", "not both"),
        ({"vary": {"share": [0.4]}, "bargain": "nash"}, "share", "not both"),
        ({"vary": {"share": [0.4]}, "share": 0.3}, "share", "do not give one"),
        ({"share": 1.4}, "share", "within the bounds"),
        ({"bargain": "nahs"}, "bargain", 'did you mean "nash"?'),
        ({"bargain": ["ks", "kalai-smorodinsky"]}, "bargain", "asked for twice"),
        ({"bargain": []}, "bargain", "name one"),
        ({"bargain": "weighted"}, "bargaining.weights", "needs weights"),
        ({"engine": "bacth"}, "engine", 'did you mean "batch"?'),
        ({"chunk": 0}, "chunk", "1 point or more"),
        ({"check": -1}, "check", "0 points or more"),
        ({"workers": 0}, "workers", "1 worker or more"),
        ({"executor": 3}, "executor", "not int"),
        ({"executor": "dask"}, "executor", "dask://host:port"),
        ({"executor": "slurm://a:1"}, "executor", "dask://host:port"),
        ({"resume": True}, "resume", "give a path"),
        ({"overwrite": True}, "overwrite", "give a path"),
        ({"points": {"c0": [1]}}, "points", "not both"),
        ({"vary": None}, "vary", "nothing varies"),
    ],
)
def test_what_makes_no_sense_is_said(options, key, part):
    settings = {"vary": {"c0": [1.0]}, **options}
    with pytest.raises(SpecError) as caught:
        opt_games.sweep(GAME, **settings)
    assert caught.value.key == key
    assert part in str(caught.value)


def test_a_cluster_that_is_not_there_is_an_answer():
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "200ms"}),
        pytest.raises(opt_games.OptGamesError, match="cannot reach the Dask scheduler"),
    ):
        opt_games.sweep(GAME, {"c0": [1.0]}, executor="dask://127.0.0.1:9", **FAST)


class TestFiles:
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "o.nc"

    def run(self, path, **options):
        return opt_games.sweep(
            GAME, {"c0": [1, 2, 3, 4, 5]}, **{"path": path, "chunk": 2, **FAST, **options}
        )

    def test_plain_xarray_opens_it_and_nothing_else_is_left(self, path):
        self.run(path).close()
        assert [file.name for file in path.parent.iterdir()] == ["o.nc"]
        with xr.open_dataset(path) as found:
            assert found["utility"].sel(c0=4, player="law") == 2.0
            assert found["slow"].dtype == bool
            assert found["regime"].dtype == np.int8

    def test_what_is_there_is_not_overwritten_unasked(self, path):
        self.run(path).close()
        with pytest.raises(SpecError, match="overwrite replaces it"):
            self.run(path)
        self.run(path, overwrite=True, seed=5).close()
        with xr.open_dataset(path) as found:
            assert found.attrs["seed"] == 5

    def test_leftovers_are_not_overwritten_unasked(self, path):
        self.interrupted(path)
        with pytest.raises(SpecError, match="resume goes on with it, overwrite starts anew"):
            self.run(path)
        self.run(path, overwrite=True).close()

    def interrupted(self, path):
        class Interrupted(Instant):
            def solve(self, cases):
                if np.any(cases.parameters["c0"] == 4):
                    raise KeyboardInterrupt
                return super().solve(cases)

        with pytest.raises(
            KeyboardInterrupt, match=r"2 of 5 points are kept in .*go on with --resume"
        ):
            self.run(path, engine=Interrupted(fails_above=4), workers=1)

    def test_an_interrupted_sweep_goes_on(self, path, tmp_path):
        self.interrupted(path)
        assert not path.exists()
        with self.run(path, resume=True) as found:
            there = found.load()
        here = self.run(tmp_path / "new.nc").load()
        assert there.identical(here)
        here.close()

    def test_a_complete_sweep_stays(self, path):
        self.run(path).close()
        before = path.stat().st_mtime_ns
        with self.run(path, resume=True) as found:
            assert found.sizes["c0"] == 5
        assert path.stat().st_mtime_ns == before
        with pytest.raises(SpecError, match="chunk is 2 there and 3 here"):
            self.run(path, resume=True, chunk=3)

    def test_a_file_of_something_else_is_no_sweep(self, path):
        xr.Dataset({"a": 1}).to_netcdf(path, engine="h5netcdf")
        with pytest.raises(SpecError, match="not written by"):
            self.run(path, resume=True)
        path.write_text("text")
        with pytest.raises(SpecError, match="cannot read"):
            self.run(path, resume=True)

    def test_resume_starts_where_nothing_is(self, path):
        self.run(path, resume=True).close()
        assert path.exists()

    def test_functions_cannot_be_resumed(self, path):
        law = opt_games.Specialist("law", lambda alpha1: alpha1, "c0 * (alpha1 - alpha0)**2")
        game = opt_games.Game("g", opt_games.Generalist("alpha0**2"), [law], {"c0": 1.0})
        with pytest.raises(SpecError, match="functions cannot be compared"):
            opt_games.sweep(game, {"c0": [1]}, path=path, resume=True, **FAST)

    @pytest.mark.parametrize(("name", "part"), [("", "name a file"), ("no/o.nc", "make it first")])
    def test_a_place_that_cannot_be_written_is_refused_at_once(self, tmp_path, name, part):
        with pytest.raises(SpecError, match=part):
            self.run(tmp_path / name)

    @pytest.mark.filterwarnings("ignore:the engines instant")
    def test_the_same_bytes_whoever_works(self, tmp_path):
        sums = set()
        with concurrent.futures.ThreadPoolExecutor(3) as threads:
            for options in ({"workers": 1}, {"workers": 3}, {"executor": threads}):
                path = tmp_path / f"{len(list(tmp_path.iterdir()))}.nc"
                self.run(path, bargain=["nash", "ks"], check=2, **options).close()
                sums.add(hashlib.sha256(path.read_bytes()).hexdigest())
        assert len(sums) == 1

    @pytest.mark.slow
    @pytest.mark.parametrize("engine", ["batch", "ipopt", "one-by-one"])
    def test_real_engines_give_the_same_bytes_on_a_cluster(self, tmp_path, engine):
        sums = set()
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            address = cluster.scheduler_address.replace("tcp", "dask")
            places = ({"workers": 1}, {"workers": 2}, {"executor": address}, {"executor": client})
            for k, options in enumerate(places):
                path = tmp_path / f"{k}.nc"
                vary = {"c0": "0.5:2:7"}
                opt_games.sweep(GAME, vary, path=path, chunk=2, engine=engine, **options).close()
                sums.add(hashlib.sha256(path.read_bytes()).hexdigest())
        assert len(sums) == 1

    @pytest.mark.slow
    def test_a_million_points_take_little_memory(self, path):
        script = textwrap.dedent(
            f"""
            import resource, sys
            from pathlib import Path
            sys.path.insert(0, {str(Path(__file__).parents[1])!r})
            import opt_games
            from instant_engine import Instant
            vary = {{"c0": "1:2:1000", "c1": "1:2:1000"}}
            opt_games.sweep(opt_games.load("quadratic"), vary, bargain="nash", check=0, workers=1,
                engine=Instant(), chunk=10_000, path={str(path)!r}).close()
            status = Path("/proc/self/status")
            if status.exists():  # what getrusage says includes the process that started this one
                peak = status.read_text().partition("VmHWM:")[2].split()[0] + " 1024"
            else:
                unit = 1 if sys.platform == "darwin" else 1024
                peak = f"{{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}} {{unit}}"
            print(peak)
            """
        )
        found = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )
        peak, unit = map(int, found.stdout.split())
        assert peak * unit < 500e6  # the numbers alone are 86e6
        with xr.open_dataset(path) as written:
            assert written["utility"].sizes == {"c0": 1000, "c1": 1000, "player": 2}
            np.testing.assert_array_equal(
                written["utility"].isel(c1=999, player=0), np.sqrt(written["c0"])
            )


def test_progress_is_quiet_unless_asked_for(capsys):
    opt_games.sweep(GAME, {"c0": [1, 2]}, **FAST)
    assert capsys.readouterr().err == ""
    opt_games.sweep(GAME, {"c0": [1, 5]}, progress=True, **FAST)
    shown = capsys.readouterr().err
    assert "failed=1" in shown
    assert "2.00/2.00" in shown


def test_an_engine_that_does_not_cover_the_game_is_replaced_and_that_is_said():
    class Picky(Instant):
        def why_not(self, cases):
            return "it is Monday"

    with pytest.warns(UserWarning, match=r"instant does not cover this: it is Monday"):
        found = opt_games.sweep(GAME, {"share": [0.4]}, engine=Picky(), check=0)
    assert "it is Monday" in found.attrs["engine_note"]
    assert found.attrs["engine"] in ("batch", "ipopt", "one-by-one")
    assert found["status"].values.tolist() == [0]
