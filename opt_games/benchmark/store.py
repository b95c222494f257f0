"""Benchmarks as files, in JSON."""

from __future__ import annotations

from pathlib import Path

import orjson

from opt_games.benchmark.result import BenchResult, Posed, Run
from opt_games.benchmark.verdicts import Verdict
from opt_games.errors import SpecError
from opt_games.sweeps.store import write_whole

SCHEMA = 1


def save(result: BenchResult, path: str | Path) -> None:
    """Write a benchmark to a file, whole or not at all.

    Parameters
    ----------
    result : BenchResult
    path : str or Path

    Raises
    ------
    OptGamesError
        If it cannot be written.
    """
    document = orjson.dumps(
        {"schema": SCHEMA, **result.to_dict()},
        option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE,
    )
    write_whole(Path(path), lambda stream: stream.write(document))


def read(path: str | Path) -> BenchResult:
    """Read a benchmark from a file.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    SpecError
        If it is no file of a benchmark, or of another version; with the key.
    """
    # who only solves games waits for no pydantic
    from pydantic import ValidationError

    from opt_games.benchmark.schema import File

    file = str(path)
    try:
        document = orjson.loads(Path(path).read_bytes())
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror or error}", file=file) from None
    except orjson.JSONDecodeError as error:
        raise SpecError(
            f"is no JSON: {error}; give a file of opt-games bench -o", file=file
        ) from None
    if not isinstance(document, dict) or "schema" not in document:
        raise SpecError("is no benchmark: give a file of opt-games bench -o", file=file)
    if document["schema"] != SCHEMA:
        raise SpecError(
            f"has schema {document['schema']}, and this version reads {SCHEMA}: run it again",
            file=file,
            key="schema",
        )
    try:
        known = File.model_validate({**document, "schema_": document["schema"]})
        runs = tuple(Run(**{**dict(run), "verdict": Verdict(run.verdict)}) for run in known.runs)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise SpecError(f"{first['msg'].lower()}: run it again", file=file, key=key) from None
    except ValueError as error:
        raise SpecError(f"{error}: run it again", file=file, key="runs") from None
    names = {each.name for each in known.problems}
    for run in runs:
        if run.solver not in known.solvers or run.problem not in names:
            missing = run.problem if run.solver in known.solvers else run.solver
            raise SpecError(f"{missing!r} is not listed: run it again", file=file, key="runs")
    return BenchResult(
        known.settings,
        known.machine,
        known.solvers,
        tuple(Posed(**dict(each)) for each in known.problems),
        known.left_out,
        runs,
        known.complete,
    )
