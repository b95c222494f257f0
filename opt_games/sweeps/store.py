"""Where the parts of a sweep are kept until all are there."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from opt_games.errors import OptGamesError, SpecError
from opt_games.sweeps.part import ARRAYS, Part
from opt_games.sweeps.plan import Plan, difference

MANIFEST = "manifest.json"


class Store(Protocol):
    """Keeps finished parts, by number."""

    def write(self, number: int, part: Part) -> None:
        """Keep a part."""

    def read(self, number: int) -> Part:
        """Return a part that is there."""

    def texts(self, number: int) -> list[str]:
        """Return the reasons of failures in a part."""


class Memory:
    """Keeps parts in memory.

    Examples
    --------
    >>> store = Memory()
    >>> store.write(0, "a part")
    >>> store.take(0)
    'a part'
    """

    def __init__(self) -> None:
        self._parts: dict[int, Part] = {}

    def write(self, number: int, part: Part) -> None:
        """Keep a part."""
        self._parts[number] = part

    def read(self, number: int) -> Part:
        """Return a part that is there."""
        return self._parts[number]

    def take(self, number: int) -> Part:
        """Return a part, and forget it."""
        return self._parts.pop(number)

    def texts(self, number: int) -> list[str]:
        """Return the reasons of failures in a part."""
        return [str(text) for text in self._parts[number].texts]


class Folder:
    """Keeps parts as files in a folder beside the output, each written whole or not at all.

    Parameters
    ----------
    output : Path
        The file that the sweep is for.
    """

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(output.name + ".parts")

    def begin(self, plan: Plan, *, resume: bool) -> None:
        """Make the folder, or check that what is in it belongs to the same sweep.

        Raises
        ------
        SpecError
            If it does not, naming the difference.
        """
        here = plan.manifest()
        file = self.path / MANIFEST
        if resume and file.is_file():
            try:
                there = json.loads(file.read_text(encoding="utf-8"))
            except ValueError:
                raise self._refused("its manifest cannot be read") from None
            found = difference(there, here)
            if found:
                raise self._refused(f"it is of another sweep: {found}")
            return
        with explained(self.path):
            shutil.rmtree(self.path, ignore_errors=True)
            self.path.mkdir()
            text = json.dumps(here, indent=1)
            write_whole(file, lambda stream: stream.write(text.encode()))

    def _refused(self, reason: str) -> SpecError:
        return SpecError(f"{reason}; --overwrite starts anew", file=str(self.path), key="resume")

    def finished(self, plan: Plan) -> Iterator[tuple[int, Part]]:
        """Yield the parts that are there, with their numbers; drop those that are damaged."""
        for number in range(plan.parts):
            if self._file(number).exists():
                start, stop = plan.span(number)
                try:
                    part = self.read(number)
                    whole = part.size == stop - start
                except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                    whole = False
                if whole:
                    yield number, part
                else:
                    self._file(number).unlink()

    def write(self, number: int, part: Part) -> None:
        """Keep a part."""
        write_whole(self._file(number), lambda stream: np.savez(stream, **vars(part)))

    def read(self, number: int) -> Part:
        """Return a part that is there."""
        with np.load(self._file(number), allow_pickle=False) as arrays:
            return Part(**{name: arrays[name] for name in (*ARRAYS, "texts", "engines", "notes")})

    def texts(self, number: int) -> list[str]:
        """Return the reasons of failures in a part."""
        with np.load(self._file(number), allow_pickle=False) as arrays:
            return [str(text) for text in arrays["texts"]]

    def remove(self) -> None:
        """Remove the folder and all parts in it."""
        shutil.rmtree(self.path)

    def _file(self, number: int) -> Path:
        return self.path / f"{number:07d}.npz"


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place, then put it there in one step.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "greeting")
    ...     write_whole(path, lambda stream: stream.write(b"hello"))
    ...     path.read_text(), len(os.listdir(folder))
    ('hello', 1)
    """
    with explained(path), unfinished(path, path.parent) as scratch, scratch.open("wb") as stream:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def unfinished(path: Path, folder: Path) -> Iterator[Path]:
    """Yield a name in a folder; what is written there takes the path's place at the end."""
    scratch = folder / f".{path.name}.{os.getpid()}"
    scratch.unlink(missing_ok=True)
    try:
        yield scratch
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say what to do when the disk is full, or the like."""
    try:
        yield
    except OSError as error:
        raise OptGamesError(
            f"cannot write {path}: {error.strerror or error}; what was solved before is kept: "
            "mend that, then go on with --resume"
        ) from error
