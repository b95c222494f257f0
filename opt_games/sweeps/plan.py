"""What a sweep is to do: the points, the solutions, and how they are cut into parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from opt_games.engines import Engine
from opt_games.engines.cases import GIVEN
from opt_games.errors import SpecError
from opt_games.game import Game
from opt_games.kernels.array_function import Array
from opt_games.names import quoted
from opt_games.parts import canonical_solution
from opt_games.spec.writer import to_document
from opt_games.sweeps.choice import POINTS_PER_PART, Engines, for_many
from opt_games.sweeps.part import Job
from opt_games.sweeps.values import SHARE, Values

FORMAT = 1
MOST_NUMBERS = 4_000_000
"""Of a large market a part has fewer points, so that its numbers stay within this many."""
_LOOKED_AT = 1000  # points, to see which engine covers them


@dataclass(frozen=True)
class Plan:
    """A sweep before it runs; the same plan gives the same answers, wherever it runs.

    Attributes
    ----------
    job : Job
    values : Values
    part_size : int
        Points solved and kept together.
    seed : int
        Of the points that are checked.
    engines : Engines
        Those of this process.

    Examples
    --------
    >>> import opt_games
    >>> game = opt_games.load("quadratic")
    >>> plan = Plan.of(game, Values.grid(game, {"c0": "1:2:5"}), bargain="nash", part_size=2)
    >>> plan.parts, plan.span(2)
    (3, (4, 5))
    """

    job: Job
    values: Values
    part_size: int
    seed: int
    engines: Engines

    @classmethod
    def of(
        cls,
        game: Game,
        values: Values,
        *,
        bargain: str | Sequence[str] | None = None,
        share: float | None = None,
        engine: str | Engine = "auto",
        part_size: int | None = None,
        seed: int = 0,
    ) -> Plan:
        """Check what was asked for, and settle what was not."""
        from opt_games import __version__

        if part_size is not None and part_size < 1:
            raise SpecError(f"expected 1 point or more, not {part_size}", key="chunk")
        solutions = _solutions(game, values, bargain, share)
        engine = _settled(Job(game, solutions, share, engine, __version__), values)
        engines = Engines(engine)
        job = Job(game, solutions, share, engine, __version__)
        size = part_size or _part_size(job, values, engines)
        return cls(job, values, size, seed, engines)

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.values.size // self.part_size)

    def span(self, part: int) -> tuple[int, int]:
        """Return the first point of a part, and the first after it."""
        start = part * self.part_size
        return start, min(start + self.part_size, self.values.size)

    def columns(self, part: int) -> dict[str, Array]:
        """Return the values that vary, of the points of a part."""
        return self.values.run(*self.span(part))

    def manifest(self) -> dict[str, Any]:
        """Return all that the answers depend on, as a JSON document."""
        job, engine = self.job, self.job.engine
        return {
            "format": FORMAT,
            "opt_games": job.version,
            "solutions": list(job.solutions),
            "share": job.share,
            "engine": engine if isinstance(engine, str) else engine.name,
            "chunk": self.part_size,
            "seed": self.seed,
            "layout": "grid" if self.values.is_grid else "points",
            "order": list(self.values.columns),
            "values": {name: _described(column) for name, column in self.values.columns.items()},
            "spec": json.loads(json.dumps(to_document(job.game))),
        }


def difference(there: Any, here: Any, key: str = "") -> str | None:
    """Say where two manifests differ, None if they do not.

    Examples
    --------
    >>> difference({"spec": {"c0": 1.0}}, {"spec": {"c0": 2.0}})
    'spec.c0 is 1.0 there and 2.0 here'
    """
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        if key.startswith("values.") and there != here:
            told = [
                f"{values['count']} from {values['first']:g} to {values['last']:g}"
                for values in (there, here)
            ]
            return f"the values of {key[7:]} differ: {told[0]} there, {told[1]} here"
        for name in [*there, *(name for name in here if name not in there)]:
            path = f"{key}.{name}" if key else str(name)
            if name not in here:
                return f"{path} is there, but not here"
            if name not in there:
                return f"{path} is here, but not there"
            found = difference(there[name], here[name], path)
            if found:
                return found
        return None
    if isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        pairs = enumerate(zip(there, here, strict=True))
        return next(filter(None, (difference(*pair, f"{key}[{k}]") for k, pair in pairs)), None)
    if there != here:
        return f"{key} is {_shown(there)} there and {_shown(here)} here"
    return None


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return quoted(", ".join(str(each) for each in value))
    return quoted(value) if isinstance(value, str) else str(value)


def _described(column: Array) -> dict[str, Any]:
    return {
        "count": int(column.size),
        "first": float(column[0]),
        "last": float(column[-1]),
        "sha256": hashlib.sha256(np.ascontiguousarray(column, dtype="<f8").tobytes()).hexdigest(),
    }


def _solutions(
    game: Game, values: Values, bargain: str | Sequence[str] | None, share: float | None
) -> tuple[str, ...]:
    """Return the canonical names of the solutions asked for, or that the game gives."""
    varies = SHARE in values.columns
    if bargain is not None and (share is not None or varies):
        raise SpecError("give a share or bargaining solutions, not both", key="share")
    if share is not None and varies:
        raise SpecError("the share varies, so do not give one", key="share")
    if share is not None:
        low, high = game.contract.bounds
        if not low <= share <= high:
            raise SpecError(
                f"expected a share within the bounds [{low:g}, {high:g}], not {share:g}",
                key="share",
            )
    if share is not None or varies:
        return (GIVEN,)
    if bargain is None:
        if game.bargaining.solution is None and game.contract.share is not None:
            return (GIVEN,)
        bargain = game.bargaining.solution or "nash"
    names = (bargain,) if isinstance(bargain, str) else tuple(bargain)
    if not names:
        raise SpecError("there is no bargaining solution: name one, such as nash", key="bargain")
    try:
        solutions = tuple(canonical_solution(name) for name in names)
    except SpecError as error:
        raise error.within(key="bargain") from None
    for name in solutions:
        if solutions.count(name) > 1:
            raise SpecError(f"{name} is asked for twice", key="bargain")
    if "weighted" in solutions and game.bargaining.weights is None:
        raise SpecError("the weighted solution needs weights", key="bargaining.weights")
    return solutions


def _settled(job: Job, values: Values) -> str | Engine:
    """Return the engine asked for, or the one that pays for so many games if it covers them."""
    preferred = for_many(job.engine, values.size * len(job.solutions))
    if preferred != job.engine:
        first, engines = values.run(0, _LOOKED_AT), Engines(preferred)
        if any(engines.choose(job.cases(first, each))[1] for each in job.solutions):
            return job.engine
    return preferred


def _part_size(job: Job, values: Values, engines: Engines) -> int:
    """Return how many points to solve and keep together; not a question of who solves them."""
    first = values.run(0, _LOOKED_AT)
    names = [engines.choose(job.cases(first, each))[0].name for each in job.solutions]
    size = min(POINTS_PER_PART.get(name, 1000) for name in names)
    numbers = len(job.solutions) * len(job.game.players) * (3 + len(job.game.attributes))
    return max(1, min(size, MOST_NUMBERS // numbers))
