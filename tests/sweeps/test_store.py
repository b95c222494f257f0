from __future__ import annotations

import errno
import os

import numpy as np
import pytest
from instant_engine import Instant

import opt_games
from opt_games import OptGamesError, SpecError
from opt_games.sweeps.part import ARRAYS
from opt_games.sweeps.plan import Plan
from opt_games.sweeps.store import Folder, Memory, write_whole
from opt_games.sweeps.values import Values

GAME = opt_games.load("quadratic")


def plan_of(**options):
    game = options.pop("game", GAME)
    vary = options.pop("vary", {"c0": [1, 2, 3, 4, 5]})
    settings = {"bargain": "nash", "engine": Instant(fails_above=4), "part_size": 2, **options}
    return Plan.of(game, Values.grid(game, vary), **settings)


@pytest.fixture
def folder(tmp_path):
    plan, folder = plan_of(), Folder(tmp_path / "o.nc")
    folder.begin(plan, resume=False)
    for number in range(plan.parts):
        folder.write(number, plan.job.solve(plan.columns(number), plan.engines))
    return folder


def test_parts_come_back_as_they_were(folder):
    plan, memory = plan_of(), Memory()
    for number in range(plan.parts):
        part = plan.job.solve(plan.columns(number), plan.engines)
        memory.write(number, part)
        for store in (folder, memory):
            read = store.read(number)
            for name in (*ARRAYS, "texts", "engines", "notes"):
                assert getattr(read, name).tobytes() == getattr(part, name).tobytes()
                assert getattr(read, name).dtype == getattr(part, name).dtype
            assert store.texts(number) == part.texts.tolist()
    assert folder.texts(2) == ["", "c0 is 5"]
    assert [number for number, _ in folder.finished(plan)] == [0, 1, 2]


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_truncated_part_is_dropped(folder, keep):
    file = sorted(folder.path.glob("*.npz"))[1]
    content = file.read_bytes()
    file.write_bytes(content[:keep])
    assert [number for number, _ in folder.finished(plan_of())] == [0, 2]
    assert not file.exists()


@pytest.mark.parametrize("place", [0.3, 0.6])
def test_a_damaged_part_is_dropped(folder, place):
    file = sorted(folder.path.glob("*.npz"))[0]
    content = bytearray(file.read_bytes())
    at = int(place * len(content))
    content[at : at + 64] = bytes(byte ^ 255 for byte in content[at : at + 64])
    file.write_bytes(content)
    assert [number for number, _ in folder.finished(plan_of())] == [1, 2]


OTHER = [
    ({"bargain": "ks"}, "solutions[0] is 'nash' there and 'kalai-smorodinsky' here"),
    ({"bargain": ["nash", "ks"]}, "solutions is 'nash' there and 'nash, kalai-smorodinsky' here"),
    ({"bargain": None, "share": 0.4}, "solutions[0] is 'nash' there and 'given' here"),
    ({"part_size": 3}, "chunk is 2 there and 3 here"),
    ({"seed": 1}, "seed is 0 there and 1 here"),
    ({"engine": "one-by-one"}, "engine is 'instant' there and 'one-by-one' here"),
    ({"vary": {"c1": [1, 2, 3, 4, 5]}}, "order[0] is 'c0' there and 'c1' here"),
    (
        {"vary": {"c0": [1, 2, 3, 4, 6]}},
        "the values of c0 differ: 5 from 1 to 5 there, 5 from 1 to 6 here",
    ),
    ({"game": GAME.with_parameters(c1=2.0)}, "spec.parameters.c1 is 0.5 there and 2.0 here"),
    (
        {"game": opt_games.load("polynomial"), "vary": {"c0": [1, 2, 3, 4, 5]}},
        "spec.name is 'Quadratic",
    ),
]


@pytest.mark.parametrize(("options", "difference"), OTHER)
def test_another_sweep_is_refused_by_name(folder, options, difference):
    with pytest.raises(SpecError) as caught:
        folder.begin(plan_of(**options), resume=True)
    assert difference in str(caught.value)
    assert len(list(folder.path.glob("*.npz"))) == 3


def test_another_version_is_refused(folder, monkeypatch):
    monkeypatch.setattr(opt_games, "__version__", "9.9.9")
    with pytest.raises(SpecError, match=r"opt_games is '0.* there and '9\.9\.9' here"):
        folder.begin(plan_of(), resume=True)


def test_the_same_sweep_goes_on_and_a_new_one_starts_anew(folder):
    folder.begin(plan_of(), resume=True)
    assert len(list(folder.path.glob("*.npz"))) == 3
    folder.begin(plan_of(), resume=False)
    assert not list(folder.path.glob("*.npz"))


def test_without_a_readable_manifest_nothing_goes_on(folder):
    (folder.path / "manifest.json").write_text('{"format"')
    with pytest.raises(SpecError, match="manifest cannot be read"):
        folder.begin(plan_of(), resume=True)


def test_a_full_disk_leaves_the_old_file_and_no_new_one(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def full(stream):
        stream.write(b"new")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OptGamesError, match=r"No space left on device.*resume"):
        write_whole(path, full)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_values_of_points_are_compared_in_full(tmp_path):
    column = np.linspace(1.0, 2.0, 9)
    other = column.copy()
    other[4] += 1e-15

    def plan(c0):
        return Plan.of(GAME, Values.points(GAME, {"c0": c0}), bargain="nash", engine=Instant())

    folder = Folder(tmp_path / "o.nc")
    folder.begin(plan(column), resume=False)
    folder.begin(plan(column.copy()), resume=True)
    with pytest.raises(SpecError, match="the values of c0 differ"):
        folder.begin(plan(other), resume=True)
