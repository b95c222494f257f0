"""Which engine solves which games."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from opt_games.engines import ENGINES, Cases, Engine, get_engine
from opt_games.errors import SpecError
from opt_games.names import did_you_mean, quoted

AUTO = "auto"
BY_SPEED = ("quadratic", "search", "batch", "ipopt", "one-by-one")
"""The engines, fastest first; the last covers every game."""

POINTS_PER_PART = {
    "quadratic": 16384,
    "search": 256,
    "batch": 16384,
    "batch-numba": 32768,
    "ipopt": 100,
    "one-by-one": 16,
}
"""So many points are solved at once and kept together: some seconds' work."""

MANY = 300_000
"""Games from which on it pays to compile kernels for them."""


def for_many(wanted: str | Engine, games: int) -> str | Engine:
    """Return the engine to prefer for so many games: ``"auto"`` compiles kernels where it pays."""
    if wanted == AUTO and games >= MANY and importlib.util.find_spec("numba") is not None:
        return "batch-numba"
    return wanted


class Engines:
    """Chooses engines, and keeps those it made: what they compiled serves for the next games.

    Parameters
    ----------
    wanted : str or Engine
        A name, ``"auto"``, or an engine of one's own.

    Raises
    ------
    SpecError
        If no engine is called so.

    Examples
    --------
    >>> import numpy as np, opt_games
    >>> cases = Cases(opt_games.load("quadratic"), {"c1": np.array([0.5, 1.0])}, "nash")
    >>> Engines("one-by-one").choose(cases)[0].name
    'one-by-one'
    """

    def __init__(self, wanted: str | Engine) -> None:
        known = (AUTO, *ENGINES)
        if isinstance(wanted, str) and wanted not in known:
            raise SpecError(
                f"no engine is called {quoted(wanted)}{did_you_mean(wanted, known)}: choose from "
                f"{', '.join(known)}",
                key="engine",
            )
        self._wanted = wanted
        self._made: dict[str, Engine] = {}

    def choose(self, cases: Cases) -> tuple[Engine, str | None]:
        """Return the engine for some games: the one wanted, or the fastest that covers them.

        Parameters
        ----------
        cases : Cases

        Returns
        -------
        engine : Engine
        note : str or None
            Why it is not the one that was asked for.
        """
        wanted, note = self._wanted, None
        if wanted != AUTO:
            engine = self._named(wanted) if isinstance(wanted, str) else wanted
            reason = engine.why_not(cases)
            if reason is None:
                return engine, None
            note = f"{engine.name} does not cover this: {reason}"
        engine = self._first(BY_SPEED, cases) or self._named(BY_SPEED[-1])
        return engine, note and f"{note}; solved by {engine.name} instead"

    def other(self, used: str, cases: Cases) -> Engine | None:
        """Return the fastest engine but the one used, None if none covers the games."""
        alike = used.partition("-")[0]  # batch-numba does the same as batch
        return self._first([name for name in BY_SPEED if name not in (used, alike)], cases)

    def _first(self, names: Iterable[str], cases: Cases) -> Engine | None:
        engines = (self._named(name) for name in names)
        return next((engine for engine in engines if engine.why_not(cases) is None), None)

    def _named(self, name: str) -> Engine:
        if name not in self._made:
            self._made[name] = get_engine(name)
        return self._made[name]


def choose_engine(wanted: str | Engine, cases: Cases) -> tuple[Engine, str | None]:
    """Return the engine for some games, as `Engines.choose`, for those who solve only once."""
    return Engines(wanted).choose(cases)
